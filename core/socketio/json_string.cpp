#include "core/socketio/json_string.hpp"

#include "core/base/ascii.hpp"
#include "core/kernels/utf8.hpp"
#include "core/socketio/json_plain.hpp"

#include <cassert>
#include <cstdint>

namespace edgews::sio {
namespace {

constexpr std::size_t unit_escape_size = 6;  // "\u00e9"
constexpr std::uint32_t replacement_character = 0xFFFD;

// An escape is longer than what it says, at most so many times: "\u0041" is the longest for a byte.
constexpr std::size_t shrinkage_max = 6;

// What "\u" and these four digits say. Requires: they are there.
std::uint32_t code_unit(std::string_view escape) noexcept {
    const int unit = hex_value(escape[2]) << 12 | hex_value(escape[3]) << 8 |
                     hex_value(escape[4]) << 4 | hex_value(escape[5]);
    return static_cast<std::uint32_t>(unit);
}

constexpr bool is_first_half(std::uint32_t unit) noexcept {
    return unit >= 0xD800 && unit <= 0xDBFF;
}

constexpr bool is_second_half(std::uint32_t unit) noexcept {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

// A character, as UTF-8, and the bytes of the string that say it.
struct Character {
    char bytes[4]{};
    std::size_t size = 0;
    std::size_t escape_size = 0;

    [[nodiscard]] std::string_view text() const noexcept { return {bytes, size}; }
    void add(std::uint32_t byte) noexcept { bytes[size++] = static_cast<char>(byte); }
};

Character utf8_of(std::uint32_t code_point) noexcept {
    Character character;
    if (code_point < 0x80) {
        character.add(code_point);
    } else if (code_point < 0x800) {
        character.add(0xC0 | code_point >> 6);
        character.add(0x80 | (code_point & 0x3F));
    } else if (code_point < 0x10000) {
        character.add(0xE0 | code_point >> 12);
        character.add(0x80 | (code_point >> 6 & 0x3F));
        character.add(0x80 | (code_point & 0x3F));
    } else {
        character.add(0xF0 | code_point >> 18);
        character.add(0x80 | (code_point >> 12 & 0x3F));
        character.add(0x80 | (code_point >> 6 & 0x3F));
        character.add(0x80 | (code_point & 0x3F));
    }
    return character;
}

// Of "\u": two halves of a character may follow each other.
Character read_unit_escape(std::string_view text) noexcept {
    std::uint32_t code_point = code_unit(text);
    std::size_t escape_size = unit_escape_size;
    if (is_first_half(code_point)) {
        const std::string_view next = text.substr(unit_escape_size);
        const std::uint32_t second = next.starts_with("\\u") ? code_unit(next) : 0;
        if (is_second_half(second)) {
            code_point = 0x10000 + ((code_point - 0xD800) << 10) + (second - 0xDC00);
            escape_size += unit_escape_size;
        } else {
            code_point = replacement_character;
        }
    } else if (is_second_half(code_point)) {
        code_point = replacement_character;
    }
    Character character = utf8_of(code_point);
    character.escape_size = escape_size;
    return character;
}

// What the escape at the beginning of `text` says. Requires: it is checked.
Character read_escape(std::string_view text) noexcept {
    const auto simple = [](char c) { return Character{.bytes = {c}, .size = 1, .escape_size = 2}; };
    switch (text[1]) {
        case 'b': return simple('\b');
        case 'f': return simple('\f');
        case 'n': return simple('\n');
        case 'r': return simple('\r');
        case 't': return simple('\t');
        case 'u': return read_unit_escape(text);
        default: return simple(text[1]);  // '"', '\\' or '/'.
    }
}

std::string_view without_quotation_marks(std::string_view string) noexcept {
    assert(string.size() >= 2);
    return string.substr(1, string.size() - 2);
}

void append_escaped(std::string& out, char c) {
    out.push_back('\\');
    switch (c) {
        case '\b': out.push_back('b'); return;
        case '\f': out.push_back('f'); return;
        case '\n': out.push_back('n'); return;
        case '\r': out.push_back('r'); return;
        case '\t': out.push_back('t'); return;
        case '"':
        case '\\': out.push_back(c); return;
        default:
            out.append("u00");
            out.push_back(static_cast<char>('0' + (c >> 4)));
            out.push_back("0123456789abcdef"[c & 0xF]);
    }
}

}  // namespace

std::string_view json_string_text(std::string_view string, std::string& scratch) {
    std::string_view text = without_quotation_marks(string);
    std::size_t plain = text.find('\\');
    if (plain == std::string_view::npos) return text;
    scratch.clear();
    for (;;) {
        scratch.append(text.substr(0, plain));
        if (plain == std::string_view::npos) return scratch;
        text.remove_prefix(plain);
        const Character character = read_escape(text);
        scratch.append(character.text());
        text.remove_prefix(character.escape_size);
        plain = text.find('\\');
    }
}

bool json_string_says(std::string_view string, std::string_view text) noexcept {
    std::string_view rest = without_quotation_marks(string);
    if (rest.size() < text.size() || rest.size() > text.size() * shrinkage_max) return false;
    while (!rest.empty()) {
        if (rest.front() != '\\') {
            if (text.empty() || rest.front() != text.front()) return false;
            rest.remove_prefix(1);
            text.remove_prefix(1);
            continue;
        }
        const Character character = read_escape(rest);
        if (!text.starts_with(character.text())) return false;
        rest.remove_prefix(character.escape_size);
        text.remove_prefix(character.size);
    }
    return text.empty();
}

bool append_json_string(std::string& out, std::string_view text) {
    const std::size_t begin = out.size();
    bool has_more_than_ascii = false;
    out.push_back('"');
    const char* at = text.data();
    const char* const end = at + text.size();
    for (;;) {
        const char* const special = find_special_in_json(text.data(), at, end, has_more_than_ascii);
        out.append(at, special);
        if (special == end) break;
        append_escaped(out, *special);
        at = special + 1;
    }
    out.push_back('"');
    if (!has_more_than_ascii || is_utf8(text)) return true;
    out.resize(begin);
    return false;
}

}  // namespace edgews::sio
