#include "core/websocket/handshake.hpp"

#include "core/base/number.hpp"
#include "core/http/url.hpp"
#include "core/websocket/extensions.hpp"
#include "crypto/base64.hpp"
#include "crypto/sha1.hpp"

#include <algorithm>
#include <cassert>

namespace edgews {
namespace {

constexpr std::string_view version_wanted = "13";
constexpr std::string_view header_prefix = "Sec-WebSocket-";
// RFC 6455, section 1.3.
constexpr std::string_view accept_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool has_websocket_header(const HttpHead& head) noexcept {
    for (std::size_t i = 0; i < head.header_count(); ++i) {
        const std::string_view start = head.header_at(i).name.substr(0, header_prefix.size());
        if (equals_ignoring_case(start, header_prefix)) return true;
    }
    return false;
}

// RFC 6455, section 4.2.1, points 3 and 4.
HandshakeFault check_upgrade(const HttpHead& head) noexcept {
    const bool has_connection = head.has_token("Connection", "Upgrade");
    if (!head.header("Upgrade")) {
        return has_connection || has_websocket_header(head) ? HandshakeFault::upgrade_missing
                                                            : HandshakeFault::plain_request;
    }
    if (!head.has_token("Upgrade", "websocket")) return HandshakeFault::upgrade_not_websocket;
    return has_connection ? HandshakeFault::none : HandshakeFault::connection_not_upgrade;
}

// Points 6 and 5: the version first, since another may have other rules for its key.
HandshakeFault check_version_and_key(const HttpHead& head) noexcept {
    const auto version = head.header("Sec-WebSocket-Version");
    if (!version) return HandshakeFault::version_missing;
    if (head.is_repeated("Sec-WebSocket-Version")) return HandshakeFault::version_repeated;
    if (*version != version_wanted) return HandshakeFault::version_unsupported;
    const auto key = head.header("Sec-WebSocket-Key");
    if (!key) return HandshakeFault::key_missing;
    if (head.is_repeated("Sec-WebSocket-Key")) return HandshakeFault::key_repeated;
    std::array<std::byte, base64_decoded_size_max(websocket_key_size)> nonce;
    if (key->size() != websocket_key_size || base64_decode(*key, nonce) != 16) {
        return HandshakeFault::key_malformed;
    }
    return HandshakeFault::none;
}

// Sec-WebSocket-Protocol is 1#token, without repetition (section 4.1, point 10). Clients that have
// none to offer send it all the same, without content.
HandshakeFault check_subprotocols(const HttpHead& head) noexcept {
    for (const std::string_view value : head.values("Sec-WebSocket-Protocol")) {
        const bool is_only_commas = !value.empty() && ListReader(value).next().empty();
        if (is_only_commas) return HandshakeFault::subprotocol_malformed;
    }
    std::array<std::string_view, subprotocol_count_max> seen;
    std::size_t count = 0;
    SubprotocolReader offers(head);
    for (auto offer = offers.next(); !offer.empty(); offer = offers.next()) {
        if (!is_token(offer)) return HandshakeFault::subprotocol_malformed;
        if (count == seen.size()) return HandshakeFault::too_many_subprotocols;
        const auto end = seen.begin() + static_cast<std::ptrdiff_t>(count);
        if (std::find(seen.begin(), end, offer) != end) return HandshakeFault::subprotocol_repeated;
        seen[count++] = offer;
    }
    return HandshakeFault::none;
}

bool are_extensions_well_formed(const HttpHead& head) noexcept {
    for (const std::string_view value : head.values("Sec-WebSocket-Extensions")) {
        if (!is_extension_list(value)) return false;
    }
    return true;
}

// The rule is explained at origin_allowed().
bool is_same_origin(std::string_view text, const OriginQuestion& question) noexcept {
    const Origin origin = parse_origin(text);
    const Authority host = parse_authority(question.host);
    if (!origin.is_valid || !host.is_valid) return false;
    if (!equals_ignoring_case(origin.host, host.host)) return false;
    if (origin.port == port_or(host, origin.is_secure ? 443 : 80)) return true;
    return question.secure && origin.port == 80 && port_or(host, 443) == 443;
}

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

OpeningRequest read_opening_request(const HttpHead& head, const OpeningRules& rules) noexcept {
    if (head.method() != "GET") return {HandshakeFault::method_not_get};
    HandshakeFault fault = check_upgrade(head);
    if (fault == HandshakeFault::none && head.is_http_1_0() && !rules.http_1_0_allowed) {
        fault = HandshakeFault::version_too_old;
    }
    if (fault == HandshakeFault::none) fault = check_version_and_key(head);
    if (fault != HandshakeFault::none) return {fault};
    if (head.has_body()) return {HandshakeFault::body_present};
    fault = check_subprotocols(head);
    if (fault != HandshakeFault::none) return {fault};
    if (rules.extensions_served && !are_extensions_well_formed(head)) {
        return {HandshakeFault::extensions_malformed};
    }
    if (head.is_repeated("Origin")) return {HandshakeFault::origin_repeated};
    return {HandshakeFault::none, *head.header("Sec-WebSocket-Key")};
}

bool wants_websocket(const HttpHead& head) noexcept {
    return head.has_token("Upgrade", "websocket") || has_websocket_header(head);
}

SubprotocolReader::SubprotocolReader(const HttpHead& head) noexcept
    : head_(&head), index_(head.find_header("Sec-WebSocket-Protocol")), list_({}) {
    if (index_ < head.header_count()) list_ = ListReader(head.header_at(index_).value);
}

std::string_view SubprotocolReader::next() noexcept {
    while (index_ < head_->header_count()) {
        const std::string_view offer = list_.next();
        if (!offer.empty()) return offer;
        index_ = head_->find_header("Sec-WebSocket-Protocol", index_ + 1);
        if (index_ < head_->header_count()) list_ = ListReader(head_->header_at(index_).value);
    }
    return {};
}

bool offers_subprotocol(const HttpHead& head, std::string_view subprotocol) noexcept {
    SubprotocolReader offers(head);
    for (auto offer = offers.next(); !offer.empty(); offer = offers.next()) {
        if (offer == subprotocol) return true;
    }
    return false;
}

std::string_view choose_subprotocol(const HttpHead& head,
                                    std::span<const std::string> preferred) noexcept {
    for (const std::string& subprotocol : preferred) {
        if (offers_subprotocol(head, subprotocol)) return subprotocol;
    }
    return {};
}

bool origin_allowed(const OriginQuestion& question, std::span<const std::string> allowed) noexcept {
    if (!question.origin) return true;
    const std::string_view origin = *question.origin;
    if (allowed.empty()) return is_same_origin(origin, question);
    return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& entry) {
        return entry == "*" || equals_ignoring_case(entry, origin) ||
               (entry == same_origin_entry && is_same_origin(origin, question));
    });
}

std::array<char, websocket_accept_size> accept_key(std::string_view key) noexcept {
    assert(key.size() == websocket_key_size);
    std::array<char, websocket_key_size + accept_guid.size()> text;
    const auto end = std::copy(key.begin(), key.end(), text.begin());
    std::copy(accept_guid.begin(), accept_guid.end(), end);
    const Sha1Digest digest = sha1(std::as_bytes(std::span(text)));
    std::array<char, websocket_accept_size> accept;
    base64_encode(digest, accept);
    return accept;
}

HeaderFault append_opening_response(std::string& out, const OpeningResponse& response) noexcept {
    const HeaderFault fault = check_headers(response.headers);
    if (fault != HeaderFault::none) return fault;
    if (!response.subprotocol.empty() && !is_token(response.subprotocol)) {
        return HeaderFault::value_malformed;
    }
    const auto accept = accept_key(response.key);
    append_status_line(out, 101);
    append_header(out, {"Upgrade", "websocket"});
    append_header(out, {"Connection", "Upgrade"});
    append_header(out, {"Sec-WebSocket-Accept", {accept.data(), accept.size()}});
    if (!response.subprotocol.empty()) {
        append_header(out, {"Sec-WebSocket-Protocol", response.subprotocol});
    }
    if (!response.extensions.empty()) {
        append_header(out, {"Sec-WebSocket-Extensions", response.extensions});
    }
    for (const HeaderField& field : response.headers) append_header(out, field);
    out += "\r\n";
    return HeaderFault::none;
}

void append_refusal(std::string& out, HandshakeFault fault, const RefusalFields& fields) noexcept {
    const unsigned status = status_code(fault);
    append_start(out, status, fields);
    if (status == 426) {
        // RFC 9110, section 15.5.22 asks for Upgrade, and section 7.8 for its Connection token.
        append_header(out, {"Upgrade", "websocket"});
        append_header(out, {"Connection", "Upgrade, close"});
        append_header(out, {"Sec-WebSocket-Version", version_wanted});
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
