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

constexpr std::size_t block_alignment = 64;  // A cache line, and the widest vector.
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
    return (capacity_min + block_alignment - 1) & ~(block_alignment - 1);
}

}  // namespace

struct alignas(block_alignment) Buffer::Block {
    BufferPool* pool;
    std::size_t capacity;  // Bytes behind this header.
    std::size_t size;      // Those of them in use, at the front.
    Block* next;           // In the pool's stack; unused while on loan.

    [[nodiscard]] std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
    [[nodiscard]] std::size_t heap_size() const noexcept { return sizeof(Block) + capacity; }
};

Buffer& Buffer::operator=(Buffer&& other) noexcept {
    if (this != &other) {
        reset();
        block_ = std::exchange(other.block_, nullptr);
    }
    return *this;
}

Buffer::~Buffer() {
    reset();
}

void Buffer::reset() noexcept {
    if (block_ == nullptr) return;
    block_->pool->give_back(std::exchange(block_, nullptr));
}

void Buffer::append(std::span<const std::byte> bytes) noexcept {
    assert(bytes.size() <= free_space().size());
    if (bytes.empty()) return;  // There may be no block, and memcpy takes no null.
    std::memcpy(block_->bytes() + block_->size, bytes.data(), bytes.size());
    block_->size += bytes.size();
}

void Buffer::commit(std::size_t count) noexcept {
    assert(count <= free_space().size());
    if (block_ != nullptr) block_->size += count;
}

void Buffer::clear() noexcept {
    if (block_ != nullptr) block_->size = 0;
}

std::span<std::byte> Buffer::bytes() const noexcept {
    if (block_ == nullptr) return {};
    return {block_->bytes(), block_->size};
}

std::span<std::byte> Buffer::free_space() const noexcept {
    if (block_ == nullptr) return {};
    return {block_->bytes() + block_->size, block_->capacity - block_->size};
}

std::size_t Buffer::size() const noexcept {
    return block_ == nullptr ? 0 : block_->size;
}

std::size_t Buffer::capacity() const noexcept {
    return block_ == nullptr ? 0 : block_->capacity;
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

void BufferPool::reserve(Buffer& buffer, std::size_t more) noexcept {
    if (buffer.free_space().size() >= more && buffer) return;
    const std::size_t size = buffer.size();
    if (more > SIZE_MAX - size) end_out_of_memory();
    // Doubling makes the copies of a message that grows piece by piece add up to
    // less than two of it.
    Buffer larger = take(std::max(size + more, 2 * buffer.capacity()));
    larger.append(buffer.bytes());
    buffer = std::move(larger);
}

Buffer::Block* BufferPool::take_block(std::size_t capacity_min) noexcept {
    constexpr std::size_t capacity_max = PTRDIFF_MAX - sizeof(Buffer::Block) - block_alignment;
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
        void* const memory = std::aligned_alloc(block_alignment, heap_size);
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
