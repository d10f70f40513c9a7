#include "core/websocket/closing.hpp"

#include <edgews/close_code.hpp>
#include "core/kernels/utf8.hpp"
#include "core/websocket/frame.hpp"

#include <cassert>

namespace edgews {

bool may_close_with(std::uint16_t code, std::string_view reason) noexcept {
    if (code == close_code::no_status) return reason.empty();
    return close_code::may_be_on_the_wire(code) && reason.size() <= control_payload_size_max - 2 &&
           is_utf8(reason);
}

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
