// An input in pieces, as a socket may bring it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace edgews::fuzz {

// How an input is cut.
enum class Cut {
    whole,
    byte_by_byte,
    at_random,
    at_random_and_direct,  // Into the reader's own memory, where it has some.
};

// `random`: its seed, and then its state.
struct Pieces {
    Cut cut;
    std::uint64_t random;

    // The size of the next piece, when so much is left. Requires: rest > 0.
    std::size_t next(std::size_t rest) noexcept {
        if (cut == Cut::whole) return rest;
        if (cut == Cut::byte_by_byte) return 1;
        random = random * 6364136223846793005U + 1442695040888963407U;
        const std::uint64_t value = random >> 33;
        return static_cast<std::size_t>(1 +
                                        (value >> 4) % std::min(rest, value % 4 == 0 ? rest : 9));
    }
};

}  // namespace edgews::fuzz
