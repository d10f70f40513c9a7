#include "core/address/network.hpp"

#include <algorithm>
#include <cstdint>

namespace edgews {
namespace {

constexpr std::size_t mapping_bits = 96;  // Of ::ffff:0:0/96.

constexpr std::size_t bit_count(IpAddress::Family family) noexcept {
    switch (family) {
        case IpAddress::Family::none: break;
        case IpAddress::Family::ipv4: return 32;
        case IpAddress::Family::ipv6: return 128;
    }
    return 0;
}

// Whether the first `bits` of both are the same.
bool begin_alike(const IpAddress& a, const IpAddress& b, std::size_t bits) noexcept {
    const std::size_t whole = bits / 8;
    if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, b.bytes.begin())) return false;
    const std::size_t left = bits % 8;
    return left == 0 || ((a.bytes[whole] ^ b.bytes[whole]) >> (8 - left)) == 0;
}

// With all bits behind the first `bits` cleared.
IpAddress first_of(const IpAddress& address, std::size_t bits) noexcept {
    IpAddress first = address;
    for (std::size_t i = 0; i < first.bytes.size(); ++i) {
        const std::size_t kept = std::clamp<std::size_t>(bits, 8 * i, 8 * i + 8) - 8 * i;
        first.bytes[i] = static_cast<std::uint8_t>(first.bytes[i] & (0xFF00U >> kept));
    }
    return first;
}

}  // namespace

std::optional<Network> Network::parse(std::string_view text) noexcept {
    const std::size_t slash = text.find('/');
    const std::string_view written = text.substr(0, slash);
    IpAddress address = parse_ipv4(written);
    if (!address) address = parse_ipv6(written);
    if (!address) return std::nullopt;

    const std::size_t bits_max = bit_count(address.family);
    std::size_t bits = bits_max;
    if (slash != std::string_view::npos) {
        const std::optional<std::uint16_t> given =
            parse_decimal(text.substr(slash + 1), static_cast<std::uint16_t>(bits_max));
        if (!given) return std::nullopt;
        bits = *given;
    }
    if (first_of(address, bits) != address) return std::nullopt;
    const IpAddress plain = without_mapping(address);
    // One that is mapped has a prefix of at least 96 bits, or bits behind it would be set.
    return Network(plain, plain.family == address.family ? bits : bits - mapping_bits);
}

bool Network::contains(const IpAddress& address) const noexcept {
    return address.family == first_.family && begin_alike(address, first_, prefix_bits_);
}

bool is_in(const IpAddress& address, std::span<const Network> networks) noexcept {
    return std::any_of(networks.begin(), networks.end(),
                       [&](const Network& network) { return network.contains(address); });
}

}  // namespace edgews
