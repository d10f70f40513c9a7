// The parts that listening and connecting sockets have in common.
#pragma once

#include <edgews/address.hpp>
#include "net/loop/fd.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace edgews {

// Whether a Unix socket has an abstract name, in place of a file: the path begins with '@' or NUL.
[[nodiscard]] bool is_abstract(std::string_view path) noexcept;
// "unix:/run/x"; "unix:@name" of an abstract one.
[[nodiscard]] std::string unix_name(const std::string& path);
// That of a Unix socket's file, or of its abstract name. Size 0: no address has room for so long a
// path.
[[nodiscard]] SocketAddress unix_socket_address(const std::string& path) noexcept;
// What the socket is bound to. Size 0: refused, see errno.
[[nodiscard]] SocketAddress local_address(const Fd& fd) noexcept;

// Whether both its ends are the same: who dials a port of this machine that nobody listens at can
// be given that very port to dial from, and TCP connects the two.
[[nodiscard]] bool is_connected_to_itself(const Fd& fd) noexcept;

// False: refused, see errno.
bool set_option(const Fd& fd, int level, int name, int value) noexcept;

// Whether the system finds out that a peer has vanished.
struct PeerWatch {
    // As in ListenOptions; 0: the system's choice.
    std::uint32_t keep_alive_ms = 0;
    std::uint32_t user_timeout_ms = 0;
};
[[nodiscard]] bool is_in_range(const PeerWatch& watch) noexcept;
// Of a TCP socket, and of those that a listening one accepts. 0, or the system's error number.
[[nodiscard]] int watch_peer(const Fd& fd, const PeerWatch& watch) noexcept;

// The default on loopback, for the reasons that ListenOptions::congestion_control gives.
inline constexpr const char* loopback_congestion_control = "reno";
// 0, or the system's error number.
int set_congestion_control(const Fd& fd, const std::string& name) noexcept;

}  // namespace edgews
