// UTF-8 validation for 512-bit registers; utf8_kernels.hpp tells how it works.
// Loads under a mask do what is left at the end, so all sizes go one way.
#include "core/kernels/utf8_kernels.hpp"

#if defined(__x86_64__)

#include "core/kernels/simd.hpp"

namespace edgews::utf8 {
namespace {

using simd::Text;

// Every four bytes. gcc 12 warns of the forms without a mask, that their own
// headers read an uninitialised variable.
constexpr __mmask16 all_quads = 0xFFFF;

// Not zero, if the last character of `block` goes on after it.
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline __m512i unfinished_512(
    __m512i block) noexcept {
    return _mm512_subs_epu8(block, _mm512_setr_epi32(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                                     -1, -1, -1, last_bytes_max));
}

[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline __m512i look_up_512(
    const HalfTable& table, __m512i half) noexcept {
    const __m128i once = _mm_load_si128(reinterpret_cast<const __m128i*>(&table));
    return _mm512_shuffle_epi8(_mm512_maskz_broadcast_i32x4(all_quads, once), half);
}

// Not zero, if something is wrong in `block`, which follows `previous`.
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline __m512i errors_512(
    __m512i block, __m512i previous) noexcept {
    // Shifts work within quarters of 16 bytes, so bring each one's predecessor beside it.
    const __m512i before = _mm512_maskz_alignr_epi32(all_quads, block, previous, 12);
    const __m512i before1 = _mm512_alignr_epi8(block, before, 15);
    const __m512i before2 = _mm512_alignr_epi8(block, before, 14);
    const __m512i before3 = _mm512_alignr_epi8(block, before, 13);
    const __m512i low_half = _mm512_set1_epi8(0x0F);
    const __m512i first_upper = _mm512_and_si512(_mm512_srli_epi16(before1, 4), low_half);
    const __m512i first_lower = _mm512_and_si512(before1, low_half);
    const __m512i second_upper = _mm512_and_si512(_mm512_srli_epi16(block, 4), low_half);
    const __m512i pair =
        _mm512_and_si512(_mm512_and_si512(look_up_512(first_upper_errors, first_upper),
                                          look_up_512(first_lower_errors, first_lower)),
                         look_up_512(second_upper_errors, second_upper));
    // At least 0x80 where the byte two before is E0 or more, three before F0 or more.
    const __m512i third = _mm512_subs_epu8(before2, _mm512_set1_epi8(0xE0 - 0x80));
    const __m512i fourth = _mm512_subs_epu8(before3, _mm512_set1_epi8(0xF0 - 0x80));
    const __m512i must_continue =
        _mm512_and_si512(_mm512_or_si512(third, fourth), _mm512_set1_epi8(static_cast<char>(0x80)));
    return _mm512_xor_si512(must_continue, pair);
}

[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline bool is_valid_512(
    __m512i block, __m512i previous) noexcept {
    const bool is_ascii = _mm512_movepi8_mask(block) == 0;
    const __m512i errors = is_ascii ? unfinished_512(previous) : errors_512(block, previous);
    return _mm512_test_epi8_mask(errors, errors) == 0;
}

template <bool masked>
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline bool run_512(
    Text<masked>* data, std::size_t size, std::uint32_t key) noexcept {
    const __m512i keys = simd::key_512(key);
    __m512i previous = _mm512_setzero_si512();
    for (; size >= 256; data += 256, size -= 256) {
        const __m512i a = simd::take_512<masked>(data, keys);
        const __m512i b = simd::take_512<masked>(data + 64, keys);
        const __m512i c = simd::take_512<masked>(data + 128, keys);
        const __m512i d = simd::take_512<masked>(data + 192, keys);
        __m512i errors = unfinished_512(previous);
        if (_mm512_movepi8_mask(_mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d))) !=
            0) {
            errors = _mm512_or_si512(_mm512_or_si512(errors_512(a, previous), errors_512(b, a)),
                                     _mm512_or_si512(errors_512(c, b), errors_512(d, c)));
        }
        if (_mm512_test_epi8_mask(errors, errors) != 0) return false;
        previous = d;
    }
    for (; size >= 64; data += 64, size -= 64) {
        const __m512i block = simd::take_512<masked>(data, keys);
        if (!is_valid_512(block, previous)) return false;
        previous = block;
    }
    // Fewer than 64 are left: the zeros behind them show a cut character.
    return is_valid_512(simd::take_part_512<masked>(data, size, keys), previous);
}

}  // namespace

[[gnu::target("avx512f,avx512bw")]] bool validate_avx512(const std::byte* data,
                                                         std::size_t size) noexcept {
    if (size < 64) return validate_avx2(data, size);
    return run_512<false>(data, size, 0);
}

[[gnu::target("avx512f,avx512bw")]] bool unmask_and_validate_avx512(std::byte* data,
                                                                    std::size_t size,
                                                                    std::uint32_t key) noexcept {
    if (size < 64) return unmask_and_validate_avx2(data, size, key);
    return run_512<true>(data, size, key);
}

}  // namespace edgews::utf8

#endif
