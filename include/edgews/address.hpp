// Addresses: one that is compact enough to sit in every connection, and one as the system takes it.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace edgews {

struct IpAddress;

// An internet address and port.
class Address {
  public:
    enum class Family : std::uint8_t { none, ipv4, ipv6, unix_socket };

    Address() = default;
    // An address of IPv4 in IPv6 (::ffff:a.b.c.d) becomes one of IPv4, as the peer knows itself.
    explicit Address(const sockaddr& address) noexcept;
    // An address that a proxy named. Requires: it is without_mapping().
    explicit Address(const IpAddress& address) noexcept;

    [[nodiscard]] Family family() const noexcept { return family_; }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    // True: it is an address of this machine, 127.0.0.0/8 or ::1.
    [[nodiscard]] bool is_loopback() const noexcept;
    // "127.0.0.1", "::1", "unix".
    [[nodiscard]] std::string ip() const;
    // "127.0.0.1:9001", "[::1]:9001", "unix".
    [[nodiscard]] std::string to_string() const;
    // Four bytes of IPv4 (the rest is 0) or sixteen of IPv6, in network order.
    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
    // True: both are the same, but for their ports.
    [[nodiscard]] bool has_ip_of(const Address& other) const noexcept {
        return family_ == other.family_ && bytes_ == other.bytes_;
    }
    // The address without its port. An IPv6 address becomes its network of so many bits: whoever
    // has one address there has all of them.
    [[nodiscard]] Address network(unsigned ipv6_prefix_length) const noexcept;
    // Family `none` for a Unix socket.
    [[nodiscard]] IpAddress ip_address() const noexcept;
    friend bool operator==(const Address&, const Address&) noexcept = default;
    // Some order, for tables.
    friend bool operator<(const Address& a, const Address& b) noexcept {
        if (a.family_ != b.family_) return a.family_ < b.family_;
        return a.bytes_ != b.bytes_ ? a.bytes_ < b.bytes_ : a.port_ < b.port_;
    }

  private:
    std::array<std::uint8_t, 16> bytes_{};
    std::uint16_t port_ = 0;
    Family family_ = Family::none;
};

// An address as the system takes it, of any family, with the zone that an Address has no room for.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] int family() const noexcept { return storage.ss_family; }
    [[nodiscard]] const sockaddr* get() const noexcept {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

}  // namespace edgews
