// How much of the process is in memory.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace edgews::test {

// Bytes, of the whole process. Tests that compare two of them leave a wide margin.
inline std::size_t resident_size() {
    std::ifstream file("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::size_t>(::getpagesize());
}

}  // namespace edgews::test
