#include <edgews/core/buffer.hpp>

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
    for (Buffer::Block* block : kept_) {
        while (block != nullptr) std::free(std::exchange(block, block->next));
    }
}

Buffer BufferPool::take(std::size_t capacity_min) noexcept {
    return Buffer(take_block(capacity_min));
}

void BufferPool::reserve(Buffer& buffer, std::size_t more, std::uint64_t hoped_for) noexcept {
    if (buffer.free_space().size() >= more && buffer) return;
    const std::size_t size = buffer.size();
    if (more > SIZE_MAX - size) end_out_of_memory();
    // Doubling makes the copies of a message that grows piece by piece add up to
    // less than two of it.
    std::size_t capacity = std::max(size + more, 2 * buffer.capacity());
    if (hoped_for <= capacity_kept_max && size <= capacity_kept_max) {
        const std::size_t whole = size + static_cast<std::size_t>(hoped_for);
        if (whole > capacity && has_kept(whole)) capacity = whole;
    }
    Buffer larger = take(capacity);
    larger.append(buffer.bytes());
    buffer = std::move(larger);
}

bool BufferPool::has_kept(std::size_t capacity_min) const noexcept {
    return capacity_min <= capacity_kept_max && kept_[class_of(capacity_min)] != nullptr;
}

Buffer::Block* BufferPool::take_block(std::size_t capacity_min) noexcept {
    constexpr std::size_t capacity_max = PTRDIFF_MAX - sizeof(Buffer::Block) - cache_line_size;
    if (capacity_min > capacity_max) end_out_of_memory();
    const std::size_t capacity = round_up(capacity_min);
    Buffer::Block* block = nullptr;
    if (capacity <= capacity_kept_max) {
        Buffer::Block*& top = kept_[class_of(capacity)];
        if (top != nullptr) {
            block = std::exchange(top, top->next);
            kept_size_ -= block->heap_size();
        }
    }
    if (block == nullptr) {
        const std::size_t heap_size = sizeof(Buffer::Block) + capacity;
        void* const memory = std::aligned_alloc(alignof(Buffer::Block), heap_size);
        if (memory == nullptr) end_out_of_memory();
        block = new (memory)
            Buffer::Block{.pool = this, .capacity = capacity, .size = 0, .next = nullptr};
    }
    block->size = 0;
    lent_size_ += block->heap_size();
    return block;
}

void BufferPool::give_back(Buffer::Block* block) noexcept {
    const std::size_t heap_size = block->heap_size();
    lent_size_ -= heap_size;
    // Compared before any addition: kept_size_ never exceeds its limit.
    if (block->capacity > capacity_kept_max || heap_size > kept_size_max_ - kept_size_) {
        std::free(block);
        return;
    }
    block->next = std::exchange(kept_[class_of(block->capacity)], block);
    kept_size_ += heap_size;
}

}  // namespace edgews
