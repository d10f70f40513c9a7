#include "net/connection/event_teller.hpp"

#include "net/loop/reactor.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace edgews {

namespace {

constexpr std::uint32_t server_error = 500;  // Of these on, a status is no fault of the client.

EventLevel level_of(EventKind kind, std::uint32_t code) noexcept {
    switch (kind) {
        case EventKind::shutdown_begun:
        case EventKind::shutdown_done:
        case EventKind::reconnecting:
        case EventKind::upstream_found: return EventLevel::info;
        case EventKind::handshake_refused:
        case EventKind::request_refused:
            return code >= server_error ? EventLevel::warning : EventLevel::notice;
        case EventKind::tls_failed:
        case EventKind::protocol_error:
        case EventKind::timed_out:
        case EventKind::access_refused:
        case EventKind::accept_failed: return EventLevel::notice;
        case EventKind::limit_reached:
        case EventKind::handler_slow:
        case EventKind::consumer_slow:
        case EventKind::connect_failed: return EventLevel::warning;
        case EventKind::handler_failed:
        case EventKind::upstream_lost: return EventLevel::error;
    }
    return EventLevel::error;
}

}  // namespace

std::string_view name_of(EventKind kind) noexcept {
    switch (kind) {
        case EventKind::handshake_refused: return "handshake_refused";
        case EventKind::request_refused: return "request_refused";
        case EventKind::limit_reached: return "limit_reached";
        case EventKind::accept_failed: return "accept_failed";
        case EventKind::handler_failed: return "handler_failed";
        case EventKind::handler_slow: return "handler_slow";
        case EventKind::tls_failed: return "tls_failed";
        case EventKind::protocol_error: return "protocol_error";
        case EventKind::timed_out: return "timed_out";
        case EventKind::consumer_slow: return "consumer_slow";
        case EventKind::shutdown_begun: return "shutdown_begun";
        case EventKind::shutdown_done: return "shutdown_done";
        case EventKind::connect_failed: return "connect_failed";
        case EventKind::reconnecting: return "reconnecting";
        case EventKind::upstream_lost: return "upstream_lost";
        case EventKind::upstream_found: return "upstream_found";
        case EventKind::access_refused: return "access_refused";
    }
    return "?";
}

std::string_view name_of(EventLevel level) noexcept {
    switch (level) {
        case EventLevel::info: return "info";
        case EventLevel::notice: return "notice";
        case EventLevel::warning: return "warning";
        case EventLevel::error: return "error";
    }
    return "?";
}

void EventTeller::tell(EngineEvent event) const noexcept {
    Counters* const counters = counters_;  // The hook may destroy whose this is.
    event.level = std::max(event.level, level_of(event.kind, event.code));
    try {
        (*hook_)(event);
    } catch (...) {
        if (counters != nullptr) counters->add(Counter::handler_failures);
    }
}

void EventTeller::tell_later(const EngineEvent& event) const {
    if (hook_ != nullptr && late_ != nullptr) late_->add(*this, event);
}

void LateEvents::add(const EventTeller& teller, const EngineEvent& event) {
    if (events_.empty()) reactor_.write_first(*this);
    events_.push_back({teller, event});
}

// What the hook does may bring more of them, which then have a turn's end of their own.
void LateEvents::on_turn_end() {
    const std::vector<Late> events = std::exchange(events_, {});
    for (const Late& late : events) late.teller.tell(late.event);
}

std::string_view text_of_exception() noexcept {
    try {
        throw;
    } catch (const std::exception& exception) {
        return exception.what();
    } catch (...) {
        return "a handler threw something that is no std::exception";
    }
}

std::uint64_t clock_ms() noexcept {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace edgews
