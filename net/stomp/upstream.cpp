#include "net/stomp/upstream.hpp"

#include "core/stomp/upstream_name.hpp"
#include "net/loop/reactor.hpp"
#include "net/stomp/state.hpp"
#include "net/stomp/stomp_loop.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace edgews {

namespace {

constexpr std::uint64_t sweep_ms = 1'000;

// An ERROR, and no loss.
bool is_error_frame(const ClientError& error) noexcept {
    return error.stage == ClientStage::open && error.error.code == std::errc::connection_refused;
}

}  // namespace

StompUpstream::StompUpstream(StompLoop& loop, StompRelayState& relay) : loop_(loop), relay_(relay) {
    loop_.reactor().add(*this);
    stomp::ClientHandlers handlers{
        .connected = [this](stomp::Client&) { connected(); },
        .error = [this](stomp::Client&, const ClientError& error) { failed(error); },
        .disconnected = [this](stomp::Client&, const stomp::Disconnected&) { disconnected(); }};
    client_.emplace(loop_.reactor().loop(), relay_.options.upstream, std::move(handlers));
    sweep_timer_ = loop_.reactor().every(sweep_ms, make_job([this] { drop_unused(); }));
    const StompLocked locked = loop_.state().lock();
    stats_.address = client_->broker();
}

StompUpstream::~StompUpstream() = default;

void StompUpstream::let_go() noexcept {
    loop_.forget_upstream();
    loop_.reactor().cancel(sweep_timer_);
    client_.reset();
}

// ---- Up ----------------------------------------------------------------------------------------

SendResult StompUpstream::send(std::string_view destination, std::span<const std::byte> body,
                               stomp::SendOptions options) {
    if (!client_) return SendResult::closed;
    const auto name = stomp::to_upstream(relay_.options.kind, destination, name_);
    if (!name) return SendResult::invalid;
    const SendResult result = client_->send(*name, body, std::move(options));
    const bool is_sent = result == SendResult::sent || result == SendResult::queued;
    (is_sent ? relay_.sent : relay_.refused).fetch_add(1, std::memory_order_relaxed);
    return result;
}

void StompUpstream::subscribe(const std::string& destination) {
    subscribe(std::make_unique<Made>(
        Made{.destination = destination, .is_pattern = stomp::is_pattern(destination)}));
}

void StompUpstream::subscribe(std::unique_ptr<Made> made) {
    if (!client_) return;
    constexpr auto no_name = stomp::Fault::destination_not_relayed;
    const auto name = stomp::to_upstream(relay_.options.kind, made->destination, name_);
    if (!name) return refuse(made->destination, describe(no_name));
    const stomp::SubscriptionNumber number = client_->subscribe(
        *name, [this, &made = *made](stomp::Client&, const stomp::Message& m) { take(made, m); },
        {.confirmed = [this](stomp::Client&, stomp::SubscriptionNumber which, bool is_confirmed) {
            confirmed(which, is_confirmed);
        }});
    if (number == 0) return refuse(made->destination, describe(no_name));
    made_[number] = std::move(made);
    if (is_available()) unconfirmed_.insert(number);
    StompLocked locked = loop_.state().lock();
    stats_.subscriptions = made_.size();
}

// ---- Down --------------------------------------------------------------------------------------

// To those who subscribed by this very destination: others have a subscription of theirs.
void StompUpstream::take(const Made& made, const stomp::Message& message) {
    std::string name;
    if (made.is_pattern) {
        name = stomp::from_upstream(relay_.options.kind, message.destination());
        // The words of a pattern are not always the same there.
        if (!stomp::Destination(made.destination).covers(name)) return;
    }
    relay_.received.fetch_add(1, std::memory_order_relaxed);
    const stomp::Content content =
        loop_.contents().make({.destination = made.is_pattern ? name : made.destination,
                               .headers = message.frame().headers,
                               .body = message.body()});
    StompLocked locked = loop_.state().lock();
    locked.broker().send_to_exactly(made.destination, content);
    locked.hand_out();
}

void StompUpstream::connected() {
    connected_ms_ = loop_.reactor().now_ms();
    unconfirmed_.clear();
    for (const auto& [number, made] : made_) unconfirmed_.insert(number);
    is_resubscribing_ = !unconfirmed_.empty();
    {
        StompLocked locked = loop_.state().lock();
        stats_.is_available = true;
        stats_.address = client_->broker();
        ++stats_.connects;
    }
    if (relay_.hooks.upstream) relay_.hooks.upstream(true, client_->broker(), {});
    if (unconfirmed_.empty()) probe_next();
}

void StompUpstream::failed(const ClientError& error) {
    reason_ = error.error.message;
    if (is_error_frame(error)) suspect();
    {
        StompLocked locked = loop_.state().lock();
        ++stats_.failures;
    }
    if (relay_.hooks.upstream) relay_.hooks.upstream(false, client_->broker(), reason_);
}

void StompUpstream::disconnected() {
    StompLocked locked = loop_.state().lock();
    stats_.is_available = false;
    for (const auto& [number, made] : made_) {
        const auto found = relay_.interests.find(HashedView(made->destination));
        if (found != relay_.interests.end()) found->second->is_confirmed = false;
    }
}

void StompUpstream::confirmed(stomp::SubscriptionNumber number, bool is_confirmed) {
    const auto found = made_.find(number);
    if (found == made_.end()) return;
    unconfirmed_.erase(number);
    Made& made = *found->second;
    if (!is_confirmed) {
        const std::string destination = std::move(made.destination);
        client_->unsubscribe(number);
        made_.erase(found);
        return refuse(destination, reason_);
    }
    if (made.destination == probed_) probed_.clear();
    const bool was_lost = std::exchange(made.was_confirmed, true);
    {
        StompLocked locked = loop_.state().lock();
        if (unconfirmed_.empty() && std::exchange(is_resubscribing_, false)) {
            stats_.resubscribed_ms = loop_.reactor().now_ms() - connected_ms_;
        }
        const auto interest = relay_.interests.find(HashedView(made.destination));
        if (interest != relay_.interests.end()) {
            interest->second->is_confirmed = true;
            for (const std::string& id : std::exchange(interest->second->waiting, {})) {
                const auto session = locked.sessions().find(HashedView(id));
                if (session == locked.sessions().end()) continue;
                locked.broker().let_go_on(session->second->session().outbox());
            }
            locked.hand_out();
        }
    }
    if (was_lost) tell_gap(made);
    if (unconfirmed_.empty()) probe_next();
}

void StompUpstream::tell_gap(const Made& made) {
    relay_.gaps.fetch_add(1, std::memory_order_relaxed);
    constexpr std::array<stomp::Header, 1> headers{{{"gap", "true"}}};
    const stomp::Content content =
        loop_.contents().make({.destination = made.destination, .headers = headers});
    std::size_t count = 0;
    {
        StompLocked locked = loop_.state().lock();
        count = locked.broker().tell_gap(made.destination, content);
        locked.hand_out();
    }
    if (count > 0 && relay_.hooks.gap) relay_.hooks.gap(made.destination, count);
}

// ---- Who is to blame for an ERROR --------------------------------------------------------------

void StompUpstream::suspect() {
    if (!probed_.empty()) {
        const std::string guilty = std::exchange(probed_, {});
        refuse(guilty, reason_);
        std::erase_if(made_, [&](const auto& entry) {
            if (entry.second->destination != guilty) return false;
            client_->unsubscribe(entry.first);
            return true;
        });
        return;
    }
    for (const stomp::SubscriptionNumber number : std::exchange(unconfirmed_, {})) {
        const auto found = made_.find(number);
        if (found == made_.end()) continue;
        client_->unsubscribe(number);
        suspects_.push_back(std::move(found->second));
        made_.erase(found);
    }
}

void StompUpstream::probe_next() {
    if (suspects_.empty() || !probed_.empty() || !is_available()) return;
    std::unique_ptr<Made> made = std::move(suspects_.front());
    suspects_.pop_front();
    probed_ = made->destination;
    subscribe(std::move(made));
}

void StompUpstream::refuse(const std::string& destination, std::string_view reason) {
    StompLocked locked = loop_.state().lock();
    locked.broker().end_subscribers(destination, stomp::Fault::upstream_refused, reason);
    const auto found = relay_.interests.find(HashedView(destination));
    if (found == relay_.interests.end()) return locked.hand_out();
    for (const std::string& id : found->second->waiting) {
        const auto session = locked.sessions().find(HashedView(id));
        if (session == locked.sessions().end()) continue;
        locked.broker().end(session->second->session().outbox(), stomp::Fault::upstream_refused,
                            reason);
    }
    relay_.interests.erase(found);
    locked.hand_out();
}

void StompUpstream::drop_unused() {
    const std::uint64_t now_ms = loop_.reactor().now_ms();
    std::vector<stomp::SubscriptionNumber> dropped;
    StompLocked locked = loop_.state().lock();
    for (const auto& [number, made] : made_) {
        const auto found = relay_.interests.find(HashedView(made->destination));
        const bool is_used =
            found != relay_.interests.end() &&
            (!found->second->waiting.empty() || locked.broker().topics().has(made->destination));
        if (is_used) {
            found->second->unused_since_ms = 0;
        } else if (found == relay_.interests.end()) {
            dropped.push_back(number);
        } else if (found->second->unused_since_ms == 0) {
            found->second->unused_since_ms = now_ms;
        } else if (now_ms - found->second->unused_since_ms >= relay_.options.linger_ms) {
            relay_.interests.erase(found);
            dropped.push_back(number);
        }
    }
    for (const stomp::SubscriptionNumber number : dropped) {
        client_->unsubscribe(number);
        unconfirmed_.erase(number);
        made_.erase(number);
    }
    stats_.subscriptions = made_.size();
}

}  // namespace edgews
