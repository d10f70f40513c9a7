// Memory on loan: growable byte buffers from a pool.
//
// A connection that waits for the rest of a message, or for its peer to read,
// borrows a Buffer and gives it back; an idle one holds none. The pool keeps
// returned blocks by size class, so that steady traffic allocates nothing.
//
// A block is one piece of the heap:
//
//     | pool, capacity, size, next | bytes in use | free |
//     0                           64              64 + size, up to 64 + capacity
//
// Not thread-safe: a pool and its buffers belong to one loop. The pool must
// outlive its buffers.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace edgews {

class BufferPool;

// Whether `inner` is a part of `outer`'s memory.
[[nodiscard]] inline bool contains(std::span<const std::byte> outer,
                                   std::span<const std::byte> inner) noexcept {
    return inner.data() >= outer.data() &&
           inner.data() + inner.size() <= outer.data() + outer.size();
}

// A block of memory and how much of it is used. The size of a pointer, so that a
// connection that has none pays eight bytes.
class Buffer {
  public:
    Buffer() = default;
    // What was moved from is left without a block.
    Buffer(Buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Buffer& operator=(Buffer&& other) noexcept;
    ~Buffer() { reset(); }

    // Gives the block back to its pool.
    void reset() noexcept {
        if (block_ != nullptr) give_back(std::exchange(block_, nullptr));
    }
    // Requires: bytes.size() <= free_space().size().
    void append(std::span<const std::byte> bytes) noexcept;
    // The first `count` bytes of free_space() were written. Requires: they fit.
    void commit(std::size_t count) noexcept {
        assert(count <= free_space().size());
        if (block_ != nullptr) block_->size += count;
    }
    // Forgets all bytes, keeps the block.
    void clear() noexcept {
        if (block_ != nullptr) block_->size = 0;
    }

    explicit operator bool() const noexcept { return block_ != nullptr; }
    // Without a block: empty spans and 0. Spans are valid until the buffer grows or is
    // reset; moving the Buffer moves no bytes.
    [[nodiscard]] std::span<std::byte> bytes() const noexcept {
        if (block_ == nullptr) return {};
        return {block_->bytes(), block_->size};
    }
    [[nodiscard]] std::span<std::byte> free_space() const noexcept {
        if (block_ == nullptr) return {};
        return {block_->bytes() + block_->size, block_->capacity - block_->size};
    }
    [[nodiscard]] std::size_t size() const noexcept { return block_ == nullptr ? 0 : block_->size; }
    [[nodiscard]] std::size_t capacity() const noexcept {
        return block_ == nullptr ? 0 : block_->capacity;
    }

  private:
    friend class BufferPool;
    struct alignas(64) Block {  // A cache line, and the widest vector.
        BufferPool* pool;
        std::size_t capacity;  // Bytes behind this header.
        std::size_t size;      // Those of them in use, at the front.
        Block* next;           // In the pool's stack; unused while on loan.

        [[nodiscard]] std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
        [[nodiscard]] std::size_t heap_size() const noexcept { return sizeof(Block) + capacity; }
    };
    explicit Buffer(Block* block) noexcept : block_(block) {}
    static void give_back(Block* block) noexcept;

    Block* block_ = nullptr;
};

class BufferPool {
  public:
    // Keeps at most `kept_size_max` bytes of returned blocks for the next taker. With 0
    // each goes back to the heap at once, where a sanitizer sees late uses of it.
    explicit BufferPool(std::size_t kept_size_max = 16 * 1024 * 1024) noexcept;
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;
    ~BufferPool();

    // An empty buffer with room for at least `capacity_min` bytes; for less than twice
    // as many, unless that is under 256. Out of memory ends the process.
    [[nodiscard]] Buffer take(std::size_t capacity_min) noexcept;
    // Makes free_space() at least `more` bytes, moving to a larger block when it
    // must; an empty Buffer takes its first block. Growth doubles at least. Where a
    // block with room for `hoped_for` more is kept already, it moves to that one: no
    // memory is taken on the word of whoever announced them.
    void reserve(Buffer& buffer, std::size_t more, std::uint64_t hoped_for = 0) noexcept;

    // Heap bytes of the blocks that wait for a taker, and of those on loan.
    [[nodiscard]] std::size_t kept_size() const noexcept { return kept_size_; }
    [[nodiscard]] std::size_t lent_size() const noexcept { return lent_size_; }

  private:
    friend class Buffer;
    [[nodiscard]] bool has_kept(std::size_t capacity_min) const noexcept;
    [[nodiscard]] Buffer::Block* take_block(std::size_t capacity_min) noexcept;
    void give_back(Buffer::Block* block) noexcept;

    // Capacities are powers of two, so that a request for one of them fits exactly:
    // 256 B, 512 B, … 2 MiB. Larger blocks are as large as asked for, and not kept.
    static constexpr std::size_t class_count = 14;
    Buffer::Block* kept_[class_count] = {};  // Each a stack, linked through the blocks.
    std::size_t kept_size_ = 0;
    std::size_t lent_size_ = 0;
    std::size_t kept_size_max_;
};

}  // namespace edgews
