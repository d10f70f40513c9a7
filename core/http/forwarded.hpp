// The client's address, as the proxies in front of us pass it on in a request: X-Forwarded-For, or
// Forwarded (RFC 7239).
//
// Both are lists to which each proxy appends whom it got the request from. All but what our own
// proxies appended may be a client's invention, so the list is read from its end: over addresses
// that are trusted proxies themselves, to the first that is not. That one is the client.
//
// Requires of the caller: the connection's own peer is trusted; otherwise all is invented.
#pragma once

#include <edgews/http.hpp>
#include "core/address/ip_address.hpp"
#include "core/address/network.hpp"
#include "core/http/http_head.hpp"

#include <cstdint>
#include <span>

namespace edgews {

// The client's address in `head`, with its port where there is one; IPv4 in IPv6 is IPv4.
//
// What is no address ("unknown", "_hidden", an element without "for", junk) hides all that is
// before it: the address behind it counts. Empty elements do not. Where all are trusted, the first
// is the client. Family `none`: the header is missing, or its last element is no address.
// Requires: `head` is complete.
[[nodiscard]] IpAddress find_client(const HttpHead& head, ForwardedHeader header,
                                    std::span<const Network> trusted) noexcept;

}  // namespace edgews
