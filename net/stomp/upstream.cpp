#include "net/stomp/upstream.hpp"

#include "core/stomp/upstream_name.hpp"
#include "net/connection/event_teller.hpp"
#include "net/loop/reactor.hpp"
#include "net/stomp/broker_state.hpp"
#include "net/stomp/stomp_loop.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace edgews {

namespace {

constexpr std::uint64_t sweep_ms = 1'000;
// Subscriptions that stay upstream though nobody here has them: who subscribes to ever new names
// does not fill the other broker.
constexpr std::size_t unused_count_max = 1'000;

// An ERROR, and no loss.
bool is_error_frame(const ClientError& error) noexcept {
    return error.stage == ClientStage::open && error.error.code == std::errc::connection_refused;
}

// As its subscribers know it.
std::string shown_name(std::string_view key) {
    const std::string_view rest = stomp::parse_user_destination(key).rest;
    return rest.empty() ? std::string(key) : "/user" + std::string(rest);
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
    {
        StompLocked locked = loop_.state().lock();
        loop_.forget_upstream(locked);
        relay_.leave(locked, loop_);
    }
    loop_.reactor().cancel(sweep_timer_);
    client_.reset();
}

// ---- Up ----------------------------------------------------------------------------------------

SendResult StompUpstream::send(std::string_view destination, std::span<const std::byte> body,
                               stomp::SendOptions options) {
    if (!client_) return SendResult::closed;
    const auto name = upstream_name(relay_.options.kind, destination, name_);
    if (!name) return SendResult::invalid;
    if (options.receipt) {
        options.receipt = [this, told = std::move(options.receipt)](const stomp::Receipt& receipt) {
            // The ERROR has named it: no subscription is to blame.
            if (receipt.outcome == stomp::Receipt::Outcome::refused) has_to_suspect_ = false;
            told(receipt);
        };
    }
    const SendResult result = client_->send(*name, body, std::move(options));
    (was_accepted(result) ? relay_.sent : relay_.refused).fetch_add(1, std::memory_order_relaxed);
    return result;
}

// While one is probed, no other is to be blamed for what comes of it: the next waits.
void StompUpstream::subscribe(const std::string& destination, bool is_moved) {
    auto made = std::make_unique<Made>(Made{.destination = destination,
                                            .shown = shown_name(destination),
                                            .brings_others = stomp::brings_others(destination),
                                            .owes_gap = is_moved});
    if (probed_.empty() && suspects_.empty()) return static_cast<void>(make(std::move(made)));
    suspects_.push_back(std::move(made));
    probe_next();
}

bool StompUpstream::make(std::unique_ptr<Made> made) {
    if (!client_) return false;
    constexpr auto no_name = stomp::Fault::destination_not_relayed;
    const auto name = upstream_name(relay_.options.kind, made->destination, name_);
    if (!name) return refuse(made->destination, describe(no_name)), false;
    const stomp::SubscriptionNumber number = client_->subscribe(
        *name, [this, &one = *made](stomp::Client&, const stomp::Message& m) { take(one, m); },
        {.confirmed = [this](stomp::Client&, stomp::SubscriptionNumber which, bool is_confirmed) {
            confirmed(which, is_confirmed);
        }});
    if (number == 0) return refuse(made->destination, describe(no_name)), false;
    made_[number] = std::move(made);
    if (is_available()) unconfirmed_.insert(number);
    const StompLocked locked = loop_.state().lock();
    stats_.subscriptions = made_.size();
    return true;
}

// ---- Down --------------------------------------------------------------------------------------

// To those who subscribed by this very destination: others have a subscription of theirs.
void StompUpstream::take(Made& made, const stomp::Message& message) {
    if (made.owes_gap) tell_gap(made);  // In front of what came after it.
    std::string name;
    if (made.brings_others) {
        name = stomp::from_upstream(relay_.options.kind, message.destination());
        // The words of a pattern are not always the same there.
        const stomp::Destination wanted(made.destination);
        if (wanted.is_pattern() && !wanted.covers(name)) return;
        if (stomp::RelayRules::is_reserved(name)) return;
    }
    relay_.received.fetch_add(1, std::memory_order_relaxed);
    const stomp::Content content =
        loop_.contents().make({.destination = made.brings_others ? name : made.shown,
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
    probe_next();
    report(EventKind::upstream_found, client_->broker());
}

void StompUpstream::failed(const ClientError& error) {
    reason_ = error.error.message;
    has_to_suspect_ = is_error_frame(error);
    {
        StompLocked locked = loop_.state().lock();
        ++stats_.failures;
    }
    if (relay_.hooks.upstream) relay_.hooks.upstream(false, client_->broker(), reason_);
    report(EventKind::upstream_lost, reason_);
}

void StompUpstream::report(EventKind kind, std::string_view text) const noexcept {
    const EventTeller events(loop_.state().options.on_event);
    if (events) events.tell({.kind = kind, .text = text});
}

void StompUpstream::disconnected() {
    const bool is_error = std::exchange(has_to_suspect_, false);
    const std::string probed = std::exchange(probed_, {});
    if (is_error && !probed.empty()) {
        blame(probed);
    } else if (is_error || !probed.empty()) {
        suspect();  // One that was probed is the only one that is not confirmed.
    }
    StompLocked locked = loop_.state().lock();
    stats_.is_available = false;
    for (const auto& [number, made] : made_) {
        made->owes_gap = made->owes_gap || std::exchange(made->is_confirmed, false);
        const auto found = relay_.interests.find(HashedView(made->destination));
        if (found != relay_.interests.end()) found->second->is_confirmed = false;
    }
}

void StompUpstream::confirmed(stomp::SubscriptionNumber number, bool is_confirmed) {
    const auto found = made_.find(number);
    if (found == made_.end()) return;
    unconfirmed_.erase(number);
    Made& made = *found->second;
    if (made.destination == probed_) probed_.clear();
    if (!is_confirmed) {
        const std::string destination = std::move(made.destination);
        // The ERROR has named it, or there was no answer in time.
        if (std::exchange(has_to_suspect_, false)) remember_refused(destination);
        client_->unsubscribe(number);
        made_.erase(found);
        refuse(destination, reason_);
        return probe_next();
    }
    made.is_confirmed = true;
    {
        StompLocked locked = loop_.state().lock();
        if (unconfirmed_.empty() && std::exchange(is_resubscribing_, false)) {
            stats_.resubscribed_ms = loop_.reactor().now_ms() - connected_ms_;
        }
        const auto interest = relay_.interests.find(HashedView(made.destination));
        if (interest != relay_.interests.end()) {
            interest->second->is_confirmed = true;
            let_go_on(locked, *interest->second);
        }
    }
    if (made.owes_gap) tell_gap(made);
    probe_next();
}

void StompUpstream::let_go_on(StompLocked& locked, StompInterest& interest) {
    for (const std::string& id : std::exchange(interest.waiting, {})) {
        const auto session = locked.sessions().find(HashedView(id));
        if (session == locked.sessions().end()) continue;
        locked.broker().let_go_on(session->second->session().outbox());
    }
    locked.hand_out();
}

void StompUpstream::tell_gap(Made& made) {
    made.owes_gap = false;
    relay_.gaps.fetch_add(1, std::memory_order_relaxed);
    const stomp::Content content =
        loop_.contents().make({.destination = made.shown, .is_gap = true});
    std::size_t count = 0;
    {
        StompLocked locked = loop_.state().lock();
        count = locked.broker().tell_gap(made.destination, content);
        locked.hand_out();
    }
    if (count > 0 && relay_.hooks.gap) relay_.hooks.gap(made.destination, count);
}

// ---- Who is to blame for an ERROR --------------------------------------------------------------

void StompUpstream::blame(const std::string& guilty) {
    remember_refused(guilty);
    refuse(guilty, reason_);
    std::erase_if(made_, [&](const auto& entry) {
        if (entry.second->destination != guilty) return false;
        client_->unsubscribe(entry.first);
        return true;
    });
}

void StompUpstream::suspect() {
    for (const stomp::SubscriptionNumber number : std::exchange(unconfirmed_, {})) {
        const auto found = made_.find(number);
        if (found == made_.end()) continue;
        client_->unsubscribe(number);
        suspects_.push_back(std::move(found->second));
        made_.erase(found);
    }
}

void StompUpstream::probe_next() {
    while (!suspects_.empty() && probed_.empty() && unconfirmed_.empty() && is_available()) {
        std::unique_ptr<Made> made = std::move(suspects_.front());
        suspects_.pop_front();
        probed_ = made->destination;
        if (!make(std::move(made))) probed_.clear();
    }
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

void StompUpstream::remember_refused(const std::string& destination) {
    const StompLocked locked = loop_.state().lock();
    const auto found = relay_.interests.find(HashedView(destination));
    const bool is_known = found != relay_.interests.end();
    const std::string_view asker = is_known ? std::string_view(found->second->asked_by) : "";
    relay_.refused_names.add({.name = destination, .reason = reason_, .asker = asker},
                             loop_.reactor().now_ms());
}

void StompUpstream::drop_unused() {
    std::vector<stomp::SubscriptionNumber> unused;
    {
        StompLocked locked = loop_.state().lock();
        std::size_t left = unused_count_max;
        for (const auto& [number, made] : made_) {
            if (is_to_go(locked, *made, left)) unused.push_back(number);
        }
        std::erase_if(suspects_, [&](const auto& made) { return is_to_go(locked, *made, left); });
        stats_.subscriptions = made_.size() - unused.size();
    }
    for (const stomp::SubscriptionNumber number : unused) {
        client_->unsubscribe(number);
        unconfirmed_.erase(number);
        const auto found = made_.find(number);
        if (found->second->destination == probed_) probed_.clear();
        made_.erase(found);
    }
    probe_next();
}

// Nobody has had it for long enough, or more than `left` others, which this counts down, are like
// that; then its interest is gone.
bool StompUpstream::is_to_go(StompLocked& locked, const Made& made, std::size_t& left) {
    const auto found = relay_.interests.find(HashedView(made.destination));
    if (found == relay_.interests.end()) return true;
    StompInterest& interest = *found->second;
    std::erase_if(interest.waiting, [&](const std::string& id) {
        return locked.sessions().find(HashedView(id)) == locked.sessions().end();
    });
    const std::uint64_t now_ms = loop_.reactor().now_ms();
    if (!interest.waiting.empty() || locked.broker().topics().has(made.destination)) {
        interest.unused_since_ms = 0;
    } else if (interest.unused_since_ms == 0) {
        interest.unused_since_ms = now_ms;
    }
    if (interest.unused_since_ms == 0) return false;
    const bool may_stay = left > 0 && now_ms - interest.unused_since_ms < relay_.options.linger_ms;
    if (may_stay) {
        --left;
    } else {
        relay_.interests.erase(found);
    }
    return !may_stay;
}

}  // namespace edgews
