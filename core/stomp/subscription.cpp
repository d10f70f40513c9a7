#include "core/stomp/subscription.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edgews::stomp {

Subscription::Subscription(Outbox& outbox, std::uint64_t number, SubscriptionSetup setup) noexcept
    : outbox_(outbox), number_(number), setup_(std::move(setup)) {
    assert(setup_.prefetch_count > 0);
}

std::size_t Subscription::size_of(const SubscriptionSetup& setup) noexcept {
    constexpr std::size_t nodes_size = 192;  // Of the outbox's tables, the heap's own included.
    return sizeof(Subscription) + nodes_size + setup.id.size() + setup.destination.size() +
           setup.key.size() + setup.front.size();
}

bool Subscription::is_willing() const noexcept {
    return waiting_.size() < window && covers_one_more();
}

Delivery Subscription::take_back() noexcept {
    if (dropped_behind_ > 0) --dropped_behind_;
    return waiting_.pop_front();
}

Delivery Subscription::drop_oldest() noexcept {
    tell_again(1);
    return waiting_.pop_front();
}

void Subscription::drop_newest() noexcept {
    if (dropped_count_++ == 0) dropped_behind_ = waiting_.size();
}

void Subscription::tell_again(std::size_t dropped_count) noexcept {
    if (dropped_count == 0) return;
    dropped_count_ += dropped_count;
    dropped_behind_ = 0;
}

Subscription::Taken Subscription::take() noexcept {
    assert(has_ready());
    const std::size_t dropped_count = dropped_behind_ > 0 ? 0 : std::exchange(dropped_count_, 0);
    Taken taken{
        .delivery = take_back(), .sequence = ++last_sequence_, .dropped_count = dropped_count};
    if (!is_acknowledged()) return taken;
    // A topic has nobody else to give it to: then its place is all that is kept.
    Delivery kept =
        queue == nullptr ? Delivery{.position = taken.delivery.position} : taken.delivery;
    unsettled_.push_back({.delivery = std::move(kept),
                          .sequence = taken.sequence,
                          .transaction = 0,
                          .is_settled = false});
    ++unsettled_count_;
    return taken;
}

bool Subscription::is_open(std::uint64_t sequence) const noexcept {
    const std::size_t place = place_of(sequence);
    if (place == unsettled_.size()) return false;
    const Unsettled& entry = unsettled_[place];
    return !entry.is_settled && entry.transaction == 0;
}

std::uint64_t Subscription::reserve(std::uint64_t sequence, std::uint32_t transaction) noexcept {
    assert(is_open(sequence));
    const std::uint64_t first = first_meant(sequence);
    for (std::size_t place = place_from(first); place < unsettled_.size(); ++place) {
        Unsettled& entry = unsettled_[place];
        if (entry.sequence > sequence) break;
        if (!entry.is_settled && entry.transaction == 0) entry.transaction = transaction;
    }
    if (setup_.ack_mode == AckMode::client) all_taken_to_ = sequence;
    return first;
}

void Subscription::release(Range range, std::uint32_t transaction) noexcept {
    for (std::size_t place = place_from(range.first); place < unsettled_.size(); ++place) {
        Unsettled& entry = unsettled_[place];
        if (entry.sequence > range.last) break;
        if (entry.transaction == transaction) entry.transaction = 0;
    }
    all_taken_to_ = std::min(all_taken_to_, range.first - 1);
}

std::size_t Subscription::place_of(std::uint64_t sequence) const noexcept {
    const std::size_t place = place_from(sequence);
    const std::size_t size = unsettled_.size();
    return place < size && unsettled_[place].sequence == sequence ? place : size;
}

std::size_t Subscription::place_from(std::uint64_t sequence) const noexcept {
    const std::size_t size = unsettled_.size();
    if (size == 0 || sequence <= unsettled_[0].sequence) return 0;
    // Usually none is missing between. Otherwise it is before that.
    const std::uint64_t distance = sequence - unsettled_[0].sequence;
    if (distance < size && unsettled_[static_cast<std::size_t>(distance)].sequence == sequence) {
        return static_cast<std::size_t>(distance);
    }
    std::size_t begin = 0;
    std::size_t end = size;
    while (begin < end) {
        const std::size_t middle = begin + (end - begin) / 2;
        if (unsettled_[middle].sequence < sequence) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return begin;
}

// At the front, and behind one that stays unsettled for long, when there are more of them than of
// the others.
void Subscription::forget_settled() noexcept {
    constexpr std::size_t few = 64;
    while (!unsettled_.is_empty() && unsettled_.front().is_settled) {
        static_cast<void>(unsettled_.pop_front());
    }
    if (unsettled_.size() <= 2 * unsettled_count_ + few) return;
    for (std::size_t left = unsettled_.size(); left > 0; --left) {
        Unsettled entry = unsettled_.pop_front();
        if (!entry.is_settled) unsettled_.push_back(std::move(entry));
    }
}

}  // namespace edgews::stomp
