// Descriptors, of which a load needs many.
#pragma once

#include <sys/resource.h>

namespace load {

// As many as the system lets us have.
inline void raise_descriptor_limit() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace load
