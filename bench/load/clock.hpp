// The one clock of the load generator.
#pragma once

#include <ctime>

#include <cstdint>

namespace load {

inline constexpr std::uint64_t ns_per_second = 1'000'000'000;

// Nanoseconds since some moment; it never goes backwards.
[[nodiscard]] inline std::uint64_t now_ns() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * ns_per_second +
           static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace load
