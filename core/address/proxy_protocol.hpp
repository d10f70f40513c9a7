// The PROXY protocol, versions 1 and 2, the receiver's half: the header by which a proxy says whose
// connection it forwards, before anything else (HAProxy's doc/proxy-protocol.txt).
//
// Pure functions over bytes: no I/O, no allocation, no state. Nothing in a header proves who sent
// it: read it only from proxies that are trusted, and then always (section 5).
//
//     const ParsedProxyHeader header = parse_proxy_header(received);
//     if (header.fault != ProxyFault::none) …  // Close: nothing is known of the sender.
//     if (header.size == 0) …                  // Receive more, call again with all of it.
//     if (header.source) …                     // Else the connection's own peer is the client.
#pragma once

#include "core/address/ip_address.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace edgews {

// Largest header of version 1, its CR LF included (section 2.1).
inline constexpr std::size_t proxy_line_size_max = 107;
// Largest header of version 2 that is taken. A length of 16 bits may claim four times as much;
// what senders add to the addresses (certificates at most) is a few KiB.
inline constexpr std::size_t proxy_header_size_max = 16 * 1024;

// What can be wrong with a header: one enumerator per rule.
enum class ProxyFault : std::uint8_t {
    none,
    signature_missing,    // 2.2: it begins as neither version does
    line_too_long,        // 2.1: no CR LF among the first 107 bytes
    line_end_malformed,   // 2.1: LF without CR
    protocol_unknown,     // 2.1: neither TCP4, TCP6 nor UNKNOWN
    address_malformed,    // 2.1: not the canonical form of an address of that protocol
    port_malformed,       // 2.1: not a decimal number up to 65535, without leading zeros
    version_unsupported,  // 2.2: not 2, behind the signature of version 2
    command_unknown,      // 2.2: neither LOCAL nor PROXY
    family_unknown,       // 2.2: an address family over 3, or a protocol over 2
    header_too_large,     // over proxy_header_size_max
    addresses_cut,        // 2.2: the length has no room for the addresses of its family
};

struct ParsedProxyHeader {
    ProxyFault fault = ProxyFault::none;
    std::size_t size = 0;  // Bytes the header takes. 0: more input is needed.
    // Who connected to the proxy. Family `none`: the sender names no internet address (LOCAL,
    // UNKNOWN, UNSPEC, Unix sockets). IPv4 in IPv6 is IPv4.
    IpAddress source{};
};

// Parses the header at the start of `input`: all that was received so far.
//
// Reports a fault as soon as it shows, in version 1 with the end of the line; looks at nothing past
// the header. Type-length-value fields behind the addresses are skipped, not looked into.
[[nodiscard]] ParsedProxyHeader parse_proxy_header(std::span<const std::byte> input) noexcept;

}  // namespace edgews
