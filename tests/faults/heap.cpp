#include "heap.hpp"

#include "sim/busy.hpp"

#include <openssl/crypto.h>

#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <new>

namespace edgews::sim::test {

namespace {

// Nothing here may take from the heap. A thread that is at its very end gives back beside the one
// that runs.
class Spin {
  public:
    Spin() noexcept {
        while (is_taken.test_and_set(std::memory_order_acquire)) {
        }
    }
    Spin(const Spin&) = delete;
    Spin& operator=(const Spin&) = delete;
    ~Spin() { is_taken.clear(std::memory_order_release); }

  private:
    static inline std::atomic_flag is_taken{};
};

constexpr std::size_t place_count = 1 << 16;
bool is_counting = false;
Asker counted = Asker::engine;
thread_local int openssl_depth = 0;
std::uint64_t asked = 0;
std::uint64_t refused_index = 0;
std::size_t live = 0;
// Open addressing; what is given back leaves a mark, so that those behind it are found.
std::array<void*, place_count> places{};
void* const mark = &places;

std::size_t first_place(const void* block) noexcept {
    return (reinterpret_cast<std::uintptr_t>(block) >> 4) * 0x9E3779B1 % place_count;
}

bool is_counted() noexcept {
    const Asker asker = openssl_depth > 0 ? Asker::openssl : Asker::engine;
    return is_counting && !Busy::is_here() && asker == counted;
}

bool is_refused() noexcept {
    if (!is_counted()) return false;
    const Spin lock;
    return asked++ == refused_index;
}

void* note_taken(void* block) noexcept {
    if (block == nullptr || !is_counted()) return block;
    const Spin lock;
    std::size_t i = first_place(block);
    while (places[i] != nullptr && places[i] != mark) i = (i + 1) % place_count;
    places[i] = block;
    if (++live == place_count) std::abort();
    return block;
}

void note_given(void* block) noexcept {
    if (block == nullptr || !is_counting) return;
    const Spin lock;
    for (std::size_t i = first_place(block); places[i] != nullptr; i = (i + 1) % place_count) {
        if (places[i] != block) continue;
        places[i] = mark;
        --live;
        return;
    }
}

// OpenSSL's functions.
class InOpenssl {
  public:
    InOpenssl() noexcept { ++openssl_depth; }
    InOpenssl(const InOpenssl&) = delete;
    InOpenssl& operator=(const InOpenssl&) = delete;
    ~InOpenssl() { --openssl_depth; }
};

void* take_for_openssl(std::size_t size, const char*, int) {
    const InOpenssl here;
    return std::malloc(size);
}

void* resize_for_openssl(void* block, std::size_t size, const char*, int) {
    const InOpenssl here;
    return std::realloc(block, size);
}

void give_for_openssl(void* block, const char*, int) {
    std::free(block);
}

// Before it takes its first.
const bool is_openssls_known =
    CRYPTO_set_mem_functions(take_for_openssl, resize_for_openssl, give_for_openssl) == 1;

}  // namespace

Heap::Heap(Asker asker, std::uint64_t index) noexcept {
    assert(is_openssls_known);
    counted = asker;
    places.fill(nullptr);
    asked = 0;
    live = 0;
    refused_index = index;
    is_counting = true;
}

Heap::~Heap() {
    is_counting = false;
    asked = 0;
}

std::uint64_t Heap::asked_count() const noexcept {
    return asked;
}

bool Heap::has_refused() noexcept {
    return asked > refused_index;
}

std::size_t Heap::live_count() const noexcept {
    return live;
}

}  // namespace edgews::sim::test

using namespace edgews::sim::test;

#if defined(__has_feature)
#define EDGEWS_HAS_FEATURE(x) __has_feature(x)
#else
#define EDGEWS_HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    EDGEWS_HAS_FEATURE(address_sanitizer) || EDGEWS_HAS_FEATURE(thread_sanitizer)

void* operator new(std::size_t size) {
    void* const block = is_refused() ? nullptr : std::malloc(size);
    if (block == nullptr) throw std::bad_alloc();
    return note_taken(block);
}

void operator delete(void* block) noexcept {
    note_given(block);
    std::free(block);
}

void operator delete(void* block, std::size_t) noexcept {
    note_given(block);
    std::free(block);
}

#else

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t number, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);

void* malloc(std::size_t size) {
    return is_refused() ? nullptr : note_taken(__libc_malloc(size));
}

void* calloc(std::size_t number, std::size_t size) {
    return is_refused() ? nullptr : note_taken(__libc_calloc(number, size));
}

void* realloc(void* block, std::size_t size) {
    if (is_refused()) return nullptr;
    note_given(block);
    return note_taken(__libc_realloc(block, size));
}

void* memalign(std::size_t alignment, std::size_t size) {
    return is_refused() ? nullptr : note_taken(__libc_memalign(alignment, size));
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return is_refused() ? nullptr : note_taken(__libc_memalign(alignment, size));
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    *block = is_refused() ? nullptr : note_taken(__libc_memalign(alignment, size));
    return *block == nullptr ? ENOMEM : 0;
}

void free(void* block) {
    note_given(block);
    __libc_free(block);
}

}  // extern "C"

#endif
