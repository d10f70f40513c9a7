#include "core/http/forwarded.hpp"

#include "core/http/http_token.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace edgews {
namespace {

// Longest "for" that is read: an address of 45 characters with its brackets and a port take 53.
constexpr std::size_t node_size_max = 64;

constexpr std::string_view name_of(ForwardedHeader header) noexcept {
    switch (header) {
        case ForwardedHeader::x_forwarded_for: return "X-Forwarded-For";
        case ForwardedHeader::forwarded: return "Forwarded";
    }
    return {};
}

// ---- Lists, from their end -------------------------------------------------

// The '"' in the text that no backslash before it escapes, the last one; npos: there is none.
std::size_t rfind_quote(std::string_view text) noexcept {
    for (std::size_t at = text.rfind('"'); at != std::string_view::npos;
         at = at == 0 ? std::string_view::npos : text.rfind('"', at - 1)) {
        std::size_t unescaped = at;
        while (unescaped > 0 && text[unescaped - 1] == '\\') --unescaped;
        if ((at - unescaped) % 2 == 0) return at;
    }
    return std::string_view::npos;
}

// Where the last element of a list begins: behind the last comma outside of quoted strings.
//
// It is looked for from the end, since what our proxy appended is well-formed. What is before that
// may have a quotation mark that nothing closes; read from the beginning, it would swallow what
// our proxy says.
std::size_t find_last_element(std::string_view list) noexcept {
    std::size_t begin = list.size();
    while (begin > 0 && list[begin - 1] != ',') {
        --begin;
        if (list[begin] != '"') continue;
        begin = rfind_quote(list.substr(0, begin));
        if (begin == std::string_view::npos) return 0;
    }
    return begin;
}

// ---- One element -----------------------------------------------------------

bool is_obfuscated_port(std::string_view text) noexcept {
    // RFC 7239, section 6: "_" and one or more of these.
    return text.size() > 1 && text.front() == '_' &&
           std::all_of(text.begin() + 1, text.end(), [](char c) {
               return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '.' ||
                      c == '_' || c == '-';
           });
}

// IPv4 or "[" IPv6 "]", and perhaps ":" and a port (RFC 7239, section 6).
IpAddress read_node(std::string_view text) noexcept {
    IpAddress address;
    std::size_t size = 0;
    if (text.starts_with('[')) {
        const std::size_t bracket = text.find(']');
        if (bracket == std::string_view::npos) return {};
        address = parse_ipv6(text.substr(1, bracket - 1));
        size = bracket + 1;
    } else {
        size = std::min(text.find(':'), text.size());
        address = parse_ipv4(text.substr(0, size));
    }
    text.remove_prefix(size);
    if (!address || text.empty()) return address;
    if (text.front() != ':') return {};
    text.remove_prefix(1);
    const std::optional<std::uint16_t> port = parse_decimal(text, UINT16_MAX);
    if (!port && !is_obfuscated_port(text)) return {};
    address.port = port.value_or(0);
    return address;
}

IpAddress read_x_forwarded_for(std::string_view element) noexcept {
    const IpAddress bare = parse_ipv6(element);
    return bare ? bare : read_node(element);
}

// name "=" ( token | quoted-string ) at the start of `text` (RFC 7239, section 4).
struct Pair {
    std::size_t size = 0;  // 0: it is none.
    std::string_view name{};
    std::string_view value{};  // With its quotes.
};

// Just behind the quoted string that `text` begins with; 0: it is not closed.
std::size_t find_quoted_end(std::string_view text) noexcept {
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') return i + 1;
        if (text[i] == '\\') ++i;
    }
    return 0;
}

Pair read_pair(std::string_view text) noexcept {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || !is_token(text.substr(0, equals))) return {};
    const std::string_view rest = text.substr(equals + 1);
    std::size_t size = 0;
    if (rest.starts_with('"')) {
        size = find_quoted_end(rest);
    } else {
        while (size < rest.size() && is_char_of(CharClass::token, rest[size])) ++size;
    }
    if (size == 0) return {};
    return {
        .size = equals + 1 + size, .name = text.substr(0, equals), .value = rest.substr(0, size)};
}

// The node of a "for". A token can be an IPv4 address only: brackets and colons need quotes.
IpAddress read_for(std::string_view value) noexcept {
    if (!value.starts_with('"')) return read_node(value);
    value = value.substr(1, value.size() - 2);
    if (value.size() > node_size_max) return {};
    std::array<char, node_size_max> plain;
    std::size_t size = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\') ++i;  // Something follows: find_quoted_end() has seen to it.
        plain[size++] = value[i];
    }
    return read_node({plain.data(), size});
}

// *( [ pair ] ";" ) with at most one "for" (RFC 7239, section 4). Blanks around the semicolons are
// not in the grammar, but on the wire.
IpAddress read_forwarded(std::string_view element) noexcept {
    IpAddress client;
    while (!element.empty()) {
        if (element.front() == ';') {
            element = trim(element.substr(1));
            continue;
        }
        const Pair pair = read_pair(element);
        if (pair.size == 0) return {};
        element = trim(element.substr(pair.size));
        if (!element.empty() && element.front() != ';') return {};
        if (!equals_ignoring_case(pair.name, "for")) continue;
        if (client) return {};
        client = read_for(pair.value);
        if (!client) return {};
    }
    return client;
}

IpAddress read_element(std::string_view element, ForwardedHeader header) noexcept {
    switch (header) {
        case ForwardedHeader::x_forwarded_for:
            return without_mapping(read_x_forwarded_for(element));
        case ForwardedHeader::forwarded: return without_mapping(read_forwarded(element));
    }
    return {};
}

}  // namespace

IpAddress find_client(const HttpHead& head, ForwardedHeader header,
                      std::span<const Network> trusted) noexcept {
    IpAddress client;
    // Several headers are one list (RFC 9110, section 5.3).
    for (std::size_t i = head.header_count(); i > 0; --i) {
        const auto [name, value] = head.header_at(i - 1);
        if (!equals_ignoring_case(name, name_of(header))) continue;
        for (std::string_view list = value; !list.empty();) {
            const std::size_t begin = find_last_element(list);
            const std::string_view element = trim(list.substr(begin));
            list = list.substr(0, begin == 0 ? 0 : begin - 1);
            if (element.empty()) continue;
            const IpAddress address = read_element(element, header);
            if (!address) return client;
            client = address;
            if (!is_in(address, trusted)) return client;
        }
    }
    return client;
}

}  // namespace edgews
