// The characters and words of HTTP's grammar (RFC 9110, section 5.6).
//
// Header-only, constexpr, without allocation. ASCII only: the locale never matters.
#pragma once

#include "core/base/ascii.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace edgews {

// What a byte may be part of; the values are bits.
enum class CharClass : std::uint8_t {
    token = 1,        // tchar: methods, header names, list tokens (RFC 9110, section 5.6.2)
    field_value = 2,  // HTAB, SP, VCHAR and obs-text (RFC 9110, section 5.5)
    target = 4,       // What a request target may hold: VCHAR without '#'
    host = 8,         // reg-name, which includes IPv4 addresses (RFC 3986, section 3.2.2)
};

namespace detail {

constexpr std::uint8_t char_classes(unsigned char c) noexcept {
    const bool is_visible = c > 0x20 && c < 0x7F;
    const bool is_separator = std::string_view("\"(),/:;<=>?@[\\]{}").find(static_cast<char>(c)) !=
                              std::string_view::npos;
    unsigned classes = 0;
    if (is_visible && !is_separator) classes |= static_cast<unsigned>(CharClass::token);
    if (is_visible || c == ' ' || c == '\t' || c >= 0x80) {
        classes |= static_cast<unsigned>(CharClass::field_value);
    }
    // RFC 3986 forbids more (`"<>\^{|}` and the backquote), but browsers send some of those in
    // queries. A fragment is never sent, and bytes over 0x7F must be percent-encoded.
    if (is_visible && c != '#') classes |= static_cast<unsigned>(CharClass::target);
    const bool is_name = is_letter(static_cast<char>(c)) || is_digit(static_cast<char>(c));
    const bool is_mark =
        std::string_view("-._~%!$&'()*+,;=").find(static_cast<char>(c)) != std::string_view::npos;
    if (is_name || is_mark) classes |= static_cast<unsigned>(CharClass::host);
    return static_cast<std::uint8_t>(classes);
}

inline constexpr std::array<std::uint8_t, 256> char_class_table = [] {
    std::array<std::uint8_t, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        table[i] = char_classes(static_cast<unsigned char>(i));
    }
    return table;
}();

}  // namespace detail

[[nodiscard]] constexpr bool is_char_of(CharClass wanted, char c) noexcept {
    return (detail::char_class_table[static_cast<unsigned char>(c)] &
            static_cast<std::uint8_t>(wanted)) != 0;
}

// A token: one or more tchar (RFC 9110, section 5.6.2).
[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
    for (const char c : text) {
        if (!is_char_of(CharClass::token, c)) return false;
    }
    return !text.empty();
}

// Whether the method is one that HTTP defines (RFC 9110, section 9.3; RFC 5789). In their case.
[[nodiscard]] constexpr bool is_known_method(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 9> methods{
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    for (const std::string_view known : methods) {
        if (method == known) return true;
    }
    return false;
}

// Whether `element`, in any case, is the last of the list, and stands nowhere else in it.
[[nodiscard]] constexpr bool ends_in_one(std::string_view list, std::string_view element) noexcept {
    bool is_last = false;
    ListReader reader(list);
    for (auto each = reader.next(); !each.empty(); each = reader.next()) {
        if (is_last) return false;
        is_last = equals_ignoring_case(each, element);
    }
    return is_last;
}

}  // namespace edgews
