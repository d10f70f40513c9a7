// The output that a connection still has to send, in order: framed bytes, gathered for one write.
//
// Small messages are copied together into a chunk from the pool. Large ones are
// not copied: those that lie in memory which stays put until the next flush are
// borrowed, prepared ones are shared, and a string becomes the queue's own. After a
// flush that did not send all, borrowed bytes are copied, for their memory is about
// to be reused.
//
//     segments:  | sent | header payload | header payload | … |     → one sendmsg
#pragma once

#include <edgews/prepared_message.hpp>
#include "core/base/buffer.hpp"
#include "core/kernels/mask.hpp"
#include "core/websocket/frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace edgews {

class OutputQueue {
  public:
    // `pool`: borrowed; for the copies.
    explicit OutputQueue(BufferPool& pool) noexcept
        : pool_(&pool), segments_(PoolAllocator<Segment>(pool)) {}

    // Much is to come, and to leave at once: the answers to a batch of input.
    void expect_batch() noexcept { chunk_size_ = chunk_size_max; }
    // Takes the first chunk already.
    void warm_up() { take_chunk(chunk_size_max / 2); }
    // Copies.
    void append(std::span<const std::byte> bytes);
    // A frame. Copies its payload, and masks the copy if the header says so.
    void append_frame(const FrameHeader& header, std::span<const std::byte> payload);
    // The same of a payload in pieces, never masked. Requires: they are as long as the header says.
    void append_frame(const FrameHeader& header,
                      std::span<const std::span<const std::byte>> pieces);
    // The same without a copy, never masked: `payload` stays valid and unchanged until settle().
    // Worth it from `borrow_size_min` on.
    void borrow_frame(const FrameHeader& header, std::span<const std::byte> payload);
    // The same with a payload that becomes the queue's own, masked already if the header says so.
    void own_frame(const FrameHeader& header, Buffer payload);
    // What was borrowed of `memory`, if anything was, is the queue's own from now on; the memory
    // goes back to its pool when that is sent.
    void adopt(Buffer memory);
    // Shares.
    void append(PreparedMessage message);
    // Sends the text from where it lies; it counts as memory of the pool's. Copies a short one.
    void own_text(std::string text);

    // Fills in the bytes that are to be sent next, in at most `vectors.size()` pieces, and returns
    // how many it filled. They are valid until the queue changes. A Vector is an address and a
    // size: the system's iovec, which core/ does not know.
    template <class Vector>
    [[nodiscard]] std::size_t gather(std::span<Vector> vectors) const noexcept;
    // The first `count` bytes of gather()'s have been sent.
    void consume(std::size_t count) noexcept;
    // What is left has to wait: makes what is borrowed the queue's own, and lets go of a chunk
    // that is mostly empty.
    void settle();
    // Forgets all bytes. Keeps the chunk when there was only one, for what comes next, and a list
    // of up to 64 segments.
    void clear() noexcept;
    // Gives all memory back to the pool. Requires: is_empty().
    void release() noexcept;

    // Bytes that wait, with their frame headers.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }
    [[nodiscard]] bool has_borrowed() const noexcept { return has_borrowed_; }
    // Remembers how many bytes that were sent the peer's system has not taken. What it was before.
    [[nodiscard]] std::uint32_t note_untaken(std::uint32_t size) noexcept {
        return std::exchange(untaken_size_, size);
    }

    // Below this, copying is cheaper than one more piece to gather.
    static constexpr std::size_t borrow_size_min = 4096;
    [[nodiscard]] static bool is_worth_borrowing(std::span<const std::byte> payload) noexcept {
        return payload.size() >= borrow_size_min;
    }

  private:
    // A string that is sent as it is.
    struct Text {
        Text(BufferPool& of, std::string text);
        Text(const Text&) = delete;
        Text& operator=(const Text&) = delete;
        ~Text();
        BufferPool& pool;
        std::string bytes;
    };
    struct Segment {
        std::array<std::byte, frame_header_size_max> header{};
        std::uint8_t header_begin = 0;
        std::uint8_t header_end = 0;
        bool is_borrowed = false;
        const std::byte* data = nullptr;
        std::size_t size = 0;
        Buffer owned{};                // Where data lies, if it is our copy,
        PreparedMessage shared{};      // or if it is shared,
        std::unique_ptr<Text> text{};  // or was handed over.
    };

    // Chunks double: a broadcast holds a small one for each of thousands.
    static constexpr std::size_t chunk_size_min = 512;
    static constexpr std::size_t chunk_size_max = 32 * 1024;

    // Room for `count` bytes, which become the last segment's by extend().
    [[nodiscard]] std::byte* room(std::size_t count) {
        if (static_cast<std::size_t>(room_end_ - room_) < count) take_chunk(count);
        return room_;
    }
    void extend(std::size_t count) noexcept {
        room_ += count;
        segments_.back().size += count;
        size_ += count;
    }
    void take_chunk(std::size_t size_min);
    Segment& add_segment();
    Segment& add_frame(const FrameHeader& header, std::span<const std::byte> payload);
    void set_room(std::span<std::byte> room) noexcept;
    void own(Segment& segment);
    void forget_segments() noexcept;

    BufferPool* pool_;
    std::vector<Segment, PoolAllocator<Segment>> segments_;
    std::size_t first_ = 0;          // segments_[0, first_) are sent.
    std::byte* room_ = nullptr;      // What is free behind the last segment's bytes in its chunk,
    std::byte* room_end_ = nullptr;  // if it has one.
    std::size_t size_ = 0;
    std::size_t chunk_size_ = chunk_size_min;  // Of the next chunk.
    bool has_borrowed_ = false;
    std::uint32_t untaken_size_ = 0;
};

template <class Vector>
std::size_t OutputQueue::gather(std::span<Vector> vectors) const noexcept {
    const auto vector_of = [](const std::byte* data, std::size_t size) {
        return Vector{const_cast<std::byte*>(data), size};
    };
    const Segment* const end = segments_.data() + segments_.size();
    std::size_t count = 0;
    for (const Segment* i = segments_.data() + first_; i != end && count < vectors.size(); ++i) {
        const auto header_size = static_cast<std::size_t>(i->header_end - i->header_begin);
        if (header_size > 0) {
            vectors[count++] = vector_of(i->header.data() + i->header_begin, header_size);
        }
        if (i->size == 0 || count == vectors.size()) continue;  // A kept chunk is empty.
        vectors[count++] = vector_of(i->data, i->size);
    }
    return count;
}

inline void OutputQueue::append_frame(const FrameHeader& header,
                                      std::span<const std::byte> payload) {
    std::byte* const place = room(frame_header_size_max + payload.size());
    const std::size_t header_size = encode_frame_header(
        header, std::span<std::byte, frame_header_size_max>(place, frame_header_size_max));
    if (!payload.empty()) std::memcpy(place + header_size, payload.data(), payload.size());
    if (header.masked) apply_mask({place + header_size, payload.size()}, header.mask_key);
    extend(header_size + payload.size());
}

}  // namespace edgews
