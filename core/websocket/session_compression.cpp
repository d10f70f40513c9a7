// A session's compressed messages, both ways (RFC 7692).
//
// What arrives is restored into a buffer from the pool, a slice in each step, and goes on from
// there as any message.
#include "core/kernels/mask.hpp"
#include "core/websocket/session.hpp"

#include <algorithm>
#include <utility>

namespace edgews {

namespace {

using Part = MessageCodec::Part;
using Result = MessageInflater::Result;

constexpr std::size_t chunk_size = 16 * 1024;  // Of a streamed message, in one event at most.
static_assert(chunk_size <= BufferPool::small_size);  // So much anyone may have.
// What room a message is first given, as a multiple of what arrived; more when it is full.
constexpr std::size_t usual_ratio = 4;
constexpr std::size_t room_min = 512;
// Compressed bytes of one step: empty blocks of 10 bytes take 6 µs each.
constexpr std::size_t slice_size = 2 * 1024;

// Restores the next of the input. `failed`: the inflater's fault says why.
Result restore_slice(Deflating& deflating) noexcept {
    Restoring& restoring = deflating.restoring;
    const std::size_t size = std::min(restoring.input.size(), slice_size);
    const std::size_t size_before = restoring.output.size();
    std::span<const std::byte> slice = restoring.input.first(size);
    const bool is_last = size == restoring.input.size();
    const Result result =
        deflating.inflater.restore(slice, is_last ? restoring.part : Part::more, restoring.output);
    restoring.input = restoring.input.subspan(size - slice.size());
    deflating.restored_size += restoring.output.size() - size_before;
    return result;
}

bool is_unfinished(Result result, std::span<const std::byte> input) noexcept {
    return result == Result::full || (result == Result::hungry && !input.empty());
}

}  // namespace

void WebSocketSession::compress_with(std::unique_ptr<MessageCodec> codec,
                                     const DeflateAnswer& answer, std::size_t message_size_min) {
    make_parts().deflating = std::make_unique<Deflating>(
        Deflating{.answer = answer,
                  .message_size_min = message_size_min,
                  .inflater = MessageInflater(std::move(codec), setup_->reader)});
    reader_.allow_compressed();
}

const DeflateAnswer* WebSocketSession::compression() const noexcept {
    return parts_ && parts_->deflating ? &parts_->deflating->answer : nullptr;
}

// ---- From the peer ---------------------------------------------------------

// The memory of the last event goes back first.
Event WebSocketSession::read_compressed(std::span<std::byte>& input) noexcept {
    Restoring& restoring = parts_->deflating->restoring;
    if (!may_send()) restoring = {};  // Of no interest any more.
    if (restoring.is_active) {
        const Event event = restoring.is_streamed ? restore_part() : restore_message();
        if (event) return event;
    }
    restoring.output.reset();
    const Event event = reader_.next(input);
    note_end(event);
    return event.is_compressed && may_send() ? begin_restoring(event) : event;
}

Event WebSocketSession::begin_restoring(const Event& event) noexcept {
    Deflating& deflating = *parts_->deflating;
    const bool is_whole = event.kind == Event::Kind::message;
    if (is_whole || event.kind == Event::Kind::begin) deflating.inflater.begin(event.opcode);
    if (event.kind == Event::Kind::begin) {
        return {.kind = Event::Kind::begin, .opcode = event.opcode};
    }
    deflating.restoring = {.input = event.payload,
                           .opcode = event.opcode,
                           .part = event.ends_message() ? Part::last : Part::more,
                           .is_streamed = !is_whole,
                           .is_active = true};
    // One byte more than may be, so that a message of that size is not taken for too large a one.
    const std::size_t size_max = setup_->reader.message_size_max;
    const std::size_t likely_size = std::max(room_min, usual_ratio * event.payload.size());
    const std::size_t size =
        is_whole ? (likely_size < size_max ? likely_size : size_max + 1) : chunk_size;
    deflating.restoring.output = setup_->reader.pool->try_take(size);
    if (!deflating.restoring.output) return fail(Fault::no_memory);
    return {.kind = Event::Kind::restoring};
}

Event WebSocketSession::restore_message() noexcept {
    Deflating& deflating = *parts_->deflating;
    Restoring& restoring = deflating.restoring;
    const Result result = restore_slice(deflating);
    if (result == Result::failed) return fail(deflating.inflater.fault());
    Buffer& message = restoring.output;
    if (result == Result::full && !setup_->reader.pool->try_reserve(message, message.size())) {
        return fail(Fault::no_memory);
    }
    if (is_unfinished(result, restoring.input)) return {.kind = Event::Kind::restoring};
    restoring.is_active = false;
    restoring.kept.reset();
    return {.kind = Event::Kind::message, .opcode = restoring.opcode, .payload = message.bytes()};
}

// The next bytes that a part of a streamed message stands for, and its end behind the last. None:
// all of the part was told.
Event WebSocketSession::restore_part() noexcept {
    Deflating& deflating = *parts_->deflating;
    Restoring& restoring = deflating.restoring;
    if (restoring.is_at_end) return end_part();
    if (!restoring.output) restoring.output = setup_->reader.pool->try_take(chunk_size);
    if (!restoring.output) return fail(Fault::no_memory);
    restoring.output.clear();
    const Result result = restore_slice(deflating);
    if (result == Result::failed) return fail(deflating.inflater.fault());
    restoring.is_at_end = !is_unfinished(result, restoring.input);
    if (restoring.output.size() > 0) {
        return {.kind = Event::Kind::chunk,
                .opcode = restoring.opcode,
                .payload = restoring.output.bytes()};
    }
    return restoring.is_at_end ? end_part() : Event{.kind = Event::Kind::restoring};
}

Event WebSocketSession::end_part() noexcept {
    Restoring& restoring = parts_->deflating->restoring;
    restoring.is_active = restoring.is_at_end = false;
    restoring.kept.reset();
    if (restoring.part == Part::more) return {};
    return {.kind = Event::Kind::end, .opcode = restoring.opcode};
}

Event WebSocketSession::fail(Fault fault) noexcept {
    parts_->deflating->restoring = {};
    reader_.discard();
    return {.kind = Event::Kind::fault, .fault = fault};
}

Buffer WebSocketSession::take_payload() noexcept {
    if (parts_ && parts_->deflating && parts_->deflating->restoring.output) {
        return std::move(parts_->deflating->restoring.output);
    }
    return reader_.take_payload();
}

// Of a whole message that is being restored, it is no payload yet.
void WebSocketSession::release_restored() noexcept {
    Restoring& restoring = parts_->deflating->restoring;
    if (!restoring.is_active || restoring.is_streamed) restoring.output.reset();
}

std::size_t WebSocketSession::next_slice_size() const noexcept {
    if (!is_restoring()) return 0;
    return std::min(parts_->deflating->restoring.input.size(), slice_size);
}

std::uint64_t WebSocketSession::restored_size() const noexcept {
    return parts_ && parts_->deflating ? parts_->deflating->restored_size : 0;
}

// It is copied once, however many steps it takes.
bool WebSocketSession::keep_restoring() noexcept {
    Restoring& restoring = parts_->deflating->restoring;
    if (restoring.kept || restoring.input.empty()) return true;
    restoring.kept = setup_->reader.pool->try_take(restoring.input.size());
    if (!restoring.kept) return false;
    restoring.kept.append(restoring.input);
    restoring.input = restoring.kept.bytes();
    return true;
}

// ---- To the peer -----------------------------------------------------------

bool WebSocketSession::is_worth_compressing(std::size_t size, Compress how) const noexcept {
    if (how == Compress::never) return false;
    return how == Compress::always || size >= parts_->deflating->message_size_min;
}

bool WebSocketSession::write_compressed(Message message, OutputQueue& queue) {
    MessageCodec& codec = parts_->deflating->codec();
    Buffer packed = setup_->reader.pool->take(codec.compressed_size_max(message.size()));
    packed.commit(codec.compress(message.bytes(), packed.free_space()));
    if (packed.size() >= message.size() && !codec.has_context()) return false;
    FrameHeader header{.rsv1 = true,
                       .opcode = message.is_text() ? Opcode::text : Opcode::binary,
                       .payload_size = packed.size()};
    if (is_client()) header = masked(header);
    // A small part of a block is copied, or a backlog of a few bytes could hold very many.
    if (packed.size() < OutputQueue::borrow_size_min || packed.capacity() > 4 * packed.size()) {
        queue.append_frame(header, packed.bytes());
    } else {
        if (is_client()) apply_mask(packed.bytes(), header.mask_key);
        queue.own_frame(header, std::move(packed));
    }
    return true;
}

void WebSocketSession::rest_compression() noexcept {
    if (compression() != nullptr && reader_.is_idle() && !is_restoring()) {
        parts_->deflating->codec().rest();
    }
}

}  // namespace edgews
