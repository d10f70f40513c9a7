// UTF-8 validation for 128- and 256-bit registers; utf8_kernels.hpp tells how it
// works. Each kernel is written once, for plain and for masked text.
#include "core/kernels/utf8_kernels.hpp"

#if defined(__x86_64__)

#include "core/kernels/simd.hpp"

namespace edgews::utf8 {
namespace {

using simd::Text;

[[gnu::always_inline]] inline bool is_ascii_128(__m128i block) noexcept {
    return _mm_movemask_epi8(block) == 0;
}

[[gnu::always_inline]] inline bool is_zero_128(__m128i block) noexcept {
    return _mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_setzero_si128())) == 0xFFFF;
}

// Not zero, if the last character of `block` goes on after it.
[[gnu::always_inline]] inline __m128i unfinished_128(__m128i block) noexcept {
    return _mm_subs_epu8(block, _mm_setr_epi32(-1, -1, -1, last_bytes_max));
}

[[gnu::target("ssse3"), gnu::always_inline]] inline __m128i look_up_128(const HalfTable& table,
                                                                        __m128i half) noexcept {
    return _mm_shuffle_epi8(_mm_load_si128(reinterpret_cast<const __m128i*>(&table)), half);
}

// Not zero, if something is wrong in `block`, which follows `previous`.
[[gnu::target("ssse3"), gnu::always_inline]] inline __m128i errors_128(__m128i block,
                                                                       __m128i previous) noexcept {
    const __m128i low_half = _mm_set1_epi8(0x0F);
    const __m128i before1 = _mm_alignr_epi8(block, previous, 15);
    const __m128i before2 = _mm_alignr_epi8(block, previous, 14);
    const __m128i before3 = _mm_alignr_epi8(block, previous, 13);
    const __m128i first_upper = _mm_and_si128(_mm_srli_epi16(before1, 4), low_half);
    const __m128i first_lower = _mm_and_si128(before1, low_half);
    const __m128i second_upper = _mm_and_si128(_mm_srli_epi16(block, 4), low_half);
    const __m128i pair = _mm_and_si128(_mm_and_si128(look_up_128(first_upper_errors, first_upper),
                                                     look_up_128(first_lower_errors, first_lower)),
                                       look_up_128(second_upper_errors, second_upper));
    // At least 0x80 where the byte two before is E0 or more, three before F0 or more.
    const __m128i third = _mm_subs_epu8(before2, _mm_set1_epi8(0xE0 - 0x80));
    const __m128i fourth = _mm_subs_epu8(before3, _mm_set1_epi8(0xF0 - 0x80));
    const __m128i must_continue =
        _mm_and_si128(_mm_or_si128(third, fourth), _mm_set1_epi8(static_cast<char>(0x80)));
    return _mm_xor_si128(must_continue, pair);
}

[[gnu::target("ssse3"), gnu::always_inline]] inline bool is_valid_128(__m128i block,
                                                                      __m128i previous) noexcept {
    return is_zero_128(is_ascii_128(block) ? unfinished_128(previous)
                                           : errors_128(block, previous));
}

template <bool masked>
[[gnu::target("ssse3"), gnu::always_inline]] inline bool run_128(Text<masked>* data,
                                                                 std::size_t size,
                                                                 std::uint32_t key) noexcept {
    const __m128i keys = simd::key_128(key);
    __m128i previous = _mm_setzero_si128();
    for (; size >= 64; data += 64, size -= 64) {
        const __m128i a = simd::take_128<masked>(data, keys);
        const __m128i b = simd::take_128<masked>(data + 16, keys);
        const __m128i c = simd::take_128<masked>(data + 32, keys);
        const __m128i d = simd::take_128<masked>(data + 48, keys);
        __m128i errors;
        if (is_ascii_128(_mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d)))) {
            errors = unfinished_128(previous);
        } else {
            errors = _mm_or_si128(_mm_or_si128(errors_128(a, previous), errors_128(b, a)),
                                  _mm_or_si128(errors_128(c, b), errors_128(d, c)));
        }
        if (!is_zero_128(errors)) return false;
        previous = d;
    }
    for (; size >= 16; data += 16, size -= 16) {
        const __m128i block = simd::take_128<masked>(data, keys);
        if (!is_valid_128(block, previous)) return false;
        previous = block;
    }
    // Fewer than sixteen are left: the zeros behind them show a cut character.
    const simd::Words rest = simd::take_words<masked>(data, size, key);
    const __m128i block =
        _mm_set_epi64x(static_cast<long long>(rest.high), static_cast<long long>(rest.low));
    return is_valid_128(block, previous);
}

// The same with 256 bits.
[[gnu::target("avx2"), gnu::always_inline]] inline bool is_ascii_256(__m256i block) noexcept {
    return _mm256_movemask_epi8(block) == 0;
}

[[gnu::target("avx2"), gnu::always_inline]] inline bool is_zero_256(__m256i block) noexcept {
    return _mm256_testz_si256(block, block) != 0;
}

[[gnu::target("avx2"), gnu::always_inline]] inline __m256i unfinished_256(__m256i block) noexcept {
    return _mm256_subs_epu8(block, _mm256_setr_epi32(-1, -1, -1, -1, -1, -1, -1, last_bytes_max));
}

[[gnu::target("avx2"), gnu::always_inline]] inline __m256i look_up_256(const HalfTable& table,
                                                                       __m256i half) noexcept {
    const __m128i once = _mm_load_si128(reinterpret_cast<const __m128i*>(&table));
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(once), half);
}

// `before1` holds for each byte of `block` the byte before it, and so on.
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i errors_256(__m256i block,
                                                                      __m256i before1,
                                                                      __m256i before2,
                                                                      __m256i before3) noexcept {
    const __m256i low_half = _mm256_set1_epi8(0x0F);
    const __m256i first_upper = _mm256_and_si256(_mm256_srli_epi16(before1, 4), low_half);
    const __m256i first_lower = _mm256_and_si256(before1, low_half);
    const __m256i second_upper = _mm256_and_si256(_mm256_srli_epi16(block, 4), low_half);
    const __m256i pair =
        _mm256_and_si256(_mm256_and_si256(look_up_256(first_upper_errors, first_upper),
                                          look_up_256(first_lower_errors, first_lower)),
                         look_up_256(second_upper_errors, second_upper));
    const __m256i third = _mm256_subs_epu8(before2, _mm256_set1_epi8(0xE0 - 0x80));
    const __m256i fourth = _mm256_subs_epu8(before3, _mm256_set1_epi8(0xF0 - 0x80));
    const __m256i must_continue =
        _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8(static_cast<char>(0x80)));
    return _mm256_xor_si256(must_continue, pair);
}

[[gnu::target("avx2"), gnu::always_inline]] inline __m256i errors_256(__m256i block,
                                                                      __m256i previous) noexcept {
    // Shifts work within halves of 16 bytes, so bring each half's predecessor beside it.
    const __m256i before = _mm256_permute2x128_si256(previous, block, 0x21);
    return errors_256(block, _mm256_alignr_epi8(block, before, 15),
                      _mm256_alignr_epi8(block, before, 14), _mm256_alignr_epi8(block, before, 13));
}

// The 32 bytes at `index` as plain text; those in memory stay as they are.
template <bool masked>
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i peek_256(
    const std::byte* data, std::size_t index, [[maybe_unused]] std::uint32_t key) noexcept {
    const __m256i block = simd::load_256(data + index);
    if constexpr (!masked) return block;
    return _mm256_xor_si256(block, simd::key_256(advance_mask(key, index)));
}

// Requires: size >= size_256_min.
//
// The last 32 bytes come first, and serve in place of what is left behind the last
// full block: those of them that belong to that block are looked at twice. Being
// first, they are read before anything is stored, for to read soon what was just
// stored at another alignment stalls.
template <bool masked>
[[gnu::target("avx2"), gnu::always_inline]] inline bool run_256(Text<masked>* data,
                                                                std::size_t size,
                                                                std::uint32_t key) noexcept {
    const std::size_t last = size - 32;
    const __m256i last_block = peek_256<masked>(data, last, key);
    if (!is_ascii_256(last_block)) {
        const __m256i errors = errors_256(last_block, peek_256<masked>(data, last - 1, key),
                                          peek_256<masked>(data, last - 2, key),
                                          peek_256<masked>(data, last - 3, key));
        if (!is_zero_256(_mm256_or_si256(errors, unfinished_256(last_block)))) return false;
    }
    const __m256i keys = simd::key_256(key);
    __m256i previous = _mm256_setzero_si256();
    std::size_t i = 0;
    for (; size - i >= 64; i += 64) {
        const __m256i a = simd::take_256<masked>(data + i, keys);
        const __m256i b = simd::take_256<masked>(data + i + 32, keys);
        __m256i errors;
        if (is_ascii_256(_mm256_or_si256(a, b))) {
            errors = unfinished_256(previous);
        } else {
            errors = _mm256_or_si256(errors_256(a, previous), errors_256(b, a));
        }
        if (!is_zero_256(errors)) return false;
        previous = b;
    }
    if (size - i >= 32) {
        const __m256i block = simd::take_256<masked>(data + i, keys);
        if (!is_zero_256(errors_256(block, previous))) return false;
    }
    if constexpr (masked) simd::store_256(data + last, last_block);
    return true;
}

// The last block and the three bytes before it.
constexpr std::size_t size_256_min = 35;

}  // namespace

[[gnu::target("ssse3")]] bool validate_ssse3(const std::byte* data, std::size_t size) noexcept {
    return run_128<false>(data, size, 0);
}

[[gnu::target("ssse3")]] bool unmask_and_validate_ssse3(std::byte* data, std::size_t size,
                                                        std::uint32_t key) noexcept {
    return run_128<true>(data, size, key);
}

[[gnu::target("avx2")]] bool validate_avx2(const std::byte* data, std::size_t size) noexcept {
    if (size < size_256_min) return validate_ssse3(data, size);
    return run_256<false>(data, size, 0);
}

[[gnu::target("avx2")]] bool unmask_and_validate_avx2(std::byte* data, std::size_t size,
                                                      std::uint32_t key) noexcept {
    if (size < size_256_min) return unmask_and_validate_ssse3(data, size, key);
    return run_256<true>(data, size, key);
}

}  // namespace edgews::utf8

#endif
