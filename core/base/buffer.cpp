#include "core/base/buffer.hpp"

#include "core/base/memory_budget.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace edgews {
namespace {

constexpr std::size_t cache_line_size = 64;
constexpr std::size_t capacity_smallest = 256;
constexpr std::size_t capacity_kept_max = std::size_t{2} << 20;
constexpr std::size_t capacity_max = PTRDIFF_MAX / 2;  // More than any system has.
// Kept for whatever comes: less is not worth a timer.
constexpr std::size_t kept_size_min = 1024 * 1024;
// The pages of smaller blocks are mostly shared with neighbours.
constexpr std::size_t forgettable_size_min = 16 * 1024;
// The budget is told of changes when there are so many bytes of them: 64 KiB, or it would be
// written to by all loops, at each message that waits.
constexpr std::size_t told_step = 64 * 1024;

[[noreturn]] void end_out_of_memory() noexcept {
    std::fputs("edgews: out of memory\n", stderr);
    std::abort();
}

// The index of the smallest class that holds `capacity` bytes.
std::size_t class_of(std::size_t capacity) noexcept {
    const std::size_t rounded = std::bit_ceil(std::max(capacity, capacity_smallest));
    return static_cast<std::size_t>(std::countr_zero(rounded / capacity_smallest));
}

// What a block must hold to have room for `capacity_min`: that of its class, or
// of whole cache lines.
std::size_t round_up(std::size_t capacity_min) noexcept {
    if (capacity_min <= capacity_kept_max) return capacity_smallest << class_of(capacity_min);
    return (capacity_min + cache_line_size - 1) / cache_line_size * cache_line_size;
}

}  // namespace

Buffer& Buffer::operator=(Buffer&& other) noexcept {
    if (this != &other) {
        reset();
        block_ = std::exchange(other.block_, nullptr);
    }
    return *this;
}

void Buffer::give_back(Block* block) noexcept {
    block->pool->give_back(block);
}

void Buffer::append(std::span<const std::byte> bytes) noexcept {
    assert(bytes.size() <= free_space().size());
    if (bytes.empty()) return;  // There may be no block, and memcpy takes no null.
    std::memcpy(block_->bytes() + block_->size, bytes.data(), bytes.size());
    block_->size += bytes.size();
}

BufferPool::BufferPool(std::size_t kept_size_max) noexcept : kept_size_max_(kept_size_max) {
    static_assert(capacity_smallest << (class_count - 1) == capacity_kept_max);
}

BufferPool::~BufferPool() {
    assert(lent_size_ == 0);  // A buffer that outlived its pool would be given back to nobody.
    for (Shelf& shelf : shelves_) {
        while (Slab* const slab = shelf.empty().first()) Shelf::release(*shelf.take_empty(*slab));
    }
    if (budget_ != nullptr) budget_->change(static_cast<std::ptrdiff_t>(own_size_ - told_size_));
}

// ---- Taking ----------------------------------------------------------------

Buffer BufferPool::take(std::size_t capacity_min) noexcept {
    Block* const block = take_block(capacity_min);
    if (block == nullptr) end_out_of_memory();
    return Buffer(block);
}

Buffer BufferPool::try_take(std::size_t capacity_min) noexcept {
    return may_hold(0, capacity_min) ? Buffer(take_block(capacity_min)) : Buffer();
}

void* BufferPool::allocate(std::size_t size) noexcept {
    Block* const block = take_block(size);
    if (block == nullptr) end_out_of_memory();
    return block->bytes();
}

void BufferPool::deallocate(void* memory) noexcept {
    give_back(static_cast<Block*>(memory) - 1);
}

void BufferPool::reserve(Buffer& buffer, std::size_t more, std::uint64_t hoped_for) noexcept {
    if (buffer.free_space().size() >= more && buffer) return;
    move_to(buffer, take(grown_capacity(buffer, more, hoped_for)));
}

bool BufferPool::try_reserve(Buffer& buffer, std::size_t more, std::uint64_t hoped_for) noexcept {
    if (buffer.free_space().size() >= more && buffer) return true;
    Buffer larger = try_take(grown_capacity(buffer, more, hoped_for));
    if (!larger) return false;
    move_to(buffer, std::move(larger));
    return true;
}

std::size_t BufferPool::grown_capacity(const Buffer& buffer, std::size_t more,
                                       std::uint64_t hoped_for) const noexcept {
    const std::size_t size = buffer.size();
    if (more > SIZE_MAX - size) return SIZE_MAX;
    // Doubling makes the copies of a message that grows piece by piece add up to
    // less than two of it.
    const std::size_t capacity = std::max(size + more, 2 * buffer.capacity());
    if (hoped_for > capacity_kept_max || size > capacity_kept_max) return capacity;
    const std::size_t whole = size + static_cast<std::size_t>(hoped_for);
    return whole > capacity && has_kept(whole) ? whole : capacity;
}

void BufferPool::move_to(Buffer& buffer, Buffer larger) noexcept {
    larger.append(buffer.bytes());
    buffer = std::move(larger);
}

bool BufferPool::has_kept(std::size_t capacity_min) const noexcept {
    return capacity_min <= capacity_kept_max && shelves_[class_of(capacity_min)].has_kept();
}

Block* BufferPool::take_block(std::size_t capacity_min) noexcept {
    if (capacity_min > capacity_max) return nullptr;
    Block* const block = find_block(round_up(capacity_min));
    if (block == nullptr) return nullptr;
    lent_size_ += block->heap_size();
    note_lent();
    return block;
}

Block* BufferPool::find_block(std::size_t capacity) noexcept {
    if (kept_size_max_ == 0) {
        void* const memory = std::aligned_alloc(alignof(Block), sizeof(Block) + capacity);
        if (memory == nullptr) return nullptr;
        return new (memory) Block{.pool = this,
                                  .slab = nullptr,
                                  .capacity = capacity,
                                  .size = 0,
                                  .next = nullptr,
                                  .is_forgotten = false};
    }
    if (capacity > capacity_kept_max) {
        Slab* const slab = Shelf::map(capacity, 1);
        return slab == nullptr ? nullptr : slab->take(*this, capacity);
    }
    is_used_ = true;
    Shelf& shelf = shelves_[class_of(capacity)];
    Shelf::Taken taken = shelf.take(*this, capacity, round_);
    if (taken.block == nullptr && shelf.add(capacity)) taken = shelf.take(*this, capacity, round_);
    if (taken.was_kept) kept_size_ -= taken.block->heap_size();
    return taken.block;
}

// ---- Giving back -----------------------------------------------------------

void BufferPool::give_back(Block* block) noexcept {
    lent_size_ -= block->heap_size();
    note_lent();
    if (block->slab == nullptr) return std::free(block);
    if (block->capacity > capacity_kept_max) return Shelf::release(*block->slab);
    keep(*block);
}

void BufferPool::keep(Block& block) noexcept {
    is_used_ = true;
    Slab& slab = *block.slab;
    kept_size_ += block.heap_size();
    Shelf& shelf = shelves_[class_of(block.capacity)];
    const bool is_empty = shelf.give_back(block, round_);
    if (is_empty && kept_size_ > kept_size_max_) return release(*shelf.take_empty(slab));
    if (kept_size_ > kept_size_min) wants_trim_ = true;
}

// Requires: the slab is empty, and off its shelf.
void BufferPool::release(Slab& slab) noexcept {
    // All of its blocks are as large as any.
    if (slab.returned != nullptr) kept_size_ -= slab.kept_count * slab.returned->heap_size();
    Shelf::release(slab);
}

// A round ends when nothing is left to be given back; the next call begins another. When a whole
// round has passed without a loan or a return, all that is not needed is gone.
bool BufferPool::trim() noexcept {
    if (!is_trimming_) {
        ++round_;
        for (Shelf& shelf : shelves_) shelf.begin_round();
        is_trimming_ = true;
        wants_trim_ = std::exchange(is_used_, false);
    }
    const std::size_t size = forget_unused(release_surplus(0));
    is_trimming_ = size >= trim_size_max;
    if (!is_trimming_ && kept_size_ <= kept_size_min) wants_trim_ = false;
    return is_trimming_;
}

// Both go on until `size`, what was given back so far, is enough, and return what it is then.
std::size_t BufferPool::release_surplus(std::size_t size) noexcept {
    for (Shelf& shelf : shelves_) {
        while (size < trim_size_max) {
            Slab* const slab = shelf.take_surplus();
            if (slab == nullptr) break;
            size += slab->mapped_size;
            release(*slab);
        }
    }
    return size;
}

// A few blocks that stay on loan must not keep all of their neighbours.
std::size_t BufferPool::forget_unused(std::size_t size) noexcept {
    for (std::size_t i = class_of(forgettable_size_min); i < class_count; ++i) {
        for (Slab* slab = shelves_[i].used().first(); slab != nullptr; slab = slab->next) {
            if (size >= trim_size_max) return size;
            if (slab->kept_count == 0 || slab->used_in + 1 >= round_) continue;
            const std::size_t forgotten = slab->forget_returned();
            kept_size_ -= forgotten;
            size += forgotten;
        }
    }
    return size;
}

// ---- The budget ------------------------------------------------------------

void BufferPool::count_against(MemoryBudget& budget, std::size_t own_size) noexcept {
    assert(budget_ == nullptr);
    budget_ = &budget;
    told_size_ = own_size_ = own_size;
    tell_budget();
}

bool BufferPool::may_hold(std::size_t held, std::size_t more) const noexcept {
    if (budget_ == nullptr) return true;
    if (held <= small_size && more <= small_size - held) return true;
    return budget_->has_room_for(more);
}

void BufferPool::count_held(std::size_t size) noexcept {
    lent_size_ += size;
    note_lent();
}

void BufferPool::count_released(std::size_t size) noexcept {
    lent_size_ -= size;
    note_lent();
}

inline void BufferPool::note_lent() noexcept {
    if (lent_size_ - told_size_ + told_step > 2 * told_step) tell_budget();
}

void BufferPool::tell_budget() noexcept {
    if (budget_ != nullptr) budget_->change(static_cast<std::ptrdiff_t>(lent_size_ - told_size_));
    told_size_ = lent_size_;
}

}  // namespace edgews
