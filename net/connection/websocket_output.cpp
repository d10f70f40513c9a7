// A connection's messages to the peer, within the limits of its backlog.
#include "core/kernels/utf8.hpp"
#include "core/websocket/output_queue.hpp"
#include "net/connection/connections_on_loop.hpp"
#include "net/connection/websocket_connection.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace edgews {

namespace {

constexpr std::size_t write_through_size_min = 64 * 1024;

}  // namespace

// Anything goes while nothing waits: a limit below one message would refuse them all. The server's
// memory_max is another matter: where the peer does not read, or may not take so much at once.
bool WebSocketConnection::has_room_for(std::size_t size) const noexcept {
    const std::size_t waiting = output_size(), limit = options().backlog_size_max;
    const bool is_within = waiting == 0 || (size <= limit && waiting <= limit - size);
    const bool is_little = !is_blocked() && waiting + size <= write_through_size_min;
    return is_within && (is_little || reactor().pool().may_hold(waiting, size));
}

// What was published before comes first, and that may close or break this connection: so it is
// asked last whether it is open, and nothing comes between that and what is written.
inline bool WebSocketConnection::may_send_now() {
    if (session_.parts() != nullptr && connections().topics.has_waiting())
        connections().topics.deliver();
    return is_open();
}

// A copy for each caller: with the header known, half of it goes.
[[gnu::always_inline]] inline SendResult WebSocketConnection::send_data(
    const FrameHeader& header, std::span<const std::byte> payload) {
    const std::size_t size = frame_header_size_max + payload.size();
    if (!has_room_for(size) && !make_room_for(size)) return refused();
    if (header.fin) connections().counters.add(Counter::messages_sent);
    if (is_client()) return send_masked(header, payload);
    if (OutputQueue::is_worth_borrowing(payload)) return send_large(header, payload);
    output().append_frame(header, payload);
    return accepted();
}

SendResult WebSocketConnection::send(Message message) {
    return send(message, Compress::by_size);
}

SendResult WebSocketConnection::send(Message message, Compress how) {
    if (!may_send_now()) return SendResult::closed;
    if (is_sending_fragments()) return SendResult::dropped;
    if (message.is_unchecked() && !is_utf8(message.text())) return SendResult::invalid;
    if (session_.compresses(message.size(), how)) {
        if (const auto result = send_compressed(message)) return *result;
    }
    const Opcode opcode = message.is_text() ? Opcode::text : Opcode::binary;
    return send_data({.opcode = opcode, .payload_size = message.size()}, message.bytes());
}

SendResult WebSocketConnection::send(Message::Kind kind,
                                     std::span<const std::span<const std::byte>> pieces) {
    if (!may_send_now()) return SendResult::closed;
    if (is_sending_fragments()) return SendResult::dropped;
    std::size_t size = 0;
    for (const auto piece : pieces) size += piece.size();
    if (is_client() || session_.compresses(size, Compress::by_size)) {
        std::vector<std::byte> joined;
        for (const auto piece : pieces) joined.insert(joined.end(), piece.begin(), piece.end());
        return send(Message::checked(kind, joined));
    }
    const std::size_t frame_size = frame_header_size_max + size;
    if (!has_room_for(frame_size) && !make_room_for(frame_size)) return refused();
    connections().counters.add(Counter::messages_sent);
    const Opcode opcode = kind == Message::Kind::text ? Opcode::text : Opcode::binary;
    output().append_frame({.opcode = opcode, .payload_size = size}, pieces);
    return accepted();
}

SendResult WebSocketConnection::send(const PreparedMessage& message) {
    if (!may_send_now()) return SendResult::closed;
    if (is_sending_fragments() || !message) return SendResult::dropped;
    if (is_client()) {  // Each frame has a mask of its own.
        return send_data({.opcode = message.opcode(), .payload_size = message.payload_size()},
                         message.payload());
    }
    if (session_.compresses(message.payload_size(), Compress::by_size)) {
        return send_prepared_compressed(message);
    }
    return send_prepared(message);
}

SendResult WebSocketConnection::send_prepared(const PreparedMessage& message) {
    const std::size_t size = message.frame().size();
    if (!has_room_for(size) && !make_room_for(size)) return refused();
    output().append(message);
    connections().counters.add(Counter::messages_sent);
    return accepted();
}

SendResult WebSocketConnection::send_fragment(Message piece, Fragment which) {
    if (!may_send_now()) return SendResult::closed;
    if (!session_.is_in_order(which)) return SendResult::dropped;
    const SendResult result =
        send_data(WebSocketSession::fragment_header(piece, which), piece.bytes());
    // A message with a hole cannot be told to the peer: the pieces stay what they were.
    if (result != SendResult::dropped) session_.sent_fragment(which);
    return result;
}

SendResult WebSocketConnection::ping(std::span<const std::byte> payload) {
    return send_application_control(Opcode::ping, payload);
}

SendResult WebSocketConnection::pong(std::span<const std::byte> payload) {
    return send_application_control(Opcode::pong, payload);
}

SendResult WebSocketConnection::send_application_control(Opcode opcode,
                                                         std::span<const std::byte> payload) {
    if (!may_send_now()) return SendResult::closed;
    if (payload.size() > control_payload_size_max) return SendResult::dropped;
    const std::size_t size = frame_header_size_max + payload.size();
    if (!has_room_for(size) && !make_room_for(size)) return refused();
    session_.write_control(opcode, payload, &output());
    return accepted();
}

bool WebSocketConnection::close(std::uint16_t code, std::string_view reason) {
    if (!may_close_with(code, reason)) return false;
    is_unwanted_ = true;
    return begin_closing(code, reason);
}

// What was published before comes first, and may close it.
bool WebSocketConnection::begin_closing(std::uint16_t code, std::string_view reason) {
    if (!may_send_now()) return false;
    mark_taken();
    const std::size_t size_before = output_size();
    (void)session_.close(code, reason, session_output());
    if (is_client()) parts().goodbye.close_frame_size = output_size() - size_before;
    request_flush();
    set_timer();
    resume_reading();  // The answer would wait for ever.
    return true;
}

WebSocketSession::Output WebSocketConnection::session_output() {
    // What is broken could never send it.
    return {.queue = is_broken() ? nullptr : &output(), .now_ms = now()};
}

void WebSocketConnection::answer_held_ping() {
    session_.answer_held_ping(session_output());
    request_flush();
}

bool WebSocketConnection::push_out() {
    flush();
    return !is_blocked();
}

void WebSocketConnection::terminate() {
    is_unwanted_ = true;
    break_off();
}

SendResult WebSocketConnection::send_large(const FrameHeader& header,
                                           std::span<const std::byte> payload) {
    const ConnectionsOnLoop::Borrowable& lent = connections().borrowable;
    const bool is_lent = lent.connection == this && contains(lent.bytes, payload);
    // Too large to copy just to wait for others: it leaves at once, with all before it.
    const bool is_urgent = !is_lent && payload.size() >= write_through_size_min && !is_blocked();
    if (is_lent || is_urgent) {
        output().borrow_frame(header, payload);
    } else {
        output().append_frame(header, payload);
    }
    if (is_urgent) flush();
    return accepted();
}

// Clients mask what they send (section 5.1), in a copy.
SendResult WebSocketConnection::send_masked(const FrameHeader& header,
                                            std::span<const std::byte> payload) {
    output().append_frame(session_.masked(header), payload);
    // Too large to wait for others.
    if (payload.size() >= write_through_size_min && !is_blocked()) flush();
    return accepted();
}

// What waits may only be this turn's: the socket is asked before anything is refused, and may turn
// out to be broken.
bool WebSocketConnection::make_room_for(std::size_t size) {
    flush();
    return !is_broken() && (has_room_for(size) || has_time_for(size));
}

// A burst is not slowness.
bool WebSocketConnection::has_time_for(std::size_t size) {
    const RouteOptions& limits = options();
    const std::size_t waiting = output_size(), cap = limits.backlog_size_cap;
    const bool is_within = size <= cap && waiting <= cap - size;
    if (limits.overflow_after_ms == 0 || !is_within) return false;
    if (!reactor().pool().may_hold(waiting, size)) return false;
    if (is_over_limit_) return !has_used_up_time();
    is_over_limit_ = true;
    parts().over_limit_since_ms = now();
    return true;
}

// Requires: is_over_limit_.
bool WebSocketConnection::has_used_up_time() const noexcept {
    return now() - some_parts()->over_limit_since_ms >= options().overflow_after_ms;
}

SendResult WebSocketConnection::refused() {
    return is_broken() ? SendResult::closed : overflow();
}

SendResult WebSocketConnection::overflow() {
    connections().counters.add(Counter::messages_dropped);
    switch (options().overflow) {
        case Overflow::drop: break;
        case Overflow::close:
            begin_closing(options().overflow_close_code, "too slow");
            report_slow(options().overflow_close_code);
            return SendResult::closed;
        case Overflow::tell:
            // Not from within send(): its caller may be walking over connections.
            if (parts().dropped_count++ == 0) {
                handle().post(
                    [](Connection& connection) { engine_of(connection).tell_overflow(); });
            }
            break;
    }
    report_slow(0);
    return SendResult::dropped;
}

void WebSocketConnection::tell_overflow() {
    const std::size_t count = std::exchange(parts().dropped_count, 0);
    if (handlers().overflow) handlers().overflow(*this, count);
}

void WebSocketConnection::on_blocked() {
    if (output_size() > options().drain_mark) is_over_mark_ = true;
}

void WebSocketConnection::on_writable() {
    session_.heard(now());  // It acknowledged bytes: an answer to our ping may be behind them.
    if (session_.holds_ping() && !is_blocked()) {
        answer_held_ping();
        flush();  // The mark is looked at behind it.
    }
    if (is_over_limit_) {
        const std::size_t limit = options().backlog_size_max;
        is_over_limit_ = output_size() > (has_used_up_time() ? limit / 2 : limit);
    }
    if (output_size() == 0 && some_parts() != nullptr) some_parts()->is_known_as_slow = false;
    if (!is_over_mark_ || output_size() > options().drain_mark || !is_open()) return;
    is_over_mark_ = false;
    if (handlers().drain) guard([&] { handlers().drain(*this); });
}

void WebSocketConnection::on_output_lost(std::size_t size) noexcept {
    if (!session_.closing().is_done()) count_unsent(size);
}

void WebSocketConnection::count_sent(std::size_t size) noexcept {
    connections().counters.add(Counter::bytes_sent, size);
    if (some_parts() != nullptr) some_parts()->uptake.sent_size += size;
    const std::size_t unanswered_size = unanswered_size_ + size;
    unanswered_size_ = unanswered_size < unanswered_size_max
                           ? static_cast<std::uint32_t>(unanswered_size) & unanswered_size_max
                           : unanswered_size_max;
}

}  // namespace edgews
