// Masking kernels, and the choice among them.
//
// All vector kernels of one register width W work alike, for size >= W:
//
//     data                                                    data + size
//     |<----- head: W ----->|                  |<----- tail: W ----->|
//     |         | body: aligned blocks of W …              |
//
// Head and tail are loaded before, and stored after, the body. Where they overlap
// it, they write the same bytes once more, so there is no loop over odd bytes and
// nothing outside of the payload is touched.
#include "core/kernels/mask.hpp"

#include <array>
#include <atomic>
#include <cstring>

#include "core/kernels/simd.hpp"

namespace edgews {
namespace {

// The definition: eight bytes at a time, the rest one by one.
void mask_portable(std::byte* data, std::size_t size, std::uint32_t key) noexcept {
    const std::uint64_t key_twice = key * std::uint64_t{0x1'0000'0001};
    std::size_t i = 0;
    for (; size - i >= 8; i += 8) {
        std::uint64_t word;
        std::memcpy(&word, data + i, sizeof word);
        word ^= key_twice;
        std::memcpy(data + i, &word, sizeof word);
    }
    std::array<std::byte, 4> key_bytes;
    std::memcpy(key_bytes.data(), &key, sizeof key);
    for (; i < size; ++i) data[i] ^= key_bytes[i % 4];
}

#if defined(__x86_64__)

using simd::Text;

// From `data` to the first multiple of `width` after it: 1 to `width` bytes.
std::size_t to_aligned(const std::byte* data, std::size_t width) noexcept {
    return width - reinterpret_cast<std::uintptr_t>(data) % width;
}

void mask_sse2(std::byte* data, std::size_t size, std::uint32_t key) noexcept {
    if (size < 16) {
        simd::take_words<true>(data, size, key);
        return;
    }
    std::byte* const last = data + size - 16;
    const __m128i head = _mm_xor_si128(simd::load_128(data), simd::key_128(key));
    const __m128i tail =
        _mm_xor_si128(simd::load_128(last), simd::key_128(advance_mask(key, size)));
    const std::size_t skip = to_aligned(data, 16);
    const __m128i body_key = simd::key_128(advance_mask(key, skip));
    std::byte* block = data + skip;
    for (; last - block >= 64; block += 64) {
        simd::take_128<true>(block, body_key);
        simd::take_128<true>(block + 16, body_key);
        simd::take_128<true>(block + 32, body_key);
        simd::take_128<true>(block + 48, body_key);
    }
    for (; block < last; block += 16) simd::take_128<true>(block, body_key);
    simd::store_128(data, head);
    simd::store_128(last, tail);
}

[[gnu::target("avx2")]] void mask_avx2(std::byte* data, std::size_t size,
                                       std::uint32_t key) noexcept {
    if (size < 32) return mask_sse2(data, size, key);
    std::byte* const last = data + size - 32;
    const __m256i head = _mm256_xor_si256(simd::load_256(data), simd::key_256(key));
    const __m256i tail =
        _mm256_xor_si256(simd::load_256(last), simd::key_256(advance_mask(key, size)));
    const std::size_t skip = to_aligned(data, 32);
    const __m256i body_key = simd::key_256(advance_mask(key, skip));
    std::byte* block = data + skip;
    for (; last - block >= 128; block += 128) {
        simd::take_256<true>(block, body_key);
        simd::take_256<true>(block + 32, body_key);
        simd::take_256<true>(block + 64, body_key);
        simd::take_256<true>(block + 96, body_key);
    }
    for (; block < last; block += 32) simd::take_256<true>(block, body_key);
    simd::store_256(data, head);
    simd::store_256(last, tail);
}

[[gnu::target("avx512f,avx512bw")]] void mask_avx512(std::byte* data, std::size_t size,
                                                     std::uint32_t key) noexcept {
    if (size < 64) return mask_avx2(data, size, key);
    std::byte* const last = data + size - 64;
    const __m512i head = _mm512_xor_si512(simd::load_512(data), simd::key_512(key));
    const __m512i tail =
        _mm512_xor_si512(simd::load_512(last), simd::key_512(advance_mask(key, size)));
    const std::size_t skip = to_aligned(data, 64);
    const __m512i body_key = simd::key_512(advance_mask(key, skip));
    std::byte* block = data + skip;
    for (; last - block >= 256; block += 256) {
        simd::take_512<true>(block, body_key);
        simd::take_512<true>(block + 64, body_key);
        simd::take_512<true>(block + 128, body_key);
        simd::take_512<true>(block + 192, body_key);
    }
    for (; block < last; block += 64) simd::take_512<true>(block, body_key);
    simd::store_512(data, head);
    simd::store_512(last, tail);
}

constexpr std::array kernels{
    MaskKernel{"portable", mask_portable},
    MaskKernel{"sse2", mask_sse2},
    MaskKernel{"avx2", mask_avx2},
    MaskKernel{"avx512", mask_avx512},
};

std::size_t runnable_count() noexcept {
    if (!__builtin_cpu_supports("avx2")) return 2;  // Every x86-64 has SSE2.
    return simd::cpu_likes_512() ? 4 : 3;
}

#else

constexpr std::array kernels{MaskKernel{"portable", mask_portable}};

std::size_t runnable_count() noexcept {
    return 1;
}

#endif

using Apply = decltype(MaskKernel::apply);

void pick_and_apply(std::byte* data, std::size_t size, std::uint32_t key) noexcept;

// Relaxed: all threads would store the same pointer, and it guards no other data.
constinit std::atomic<Apply> best{pick_and_apply};

void pick_and_apply(std::byte* data, std::size_t size, std::uint32_t key) noexcept {
    const Apply apply = mask_kernels().back().apply;
    best.store(apply, std::memory_order_relaxed);
    apply(data, size, key);
}

}  // namespace

void apply_mask(std::span<std::byte> data, std::uint32_t key) noexcept {
    best.load(std::memory_order_relaxed)(data.data(), data.size(), key);
}

std::span<const MaskKernel> mask_kernels() noexcept {
    return std::span{kernels}.first(runnable_count());
}

}  // namespace edgews
