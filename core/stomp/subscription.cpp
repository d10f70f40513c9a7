#include <edgews/core/stomp/subscription.hpp>

#include <cassert>

namespace edgews::stomp {

Subscription::Subscription(Outbox& outbox, std::uint32_t number, SubscriptionSetup setup) noexcept
    : outbox_(outbox), number_(number), setup_(std::move(setup)) {
    assert(setup_.prefetch_count > 0);
}

bool Subscription::is_willing() const noexcept {
    if (waiting_.size() >= window) return false;
    return !is_acknowledged() || waiting_.size() + unsettled_count_ < prefetch();
}

Subscription::Taken Subscription::take() noexcept {
    assert(has_ready());
    Taken taken{.delivery = waiting_.pop_front(), .sequence = first_sequence_ + unsettled_.size()};
    if (is_acknowledged()) {
        // A topic has nobody else to give it to: then its place is all that is kept.
        Delivery kept = queue == nullptr ? Delivery{} : taken.delivery;
        unsettled_.push_back({.delivery = std::move(kept), .is_settled = false, .transaction = 0});
        ++unsettled_count_;
    } else {
        ++first_sequence_;
    }
    return taken;
}

bool Subscription::is_open(std::uint64_t sequence) const noexcept {
    if (!is_known(sequence)) return false;
    const Unsettled& entry = unsettled_[static_cast<std::size_t>(sequence - first_sequence_)];
    return !entry.is_settled && entry.transaction == 0;
}

void Subscription::reserve(std::uint64_t sequence, std::uint32_t transaction) noexcept {
    assert(is_open(sequence));
    for (std::uint64_t meant = first_meant(sequence); meant <= sequence; ++meant) {
        if (is_open(meant)) at(meant).transaction = transaction;
    }
}

void Subscription::release(std::uint64_t sequence, std::uint32_t transaction) noexcept {
    for (std::uint64_t meant = first_meant(sequence); meant <= sequence; ++meant) {
        if (is_known(meant) && at(meant).transaction == transaction) at(meant).transaction = 0;
    }
}

void Subscription::forget_settled() noexcept {
    while (!unsettled_.is_empty() && unsettled_.front().is_settled) {
        static_cast<void>(unsettled_.pop_front());
        ++first_sequence_;
    }
}

}  // namespace edgews::stomp
