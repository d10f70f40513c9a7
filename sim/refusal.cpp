#include "sim/refusal.hpp"

#include <cstdio>
#include <cstdlib>

namespace edgews::sim {

void refuse(const char* call, const char* why) noexcept {
    std::fprintf(stderr, "edgews::sim: %s is not simulated, %s\n", call, why);
    std::abort();
}

}  // namespace edgews::sim
