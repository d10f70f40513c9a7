// The ChaCha block function (RFC 8439, section 2.3), with any number of rounds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace edgews {

// Sixteen words of 32 bits. Each stands for four bytes, the lowest first.
using ChachaBlock = std::array<std::uint32_t, 16>;

// What the block function takes: a key, and the number of the block wanted.
//
// RFC 8439 makes the last three words of `position` a nonce; the cipher's first
// publication makes `position` a counter and a nonce of 64 bits each. It is all one here.
struct ChachaInput {
    std::array<std::uint32_t, 8> key;
    std::array<std::uint32_t, 4> position;
};

// A block of key stream. The function cannot be turned around: who sees any number of
// blocks, but not the key, can neither find the key nor predict another block.
//
// `rounds` is even: 20 is RFC 8439; no attack on 8 is known.
[[nodiscard]] ChachaBlock chacha_block(const ChachaInput& input, unsigned rounds) noexcept;

}  // namespace edgews
