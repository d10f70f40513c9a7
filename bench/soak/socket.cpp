#include "socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace soak {
namespace {

constexpr int socket_flags = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

}  // namespace

Socket::Socket(std::uint16_t port, int receive_size) : fd_(::socket(AF_INET, socket_flags, 0)) {
    if (receive_size > 0) {
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_size, sizeof receive_size);
    }
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_over_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
               errno != EINPROGRESS;
}

Socket::Socket(const std::string& unix_path) : fd_(::socket(AF_UNIX, socket_flags, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy_n(unix_path.data() + 1, unix_path.size() - 1, address.sun_path + 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + unix_path.size());
    is_over_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0;
}

bool Socket::send(std::string_view bytes) {
    if (is_over_) return false;
    const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    // While it still connects, nothing is taken: that is no end.
    if (count < 0 && errno != EAGAIN && errno != ENOTCONN) is_over_ = true;
    return count == static_cast<ssize_t>(bytes.size());
}

std::string Socket::take() {
    std::string taken;
    std::array<char, 16 * 1024> space;
    while (!is_over_) {
        const ssize_t count = ::recv(fd_.get(), space.data(), space.size(), 0);
        if (count < 0 && errno == EAGAIN) break;
        is_over_ = count <= 0;
        if (count > 0) taken.append(space.data(), static_cast<std::size_t>(count));
    }
    return taken;
}

void Socket::shut_down() noexcept {
    ::shutdown(fd_.get(), SHUT_WR);
}

void Socket::reset() noexcept {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
    is_over_ = true;
}

edgews::Task<std::string> hear(World& world, Socket& socket, std::string_view wanted,
                               std::uint64_t limit_ms) {
    const std::uint64_t until = world.loop.now_ms() + limit_ms;
    std::string heard;
    for (;;) {
        heard += socket.take();
        if (heard.find(wanted) != std::string::npos) co_return heard;
        if (socket.is_over() || world.loop.now_ms() >= until) co_return std::string();
        co_await world.pause(3, 10);
    }
}

edgews::Task<bool> hear_end(World& world, Socket& socket, std::uint64_t limit_ms) {
    const std::uint64_t until = world.loop.now_ms() + limit_ms;
    while (!socket.is_over() && world.loop.now_ms() < until) {
        static_cast<void>(socket.take());
        co_await world.pause(10, 40);
    }
    co_return socket.is_over();
}

edgews::Task<bool> drip(World& world, Socket& socket, std::string_view bytes, std::uint64_t piece,
                        std::uint64_t pause_ms) {
    for (std::string_view rest = bytes; !rest.empty();) {
        const std::string_view now = rest.substr(0, world.dice.between(1, piece));
        if (socket.send(now)) rest.remove_prefix(now.size());
        if (socket.is_over()) co_return false;
        co_await world.pause(1, pause_ms);
    }
    co_return true;
}

edgews::Task<> desert(World& world, Socket& socket) {
    switch (world.dice.below(4)) {
        case 0: socket.reset(); co_return;
        case 1: socket.shut_down(); break;
        default: break;
    }
    co_await world.pause(1, 1'500);
}

std::string upgrade_request(std::string_view path, std::string_view headers) {
    return "GET " + std::string(path) +
           " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
           std::string(headers) + "\r\n";
}

std::string frame_header(std::uint8_t first, std::size_t size) {
    std::string header(1, static_cast<char>(first));
    const auto byte = [size](unsigned shift) { return static_cast<char>(size >> shift & 0xFF); };
    if (size < 126) {
        header += static_cast<char>(0x80U | size);
    } else if (size < 65'536) {
        header += {static_cast<char>(0xFE), byte(8), byte(0)};
    } else {
        header += static_cast<char>(0xFF);
        for (unsigned shift = 64; shift > 0; shift -= 8) header += byte(shift - 8);
    }
    return header.append(4, '\0');  // The key.
}

std::string frame(std::uint8_t first, std::string_view payload) {
    return frame_header(first, payload.size()) + std::string(payload);
}

}  // namespace soak
