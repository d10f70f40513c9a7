// A source is called by its loop: it has a descriptor, a timer, or both.
#pragma once

#include "net/loop/timer_wheel.hpp"

#include <cstdint>

namespace edgews {

class HttpConnection;
class WebSocketConnection;

// Names a source for as long as it is registered with its loop, and never
// another one: a token is not used twice.
using Token = std::uint64_t;
inline constexpr Token no_token = 0;

class Source : public TimerNode {
  public:
    virtual ~Source() = default;
    // The descriptor became ready: EPOLL… bits. Once per readiness, edge-triggered.
    virtual void on_events(std::uint32_t events) = 0;
    // The timer that was set with Loop::schedule() is due.
    virtual void on_timer() {}
    // The end of a turn in which Loop::flush_later() was called.
    virtual void on_flush() {}
    // The server shuts down: says goodbye, if it is a connection that is no WebSocket.
    virtual void shut_down() {}
    // The server gives up on whoever is still connected.
    virtual void abandon() {}
    // The loop ends: lets go of what refers to other sources, while they are still there.
    virtual void let_go() noexcept {}
    // The connection that this is, for those who visit all of them or come by a token.
    virtual WebSocketConnection* as_connection() noexcept { return nullptr; }
    virtual HttpConnection* as_http_connection() noexcept { return nullptr; }

    [[nodiscard]] Token token() const noexcept { return token_; }

  private:
    friend class Loop;
    Token token_ = no_token;
};

}  // namespace edgews
