// The opening handshake, the server's half (RFC 6455, sections 4.2 and 4.4).
//
// Without I/O: from a parsed request head to what is wrong with it, or to the
// bytes of the response that makes the connection a WebSocket.
//
//     const OpeningRequest request = read_opening_request(head);
//     if (request.fault != HandshakeFault::none) append_refusal(out, request.fault);
//     else append_opening_response(out, {.key = request.key, .subprotocol = …});
#pragma once

#include "core/http/http_head.hpp"
#include "core/http/http_response.hpp"
#include "core/websocket/handshake_refusal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

inline constexpr std::size_t websocket_key_size = 24;     // 16 bytes in base64
inline constexpr std::size_t websocket_accept_size = 28;  // 20 bytes in base64

// Subprotocols that a client may offer; that they are unique is checked pair by pair.
inline constexpr std::size_t subprotocol_count_max = 64;

struct OpeningRequest {
    HandshakeFault fault = HandshakeFault::none;
    std::string_view key{};  // Without a fault: 24 characters, in the head's input.
};

struct OpeningRules {
    // HTTP/1.0 may upgrade, against the RFCs: some programs do so.
    bool http_1_0_allowed = false;
    // Extensions are served; else nobody reads what is offered, and no list of them is wrong.
    bool extensions_served = true;
};

// Checks all that section 4.2.1 demands and HttpHead does not; not whether the
// origin is welcome. Requires: a complete head.
[[nodiscard]] OpeningRequest read_opening_request(const HttpHead& head,
                                                  const OpeningRules& rules = {}) noexcept;

// Whether the request shows any sign of WebSocket: an Upgrade to it, or a
// Sec-WebSocket header. Requires: a complete head.
[[nodiscard]] bool wants_websocket(const HttpHead& head) noexcept;

// The subprotocols that the client offers, in its order of preference, from all
// Sec-WebSocket-Protocol headers. Requires: a head without a handshake fault.
class SubprotocolReader {
  public:
    // `head` is borrowed.
    explicit SubprotocolReader(const HttpHead& head) noexcept;

    // The next, a view into the head's input; empty after the last.
    [[nodiscard]] std::string_view next() noexcept;

  private:
    const HttpHead* head_;
    std::size_t index_;
    ListReader list_;
};

// Whether the client offers `subprotocol`, in that case (section 4.1).
[[nodiscard]] bool offers_subprotocol(const HttpHead& head, std::string_view subprotocol) noexcept;

// The first of `preferred` that the client offers; empty when none fits: then
// none may be echoed (section 4.2.2 /subprotocol/). A view into `preferred`.
[[nodiscard]] std::string_view choose_subprotocol(const HttpHead& head,
                                                  std::span<const std::string> preferred) noexcept;

struct OriginQuestion {
    std::optional<std::string_view> origin{};  // The Origin header.
    std::string_view host{};                   // HttpHead::host()
    bool secure = false;                       // We terminate TLS ourselves.
};

// In a list of origins: the page's own, as it is without a list.
inline constexpr std::string_view same_origin_entry = "same-origin";

// Whether a request of that origin is welcome (section 10.2).
//
// Without an Origin it is: that is no browser. Else when it is in `allowed`, as a
// whole and in any case; "*" there allows all, and "same-origin" our own. Without a
// list, our own is welcome, and no other.
//
// Our own is http, https, ws or wss, with host and port equal to those of the Host
// header: the scheme tells how a page or a program came, and not who it is. A port
// that is not written means its scheme's default, and Host, which has no scheme, is
// read with the scheme of the Origin, because a proxy in front of us may have
// terminated TLS; if we terminate it ourselves, port 80 of an Origin may be our 443,
// because programs write "http://HOST" for wss. Never our own: "null" (sandboxes, and
// pages from files), "file://", schemes of browser extensions and of applications.
[[nodiscard]] bool origin_allowed(const OriginQuestion& question,
                                  std::span<const std::string> allowed) noexcept;

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (section 4.2.2, 5.4).
// Requires: key.size() == websocket_key_size.
[[nodiscard]] std::array<char, websocket_accept_size> accept_key(std::string_view key) noexcept;

struct OpeningResponse {
    std::string_view key{};                  // Of the request.
    std::string_view subprotocol{};          // Empty: none. Requires: one that the client offered.
    std::string_view extensions{};           // Empty: none. The value of Sec-WebSocket-Extensions.
    std::span<const HeaderField> headers{};  // The application's.
};

// Appends the whole 101 response to `out` (section 4.2.2). With a fault in the
// application's headers nothing is appended.
[[nodiscard]] HeaderFault append_opening_response(std::string& out,
                                                  const OpeningResponse& response) noexcept;

}  // namespace edgews
