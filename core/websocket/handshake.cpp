#include "core/websocket/handshake.hpp"

#include "core/http/url.hpp"
#include "core/websocket/extensions.hpp"
#include "crypto/base64.hpp"
#include "crypto/sha1.hpp"

#include <algorithm>
#include <cassert>

namespace edgews {
namespace {

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
    if (*version != websocket_version) return HandshakeFault::version_unsupported;
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

}  // namespace

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

}  // namespace edgews
