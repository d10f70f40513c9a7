// A connection's waits: for a message's end, a pong, a close frame, its own end.
#include "net/connection/extras.hpp"
#include "net/connection/shared.hpp"
#include "net/connection/websocket_connection.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace edgews {

namespace {

// Of bytes that the peer has to read before it comes to our ping: so many may take a while, and so
// many in a millisecond are not too few.
constexpr std::uint32_t slow_size_min = 16 * 1024;
constexpr std::uint32_t slow_rate_per_ms = 16;

}  // namespace

// In three quarters to the whole of the limit, differently for neighbours: those who came at once,
// after a restart or a network's outage, would otherwise all be pinged at once, for ever.
std::uint32_t WebSocketConnection::idle_ping_ms() const noexcept {
    constexpr std::uint32_t golden_ratio = 0x9E37'79B9;  // Of 2^32: neighbours come out far apart.
    const std::uint32_t limit_ms = options().idle_ping_ms;
    const std::uint64_t place = static_cast<std::uint32_t>(token()) * golden_ratio;
    return limit_ms - static_cast<std::uint32_t>(place * (limit_ms / 4) >> 32);
}

void WebSocketConnection::note_message_progress() {
    const bool is_inside = reader_.is_inside_message();
    if (is_inside == is_inside_message_) return;
    is_inside_message_ = is_inside;
    message_began_ms_ = now();
    if (extras_) extras_->arrived_size = 0;
    if (is_inside && options().message_timeout_ms > 0 && Stream::is_open()) set_timer();
}

// One timer for all that may come, set to the earliest and looked at only then: a
// message costs it nothing.
void WebSocketConnection::set_timer() {
    const RouteOptions& limits = options();
    std::uint32_t wait_ms = UINT32_MAX;
    const auto consider_passed = [&](std::uint32_t passed_ms, std::uint32_t limit_ms) {
        wait_ms = std::min(wait_ms, passed_ms < limit_ms ? limit_ms - passed_ms : 1);
    };
    const auto consider = [&](std::uint32_t began_ms, std::uint32_t limit_ms) {
        consider_passed(now() - began_ms, limit_ms);
    };
    if (!closing_.may_send()) {
        consider(since_ms_, limits.close_timeout_ms);
    } else {
        if (is_ping_sent_) {
            // Was it answered? Looked at when the next could be due, and when its time is up.
            if (now() - since_ms_ < idle_ping_ms()) consider(since_ms_, idle_ping_ms());
            if (limits.ping_timeout_ms > 0) consider(since_ms_, limits.ping_timeout_ms);
        } else if (limits.idle_ping_ms > 0) {
            consider(last_heard_ms_, idle_ping_ms());
        }
        if (is_inside_message_ && limits.message_timeout_ms > 0) {
            consider(message_began_ms_, limits.message_timeout_ms);
        }
        if (limits.lifetime_max_ms > 0) consider_passed(age_ms(), limits.lifetime_max_ms);
    }
    if (wait_ms != UINT32_MAX) reactor().schedule(*this, wait_ms);
}

void WebSocketConnection::on_timer() {
    if (!Stream::is_open()) return on_finish_timer(options().close_timeout_ms);
    if (!closing_.may_send()) {
        // Our close frame may wait behind what a slow peer still reads.
        const bool is_read = is_being_read();
        if (!has_taken_more() && !is_read) return break_off();
        since_ms_ = now();
        return set_timer();
    }
    check_open_timers();
    if (is_open()) set_timer();
}

void WebSocketConnection::check_open_timers() {
    const RouteOptions& limits = options();
    // It is us who do not listen; but a peer that takes nothing is not excused.
    if (is_paused_ && !is_blocked()) last_heard_ms_ = message_began_ms_ = now();
    if (limits.lifetime_max_ms > 0 && age_ms() >= limits.lifetime_max_ms) {
        begin_closing(close_code::going_away, "the connection reached its maximum lifetime");
    } else if (is_inside_message_ && limits.message_timeout_ms > 0 &&
               now() - message_began_ms_ >= limits.message_timeout_ms && !is_message_coming()) {
        constexpr std::string_view what = "the message took too long";
        begin_closing(close_code::policy_violation, what);
        if (handlers().error) guard([&] { handlers().error(*this, what); });
    } else if (limits.idle_ping_ms > 0) {
        check_idle();
    }
}

void WebSocketConnection::check_idle() {
    // Anything that was received since the ping is as good as its pong.
    if (last_heard_ms_ - since_ms_ < INT32_MAX || options().ping_timeout_ms == 0) {
        is_ping_sent_ = false;
    }
    if (is_ping_sent_) {
        const std::uint32_t limit_ms = options().ping_timeout_ms;
        if (now() - since_ms_ < limit_ms) return;
        if (is_still_taking(idle_ping_ms() + limit_ms)) {
            since_ms_ = now();
            return;
        }
        if (handlers().error) {
            guard([&] { handlers().error(*this, "the peer does not answer"); });
        }
        return break_off();
    }
    if (now() - last_heard_ms_ < idle_ping_ms()) return;
    rest_compression();
    is_ping_sent_ = true;
    since_ms_ = now();
    mark_taken();
    send_control(Opcode::ping, {});
}

// How fast a message comes is looked at once in message_timeout_ms: a slow link is no attack.
bool WebSocketConnection::is_message_coming() {
    const RouteOptions& limits = options();
    const std::uint64_t arrived_size = reader_.arrived_size();
    const std::uint64_t more = arrived_size - std::exchange(extras().arrived_size, arrived_size);
    if (more * 1000 < std::uint64_t{limits.message_rate_min} * limits.message_timeout_ms) {
        return false;
    }
    message_began_ms_ = now();
    return more > 0;
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
    if (!extras_ && untaken_size + output_size() < slow_size_min) return false;
    Extras& last = extras();
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
        last_heard_ms_ = now();
        return true;
    }
    return unanswered_size_ >= slow_size_min && unacknowledged_size() < slow_size_min &&
           now() - last_heard_ms_ < patience_ms + unanswered_size_ / slow_rate_per_ms;
}

}  // namespace edgews
