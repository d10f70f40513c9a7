// The objects that a reactor calls: what has a token, what has a timer, what has a descriptor, and
// what only writes.
#pragma once

#include <edgews/loop.hpp>
#include "net/loop/timer_wheel.hpp"

#include <cstdint>

namespace edgews {

// Has a token for as long as it is registered with its reactor, which deletes it when it is
// retired. No token is used twice: it never names another object.
class Registered {
  public:
    Registered() = default;
    Registered(const Registered&) = delete;
    Registered& operator=(const Registered&) = delete;
    virtual ~Registered() = default;
    // The loop ends: lets go of what refers to other objects, while they are still there.
    virtual void let_go() noexcept {}

    [[nodiscard]] Token token() const noexcept { return token_; }

  private:
    friend class Reactor;
    virtual void cancel_timer() noexcept {}
    Token token_ = no_token;
};

// Has a time: Reactor::schedule().
class Timer : public Registered, public TimerNode {
  public:
    // The time that was set last has come.
    virtual void on_timer() = 0;

  private:
    void cancel_timer() noexcept final { TimerWheel::cancel(*this); }
};

// Has a descriptor, and may have a time and something to send.
class Watched : public Timer {
  public:
    // The descriptor became ready: EPOLL… bits. Once per readiness, edge-triggered.
    virtual void on_events(std::uint32_t events) = 0;
    void on_timer() override {}
    // The turn ends in which Reactor::flush_later() was called.
    virtual void on_flush() {}
};

// Writes to others when a turn ends: Reactor::write_first().
class Writer {
  public:
    virtual void on_turn_end() = 0;

  protected:
    ~Writer() = default;
};

// What others keep on a reactor for as long as that exists: Reactor::attached().
class Attachment {
  public:
    virtual ~Attachment() = default;
};

}  // namespace edgews
