// How much of the process is in memory.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace edgews::test {

// A sanitizer keeps what is freed, and notes of its own: then the figure says nothing.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool resident_size_tells = false;
#else
inline constexpr bool resident_size_tells = true;
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool resident_size_tells = false;
#else
inline constexpr bool resident_size_tells = true;
#endif

// Bytes, of the whole process. Tests that compare two of them leave a wide margin.
inline std::size_t resident_size() {
    std::ifstream file("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::size_t>(::getpagesize());
}

inline bool resident_is_over(std::size_t size) {
    return !resident_size_tells || resident_size() > size;
}
inline bool resident_is_under(std::size_t size) {
    return !resident_size_tells || resident_size() < size;
}

}  // namespace edgews::test
