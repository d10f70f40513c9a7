// How far a node has come in a topic whose history its upstream keeps, with one order and the same
// offsets for all nodes.
//
//     unknown ──take(), arrive()──▶ following ──missed, begin_filling()──▶ filling
//                                       ▲                                     │
//                                       └──────────────arrive()───────────────┘
//
// While it is filling, the history is being read, and what comes meanwhile is in that, too.
#pragma once

#include <cstdint>

namespace edgews::backplane {

class Follower {
  public:
    struct Place {
        std::uint64_t epoch = 0;
        std::uint64_t offset = 0;

        friend bool operator==(const Place&, const Place&) noexcept = default;
    };
    enum class Verdict : std::uint8_t {
        next,    // The node has come to it.
        passed,  // It came before, or comes by what is read.
        missed,  // It is not the next one: the history is to be read.
    };

    // A message of that place has come. The first begins.
    [[nodiscard]] Verdict take(Place place) noexcept;
    // The node is there, whatever was before, and the history is read no longer.
    void arrive(Place place) noexcept;
    // Requires: is_known().
    void begin_filling() noexcept;
    // The history cannot be read: the next message begins.
    void forget() noexcept { enter(State::unknown); }

    [[nodiscard]] bool is_known() const noexcept { return state_ != State::unknown; }
    [[nodiscard]] bool is_filling() const noexcept { return state_ == State::filling; }
    // Behind the last message that the node has come to. Requires: is_known().
    [[nodiscard]] Place place() const noexcept { return place_; }

  private:
    enum class State : std::uint8_t { unknown, following, filling };
    void enter(State state) noexcept { state_ = state; }

    State state_ = State::unknown;
    Place place_{};
};

}  // namespace edgews::backplane
