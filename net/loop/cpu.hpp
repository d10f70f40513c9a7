// The CPUs that threads may run on.
#pragma once

#include <vector>

namespace edgews {

// Those that the calling thread may use; at least one.
[[nodiscard]] std::vector<int> usable_cpus();
// Pins the calling thread to that one. 0, or the system's error number: EINVAL where there is none
// of that number, or the process may not use it.
[[nodiscard]] int pin_thread(int cpu) noexcept;

}  // namespace edgews
