// How long whoever lost a connection waits before it tries again.
#pragma once

#include <edgews/client_options.hpp>

#include <algorithm>
#include <cstdint>

namespace edgews {

// Milliseconds: between 0 and a limit that doubles with each failure, by chance. `failure_count`:
// at least 1. `random`: any of 32 bits.
[[nodiscard]] constexpr std::uint32_t back_off_ms(const ReconnectOptions& limits,
                                                  unsigned failure_count,
                                                  std::uint32_t random) noexcept {
    const unsigned doublings = std::min(failure_count - 1, 31U);
    const std::uint64_t limit_ms =
        std::min<std::uint64_t>(std::uint64_t{limits.delay_ms} << doublings, limits.delay_max_ms);
    return static_cast<std::uint32_t>(std::uint64_t{random} * (limit_ms + 1) >> 32);
}

}  // namespace edgews
