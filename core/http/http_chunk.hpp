// The chunks of a response whose size is not known when it begins (RFC 9112, section 7.1).
//
//     chunk head | content | CR LF | chunk head | content | CR LF | last chunk
#pragma once

#include "core/base/number.hpp"

#include <cassert>
#include <cstddef>
#include <string>
#include <string_view>

namespace edgews {

// Requires: `size` is not 0, which would be the last chunk's.
[[nodiscard]] inline std::string chunk_head(std::size_t size) noexcept {
    assert(size > 0);
    std::string head;
    append_hexadecimal(head, size);
    return head += "\r\n";
}

inline constexpr std::string_view chunk_end = "\r\n";
// Without trailers.
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace edgews
