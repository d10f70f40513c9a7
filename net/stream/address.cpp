#include <edgews/address.hpp>

#include "core/address/ip_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace edgews {

Address::Address(const sockaddr& address) noexcept {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        family_ = Family::ipv4;
        port_ = ntohs(v4.sin_port);
        std::memcpy(bytes_.data(), &v4.sin_addr, 4);
    } else if (address.sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        port_ = ntohs(v6.sin6_port);
        const auto* bytes = v6.sin6_addr.s6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            family_ = Family::ipv4;
            std::copy_n(bytes + 12, 4, bytes_.begin());
        } else {
            family_ = Family::ipv6;
            std::copy_n(bytes, 16, bytes_.begin());
        }
    } else if (address.sa_family == AF_UNIX) {
        family_ = Family::unix_socket;
    }
}

Address::Address(const IpAddress& address) noexcept : bytes_(address.bytes), port_(address.port) {
    switch (address.family) {
        case IpAddress::Family::none: break;
        case IpAddress::Family::ipv4: family_ = Family::ipv4; break;
        case IpAddress::Family::ipv6: family_ = Family::ipv6; break;
    }
}

Address Address::network(unsigned ipv6_prefix_length) const noexcept {
    Address network = *this;
    network.port_ = 0;
    if (family_ != Family::ipv6) return network;
    for (unsigned i = 0; i < network.bytes_.size(); ++i) {
        const unsigned kept =
            std::min(8U, ipv6_prefix_length - std::min(ipv6_prefix_length, 8 * i));
        network.bytes_[i] &= static_cast<std::uint8_t>(0xFF00U >> kept);
    }
    return network;
}

IpAddress Address::ip_address() const noexcept {
    switch (family_) {
        case Family::none:
        case Family::unix_socket: break;
        case Family::ipv4:
            return {.bytes = bytes_, .port = port_, .family = IpAddress::Family::ipv4};
        case Family::ipv6:
            return {.bytes = bytes_, .port = port_, .family = IpAddress::Family::ipv6};
    }
    return {};
}

bool Address::is_loopback() const noexcept {
    if (family_ == Family::ipv4) return bytes_[0] == 127;
    return family_ == Family::ipv6 &&
           std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto byte) { return byte == 0; }) &&
           bytes_.back() == 1;
}

std::string Address::ip() const {
    if (family_ == Family::none) return "unknown";
    if (family_ == Family::unix_socket) return "unix";
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(family_ == Family::ipv4 ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
    return text;
}

std::string Address::to_string() const {
    if (family_ == Family::ipv4) return ip() + ':' + std::to_string(port_);
    if (family_ == Family::ipv6) return '[' + ip() + "]:" + std::to_string(port_);
    return ip();
}

}  // namespace edgews
