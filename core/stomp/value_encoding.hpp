// The escapes of bytes in headers (1.2, Value Encoding).
//
//     CR          1.2         "\r"
//     LF          1.1, 1.2    "\n"
//     colon       1.1, 1.2    "\c"
//     backslash   1.1, 1.2    two of them
//
// 1.0 has no escapes, and CONNECT and CONNECTED frames are as in 1.0 whatever the version.
#pragma once

#include "core/stomp/version.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edgews::stomp {

// Writes `text` without its escapes to `out` and returns how many bytes that are, at most
// text.size(). Nothing: a backslash begins no escape of this version. 1.0: just a copy.
[[nodiscard]] std::optional<std::size_t> unescape(std::string_view text, Version version,
                                                  char* out) noexcept;

enum class HeaderPart : std::uint8_t { name, value };
// Whether a header of this version can have it there. NUL: in none, it ends the frame.
[[nodiscard]] bool is_expressible(std::string_view text, HeaderPart part, Version version) noexcept;

// Requires: it is expressible, or came in a frame of this version.
void append_escaped(std::string& out, std::string_view text, Version version);

// The first byte that is escaped in any version, or expressible in none: one of NUL, LF, CR, ':'
// and '\'. Or text.size().
[[nodiscard]] std::size_t find_special(std::string_view text, std::size_t begin = 0) noexcept;

}  // namespace edgews::stomp
