#include "core/base/pages.hpp"

#include <sys/mman.h>  // mmap, munmap, madvise: memory, and all that core/ asks of the system.
#include <unistd.h>    // getpagesize.

#include <cstdint>

namespace edgews {

void* map_pages(std::size_t size) noexcept {
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
}

// A process may have only so many mappings, and a hole in the midst of one makes two of it.
void unmap_pages(void* begin, std::size_t size) noexcept {
    if (::munmap(begin, size) == 0) return;
    ::madvise(begin, size, MADV_DONTNEED);  // Then the addresses are lost alone.
}

void forget_pages(void* begin, std::size_t size) noexcept {
    const auto page_size = static_cast<std::uintptr_t>(::getpagesize());
    const auto first = reinterpret_cast<std::uintptr_t>(begin);
    const std::uintptr_t from = (first + page_size - 1) / page_size * page_size;
    const std::uintptr_t to = (first + size) / page_size * page_size;
    if (from >= to) return;
    ::madvise(static_cast<std::byte*>(begin) + (from - first), to - from, MADV_DONTNEED);
}

}  // namespace edgews
