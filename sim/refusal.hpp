// Calls that the simulation has no answer to.
#pragma once

namespace edgews::sim {

// Says that `call` is not simulated, and why or in what case, and ends the process: nothing that a
// world is asked is done by the real kernel unnoticed.
[[noreturn]] void refuse(const char* call, const char* why) noexcept;

}  // namespace edgews::sim
