#include "core/stomp/value_encoding.hpp"

#include <cstdint>
#include <cstring>

namespace edgews::stomp {
namespace {

constexpr bool is_special(char c) noexcept {
    return c == '\0' || c == '\n' || c == '\r' || c == ':' || c == '\\';
}

// Whether a special byte may be among eight: also true for other control characters.
constexpr bool may_have_special(std::uint64_t word) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t tops = ones * 0x80;
    const std::uint64_t colons = word ^ (ones * ':');
    const std::uint64_t backslashes = word ^ (ones * '\\');
    const std::uint64_t bits = ((word - ones * ' ') & ~word) | ((colons - ones) & ~colons) |
                               ((backslashes - ones) & ~backslashes);
    return (bits & tops) != 0;
}

// What follows the backslash in place of `c`. 0: it is written as it is.
constexpr char escape_of(char c, Version version) noexcept {
    if (version == Version::v1_0) return 0;
    switch (c) {
        case '\r': return version == Version::v1_2 ? 'r' : '\0';
        case '\n': return 'n';
        case ':': return 'c';
        case '\\': return '\\';
        default: return 0;
    }
}

// What a backslash and `c` stand for. 0: nothing.
constexpr char meaning_of(char c, Version version) noexcept {
    switch (c) {
        case 'r': return version == Version::v1_2 ? '\r' : '\0';
        case 'n': return '\n';
        case 'c': return ':';
        case '\\': return '\\';
        default: return 0;
    }
}

}  // namespace

std::optional<std::size_t> unescape(std::string_view text, Version version, char* out) noexcept {
    if (version == Version::v1_0) {
        text.copy(out, text.size());
        return text.size();
    }
    std::size_t size = 0;
    for (;;) {
        const std::size_t plain = text.find('\\');
        size += text.copy(out + size, plain);
        if (plain == std::string_view::npos) return size;
        if (plain + 1 == text.size()) return std::nullopt;
        const char meaning = meaning_of(text[plain + 1], version);
        if (meaning == 0) return std::nullopt;
        out[size++] = meaning;
        text.remove_prefix(plain + 2);
    }
}

bool is_expressible(std::string_view text, HeaderPart part, Version version) noexcept {
    if (text.empty()) return part == HeaderPart::value;
    for (std::size_t at = find_special(text); at < text.size(); at = find_special(text, at + 1)) {
        const char c = text[at];
        // Without an escape only these end neither the line nor the name.
        const bool is_harmless = c == '\\' || (c == ':' && part == HeaderPart::value);
        if (!is_harmless && escape_of(c, version) == 0) return false;
    }
    return true;
}

void append_escaped(std::string& out, std::string_view text, Version version) {
    std::size_t begin = 0;
    for (std::size_t at = find_special(text); at < text.size(); at = find_special(text, at + 1)) {
        const char escape = escape_of(text[at], version);
        if (escape == 0) continue;
        out.append(text.substr(begin, at - begin));
        out.push_back('\\');
        out.push_back(escape);
        begin = at + 1;
    }
    out.append(text.substr(begin));
}

std::size_t find_special(std::string_view text, std::size_t begin) noexcept {
    std::size_t at = begin;
    while (text.size() - at >= sizeof(std::uint64_t)) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + at, sizeof word);
        const std::size_t end = at + sizeof word;
        if (may_have_special(word)) {
            for (; at < end; ++at) {
                if (is_special(text[at])) return at;
            }
        }
        at = end;
    }
    while (at < text.size() && !is_special(text[at])) ++at;
    return at;
}

}  // namespace edgews::stomp
