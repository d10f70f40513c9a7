// Masking and unmasking of payloads (RFC 6455, section 5.3): XOR with a key of
// four bytes, repeated.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace edgews {

// Masks or unmasks `data` in place. `key` as it lies in memory: its first byte
// (lowest address) goes with data[0]. Touches `data` only; any alignment.
// Any thread.
void apply_mask(std::span<std::byte> data, std::uint32_t key) noexcept;

// The key for the bytes that follow `count` masked ones.
[[nodiscard]] constexpr std::uint32_t advance_mask(std::uint32_t key, std::size_t count) noexcept {
    const int bits = 8 * static_cast<int>(count % 4);
    return std::endian::native == std::endian::little ? std::rotr(key, bits) : std::rotl(key, bits);
}

// One way to do what apply_mask does, for tests and benchmarks.
struct MaskKernel {
    const char* name;
    void (*apply)(std::byte* data, std::size_t size, std::uint32_t key) noexcept;
};

// Those that this CPU runs, best last: that one is what apply_mask calls. The
// first is portable and defines the result of all others. Never empty.
[[nodiscard]] std::span<const MaskKernel> mask_kernels() noexcept;

}  // namespace edgews
