#include "deflate/arena.hpp"

#include "core/base/pages.hpp"

#include <algorithm>

namespace edgews {

namespace {

constexpr std::size_t alignment = alignof(std::max_align_t);

std::size_t round_up(std::size_t size) noexcept {
    return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

Arena::Arena(std::size_t size) noexcept {
    void* const memory = map_pages(size);
    if (memory == nullptr) return;  // Then all is taken from the heap.
    memory_ = {static_cast<std::byte*>(memory), size};
}

Arena::~Arena() {
    if (!memory_.empty()) unmap_pages(memory_.data(), memory_.size());
}

void* Arena::take(std::size_t size) noexcept {
    if (size > memory_.size() - used_) return nullptr;
    std::byte* const place = memory_.data() + used_;
    used_ += std::min(round_up(size), memory_.size() - used_);
    return place;
}

}  // namespace edgews
