#include "core/websocket/session.hpp"

#include "core/kernels/utf8.hpp"
#include "crypto/random.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace edgews {

SessionParts& WebSocketSession::make_parts() {
    if (!parts_) parts_ = setup_->make_parts();
    return *parts_;
}

// ---- From the peer ---------------------------------------------------------

Event WebSocketSession::next(std::span<std::byte>& input, const Output& output) {
    if (!input.empty()) heard(output.now_ms);
    for (;;) {
        const Event event = read(input);
        if (!event) break;
        answer(event, output);
        // Once we have begun to close, what was on its way is of no interest any more.
        if (event.kind == Event::Kind::restoring || (event.is_of_message() && !may_send()))
            continue;
        return event;
    }
    if (holds_ping() && !output.holds_pongs) answer_held_ping(output);
    (void)note_progress(output.now_ms);
    return {};
}

void WebSocketSession::answer(const Event& event, const Output& output) {
    if (event.kind == Event::Kind::ping) {
        answer_ping(event.payload, output);
    } else if (event.kind == Event::Kind::close) {
        answer_close(event.close_code, output);
    } else if (event.kind == Event::Kind::fault) {
        // The peer is told why, and not listened to any more (section 7.1.7).
        has_failed_ = true;
        if (closing_.may_send_close()) {
            write_close(close_code_for(event.fault), describe(event.fault), output.queue);
            since_ms_ = output.now_ms;
        }
    }
}

void WebSocketSession::answer_ping(std::span<const std::byte> payload, const Output& output) {
    if (!may_send()) return;
    if (!output.holds_pongs) {
        if (holds_ping()) parts_->held_ping.reset();  // This answer is its answer, too.
        return write_control(Opcode::pong, payload, output.queue);
    }
    Buffer& held = make_parts().held_ping;
    held = setup_->reader.pool->take(control_payload_size_max);
    held.append(payload);
}

void WebSocketSession::answer_held_ping(const Output& output) {
    const Buffer payload = std::move(parts_->held_ping);
    if (may_send()) write_control(Opcode::pong, payload.bytes(), output.queue);
}

// The answer repeats the peer's code (section 5.5.1).
void WebSocketSession::answer_close(std::uint16_t code, const Output& output) {
    closing_.close_received(code);
    if (!closing_.may_send_close()) return;
    write_close(code, {}, output.queue);
    since_ms_ = output.now_ms;
}

bool WebSocketSession::note_progress(std::uint32_t now_ms) noexcept {
    const bool is_inside = reader_.is_inside_message();
    if (is_inside == is_inside_message_) return false;
    is_inside_message_ = is_inside;
    message_began_ms_ = now_ms;
    if (parts_) parts_->arrived_size = 0;
    return is_inside && setup_->times.message_timeout_ms > 0;
}

// ---- To the peer -----------------------------------------------------------

SendResult WebSocketSession::check(Message message) const noexcept {
    if (!may_send()) return SendResult::closed;
    return message.is_unchecked() && !is_utf8(message.text()) ? SendResult::invalid
                                                              : SendResult::sent;
}

SendResult WebSocketSession::send(Message message, OutputQueue& queue, Compress how) {
    const SendResult result = check(message);
    if (result != SendResult::sent) return result;
    if (is_sending_fragments_) return SendResult::dropped;
    if (compresses(message.size(), how) && write_compressed(message, queue)) {
        return SendResult::sent;
    }
    const Opcode opcode = message.is_text() ? Opcode::text : Opcode::binary;
    write_frame({.opcode = opcode, .payload_size = message.size()}, message.bytes(), queue);
    return SendResult::sent;
}

// The text of a piece may be cut inside a character: only the whole has to be UTF-8 (section 5.6).
SendResult WebSocketSession::send_fragment(Message piece, Fragment which, OutputQueue& queue) {
    if (!may_send()) return SendResult::closed;
    if (!is_in_order(which)) return SendResult::dropped;
    write_frame(fragment_header(piece, which), piece.bytes(), queue);
    sent_fragment(which);
    return SendResult::sent;
}

FrameHeader WebSocketSession::fragment_header(Message piece, Fragment which) noexcept {
    const Opcode kind = piece.is_text() ? Opcode::text : Opcode::binary;
    return {.fin = which == Fragment::last,
            .opcode = which == Fragment::first ? kind : Opcode::continuation,
            .payload_size = piece.size()};
}

SendResult WebSocketSession::ping(std::span<const std::byte> payload, OutputQueue& queue) {
    return send_control(Opcode::ping, payload, queue);
}

SendResult WebSocketSession::pong(std::span<const std::byte> payload, OutputQueue& queue) {
    return send_control(Opcode::pong, payload, queue);
}

SendResult WebSocketSession::send_control(Opcode opcode, std::span<const std::byte> payload,
                                          OutputQueue& queue) {
    if (!may_send()) return SendResult::closed;
    if (payload.size() > control_payload_size_max) return SendResult::dropped;
    write_control(opcode, payload, &queue);
    return SendResult::sent;
}

bool WebSocketSession::close(std::uint16_t code, std::string_view reason, const Output& output) {
    if (!may_send() || !may_close_with(code, reason)) return false;
    write_close(code, reason, output.queue);
    since_ms_ = output.now_ms;
    return true;
}

FrameHeader WebSocketSession::masked(FrameHeader header) const noexcept {
    header.masked = true;
    header.mask_key = setup_->masks->next();
    return header;
}

void WebSocketSession::write_frame(const FrameHeader& header, std::span<const std::byte> payload,
                                   OutputQueue& queue) {
    queue.append_frame(is_client() ? masked(header) : header, payload);
}

void WebSocketSession::write_control(Opcode opcode, std::span<const std::byte> payload,
                                     OutputQueue* queue) {
    if (queue == nullptr) return;  // It could never leave.
    write_frame({.opcode = opcode, .payload_size = payload.size()}, payload, *queue);
}

void WebSocketSession::write_close(std::uint16_t code, std::string_view reason,
                                   OutputQueue* queue) {
    std::array<std::byte, control_payload_size_max> payload;
    payload[0] = static_cast<std::byte>(code >> 8);
    payload[1] = static_cast<std::byte>(code & 0xFF);
    const auto bytes = std::as_bytes(std::span(reason));
    std::copy(bytes.begin(), bytes.end(), payload.begin() + 2);
    const std::size_t size = code == close_code::no_status ? 0 : 2 + reason.size();
    write_control(Opcode::close, std::span(payload).first(size), queue);
    closing_.close_sent();
}

// ---- Time ------------------------------------------------------------------

// In three quarters to the whole of the limit, differently for neighbours: those who came at once,
// after a restart or a network's outage, would otherwise all be pinged at once, for ever.
std::uint32_t WebSocketSession::idle_ping_ms(std::uint32_t place) const noexcept {
    constexpr std::uint32_t golden_ratio = 0x9E37'79B9;  // Of 2^32: neighbours come out far apart.
    const std::uint32_t limit_ms = setup_->times.idle_ping_ms;
    const std::uint64_t spread = place * golden_ratio;
    return limit_ms - static_cast<std::uint32_t>(spread * (limit_ms / 4) >> 32);
}

std::uint32_t WebSocketSession::next_due_ms(std::uint32_t now_ms,
                                            std::uint32_t place) const noexcept {
    const SessionTimes& limits = setup_->times;
    std::uint32_t wait_ms = UINT32_MAX;
    const auto consider = [&](std::uint32_t began_ms, std::uint32_t limit_ms) {
        const std::uint32_t passed_ms = now_ms - began_ms;
        wait_ms = std::min(wait_ms, passed_ms < limit_ms ? limit_ms - passed_ms : 1);
    };
    if (!may_send()) {
        if (limits.close_timeout_ms > 0) consider(since_ms_, limits.close_timeout_ms);
        return wait_ms;
    }
    if (is_ping_sent_) {
        // Was it answered? Looked at when the next could be due, and when its time is up.
        const std::uint32_t ping_ms = idle_ping_ms(place);
        const bool is_limited = limits.ping_timeout_ms > 0;
        if (!is_limited || now_ms - since_ms_ < ping_ms) consider(since_ms_, ping_ms);
        if (is_limited) consider(since_ms_, limits.ping_timeout_ms);
    } else if (limits.idle_ping_ms > 0) {
        consider(heard_ms_, idle_ping_ms(place));
    }
    if (is_inside_message_ && limits.message_timeout_ms > 0) {
        consider(message_began_ms_, limits.message_timeout_ms);
    }
    return wait_ms;
}

WebSocketSession::Due WebSocketSession::due(std::uint32_t now_ms, std::uint32_t place) noexcept {
    const SessionTimes& limits = setup_->times;
    if (!may_send()) {
        const std::uint32_t limit_ms = limits.close_timeout_ms;
        return limit_ms == 0 || now_ms - since_ms_ < limit_ms ? Due::nothing : Due::close_overdue;
    }
    if (is_inside_message_ && limits.message_timeout_ms > 0 &&
        now_ms - message_began_ms_ >= limits.message_timeout_ms && !is_message_coming(now_ms)) {
        return Due::message_overdue;
    }
    return limits.idle_ping_ms > 0 ? idle_due(now_ms, place) : Due::nothing;
}

WebSocketSession::Due WebSocketSession::idle_due(std::uint32_t now_ms,
                                                 std::uint32_t place) noexcept {
    const std::uint32_t limit_ms = setup_->times.ping_timeout_ms;
    // Anything that was received since the ping is as good as its pong.
    if (heard_ms_ - since_ms_ < INT32_MAX) is_ping_sent_ = false;
    if (is_ping_sent_ && limit_ms > 0) {
        return now_ms - since_ms_ < limit_ms ? Due::nothing : Due::peer_silent;
    }
    // Without a limit, a silent peer is asked again and again.
    const std::uint32_t began_ms = is_ping_sent_ ? since_ms_ : heard_ms_;
    if (now_ms - began_ms < idle_ping_ms(place)) return Due::nothing;
    rest_compression();
    is_ping_sent_ = true;
    since_ms_ = now_ms;
    return Due::ping;
}

WebSocketSession::Due WebSocketSession::at(std::uint32_t now_ms, OutputQueue& queue,
                                           std::uint32_t place) {
    const Due what = due(now_ms, place);
    if (what == Due::ping) write_control(Opcode::ping, {}, &queue);
    if (what == Due::message_overdue) {
        (void)close(close_code::policy_violation, message_overdue_reason, {&queue, now_ms});
    }
    return what;
}

// How fast a message comes is looked at once in message_timeout_ms: a slow link is no attack.
bool WebSocketSession::is_message_coming(std::uint32_t now_ms) noexcept {
    const SessionTimes& limits = setup_->times;
    const std::uint64_t arrived_size = reader_.arrived_size();
    const std::uint64_t more =
        arrived_size - std::exchange(make_parts().arrived_size, arrived_size);
    if (more * 1000 < std::uint64_t{limits.message_rate_min} * limits.message_timeout_ms) {
        return false;
    }
    message_began_ms_ = now_ms;
    return more > 0;
}

}  // namespace edgews
