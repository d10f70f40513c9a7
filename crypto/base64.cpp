#include "crypto/base64.hpp"

#include <array>
#include <cassert>
#include <cstdint>

namespace edgews {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static_assert(alphabet.size() == 64);

constexpr std::uint8_t not_in_alphabet = 0xFF;

constexpr std::array<std::uint8_t, 256> make_values() noexcept {
    std::array<std::uint8_t, 256> values{};
    values.fill(not_in_alphabet);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

constexpr std::array values = make_values();

std::uint32_t value_of(char character) noexcept {
    return values[static_cast<unsigned char>(character)];
}

// Four characters hold three bytes:
//
//     | byte 0 | byte 1 | byte 2 |     24 bits, the first the highest
//     | c0  | c1  | c2  | c3   |
char character_at(std::uint32_t bits, unsigned shift) noexcept {
    return alphabet[bits >> shift & 0x3F];
}

std::byte byte_at(std::uint32_t bits, unsigned shift) noexcept {
    return static_cast<std::byte>(bits >> shift);
}

}  // namespace

std::size_t base64_encode(std::span<const std::byte> input, std::span<char> output) noexcept {
    assert(output.size() >= base64_encoded_size(input.size()));
    std::size_t written = 0;
    while (input.size() >= 3) {
        const std::uint32_t bits = std::to_integer<std::uint32_t>(input[0]) << 16 |
                                   std::to_integer<std::uint32_t>(input[1]) << 8 |
                                   std::to_integer<std::uint32_t>(input[2]);
        output[written] = character_at(bits, 18);
        output[written + 1] = character_at(bits, 12);
        output[written + 2] = character_at(bits, 6);
        output[written + 3] = character_at(bits, 0);
        written += 4;
        input = input.subspan(3);
    }
    if (input.empty()) return written;

    std::uint32_t bits = std::to_integer<std::uint32_t>(input[0]) << 16;
    if (input.size() == 2) bits |= std::to_integer<std::uint32_t>(input[1]) << 8;
    output[written] = character_at(bits, 18);
    output[written + 1] = character_at(bits, 12);
    output[written + 2] = input.size() == 2 ? character_at(bits, 6) : '=';
    output[written + 3] = '=';
    return written + 4;
}

std::optional<std::size_t> base64_decode(std::string_view text,
                                         std::span<std::byte> output) noexcept {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.empty()) return 0;

    std::size_t padding = 0;
    if (text.ends_with("==")) {
        padding = 2;
    } else if (text.ends_with('=')) {
        padding = 1;
    }
    const std::size_t size = base64_decoded_size_max(text.size()) - padding;
    if (size > output.size()) return std::nullopt;

    // A '=' that is not in the padding is outside the alphabet, as any other stranger.
    // Strangers have their high bits set: collecting them leaves one branch for all.
    std::uint32_t seen = 0;
    std::size_t written = 0;
    const auto next_value = [&seen](char character) noexcept {
        const std::uint32_t value = value_of(character);
        seen |= value;
        return value;
    };
    for (; written + 3 <= size; text.remove_prefix(4), written += 3) {
        const std::uint32_t bits = next_value(text[0]) << 18 | next_value(text[1]) << 12 |
                                   next_value(text[2]) << 6 | next_value(text[3]);
        output[written] = byte_at(bits, 16);
        output[written + 1] = byte_at(bits, 8);
        output[written + 2] = byte_at(bits, 0);
    }
    if (padding > 0) {
        std::uint32_t bits = next_value(text[0]) << 18 | next_value(text[1]) << 12;
        if (padding == 1) bits |= next_value(text[2]) << 6;
        const std::uint32_t unused_bits = padding == 1 ? 0xFF : 0xFFFF;
        if ((bits & unused_bits) != 0) return std::nullopt;
        output[written] = byte_at(bits, 16);
        if (padding == 1) output[written + 1] = byte_at(bits, 8);
    }
    if (seen > 0x3F) return std::nullopt;
    return size;
}

}  // namespace edgews
