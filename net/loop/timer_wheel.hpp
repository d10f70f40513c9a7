// Timers by the hundred thousand: a hierarchical timing wheel with millisecond
// resolution.
//
// Level 0 has a slot for each of the 64 milliseconds around now, level 1 one for
// each 64 ms around it, and so on; a timer lies on the lowest level whose slots
// still tell its time from now. When time reaches a slot of a higher level, its
// timers move down. Setting and cancelling are O(1), and no timer is looked at
// before its slot is due: nothing ever walks over all connections.
//
// The wheel has no clock: it is told the time. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edgews {

class TimerWheel;

// A timer that can be set, to be embedded or derived from. Cancelled by its destructor.
class TimerNode {
  public:
    TimerNode() = default;
    TimerNode(const TimerNode&) = delete;
    TimerNode& operator=(const TimerNode&) = delete;
    ~TimerNode() { unlink(); }

    [[nodiscard]] bool is_set() const noexcept { return next_ != nullptr; }
    // Requires: is_set().
    [[nodiscard]] std::uint64_t expires_ms() const noexcept { return expires_ms_; }

  private:
    friend class TimerWheel;
    void unlink() noexcept;
    void link_before(TimerNode& node) noexcept;

    TimerNode* previous_ = nullptr;
    TimerNode* next_ = nullptr;
    std::uint64_t expires_ms_ = 0;
};

class TimerWheel {
  public:
    static constexpr std::uint64_t never = UINT64_MAX;

    explicit TimerWheel(std::uint64_t now_ms = 0) noexcept;
    ~TimerWheel();

    // Sets, or sets anew. A time that has passed is due at once; one further than
    // 783 days (63 · 2^30 ms) ahead is due then.
    void schedule(TimerNode& node, std::uint64_t expires_ms) noexcept;
    static void cancel(TimerNode& node) noexcept;

    // Takes out the next timer that is due at `now_ms`, in order of time; null: no
    // more. Requires: `now_ms` never goes back.
    [[nodiscard]] TimerNode* pop_expired(std::uint64_t now_ms) noexcept;
    // No timer is due before this time; `never`: there is none. A lower bound: the
    // wheel may want to move timers down then.
    [[nodiscard]] std::uint64_t next_due_ms() const noexcept;

  private:
    static constexpr unsigned level_bits = 6;
    static constexpr unsigned slot_count = 1U << level_bits;
    static constexpr unsigned level_count = 6;

    struct Slot : TimerNode {};  // Head of a circular list.
    void place(TimerNode& node) noexcept;
    void cascade(unsigned level, unsigned index) noexcept;
    [[nodiscard]] bool is_empty(unsigned level, unsigned index) const noexcept;
    [[nodiscard]] unsigned index_at(unsigned level, std::uint64_t time) const noexcept;

    std::uint64_t now_ms_;
    // A bit for each slot that may hold timers; cancelling leaves it set.
    mutable std::uint64_t occupied_[level_count] = {};
    mutable Slot slots_[level_count][slot_count];
};

}  // namespace edgews
