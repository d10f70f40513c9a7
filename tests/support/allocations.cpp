#include "allocations.hpp"

#include <cerrno>
#include <cstdlib>

namespace {

// A plain integer: its first use on a thread must not allocate.
thread_local std::size_t count = 0;

}  // namespace

namespace edgews::test {

std::size_t allocation_count() noexcept {
    return count;
}

}  // namespace edgews::test

// A sanitizer has a heap of its own, and calls us. Otherwise the functions here
// take the place of glibc's, and operator new ends in them too.
#if defined(__has_feature)
#define EDGEWS_HAS_FEATURE(x) __has_feature(x)
#else
#define EDGEWS_HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    EDGEWS_HAS_FEATURE(address_sanitizer) || EDGEWS_HAS_FEATURE(thread_sanitizer)

extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*,
                                                                  std::size_t),
                                                         void (*)(const volatile void*));

namespace {
[[maybe_unused]] const int installed = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++count; }, [](const volatile void*) {});
}  // namespace

#else

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t number, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
    ++count;
    return __libc_malloc(size);
}

void* calloc(std::size_t number, std::size_t size) {
    ++count;
    return __libc_calloc(number, size);
}

void* realloc(void* block, std::size_t size) {
    ++count;
    return __libc_realloc(block, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
    ++count;
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
    ++count;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    ++count;
    *block = __libc_memalign(alignment, size);
    return *block == nullptr ? ENOMEM : 0;
}

}  // extern "C"

#endif
