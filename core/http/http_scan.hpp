// Searches for the end of a token, a target or a value in an HTTP head.
//
// Header-only: calls would cost more than most of these searches do.
#pragma once

#include "core/http/http_token.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace edgews {

// Eight bytes at once: the top bit of the first byte below 0x20 or equal to 0x7F, and
// perhaps bits of later bytes; 0 if there is none. HTAB is among them.
[[nodiscard]] inline std::uint64_t control_bits(std::uint64_t word) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t tops = ones * 0x80;
    const std::uint64_t deletes = word ^ (ones * 0x7F);
    const std::uint64_t below_space = (word - ones * 0x20) & ~word;
    const std::uint64_t is_delete = (deletes - ones) & ~deletes;
    return (below_space | is_delete) & tops;
}

// The first offset in [begin, end) whose byte no header value may hold, or `end`.
[[nodiscard]] inline std::size_t find_value_end(const char* text, std::size_t begin,
                                                std::size_t end) noexcept {
    while (end - begin >= sizeof(std::uint64_t)) {
        std::uint64_t word;
        std::memcpy(&word, text + begin, sizeof word);
        const std::uint64_t bits = control_bits(word);
        if (bits == 0) {
            begin += sizeof word;
            continue;
        }
        if constexpr (std::endian::native != std::endian::little) break;
        begin += static_cast<std::size_t>(std::countr_zero(bits)) / 8;
        if (text[begin] != '\t') return begin;
        ++begin;
    }
    while (begin < end && is_char_of(CharClass::field_value, text[begin])) ++begin;
    return begin;
}

// The first offset in [begin, end) whose byte is not of the class, or `end`.
[[nodiscard]] inline std::size_t find_class_end(CharClass wanted, const char* text,
                                                std::size_t begin, std::size_t end) noexcept {
    while (begin < end && is_char_of(wanted, text[begin])) ++begin;
    return begin;
}

}  // namespace edgews
