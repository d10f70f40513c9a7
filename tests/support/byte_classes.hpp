// Sets of bytes, as strings: for tests of what a byte may be part of.
#pragma once

#include <string>

namespace edgews::test {

// All bytes that `is` says yes to.
template <class F>
std::string bytes_that(F&& is) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        if (is(static_cast<char>(i))) bytes += static_cast<char>(i);
    }
    return bytes;
}

// The bytes from `first` to `last`.
inline std::string range(int first, int last) {
    std::string bytes;
    for (int i = first; i <= last; ++i) bytes += static_cast<char>(i);
    return bytes;
}

}  // namespace edgews::test
