#include "core/http/requested_range.hpp"

#include "core/base/ascii.hpp"

#include <algorithm>
#include <optional>

namespace edgews {

namespace {

// A position, of any number of digits: one that no number holds is beyond every end.
std::optional<std::uint64_t> read_position(std::string_view digits) noexcept {
    if (digits.empty()) return std::nullopt;
    std::uint64_t position = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        position = position > (UINT64_MAX - digit) / 10 ? UINT64_MAX : position * 10 + digit;
    }
    return position;
}

RequestedRange last_bytes(std::uint64_t count, std::uint64_t whole_size) noexcept {
    if (count == 0) return {.kind = RequestedRange::Kind::unsatisfiable};
    const std::uint64_t size = std::min(count, whole_size);
    if (size == 0) return {};  // All there is, of which no part can be told.
    return {.kind = RequestedRange::Kind::part, .first = whole_size - size, .size = size};
}

}  // namespace

RequestedRange parse_range(std::string_view header, std::uint64_t whole_size) noexcept {
    constexpr std::string_view unit = "bytes=";
    if (!equals_ignoring_case(header.substr(0, unit.size()), unit)) return {};
    const std::string_view range = trim(header.substr(unit.size()));
    const std::size_t dash = range.find('-');
    if (dash == std::string_view::npos) return {};
    const auto last = read_position(range.substr(dash + 1));
    if (dash == 0) return last ? last_bytes(*last, whole_size) : RequestedRange{};
    const auto first = read_position(range.substr(0, dash));
    if (!first || (!last && dash + 1 < range.size()) || (last && *last < *first)) return {};
    if (*first >= whole_size) return {.kind = RequestedRange::Kind::unsatisfiable};
    const std::uint64_t size = std::min(last.value_or(UINT64_MAX), whole_size - 1) - *first + 1;
    return {.kind = RequestedRange::Kind::part, .first = *first, .size = size};
}

}  // namespace edgews
