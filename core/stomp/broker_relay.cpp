// The broker's part for a relay: what comes from upstream, and what is to be said there.
#include "core/stomp/broker.hpp"

#include <utility>

namespace edgews::stomp {

void Broker::send_to_exactly(std::string_view key, const Content& content) {
    ++counters_.received;
    found_.clear();
    topics_.find_exactly(key, found_);
    for (Subscription* const subscription : found_) offer(*subscription, {.content = content});
}

std::size_t Broker::tell_gap(std::string_view key, const Content& content) {
    found_.clear();
    topics_.find_exactly(key, found_);
    for (Subscription* const subscription : found_) {
        if (subscription->setup().wants_gaps) offer(*subscription, {.content = content});
    }
    return found_.size();
}

void Broker::end_subscribers(std::string_view key, Fault fault, std::string_view reason) {
    found_.clear();
    topics_.find_exactly(key, found_);
    for (Subscription* const subscription : found_) end(subscription->outbox(), fault, reason);
}

void Broker::give(Subscription& subscription, Given given) {
    offer(subscription, {.content = std::move(given.content),
                         .position = given.position,
                         .attempts = given.is_redelivered ? 1U : 0U});
}

void Broker::let_go_on(Outbox& outbox) noexcept {
    outbox.may_try_again = true;
    attend_to(outbox);
}

void Broker::note_settled(Subscription& subscription, const Delivery& delivery, Verdict verdict) {
    subscription.outbox().settled.push_back(
        {.subscription = subscription.number(), .position = delivery.position, .verdict = verdict});
}

}  // namespace edgews::stomp
