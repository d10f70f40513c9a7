// The server under load: where it listens, and how to get there.
#pragma once

#include "net/loop/fd.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace load {

class Target {
  public:
    // Looks the host up. Throws std::runtime_error if there is no such host.
    Target(const std::string& host, std::uint16_t port);

    // A socket that does not block and has begun to connect. When the target is in 127.0.0.0/8,
    // it comes from one of 250 addresses of that network, chosen by `number`: one address has
    // only some 28,000 ports. An invalid one, with errno, on failure.
    [[nodiscard]] edgews::Fd connect(unsigned number) const noexcept;

  private:
    [[nodiscard]] bool is_loopback() const noexcept;

    sockaddr_storage address_{};
    socklen_t address_size_ = 0;
};

// Closes by a reset, so that the port is free at once. Nothing if `fd` is invalid.
void close_at_once(edgews::Fd& fd) noexcept;

}  // namespace load
