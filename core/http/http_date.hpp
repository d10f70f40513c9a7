// The Date header's value (RFC 9110, section 5.6.7).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace edgews {

inline constexpr std::size_t http_date_size = 29;

// "Sun, 06 Nov 1994 08:49:37 GMT", for seconds since the beginning of 1970 in UTC. What has no four
// digits for its year is the first or the last second that has.
[[nodiscard]] std::array<char, http_date_size> http_date(std::int64_t unix_seconds) noexcept;

}  // namespace edgews
