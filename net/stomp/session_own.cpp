// A session's own connection upstream: what it subscribes to there, and what that brings.
#include "core/base/ascii.hpp"
#include "core/stomp/upstream_name.hpp"
#include "net/loop/reactor.hpp"
#include "net/stomp/relay.hpp"
#include "net/stomp/session_link.hpp"
#include "net/stomp/session_relay.hpp"
#include "net/stomp/state.hpp"
#include "net/stomp/stomp_loop.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace edgews {

namespace {

// Of a SUBSCRIBE: what is not said anew upstream, is not ours alone, and says nothing of who the
// client is.
bool is_passed_on(std::string_view header) noexcept {
    constexpr std::array<std::string_view, 3> ours{"ack", "gap", "prefetch-count"};
    constexpr std::array<std::string_view, 3> secrets{"login", "passcode", "authorization"};
    return std::ranges::find(ours, header) == ours.end() &&
           std::ranges::none_of(secrets, [&](std::string_view secret) {
               return equals_ignoring_case(trim(header), secret);
           });
}

// An ERROR, and no loss.
bool is_error_frame(const ClientError& error) noexcept {
    return error.stage == ClientStage::open && error.error.code == std::errc::connection_refused;
}

std::string_view prefetch_header(stomp::UpstreamKind kind) noexcept {
    return kind == stomp::UpstreamKind::activemq ? "activemq.prefetchSize" : "prefetch-count";
}

}  // namespace

// ---- The connection ----------------------------------------------------------------------------

bool StompSessionRelay::open_own() {
    if (own_) return true;
    stomp::ClientOptions options = relay_.options.upstream;
    options.kept_size_max = 0;
    if (relay_.hooks.upstream_login) {
        StompUpstreamLogin login = relay_.hooks.upstream_login(link_.client());
        if (!login.login.empty()) {
            options.login = std::move(login.login);
            options.passcode = std::move(login.passcode);
        }
    }
    std::atomic<std::size_t>& count = relay_.own_connections;
    if (count.fetch_add(1, std::memory_order_relaxed) >= relay_.options.own_connection_count_max) {
        count.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    // Each broker is tried twice. Once it was connected, what it had is lost with that.
    const std::size_t try_count_max = 2 * options.brokers.size();
    stomp::ClientHandlers handlers{
        .connected = [this](stomp::Client&) { go_on_if_confirmed(); },
        .error =
            [this](stomp::Client&, const ClientError& error) {
                reason_ = error.error.message;
                is_refused_ = subscribed_ != 0 && is_error_frame(error);
            },
        .disconnected = [this](stomp::Client&, const stomp::Disconnected&) { own_is_lost(); },
        .reconnect =
            [this, try_count_max](stomp::Client&, stomp::Retry& retry) {
                if (retry.count < try_count_max) return;
                retry.stop = true;
                own_is_lost();
            }};
    own_ = std::make_unique<stomp::Client>(link_.stomp_loop().reactor().loop(), std::move(options),
                                           std::move(handlers));
    return true;
}

void StompSessionRelay::close_own() {
    is_paused_ = false;
    if (!own_) return;
    own_.reset();
    relay_.own_connections.fetch_sub(1, std::memory_order_relaxed);
}

void StompSessionRelay::own_is_lost() {
    if (link_.session().is_over()) return;
    if (is_committing_) return link_.end_here(give_up(), reason_);
    link_.end_here(
        is_refused_ ? stomp::Fault::upstream_refused : stomp::Fault::upstream_unavailable, reason_);
}

// ---- What it subscribes to ---------------------------------------------------------------------

stomp::Fault StompSessionRelay::subscribe_own(const stomp::Frame& frame,
                                              const stomp::SubscriptionSetup& setup) {
    const auto name = upstream_name(relay_.options.kind, setup.destination, name_);
    if (!name) return stomp::Fault::destination_not_relayed;
    if (!open_own()) return stomp::Fault::too_many_upstreams;
    std::vector<stomp::Header> headers;
    for (const stomp::Header& header : frame.headers) {
        if (is_passed_on(header.name)) headers.push_back(header);
    }
    // It is given no more than it may have unsettled here.
    const std::uint32_t wanted =
        setup.prefetch_count == 0 ? relay_.options.prefetch_count : setup.prefetch_count;
    const std::string prefetch =
        std::to_string(std::min(wanted, link_.state_.options.broker.prefetch_count));
    headers.push_back({prefetch_header(relay_.options.kind), prefetch});
    subscribed_ = own_->subscribe(
        *name,
        [this, id = setup.id](stomp::Client&, const stomp::Message& message) { take(id, message); },
        {.ack = stomp::AckMode::client_individual,
         .headers = headers,
         .confirmed = [this](stomp::Client&, stomp::SubscriptionNumber number, bool is_confirmed) {
             if (!is_confirmed) return own_is_lost();
             if (number == std::exchange(subscribed_, 0)) link_.go_on();
         }});
    return subscribed_ == 0 ? stomp::Fault::destination_not_relayed : stomp::Fault::none;
}

void StompSessionRelay::take(const std::string& id, const stomp::Message& message) {
    stomp::Outbox& outbox = link_.session().outbox();
    stomp::Subscription* const subscription = outbox.find(id);
    if (subscription == nullptr) return;
    Own& own = of_own_[subscription->number()];
    std::string name = own.destination;
    if (stomp::is_pattern(name)) {
        name = stomp::from_upstream(relay_.options.kind, message.destination());
        if (stomp::RelayRules::is_reserved(name)) {
            static_cast<void>(own_->ack(message));
            return;
        }
    }
    const stomp::Content content = link_.stomp_loop().contents().make(
        {.destination = name, .headers = message.frame().headers, .body = message.body()});
    relay_.received.fetch_add(1, std::memory_order_relaxed);
    own.unsettled.emplace(++own.last_position, message);
    bool is_too_much = false;
    {
        StompLocked locked = link_.state_.lock();
        locked.broker().give(*subscription,
                             {.content = content,
                              .position = own.last_position,
                              .is_redelivered = message.header("redelivered") == "true"});
        locked.hand_out();
        is_too_much = waiting_size() > locked.broker().options().backlog_size_max / 2;
    }
    // Who reads slowly does not make the upstream broker's messages wait here.
    if (is_too_much && !std::exchange(is_paused_, true)) own_->pause_reading();
}

std::size_t StompSessionRelay::waiting_size() const noexcept {
    const stomp::Outbox& outbox = link_.session().outbox();
    return outbox.waiting_size + outbox.uncovered_size + outbox.relayed_size;
}

}  // namespace edgews
