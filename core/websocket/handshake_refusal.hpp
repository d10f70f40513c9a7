// The answer to a request that does not become a WebSocket: why, and the whole response that says
// so (RFC 6455, sections 4.2.2 and 4.4): 400, 403, 405, 421 or 426.
#pragma once

#include <edgews/http.hpp>
#include "core/http/http_fault.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

// The version of the protocol; no other is spoken here (section 4.2.1, point 6).
inline constexpr std::string_view websocket_version = "13";

// Why a request does not become a WebSocket: one enumerator per rule.
enum class HandshakeFault : std::uint8_t {
    none,
    method_not_get,   // 4.2.1 (1)
    version_too_old,  // 4.2.1 (1), 9110 7.8: HTTP/1.0 has no Upgrade
    plain_request,    // No sign of WebSocket in it: an ordinary GET that came to the wrong place
    upgrade_missing,  // 4.2.1 (3): no Upgrade header
    upgrade_not_websocket,   // 4.2.1 (3): one without "websocket"
    connection_not_upgrade,  // 4.2.1 (4): Connection missing, or without "Upgrade"
    version_missing,         // 4.2.1 (6)
    version_repeated,        // 11.3.5
    version_unsupported,     // 4.2.2 /version/: not 13
    key_missing,             // 4.2.1 (5)
    key_repeated,            // 11.3.1
    key_malformed,           // 4.2.1 (5): not 16 bytes in base64
    body_present,            // A body would be taken for frames: request smuggling
    subprotocol_malformed,   // 4.1 (10): not a list of tokens; one of none offers nothing
    subprotocol_repeated,    // 4.1 (10): they must be unique
    too_many_subprotocols,   // More than subprotocol_count_max
    extensions_malformed,    // 9.1, where any is served
    origin_repeated,         // 6454 7.3: at most one
    origin_forbidden,        // 4.2.2 /origin/, 10.2: decided by origin_allowed()
    host_forbidden,          // 9110 7.4: of any request; decided by host_allowed()
};

// The status that refuses: 400, 403, 405, 421 or 426. Requires: not `none`.
[[nodiscard]] unsigned status_code(HandshakeFault fault) noexcept;

// One sentence, fit for a response's body and for a log.
[[nodiscard]] std::string_view describe(HandshakeFault fault) noexcept;

struct RefusalFields {
    std::string_view date{};  // The value of Date (core/http/http_date.hpp); empty: none is sent.
    // False: the head alone, as if the sentence followed: the request was HEAD (RFC 9110, 9.3.2).
    bool has_content = true;
    std::span<const HeaderField> headers{};  // Further ones. Requires: valid names and values.
};

// Appends the whole response that refuses, its sentence as a body of plain text.
// It says "Connection: close", and the connection must be closed after it. 405
// carries Allow; what an option would admit, X-Refused-By with its name, since many
// clients show headers and no content; 426 carries Upgrade, and Sec-WebSocket-Version: 13
// (section 4.4). Requires: not `none`.
void append_refusal(std::string& out, HandshakeFault fault,
                    const RefusalFields& fields = {}) noexcept;
// The same for a request head that could not be parsed.
void append_refusal(std::string& out, HttpFault fault, const RefusalFields& fields = {}) noexcept;

}  // namespace edgews
