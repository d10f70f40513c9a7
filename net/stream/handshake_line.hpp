// The line of those on one loop who wait to take a step of their transport's handshake.
//
// A step costs about as much as hundreds of messages, and those who are connected do not wait for
// all of them: each turn has two. Those who have begun have a line of their own: nobody's work is
// in vain for those who came later.
#pragma once

#include "net/loop/registered.hpp"

#include <cstdint>
#include <deque>
#include <unordered_set>

namespace edgews {

class Reactor;

class HandshakeLine final : public Watched {
  public:
    explicit HandshakeLine(Reactor& reactor) : reactor_(reactor) {}

    enum class Step : std::uint8_t { begins, goes_on };
    // Whether `object` may take a step now. False: it stands in line, and has its
    // on_events(EPOLLIN) called when it is its turn.
    [[nodiscard]] bool take(Watched& object, Step step);
    // It stands in line: it is we who let it wait.
    [[nodiscard]] bool has(const Watched& object) const noexcept;

    // Lets the first in line take their steps.
    void on_events(std::uint32_t events) override;

  private:
    void begin_turn() noexcept;
    [[nodiscard]] bool is_empty() const noexcept { return beginning_.empty() && going_on_.empty(); }

    Reactor& reactor_;
    std::deque<Token> beginning_;
    std::deque<Token> going_on_;
    std::unordered_set<Token> in_line_;  // All of them.
    std::uint64_t turn_ = 0;             // Which steps_left_ is of.
    unsigned steps_left_ = 0;
    bool is_due_ = false;  // The step of the object that is called.
};

}  // namespace edgews
