#include "heap.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

constinit std::atomic<std::size_t> live{0};

}  // namespace

namespace edgews::sim::test {

std::size_t live_blocks() noexcept {
    return live.load(std::memory_order_relaxed);
}

}  // namespace edgews::sim::test

// A sanitizer's operators know more than ours would.
#if defined(__has_feature)
#define EDGEWS_HAS_FEATURE(x) __has_feature(x)
#else
#define EDGEWS_HAS_FEATURE(x) 0
#endif
#if !defined(__SANITIZE_ADDRESS__) && !EDGEWS_HAS_FEATURE(address_sanitizer)

namespace {

void* counted(void* block) {
    if (block == nullptr) throw std::bad_alloc();
    live.fetch_add(1, std::memory_order_relaxed);
    return block;
}

void drop(void* block) noexcept {
    if (block != nullptr) live.fetch_sub(1, std::memory_order_relaxed);
    std::free(block);
}

std::size_t rounded(std::size_t size, std::size_t alignment) noexcept {
    return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

// Those for arrays, and those that do not throw, end here too.
void* operator new(std::size_t size) {
    return counted(std::malloc(size));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    const auto boundary = static_cast<std::size_t>(alignment);
    return counted(std::aligned_alloc(boundary, rounded(size, boundary)));
}
void operator delete(void* block) noexcept {
    drop(block);
}
void operator delete(void* block, std::size_t) noexcept {
    drop(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    drop(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
    drop(block);
}

#endif
