#include "core/base/string_hash.hpp"

#include "crypto/random.hpp"
#include "crypto/siphash.hpp"

#include <array>
#include <bit>

namespace edgews {
namespace {

SipHashKey random_key() noexcept {
    std::array<std::byte, sizeof(SipHashKey)> bytes;
    fill_random(bytes);
    return std::bit_cast<SipHashKey>(bytes);
}

}  // namespace

std::size_t hash_of(std::string_view text) noexcept {
    static const SipHashKey key = random_key();
    return static_cast<std::size_t>(siphash<1, 3>(key, text));
}

}  // namespace edgews
