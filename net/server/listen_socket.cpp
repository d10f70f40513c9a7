#include "net/server/listen_socket.hpp"

#include <edgews/address.hpp>
#include "net/stream/socket.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace edgews {

namespace {

// A socket, or the error of the first call that failed.
struct Opened {
    int error = 0;
    Fd fd{};
};

// Without SO_REUSEPORT, binding and listening fail where any other socket listens at the
// address; with it set afterwards, the other loops' sockets may join the first.
Opened listen_tcp(const SocketAddress& address, int backlog, bool joins) noexcept {
    Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return {.error = errno};
    const bool is_set =
        set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
        // Inherited by the connections, which saves each a call.
        set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
        (address.family() != AF_INET6 || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
        (!joins || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1));
    if (!is_set || ::bind(fd.get(), address.get(), address.size) != 0) return {.error = errno};
    // Two servers that start at once can both have bound by now: one of them fails here.
    if (::listen(fd.get(), backlog) != 0) return {.error = errno};
    if (!joins && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return {.error = errno};
    return {.fd = std::move(fd)};
}

SocketAddress any_address(int family, std::uint16_t port) noexcept {
    SocketAddress address;
    address.storage.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET6) {
        address.size = sizeof(sockaddr_in6);
        reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = htons(port);
    } else {
        address.size = sizeof(sockaddr_in);
        reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
    }
    return address;
}

Error make_error(int number, const std::string& where) {
    const std::error_code code(number, std::system_category());
    return {code, "listen on " + where + ": " + code.message()};
}

Error congestion_control_error(int number, std::string where, const std::string& name) {
    return make_error(number, where.append(", congestion control ").append(name));
}

PeerWatch watch_of(const ListenOptions& options) noexcept {
    return {.keep_alive_ms = options.tcp_keep_alive_ms,
            .user_timeout_ms = options.tcp_user_timeout_ms};
}

Error watch_error(int number, std::string where) {
    return make_error(number, where.append(", tcp_keep_alive_ms and tcp_user_timeout_ms"));
}

ListenSockets open_tcp(const SocketAddress& wanted, const ListenOptions& options,
                       std::size_t loop_count) {
    const Address asked(*wanted.get());
    const std::string where = asked.to_string();
    const bool is_default = options.congestion_control.empty() && asked.is_loopback();
    const std::string control =
        is_default ? loopback_congestion_control : options.congestion_control;
    ListenSockets sockets;
    SocketAddress address = wanted;
    for (std::size_t i = 0; i < loop_count; ++i) {
        Opened opened = listen_tcp(address, options.backlog, i > 0);
        if (opened.error != 0) {
            sockets.error = make_error(opened.error, where);
            return sockets;
        }
        if (i == 0) address = local_address(opened.fd);  // Port 0 has become a port.
        if (address.size == 0) {
            sockets.error = make_error(errno, where);
            return sockets;
        }
        const int error = control.empty() ? 0 : set_congestion_control(opened.fd, control);
        if (error != 0 && !is_default) {
            sockets.error = congestion_control_error(error, where, control);
            return sockets;
        }
        // Inherited by the connections, as well.
        if (const int failure = watch_peer(opened.fd, watch_of(options)); failure != 0) {
            sockets.error = watch_error(failure, where);
            return sockets;
        }
        sockets.fds.push_back(std::move(opened.fd));
    }
    const Address found(*address.get());
    sockets.name = found.to_string();
    sockets.port = found.port();
    sockets.is_loopback = found.is_loopback();
    return sockets;
}

ListenSockets open_host(const ListenOptions& options, std::size_t loop_count) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(options.port);
    const int failure = ::getaddrinfo(options.host.c_str(), port.c_str(), &hints, &found);
    if (failure != 0) {
        ListenSockets sockets;
        sockets.error = {std::make_error_code(std::errc::address_not_available),
                         "listen on " + options.host + ":" + port + ": " + ::gai_strerror(failure)};
        return sockets;
    }
    SocketAddress address{.size = found->ai_addrlen};
    std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    ::freeaddrinfo(found);
    return open_tcp(address, options, loop_count);
}

// Whether a server answers on the socket file; one that nobody listens on is stale.
bool is_unix_path_alive(const SocketAddress& address) noexcept {
    const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    return ::connect(probe.get(), address.get(), address.size) == 0 || errno != ECONNREFUSED;
}

void remove_stale_file(const std::string& path, const SocketAddress& address) noexcept {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode) &&
        !is_unix_path_alive(address)) {
        ::unlink(path.c_str());
    }
}

// The mode is the file's before anyone can connect, which takes listen().
Opened listen_unix(const ListenOptions& options) noexcept {
    const std::string& path = options.unix_path;
    const bool is_file = !is_abstract(path);
    const SocketAddress address = unix_socket_address(path);
    if (address.size == 0) return {.error = ENAMETOOLONG};
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return {.error = errno};
    if (is_file) remove_stale_file(path, address);
    const mode_t mode = options.unix_mode;
    if (::bind(fd.get(), address.get(), address.size) != 0) return {.error = errno};
    if ((mode != 0 && ::chmod(path.c_str(), mode) != 0) ||
        ::listen(fd.get(), options.backlog) != 0) {
        const int error = errno;
        if (is_file) ::unlink(path.c_str());  // Ours.
        return {.error = error};
    }
    return {.fd = std::move(fd)};
}

ListenSockets open_unix(const ListenOptions& options) {
    ListenSockets sockets;
    sockets.name = unix_name(options.unix_path);
    const bool has_file = !is_abstract(options.unix_path);
    if (options.unix_mode > 0777 || (options.unix_mode != 0 && !has_file)) {
        sockets.error = make_error(EINVAL, sockets.name + ", ListenOptions::unix_mode");
        return sockets;
    }
    Opened opened = listen_unix(options);
    if (opened.error != 0) {
        sockets.error = make_error(opened.error, sockets.name);
        return sockets;
    }
    sockets.fds.push_back(std::move(opened.fd));
    if (has_file) sockets.unix_file = options.unix_path;
    return sockets;
}

ListenSockets adopt(const ListenOptions& options) {
    Fd adopted(options.adopted_fd);
    ListenSockets sockets;
    sockets.fds.push_back(std::move(adopted));
    const Fd& fd = sockets.fds.front();
    const std::string where = "adopted descriptor " + std::to_string(options.adopted_fd);
    int is_listening = 0;
    socklen_t size = sizeof is_listening;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) != 0) {
        sockets.error = make_error(errno, where);
        (void)std::exchange(sockets.fds, {});
        return sockets;
    }
    if (is_listening == 0) sockets.error = make_error(EINVAL, where + " (it does not listen)");
    // It would hold up its loop.
    const int flags = ::fcntl(fd.get(), F_GETFL);
    const bool is_set = flags != -1 && ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != -1 &&
                        ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != -1;
    if (!is_set) sockets.error = make_error(errno, where);
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);  // Fails, rightly, on a Unix socket.
    const std::string& control = options.congestion_control;
    const int error = control.empty() ? 0 : set_congestion_control(fd, control);
    if (error != 0) sockets.error = congestion_control_error(error, where, control);
    const SocketAddress bound = local_address(fd);
    if (bound.size == 0) sockets.error = make_error(errno, where);
    const Address address(*bound.get());
    if (address.family() != Address::Family::unix_socket) {
        const int failure = watch_peer(fd, watch_of(options));
        if (failure != 0) sockets.error = watch_error(failure, where);
    }
    sockets.name = address.to_string();
    sockets.port = address.port();
    sockets.is_loopback = address.is_loopback();
    return sockets;
}

}  // namespace

ListenSockets open_listen_sockets(const ListenOptions& options, std::size_t loop_count) {
    if (options.adopted_fd >= 0) return adopt(options);
    if (!options.unix_path.empty()) return open_unix(options);
    if (!options.host.empty()) return open_host(options, loop_count);
    ListenSockets sockets = open_tcp(any_address(AF_INET6, options.port), options, loop_count);
    // A system without IPv6.
    if (sockets.error.code == std::errc::address_family_not_supported) {
        return open_tcp(any_address(AF_INET, options.port), options, loop_count);
    }
    return sockets;
}

}  // namespace edgews
