// A mark that the simulation itself is at work on a thread, and not the program that runs in it.
#pragma once

#include <cstddef>

namespace edgews::sim {

// While it is there, what its thread does is the simulation's own: what it takes from the heap, for
// those who count or refuse that.
class Busy {
  public:
    Busy() noexcept { ++depth; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() { --depth; }

    // Of this thread.
    [[nodiscard]] static bool is_here() noexcept { return depth > 0; }

  private:
    static inline thread_local constinit std::size_t depth = 0;
};

}  // namespace edgews::sim
