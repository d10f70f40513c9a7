// Loads and stores for the vector kernels of masking and of UTF-8 validation.
// Internal: include it in .cpp files only. Empty unless the target is x86-64.
//
// Each function names its own instruction set, so the library needs no -march:
// one build holds all kernels, and picks among them at run time. A function may
// be inlined only into those whose instruction set includes its own.
#pragma once

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/kernels/mask.hpp"

namespace edgews::simd {

// A kernel that is given `masked` text unmasks it in place, and so writes to it.
template <bool masked>
using Text = std::conditional_t<masked, std::byte, const std::byte>;

// Fifteen bytes at most, as they lie in memory; those past the end are zero.
struct Words {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
};

template <typename Word>
[[gnu::always_inline]] inline Word load_word(const std::byte* data) noexcept {
    Word word;
    std::memcpy(&word, data, sizeof word);
    return word;
}

template <typename Word>
[[gnu::always_inline]] inline void store_word(std::byte* data, Word word) noexcept {
    std::memcpy(data, &word, sizeof word);
}

// Two words that together cover `size` bytes, and overlap: both are loaded
// before either is stored, so no byte is unmasked twice.
template <bool masked, typename Word>
[[gnu::always_inline]] inline Words take_two(Text<masked>* data, std::size_t size,
                                             std::uint32_t key) noexcept {
    Text<masked>* const last = data + size - sizeof(Word);
    Word first_word = load_word<Word>(data);
    Word last_word = load_word<Word>(last);
    if constexpr (masked) {
        const auto repeat = [](std::uint32_t once) {
            return static_cast<Word>(once * 0x1'0000'0001ULL);
        };
        first_word ^= repeat(key);
        last_word ^= repeat(advance_mask(key, size));  // sizeof(Word) is a multiple of 4.
        store_word(data, first_word);
        store_word(last, last_word);
    }
    if constexpr (sizeof(Word) == 8) {
        // Of the last word, only what the first does not have; two shifts, for 64 is too many.
        return {first_word, (last_word >> 8 * (15 - size)) >> 8};
    } else {
        return {first_word | std::uint64_t{last_word} << 8 * (size - 4), 0};
    }
}

// Reads `size` < 16 bytes; when `masked`, unmasks them in place first.
template <bool masked>
[[gnu::always_inline]] inline Words take_words(Text<masked>* data, std::size_t size,
                                               [[maybe_unused]] std::uint32_t key) noexcept {
    if (size >= 8) return take_two<masked, std::uint64_t>(data, size, key);
    if (size >= 4) return take_two<masked, std::uint32_t>(data, size, key);
    Words words;
    for (std::size_t i = 0; i < size; ++i) {
        auto byte = static_cast<std::uint8_t>(data[i]);
        if constexpr (masked) {
            byte = static_cast<std::uint8_t>(byte ^ (key >> 8 * i));
            data[i] = static_cast<std::byte>(byte);
        }
        words.low |= std::uint64_t{byte} << 8 * i;
    }
    return words;
}

[[gnu::always_inline]] inline __m128i load_128(const std::byte* data) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(data));
}

[[gnu::always_inline]] inline void store_128(std::byte* data, __m128i value) noexcept {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(data), value);
}

[[gnu::always_inline]] inline __m128i key_128(std::uint32_t key) noexcept {
    return _mm_set1_epi32(static_cast<int>(key));
}

[[gnu::target("avx2"), gnu::always_inline]] inline __m256i load_256(
    const std::byte* data) noexcept {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data));
}

[[gnu::target("avx2"), gnu::always_inline]] inline void store_256(std::byte* data,
                                                                  __m256i value) noexcept {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(data), value);
}

[[gnu::target("avx2"), gnu::always_inline]] inline __m256i key_256(std::uint32_t key) noexcept {
    return _mm256_set1_epi32(static_cast<int>(key));
}

[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline __m512i load_512(
    const std::byte* data) noexcept {
    return _mm512_loadu_si512(data);
}

[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline void store_512(
    std::byte* data, __m512i value) noexcept {
    _mm512_storeu_si512(data, value);
}

[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline __m512i key_512(
    std::uint32_t key) noexcept {
    return _mm512_set1_epi32(static_cast<int>(key));
}

// Reads sixteen bytes; when `masked`, unmasks them in place first.
template <bool masked>
[[gnu::always_inline]] inline __m128i take_128(Text<masked>* data,
                                               [[maybe_unused]] __m128i key) noexcept {
    __m128i value = load_128(data);
    if constexpr (masked) {
        value = _mm_xor_si128(value, key);
        store_128(data, value);
    }
    return value;
}

template <bool masked>
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i take_256(
    Text<masked>* data, [[maybe_unused]] __m256i key) noexcept {
    __m256i value = load_256(data);
    if constexpr (masked) {
        value = _mm256_xor_si256(value, key);
        store_256(data, value);
    }
    return value;
}

template <bool masked>
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline __m512i take_512(
    Text<masked>* data, [[maybe_unused]] __m512i key) noexcept {
    __m512i value = load_512(data);
    if constexpr (masked) {
        value = _mm512_xor_si512(value, key);
        store_512(data, value);
    }
    return value;
}

// Reads `size` < 64 bytes, the others of the result are zero; does not touch more.
template <bool masked>
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline __m512i take_part_512(
    Text<masked>* data, std::size_t size, [[maybe_unused]] __m512i key) noexcept {
    const __mmask64 present = (std::uint64_t{1} << size) - 1;
    __m512i value = _mm512_maskz_loadu_epi8(present, data);
    if constexpr (masked) {
        value = _mm512_maskz_mov_epi8(present, _mm512_xor_si512(value, key));
        _mm512_mask_storeu_epi8(data, present, value);
    }
    return value;
}

// Wide vectors slow the clock of the first CPUs that had AVX-512; those that
// have VBMI too are later ones, which do not suffer from that.
[[nodiscard]] inline bool cpu_likes_512() noexcept {
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi");
}

}  // namespace edgews::simd

#endif
