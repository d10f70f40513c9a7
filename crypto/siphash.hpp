// SipHash, a keyed hash (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
//
// Who does not know the key cannot find texts that collide, so a hash table whose keys a peer
// chooses stays a hash table.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgews {

struct SipHashKey {
    std::uint64_t low = 0;   // The first eight bytes of the key, the lowest first,
    std::uint64_t high = 0;  // and the other eight.
};

// The rounds for each eight bytes, and those at the end. Instantiated for 1-3, which tables use,
// and for 2-4, which the paper's vectors are of.
template <unsigned compression_rounds, unsigned finalization_rounds>
[[nodiscard]] std::uint64_t siphash(const SipHashKey& key, std::string_view text) noexcept;

extern template std::uint64_t siphash<1, 3>(const SipHashKey&, std::string_view) noexcept;
extern template std::uint64_t siphash<2, 4>(const SipHashKey&, std::string_view) noexcept;

}  // namespace edgews
