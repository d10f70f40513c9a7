// Internet addresses, and how they are written (RFC 3986, section 3.2.2; RFC 4291, section 2.2).
//
// Strict, because two programs that read one text must not see two addresses: no leading zeros,
// which some take for octal, no short forms such as "127.1", no zones. Nothing is allocated.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace edgews {

struct IpAddress {
    enum class Family : std::uint8_t { none, ipv4, ipv6 };

    // Four bytes of IPv4 (the rest is 0) or sixteen of IPv6, in network order.
    std::array<std::uint8_t, 16> bytes{};
    std::uint16_t port = 0;  // 0 where none is known.
    Family family = Family::none;

    explicit operator bool() const noexcept { return family != Family::none; }
    friend bool operator==(const IpAddress&, const IpAddress&) noexcept = default;
};

// "192.0.2.1". Family `none`: it is something else.
[[nodiscard]] IpAddress parse_ipv4(std::string_view text) noexcept;

// "2001:db8::1" or "::ffff:192.0.2.1", without brackets. Family `none`: it is something else.
[[nodiscard]] IpAddress parse_ipv6(std::string_view text) noexcept;

// IPv4 in IPv6 (::ffff:a.b.c.d) as the IPv4 address that it stands for; any other as it is.
[[nodiscard]] IpAddress without_mapping(const IpAddress& address) noexcept;

// A decimal number of at most `max`, without leading zeros.
[[nodiscard]] std::optional<std::uint16_t> parse_decimal(std::string_view text,
                                                         std::uint16_t max) noexcept;

}  // namespace edgews
