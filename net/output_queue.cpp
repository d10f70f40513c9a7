#include <edgews/net/output_queue.hpp>

#include <sys/uio.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace edgews {

// Room for `count` bytes right behind the last segment's, in its chunk or in a
// new segment with a new one.
std::span<std::byte> OutputQueue::room(std::size_t count) {
    if (first_ == segments_.size() || segments_.back().owned.free_space().size() < count) {
        Segment& fresh = segments_.emplace_back();
        fresh.owned = pool_->take(std::max(count, chunk_size_));
        chunk_size_ = std::min(2 * chunk_size_, chunk_size_max);
        fresh.data = fresh.owned.bytes().data();
    }
    return segments_.back().owned.free_space();
}

// The first `count` bytes of room() were written.
void OutputQueue::extend(std::size_t count) noexcept {
    Segment& last = segments_.back();
    last.owned.commit(count);
    last.size += count;
    size_ += count;
}

void OutputQueue::append(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    std::memcpy(room(bytes.size()).data(), bytes.data(), bytes.size());
    extend(bytes.size());
}

void OutputQueue::append_frame(const FrameHeader& header, std::span<const std::byte> payload,
                               bool borrow) {
    if (!borrow || payload.size() < borrow_size_min) {
        const std::span<std::byte> space = room(frame_header_size_max + payload.size());
        const std::size_t header_size =
            encode_frame_header(header, space.first<frame_header_size_max>());
        std::copy(payload.begin(), payload.end(), space.data() + header_size);
        return extend(header_size + payload.size());
    }
    Segment& segment = segments_.emplace_back();
    const std::size_t header_size = encode_frame_header(header, segment.header);
    segment.header_end = static_cast<std::uint8_t>(header_size);
    segment.data = payload.data();
    segment.size = payload.size();
    segment.is_borrowed = true;
    has_borrowed_ = true;
    size_ += header_size + payload.size();
}

void OutputQueue::append(PreparedMessage message) {
    const std::span<const std::byte> frame = message.frame();
    if (frame.size() < borrow_size_min) return append(frame);
    Segment& segment = segments_.emplace_back();
    segment.data = frame.data();
    segment.size = frame.size();
    segment.shared = std::move(message);
    size_ += frame.size();
}

std::size_t OutputQueue::gather(std::span<iovec> vectors) const noexcept {
    std::size_t count = 0;
    for (std::size_t i = first_; i < segments_.size() && count < vectors.size(); ++i) {
        const Segment& segment = segments_[i];
        if (segment.header_begin < segment.header_end) {
            vectors[count++] = {
                .iov_base = const_cast<std::byte*>(segment.header.data() + segment.header_begin),
                .iov_len = static_cast<std::size_t>(segment.header_end - segment.header_begin)};
        }
        if (count == vectors.size()) break;
        vectors[count++] = {.iov_base = const_cast<std::byte*>(segment.data),
                            .iov_len = segment.size};
    }
    return count;
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

void OutputQueue::copy_borrowed() {
    if (!has_borrowed_) return;
    for (std::size_t i = first_; i < segments_.size(); ++i) {
        Segment& segment = segments_[i];
        if (!segment.is_borrowed) continue;
        segment.owned = pool_->take(segment.size);
        segment.owned.append({segment.data, segment.size});
        segment.data = segment.owned.bytes().data();
        segment.is_borrowed = false;
    }
    has_borrowed_ = false;
}

void OutputQueue::clear() noexcept {
    chunk_size_ = chunk_size_min;
    segments_.clear();
    first_ = 0;
    size_ = 0;
    has_borrowed_ = false;
}

}  // namespace edgews
