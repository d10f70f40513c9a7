// The tokens of a text that is known to be JSON, one by one.
//
// Header-only, for the few who read more of a packet than where its elements are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace edgews::sio {

class JsonTokens {
  public:
    explicit JsonTokens(std::string_view text) noexcept : rest_(text) {}

    // A string, with its quotation marks; or '{' and the like; or what stands between those: a
    // number or a literal. Empty: that was the last.
    [[nodiscard]] std::string_view next() noexcept {
        constexpr std::string_view spaces = " \t\r\n";
        rest_.remove_prefix(std::min(rest_.find_first_not_of(spaces), rest_.size()));
        if (rest_.empty()) return {};
        return take(size_of_token());
    }

  private:
    [[nodiscard]] std::size_t size_of_token() const noexcept {
        constexpr std::string_view marks = "[]{},:";
        if (marks.find(rest_.front()) != marks.npos) return 1;
        if (rest_.front() != '"') return std::min(rest_.find_first_of(" \t\r\n]},"), rest_.size());
        return size_of_string();
    }
    // Up to the first quotation mark that is not escaped.
    [[nodiscard]] std::size_t size_of_string() const noexcept {
        std::size_t at = 1;
        std::size_t mark = rest_.find('"', at);
        for (;;) {
            const std::size_t escape = rest_.substr(at, mark - at).find('\\');
            if (escape == std::string_view::npos) return mark + 1;
            at += escape + 2;
            if (at > mark) mark = rest_.find('"', at);
        }
    }
    [[nodiscard]] std::string_view take(std::size_t size) noexcept {
        const std::string_view token = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return token;
    }

    std::string_view rest_;
};

}  // namespace edgews::sio
