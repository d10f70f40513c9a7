// Networks: addresses that begin with the same bits (CIDR, RFC 4632, section 3.1; RFC 4291,
// section 2.3).
#pragma once

#include "core/address/ip_address.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace edgews {

class Network {
  public:
    // "10.0.0.0/8" or "2001:db8::/32"; an address alone is a network of one. Bits behind the prefix
    // must be 0: whoever writes "10.1.2.3/8" means one address or sixteen million. Empty optional:
    // it is none of these.
    //
    // IPv4 in IPv6 ("::ffff:10.0.0.0/104") is the IPv4 network. "::/0" is all of IPv6 and no IPv4.
    [[nodiscard]] static std::optional<Network> parse(std::string_view text) noexcept;

    // Ports do not matter. Requires: `address` is without_mapping().
    [[nodiscard]] bool contains(const IpAddress& address) const noexcept;

  private:
    Network(const IpAddress& first, std::size_t prefix_bits) noexcept
        : first_(first), prefix_bits_(prefix_bits) {}

    IpAddress first_;
    std::size_t prefix_bits_;
};

// Whether one of the networks contains the address.
[[nodiscard]] bool is_in(const IpAddress& address, std::span<const Network> networks) noexcept;

}  // namespace edgews
