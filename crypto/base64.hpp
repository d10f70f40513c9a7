// Base64 (RFC 4648, section 4): the standard alphabet, padded with '='.
//
// Pure functions over bytes: no allocation, no state.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace edgews {

// Characters that `size` bytes encode to.
[[nodiscard]] constexpr std::size_t base64_encoded_size(std::size_t size) noexcept {
    return (size + 2) / 3 * 4;
}

// Bytes that no text of `size` characters exceeds when decoded.
[[nodiscard]] constexpr std::size_t base64_decoded_size_max(std::size_t size) noexcept {
    return size / 4 * 3;
}

// Writes `input` in base64 to the start of `output` and returns the characters written,
// which are base64_encoded_size(input.size()). No terminating NUL.
//
// Requires: `output` has room for them, and does not overlap `input`.
std::size_t base64_encode(std::span<const std::byte> input, std::span<char> output) noexcept;

// Decodes all of `text` to the start of `output` and returns the bytes written.
//
// Nothing if `text` is not the one encoding of some bytes: a character outside the
// alphabet (white space and line ends too), a size that is no multiple of four, padding
// missing, misplaced or too long, or bits set that the padding says are unused
// (section 3.5). Nothing, too, if the bytes do not fit into `output`. `output` is then
// unspecified. Whatever decodes encodes to the same text again. `output` may begin where `text`
// does, which is then overwritten.
[[nodiscard]] std::optional<std::size_t> base64_decode(std::string_view text,
                                                       std::span<std::byte> output) noexcept;

}  // namespace edgews
