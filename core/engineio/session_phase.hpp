// What a session is to its client and to its guest (protocol 4: Handshake, Upgrade; packet CLOSE).
//
//     opening ──▶ polling ◀──▶ probing ──▶ moving ──▶ websocket
//        └──────────────────────────────────────────────▲
//
// It moves only when the client has said UPGRADE, and until it has arrived nothing happens to it
// but its end. From each of the others the application may close it:
//
//     closing ──▶ over           the client has been told, or needs not be
//        └──▶ parting ──▶ over   the client polls, and is told with its next request
//
// and from each phase it may end without more ado.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edgews::engineio {

class SessionPhase {
  public:
    enum class State : std::uint8_t {
        opening,
        polling,
        probing,  // It polls, and a WebSocket is tried.
        moving,   // To the WebSocket's loop.
        websocket,
        closing,  // The guest does not know of the end yet.
        parting,  // It does, and the client does not.
        over,
    };
    enum class Event : std::uint8_t {
        accepted_polling,
        accepted_websocket,
        probe_began,
        probe_ended,  // Without an upgrade.
        left,
        arrived,
        closed,  // By the application.
        parted,
        ended,
    };

    // False: it cannot happen in this state.
    [[nodiscard]] bool allows(Event event) const noexcept;
    // Requires: allows(event).
    void enter(Event event) noexcept;
    [[nodiscard]] State state() const noexcept { return state_; }

    // The application may send. What it sends while the session opens, waits.
    [[nodiscard]] bool may_send() const noexcept { return allows(Event::closed); }
    // Packets of the client count.
    [[nodiscard]] bool may_take() const noexcept { return may_send() && state_ != State::opening; }
    // The client polls, and may have to.
    [[nodiscard]] bool may_poll() const noexcept {
        return is(State::polling) || is(State::probing) || is(State::closing) || is(State::parting);
    }
    [[nodiscard]] bool is(State state) const noexcept { return state_ == state; }

  private:
    State state_ = State::opening;
};

}  // namespace edgews::engineio
