// What /proc tells about the process under load.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace load {

// Sums over all threads, from the process's start to now.
struct ServerSample {
    std::uint64_t taken_at = 0;
    std::uint64_t cpu_ns = 0;
    std::uint64_t wait_ns = 0;     // Ready to run, but others had the core.
    std::uint64_t user_ticks = 0;  // Coarse: of use only as a ratio to those of the system.
    std::uint64_t system_ticks = 0;
    std::uint64_t voluntary_switches = 0;
    std::uint64_t involuntary_switches = 0;
};

class ServerProbe {
  public:
    // A `pid` of 0 stands for a server that was not found: all answers are empty then.
    explicit ServerProbe(pid_t pid) noexcept : pid_(pid) {}

    [[nodiscard]] bool has_server() const noexcept { return pid_ != 0; }
    // Empty, too, when the process has ended.
    [[nodiscard]] std::optional<ServerSample> sample() const;
    // Bytes of it that are in memory. It takes a while when there are many.
    [[nodiscard]] std::optional<std::size_t> resident_size() const;

  private:
    pid_t pid_;
};

// The process of this machine that listens on TCP port `port`, or 0. It is found through its
// descriptors, which only its owner and root may see.
[[nodiscard]] pid_t find_listener(std::uint16_t port);

}  // namespace load
