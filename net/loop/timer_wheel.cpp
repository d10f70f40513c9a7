#include "net/loop/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace edgews {

void TimerNode::unlink() noexcept {
    if (next_ == nullptr) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = nullptr;
    next_ = nullptr;
}

void TimerNode::link_before(TimerNode& node) noexcept {
    assert(next_ == nullptr);
    previous_ = node.previous_;
    next_ = &node;
    previous_->next_ = this;
    node.previous_ = this;
}

TimerWheel::TimerWheel(std::uint64_t now_ms) noexcept : now_ms_(now_ms) {
    for (auto& level : slots_) {
        for (Slot& slot : level) slot.previous_ = slot.next_ = &slot;
    }
}

TimerWheel::~TimerWheel() {
    for (auto& level : slots_) {
        for (Slot& slot : level) {
            while (slot.next_ != &slot) slot.next_->unlink();
        }
    }
}

void TimerWheel::schedule(TimerNode& node, std::uint64_t expires_ms) noexcept {
    node.unlink();
    // A whole turn of the highest level would end in the slot that now lies in.
    constexpr unsigned shift = level_bits * (level_count - 1);
    constexpr std::uint64_t delay_max = std::uint64_t{slot_count - 1} << shift;
    node.expires_ms_ = std::clamp(expires_ms, now_ms_, now_ms_ + delay_max);
    place(node);
}

void TimerWheel::cancel(TimerNode& node) noexcept {
    node.unlink();
}

// The highest group of bits in which the time differs from now names the level:
// above it both agree, and within it the slot's index is the time's, always ahead.
// Except on the highest level, which goes round: an index behind now's is of the next turn.
void TimerWheel::place(TimerNode& node) noexcept {
    const std::uint64_t difference = (node.expires_ms_ ^ now_ms_) | 1;
    const unsigned level = std::min(
        static_cast<unsigned>(std::bit_width(difference) - 1) / level_bits, level_count - 1);
    const unsigned index = index_at(level, node.expires_ms_);
    node.link_before(slots_[level][index]);
    occupied_[level] |= std::uint64_t{1} << index;
}

TimerNode* TimerWheel::pop_expired(std::uint64_t now_ms) noexcept {
    assert(now_ms >= now_ms_);
    for (;;) {
        const std::uint64_t due = next_due_ms();
        if (due > now_ms) {
            now_ms_ = now_ms;
            return nullptr;
        }
        now_ms_ = due;
        for (unsigned level = level_count - 1; level > 0; --level)
            cascade(level, index_at(level, due));
        Slot& slot = slots_[0][index_at(0, due)];
        if (slot.next_ != &slot) {
            TimerNode* node = slot.next_;
            node->unlink();
            return node;
        }
    }
}

// Time has reached this slot: its timers now differ from it further down only.
void TimerWheel::cascade(unsigned level, unsigned index) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << index;
    if ((occupied_[level] & bit) == 0) return;
    occupied_[level] &= ~bit;
    Slot& slot = slots_[level][index];
    while (slot.next_ != &slot) {
        TimerNode* node = slot.next_;
        node->unlink();
        place(*node);
    }
}

// All timers of a lower level are due before all of a higher one, and within a
// level slots come in the order of their index, counted from now's on.
std::uint64_t TimerWheel::next_due_ms() const noexcept {
    for (unsigned level = 0; level < level_count; ++level) {
        const unsigned shift = level * level_bits;
        const unsigned current = index_at(level, now_ms_);
        while (occupied_[level] != 0) {
            const auto ahead = static_cast<unsigned>(
                std::countr_zero(std::rotr(occupied_[level], static_cast<int>(current))));
            const unsigned index = (current + ahead) % slot_count;
            if (is_empty(level, index)) {
                occupied_[level] &= ~(std::uint64_t{1} << index);
                continue;
            }
            return std::max(now_ms_, ((now_ms_ >> shift) + ahead) << shift);
        }
    }
    return never;
}

bool TimerWheel::is_empty(unsigned level, unsigned index) const noexcept {
    const Slot& slot = slots_[level][index];
    return slot.next_ == &slot;
}

unsigned TimerWheel::index_at(unsigned level, std::uint64_t time) const noexcept {
    return static_cast<unsigned>(time >> (level * level_bits)) & (slot_count - 1);
}

}  // namespace edgews
