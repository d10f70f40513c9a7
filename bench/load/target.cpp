#include "target.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace load {
namespace {

constexpr std::uint32_t first_source = 0x7F000002;  // 127.0.0.2
constexpr unsigned source_count = 250;

void set_flag(int fd, int level, int option) noexcept {
    const int on = 1;
    ::setsockopt(fd, level, option, &on, sizeof on);
}

bool bind_to_source(int fd, unsigned number) noexcept {
    // The port is chosen by connect(), which knows that only pairs of ports need be unique.
    set_flag(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(first_source + number % source_count);
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) == 0;
}

}  // namespace

Target::Target(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (failure != 0) throw std::runtime_error("--host " + host + ": " + ::gai_strerror(failure));
    std::memcpy(&address_, found->ai_addr, found->ai_addrlen);
    address_size_ = found->ai_addrlen;
    ::freeaddrinfo(found);
}

bool Target::is_loopback() const noexcept {
    if (address_.ss_family != AF_INET) return false;
    const auto& address = reinterpret_cast<const sockaddr_in&>(address_);
    return ntohl(address.sin_addr.s_addr) >> 24U == 127;
}

edgews::Fd Target::connect(unsigned number) const noexcept {
    edgews::Fd fd(::socket(address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return {};
    set_flag(fd.get(), IPPROTO_TCP, TCP_NODELAY);
    // The simplest there is, in every kernel: BBR's timers cost us a quarter of long messages.
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
    if (is_loopback() && !bind_to_source(fd.get(), number)) return {};
    const auto* address = reinterpret_cast<const sockaddr*>(&address_);
    if (::connect(fd.get(), address, address_size_) != 0 && errno != EINPROGRESS) return {};
    return fd;
}

void close_at_once(edgews::Fd& fd) noexcept {
    if (!fd) return;
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd.reset();
}

}  // namespace load
