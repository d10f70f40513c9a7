// The memory that there is for a server.
#pragma once

#include <cstddef>

namespace edgews {

// Bytes that the process can have: those of the machine, of its control group (version 2, as it
// shows in a container), or of its limits on address space and data, whichever is least.
[[nodiscard]] std::size_t usable_memory_size() noexcept;

}  // namespace edgews
