// A WebSocket session without I/O (RFC 6455, and RFC 7692 where a codec is there): bytes in, events
// out; messages in, frames out. Server and client.
//
// Its owner has a transport, a clock and a queue of output:
//
//     WebSocketSession session(setup, now_ms);
//     while (const Event event = session.next(input, {&queue, now_ms}))
//         if (event.kind == Event::Kind::message)
//             session.send(Message::checked(event.message_kind(), event.payload), queue);
//     session.at(now_ms, queue);  // And again after session.next_due_ms(now_ms), or sooner.
//     transport.write(queue);
//
// Pings and the peer's close are answered, and a fault is told the peer, without the owner's doing.
//
// The session has no clock: it is told milliseconds, which may begin anywhere and wrap at 2^32. It
// belongs to one thread. An owner that has more to say about an answer (whose system refuses
// memory, whose peer does not read) takes the steps one by one: read() and answer() in place of
// next(), due() in place of at().
#pragma once

#include <edgews/close_code.hpp>
#include <edgews/message.hpp>
#include "core/base/buffer.hpp"
#include "core/websocket/closing.hpp"
#include "core/websocket/frame.hpp"
#include "core/websocket/message_reader.hpp"
#include "core/websocket/output_queue.hpp"
#include "core/websocket/session_parts.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace edgews {

class Random;

// Milliseconds that a peer may take; see RouteOptions, which has the same fields. 0: no limit.
struct SessionTimes {
    std::uint32_t idle_ping_ms = 30'000;
    std::uint32_t ping_timeout_ms = 30'000;
    std::uint32_t message_timeout_ms = 60'000;
    std::uint32_t message_rate_min = 128;  // Bytes a second.
    std::uint32_t close_timeout_ms = 5'000;
};

// What holds for all sessions of one kind; must outlive them.
struct SessionSetup {
    ReaderSetup reader{};
    SessionTimes times{};
    // What a client masks with (RFC 6455, section 5.3). Required of a client.
    Random* masks = nullptr;
    // Makes the parts that few sessions have, with what else the owner keeps beside them.
    std::unique_ptr<SessionParts> (*make_parts)() = make_plain_parts;
};

class WebSocketSession {
  public:
    // `setup` is borrowed. The handshake is done (core/websocket/handshake.hpp).
    WebSocketSession(const SessionSetup& setup, std::uint32_t now_ms) noexcept
        : setup_(&setup), reader_(setup.reader), heard_ms_(now_ms) {}
    // permessage-deflate was negotiated. Messages of fewer than `message_size_min` bytes are sent
    // as they are. Before any input.
    void compress_with(std::unique_ptr<MessageCodec> codec, const DeflateAnswer& answer,
                       std::size_t message_size_min);

    // Where answers are written.
    struct Output {
        OutputQueue* queue;  // Null: nothing can be sent any more. Required of next().
        std::uint32_t now_ms;
        // Pongs wait, because the peer does not read, or has sent pings by the hundred: then only
        // its newest ping is answered, by answer_held_ping() (section 5.5.3).
        bool holds_pongs = false;
    };

    // ---- From the peer

    // The next event of `input`, from which what it took is removed at the front; none: all was
    // used. Pings and the close frame are answered already, and to a fault the close frame is
    // written, all of them in `output`: see has_ended(). The event's payload is valid until the
    // session is called again.
    [[nodiscard]] Event next(std::span<std::byte>& input, const Output& output);

    // The same in steps. Without its answer. `restoring`: a compressed message needs another call,
    // for it takes long: 2 KiB of compressed bytes are restored in each.
    [[nodiscard]] Event read(std::span<std::byte>& input) noexcept {
        if (parts_ && parts_->deflating) return read_compressed(input);
        const Event event = reader_.next(input);
        if (is_inside_message_) note_end(event);
        return event;
    }
    // Answers a ping, a close frame or a fault; nothing else.
    void answer(const Event& event, const Output& output);
    [[nodiscard]] bool holds_ping() const noexcept { return parts_ && parts_->held_ping; }
    void answer_held_ping(const Output& output);
    // All input so far was read. True: a message has begun, and next_due_ms() is another.
    bool note_progress(std::uint32_t now_ms) noexcept;
    // The peer was heard.
    void heard(std::uint32_t now_ms) noexcept { heard_ms_ = now_ms; }
    // Nobody listened to the peer: no time passed for it.
    void did_not_listen(std::uint32_t now_ms) noexcept { heard_ms_ = message_began_ms_ = now_ms; }
    [[nodiscard]] std::uint32_t heard_ms() const noexcept { return heard_ms_; }

    // Where the rest of a long frame may be received: see MessageReader.
    [[nodiscard]] std::span<std::byte> direct_space() noexcept { return reader_.direct_space(); }
    void direct_received(std::size_t count) noexcept { reader_.direct_received(count); }
    [[nodiscard]] const MessageReader& reader() const noexcept { return reader_; }
    // Takes over the memory of the last event's payload. Requires: that was a message's, and no
    // part of the input.
    [[nodiscard]] Buffer take_payload() noexcept;

    // The memory of the last event's payload goes back, where it was restored: before the next
    // event is read, if that may take long.
    void release_payload() noexcept {
        if (parts_ && parts_->deflating) release_restored();
    }

    // A compressed message is being restored: so many of its bytes in the next step, and so many
    // bytes were restored of all messages so far. Both 0 where nothing is compressed.
    [[nodiscard]] bool is_restoring() const noexcept {
        return parts_ && parts_->deflating && parts_->deflating->restoring.is_active;
    }
    [[nodiscard]] std::size_t next_slice_size() const noexcept;
    [[nodiscard]] std::uint64_t restored_size() const noexcept;
    // The input is about to be overwritten: copies what is still to be restored. False: there is no
    // memory for it.
    [[nodiscard]] bool keep_restoring() noexcept;

    // ---- To the peer

    // `sent`: it is in the queue. `dropped`: it is out of order (section 5.4). `invalid`: text that
    // is no UTF-8. `closed`: a close frame has passed.
    SendResult send(Message message, OutputQueue& queue, Compress how = Compress::by_size);
    SendResult send_fragment(Message piece, Fragment which, OutputQueue& queue);
    // At most 125 bytes; `dropped`: more.
    SendResult ping(std::span<const std::byte> payload, OutputQueue& queue);
    SendResult pong(std::span<const std::byte> payload, OutputQueue& queue);
    // Begins the closing handshake. False: it has begun, or may_close_with() says no.
    bool close(std::uint16_t code, std::string_view reason, const Output& output);

    // The same in steps: whether a message may be sent now, without looking for a fragment in
    // between; a frame as this side sends it; and the order of fragments.
    [[nodiscard]] bool may_send() const noexcept { return closing_.may_send(); }
    [[nodiscard]] FrameHeader masked(FrameHeader header) const noexcept;
    [[nodiscard]] bool is_client() const noexcept { return setup_->reader.role == Role::client; }
    [[nodiscard]] bool is_sending_fragments() const noexcept { return is_sending_fragments_; }
    [[nodiscard]] bool is_in_order(Fragment which) const noexcept {
        return is_sending_fragments_ != (which == Fragment::first);
    }
    [[nodiscard]] static FrameHeader fragment_header(Message piece, Fragment which) noexcept;
    void sent_fragment(Fragment which) noexcept { is_sending_fragments_ = which != Fragment::last; }
    // Whether a message of that size is to be compressed.
    [[nodiscard]] bool compresses(std::size_t size, Compress how) const noexcept {
        return parts_ && parts_->deflating && is_worth_compressing(size, how);
    }
    // Writes it. False: nothing was written, for compressed it would not be shorter.
    [[nodiscard]] bool write_compressed(Message message, OutputQueue& queue);
    void write_control(Opcode opcode, std::span<const std::byte> payload, OutputQueue* queue);

    // ---- The end

    [[nodiscard]] const Closing& closing() const noexcept { return closing_; }
    // Nothing more is read or written. What is in the queue leaves; then a server ends TCP, and a
    // client waits for that (section 7.1.1).
    [[nodiscard]] bool has_ended() const noexcept { return closing_.is_done() || has_failed_; }

    // ---- Time

    // Milliseconds from now after which due() may have something; UINT32_MAX: nothing is waited
    // for. `place` spreads the pings of sessions that began together: any number of this one's own.
    [[nodiscard]] std::uint32_t next_due_ms(std::uint32_t now_ms,
                                            std::uint32_t place = 0) const noexcept;
    enum class Due : std::uint8_t {
        nothing,
        ping,             // The peer has been silent: it is to be asked.
        message_overdue,  // A message does not come on: it is to be closed, with 1008.
        peer_silent,      // No answer to the ping: the connection is lost.
        close_overdue,    // No answer to the close frame: the connection is over.
    };
    // What is due, and is so once: the owner acts on it. After the last two it ends, or excuses the
    // peer, which then has as long again.
    [[nodiscard]] Due due(std::uint32_t now_ms, std::uint32_t place = 0) noexcept;
    void excuse(std::uint32_t now_ms) noexcept { since_ms_ = now_ms; }
    static constexpr std::string_view message_overdue_reason = "the message took too long";
    // Acts on it, too: writes the ping, or the close frame.
    Due at(std::uint32_t now_ms, OutputQueue& queue, std::uint32_t place = 0);
    // Milliseconds of silence after which this session's peer is asked: idle_ping_ms or up to a
    // quarter less.
    [[nodiscard]] std::uint32_t idle_ping_ms(std::uint32_t place) const noexcept;

    [[nodiscard]] const SessionSetup& setup() const noexcept { return *setup_; }
    // Null: none.
    [[nodiscard]] SessionParts* parts() const noexcept { return parts_.get(); }
    [[nodiscard]] SessionParts& make_parts();
    void drop_parts() noexcept { parts_.reset(); }
    // What was agreed on. Null: nothing is compressed.
    [[nodiscard]] const DeflateAnswer* compression() const noexcept;

  private:
    void note_end(const Event& event) noexcept {
        if (event.ends_message()) is_inside_message_ = false;
    }
    [[nodiscard]] Event read_compressed(std::span<std::byte>& input) noexcept;
    void release_restored() noexcept;
    [[nodiscard]] Event begin_restoring(const Event& event) noexcept;
    [[nodiscard]] Event restore_message() noexcept;
    [[nodiscard]] Event restore_part() noexcept;
    [[nodiscard]] Event end_part() noexcept;
    [[nodiscard]] Event fail(Fault fault) noexcept;
    void answer_ping(std::span<const std::byte> payload, const Output& output);
    void answer_close(std::uint16_t code, const Output& output);
    [[nodiscard]] SendResult check(Message message) const noexcept;
    SendResult send_control(Opcode opcode, std::span<const std::byte> payload, OutputQueue& queue);
    void write_frame(const FrameHeader& header, std::span<const std::byte> payload,
                     OutputQueue& queue);
    void write_close(std::uint16_t code, std::string_view reason, OutputQueue* queue);
    [[nodiscard]] bool is_message_coming(std::uint32_t now_ms) noexcept;
    [[nodiscard]] Due idle_due(std::uint32_t now_ms, std::uint32_t place) noexcept;
    [[nodiscard]] bool is_worth_compressing(std::size_t size, Compress how) const noexcept;
    void rest_compression() noexcept;

    // In an order that leaves no gaps: the flags are in what the reader leaves of its last word.
    const SessionSetup* setup_;
    [[no_unique_address]] MessageReader reader_;
    bool is_ping_sent_ : 1 = false;
    bool is_inside_message_ : 1 = false;
    bool is_sending_fragments_ : 1 = false;
    bool has_failed_ : 1 = false;
    std::unique_ptr<SessionParts> parts_;  // Null: none.
    std::uint32_t heard_ms_;               // When the peer was heard last.
    std::uint32_t since_ms_ = 0;           // When what is waited for began: a ping, a close.
    std::uint32_t message_began_ms_ = 0;
    Closing closing_;
};

}  // namespace edgews
