#include "core/http/url.hpp"

#include "core/http/http_scan.hpp"

#include <algorithm>
#include <cassert>

namespace edgews {
namespace {

constexpr std::uint32_t port_max = 65535;

bool is_host_name(std::string_view text) noexcept {
    const bool is_all = find_class_end(CharClass::host, text.data(), 0, text.size()) == text.size();
    return is_all && !text.empty() && is_percent_encoded(text);
}

// What stands between the brackets of an IPv6 address. That it is one is for whoever
// connects to it; here it is only compared.
bool is_address_literal(std::string_view text) noexcept {
    for (const char c : text) {
        if (hex_value(c) < 0 && c != ':' && c != '.') return false;
    }
    return text.size() >= 2;
}

// Empty optional: not a decimal number of at most 65535.
std::optional<std::uint32_t> parse_port(std::string_view text) noexcept {
    std::uint32_t port = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        port = port * 10 + static_cast<std::uint32_t>(c - '0');
        if (port > port_max) return std::nullopt;
    }
    return port;
}

DecodedChar decode_form_char(std::string_view text) noexcept {
    if (text.front() == '+') return {1, ' '};
    return decode_char(text);
}

bool equals_decoded_form(std::string_view encoded, std::string_view plain) noexcept {
    while (!encoded.empty()) {
        const DecodedChar c = decode_form_char(encoded);
        if (c.size == 0 || plain.empty() || plain.front() != c.value) return false;
        encoded.remove_prefix(c.size);
        plain.remove_prefix(1);
    }
    return plain.empty();
}

}  // namespace

Authority parse_authority(std::string_view text) noexcept {
    std::size_t host_size = 0;
    if (text.starts_with('[')) {
        const std::size_t bracket = text.find(']');
        if (bracket == std::string_view::npos) return {};
        if (!is_address_literal(text.substr(1, bracket - 1))) return {};
        host_size = bracket + 1;
    } else {
        host_size = std::min(text.find(':'), text.size());
        if (!is_host_name(text.substr(0, host_size))) return {};
    }
    std::string_view port = text.substr(host_size);
    if (!port.empty()) {
        if (port.front() != ':') return {};
        port.remove_prefix(1);
        if (!parse_port(port)) return {};
    }
    return {.is_valid = true, .host = text.substr(0, host_size), .port = port};
}

std::string_view host_of(std::string_view authority) noexcept {
    if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
    return authority.substr(0, authority.find(':'));
}

std::uint16_t port_or(const Authority& authority, std::uint16_t port_if_none) noexcept {
    assert(authority.is_valid);
    if (authority.port.empty()) return port_if_none;
    return static_cast<std::uint16_t>(parse_port(authority.port).value_or(port_if_none));
}

Origin parse_origin(std::string_view text) noexcept {
    const std::size_t separator = text.find("://");
    if (separator == std::string_view::npos) return {};
    const std::string_view scheme = text.substr(0, separator);
    const bool is_secure =
        equals_ignoring_case(scheme, "https") || equals_ignoring_case(scheme, "wss");
    const bool is_plain =
        equals_ignoring_case(scheme, "http") || equals_ignoring_case(scheme, "ws");
    if (!is_secure && !is_plain) return {};
    const Authority authority = parse_authority(text.substr(separator + 3));
    if (!authority.is_valid) return {};
    return {.is_valid = true,
            .is_secure = is_secure,
            .host = authority.host,
            .port = port_or(authority, is_secure ? 443 : 80)};
}

DecodedChar decode_char(std::string_view text) noexcept {
    assert(!text.empty());
    if (text.front() != '%') return {1, text.front()};
    if (text.size() < 3) return {};
    const int high = hex_value(text[1]);
    const int low = hex_value(text[2]);
    if (high < 0 || low < 0 || high + low == 0) return {};
    return {3, static_cast<char>(high * 16 + low)};
}

bool is_percent_encoded(std::string_view text) noexcept {
    for (std::size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 1)) {
        if (decode_char(text.substr(i)).size == 0) return false;
    }
    return true;
}

bool percent_decode(std::string_view text, std::string& out) noexcept {
    if (!is_percent_encoded(text)) return false;
    while (!text.empty()) {
        const DecodedChar c = decode_char(text);
        out += c.value;
        text.remove_prefix(c.size);
    }
    return true;
}

std::optional<std::string> decode_form(std::string_view encoded) noexcept {
    std::string decoded;
    while (!encoded.empty()) {
        const DecodedChar c = decode_form_char(encoded);
        if (c.size == 0) return std::nullopt;
        decoded += c.value;
        encoded.remove_prefix(c.size);
    }
    return decoded;
}

QueryParameter take_parameter(std::string_view& query) noexcept {
    const std::size_t size = std::min(query.find('&'), query.size());
    const std::string_view text = query.substr(0, size);
    query.remove_prefix(std::min(size + 1, query.size()));
    const std::size_t name_size = std::min(text.find('='), text.size());
    return {text.substr(0, name_size), text.substr(std::min(name_size + 1, text.size()))};
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) noexcept {
    while (!query.empty()) {
        const QueryParameter parameter = take_parameter(query);
        const bool is_there = !parameter.name.empty() || !parameter.value.empty();
        if (!is_there || !equals_decoded_form(parameter.name, name)) continue;
        std::optional<std::string> value = decode_form(parameter.value);
        if (value) return value;
    }
    return std::nullopt;
}

}  // namespace edgews
