// epoll, as the load generator uses it: everything is edge-triggered, and has a number.
#pragma once

#include "net/loop/fd.hpp"

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>

namespace load {

class Poller {
  public:
    // Throws std::system_error if the kernel refuses.
    Poller();

    // Watches for input, room for output and the end of both, until `fd` is closed.
    void add(const edgews::Fd& fd, std::uint32_t number);

    // What happened, `data.u32` being the number; empty after `timeout_ms`. 0 does not sleep.
    // Valid until the next call.
    [[nodiscard]] std::span<const epoll_event> wait(int timeout_ms) noexcept;

  private:
    edgews::Fd fd_;
    std::array<epoll_event, 512> events_;
};

}  // namespace load
