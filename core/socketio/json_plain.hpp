// Searches for the end of what stands in a JSON string as itself (RFC 8259, section 7).
//
// Header-only: a call would cost more than most of these searches do. Internal: include it in .cpp
// files only.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace edgews::sio {

// Whether the byte ends the string, begins an escape, or must not be there: a control character.
[[nodiscard]] constexpr bool is_special_in_json(char c) noexcept {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

// Both find the first special byte in [at, end), or `end`. They set `has_more_than_ascii` if they
// passed a byte of 0x80 and more, and perhaps for such a byte behind the special one. The bytes
// from `begin` on may be looked at, too.

// Eight bytes at once.
[[nodiscard]] inline const char* find_special_by_words(const char* at, const char* end,
                                                       bool& has_more_than_ascii) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t tops = ones * 0x80;
    std::uint64_t seen = 0;
    while (static_cast<std::size_t>(end - at) >= sizeof(std::uint64_t)) {
        std::uint64_t word;
        std::memcpy(&word, at, sizeof word);
        seen |= word;
        const std::uint64_t quotes = word ^ (ones * '"');
        const std::uint64_t backslashes = word ^ (ones * '\\');
        // None, if there is no special byte; where there is one, bits above its own may say
        // anything.
        const std::uint64_t bits = (((word - ones * 0x20) & ~word) | ((quotes - ones) & ~quotes) |
                                    ((backslashes - ones) & ~backslashes)) &
                                   tops;
        if (bits != 0) break;
        at += sizeof word;
    }
    for (; at < end && !is_special_in_json(*at); ++at) seen |= static_cast<unsigned char>(*at);
    has_more_than_ascii = has_more_than_ascii || (seen & tops) != 0;
    return at;
}

#if defined(__x86_64__)

// Sixteen bytes at once; the last ones together with some before them.
[[nodiscard]] inline const char* find_special_by_vectors(const char* begin, const char* at,
                                                         const char* end,
                                                         bool& has_more_than_ascii) noexcept {
    constexpr std::ptrdiff_t width = sizeof(__m128i);
    unsigned high = 0;
    const auto special_bits = [&high](const char* bytes) noexcept {
        const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
        const __m128i quotes = _mm_cmpeq_epi8(text, _mm_set1_epi8('"'));
        const __m128i backslashes = _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'));
        const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1F)), text);
        high |= static_cast<unsigned>(_mm_movemask_epi8(text));
        return static_cast<unsigned>(
            _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls)));
    };
    unsigned bits = 0;
    while (end - at >= width && (bits = special_bits(at)) == 0) at += width;
    if (bits == 0 && at < end) {
        if (end - begin < width) return find_special_by_words(at, end, has_more_than_ascii);
        bits = special_bits(end - width) >> (width - (end - at));
    }
    has_more_than_ascii = has_more_than_ascii || high != 0;
    return bits == 0 ? end : at + std::countr_zero(bits);
}

#endif

[[nodiscard]] inline const char* find_special_in_json([[maybe_unused]] const char* begin,
                                                      const char* at, const char* end,
                                                      bool& has_more_than_ascii) noexcept {
#if defined(__x86_64__)
    return find_special_by_vectors(begin, at, end, has_more_than_ascii);
#else
    return find_special_by_words(at, end, has_more_than_ascii);
#endif
}

}  // namespace edgews::sio
