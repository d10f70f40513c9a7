// The blocks of a BufferPool: many of one size lie side by side in a slab, which is pages of the
// system's own and goes back to it when none of them is in use.
//
//     | slab | block, bytes | block, bytes | … | untouched                |
//     0      64             64 + stride                      mapped_size
//
// Blocks are 64 bytes longer than a power of two, so that the beginnings of neighbours do not
// compete for the same lines of the cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edgews {

class BufferPool;
struct Slab;

struct alignas(64) Block {  // A cache line, and the widest vector.
    BufferPool* pool;
    Slab* slab;            // Null: it is a piece of the heap.
    std::size_t capacity;  // Bytes behind this header.
    std::size_t size;      // Those of them in use, at the front.
    Block* next;           // Of its slab's returned ones; unused while on loan.
    bool is_forgotten;     // Returned, and its pages have been given back.

    [[nodiscard]] std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
    [[nodiscard]] std::size_t heap_size() const noexcept { return sizeof(Block) + capacity; }
};

struct alignas(64) Slab {
    Slab* previous;  // In a list of its shelf.
    Slab* next;
    std::size_t mapped_size;
    Block* returned;              // A stack, the last on top.
    std::uint32_t lent_count;     // Blocks
    std::uint32_t touched_count;  // that were lent at least once, from the front;
    std::uint32_t count;          // in all.
    std::uint32_t kept_count;     // Returned and not forgotten.
    std::uint32_t used_in;        // The round of the last loan or return.

    [[nodiscard]] bool has_room() const noexcept { return lent_count < count; }
    // The one that was returned last, else the next untouched one. Requires: has_room().
    [[nodiscard]] Block* take(BufferPool& pool, std::size_t capacity) noexcept;
    void give_back(Block& block) noexcept;
    // Gives back the pages of what was returned. The bytes that had not been before.
    [[nodiscard]] std::size_t forget_returned() noexcept;
};

// A doubly linked list.
class SlabList {
  public:
    [[nodiscard]] Slab* first() const noexcept { return first_; }
    [[nodiscard]] Slab* last() const noexcept { return last_; }
    void push_front(Slab& slab) noexcept;
    void remove(Slab& slab) noexcept;

  private:
    Slab* first_ = nullptr;
    Slab* last_ = nullptr;
};

// All slabs of one capacity that have room. Those in use come first, then the one that became
// empty last: its memory is likely to be in the cache, and the others have a chance to be given
// back.
class Shelf {
  public:
    struct Taken {
        Block* block = nullptr;  // Null: there is none.
        bool was_kept = false;   // It was returned, and not forgotten.
    };
    [[nodiscard]] Taken take(BufferPool& pool, std::size_t capacity, std::uint32_t round) noexcept;
    // Puts up a new slab; false: the system has no memory.
    [[nodiscard]] bool add(std::size_t capacity) noexcept;
    // True: its slab is empty now.
    bool give_back(Block& block, std::uint32_t round) noexcept;
    // The next to be lent was returned, and is there in full.
    [[nodiscard]] bool has_kept() const noexcept;

    // A round begins: what nobody needed in the last one is surplus.
    void begin_round() noexcept;
    // An empty slab that is surplus, the one that has waited longest; null: none. It is off the
    // shelf, for release().
    [[nodiscard]] Slab* take_surplus() noexcept;
    [[nodiscard]] Slab* take_empty(Slab& slab) noexcept;
    [[nodiscard]] const SlabList& used() const noexcept { return used_; }
    [[nodiscard]] const SlabList& empty() const noexcept { return empty_; }

    // A slab of one block for it alone; null: the system has no memory.
    [[nodiscard]] static Slab* map(std::size_t capacity, std::uint32_t count) noexcept;
    static void release(Slab& slab) noexcept;

  private:
    SlabList used_;
    SlabList empty_;
    std::size_t empty_count_ = 0;
    std::size_t empty_count_min_ = 0;  // Of this round.
    std::size_t surplus_ = 0;
};

}  // namespace edgews
