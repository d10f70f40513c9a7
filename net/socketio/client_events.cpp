// What operators are told of a client (edgews/event.hpp).
#include "net/connection/event_teller.hpp"
#include "net/socketio/client_on_loop.hpp"
#include "net/socketio/hub_on_loop.hpp"
#include "net/socketio/hub_state.hpp"

namespace edgews::sio {

void ClientOnLoop::report_failure() const noexcept {
    const EventTeller events(loop_->hub().options().on_event);
    if (!events) return;
    events.tell({.kind = EventKind::handler_failed,
                 .address = session_.remote_address(),
                 .text = text_of_exception()});
}

// Exceptions were told where they were caught, and the rest is nobody's fault.
void ClientOnLoop::report_end(Reason reason) const noexcept {
    if (reason != Reason::parse_error && reason != Reason::ping_timeout) return;
    const EventTeller events(loop_->hub().options().on_event);
    if (!events) return;
    const bool is_silent = reason == Reason::ping_timeout;
    events.tell({.kind = is_silent ? EventKind::timed_out : EventKind::protocol_error,
                 .address = session_.remote_address(),
                 .text = describe(is_silent ? engineio::EndReason::ping_timeout
                                            : engineio::EndReason::packet_malformed)});
}

}  // namespace edgews::sio
