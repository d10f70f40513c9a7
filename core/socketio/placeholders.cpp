#include "core/socketio/placeholders.hpp"

#include "core/base/ascii.hpp"
#include "core/base/number.hpp"
#include "core/socketio/json_string.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <optional>
#include <string_view>

namespace edgews::sio {
namespace {

constexpr std::size_t no_number = SIZE_MAX;

// Goes through a text that is known to be JSON, token by token.
class Tokens {
  public:
    explicit Tokens(std::string_view text) noexcept : rest_(text) {}

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
        std::size_t at = 1;
        while (rest_[at] != '"') {
            at = rest_.find_first_of("\"\\", at);
            if (rest_[at] == '\\') at += 2;
        }
        return at + 1;
    }
    [[nodiscard]] std::string_view take(std::size_t size) noexcept {
        const std::string_view token = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return token;
    }

    std::string_view rest_;
};

bool is_key(std::string_view token, std::string_view key) noexcept {
    return token.starts_with('"') && json_string_says(token, key);
}

// The number of the placeholder whose members follow. Nothing: it is no placeholder.
std::optional<std::size_t> read_placeholder(Tokens tokens) noexcept {
    std::optional<std::size_t> number;
    bool is_placeholder = false;
    for (const std::string_view end : {",", "}"}) {
        const std::string_view key = tokens.next();
        if (tokens.next() != ":") return std::nullopt;
        const std::string_view value = tokens.next();
        if (is_key(key, "_placeholder") && value == "true") is_placeholder = true;
        if (is_key(key, "num")) number = parse_number<std::size_t>(value);
        if (tokens.next() != end) return std::nullopt;
    }
    return is_placeholder ? number : std::nullopt;
}

}  // namespace

Fault check_placeholders(const JsonElements& elements, std::size_t attachment_count) noexcept {
    assert(attachment_count <= attachment_count_bound);
    std::uint64_t seen = 0;
    std::size_t seen_count = 0;
    std::size_t current = no_number;  // Of the object that is being read.
    Tokens tokens(elements.has_placeholder() ? elements.text() : std::string_view{});
    std::string_view before;
    for (std::string_view token = tokens.next(); !token.empty(); token = tokens.next()) {
        if (token == "{") current = read_placeholder(tokens).value_or(no_number);
        if (token == "}") current = no_number;
        if (token == ":" && is_key(before, "_placeholder")) {
            if (current == no_number) return Fault::placeholder_malformed;
            if (current >= attachment_count) return Fault::placeholder_out_of_range;
            const std::uint64_t bit = std::uint64_t{1} << current;
            if ((seen & bit) != 0) return Fault::placeholder_repeated;
            seen |= bit;
            ++seen_count;
        }
        before = token;
    }
    return seen_count == attachment_count ? Fault::none : Fault::placeholder_missing;
}

void append_placeholder(std::string& out, std::size_t index) {
    out.append("{\"_placeholder\":true,\"num\":");
    append_number(out, index);
    out.push_back('}');
}

}  // namespace edgews::sio
