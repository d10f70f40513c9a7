// JSON as RFC 8259 has it, a second time: slowly, recursively, production by production. What the
// scanner says is compared with this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::test {

class JsonReference {
  public:
    explicit JsonReference(std::string_view text) : text_(text), is_valid_(whole()) {}

    // Depth is not looked at, and may be some thousands.
    [[nodiscard]] bool is_valid() const { return is_valid_; }
    // Of the text's array, if it is one.
    [[nodiscard]] const std::vector<std::string>& elements() const { return elements_; }
    [[nodiscard]] bool has_placeholder() const { return has_placeholder_; }
    [[nodiscard]] std::size_t depth() const { return deepest_; }

  private:
    [[nodiscard]] bool whole() {
        if (!is_utf8_text()) return false;
        space();
        return value(0) && (space(), at_ == text_.size());
    }
    [[nodiscard]] bool take(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    [[nodiscard]] bool take_one_of(std::string_view characters) {
        if (at_ == text_.size() || characters.find(text_[at_]) == std::string_view::npos) {
            return false;
        }
        ++at_;
        return true;
    }
    void space() {
        while (take_one_of(" \t\r\n")) {
        }
    }
    [[nodiscard]] bool value(std::size_t depth) {
        if (take("true") || take("false") || take("null")) return true;
        if (take("[")) return array(depth + 1);
        if (take("{")) return object(depth + 1);
        if (take("\"")) return string().has_value();
        return number();
    }
    [[nodiscard]] bool array(std::size_t depth) {
        note(depth);
        space();
        if (take("]")) return true;
        do {
            space();
            const std::size_t begin = at_;
            if (!value(depth)) return false;
            if (depth == 1) elements_.emplace_back(text_.substr(begin, at_ - begin));
            space();
        } while (take(","));
        return take("]");
    }
    [[nodiscard]] bool object(std::size_t depth) {
        note(depth);
        space();
        if (take("}")) return true;
        do {
            space();
            if (!take("\"")) return false;
            const std::optional<std::string> key = string();
            if (!key) return false;
            if (*key == "_placeholder") has_placeholder_ = true;
            space();
            if (!take(":")) return false;
            space();
            if (!value(depth)) return false;
            space();
        } while (take(","));
        return take("}");
    }
    // What it says; what is beyond ASCII as '?'.
    [[nodiscard]] std::optional<std::string> string() {
        std::string says;
        while (!take("\"")) {
            if (at_ == text_.size() || static_cast<unsigned char>(text_[at_]) < 0x20) return {};
            if (!take("\\")) {
                says += text_[at_++];
                continue;
            }
            if (take("u")) {
                unsigned unit = 0;
                for (int i = 0; i < 4; ++i) {
                    const std::string_view digits = "0123456789abcdefABCDEF";
                    const std::size_t begin = at_;
                    if (!take_one_of(digits)) return {};
                    const std::size_t digit = digits.find(text_[begin]);
                    unit = unit * 16 + static_cast<unsigned>(digit < 16 ? digit : digit - 6);
                }
                says += unit < 0x80 ? static_cast<char>(unit) : '?';
            } else if (take_one_of("\"\\/bfnrt")) {
                says += text_[at_ - 1] == '/' ? '/' : '?';
            } else {
                return {};
            }
        }
        return says;
    }
    [[nodiscard]] bool digits() {
        if (!take_one_of("0123456789")) return false;
        while (take_one_of("0123456789")) {
        }
        return true;
    }
    [[nodiscard]] bool number() {
        (void)take("-");
        if (!take("0") && !digits()) return false;
        if (take(".") && !digits()) return false;
        if (!take_one_of("eE")) return true;
        (void)take_one_of("+-");
        return digits();
    }
    void note(std::size_t depth) {
        if (depth > deepest_) deepest_ = depth;
    }
    // RFC 3629, section 4: by the number that the bytes make.
    [[nodiscard]] bool is_utf8_text() const {
        for (std::size_t at = 0; at < text_.size();) {
            const auto first = static_cast<unsigned char>(text_[at++]);
            if (first < 0x80) continue;
            const std::size_t more = first >= 0xF0 ? 3 : (first >= 0xE0 ? 2 : 1);
            const std::uint32_t least = more == 3 ? 0x10000 : (more == 2 ? 0x800 : 0x80);
            if (first < 0xC0 || first > 0xF7) return false;
            std::uint32_t number = first & (0x3FU >> more);
            for (std::size_t i = 0; i < more; ++i, ++at) {
                if (at == text_.size()) return false;
                const auto next = static_cast<unsigned char>(text_[at]);
                if (next < 0x80 || next > 0xBF) return false;
                number = number << 6 | (next & 0x3F);
            }
            const bool is_surrogate = number >= 0xD800 && number <= 0xDFFF;
            if (number < least || number > 0x10FFFF || is_surrogate) return false;
        }
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<std::string> elements_;
    bool has_placeholder_ = false;
    std::size_t deepest_ = 0;
    bool is_valid_;  // Last: it is found out with all the others.
};

}  // namespace edgews::test
