// The URLs of WebSockets, ws:// and wss:// (RFC 6455, section 3), for a client.
//
//     const WebSocketUrl url = parse_websocket_url("wss://example.com/chat?room=1");
//     if (url.fault != UrlFault::none) …  // describe(url.fault)
//
// Nothing is repaired: what must be percent-encoded and is not has a fault, and a name that is
// not ASCII is to be given as its IDNA form ("xn--…"). No name is looked up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edgews {

// What can be wrong with a URL: one enumerator per rule.
enum class UrlFault : std::uint8_t {
    none,
    character_forbidden,  // 3986 2: a space, a control character, or one that is not ASCII
    scheme_unsupported,   // 6455 3: does not begin with ws://, wss://, http:// or https://
    fragment_present,     // 6455 3: "#"
    user_info_malformed,  // 3986 3.2.1, 7617 2: see is_user_info()
    host_missing,         // 6455 3
    host_malformed,       // 3986 3.2.2: not a name, an address or an IPv6 address in brackets
    zone_malformed,       // 6874 2: empty, or not percent-encoded where it must be
    port_malformed,       // 3986 3.2.3: not a decimal number
    port_out_of_range,    // 0, or over 65535
};

// One sentence, for a log or an error.
[[nodiscard]] std::string_view describe(UrlFault fault) noexcept;

struct WebSocketUrl {
    UrlFault fault = UrlFault::none;  // With a fault, all else is as it stands here.
    bool is_secure = false;           // wss
    std::uint16_t port = 0;           // Given, or the scheme's: 80 or 443.
    std::string user_info{};          // "user:password", still percent-encoded; empty: none.
    std::string host{};               // As it was written; an IPv6 address has its brackets,
    std::string zone{};               // and perhaps, decoded, a zone; empty: none.
    std::string target{};             // Path and query as they were written, "/" at least.

    // The host without brackets: what a certificate is for.
    [[nodiscard]] std::string_view bare_host() const noexcept;
    // The host to look up or to connect to: without brackets, but with its zone: "fe80::1%eth0".
    [[nodiscard]] std::string dial_host() const noexcept;
    // The value of a Host header: the host, and the port unless it is the scheme's. The zone means
    // something on this machine alone (RFC 6874, section 4).
    [[nodiscard]] std::string host_header() const noexcept;
    // The whole URL, its scheme as ws or wss.
    [[nodiscard]] std::string to_string() const noexcept;
};

// http and https mean ws and wss (WHATWG WebSockets, section 3.1). An IPv6 address may have a zone,
// as "[fe80::1%25eth0]" (RFC 6874) or as it is usually typed, "[fe80::1%eth0]".
[[nodiscard]] WebSocketUrl parse_websocket_url(std::string_view text) noexcept;

// Whether scheme, host and port are the same: only then may what is secret of one (cookies,
// credentials) be sent to the other, too. Requires: two URLs without a fault.
[[nodiscard]] bool is_same_origin(const WebSocketUrl& a, const WebSocketUrl& b) noexcept;

// Where a redirection leads (RFC 3986, section 5.2; RFC 9110, section 10.2.2): `location` is the
// value of a Location header, and `base` the URL that was asked for. Dot segments are taken out,
// and so is a fragment, which is never sent. The user information of the base goes along to its
// own origin, but to no other; its zone to the same address, since the server does not know it.
// Whether to follow, from wss to ws for instance, is for the caller. Requires: a base without a
// fault.
[[nodiscard]] WebSocketUrl resolve_location(const WebSocketUrl& base,
                                            std::string_view location) noexcept;

}  // namespace edgews
