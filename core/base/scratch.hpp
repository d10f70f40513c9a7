// Text that is written again and again in the same memory.
#pragma once

#include <cstddef>
#include <string>

namespace edgews {

// Empties it. If it was larger than this, its memory goes, too.
inline void clear_scratch(std::string& text) {
    constexpr std::size_t kept_size_max = 64 * 1024;
    text.clear();
    if (text.capacity() > kept_size_max) text.shrink_to_fit();
}

}  // namespace edgews
