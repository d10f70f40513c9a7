#include "core/socketio/placeholders.hpp"

#include "core/base/ascii.hpp"
#include "core/base/number.hpp"
#include "core/socketio/json_string.hpp"

#include <cassert>
#include <cstdint>
#include <optional>
#include <string_view>

namespace edgews::sio {
namespace {

constexpr std::size_t no_number = SIZE_MAX;

bool is_key(std::string_view token, std::string_view key) noexcept {
    return token.starts_with('"') && json_string_says(token, key);
}

}  // namespace

std::optional<std::size_t> read_placeholder(JsonTokens tokens) noexcept {
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

Fault check_placeholders(const JsonElements& elements, std::size_t attachment_count) noexcept {
    assert(attachment_count <= attachment_count_bound);
    std::uint64_t seen = 0;
    std::size_t seen_count = 0;
    std::size_t current = no_number;  // Of the object that is being read.
    JsonTokens tokens(elements.has_placeholder() ? elements.text() : std::string_view{});
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
