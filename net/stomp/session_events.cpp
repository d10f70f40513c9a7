// What operators are told of STOMP sessions (edgews/event.hpp).
#include <edgews/close_code.hpp>
#include "net/connection/event_teller.hpp"
#include "net/stomp/broker_state.hpp"
#include "net/stomp/session_link.hpp"

#include <algorithm>
#include <array>

namespace edgews {

namespace {

using stomp::Fault;

bool is_limit(Fault fault) noexcept {
    constexpr std::array limits{Fault::too_many_subscriptions,
                                Fault::too_many_shapes,
                                Fault::too_many_transactions,
                                Fault::transaction_too_big,
                                Fault::too_many_destinations,
                                Fault::queue_full,
                                Fault::memory_full,
                                Fault::too_many_upstreams};
    return std::ranges::find(limits, fault) != limits.end();
}

EventKind kind_of(Fault fault) noexcept {
    if (fault == Fault::too_slow) return EventKind::consumer_slow;
    if (fault == Fault::heart_beat_missed) return EventKind::timed_out;
    if (is_limit(fault)) return EventKind::limit_reached;
    const std::uint16_t code = stomp::close_code_for(fault);
    const bool is_refused =
        code == close_code::policy_violation || code == close_code::try_again_later;
    return is_refused ? EventKind::access_refused : EventKind::protocol_error;
}

}  // namespace

void StompSessionLink::report(EventKind kind, std::uint32_t code,
                              std::string_view text) const noexcept {
    const EventTeller events(state_.options.on_event);
    if (events) events.tell({.kind = kind, .code = code, .address = address_, .text = text});
}

// The application knows of what it does itself, and is told of its failures where they happen.
void StompSessionLink::report_end(Fault fault) const noexcept {
    constexpr std::array known{Fault::none, Fault::server_shutting_down, Fault::closed_by_server,
                               Fault::handler_failed};
    if (std::ranges::find(known, fault) != known.end()) return;
    report(kind_of(fault), stomp::close_code_for(fault), stomp::describe(fault));
}

}  // namespace edgews
