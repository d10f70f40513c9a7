// The little JSON that the demo speaks: flat objects of strings and numbers.
//
// No recursion, no allocation beyond the values, and whatever is not exactly that (RFC 8259) is
// refused: what comes in was typed by strangers.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace demo {

// `text` as a JSON string, with its quotes, and no control characters that a terminal would obey.
// Requires: valid UTF-8, as every text message is.
inline std::string quote(std::string_view text) {
    constexpr char hex[] = "0123456789abcdef";
    std::string quoted = "\"";
    unsigned char last = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_c1 = std::exchange(last, byte) == 0xC2 && byte < 0xA0;  // U+0080 to U+009F.
        if (is_c1) {
            quoted.pop_back();
            quoted += {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
        } else if (c == '"' || c == '\\') {
            quoted += {'\\', c};
        } else if (byte < 0x20 || byte == 0x7F) {
            quoted += {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
        } else {
            quoted += c;
        }
    }
    return quoted += '"';
}

// The values of one object, by name.
struct FlatObject {
    using Values = std::map<std::string, std::string, std::less<>>;
    Values strings;  // Decoded.
    Values numbers;  // As they were written, and so safe to send back.

    // Empty: there is no such string.
    [[nodiscard]] std::string string(std::string_view name) const {
        const auto found = strings.find(name);
        return found == strings.end() ? std::string{} : found->second;
    }
};

class FlatParser {
  public:
    // Nothing: `text` is not one flat object, or names something twice.
    // Requires: valid UTF-8.
    static std::optional<FlatObject> parse(std::string_view text) {
        FlatParser parser{text};
        FlatObject object;
        if (!parser.take('{')) return std::nullopt;
        if (!parser.take('}')) {
            do {
                std::string name;
                std::string value;
                if (!parser.string(name) || !parser.take(':')) return std::nullopt;
                const bool is_string = parser.rest_.starts_with('"');
                if (!(is_string ? parser.string(value) : parser.number(value))) return std::nullopt;
                if (object.strings.contains(name) || object.numbers.contains(name)) {
                    return std::nullopt;
                }
                (is_string ? object.strings : object.numbers).emplace(name, value);
            } while (parser.take(','));
            if (!parser.take('}')) return std::nullopt;
        }
        return parser.rest_.empty() ? std::optional{std::move(object)} : std::nullopt;
    }

  private:
    explicit FlatParser(std::string_view text) : rest_(text) { skip_space(); }

    void skip_space() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
    }

    bool take_exactly(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    bool take(char c) {  // And the space behind it.
        const bool taken = take_exactly(c);
        if (taken) skip_space();
        return taken;
    }

    bool string(std::string& out) {
        if (!take_exactly('"')) return false;
        while (!rest_.empty() && static_cast<unsigned char>(rest_[0]) >= 0x20) {
            if (take('"')) return true;
            if (take_exactly('\\')) {
                if (!escape(out)) return false;
            } else {
                out += rest_[0];
                rest_.remove_prefix(1);
            }
        }
        return false;  // A control character, or no end.
    }

    bool escape(std::string& out) {
        constexpr std::string_view letters = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        if (take_exactly('u')) return unicode(out);
        const std::size_t index = rest_.empty() ? letters.npos : letters.find(rest_[0]);
        if (index == letters.npos) return false;
        out += meanings[index];
        rest_.remove_prefix(1);
        return true;
    }

    bool unicode(std::string& out) {
        std::optional<std::uint32_t> point = four_digits();
        if (!point || (*point >= 0xDC00 && *point <= 0xDFFF)) return false;
        if (*point >= 0xD800 && *point <= 0xDBFF) {  // The first half of a pair.
            if (!take_exactly('\\') || !take_exactly('u')) return false;
            const std::optional<std::uint32_t> low = four_digits();
            if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
            point = 0x10000 + ((*point - 0xD800) << 10) + (*low - 0xDC00);
        }
        append_utf8(out, *point);
        return true;
    }

    std::optional<std::uint32_t> four_digits() {
        std::uint32_t value = 0;
        if (rest_.size() < 4) return std::nullopt;
        const char* const end = rest_.data() + 4;
        if (std::from_chars(rest_.data(), end, value, 16).ptr != end) return std::nullopt;
        rest_.remove_prefix(4);
        return value;
    }

    static void append_utf8(std::string& out, std::uint32_t point) {
        if (point < 0x80) {
            out += static_cast<char>(point);
            return;
        }
        const unsigned tails = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
        const std::uint32_t head[] = {0, 0xC0, 0xE0, 0xF0};
        out += static_cast<char>(head[tails] | (point >> (6 * tails)));
        for (unsigned i = tails; i-- > 0;) {
            out += static_cast<char>(0x80 | ((point >> (6 * i)) & 0x3F));
        }
    }

    bool number(std::string& out) {
        const std::string_view start = rest_;
        take_exactly('-');
        if (!take_exactly('0') && !digits()) return false;
        if (take_exactly('.') && !digits()) return false;
        if (take_exactly('e') || take_exactly('E')) {
            if (!take_exactly('+')) take_exactly('-');
            if (!digits()) return false;
        }
        out = start.substr(0, start.size() - rest_.size());
        skip_space();
        return true;
    }

    bool digits() {
        const std::size_t count = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        rest_.remove_prefix(count);
        return count > 0;
    }

    std::string_view rest_;
};

}  // namespace demo
