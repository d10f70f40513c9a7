// How a byte goes through the reader.
//
//     header ──▶ data ──▶ header …     a frame's payload came in pieces
//     header ──▶ header …              a frame lay whole in the input: the usual case
//     header ──▶ control ──▶ delivered ──▶ header
//
// Only what cannot be answered from the input is kept. A whole message in one
// frame never touches the members: it is unmasked, checked and returned as a view
// (whole_message). Otherwise the frame's header is turned into members
// (begin_data), and its payload is taken piece by piece: unmasked and
// checked where it lies, then appended to message_, or shown as a chunk.
//
// A frame whose mask bit is against section 5.1 fails in parse_frame_header: past
// it, a server's input is masked and a client's is not.
//
// No number from a header is added to another before it was compared with what
// is left of the limit, and none of them decides how much memory is taken.
#include "core/websocket/message_reader.hpp"

#include <edgews/close_code.hpp>
#include "core/kernels/mask.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace edgews {
namespace {

// Less is not worth a system call of its own: it comes with the shared buffer.
constexpr std::size_t direct_size_min = 16 * 1024;

// The first two bytes of the usual frames (section 5.2), see usual_event().
constexpr std::uint8_t fin_text = 0x81;
constexpr std::uint8_t fin_binary = 0x82;
constexpr unsigned mask_bit = 0x80;
constexpr std::size_t short_size_max = 125;
constexpr std::size_t length_in_2_bytes = 126;

// Removes up to `size` bytes from the front of `input`.
std::span<std::byte> take(std::span<std::byte>& input, std::uint64_t size) noexcept {
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(size, input.size()));
    const std::span<std::byte> front = input.first(taken);
    input = input.subspan(taken);
    return front;
}

}  // namespace

Event MessageReader::next(std::span<std::byte>& input) noexcept {
    const bool is_between_messages =
        step_ == Step::header && header_size_ == 0 && opcode_ == Opcode::continuation;
    if (!is_between_messages) return any_event(input);
    return input.empty() ? Event{} : usual_event(input);
}

Event MessageReader::any_event(std::span<std::byte>& input) noexcept {
    for (;;) {
        switch (step_) {
            case Step::header: {
                if (input.empty()) return {};
                const std::size_t kept = header_size_;
                const ParsedHeader parsed =
                    kept == 0 ? parse_frame_header(input, setup_->role, may_be_compressed_)
                              : parse_continued_header(input);
                if (parsed.fault != Fault::none) return fail(parsed.fault);
                if (parsed.size == 0) {
                    keep_header(input);
                    return {};
                }
                header_size_ = 0;
                input = input.subspan(parsed.size - kept);
                const FrameHeader& header = parsed.header;
                const bool is_whole = header.payload_size <= input.size();
                if (is_control(header.opcode)) {
                    if (is_whole) return whole_control(header, input);
                    begin_control(header);
                    break;
                }
                const Fault fault = check_data_frame(header);
                if (fault != Fault::none) return fail(fault);
                const bool is_first = header.opcode != Opcode::continuation;
                if (is_first && header.fin && is_whole && !setup_->streaming) {
                    const std::span<std::byte> payload = take(input, header.payload_size);
                    return header.rsv1 ? whole_compressed(header.opcode, payload, header.mask_key)
                                       : whole_message(header.opcode, payload, header.mask_key);
                }
                begin_data(header);
                if (is_first && setup_->streaming) return shown(Event::Kind::begin, {});
                break;
            }
            case Step::data: {
                if (input.empty() && frame_size_left_ > 0) return {};
                const std::span<std::byte> piece = take(input, frame_size_left_);
                if (!unmask(piece)) return fail(Fault::invalid_utf8);
                if (setup_->streaming && !piece.empty()) return shown(Event::Kind::chunk, piece);
                const bool is_message_end = frame_size_left_ == 0 && is_last_frame_;
                // Nothing came before this piece: it can be shown where it lies.
                if (is_message_end && !message_) return end_message(piece);
                if (!keep(piece)) return fail(Fault::no_memory);
                if (is_message_end) return end_message(message_.bytes());
                if (frame_size_left_ == 0) step_ = Step::header;
                break;
            }
            case Step::control:
                if (input.empty()) return {};
                keep_control(take(input, frame_size_left_));
                if (frame_size_left_ == 0) return end_control();
                break;
            case Step::delivered:
                give_back();
                step_ = Step::header;
                break;
            case Step::bad_text: return fail(Fault::invalid_utf8);
            case Step::discarding:
                give_back();
                input = input.last(0);
                return {};
        }
    }
}

// The usual message: whole in the input, in one frame of less than 64 KiB, and nothing to
// remember before or after it. The short cut saves half of the time of 125 bytes; all
// others, and all faults but invalid text, are left to the general way.
Event MessageReader::usual_event(std::span<std::byte>& input) noexcept {
    const bool is_masked = setup_->role == Role::server;
    std::size_t header_size = is_masked ? 2 + sizeof(std::uint32_t) : 2;
    if (input.size() < header_size) return any_event(input);
    const auto first = std::to_integer<std::uint8_t>(input[0]);
    if (first != fin_text && first != fin_binary) return any_event(input);
    // A mask bit that breaks section 5.1 makes this more than any short length.
    std::size_t size = std::to_integer<std::size_t>(input[1]) ^ (is_masked ? mask_bit : 0U);
    if (size > short_size_max) {
        header_size += 2;
        if (size != length_in_2_bytes || input.size() < header_size) return any_event(input);
        size = std::to_integer<std::size_t>(input[2]) << 8 | std::to_integer<std::size_t>(input[3]);
        if (size <= short_size_max) return any_event(input);
    }
    if (input.size() - header_size < size || size > setup_->message_size_max)
        return any_event(input);
    if (size > setup_->frame_size_max || setup_->streaming) return any_event(input);

    std::uint32_t mask_key = 0;
    if (is_masked) std::memcpy(&mask_key, &input[header_size - sizeof mask_key], sizeof mask_key);
    const std::span<std::byte> payload = input.subspan(header_size, size);
    input = input.subspan(header_size + size);
    return whole_message(first == fin_text ? Opcode::text : Opcode::binary, payload, mask_key);
}

std::span<std::byte> MessageReader::direct_space() noexcept {
    if (step_ != Step::data || setup_->streaming) return {};
    if (frame_size_left_ < direct_size_min || message_.size() < direct_size_min) return {};
    if (message_.free_space().size() < direct_size_min) {
        // A block is doubled only when it is nearly full, so that it stays in
        // proportion to what arrived. Until then the input fills it.
        if (message_.free_space().size() > message_.size() / 8) return {};
        // Where there is no memory, keep() says so.
        if (!setup_->pool->try_reserve(message_, direct_size_min, frame_size_left_)) return {};
    }
    const std::span<std::byte> space = message_.free_space();
    return space.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(frame_size_left_, space.size())));
}

void MessageReader::direct_received(std::size_t count) noexcept {
    assert(step_ == Step::data);
    assert(count <= frame_size_left_);
    const std::span<std::byte> piece = message_.free_space().first(count);
    message_.commit(count);
    if (!unmask(piece)) step_ = Step::bad_text;
}

bool MessageReader::is_idle() const noexcept {
    if (step_ == Step::discarding) return true;
    const bool between_frames = step_ == Step::header || step_ == Step::delivered;
    return between_frames && header_size_ == 0 && opcode_ == Opcode::continuation;
}

bool MessageReader::is_inside_message() const noexcept {
    if (opcode_ != Opcode::continuation) return true;
    // A first byte that is no good was a fault, so this one has a defined opcode.
    return header_size_ > 0 &&
           !is_control(Opcode{static_cast<std::uint8_t>(header_[0] & std::byte{0x0F})});
}

// Requires: header_ holds the first bytes of the header, the input the next.
ParsedHeader MessageReader::parse_continued_header(std::span<const std::byte> input) noexcept {
    const std::size_t room = frame_header_size_max - header_size_;
    const std::size_t size = std::min(room, input.size());
    std::memcpy(header_ + header_size_, input.data(), size);
    return parse_frame_header(std::span(header_).first(header_size_ + size), setup_->role,
                              may_be_compressed_);
}

// Requires: the header does not end in the input.
void MessageReader::keep_header(std::span<std::byte>& input) noexcept {
    assert(input.size() < frame_header_size_max - header_size_);
    std::memcpy(header_ + header_size_, input.data(), input.size());
    header_size_ = static_cast<std::uint8_t>(header_size_ + input.size());
    input = input.last(0);
}

Fault MessageReader::check_data_frame(const FrameHeader& header) const noexcept {
    // Section 5.4: the frames of two messages never mix.
    const bool is_inside = opcode_ != Opcode::continuation;
    const bool continues = header.opcode == Opcode::continuation;
    if (continues && !is_inside) return Fault::unexpected_continuation;
    if (!continues && is_inside) return Fault::expected_continuation;
    if (header.payload_size > setup_->frame_size_max) return Fault::frame_too_big;
    const std::uint64_t limit = size_max(continues ? is_compressed_ : header.rsv1);
    if (header.payload_size > limit - message_size_) return Fault::message_too_big;
    if (fragment_count_ >= fragment_limit(*setup_)) return Fault::too_many_fragments;
    return Fault::none;
}

// A message in one frame, whose payload came whole.
Event MessageReader::whole_message(Opcode opcode, std::span<std::byte> payload,
                                   std::uint32_t mask_key) noexcept {
    if (opcode == Opcode::text) return whole_text(payload, mask_key);
    if (setup_->role == Role::server) apply_mask(payload, mask_key);
    return {.kind = Event::Kind::message, .opcode = opcode, .payload = payload};
}

Event MessageReader::whole_compressed(Opcode opcode, std::span<std::byte> payload,
                                      std::uint32_t mask_key) noexcept {
    if (setup_->role == Role::server) apply_mask(payload, mask_key);
    return {
        .kind = Event::Kind::message, .opcode = opcode, .is_compressed = true, .payload = payload};
}

Event MessageReader::whole_text(std::span<std::byte> payload, std::uint32_t mask_key) noexcept {
    const bool is_masked = setup_->role == Role::server;
    Utf8Validator utf8;
    const bool is_valid = is_masked ? utf8.unmask_and_feed(payload, mask_key) : utf8.feed(payload);
    if (!is_valid || !utf8.is_complete()) return fail(Fault::invalid_utf8);
    return {.kind = Event::Kind::message, .opcode = Opcode::text, .payload = payload};
}

// What cannot be compressed grows by it: DEFLATE adds 5 bytes to each block that it stores, and a
// block may be as short as 127 bytes.
std::uint64_t MessageReader::size_max(bool is_compressed) const noexcept {
    const std::uint64_t size = setup_->message_size_max;
    const std::uint64_t growth = is_compressed ? size / 16 + 64 : 0;
    return size > UINT64_MAX - growth ? UINT64_MAX : size + growth;
}

// Requires: check_data_frame(header) found no fault.
void MessageReader::begin_data(const FrameHeader& header) noexcept {
    if (header.opcode != Opcode::continuation) {
        opcode_ = header.opcode;
        is_compressed_ = header.rsv1;
    }
    message_size_ += header.payload_size;
    fragment_count_ += 1;
    frame_size_left_ = header.payload_size;
    mask_key_ = header.mask_key;
    is_last_frame_ = header.fin;
    step_ = Step::data;
}

// Unmasks and checks the next piece of the frame's payload. False: it is not UTF-8.
bool MessageReader::unmask(std::span<std::byte> piece) noexcept {
    const std::uint32_t key = mask_key_;
    frame_size_left_ -= piece.size();
    mask_key_ = advance_mask(key, piece.size());
    const bool is_masked = setup_->role == Role::server;
    if (opcode_ == Opcode::text && !is_compressed_) {
        return is_masked ? utf8_.unmask_and_feed(piece, key) : utf8_.feed(piece);
    }
    if (is_masked) apply_mask(piece, key);
    return true;
}

// Appends to the message; false: there is no memory for it. A block has room for at most 9/8 of
// what arrived, rounded up to the next size that the pool has: 9/4 of it at most.
bool MessageReader::keep(std::span<const std::byte> piece) noexcept {
    if (piece.empty()) return true;
    if (message_.free_space().size() < piece.size()) {
        const std::uint64_t ahead = (message_.size() + piece.size()) / 8;
        const auto more = static_cast<std::size_t>(std::min(ahead, frame_size_left_));
        // A few bytes do not get a large block on the word of their header.
        const bool is_serious = message_.size() + piece.size() >= direct_size_min;
        const std::uint64_t hoped_for = is_serious ? piece.size() + frame_size_left_ : 0;
        if (!setup_->pool->try_reserve(message_, piece.size() + more, hoped_for)) return false;
    }
    message_.append(piece);
    return true;
}

// A part of the current message.
Event MessageReader::shown(Event::Kind kind, std::span<std::byte> payload) const noexcept {
    return {.kind = kind, .opcode = opcode_, .is_compressed = is_compressed_, .payload = payload};
}

Event MessageReader::end_message(std::span<std::byte> payload) noexcept {
    if (!utf8_.is_complete()) return fail(Fault::invalid_utf8);
    const auto kind = setup_->streaming ? Event::Kind::end : Event::Kind::message;
    const Event event = shown(kind, payload);
    forget_message();
    step_ = message_ ? Step::delivered : Step::header;
    return event;
}

// Requires: the payload lies in the input.
Event MessageReader::whole_control(const FrameHeader& header,
                                   std::span<std::byte>& input) noexcept {
    const std::span<std::byte> payload = take(input, header.payload_size);
    if (setup_->role == Role::server) apply_mask(payload, header.mask_key);
    return control_event(header.opcode, payload);
}

void MessageReader::begin_control(const FrameHeader& header) noexcept {
    control_ = setup_->pool->take(control_payload_size_max);
    control_opcode_ = header.opcode;
    frame_size_left_ = header.payload_size;
    mask_key_ = header.mask_key;
    step_ = Step::control;
}

void MessageReader::keep_control(std::span<const std::byte> piece) noexcept {
    control_.append(piece);
    frame_size_left_ -= piece.size();
}

Event MessageReader::end_control() noexcept {
    if (setup_->role == Role::server) apply_mask(control_.bytes(), mask_key_);
    step_ = Step::delivered;
    return control_event(control_opcode_, control_.bytes());
}

Event MessageReader::control_event(Opcode opcode, std::span<std::byte> payload) noexcept {
    if (opcode == Opcode::close) return close_event(payload);
    const auto kind = opcode == Opcode::ping ? Event::Kind::ping : Event::Kind::pong;
    return {.kind = kind, .payload = payload};
}

// Section 5.5.1: nothing, or a code and then a reason.
Event MessageReader::close_event(std::span<std::byte> payload) noexcept {
    std::uint16_t code = close_code::no_status;
    if (!payload.empty()) {
        if (payload.size() == 1) return fail(Fault::close_payload_of_one);
        code = static_cast<std::uint16_t>(std::to_integer<unsigned>(payload[0]) << 8 |
                                          std::to_integer<unsigned>(payload[1]));
        if (!close_code::may_be_on_the_wire(code)) return fail(Fault::close_code_invalid);
        payload = payload.subspan(2);
        if (!is_utf8(payload)) return fail(Fault::invalid_utf8);
    }
    message_.reset();
    forget_message();
    step_ = Step::discarding;  // Which gives back control_, once the reason was read.
    return {.kind = Event::Kind::close, .close_code = code, .payload = payload};
}

Event MessageReader::fail(Fault fault) noexcept {
    assert(fault != Fault::none);
    discard();
    return {.kind = Event::Kind::fault, .fault = fault};
}

void MessageReader::discard() noexcept {
    message_.reset();
    control_.reset();
    forget_message();
    header_size_ = 0;
    step_ = Step::discarding;
}

Buffer MessageReader::take_payload() noexcept {
    assert(step_ == Step::delivered && !control_);
    return std::move(message_);
}

// The buffer that the last event showed. A message's frames may be around a
// control frame, so that one goes first.
void MessageReader::give_back() noexcept {
    if (control_) {
        control_.reset();
    } else {
        message_.reset();
    }
}

// All but the bytes.
void MessageReader::forget_message() noexcept {
    opcode_ = Opcode::continuation;
    message_size_ = 0;
    fragment_count_ = 0;
    is_compressed_ = false;
    utf8_.reset();
}

}  // namespace edgews
