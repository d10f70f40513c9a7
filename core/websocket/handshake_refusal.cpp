#include "core/websocket/handshake_refusal.hpp"

#include "core/base/number.hpp"
#include "core/http/http_response.hpp"

#include <cassert>

namespace edgews {
namespace {

// The option that would admit what the fault refuses; empty: there is none.
std::string_view option_of(HandshakeFault fault) noexcept {
    if (fault == HandshakeFault::origin_forbidden) return "RouteOptions::origins";
    if (fault == HandshakeFault::version_too_old) return "RouteOptions::http_1_0_upgrades";
    return fault == HandshakeFault::host_forbidden ? "ServerOptions::hosts" : "";
}

void append_start(std::string& out, unsigned status, const RefusalFields& fields) noexcept {
    append_status_line(out, status);
    if (!fields.date.empty()) append_header(out, {"Date", fields.date});
}

// Ends the head that was begun and appends the sentence as the body.
void append_sentence(std::string& out, std::string_view sentence,
                     const RefusalFields& fields) noexcept {
    for (const HeaderField& field : fields.headers) append_header(out, field);
    append_header(out, {"Content-Type", plain_text_type});
    out += "Content-Length: ";
    append_number(out, sentence.size() + 1);
    out += "\r\n\r\n";
    if (fields.has_content) out.append(sentence).append("\n");
}

}  // namespace

unsigned status_code(HandshakeFault fault) noexcept {
    switch (fault) {
        case HandshakeFault::none: break;
        case HandshakeFault::method_not_get: return 405;
        case HandshakeFault::plain_request:
        case HandshakeFault::version_too_old:
        // A client that names no version speaks none that we understand: like one that names
        // another, it is told which we do (sections 4.2.2 and 4.4).
        case HandshakeFault::version_missing:
        case HandshakeFault::version_unsupported: return 426;
        case HandshakeFault::upgrade_missing:
        case HandshakeFault::upgrade_not_websocket:
        case HandshakeFault::connection_not_upgrade:
        case HandshakeFault::version_repeated:
        case HandshakeFault::key_missing:
        case HandshakeFault::key_repeated:
        case HandshakeFault::key_malformed:
        case HandshakeFault::body_present:
        case HandshakeFault::subprotocol_malformed:
        case HandshakeFault::subprotocol_repeated:
        case HandshakeFault::too_many_subprotocols:
        case HandshakeFault::extensions_malformed:
        case HandshakeFault::origin_repeated: return 400;
        case HandshakeFault::origin_forbidden: return 403;
        case HandshakeFault::host_forbidden: return 421;
    }
    assert(false);
    return 400;
}

std::string_view describe(HandshakeFault fault) noexcept {
    switch (fault) {
        case HandshakeFault::none: return "no fault";
        case HandshakeFault::method_not_get: return "a WebSocket is opened with GET";
        case HandshakeFault::version_too_old:
            return "HTTP/1.0 opens a WebSocket only with RouteOptions::http_1_0_upgrades";
        case HandshakeFault::plain_request:
            return "this is a WebSocket: connect with a client for it";
        case HandshakeFault::upgrade_missing: return "the Upgrade header is missing";
        case HandshakeFault::upgrade_not_websocket: return "the Upgrade header lacks \"websocket\"";
        case HandshakeFault::connection_not_upgrade:
            return "the Connection header lacks \"Upgrade\"";
        case HandshakeFault::version_missing: return "Sec-WebSocket-Version is missing";
        case HandshakeFault::version_repeated: return "Sec-WebSocket-Version is repeated";
        case HandshakeFault::version_unsupported:
            return "the only WebSocket version spoken here is 13";
        case HandshakeFault::key_missing: return "Sec-WebSocket-Key is missing";
        case HandshakeFault::key_repeated: return "Sec-WebSocket-Key is repeated";
        case HandshakeFault::key_malformed: return "Sec-WebSocket-Key is not 16 bytes in base64";
        case HandshakeFault::body_present: return "a request for a WebSocket has no body";
        case HandshakeFault::subprotocol_malformed:
            return "Sec-WebSocket-Protocol is not a list of tokens";
        case HandshakeFault::subprotocol_repeated:
            return "Sec-WebSocket-Protocol names a subprotocol twice";
        case HandshakeFault::too_many_subprotocols:
            return "Sec-WebSocket-Protocol names too many subprotocols";
        case HandshakeFault::extensions_malformed:
            return "Sec-WebSocket-Extensions is not a list of extensions";
        case HandshakeFault::origin_repeated: return "there is more than one Origin header";
        case HandshakeFault::origin_forbidden:
            return "this origin is not welcome: RouteOptions::origins names those that are";
        case HandshakeFault::host_forbidden:
            return "this server does not go by that name: ServerOptions::hosts has those it does";
    }
    assert(false);
    return {};
}

void append_refusal(std::string& out, HandshakeFault fault, const RefusalFields& fields) noexcept {
    const unsigned status = status_code(fault);
    append_start(out, status, fields);
    if (status == 426) {
        // RFC 9110, section 15.5.22 asks for Upgrade, and section 7.8 for its Connection token.
        append_header(out, {"Upgrade", "websocket"});
        append_header(out, {"Connection", "Upgrade, close"});
        append_header(out, {"Sec-WebSocket-Version", websocket_version});
    } else {
        append_header(out, {"Connection", "close"});
    }
    if (status == 405) append_header(out, {"Allow", "GET"});
    const std::string_view option = option_of(fault);
    if (!option.empty()) append_header(out, {"X-Refused-By", option});
    append_sentence(out, describe(fault), fields);
}

void append_refusal(std::string& out, HttpFault fault, const RefusalFields& fields) noexcept {
    append_start(out, status_code(fault), fields);
    append_header(out, {"Connection", "close"});
    append_sentence(out, describe(fault), fields);
}

}  // namespace edgews
