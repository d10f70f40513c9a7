#include "core/base/slab.hpp"

#include "core/base/pages.hpp"

#include <algorithm>
#include <cassert>
#include <new>

namespace edgews {
namespace {

// A slab is about this large: to map one is rare then, and one block in use keeps little.
constexpr std::size_t slab_size = 512 * 1024;
constexpr std::uint32_t block_count_max = 256;
constexpr std::size_t alone_size_min = 128 * 1024;  // A block that has a slab of its own.

std::uint32_t count_for(std::size_t capacity) noexcept {
    if (capacity >= alone_size_min) return 1;
    return std::min(static_cast<std::uint32_t>(slab_size / capacity), block_count_max);
}

}  // namespace

Block* Slab::take(BufferPool& pool, std::size_t capacity) noexcept {
    assert(has_room());
    ++lent_count;
    if (Block* const block = returned; block != nullptr) {
        returned = block->next;
        block->size = 0;
        return block;
    }
    auto* const begin = reinterpret_cast<std::byte*>(this + 1);
    void* const place = begin + touched_count++ * (sizeof(Block) + capacity);
    return new (place) Block{.pool = &pool,
                             .slab = this,
                             .capacity = capacity,
                             .size = 0,
                             .next = nullptr,
                             .is_forgotten = false};
}

void Slab::give_back(Block& block) noexcept {
    assert(lent_count > 0);
    --lent_count;
    ++kept_count;
    block.next = returned;
    returned = &block;
}

std::size_t Slab::forget_returned() noexcept {
    std::size_t size = 0;
    for (Block* block = returned; block != nullptr; block = block->next) {
        if (block->is_forgotten) continue;
        forget_pages(block->bytes(), block->capacity);
        block->is_forgotten = true;
        size += block->heap_size();
    }
    kept_count = 0;
    return size;
}

void SlabList::push_front(Slab& slab) noexcept {
    slab.previous = nullptr;
    slab.next = first_;
    (first_ != nullptr ? first_->previous : last_) = &slab;
    first_ = &slab;
}

void SlabList::remove(Slab& slab) noexcept {
    (slab.previous != nullptr ? slab.previous->next : first_) = slab.next;
    (slab.next != nullptr ? slab.next->previous : last_) = slab.previous;
}

Shelf::Taken Shelf::take(BufferPool& pool, std::size_t capacity, std::uint32_t round) noexcept {
    Slab* slab = used_.first();
    if (slab == nullptr) {
        slab = empty_.first();
        if (slab == nullptr) return {};
        empty_.remove(*slab);
        empty_count_min_ = std::min(empty_count_min_, --empty_count_);
        used_.push_front(*slab);
    }
    const bool was_returned = slab->returned != nullptr;
    Block* const block = slab->take(pool, capacity);
    const bool was_kept = was_returned && !block->is_forgotten;
    block->is_forgotten = false;
    if (was_kept) --slab->kept_count;
    slab->used_in = round;
    if (!slab->has_room()) used_.remove(*slab);
    return {.block = block, .was_kept = was_kept};
}

bool Shelf::add(std::size_t capacity) noexcept {
    Slab* const slab = map(capacity, count_for(capacity));
    if (slab == nullptr) return false;
    used_.push_front(*slab);
    return true;
}

bool Shelf::give_back(Block& block, std::uint32_t round) noexcept {
    Slab& slab = *block.slab;
    const bool was_full = !slab.has_room();
    slab.give_back(block);
    slab.used_in = round;
    if (slab.lent_count > 0) {
        if (was_full) used_.push_front(slab);
        return false;
    }
    if (!was_full) used_.remove(slab);
    empty_.push_front(slab);
    ++empty_count_;
    return true;
}

bool Shelf::has_kept() const noexcept {
    const Slab* const slab = used_.first() != nullptr ? used_.first() : empty_.first();
    return slab != nullptr && slab->returned != nullptr && !slab->returned->is_forgotten;
}

void Shelf::begin_round() noexcept {
    surplus_ = empty_count_min_;
    empty_count_min_ = empty_count_;
}

Slab* Shelf::take_surplus() noexcept {
    if (surplus_ == 0 || empty_.last() == nullptr) return nullptr;
    --surplus_;
    return take_empty(*empty_.last());
}

Slab* Shelf::take_empty(Slab& slab) noexcept {
    empty_.remove(slab);
    empty_count_min_ = std::min(empty_count_min_, --empty_count_);
    return &slab;
}

Slab* Shelf::map(std::size_t capacity, std::uint32_t count) noexcept {
    const std::size_t size = sizeof(Slab) + count * (sizeof(Block) + capacity);
    void* const memory = map_pages(size);
    if (memory == nullptr) return nullptr;
    return new (memory) Slab{.previous = nullptr,
                             .next = nullptr,
                             .mapped_size = size,
                             .returned = nullptr,
                             .lent_count = 0,
                             .touched_count = 0,
                             .count = count,
                             .kept_count = 0,
                             .used_in = 0};
}

void Shelf::release(Slab& slab) noexcept {
    unmap_pages(&slab, slab.mapped_size);
}

}  // namespace edgews
