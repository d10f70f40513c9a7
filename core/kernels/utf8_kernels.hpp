// The vector kernels of UTF-8 validation, and the tables that they share.
// Internal: include it in .cpp files only. Empty unless the target is x86-64.
//
// How they work: whether a byte may stand where it stands depends on the byte
// before it, but for one thing, see below. Of two neighbours, the upper half of
// the first, its lower half and the upper half of the second are enough to tell
// all that can be wrong. Each kind of error is one bit; each half looks up, in a
// table of sixteen, the errors that it allows for; the AND of the three is what
// is wrong. A byte shuffle does sixteen such look-ups at once. (The idea is Keiser
// and Lemire's: "Validating UTF-8 in less than one instruction per byte", 2020.)
//
// Not seen by pairs: whether a continuation that follows a continuation should,
// being the third or fourth byte of a character. So the pair of two continuations
// is an "error" of its own bit, and a kernel flips that bit where the byte two
// before begins a character of three or four bytes, or the byte three before one
// of four. It stays set exactly where there is one continuation too many or too few.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstddef>
#include <cstdint>

namespace edgews::utf8 {

bool validate_ssse3(const std::byte* data, std::size_t size) noexcept;
bool validate_avx2(const std::byte* data, std::size_t size) noexcept;
bool validate_avx512(const std::byte* data, std::size_t size) noexcept;
bool unmask_and_validate_ssse3(std::byte* data, std::size_t size, std::uint32_t key) noexcept;
bool unmask_and_validate_avx2(std::byte* data, std::size_t size, std::uint32_t key) noexcept;
bool unmask_and_validate_avx512(std::byte* data, std::size_t size, std::uint32_t key) noexcept;

// Sets of halves: bit n stands for the value n.
using Halves = std::uint16_t;

constexpr Halves halves(unsigned min, unsigned max) noexcept {
    return static_cast<Halves>((2U << max) - (1U << min));
}

// Two neighbours that must not be, told by three halves of them.
struct BadPair {
    std::uint8_t bit;
    Halves first_upper;
    Halves first_lower;
    Halves second_upper;
};

inline constexpr Halves any_half = halves(0x0, 0xF);
inline constexpr Halves ascii = halves(0x0, 0x7);
inline constexpr Halves continuation = halves(0x8, 0xB);
inline constexpr Halves lead = halves(0xC, 0xF);

// Top bit, so that what marks the leads of long characters, a byte of 0x80 or
// more, flips it after an AND.
inline constexpr std::uint8_t two_continuations = 0x80;

inline constexpr std::array bad_pairs{
    BadPair{0x01, lead, any_half, ascii | lead},                      // The character is too short.
    BadPair{0x02, ascii, any_half, continuation},                     // No character to continue.
    BadPair{0x04, halves(0xC, 0xC), halves(0x0, 0x1), continuation},  // C0, C1: overlong.
    BadPair{0x08, halves(0xE, 0xE), halves(0x0, 0x0), halves(0x8, 0x9)},  // E0 80…9F: overlong.
    BadPair{0x10, halves(0xE, 0xE), halves(0xD, 0xD), halves(0xA, 0xB)},  // ED A0…BF: surrogate.
    BadPair{0x20, halves(0xF, 0xF), halves(0x4, 0xF), halves(0x9, 0xB)},  // F4 90… and F5…FF.
    BadPair{0x40, halves(0xF, 0xF), halves(0x5, 0xF), halves(0x8, 0x8)},  // F5…FF 80…8F.
    BadPair{0x40, halves(0xF, 0xF), halves(0x0, 0x0), halves(0x8, 0x8)},  // F0 80…8F: overlong.
    BadPair{two_continuations, continuation, any_half, continuation},
};

struct alignas(16) HalfTable {
    std::array<std::uint8_t, 16> errors{};
};

// The errors that each value of one half allows for.
constexpr HalfTable errors_by_half(Halves BadPair::*half) noexcept {
    HalfTable table;
    for (const BadPair& pair : bad_pairs) {
        for (unsigned value = 0; value < 16; ++value) {
            if (((pair.*half >> value) & 1U) != 0) table.errors[value] |= pair.bit;
        }
    }
    return table;
}

inline constexpr HalfTable first_upper_errors = errors_by_half(&BadPair::first_upper);
inline constexpr HalfTable first_lower_errors = errors_by_half(&BadPair::first_lower);
inline constexpr HalfTable second_upper_errors = errors_by_half(&BadPair::second_upper);

// The most that the last bytes of a block may be, if no character goes on after
// it: of the last four, from the low byte, FF, EF, DF and BF.
inline constexpr int last_bytes_max = static_cast<int>(0xBFDFEFFF);

}  // namespace edgews::utf8

#endif
