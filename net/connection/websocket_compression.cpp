// A connection's compressed messages, both ways (RFC 7692).
//
// What arrives is restored into a buffer from the pool, and goes on from there as any message. What
// is sent is compressed on its own, or, prepared for many, by the first of them.
#include "core/kernels/mask.hpp"
#include "core/websocket/message_codec.hpp"
#include "core/websocket/output_queue.hpp"
#include "core/websocket/permessage_deflate.hpp"
#include "net/connection/extras.hpp"
#include "net/connection/shared.hpp"
#include "net/connection/websocket_connection.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

namespace edgews {

namespace {

using Clock = std::chrono::steady_clock;
using Part = MessageCodec::Part;
using Result = MessageInflater::Result;

constexpr std::size_t chunk_size = 16 * 1024;  // That a streaming handler is given at most.
// What room a message is first given, as a multiple of what arrived; more when it is full.
constexpr std::size_t usual_ratio = 4;
constexpr std::size_t room_min = 512;
// Compressed bytes that are restored in one go, for empty blocks of 10 bytes take 6 µs each. So
// much of a share costs what the clock says, in nanoseconds; less, to look at the clock would cost
// more.
constexpr std::size_t slice_size = 2 * 1024;
constexpr std::size_t timed_size_min = 128;
constexpr std::size_t untimed_byte_cost = 256;

bool is_unfinished(Result result, std::span<const std::byte> input) noexcept {
    return result == Result::full || (result == Result::hungry && !input.empty());
}

}  // namespace

void WebSocketConnection::negotiate_compression(const HttpHead& head) {
    if (!route_->compression) return;
    const Compression& compression = *options().compression;
    const auto answer = answer_deflate_offers(head, compression.terms());
    if (!answer) return;
    agree_on_compression(*answer);
}

void WebSocketConnection::agree_on_compression(const DeflateAnswer& answer) {
    extras().deflating = std::make_unique<Deflating>(Deflating{
        .answer = answer,
        .message_size_min = options().compression->message_size_min(),
        .inflater = MessageInflater(
            route_->compression->make_codec(answer.agreed, route_->setup.role), route_->setup)});
    reader_.allow_compressed();
}

void WebSocketConnection::append_extensions(std::string& out) const {
    if (compression() != nullptr) append_deflate_answer(out, extras_->deflating->answer);
}

const DeflateParameters* WebSocketConnection::compression() const noexcept {
    return extras_ && extras_->deflating ? &extras_->deflating->answer.agreed : nullptr;
}

// ---- From the socket -------------------------------------------------------

void WebSocketConnection::handle_compressed(const Event& event) {
    Event restored = event;
    restored.is_compressed = false;
    switch (event.kind) {
        case Event::Kind::message:
            extras_->deflating->inflater.begin(event.opcode);
            return restore_message(event.opcode, event.payload, room_for(event.payload.size()), {});
        case Event::Kind::begin:
            extras_->deflating->inflater.begin(event.opcode);
            return handle_message(restored);
        case Event::Kind::chunk: return restore_part(event.opcode, event.payload, Part::more, {});
        case Event::Kind::end: return restore_part(event.opcode, event.payload, Part::last, {});
        case Event::Kind::none:
        case Event::Kind::ping:
        case Event::Kind::pong:
        case Event::Kind::close:
        case Event::Kind::fault: break;
    }
    assert(false);  // These are never compressed.
}

// One byte more than may be, so that a message of that size is not taken for too large a one.
Buffer WebSocketConnection::room_for(std::size_t compressed_size) {
    const std::size_t size_max = route_->setup.message_size_max;
    const std::size_t likely_size = std::max(room_min, usual_ratio * compressed_size);
    return reactor().pool().try_take(likely_size < size_max ? likely_size : size_max + 1);
}

// Restores the next of `input`, as of a message that ends with it as `part` says.
MessageInflater::Result WebSocketConnection::restore_slice(std::span<const std::byte>& input,
                                                           Part part, Buffer& output) {
    const std::size_t size = std::min(input.size(), slice_size);
    const std::size_t size_before = output.size();
    std::span<const std::byte> slice = input.first(size);
    const bool is_timed = size >= timed_size_min;
    const Clock::time_point begin = is_timed ? Clock::now() : Clock::time_point();
    const Result result = extras_->deflating->inflater.restore(
        slice, size == input.size() ? part : Part::more, output);
    const std::size_t cost = is_timed ? static_cast<std::size_t>((Clock::now() - begin).count())
                                      : size * untimed_byte_cost;
    shared().share.spend(output.size() - size_before + cost);
    input = input.subspan(size - slice.size());
    return result;
}

// A whole message; `message` holds what is restored of it already. `owner`: of the input, if that
// is the rest of an earlier turn.
void WebSocketConnection::restore_message(Opcode opcode, std::span<const std::byte> input,
                                          Buffer message, Buffer owner) {
    if (!message) return handle_fault(Fault::no_memory);
    Result result = Result::hungry;
    do {
        result = restore_slice(input, Part::last, message);
        if (result == Result::failed) return handle_fault(extras_->deflating->inflater.fault());
        if (result == Result::full && !reactor().pool().try_reserve(message, message.size())) {
            return handle_fault(Fault::no_memory);
        }
    } while (is_unfinished(result, input) && !shared().is_share_used_up());
    if (is_unfinished(result, input)) {
        return keep_rest(input, std::move(owner),
                         {.message = std::move(message), .opcode = opcode, .part = Part::last});
    }
    // Whatever the handler does, what it sends from here must not go back to the pool unsent.
    guard([&] {
        handle_message(
            {.kind = Event::Kind::message, .opcode = opcode, .payload = message.bytes()});
    });
    if (output_has_borrowed()) output().adopt(std::move(message));
}

// Delivers what the next bytes of a streamed message stand for, and its end behind the last.
void WebSocketConnection::restore_part(Opcode opcode, std::span<const std::byte> input, Part part,
                                       Buffer owner) {
    Buffer piece = reactor().pool().take(chunk_size);
    Result result = Result::full;
    while (is_unfinished(result, input) && closing_.may_send() && reading() == Reading::go_on) {
        piece.clear();
        result = restore_slice(input, part, piece);
        if (result == Result::failed) return handle_fault(extras_->deflating->inflater.fault());
        if (piece.size() == 0) continue;
        guard([&] {
            handle_message(
                {.kind = Event::Kind::chunk, .opcode = opcode, .payload = piece.bytes()});
        });
        if (output_has_borrowed()) flush();
    }
    const bool is_restored = !is_unfinished(result, input);
    if (is_paused_ || (!is_restored && shared().is_share_used_up())) {
        if (is_restored && part == Part::more) return;
        return keep_rest(input, std::move(owner),
                         {.opcode = opcode, .part = part, .is_restored = is_restored});
    }
    if (part == Part::last) tell_restored_end(opcode);
}

// It is copied once, however many turns it takes.
void WebSocketConnection::keep_rest(std::span<const std::byte> input, Buffer owner,
                                    DeflatingRest rest) {
    if (owner && contains(owner.bytes(), input)) {
        rest.begin = static_cast<std::size_t>(input.data() - owner.bytes().data());
        rest.bytes = std::move(owner);
    } else {
        rest.bytes = reactor().pool().try_take(input.size());
        if (!rest.bytes) return handle_fault(Fault::no_memory);
        rest.bytes.append(input);
    }
    extras_->deflating->rest = std::move(rest);
}

void WebSocketConnection::tell_restored_end(Opcode opcode) {
    if (Stream::is_open() && !is_given_up()) {
        handle_message({.kind = Event::Kind::end, .opcode = opcode});
    }
}

bool WebSocketConnection::holds_rest() const noexcept {
    return extras_ && extras_->deflating && extras_->deflating->rest.bytes;
}

void WebSocketConnection::go_on_with_rest() {
    DeflatingRest rest = std::exchange(extras_->deflating->rest, {});
    const std::span<const std::byte> input = rest.bytes.bytes().subspan(rest.begin);
    guard([&] {
        if (rest.message) {
            return restore_message(rest.opcode, input, std::move(rest.message),
                                   std::move(rest.bytes));
        }
        if (rest.is_restored) return tell_restored_end(rest.opcode);
        restore_part(rest.opcode, input, rest.part, std::move(rest.bytes));
    });
}

// ---- To the socket ---------------------------------------------------------

bool WebSocketConnection::compresses(std::size_t size, Compress how) const noexcept {
    if (how == Compress::never || !extras_->deflating) return false;
    return how == Compress::always || size >= extras_->deflating->message_size_min;
}

// Room is asked for as if it were not compressed: what a peer will find, once it was, must be sent.
std::optional<SendResult> WebSocketConnection::send_compressed(Message message) {
    const std::size_t size = frame_header_size_max + message.size();
    if (!has_room_for(size) && !make_room_for(size)) return refused();
    MessageCodec& codec = extras_->deflating->codec();
    Buffer packed = reactor().pool().take(codec.compressed_size_max(message.size()));
    packed.commit(codec.compress(message.bytes(), packed.free_space()));
    if (packed.size() >= message.size() && !codec.has_context()) return std::nullopt;
    FrameHeader header{.rsv1 = true,
                       .opcode = message.is_text() ? Opcode::text : Opcode::binary,
                       .payload_size = packed.size()};
    if (is_client()) header = masked(header);
    shared().counters.add(Counter::messages_sent);
    // A small part of a block is copied, or a backlog of a few bytes could hold very many.
    if (packed.size() < OutputQueue::borrow_size_min || packed.capacity() > 4 * packed.size()) {
        output().append_frame(header, packed.bytes());
    } else {
        if (is_client()) apply_mask(packed.bytes(), header.mask_key);
        output().own_frame(header, std::move(packed));
    }
    return accepted();
}

SendResult WebSocketConnection::send_prepared_compressed(const PreparedMessage& message) {
    MessageCodec& codec = extras_->deflating->codec();
    const PreparedMessage packed = message.compressed(codec);
    const SendResult result = send_prepared(packed);
    if (packed.is_compressed() && result != SendResult::dropped) codec.sent_alone();
    return result;
}

void WebSocketConnection::rest_compression() noexcept {
    if (compression() != nullptr && reader_.is_idle() && !holds_rest())
        extras_->deflating->codec().rest();
}

}  // namespace edgews
