// The clocks of a simulated world, and the times that libc's functions are given by them.
#pragma once

#include "sim/kernel.hpp"

#include <sys/time.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace edgews::sim {

inline constexpr std::uint64_t never_ns = UINT64_MAX;

// What the system takes for a time.
[[nodiscard]] constexpr bool is_valid(const timespec& time) noexcept {
    return time.tv_sec >= 0 && time.tv_nsec >= 0 && time.tv_nsec < 1'000'000'000;
}

// Before the beginning is 0; what is too late to be counted never comes.
[[nodiscard]] constexpr std::uint64_t nanoseconds(const timespec& time) noexcept {
    constexpr time_t seconds_max = 10'000'000'000;
    if (time.tv_sec < 0) return 0;
    if (time.tv_sec > seconds_max) return never_ns;
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(time.tv_nsec);
}

[[nodiscard]] constexpr timespec timespec_of(std::uint64_t ns) noexcept {
    return {.tv_sec = static_cast<time_t>(ns / 1'000'000'000),
            .tv_nsec = static_cast<long>(ns % 1'000'000'000)};
}

// Never is as far from now as from anywhere.
[[nodiscard]] constexpr std::uint64_t after_span(std::uint64_t now_ns,
                                                 std::uint64_t span_ns) noexcept {
    return now_ns + std::min(span_ns, never_ns - now_ns);
}

// What the clock adds to the kernel's time; none: there is no such clock. Those of the CPU, the
// process's and each thread's, say what a world's thread has worked: nothing is told of that, and
// they go with the time of all.
[[nodiscard]] constexpr std::optional<std::uint64_t> offset_of(clockid_t clock) noexcept {
    constexpr std::uint64_t tai_ns = 37'000'000'000;  // Atomic time is ahead by the leap seconds.
    switch (clock) {
        case CLOCK_REALTIME:
        case CLOCK_REALTIME_COARSE:
        case CLOCK_REALTIME_ALARM: return Kernel::epoch_ns;
        case CLOCK_TAI: return Kernel::epoch_ns + tai_ns;
        case CLOCK_MONOTONIC:
        case CLOCK_MONOTONIC_RAW:
        case CLOCK_MONOTONIC_COARSE:
        case CLOCK_BOOTTIME:
        case CLOCK_BOOTTIME_ALARM:
        case CLOCK_PROCESS_CPUTIME_ID:
        case CLOCK_THREAD_CPUTIME_ID: return 0;
        // Of a process or a thread (clock_getcpuclockid()); positive ones there are no others.
        default: return clock < 0 ? std::optional<std::uint64_t>(0) : std::nullopt;
    }
}

// By the kernel's clock, of a moment by that one.
[[nodiscard]] constexpr std::uint64_t moment_by(clockid_t clock, const timespec& time) noexcept {
    const std::uint64_t value = nanoseconds(time);
    return value == never_ns ? never_ns : value - std::min(value, offset_of(clock).value_or(0));
}

}  // namespace edgews::sim
