// The opening handshake, the client's half (RFC 6455, section 4.1), and the request that a proxy
// needs before it.
//
// Without I/O: from a URL and what the application offers to the bytes of the request, and from
// a parsed response head to what is wrong with it, or to what both sides agreed on.
//
//     const auto key = make_websocket_key(nonce);  // 16 random bytes, for each connection anew
//     const OpeningOffer offer{.key = {key.data(), key.size()}, .subprotocols = …};
//     append_opening_request(out, url, {.offer = offer});
//     …                                            // HttpHead head(HttpHead::Kind::response);
//     if (is_interim_response(head)) …             // Another head follows: head.reset().
//     const ReadOpeningResponse answer = read_opening_response(head, offer);
//     if (answer.fault != OpeningResponseFault::none) …  // describe(answer), head.status()
#pragma once

#include "core/http/http_head.hpp"
#include "core/http/http_response.hpp"
#include "core/websocket/handshake.hpp"
#include "core/websocket/permessage_deflate.hpp"
#include "core/websocket/websocket_url.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

inline constexpr std::size_t websocket_nonce_size = 16;

// A Sec-WebSocket-Key (section 4.1, point 7). The bytes must be random and used once.
[[nodiscard]] std::array<char, websocket_key_size> make_websocket_key(
    std::span<const std::byte, websocket_nonce_size> nonce) noexcept;

// What the request offers, and the response is measured by.
struct OpeningOffer {
    std::string_view key{};                            // Requires: websocket_key_size characters.
    std::span<const std::string> subprotocols{};       // The one we like best first.
    const DeflateParameters* deflate_terms = nullptr;  // Null: permessage-deflate is not offered.
};

struct OpeningRequestFields {
    OpeningOffer offer{};
    std::string_view origin{};               // Empty: none.
    std::span<const HeaderField> headers{};  // The application's.
};

// What an application may do wrong in a request: one enumerator per rule.
enum class OpeningRequestFault : std::uint8_t {
    none,
    subprotocol_malformed,   // 4.1 (10): not a token
    subprotocol_repeated,    // 4.1 (10): they must be unique
    origin_malformed,        // It holds a control character
    header_name_malformed,   // Not a token
    header_value_malformed,  // It holds a control character
    header_of_handshake,     // Connection, Upgrade, Sec-WebSocket-Key and its like: ours to send
    header_of_option,        // Origin, Sec-WebSocket-Protocol, -Extensions: fields above say it
    header_of_body,          // Content-Length, Transfer-Encoding: there is no body
    host_malformed,          // Not host [":" port]
    host_repeated,
};

// One sentence about the mistake, for the application's developer.
[[nodiscard]] std::string_view describe(OpeningRequestFault fault) noexcept;

// Appends the whole request (section 4.1). A Host header of the application's replaces that of
// the URL, and an Authorization header the Basic credentials made of the URL's user information.
// With a fault nothing is appended. Requires: a URL without a fault.
[[nodiscard]] OpeningRequestFault append_opening_request(
    std::string& out, const WebSocketUrl& url, const OpeningRequestFields& fields) noexcept;

// Why a client must fail the connection (section 4.1, the list for the response): one enumerator
// per rule.
enum class OpeningResponseFault : std::uint8_t {
    none,
    status_not_101,          // (1): a redirection, a refusal, a page
    version_too_old,         // 9110 7.8: HTTP/1.0 has no Upgrade
    upgrade_missing,         // (2)
    upgrade_not_websocket,   // (2): another protocol, or several
    connection_not_upgrade,  // (3): Connection missing, or without "Upgrade"
    accept_missing,          // (4)
    accept_repeated,         // 11.3.3
    accept_wrong,            // (4): not that of our key
    extension_unexpected,    // (5): not offered, or answered more than once
    deflate_answer_invalid,  // 7692 7.1: `deflate_fault` tells
    subprotocol_repeated,    // 11.3.4: more than one header
    subprotocol_unexpected,  // (6): not one that was offered
    subprotocol_missing,     // WHATWG WebSockets 2: some were offered, and none was chosen
};

[[nodiscard]] std::string_view describe(OpeningResponseFault fault) noexcept;

struct ReadOpeningResponse {
    OpeningResponseFault fault = OpeningResponseFault::none;
    DeflateAnswerFault deflate_fault = DeflateAnswerFault::none;
    std::string_view subprotocol{};                     // Of the offer; empty: none.
    std::optional<DeflateParameters> deflate_agreed{};  // Empty: nothing is compressed.
};

// One sentence about what is wrong, as precise as can be.
[[nodiscard]] std::string_view describe(const ReadOpeningResponse& response) noexcept;

// Checks all that section 4.1 demands of a response. A missing subprotocol is looked for last,
// with all else filled in: RFC 6455 alone lets a client go on without one.
// Requires: a complete head of a response that is not interim.
[[nodiscard]] ReadOpeningResponse read_opening_response(const HttpHead& head,
                                                        const OpeningOffer& offer) noexcept;

// Whether another response follows this one: any of 1xx but 101, which a client must pass over
// (RFC 9110, section 15.2). Requires: a complete head of a response.
[[nodiscard]] bool is_interim_response(const HttpHead& head) noexcept;

// Appends the request for a tunnel to the URL's host and port (RFC 9110, section 9.3.6), for the
// proxy to answer with any 2xx. `proxy_user_info`: of the proxy's URL, still percent-encoded;
// empty: none. Requires: a URL without a fault; is_user_info(proxy_user_info).
void append_connect_request(std::string& out, const WebSocketUrl& url,
                            std::string_view proxy_user_info) noexcept;

}  // namespace edgews
