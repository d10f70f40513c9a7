// What a process uses of the machine.
#pragma once

#include "net/loop/fd.hpp"

#include <dirent.h>

#include <cstdint>
#include <memory>

namespace soak {

struct Usage {
    std::uint64_t resident_kib = 0;
    std::uint64_t heap_kib = 0;  // Handed out by malloc and not freed; 0 under a sanitizer.
    std::uint64_t descriptors = 0;
    std::uint64_t cpu_ms = 0;  // User and system time, since the process began.
};

// Looks at its own process. Its descriptors are opened once, so that it works without any to spare,
// and are counted with the others.
class Gauge {
  public:
    // Throws std::system_error.
    Gauge();

    [[nodiscard]] Usage read() const noexcept;
    [[nodiscard]] std::uint64_t descriptors() const noexcept;

  private:
    edgews::Fd statm_;
    std::unique_ptr<DIR, int (*)(DIR*)> descriptors_;
};

}  // namespace soak
