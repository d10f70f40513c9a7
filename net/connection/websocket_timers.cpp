// A connection's waits: those of its session, and its own end.
#include "net/connection/connections_on_loop.hpp"
#include "net/connection/websocket_connection.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace edgews {

namespace {

// Of bytes that the peer has to read before it comes to our ping: so many may take a while, and so
// many in a millisecond are not too few.
constexpr std::uint32_t slow_size_min = 16 * 1024;
constexpr std::uint32_t slow_rate_per_ms = 16;

}  // namespace

// One timer for all that may come, set to the earliest and looked at only then: a message costs it
// nothing.
void WebSocketConnection::set_timer() {
    std::uint32_t wait_ms = session_.next_due_ms(now(), place());
    const std::uint32_t lifetime_max_ms = options().lifetime_max_ms;
    if (lifetime_max_ms > 0 && session_.may_send()) {
        const std::uint32_t age = age_ms();
        wait_ms = std::min(wait_ms, age < lifetime_max_ms ? lifetime_max_ms - age : 1);
    }
    if (wait_ms != UINT32_MAX) reactor().schedule(*this, wait_ms);
}

void WebSocketConnection::on_timer() {
    if (!Stream::is_open()) return on_finish_timer(options().close_timeout_ms);
    if (!session_.may_send()) {
        // Our close frame may wait behind what a slow peer still reads.
        const bool is_read = is_being_read();
        if (!has_taken_more() && !is_read) return break_off();
        session_.excuse(now());
        return set_timer();
    }
    check_open_timers();
    if (is_open()) set_timer();
}

bool WebSocketConnection::has_reached_lifetime() const noexcept {
    return options().lifetime_max_ms > 0 && age_ms() >= options().lifetime_max_ms;
}

void WebSocketConnection::check_open_timers() {
    // It is us who do not listen; but a peer that takes nothing is not excused.
    if (is_paused_ && !is_blocked()) session_.did_not_listen(now());
    if (has_reached_lifetime()) {
        begin_closing(close_code::going_away, "the connection reached its maximum lifetime");
        return;
    }
    using Due = WebSocketSession::Due;
    const Due due = session_.due(now(), place());
    if (due == Due::ping) {
        mark_taken();
        session_.write_control(Opcode::ping, {}, session_output().queue);
        request_flush();
    } else if (due == Due::message_overdue) {
        constexpr std::string_view what = WebSocketSession::message_overdue_reason;
        begin_closing(close_code::policy_violation, what);
        if (handlers().error) guard([&] { handlers().error(*this, what); });
        report(EventKind::timed_out, close_code::policy_violation, what);
    } else if (due == Due::peer_silent) {
        if (is_still_taking(session_.idle_ping_ms(place()) + options().ping_timeout_ms)) {
            return session_.excuse(now());
        }
        if (handlers().error) {
            guard([&] { handlers().error(*this, "the peer does not answer"); });
        }
        break_off();
        report(EventKind::timed_out, close_code::abnormal, "the peer does not answer");
    }
}

void WebSocketConnection::mark_taken() {
    (void)has_taken_more();
}

// Some of what waited at the last look: of much, or of all that is left. Where nobody reads, the
// system takes what comes to it all the same, as long as it has room, and a little is always on its
// way: it is not worth remembering.
bool WebSocketConnection::has_taken_more() {
    const std::size_t untaken_size = unacknowledged_size();
    if (untaken_size == SIZE_MAX) return false;
    if (some_parts() == nullptr && untaken_size + output_size() < slow_size_min) return false;
    Uptake& last = parts().uptake;
    const auto taken_size = static_cast<std::int64_t>(last.sent_size - untaken_size);
    const bool is_all = last.looked_sent_size == last.sent_size;
    const bool counts = last.waiting_size >= (is_all ? 1 : slow_size_min);
    const bool has = counts && taken_size > last.taken_size;
    last.looked_sent_size = last.sent_size;
    last.taken_size = taken_size;
    last.waiting_size = untaken_size + output_size();
    return has;
}

bool WebSocketConnection::is_still_taking(std::uint32_t patience_ms) {
    if (has_taken_more()) {
        session_.heard(now());
        return true;
    }
    return unanswered_size_ >= slow_size_min && unacknowledged_size() < slow_size_min &&
           now() - session_.heard_ms() < patience_ms + unanswered_size_ / slow_rate_per_ms;
}

}  // namespace edgews
