#include <edgews/deflate/arena.hpp>

#include <sys/mman.h>

#include <algorithm>

namespace edgews {

namespace {

constexpr std::size_t alignment = alignof(std::max_align_t);

std::size_t round_up(std::size_t size) noexcept {
    return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

Arena::Arena(std::size_t size) noexcept {
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;  // Then all is taken from the heap.
    memory_ = {static_cast<std::byte*>(memory), size};
}

// A process may have only so many mappings, and a hole in the midst of one makes two of it.
Arena::~Arena() {
    if (memory_.empty()) return;
    if (::munmap(memory_.data(), memory_.size()) == 0) return;
    ::madvise(memory_.data(), memory_.size(), MADV_DONTNEED);  // Then the addresses are lost alone.
}

void* Arena::take(std::size_t size) noexcept {
    if (size > memory_.size() - used_) return nullptr;
    std::byte* const place = memory_.data() + used_;
    used_ += std::min(round_up(size), memory_.size() - used_);
    return place;
}

}  // namespace edgews
