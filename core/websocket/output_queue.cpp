#include "core/websocket/output_queue.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace edgews {

namespace {

constexpr std::size_t segment_count_min = 4;    // As many as the smallest block holds.
constexpr std::size_t segment_count_kept = 64;  // Of an empty queue that is likely to be used soon.

}  // namespace

// A new segment, with a chunk that has room for `size_min` bytes.
void OutputQueue::take_chunk(std::size_t size_min) {
    Segment& fresh = add_segment();
    fresh.owned = pool_->take(std::max(size_min, chunk_size_));
    chunk_size_ = std::min(2 * chunk_size_, chunk_size_max);
    set_room(fresh.owned.free_space());
    fresh.data = room_;
}

// Behind all others. What is left of the last one's chunk stays unused.
OutputQueue::Segment& OutputQueue::add_segment() {
    set_room({});
    if (segments_.capacity() == 0) segments_.reserve(segment_count_min);
    return segments_.emplace_back();
}

void OutputQueue::set_room(std::span<std::byte> room) noexcept {
    room_ = room.data();
    room_end_ = room.data() + room.size();
}

void OutputQueue::append(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
    extend(bytes.size());
}

void OutputQueue::append_frame(const FrameHeader& header,
                               std::span<const std::span<const std::byte>> pieces) {
    std::byte* place = room(frame_header_size_max + header.payload_size);
    const std::size_t header_size = encode_frame_header(
        header, std::span<std::byte, frame_header_size_max>(place, frame_header_size_max));
    place += header_size;
    for (const auto piece : pieces) place = std::copy(piece.begin(), piece.end(), place);
    extend(header_size + header.payload_size);
}

// A segment of its own, whose payload stays where it is.
OutputQueue::Segment& OutputQueue::add_frame(const FrameHeader& header,
                                             std::span<const std::byte> payload) {
    Segment& segment = add_segment();
    const std::size_t header_size = encode_frame_header(header, segment.header);
    segment.header_end = static_cast<std::uint8_t>(header_size);
    segment.data = payload.data();
    segment.size = payload.size();
    size_ += header_size + payload.size();
    return segment;
}

void OutputQueue::borrow_frame(const FrameHeader& header, std::span<const std::byte> payload) {
    add_frame(header, payload).is_borrowed = true;
    has_borrowed_ = true;
}

void OutputQueue::own_frame(const FrameHeader& header, Buffer payload) {
    Segment& segment = add_frame(header, payload.bytes());
    segment.owned = std::move(payload);  // Its bytes stay where they are.
}

// Whoever else borrowed from it stands further ahead, and is sent before the last one is. A small
// part of it is copied, or a backlog of a few bytes could hold very many.
void OutputQueue::adopt(Buffer memory) {
    const std::span<const std::byte> bytes = memory.bytes();
    Segment* owner = nullptr;
    bool others = false;
    for (std::size_t i = first_; i < segments_.size(); ++i) {
        Segment& segment = segments_[i];
        if (!segment.is_borrowed) continue;
        if (segment.data < bytes.data() || segment.data >= bytes.data() + bytes.size()) {
            others = true;
        } else if (memory.capacity() > 4 * segment.size) {
            own(segment);
        } else {
            segment.is_borrowed = false;
            owner = &segment;
        }
    }
    if (owner != nullptr) owner->owned = std::move(memory);
    has_borrowed_ = others;
}

void OutputQueue::append(PreparedMessage message) {
    const std::span<const std::byte> frame = message.frame();
    if (frame.size() < borrow_size_min) return append(frame);
    Segment& segment = add_segment();
    segment.data = frame.data();
    segment.size = frame.size();
    segment.shared = std::move(message);
    size_ += frame.size();
}

OutputQueue::Text::Text(BufferPool& of, std::string text) : pool(of), bytes(std::move(text)) {
    pool.count_held(bytes.capacity());
}

OutputQueue::Text::~Text() {
    pool.count_released(bytes.capacity());
}

void OutputQueue::own_text(std::string text) {
    const auto bytes = std::as_bytes(std::span(text));
    if (bytes.size() < borrow_size_min) return append(bytes);
    Segment& segment = add_segment();
    segment.text = std::make_unique<Text>(*pool_, std::move(text));
    segment.data = reinterpret_cast<const std::byte*>(segment.text->bytes.data());
    segment.size = segment.text->bytes.size();
    size_ += segment.size;
}

void OutputQueue::consume(std::size_t count) noexcept {
    assert(count <= size_);
    if (count == size_) return clear();
    size_ -= count;
    while (count > 0) {
        Segment& segment = segments_[first_];
        const std::size_t of_header =
            std::min<std::size_t>(count, segment.header_end - segment.header_begin);
        segment.header_begin = static_cast<std::uint8_t>(segment.header_begin + of_header);
        const std::size_t of_data = std::min(count - of_header, segment.size);
        segment.data += of_data;
        segment.size -= of_data;
        count -= of_header + of_data;
        if (segment.size > 0) break;
        segment = Segment{};
        ++first_;
    }
    // A queue that never runs empty must not keep what it sent.
    if (first_ >= 64 && first_ * 2 >= segments_.size()) {
        segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
}

void OutputQueue::settle() {
    for (std::size_t i = first_; has_borrowed_ && i < segments_.size(); ++i) {
        if (segments_[i].is_borrowed) own(segments_[i]);
    }
    has_borrowed_ = false;
    if (room_ == nullptr) return;
    Segment& last = segments_.back();
    if (last.owned.capacity() <= 4 * std::max(size_, chunk_size_min)) return;
    set_room({});
    own(last);
    chunk_size_ = chunk_size_min;
}

// Copies its bytes to a block that is no larger than it must be.
void OutputQueue::own(Segment& segment) {
    Buffer copy = pool_->take(segment.size);
    copy.append({segment.data, segment.size});
    segment.data = copy.bytes().data();
    segment.owned = std::move(copy);
    segment.is_borrowed = false;
}

void OutputQueue::clear() noexcept {
    size_ = 0;
    has_borrowed_ = false;
    const bool has_one_chunk = room_ != nullptr && &segments_.front() == &segments_.back();
    if (!has_one_chunk || segments_.front().owned.capacity() > chunk_size_max) {
        return segments_.capacity() > segment_count_kept ? release() : forget_segments();
    }
    Segment& only = segments_.front();
    set_room(only.owned.free_space());
    only.data = room_;
    only.size = 0;
}

void OutputQueue::release() noexcept {
    forget_segments();
    segments_ = std::vector<Segment, PoolAllocator<Segment>>(segments_.get_allocator());
}

void OutputQueue::forget_segments() noexcept {
    chunk_size_ = chunk_size_min;
    set_room({});
    segments_.clear();
    first_ = 0;
}

}  // namespace edgews
