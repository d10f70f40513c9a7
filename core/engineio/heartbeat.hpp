// The heart-beat of a session (protocol 4, Heartbeat): the server says ping, and the client has
// some time for its pong.
//
//     quiet ──its time has come: a ping──▶ asked ──pong──▶ quiet
//                                            └──the time is up: the client is gone
//
// Whatever else comes from a client that owes a pong gives it its time once more, but only once: a
// large message may be in front of the pong. While a client changes its transport nothing is due.
// In protocol 3 the client pings, and the server has no more to say than its pongs (Ping):
//
//     listening ──nothing has come for the interval and the time-out: the client is gone
//
// It has no clock: it is told the time, in milliseconds.
#pragma once

#include <cstdint>

namespace edgews::engineio {

class Heartbeat {
  public:
    // What OPEN says.
    struct Times {
        std::uint32_t ping_interval_ms = 25'000;
        std::uint32_t ping_timeout_ms = 20'000;
    };
    enum class Due : std::uint8_t { nothing, ping, end };
    enum class Pinger : std::uint8_t { server, client };
    static constexpr std::uint64_t never = UINT64_MAX;

    // It begins when the session does.
    Heartbeat(const Times& times, std::uint64_t now_ms, Pinger pinger = Pinger::server) noexcept
        : times_(times), state_(pinger == Pinger::server ? State::quiet : State::listening) {
        begin(now_ms);
    }

    // What the time has come to. Of a ping: it counts as sent.
    [[nodiscard]] Due due(std::uint64_t now_ms) noexcept;
    // Nothing is due before then. `never`: while it is held.
    [[nodiscard]] std::uint64_t next_ms() const noexcept { return is_held_ ? never : due_ms_; }
    // A pong has come, or another packet. One that was not asked for is as good. In protocol 3 all
    // packets are alike.
    void pong(std::uint64_t now_ms) noexcept;
    void heard(std::uint64_t now_ms) noexcept;
    // What the client owes may wait behind what it has yet to read: it has so many milliseconds
    // more.
    void excuse(std::uint64_t now_ms, std::uint64_t more_ms) noexcept {
        due_ms_ = now_ms + more_ms;
    }
    // Nothing is due until release(), which gives a client that owes a pong its time anew,
    // and each of protocol 3.
    void hold() noexcept { is_held_ = true; }
    void release(std::uint64_t now_ms) noexcept;
    // As if the session began now: on another loop, whose time is another.
    void begin(std::uint64_t now_ms) noexcept;

  private:
    enum class State : std::uint8_t { quiet, asked, asked_and_heard, listening };

    void listen(std::uint64_t now_ms) noexcept;

    Times times_;
    std::uint64_t due_ms_ = 0;
    State state_;
    bool is_held_ = false;
};

}  // namespace edgews::engineio
