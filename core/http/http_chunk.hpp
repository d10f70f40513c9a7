// The chunks of a response whose size is not known when it begins (RFC 9112, section 7.1).
//
//     chunk head | content | CR LF | chunk head | content | CR LF | last chunk
#pragma once

#include <array>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace edgews {

class ChunkHead {
  public:
    // Requires: `size` is not 0, which would be the last chunk's.
    explicit ChunkHead(std::size_t size) noexcept {
        assert(size > 0);
        char* const end = text_.data() + text_.size();
        char* place = std::to_chars(text_.data(), end, size, 16).ptr;
        *place++ = '\r';
        *place++ = '\n';
        size_ = static_cast<std::size_t>(place - text_.data());
    }
    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

  private:
    std::array<char, 2 * sizeof(std::size_t) + 2> text_;
    std::size_t size_;
};

inline constexpr std::string_view chunk_end = "\r\n";
// Without trailers.
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace edgews
