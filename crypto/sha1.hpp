// SHA-1 (FIPS 180-4), which the opening handshake wants (RFC 6455, section 4.2.2).
//
// The handshake uses it to show that a server understood the request, not to keep
// a secret. Collisions in SHA-1 are practical: use it for nothing else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace edgews {

inline constexpr std::size_t sha1_digest_size = 20;
inline constexpr std::size_t sha1_block_size = 64;

using Sha1Digest = std::array<std::byte, sha1_digest_size>;
using Sha1State = std::array<std::uint32_t, 5>;

// One implementation of the compression function (section 6.1.2).
struct Sha1Kernel {
    const char* name;
    // Takes `block_count` blocks of 64 bytes, which lie at `blocks` at any alignment,
    // into `state`.
    void (*compress)(Sha1State& state, const std::byte* blocks, std::size_t block_count) noexcept;
};

// The digest of `message`, by the best kernel this CPU runs. Any thread.
[[nodiscard]] Sha1Digest sha1(std::span<const std::byte> message) noexcept;

// The same by a given kernel, for tests and benchmarks. Any thread.
[[nodiscard]] Sha1Digest sha1(std::span<const std::byte> message,
                              const Sha1Kernel& kernel) noexcept;

// The kernels this CPU runs: the portable one first, the best last. Never empty.
[[nodiscard]] std::span<const Sha1Kernel> sha1_kernels() noexcept;

}  // namespace edgews
