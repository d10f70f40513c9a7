#include "core/websocket/client_handshake.hpp"

#include "core/http/basic_credentials.hpp"
#include "core/http/http_token.hpp"
#include "core/http/url.hpp"
#include "crypto/base64.hpp"

#include <algorithm>
#include <cassert>

namespace edgews {
namespace {

constexpr std::string_view option_names[]{"Origin", "Sec-WebSocket-Protocol",
                                          "Sec-WebSocket-Extensions"};
constexpr std::string_view body_names[]{"Content-Length", "Transfer-Encoding"};
constexpr std::string_view handshake_names[]{"Connection", "Upgrade"};
constexpr std::string_view handshake_prefix = "Sec-WebSocket-";

bool is_one_of(std::span<const std::string_view> names, std::string_view name) noexcept {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view other) { return equals_ignoring_case(name, other); });
}

// The application's first header of that name, or null.
const HeaderField* find_field(std::span<const HeaderField> headers,
                              std::string_view name) noexcept {
    for (const HeaderField& field : headers) {
        if (equals_ignoring_case(field.name, name)) return &field;
    }
    return nullptr;
}

OpeningRequestFault check_field(const HeaderField& field) noexcept {
    if (!is_header_name(field.name)) return OpeningRequestFault::header_name_malformed;
    if (!is_header_value(field.value)) return OpeningRequestFault::header_value_malformed;
    if (is_one_of(option_names, field.name)) return OpeningRequestFault::header_of_option;
    if (is_one_of(body_names, field.name)) return OpeningRequestFault::header_of_body;
    const std::string_view start = field.name.substr(0, handshake_prefix.size());
    if (is_one_of(handshake_names, field.name) || equals_ignoring_case(start, handshake_prefix)) {
        return OpeningRequestFault::header_of_handshake;
    }
    return OpeningRequestFault::none;
}

OpeningRequestFault check_fields(std::span<const HeaderField> headers) noexcept {
    const HeaderField* const host = find_field(headers, "Host");
    for (const HeaderField& field : headers) {
        const OpeningRequestFault fault = check_field(field);
        if (fault != OpeningRequestFault::none) return fault;
        if (!equals_ignoring_case(field.name, "Host")) continue;
        if (&field != host) return OpeningRequestFault::host_repeated;
        if (!parse_authority(field.value).is_valid) return OpeningRequestFault::host_malformed;
    }
    return OpeningRequestFault::none;
}

OpeningRequestFault check_subprotocols(std::span<const std::string> subprotocols) noexcept {
    for (auto offered = subprotocols.begin(); offered != subprotocols.end(); ++offered) {
        if (!is_token(*offered)) return OpeningRequestFault::subprotocol_malformed;
        if (std::find(subprotocols.begin(), offered, *offered) != offered) {
            return OpeningRequestFault::subprotocol_repeated;
        }
    }
    return OpeningRequestFault::none;
}

OpeningRequestFault check_request(const OpeningRequestFields& fields) noexcept {
    const OpeningRequestFault fault = check_subprotocols(fields.offer.subprotocols);
    if (fault != OpeningRequestFault::none) return fault;
    if (!is_header_value(fields.origin)) return OpeningRequestFault::origin_malformed;
    return check_fields(fields.headers);
}

void append_offer(std::string& out, const OpeningOffer& offer) noexcept {
    append_header(out, {"Sec-WebSocket-Key", offer.key});
    append_header(out, {"Sec-WebSocket-Version", websocket_version});
    std::string_view separator = "Sec-WebSocket-Protocol: ";
    for (const std::string& subprotocol : offer.subprotocols) {
        out.append(separator).append(subprotocol);
        separator = ", ";
    }
    if (!offer.subprotocols.empty()) out += "\r\n";
    if (offer.deflate_terms == nullptr) return;
    out += "Sec-WebSocket-Extensions: ";
    append_deflate_offer(out, *offer.deflate_terms);
    out += "\r\n";
}

void append_credentials(std::string& out, std::string_view name,
                        std::string_view user_info) noexcept {
    out.append(name).append(": ");
    append_basic_credentials(out, user_info);
    out += "\r\n";
}

// Points 2 and 3 of what a response must have.
OpeningResponseFault check_upgrade(const HttpHead& head) noexcept {
    const auto upgrade = head.header("Upgrade");
    if (!upgrade) return OpeningResponseFault::upgrade_missing;
    if (!equals_ignoring_case(*upgrade, "websocket") || head.is_repeated("Upgrade")) {
        return OpeningResponseFault::upgrade_not_websocket;
    }
    return head.has_token("Connection", "Upgrade") ? OpeningResponseFault::none
                                                   : OpeningResponseFault::connection_not_upgrade;
}

// Point 4.
OpeningResponseFault check_accept(const HttpHead& head, std::string_view key) noexcept {
    const auto accept = head.header("Sec-WebSocket-Accept");
    if (!accept) return OpeningResponseFault::accept_missing;
    if (head.is_repeated("Sec-WebSocket-Accept")) return OpeningResponseFault::accept_repeated;
    const auto wanted = accept_key(key);
    return *accept == std::string_view(wanted.data(), wanted.size())
               ? OpeningResponseFault::none
               : OpeningResponseFault::accept_wrong;
}

// Point 5. All headers are parts of one list (section 9.1), and those without content none.
void read_extensions(const HttpHead& head, const DeflateParameters* terms,
                     ReadOpeningResponse& response) noexcept {
    for (const std::string_view value : head.values("Sec-WebSocket-Extensions")) {
        if (ListReader(value).next().empty()) continue;
        if (terms == nullptr || response.deflate_agreed) {
            response.fault = OpeningResponseFault::extension_unexpected;
            return;
        }
        const ReadDeflateAnswer answer = read_deflate_answer(value, *terms);
        if (answer.fault == DeflateAnswerFault::extension_unexpected) {
            response.fault = OpeningResponseFault::extension_unexpected;
            return;
        }
        if (answer.fault != DeflateAnswerFault::none) {
            response.fault = OpeningResponseFault::deflate_answer_invalid;
            response.deflate_fault = answer.fault;
            return;
        }
        response.deflate_agreed = answer.agreed;
    }
}

// Point 6.
void read_subprotocol(const HttpHead& head, std::span<const std::string> offered,
                      ReadOpeningResponse& response) noexcept {
    const auto chosen = head.header("Sec-WebSocket-Protocol");
    if (!chosen) {
        if (!offered.empty()) response.fault = OpeningResponseFault::subprotocol_missing;
        return;
    }
    const auto found = std::find(offered.begin(), offered.end(), *chosen);
    if (head.is_repeated("Sec-WebSocket-Protocol")) {
        response.fault = OpeningResponseFault::subprotocol_repeated;
    } else if (found == offered.end()) {
        response.fault = OpeningResponseFault::subprotocol_unexpected;
    } else {
        response.subprotocol = *found;
    }
}

}  // namespace

std::array<char, websocket_key_size> make_websocket_key(
    std::span<const std::byte, websocket_nonce_size> nonce) noexcept {
    static_assert(base64_encoded_size(websocket_nonce_size) == websocket_key_size);
    std::array<char, websocket_key_size> key;
    base64_encode(nonce, key);
    return key;
}

std::string_view describe(OpeningRequestFault fault) noexcept {
    switch (fault) {
        case OpeningRequestFault::none: return "no fault";
        case OpeningRequestFault::subprotocol_malformed: return "a subprotocol is not a token";
        case OpeningRequestFault::subprotocol_repeated: return "a subprotocol is offered twice";
        case OpeningRequestFault::origin_malformed: return "the origin holds a control character";
        case OpeningRequestFault::header_name_malformed: return "a header's name is not a token";
        case OpeningRequestFault::header_value_malformed:
            return "a header's value holds a control character";
        case OpeningRequestFault::header_of_handshake:
            return "headers of the handshake are the engine's to send";
        case OpeningRequestFault::header_of_option:
            return "the origin, subprotocols and extensions are options, not headers";
        case OpeningRequestFault::header_of_body: return "a request for a WebSocket has no body";
        case OpeningRequestFault::host_malformed: return "the Host header does not name a host";
        case OpeningRequestFault::host_repeated: return "there is more than one Host header";
    }
    assert(false);
    return {};
}

OpeningRequestFault append_opening_request(std::string& out, const WebSocketUrl& url,
                                           const OpeningRequestFields& fields) noexcept {
    assert(url.fault == UrlFault::none);
    assert(fields.offer.key.size() == websocket_key_size);
    const OpeningRequestFault fault = check_request(fields);
    if (fault != OpeningRequestFault::none) return fault;
    out.append("GET ").append(url.target).append(" HTTP/1.1\r\n");
    const HeaderField* const host = find_field(fields.headers, "Host");
    if (host == nullptr) append_header(out, {"Host", url.host_header()});
    if (host != nullptr) append_header(out, *host);
    append_header(out, {"Upgrade", "websocket"});
    append_header(out, {"Connection", "Upgrade"});
    append_offer(out, fields.offer);
    if (!fields.origin.empty()) append_header(out, {"Origin", fields.origin});
    if (!url.user_info.empty() && find_field(fields.headers, "Authorization") == nullptr) {
        append_credentials(out, "Authorization", url.user_info);
    }
    for (const HeaderField& field : fields.headers) {
        if (&field != host) append_header(out, field);
    }
    out += "\r\n";
    return OpeningRequestFault::none;
}

std::string_view describe(OpeningResponseFault fault) noexcept {
    switch (fault) {
        case OpeningResponseFault::none: return "no fault";
        case OpeningResponseFault::status_not_101: return "the server's answer is not status 101";
        case OpeningResponseFault::version_too_old:
            return "the answer is of HTTP/1.0, which cannot upgrade";
        case OpeningResponseFault::upgrade_missing: return "the answer has no Upgrade header";
        case OpeningResponseFault::upgrade_not_websocket:
            return "the answer's Upgrade header is not just \"websocket\"";
        case OpeningResponseFault::connection_not_upgrade:
            return "the answer's Connection header lacks \"Upgrade\"";
        case OpeningResponseFault::accept_missing: return "the answer has no Sec-WebSocket-Accept";
        case OpeningResponseFault::accept_repeated:
            return "the answer has more than one Sec-WebSocket-Accept";
        case OpeningResponseFault::accept_wrong:
            return "the answer's Sec-WebSocket-Accept is not that of our key";
        case OpeningResponseFault::extension_unexpected:
            return "the server answers with an extension that was not offered, or twice";
        case OpeningResponseFault::deflate_answer_invalid:
            return "the server's answer to permessage-deflate is invalid";
        case OpeningResponseFault::subprotocol_repeated:
            return "the answer has more than one Sec-WebSocket-Protocol";
        case OpeningResponseFault::subprotocol_unexpected:
            return "the server chose a subprotocol that was not offered";
        case OpeningResponseFault::subprotocol_missing:
            return "the server chose none of the subprotocols that were offered";
    }
    assert(false);
    return {};
}

std::string_view describe(const ReadOpeningResponse& response) noexcept {
    return response.fault == OpeningResponseFault::deflate_answer_invalid
               ? describe(response.deflate_fault)
               : describe(response.fault);
}

ReadOpeningResponse read_opening_response(const HttpHead& head,
                                          const OpeningOffer& offer) noexcept {
    if (head.status() != 101) return {.fault = OpeningResponseFault::status_not_101};
    if (head.is_http_1_0()) return {.fault = OpeningResponseFault::version_too_old};
    ReadOpeningResponse response{.fault = check_upgrade(head)};
    if (response.fault != OpeningResponseFault::none) return response;
    response.fault = check_accept(head, offer.key);
    if (response.fault != OpeningResponseFault::none) return response;
    read_extensions(head, offer.deflate_terms, response);
    if (response.fault != OpeningResponseFault::none) return response;
    read_subprotocol(head, offer.subprotocols, response);
    return response;
}

bool is_interim_response(const HttpHead& head) noexcept {
    return head.status() < 200 && head.status() != 101;
}

void append_connect_request(std::string& out, const WebSocketUrl& url,
                            std::string_view proxy_user_info) noexcept {
    assert(url.fault == UrlFault::none);
    const std::string authority = url.host + ':' + std::to_string(url.port);
    out.append("CONNECT ").append(authority).append(" HTTP/1.1\r\n");
    append_header(out, {"Host", authority});
    if (!proxy_user_info.empty()) append_credentials(out, "Proxy-Authorization", proxy_user_info);
    out += "\r\n";
}

}  // namespace edgews
