// Request targets, authorities and percent-encoding (RFC 3986; RFC 9112, section 3.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edgews {

// host [":" port], as in a Host header, an Origin or an absolute target.
struct Authority {
    bool is_valid = false;
    std::string_view host{};  // Never empty when valid; "[::1]" keeps its brackets.
    std::string_view port{};  // Decimal digits, at most 65535; empty when there is none.
};

// User information ("user@") is not valid (RFC 9110, section 4.2.4).
[[nodiscard]] Authority parse_authority(std::string_view text) noexcept;
// The host of a valid authority, without another look at whether it is one.
[[nodiscard]] std::string_view host_of(std::string_view authority) noexcept;

// scheme "://" host [":" port] of http or https, with nothing after it: an Origin
// header (RFC 6454, section 6.1). Programs that make one up write ws or wss, too.
struct Origin {
    bool is_valid = false;
    bool is_secure = false;  // https, wss
    std::string_view host{};
    std::uint16_t port = 0;  // Given, or the scheme's default.
};

[[nodiscard]] Origin parse_origin(std::string_view text) noexcept;

// The decimal port of a valid Authority, or `port_if_none`.
[[nodiscard]] std::uint16_t port_or(const Authority& authority,
                                    std::uint16_t port_if_none) noexcept;

// One byte of percent-encoded text.
struct DecodedChar {
    std::uint8_t size = 0;  // Bytes that it took: 1, or 3 of an escape. 0: a bad escape, or "%00".
    char value = 0;
};

// Decodes what stands at the start of `text`. Requires: not empty.
[[nodiscard]] DecodedChar decode_char(std::string_view text) noexcept;

// Whether every '%' is followed by two hexadecimal digits, and none of them encodes NUL.
[[nodiscard]] bool is_percent_encoded(std::string_view text) noexcept;

// Appends `text`, decoded, to `out`. '+' stays '+'. False: a bad escape; `out` is as it was.
// What comes out may be any bytes but NUL: not necessarily UTF-8.
[[nodiscard]] bool percent_decode(std::string_view text, std::string& out) noexcept;

// One parameter of a query, as it stands there. "name" without '=' has an empty value.
struct QueryParameter {
    std::string_view name{};
    std::string_view value{};
};
// Takes the first one, and the '&' behind it, off "a=1&b=two+words". Requires: not empty.
[[nodiscard]] QueryParameter take_parameter(std::string_view& query) noexcept;
// What its name or its value says, where '+' means a space (the form encoding of browsers). Empty
// optional: a bad escape. It may be any bytes but NUL.
[[nodiscard]] std::optional<std::string> decode_form(std::string_view encoded) noexcept;

// The decoded value of the first parameter of that name in "a=1&b=two+words", where '+' means a
// space (the form encoding of browsers). "name" without '=' has an empty value. Empty optional:
// there is no such parameter; one with a bad escape counts as absent. `name` is compared decoded,
// in its case.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query,
                                                     std::string_view name) noexcept;

}  // namespace edgews
