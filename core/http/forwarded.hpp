// The client's address, as the proxies in front of us pass it on in a request: X-Forwarded-For, or
// Forwarded (RFC 7239).
//
// Both are lists to which each proxy appends whom it got the request from. All but what our own
// proxies appended may be a client's invention, so the list is read from its end: over addresses
// that are trusted proxies themselves, to the first that is not. That one is the client.
//
// Requires of the caller: the connection's own peer is trusted; otherwise all is invented.
#pragma once

#include "core/address/ip_address.hpp"
#include "core/address/network.hpp"
#include "core/http/http_head.hpp"

#include <cstdint>
#include <span>

namespace edgews {

// Which header is believed. Never both: a proxy that writes one passes the other on as the client
// sent it.
enum class ForwardedHeader : std::uint8_t {
    x_forwarded_for,  // "192.0.2.1, 198.51.100.7:4711, [2001:db8::1]:80, 2001:db8::2"
    forwarded,        // RFC 7239: for=192.0.2.1;proto=https, for="[2001:db8::1]:80"
};

// The client's address in `head`, with its port where there is one; IPv4 in IPv6 is IPv4.
//
// What is no address ("unknown", "_hidden", an element without "for", junk) hides all that is
// before it: the address behind it counts. Empty elements do not. Where all are trusted, the first
// is the client. Family `none`: the header is missing, or its last element is no address.
// Requires: `head` is complete.
[[nodiscard]] IpAddress find_client(const HttpHead& head, ForwardedHeader header,
                                    std::span<const Network> trusted) noexcept;

}  // namespace edgews
