// The parts of HTTP that applications set and see, of servers and clients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace edgews {

// A header: its value without the whitespace around it. Both are views.
struct HeaderField {
    std::string_view name;
    std::string_view value;
};

// Most headers that a head may have; HttpLimits can only ask for fewer.
inline constexpr std::uint32_t http_header_capacity = 100;
// Largest head; offsets are 16 bits wide. HttpLimits can only ask for less.
inline constexpr std::size_t http_head_capacity = 65535;

struct HttpLimits {
    std::size_t head_size_max = 16 * 1024;  // Bytes of the whole head, its empty line included.
    std::size_t line_size_max = 8 * 1024;   // Bytes of one line, its CR LF not counted.
    std::uint32_t header_count_max = http_header_capacity;
};

// Which header is believed. Never both: a proxy that writes one passes the other on as the client
// sent it.
enum class ForwardedHeader : std::uint8_t {
    x_forwarded_for,  // "192.0.2.1, 198.51.100.7:4711, [2001:db8::1]:80, 2001:db8::2"
    forwarded,        // RFC 7239: for=192.0.2.1;proto=https, for="[2001:db8::1]:80"
};

}  // namespace edgews
