// The dates of HTTP's headers (RFC 9110, section 5.6.7).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace edgews {

inline constexpr std::size_t http_date_size = 29;

// "Sun, 06 Nov 1994 08:49:37 GMT", for seconds since the beginning of 1970 in UTC. What has no four
// digits for its year is the first or the last second that has.
[[nodiscard]] std::array<char, http_date_size> http_date(std::int64_t unix_seconds) noexcept;

// The seconds since the beginning of 1970 of a date in any of the three forms. `now`: the same, of
// the present, for years of two digits: of those that end so, the last one that is no more than 50
// years ahead. Without a value: it is none; whether the weekday is right nobody looks.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text,
                                                          std::int64_t now) noexcept;

}  // namespace edgews
