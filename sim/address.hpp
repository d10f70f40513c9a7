// The address of a socket: IPv4, IPv6 or Unix, as the system writes it.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace edgews::sim {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] static Address of(const sockaddr* address, socklen_t size) noexcept;
    // What a socket of that family has before it is bound.
    [[nodiscard]] static Address none(int family) noexcept;
    // "127.0.0.1" or "::1". Requires: that.
    [[nodiscard]] static Address ip(const std::string& text, std::uint16_t port) noexcept;
    // A Unix socket's: a path, or "@" and an abstract name. Requires: it is short enough.
    [[nodiscard]] static Address unix_socket(const std::string& name) noexcept;

    [[nodiscard]] int family() const noexcept { return storage.ss_family; }
    [[nodiscard]] bool is_unix() const noexcept { return family() == AF_UNIX; }
    // Also where IPv6 writes it.
    [[nodiscard]] bool is_ipv4() const noexcept;
    [[nodiscard]] std::uint16_t port() const noexcept;
    void set_port(std::uint16_t port) noexcept;
    // All addresses of this machine.
    [[nodiscard]] bool is_any() const noexcept;
    // An IPv4 address as a socket of IPv6 shows it.
    [[nodiscard]] Address mapped() const noexcept;
    // A packet may be for both, their ports aside.
    [[nodiscard]] bool overlaps(const Address& other) const;
    // The same text for the same place, mapped or not: without the port, or with it.
    [[nodiscard]] std::string host() const;
    [[nodiscard]] std::string name() const;
    // As the system fills in an address for its caller, as far as there is room.
    void copy_to(sockaddr* address, socklen_t* size_inout) const noexcept;
};

}  // namespace edgews::sim
