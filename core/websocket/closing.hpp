// The closing handshake (RFC 6455, section 7).
//
// Each side sends one close frame, at most, and nothing but control frames'
// silence after it. The connection is closed cleanly when both have passed
// (section 7.1.4); the order does not matter, they may even cross.
//
//     open ──sent──▶ sent ──received──▶ done
//       └──received──▶ received ──sent──▶ done        any ──lost──▶ stays; not clean
#pragma once

#include <cstdint>
#include <string_view>

namespace edgews {

// Whether a close frame may bear this: a code that may be on the wire and a reason of at most 123
// bytes of UTF-8, or 1005 and none, which is a frame without a code (section 5.5.1).
[[nodiscard]] bool may_close_with(std::uint16_t code, std::string_view reason) noexcept;

class Closing {
  public:
    // Requires: may_send_close().
    void close_sent() noexcept;
    // `code`: as received; 1005 when the frame bore none. Requires: may_receive().
    void close_received(std::uint16_t code) noexcept;

    // Data frames, pings and pongs may be sent.
    [[nodiscard]] bool may_send() const noexcept { return state_ == State::open; }
    // A close frame may be sent: none has been.
    [[nodiscard]] bool may_send_close() const noexcept {
        return state_ == State::open || state_ == State::received;
    }
    // Frames of the peer still count. After our own close frame they do (its messages
    // were on the way), after the peer's they do not (section 5.5.1).
    [[nodiscard]] bool may_receive() const noexcept {
        return state_ == State::open || state_ == State::sent;
    }
    // Both close frames have passed: TCP may be closed, by the server first (7.1.1).
    [[nodiscard]] bool is_done() const noexcept { return state_ == State::done; }
    // What the application is told: the code the peer sent, 1006 when it sent
    // none (section 7.1.5).
    [[nodiscard]] std::uint16_t code() const noexcept { return code_; }

  private:
    enum class State : std::uint8_t { open, sent, received, done };
    void enter(State next) noexcept;

    State state_ = State::open;
    std::uint16_t code_ = 1006;
};

}  // namespace edgews
