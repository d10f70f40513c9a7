// In which order one client was sent what was said, over all the loops where it was.
//
// What is said has numbers (core/socketio/departure.hpp), and a client is on one loop at a time, in
// one stay after the other. Each stay begins when the loop has had all that the stays before it
// had, and then first delivers what it has had more than they; so a client gets each exactly once,
// in the first stay by whose end the loop has had it. Inside a stay its loop's order counts: a loop
// delivers its own when it draws them, and those of others in the order of their numbers. So an own
// one comes before those of others that the loop took after it had drawn it, which are those with
// numbers above `taken`.
//
// With that, whatever a client says was the last that it got tells all that it did not get.
#pragma once

#include "core/socketio/departure.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace edgews::sio {

// Something that was said. Loops are named by addresses, which are only compared.
struct Said {
    std::uint64_t number = 0;
    const void* origin = nullptr;  // The loop that drew the number. Null: another thread.
    // The origin had by then taken all numbers of others up to that.
    std::uint64_t taken = 0;
};

class Course {
  public:
    // It begins on a loop that has had so much.
    Course(const void* loop, const Departure& now) : stays_{{loop, now}}, loop_(loop) {}

    // The client leaves its loop; nothing, if it is on none.
    void leave(const Departure& now);
    // Requires: it is on no loop, and this one has had all that the last one had when it was left.
    void enter(const void* loop) noexcept { loop_ = loop; }

    // Delivered before the course began, or in a stay that has ended.
    [[nodiscard]] bool has_had(const Said& said) const noexcept {
        return stay_of(said) < stays_.size();
    }
    // Not delivered before the course began.
    [[nodiscard]] bool is_behind_beginning(const Said& said) const noexcept {
        return stay_of(said) > 0;
    }
    // `a` was delivered, or will be, before `b`.
    [[nodiscard]] bool is_before(const Said& a, const Said& b) const noexcept;
    // What the last loop had when it was left, and the first one when the course began.
    [[nodiscard]] const Departure& last_departure() const noexcept { return stays_.back().until; }
    [[nodiscard]] const Departure& beginning() const noexcept { return stays_.front().until; }
    // All numbers up to that were delivered before it, or before the course began.
    [[nodiscard]] std::uint64_t all_before(const Said& said) const noexcept;

    // The client has said that it got all up to there: what was before is not asked for any more.
    void forget_before(const Said& said) noexcept;
    void forget_stays() noexcept;
    // Stays that have ended, and what was before.
    [[nodiscard]] std::size_t stay_count() const noexcept { return stays_.size(); }

  private:
    struct Stay {
        const void* loop;
        Departure until;
    };
    // The index of a stay; of none that has ended: their number.
    [[nodiscard]] std::size_t stay_of(const Said& said) const noexcept;

    std::vector<Stay> stays_;  // Those that have ended. The first one is what was before.
    const void* loop_;         // Null: it is on none.
};

}  // namespace edgews::sio
