// A hash table's hash of strings, which finds them by views: nothing is copied to look one up.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace edgews {

// With std::equal_to<> beside it.
struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>{}(text);
    }
};

}  // namespace edgews
