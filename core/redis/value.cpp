#include "core/redis/value.hpp"

#include "core/base/ascii.hpp"

#include <cassert>
#include <charconv>
#include <system_error>

namespace edgews::redis {
namespace {

// from_chars takes no plus.
std::string_view without_plus(std::string_view text) noexcept {
    return text.starts_with('+') ? text.substr(1) : text;
}

bool begins_with_digit(std::string_view text) noexcept {
    return !text.empty() && is_digit(text.front());
}

template <class Number>
std::optional<Number> parse_whole(std::string_view text) noexcept {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : without_plus(text);
    if (!begins_with_digit(digits)) return std::nullopt;
    return parse_whole<std::int64_t>(without_plus(text));
}

std::optional<double> parse_double(std::string_view text) noexcept {
    const std::string_view magnitude = text.starts_with('-') ? text.substr(1) : without_plus(text);
    // from_chars knows more names than these.
    if (!begins_with_digit(magnitude) && magnitude != "inf" && magnitude != "nan")
        return std::nullopt;
    return parse_whole<double>(without_plus(text));
}

std::string_view Value::text() const noexcept {
    if (is_null() || is_aggregate()) return {};
    return {reinterpret_cast<const char*>(bytes_) + node_->begin, node_->size};
}

std::int64_t Value::integer() const noexcept {
    assert(kind() == Kind::integer);
    return parse_integer(text()).value_or(0);
}

double Value::number() const noexcept {
    assert(kind() == Kind::double_number);
    return parse_double(text()).value_or(0);
}

bool Value::is_true() const noexcept {
    assert(kind() == Kind::boolean);
    return text() == "t";
}

}  // namespace edgews::redis
