// A session's own connection upstream: what it subscribes to there, and what that brings.
//
// Whatever it has there is lost with it, and then the session ends; but for streams, which are
// subscribed to again, each behind the last message that came (core/stomp/stream_place.hpp). What
// waits for the client meanwhile stays, and what it acknowledges of that goes nowhere.
#include "core/base/ascii.hpp"
#include "core/stomp/upstream_name.hpp"
#include "net/loop/reactor.hpp"
#include "net/stomp/broker_state.hpp"
#include "net/stomp/relay_state.hpp"
#include "net/stomp/session_link.hpp"
#include "net/stomp/session_relay.hpp"
#include "net/stomp/stomp_loop.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace edgews {

namespace {

// ERRORs in a row that a broker may answer to streams that are subscribed to again: one that has
// just begun may not have them yet.
constexpr unsigned refused_count_max = 10;

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

std::string_view prefetch_header(stomp::UpstreamKind kind) noexcept {
    return kind == stomp::UpstreamKind::activemq ? "activemq.prefetchSize" : "prefetch-count";
}

bool is_place(const stomp::Header& header) noexcept {
    return header.name == stomp::stream_offset_header;
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
    // Each broker is tried twice, unless there are streams that wait for any to come again.
    const std::size_t try_count_max = 2 * options.brokers.size();
    stomp::ClientHandlers handlers{
        .connected = [this](stomp::Client&) { go_on_if_confirmed(); },
        .error = [this](stomp::Client&, const ClientError& error) { own_failed(error); },
        .disconnected = [this](stomp::Client&, const stomp::Disconnected&) { own_went(); },
        .reconnect =
            [this, try_count_max](stomp::Client&, stomp::Retry& retry) {
                const bool may_try = is_resuming_ ? !is_refused_ : retry.count < try_count_max;
                if (may_try) return;
                retry.stop = true;
                own_is_lost();
            }};
    own_ = std::make_unique<stomp::Client>(link_.stomp_loop().reactor().loop(), std::move(options),
                                           std::move(handlers));
    return true;
}

void StompSessionRelay::close_own() {
    is_paused_ = is_resuming_ = false;
    refused_count_ = 0;
    if (!own_) return;
    own_.reset();
    relay_.own_connections.fetch_sub(1, std::memory_order_relaxed);
}

// An ERROR is about the SUBSCRIBE that the session waits for, if there is one. What breaks STOMP's
// rules, or our limits, may be a message, which would come again.
void StompSessionRelay::own_failed(const ClientError& error) {
    reason_ = error.error.message;
    const bool is_error = error.error.code == std::errc::connection_refused;
    const bool is_of_connect = error.stage == ClientStage::handshake;
    const bool is_of_open = error.stage == ClientStage::open;
    if (is_error && (is_of_connect || is_of_open) && has_unconfirmed()) ++refused_count_;
    is_refused_ =
        (is_error && is_of_open && subscribed_ != 0) || refused_count_ > refused_count_max;
    may_resume_ = !is_refused_ && error.error.code != std::errc::protocol_error;
}

void StompSessionRelay::own_went() {
    if (link_.session().is_over()) return;
    const bool are_streams = std::ranges::all_of(
        of_own_, [](const auto& entry) { return entry.second.stream.has_value(); });
    if (!may_resume_ || of_own_.empty() || !are_streams) return own_is_lost();
    is_resuming_ = true;
    read_on();
    for (auto& [number, own] : of_own_) {
        own.unsettled.clear();
        const bool has_missed = own.is_confirmed && own.stream->has_to_miss();
        own.owes_gap = own.owes_gap || has_missed;
        own.is_confirmed = false;
        const std::string place = own.stream->resume();
        std::vector<stomp::Header> headers = own.headers.views();
        if (!place.empty()) headers.push_back({stomp::stream_offset_header, place});
        own_->set_headers(own.upstream, headers);
    }
}

void StompSessionRelay::own_is_lost() {
    if (link_.session().is_over()) return;
    if (commit_awaited_count_ > 0) return link_.end_here(give_up(), reason_);
    link_.end_here(
        is_refused_ ? stomp::Fault::upstream_refused : stomp::Fault::upstream_unavailable, reason_);
}

bool StompSessionRelay::has_unconfirmed() const noexcept {
    return std::ranges::any_of(of_own_,
                               [](const auto& entry) { return !entry.second.is_confirmed; });
}

// ---- What it subscribes to ---------------------------------------------------------------------

StompSessionRelay::Begun StompSessionRelay::subscribe_own(const stomp::Frame& frame,
                                                          const stomp::SubscriptionSetup& setup) {
    const stomp::UpstreamKind kind = relay_.options.kind;
    const auto name = upstream_name(kind, setup.destination, name_);
    if (!name) return {.fault = stomp::Fault::destination_not_relayed};
    if (!open_own()) return {.fault = stomp::Fault::too_many_upstreams};
    std::vector<stomp::Header> headers;
    for (const stomp::Header& header : frame.headers) {
        if (is_passed_on(header.name)) headers.push_back(header);
    }
    // It is given no more than it may have unsettled here.
    const std::uint32_t wanted =
        setup.prefetch_count == 0 ? relay_.options.prefetch_count : setup.prefetch_count;
    const std::string prefetch =
        std::to_string(std::min(wanted, link_.state_.options.broker.prefetch_count));
    headers.push_back({prefetch_header(kind), prefetch});
    subscribed_ = own_->subscribe(
        *name,
        [this, id = setup.id](stomp::Client&, const stomp::Message& message) { take(id, message); },
        {.ack = stomp::AckMode::client_individual,
         .headers = headers,
         .confirmed = [this](stomp::Client&, stomp::SubscriptionNumber number, bool is_confirmed) {
             is_confirmed ? own_is_confirmed(number) : own_is_lost();
         }});
    if (subscribed_ == 0) return {.fault = stomp::Fault::destination_not_relayed};
    Begun begun{.own = {.upstream = subscribed_, .destination = setup.destination}};
    if (kind == stomp::UpstreamKind::rabbitmq) begun.own.stream = stomp::StreamPlace::of(frame);
    if (begun.own.stream) {
        std::erase_if(headers, is_place);
        begun.own.headers = stomp::KeptHeaders(headers);
    }
    return begun;
}

void StompSessionRelay::own_is_confirmed(stomp::SubscriptionNumber upstream) {
    for (auto& [number, own] : of_own_) {
        if (own.upstream != upstream) continue;
        own.is_confirmed = true;
        if (own.owes_gap) tell_gap(*link_.session().outbox().find(number), own);
    }
    if (!has_unconfirmed()) {
        is_resuming_ = false;
        refused_count_ = 0;
    }
    if (upstream != subscribed_) return;
    subscribed_ = 0;
    link_.go_on();
}

void StompSessionRelay::tell_gap(stomp::Subscription& subscription, Own& own) {
    own.owes_gap = false;
    relay_.gaps.fetch_add(1, std::memory_order_relaxed);
    if (subscription.setup().wants_gaps) {
        const stomp::Content content =
            link_.stomp_loop().contents().make({.destination = own.destination, .is_gap = true});
        StompLocked locked = link_.state_.lock();
        locked.broker().give(subscription, {.content = content});
        locked.hand_out();
    }
    if (relay_.hooks.gap) relay_.hooks.gap(own.destination, 1);
}

// In front of a message: whether something is missing there. One without a number shows that what
// the client called a stream is a queue.
void StompSessionRelay::note_place(Own& own, const stomp::Message& message) {
    if (!own.stream) return;
    switch (own.stream->take(message.frame())) {
        case stomp::StreamPlace::Step::next: break;
        case stomp::StreamPlace::Step::skips: own.owes_gap = true; break;
        case stomp::StreamPlace::Step::unnumbered: own.stream.reset(); break;
    }
}

void StompSessionRelay::take(const std::string& id, const stomp::Message& message) {
    stomp::Outbox& outbox = link_.session().outbox();
    stomp::Subscription* const subscription = outbox.find(id);
    if (subscription == nullptr) return;
    Own& own = of_own_[subscription->number()];
    std::string name = own.destination;
    if (stomp::brings_others(name)) {
        name = stomp::from_upstream(relay_.options.kind, message.destination());
        if (stomp::RelayRules::is_reserved(name)) {
            static_cast<void>(own_->ack(message));
            return;
        }
    }
    note_place(own, message);
    if (own.owes_gap) tell_gap(*subscription, own);
    const stomp::Content content = link_.stomp_loop().contents().make(
        {.destination = name, .headers = message.frame().headers, .body = message.body()});
    relay_.received.fetch_add(1, std::memory_order_relaxed);
    own.unsettled.emplace(++own.last_position, message);
    std::size_t waiting = 0;
    {
        StompLocked locked = link_.state_.lock();
        locked.broker().give(*subscription,
                             {.content = content,
                              .position = own.last_position,
                              .is_redelivered = message.header("redelivered") == "true"});
        locked.hand_out();
        waiting = waiting_size();
    }
    pause_or_resume(waiting);
}

// ---- Reading -----------------------------------------------------------------------------------

std::size_t StompSessionRelay::waiting_size() const noexcept {
    const stomp::Outbox& outbox = link_.session().outbox();
    return outbox.waiting_size + outbox.uncovered_size + outbox.relayed_size;
}

bool StompSessionRelay::awaits_own() const noexcept {
    return own_awaited_count_ > 0 || to_commit_ || commit_awaited_count_ > 0 || has_unconfirmed();
}

// Who reads slowly does not make the upstream broker's messages wait here. But a RECEIPT may be
// behind them: then they are read nevertheless, and are no more than its prefetch-counts allow.
void StompSessionRelay::pause_or_resume(std::size_t waiting) {
    if (!own_) return;
    if (awaits_own()) return read_on();
    const std::size_t max = link_.state_.options.broker.backlog_size_max;
    if (is_paused_ && waiting <= max / 4) return read_on();
    if (waiting > max / 2 && !std::exchange(is_paused_, true)) own_->pause_reading();
}

void StompSessionRelay::read_on() {
    if (std::exchange(is_paused_, false)) own_->resume_reading();
}

}  // namespace edgews
