// ASCII: what characters are, and how texts of it are compared and taken apart. The locale never
// matters.
//
// Header-only, constexpr, without allocation.
#pragma once

#include <cstddef>
#include <string_view>

namespace edgews {

[[nodiscard]] constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// Control characters: 0x00 to 0x1F and 0x7F.
[[nodiscard]] constexpr bool is_control_char(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

[[nodiscard]] constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// A to Z, in any case.
[[nodiscard]] constexpr bool is_letter(char c) noexcept {
    return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}

// What a hexadecimal digit says, in any case. -1: it is none.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a == b) return true;  // As most clients write them.
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (to_lower(a[i]) != to_lower(b[i])) return false;
    }
    return true;
}

// Without the spaces and tabs around it.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// The elements of a comma-separated list (RFC 9110, section 5.6.1), trimmed, in order.
// Empty elements are skipped, as recipients must. Does not know quoted strings.
class ListReader {
  public:
    explicit constexpr ListReader(std::string_view list) noexcept : rest_(list) {}

    // The next element, a view into the list; empty after the last.
    [[nodiscard]] constexpr std::string_view next() noexcept {
        while (!rest_.empty()) {
            const std::size_t comma = rest_.find(',');
            const std::string_view element = trim(rest_.substr(0, comma));
            rest_.remove_prefix(comma == std::string_view::npos ? rest_.size() : comma + 1);
            if (!element.empty()) return element;
        }
        return {};
    }

  private:
    std::string_view rest_;
};

}  // namespace edgews
