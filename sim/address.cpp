#include "sim/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace edgews::sim {

namespace {

const sockaddr_in& as_4(const Address& address) noexcept {
    return reinterpret_cast<const sockaddr_in&>(address.storage);
}

const sockaddr_in6& as_6(const Address& address) noexcept {
    return reinterpret_cast<const sockaddr_in6&>(address.storage);
}

std::string unix_name(const Address& address) {
    const auto& path = reinterpret_cast<const sockaddr_un&>(address.storage);
    const std::size_t size = address.size - offsetof(sockaddr_un, sun_path);
    const std::string_view all(path.sun_path, size);
    if (all.starts_with('\0')) return "unix:" + std::string(all);
    return "unix:" + std::string(all.substr(0, all.find('\0')));
}

}  // namespace

Address Address::of(const sockaddr* address, socklen_t size) noexcept {
    Address result;
    result.size = std::min<socklen_t>(size, sizeof result.storage);
    std::memcpy(&result.storage, address, result.size);
    return result;
}

Address Address::none(int family) noexcept {
    if (family != AF_UNIX) return ip(family == AF_INET ? "0.0.0.0" : "::", 0);
    Address result;
    result.storage.ss_family = AF_UNIX;
    result.size = sizeof(sa_family_t);
    return result;
}

Address Address::ip(const std::string& text, std::uint16_t port) noexcept {
    sockaddr_in four{};
    if (::inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        four.sin_port = htons(port);
        return of(reinterpret_cast<const sockaddr*>(&four), sizeof four);
    }
    sockaddr_in6 six{};
    ::inet_pton(AF_INET6, text.c_str(), &six.sin6_addr);
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    return of(reinterpret_cast<const sockaddr*>(&six), sizeof six);
}

Address Address::unix_socket(const std::string& name) noexcept {
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    name.copy(place.sun_path, sizeof place.sun_path - 1);
    const bool is_abstract = name.starts_with('@');
    if (is_abstract) place.sun_path[0] = '\0';
    const std::size_t size =
        offsetof(sockaddr_un, sun_path) + name.size() + (is_abstract ? 0U : 1U);
    return of(reinterpret_cast<const sockaddr*>(&place), static_cast<socklen_t>(size));
}

std::uint16_t Address::port() const noexcept {
    if (family() == AF_INET) return ntohs(as_4(*this).sin_port);
    return family() == AF_INET6 ? ntohs(as_6(*this).sin6_port) : std::uint16_t{0};
}

void Address::set_port(std::uint16_t port) noexcept {
    if (family() == AF_INET) reinterpret_cast<sockaddr_in&>(storage).sin_port = htons(port);
    if (family() == AF_INET6) reinterpret_cast<sockaddr_in6&>(storage).sin6_port = htons(port);
}

bool Address::is_ipv4() const noexcept {
    if (family() != AF_INET6) return family() == AF_INET;
    return IN6_IS_ADDR_V4MAPPED(&as_6(*this).sin6_addr);
}

bool Address::is_any() const noexcept {
    if (family() == AF_INET) return as_4(*this).sin_addr.s_addr == htonl(INADDR_ANY);
    return family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&as_6(*this).sin6_addr);
}

Address Address::mapped() const noexcept {
    if (family() != AF_INET) return *this;
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = as_4(*this).sin_port;
    six.sin6_addr.s6_addr[10] = six.sin6_addr.s6_addr[11] = 0xFF;
    std::memcpy(&six.sin6_addr.s6_addr[12], &as_4(*this).sin_addr, 4);
    return of(reinterpret_cast<const sockaddr*>(&six), sizeof six);
}

// Sockets of IPv6 take IPv4, too (no IPV6_V6ONLY).
bool Address::overlaps(const Address& other) const {
    const auto covers = [](const Address& any, const Address& one) {
        return any.is_any() && (any.family() == AF_INET6 || one.is_ipv4());
    };
    return host() == other.host() || covers(*this, other) || covers(other, *this);
}

std::string Address::host() const {
    if (is_unix()) return unix_name(*this);
    char text[INET6_ADDRSTRLEN] = "";
    if (family() == AF_INET) {
        ::inet_ntop(AF_INET, &as_4(*this).sin_addr, text, sizeof text);
    } else if (IN6_IS_ADDR_V4MAPPED(&as_6(*this).sin6_addr)) {
        ::inet_ntop(AF_INET, &as_6(*this).sin6_addr.s6_addr[12], text, sizeof text);
    } else {
        ::inet_ntop(AF_INET6, &as_6(*this).sin6_addr, text, sizeof text);
    }
    return text;
}

std::string Address::name() const {
    return is_unix() ? host() : host() + " " + std::to_string(port());
}

void Address::copy_to(sockaddr* address, socklen_t* size_inout) const noexcept {
    if (address == nullptr) return;
    std::memcpy(address, &storage, std::min(*size_inout, size));
    *size_inout = size;
}

}  // namespace edgews::sim
