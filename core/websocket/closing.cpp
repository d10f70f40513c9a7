#include "core/websocket/closing.hpp"

#include <cassert>

namespace edgews {

void Closing::close_sent() noexcept {
    assert(may_send_close());
    enter(state_ == State::received ? State::done : State::sent);
}

void Closing::close_received(std::uint16_t code) noexcept {
    assert(may_receive());
    code_ = code;
    enter(state_ == State::sent ? State::done : State::received);
}

// The only place that writes state_.
void Closing::enter(State next) noexcept {
    assert(next > state_);  // States only ever move forward.
    state_ = next;
}

}  // namespace edgews
