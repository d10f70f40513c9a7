// From bytes to messages: fragmentation, control frames, limits, UTF-8
// (RFC 6455, sections 5.4, 5.5, 8.1).
//
// Pull-style and without I/O: give it what was received, ask for events until
// there are none.
//
//     std::span<std::byte> input = received;      // Writable: payloads are unmasked in place.
//     while (Event event = reader.next(input)) …  // Advances `input`; it is empty after the last.
//
// A message that lies whole in the input is delivered as a view of it, without a
// copy. Of anything incomplete, the reader keeps what it needs: header bytes in
// itself, payload in a Buffer on loan from the pool, which grows with the bytes
// that arrived, never with a length that a header claims. Where the pool, or its budget, has no
// memory for that, the message is a fault.
//
// Text is validated as it arrives, so bad UTF-8 is reported at its first bad byte
// even when the frame or the message is not complete (section 8.1).
#pragma once

#include <edgews/message.hpp>
#include "core/base/buffer.hpp"
#include "core/kernels/utf8.hpp"
#include "core/websocket/fault.hpp"
#include "core/websocket/frame.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace edgews {

// What holds for all connections of one kind; must outlive their readers.
struct ReaderSetup {
    Role role = Role::server;
    bool streaming = false;                  // Deliver begin, chunk…, end in place of message.
    std::size_t message_size_max = 1 << 20;  // Bytes. Payload of all frames of a message.
    std::size_t frame_size_max = SIZE_MAX;   // Bytes. Payload of one frame.
    // Frames of one message. 0: one for each byte of message_size_max, at least 128 Ki. Their
    // payload lies in one buffer, so that they cost no memory: only empty ones need a limit.
    std::uint32_t fragment_count_max = 0;
    BufferPool* pool = nullptr;  // Required.
};

// So many frames a message may have.
[[nodiscard]] constexpr std::uint32_t fragment_limit(const ReaderSetup& setup) noexcept {
    constexpr std::size_t least = 128 * 1024;
    if (setup.fragment_count_max != 0) return setup.fragment_count_max;
    const std::size_t derived = setup.message_size_max > least ? setup.message_size_max : least;
    return derived < UINT32_MAX ? static_cast<std::uint32_t>(derived) : UINT32_MAX;
}

struct Event {
    enum class Kind : std::uint8_t {
        none,     // Nothing more in this input.
        message,  // A whole message: `opcode`, `payload`.
        begin,    // Streaming: a message begins: `opcode`.
        chunk,    // Streaming: its next bytes, at least one; text may be cut inside a character.
        end,      // Streaming: it is complete.
        ping,     // `payload`, at most 125 bytes.
        pong,     // `payload`, at most 125 bytes.
        close,    // `close_code` (1005 when the frame bore none), `payload`: the reason, UTF-8.
        fault,    // The peer broke a rule: `fault`. The reader stays failed and discards all input.
        // Of a session only: there is more to be restored of a compressed message.
        restoring,
    };

    Kind kind = Kind::none;
    Opcode opcode = Opcode::text;  // text or binary, for message, begin, chunk and end.
    Fault fault = Fault::none;
    // Of message, begin, chunk and end: the payload is a compressed message or a part of it (RFC
    // 7692), and so not yet checked to be UTF-8.
    bool is_compressed = false;
    std::uint16_t close_code = 0;
    std::span<std::byte> payload{};  // Valid until the reader is called again.

    explicit operator bool() const noexcept { return kind != Kind::none; }
    [[nodiscard]] bool is_of_message() const noexcept {
        return kind >= Kind::message && kind <= Kind::end;
    }
    // It is the last of its message.
    [[nodiscard]] bool ends_message() const noexcept {
        return kind == Kind::message || kind == Kind::end;
    }
    // Requires: of a message.
    [[nodiscard]] Message::Kind message_kind() const noexcept {
        return opcode == Opcode::text ? Message::Kind::text : Message::Kind::binary;
    }
};

class MessageReader {
  public:
    // `setup` is borrowed.
    explicit MessageReader(const ReaderSetup& setup) noexcept : setup_(&setup) {}

    // permessage-deflate was negotiated: messages may be compressed. Before any input.
    void allow_compressed() noexcept { may_be_compressed_ = true; }

    // The next event of `input`, from which what it took is removed at the front.
    // `none`: all of `input` was used. After a close event, or a fault, all further input is
    // discarded: nothing may follow a close frame (section 5.5.1).
    [[nodiscard]] Event next(std::span<std::byte>& input) noexcept;

    // Where the bytes that come next may be received straight into the message
    // that is being assembled, past the shared receive buffer; empty unless a
    // long rest of a frame is expected. Valid until the next call of the reader.
    [[nodiscard]] std::span<std::byte> direct_space() noexcept;
    // The first `count` bytes of direct_space() were received. Then call next(), if with no input.
    void direct_received(std::size_t count) noexcept;

    // All further input is discarded.
    void discard() noexcept;

    // Bytes of the message that is being assembled, as the headers of its frames so far claim.
    [[nodiscard]] std::uint64_t message_size() const noexcept { return message_size_; }
    // Of these, how many have arrived. What is left of a control frame in between is not theirs.
    [[nodiscard]] std::uint64_t arrived_size() const noexcept {
        return step_ == Step::control ? message_size_
                                      : message_size_ - std::min(message_size_, frame_size_left_);
    }

    // Takes over the memory of the last event's payload, which stays where it is. Requires: that
    // was a message, and no part of the input.
    [[nodiscard]] Buffer take_payload() noexcept;

    // Between two messages: no partial header, frame or message is held. Also after a
    // close event or a fault.
    [[nodiscard]] bool is_idle() const noexcept;
    // At least one byte of a data message's first frame was received, and its last byte
    // was not (streaming: the end event was not returned). Control frames do not count.
    [[nodiscard]] bool is_inside_message() const noexcept;

  private:
    // What the next byte of the input is, or what next() has to do before it looks.
    enum class Step : std::uint8_t {
        header,      // Of a frame: its first byte, or one that continues header_.
        data,        // Payload of a data frame; or, if none is left, the frame's end.
        control,     // Payload of a control frame, of which a part is in control_.
        delivered,   // The last event shows a borrowed buffer: it goes back first.
        bad_text,    // direct_received() met bytes that are not UTF-8: they are to be reported.
        discarding,  // After a close frame or a fault. Never left.
    };

    [[nodiscard]] ParsedHeader parse_continued_header(std::span<const std::byte> input) noexcept;
    void keep_header(std::span<std::byte>& input) noexcept;

    [[nodiscard]] Fault check_data_frame(const FrameHeader& header) const noexcept;
    [[nodiscard]] Event usual_event(std::span<std::byte>& input) noexcept;
    [[nodiscard]] Event any_event(std::span<std::byte>& input) noexcept;
    [[nodiscard]] Event whole_message(Opcode opcode, std::span<std::byte> payload,
                                      std::uint32_t mask_key) noexcept;
    [[nodiscard]] Event whole_compressed(Opcode opcode, std::span<std::byte> payload,
                                         std::uint32_t mask_key) noexcept;
    [[nodiscard]] Event whole_text(std::span<std::byte> payload, std::uint32_t mask_key) noexcept;
    [[nodiscard]] std::uint64_t size_max(bool is_compressed) const noexcept;
    void begin_data(const FrameHeader& header) noexcept;
    [[nodiscard]] bool unmask(std::span<std::byte> piece) noexcept;
    [[nodiscard]] bool keep(std::span<const std::byte> piece) noexcept;
    [[nodiscard]] Event shown(Event::Kind kind, std::span<std::byte> payload) const noexcept;
    [[nodiscard]] Event end_message(std::span<std::byte> payload) noexcept;

    [[nodiscard]] Event whole_control(const FrameHeader& header,
                                      std::span<std::byte>& input) noexcept;
    void begin_control(const FrameHeader& header) noexcept;
    void keep_control(std::span<const std::byte> piece) noexcept;
    [[nodiscard]] Event end_control() noexcept;
    [[nodiscard]] Event control_event(Opcode opcode, std::span<std::byte> payload) noexcept;
    [[nodiscard]] Event close_event(std::span<std::byte> payload) noexcept;

    [[nodiscard]] Event fail(Fault fault) noexcept;
    void give_back() noexcept;
    void forget_message() noexcept;

    const ReaderSetup* setup_;
    Buffer message_;                     // Assembled so far.
    Buffer control_;                     // Of a control frame that came in pieces.
    std::uint64_t frame_size_left_ = 0;  // Payload of the current frame that is still to come.
    std::uint64_t message_size_ = 0;     // As claimed by the frame headers so far.
    std::uint32_t mask_key_ = 0;         // Rotated for the next byte of the payload.
    std::uint32_t fragment_count_ = 0;   // Frames of the message so far.
    Utf8Validator utf8_;                 // Of the message's text.
    Step step_ = Step::header;
    Opcode opcode_ = Opcode::continuation;  // Of the message; continuation: inside none.
    Opcode control_opcode_ = Opcode::close;
    bool is_last_frame_ : 1 = false;  // The current data frame bears FIN.
    bool may_be_compressed_ : 1 = false;
    bool is_compressed_ : 1 = false;           // The message.
    std::uint8_t header_size_ = 0;             // Bytes in header_.
    std::byte header_[frame_header_size_max];  // The part of a header that came.
};

// One in every connection, the idle ones too.
static_assert(sizeof(MessageReader) <= 80);

}  // namespace edgews
