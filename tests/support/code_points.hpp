// UTF-8 by numbers (RFC 3629, section 3): another definition than the engine's, which goes by the
// bytes that may follow each other.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bytes.hpp"

namespace edgews::test {

[[nodiscard]] constexpr bool is_surrogate(std::uint32_t number) noexcept {
    return number >= 0xD800 && number <= 0xDFFF;
}
[[nodiscard]] constexpr bool is_character(std::uint32_t number) noexcept {
    return number <= 0x10FFFF && !is_surrogate(number);
}

// One to four bytes. A range.
struct Encoded {
    [[nodiscard]] const std::byte* data() const noexcept { return bytes.data(); }
    [[nodiscard]] std::size_t size() const noexcept { return count; }
    [[nodiscard]] const std::byte* begin() const noexcept { return bytes.data(); }
    [[nodiscard]] const std::byte* end() const noexcept { return bytes.data() + count; }

    std::array<std::byte, 4> bytes{};
    std::size_t count = 0;
};

// How many bytes a number of up to 21 bits takes.
[[nodiscard]] constexpr std::size_t encoded_size(std::uint32_t number) noexcept {
    return number < 0x80 ? 1 : number < 0x800 ? 2 : number < 0x10000 ? 3 : 4;
}

// The form of `size` bytes that the RFC gives to the number, whether or not it is a character, and
// whether or not fewer bytes are enough for it.
[[nodiscard]] constexpr Encoded encode(std::uint32_t number, std::size_t size) noexcept {
    constexpr std::uint32_t leads[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    Encoded encoded{.bytes = {}, .count = size};
    for (std::size_t i = size; i-- > 1; number >>= 6) {
        encoded.bytes[i] = static_cast<std::byte>(0x80 | (number & 0x3F));
    }
    encoded.bytes[0] = static_cast<std::byte>(leads[size] | number);
    return encoded;
}
[[nodiscard]] constexpr Encoded encode(std::uint32_t number) noexcept {
    return encode(number, encoded_size(number));
}

// All of them, in their order.
inline Bytes all_characters() {
    Bytes text(5 << 20);
    std::byte* end = text.data();
    for (std::uint32_t number = 0; number <= 0x10FFFF; ++number) {
        if (!is_character(number)) continue;
        const Encoded encoded = encode(number);
        std::memcpy(end, encoded.data(), 4);
        end += encoded.size();
    }
    text.resize(static_cast<std::size_t>(end - text.data()));
    return text;
}

// What one to four bytes are to someone who reads them as one character.
enum class Answer { refused, begun, whole };

// How many bytes the first one announces, whether or not it may. 0: it announces none.
[[nodiscard]] inline std::size_t announced_size(std::byte first) noexcept {
    const auto value = std::to_integer<std::uint32_t>(first);
    if (value < 0x80) return 1;
    if (value < 0xC0 || value >= 0xF8) return 0;
    return value < 0xE0 ? 2 : value < 0xF0 ? 3 : 4;
}

// By the numbers that they stand for, or may come to stand for.
[[nodiscard]] inline Answer answer_to(const std::byte* bytes, std::size_t count) noexcept {
    const std::size_t size = announced_size(bytes[0]);
    if (size == 0 || count > size) return Answer::refused;
    if (size == 1) return Answer::whole;
    std::uint32_t least = std::to_integer<std::uint32_t>(bytes[0]) & (0x7FU >> size);
    for (std::size_t i = 1; i < count; ++i) {
        const auto value = std::to_integer<std::uint32_t>(bytes[i]);
        if ((value & 0xC0) != 0x80) return Answer::refused;
        least = least << 6 | (value & 0x3F);
    }
    const std::size_t missing_bits = 6 * (size - count);
    least <<= missing_bits;
    const std::uint32_t most = least | ((1U << missing_bits) - 1);
    constexpr std::uint32_t first_of_size[] = {0, 0, 0x80, 0x800, 0x10000};
    // Some number from `least` to `most` has to need all bytes, and to be a character.
    const bool is_taken = most >= first_of_size[size] && least <= 0x10FFFF &&
                          !(is_surrogate(least) && is_surrogate(most));
    if (!is_taken) return Answer::refused;
    return count == size ? Answer::whole : Answer::begun;
}

// What a text is to someone who reads it to its end.
struct TextAnswer {
    std::size_t good_size;  // Bytes before the first that no text can have there.
    bool is_whole;          // It is a text, which ends between two characters.
};
[[nodiscard]] inline TextAnswer answer_to_text(std::span<const std::byte> text) noexcept {
    std::size_t begin = 0;
    for (std::size_t end = 1; end <= text.size(); ++end) {
        const Answer answer = answer_to(text.data() + begin, end - begin);
        if (answer == Answer::refused) return {.good_size = end - 1, .is_whole = false};
        if (answer == Answer::whole) begin = end;
    }
    return {.good_size = text.size(), .is_whole = begin == text.size()};
}

// Calls run(bytes) with all first two bytes, followed by as many continuations, the first or the
// last of them, as make it what its first byte announces. It says false to stop.
template <class Run>
void for_each_two_bytes(Run run) {
    for (unsigned value = 0; value < 65536; ++value) {
        std::byte bytes[4] = {static_cast<std::byte>(value >> 8), static_cast<std::byte>(value)};
        const std::size_t size = std::max<std::size_t>(announced_size(bytes[0]), 2);
        for (const unsigned tail : {0x80U, 0xBFU}) {
            bytes[2] = bytes[3] = static_cast<std::byte>(tail);
            if (!run(std::span<const std::byte>(bytes, size))) return;
            if (size == 2) break;
        }
    }
}

}  // namespace edgews::test
