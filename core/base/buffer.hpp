// Memory on loan: growable byte buffers from a pool.
//
// A connection that waits for the rest of a message, or for its peer to read,
// borrows a Buffer and gives it back; an idle one holds none. The pool keeps
// returned blocks by size class, so that steady traffic allocates nothing, until
// trim() finds that nobody needs them: then their memory is the system's again.
//
// Not thread-safe: a pool and its buffers belong to one loop. The pool must
// outlive its buffers.
#pragma once

#include "core/base/slab.hpp"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace edgews {

class MemoryBudget;

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
    explicit Buffer(Block* block) noexcept : block_(block) {}
    static void give_back(Block* block) noexcept;

    Block* block_ = nullptr;
};

class BufferPool {
  public:
    // Keeps what is returned for the next taker, until trim(), but of what nobody near it uses no
    // more than `kept_size_max` bytes. With 0 each block is a piece of the heap and goes back to it
    // at once, where a sanitizer sees late uses of it.
    explicit BufferPool(std::size_t kept_size_max = SIZE_MAX) noexcept;
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;
    ~BufferPool();

    // What is lent beyond `own_size` bytes, which the loop itself may need, counts against
    // `budget`; that must outlive the pool.
    void count_against(MemoryBudget& budget, std::size_t own_size) noexcept;

    // An empty buffer with room for at least `capacity_min` bytes; for less than twice
    // as many, unless that is under 256. Out of memory ends the process.
    [[nodiscard]] Buffer take(std::size_t capacity_min) noexcept;
    // The same, but without a block where the budget or the system has no memory for it.
    [[nodiscard]] Buffer try_take(std::size_t capacity_min) noexcept;
    // Makes free_space() at least `more` bytes, moving to a larger block when it
    // must; an empty Buffer takes its first block. Growth doubles at least. Where a
    // block with room for `hoped_for` more is kept already, it moves to that one: no
    // memory is taken on the word of whoever announced them.
    void reserve(Buffer& buffer, std::size_t more, std::uint64_t hoped_for = 0) noexcept;
    // The same, but false, and the buffer is left as it was, where there is no memory for it.
    [[nodiscard]] bool try_reserve(Buffer& buffer, std::size_t more,
                                   std::uint64_t hoped_for = 0) noexcept;
    // For PoolAllocator: a block without a Buffer. Out of memory ends the process.
    [[nodiscard]] void* allocate(std::size_t size) noexcept;
    void deallocate(void* memory) noexcept;
    // Whether the budget lets one who holds `held` bytes hold `more`. A few, small_size in all,
    // anyone may.
    [[nodiscard]] bool may_hold(std::size_t held, std::size_t more) const noexcept;
    static constexpr std::size_t small_size = 16 * 1024;
    // Memory of somebody else's that is held like a loan: it counts as one.
    void count_held(std::size_t size) noexcept;
    void count_released(std::size_t size) noexcept;

    // There is more kept than is worth keeping, unless it is needed again soon.
    [[nodiscard]] bool wants_trim() const noexcept { return wants_trim_; }
    // Gives back what nobody has needed since the last round of these calls, which should be as
    // long ago as something may be kept for nothing. One call gives back about trim_size_max bytes,
    // which takes half a millisecond. True: there is more, to be given back soon.
    [[nodiscard]] bool trim() noexcept;
    static constexpr std::size_t trim_size_max = 4 * 1024 * 1024;

    // Bytes of the blocks that were returned and wait for a taker, and of those on loan.
    [[nodiscard]] std::size_t kept_size() const noexcept { return kept_size_; }
    [[nodiscard]] std::size_t lent_size() const noexcept { return lent_size_; }

  private:
    friend class Buffer;
    [[nodiscard]] std::size_t grown_capacity(const Buffer& buffer, std::size_t more,
                                             std::uint64_t hoped_for) const noexcept;
    void move_to(Buffer& buffer, Buffer larger) noexcept;
    [[nodiscard]] bool has_kept(std::size_t capacity_min) const noexcept;
    // Null: the system has no memory.
    [[nodiscard]] Block* take_block(std::size_t capacity_min) noexcept;
    [[nodiscard]] Block* find_block(std::size_t capacity) noexcept;
    void give_back(Block* block) noexcept;
    void keep(Block& block) noexcept;
    void release(Slab& slab) noexcept;
    [[nodiscard]] std::size_t release_surplus(std::size_t size) noexcept;
    [[nodiscard]] std::size_t forget_unused(std::size_t size) noexcept;
    void tell_budget() noexcept;
    void note_lent() noexcept;

    // Capacities are powers of two, so that a request for one of them fits exactly:
    // 256 B, 512 B, … 2 MiB. Larger blocks are as large as asked for, and not kept.
    static constexpr std::size_t class_count = 14;
    Shelf shelves_[class_count];
    std::size_t kept_size_ = 0;
    std::size_t lent_size_ = 0;
    std::size_t told_size_ = 0;  // Of lent_size_: what the budget knows of.
    std::size_t kept_size_max_;
    MemoryBudget* budget_ = nullptr;  // Null: none.
    std::size_t own_size_ = 0;        // That does not count.
    std::uint32_t round_ = 0;         // Of trim().
    bool is_trimming_ = false;        // In the midst of one.
    bool is_used_ = false;            // Since it began.
    bool wants_trim_ = false;
};

// For containers whose memory a peer can make grow.
template <class T>
struct PoolAllocator {
    using value_type = T;

    explicit PoolAllocator(BufferPool& from) noexcept : pool(&from) {}
    template <class U>
    PoolAllocator(const PoolAllocator<U>& other) noexcept : pool(other.pool) {}
    [[nodiscard]] T* allocate(std::size_t count) noexcept {
        static_assert(alignof(T) <= alignof(Block));
        return static_cast<T*>(pool->allocate(count * sizeof(T)));
    }
    void deallocate(T* memory, std::size_t) noexcept { pool->deallocate(memory); }
    template <class U>
    bool operator==(const PoolAllocator<U>& other) const noexcept {
        return pool == other.pool;
    }

    BufferPool* pool;
};

}  // namespace edgews
