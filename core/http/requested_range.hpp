// The part of a representation that a Range header asks for (RFC 9110, section 14).
#pragma once

#include <cstdint>
#include <string_view>

namespace edgews {

struct RequestedRange {
    enum class Kind : std::uint8_t {
        whole,          // All of it: what is asked for is no single range of bytes.
        part,           // `size` bytes, at least one, from `first` on.
        unsatisfiable,  // There is nothing where it begins.
    };
    Kind kind = Kind::whole;
    std::uint64_t first = 0;
    std::uint64_t size = 0;
};

// `whole_size`: bytes of the representation. A server may ignore the header (section 14.2), and
// this one does where it is malformed, of another unit, or has several ranges: these would be
// answered in an envelope of their own, and are mostly asked for by those who mean no good.
[[nodiscard]] RequestedRange parse_range(std::string_view header,
                                         std::uint64_t whole_size) noexcept;

}  // namespace edgews
