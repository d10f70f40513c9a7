// Opening the sockets that a server listens on.
#pragma once

#include <edgews/error.hpp>
#include <edgews/options.hpp>
#include "net/loop/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace edgews {

// Sockets that listen, one for each loop, or one for all of them to share.
struct ListenSockets {
    Error error{};
    std::vector<Fd> fds{};
    std::string name{};      // "127.0.0.1:9001", with the port that was found; "unix:/run/x".
    std::uint16_t port = 0;  // 0: no TCP.
    bool is_loopback = false;
    std::string unix_file{};  // To be removed in the end; empty: none.
};

// An address that any other socket has is an error, never shared silently.
[[nodiscard]] ListenSockets open_listen_sockets(const ListenOptions& options,
                                                std::size_t loop_count);

}  // namespace edgews
