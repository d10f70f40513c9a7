// libc's functions of sockets, and of names; see calls.hpp.
#include "sim/calls.hpp"
#include "sim/clocks.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

namespace edgews::sim {

void link_socket_calls() noexcept {}

namespace {

constexpr std::uint64_t again_ns = 20'000;

Result make_socket(Kernel& kernel, int family, int flags) {
    if (const int error = kernel.enter(Call::socket); error != 0) return failed(error);
    if (family == AF_UNIX) return kernel.add(std::make_shared<UnixSocket>(kernel), flags);
    return kernel.add(std::make_shared<TcpSocket>(kernel, family), flags);
}

// Both ends of a connection, without a name.
Result make_pair(Kernel& kernel, int flags, int* ends) {
    if (const int error = kernel.enter(Call::socket); error != 0) return failed(error);
    const std::array sockets{std::make_shared<UnixSocket>(kernel),
                             std::make_shared<UnixSocket>(kernel)};
    const Result first = kernel.add(sockets[0], flags);
    if (first.error != 0) return first;
    const Result second = kernel.add(sockets[1], flags);
    if (second.error != 0) {
        (void)kernel.close(static_cast<int>(first.value));
        return second;
    }
    sockets[0]->connect_to(sockets[1]);
    sockets[1]->connect_to(sockets[0]);
    for (const auto& socket : sockets) socket->remote() = Address::none(AF_UNIX);
    ends[0] = static_cast<int>(first.value);
    ends[1] = static_cast<int>(second.value);
    return {};
}

// As Linux does, it takes a descriptor first, and then a connection.
Result accept_from(Kernel& kernel, int fd, sockaddr* address, socklen_t* size, int flags) {
    const EnteredSocket entered = enter_socket(kernel, fd, Call::accept);
    if (entered.error != 0) return failed(entered.error);
    if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0) return failed(EINVAL);
    Socket& listener = *entered.socket;
    const std::uint64_t deadline_ns = after_span(kernel.now_ns(), listener.patience().receive_ns);
    return wait_until_done(kernel, listener.is_blocking(), deadline_ns, [&] {
        if (const int error = kernel.lack_of_descriptors(); error != 0) return failed(error);
        const Network::Accepted accepted = kernel.network().accept(listener);
        if (accepted.error != 0) return failed(accepted.error);
        kernel.wake_pollers();  // Who waits for a place in the queue looks again.
        accepted.socket->remote().copy_to(address, size);
        return kernel.add(accepted.socket, flags);
    });
}

// Until it is connected, or is not: what a second call says of that is what the first one comes to.
Result connect_to(Kernel& kernel, const std::shared_ptr<Socket>& socket, const Address& address) {
    const std::uint64_t deadline_ns = after_span(kernel.now_ns(), socket->patience().send_ns);
    const bool may_wait = socket->is_blocking();
    const Result begun = wait_until_done(kernel, may_wait, deadline_ns,
                                         [&] { return kernel.network().connect(socket, address); });
    if (begun.error != EINPROGRESS || !may_wait) return begun;
    while (socket->state() == Socket::State::connecting) {
        if (!kernel.wait_for_files(deadline_ns)) return begun;
    }
    return kernel.network().connect(socket, address);
}

// 0 is for ever.
Result set_patience(Socket& socket, int name, const void* value) {
    const auto& span = *static_cast<const timeval*>(value);
    if (span.tv_usec < 0 || span.tv_usec >= 1'000'000) return failed(EDOM);
    const std::uint64_t ns = nanoseconds({.tv_sec = span.tv_sec, .tv_nsec = span.tv_usec * 1'000});
    (name == SO_RCVTIMEO ? socket.patience().receive_ns : socket.patience().send_ns) =
        ns == 0 ? never_ns : ns;
    return {};
}

Result set_option(Socket& socket, int level, int name, const void* value) {
    if (level == IPPROTO_TCP && socket.family() == AF_UNIX) return failed(EOPNOTSUPP);
    if (level != SOL_SOCKET) return {};
    if (name == SO_RCVTIMEO || name == SO_SNDTIMEO) return set_patience(socket, name, value);
    if (name == SO_LINGER && socket.family() != AF_UNIX) {
        const auto* const setting = static_cast<const linger*>(value);
        socket.set_reset_at_close(setting->l_onoff != 0 && setting->l_linger == 0);
    } else if (name == SO_REUSEPORT) {
        socket.set_shares_port(*static_cast<const int*>(value) != 0);
    } else if (name == SO_REUSEADDR) {
        socket.set_reuses_address(*static_cast<const int*>(value) != 0);
    }
    return {};
}

int get_option(Socket& socket, int level, int name) {
    if (level != SOL_SOCKET) return 0;
    if (name == SO_ERROR) return socket.take_error();
    if (name == SO_ACCEPTCONN) return socket.state() == Socket::State::listening ? 1 : 0;
    return name == SO_TYPE ? SOCK_STREAM : 0;
}

bool is_numeric(const char* host) {
    in6_addr ignored{};
    return host == nullptr || ::inet_pton(AF_INET, host, &ignored) == 1 ||
           ::inet_pton(AF_INET6, host, &ignored) == 1;
}

// One list of what the system makes of each address: freeaddrinfo() frees them one by one.
int list_addresses(const Names::Answer& answer, const char* service, const addrinfo* hints,
                   addrinfo** found) {
    addrinfo** end = found;
    *found = nullptr;
    for (const std::string& address : answer.addresses) {
        const int error = real().getaddrinfo(address.c_str(), service, hints, end);
        if (error != 0) return error;
        while (*end != nullptr) end = &(*end)->ai_next;
    }
    return *found == nullptr ? EAI_NONAME : 0;
}

}  // namespace

EnteredSocket enter_socket(Kernel& kernel, int fd, Call call, int detail) {
    std::shared_ptr<Socket> socket = kernel.find_as<Socket>(fd);
    if (socket == nullptr) return {.error = kernel.find(fd) == nullptr ? EBADF : ENOTSOCK};
    const int error = kernel.enter(call, detail);
    if (error == EAGAIN) {  // There is nothing, or no room, and then there is.
        kernel.after(again_ns, [held = socket->shared_from_this()] { held->wake(0); });
    }
    return {.socket = std::move(socket), .error = error};
}

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

int socket(int family, int type, int protocol) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    const bool is_stream = (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM;
    if (kernel == nullptr || !is_stream) {
        return static_cast<int>(system_call(SYS_socket, family, type, protocol));
    }
    return returned_int(make_socket(*kernel, family, type));
}

int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_bind, fd, address, size));
    const EnteredSocket entered = enter_socket(*kernel, fd, Call::bind);
    if (entered.error != 0) return returned_int(failed(entered.error));
    return returned_int(kernel->network().bind(*entered.socket, Address::of(address, size)));
}

int listen(int fd, int backlog) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_listen, fd, backlog));
    const EnteredSocket entered = enter_socket(*kernel, fd, Call::listen);
    if (entered.error != 0) return returned_int(failed(entered.error));
    return returned_int(kernel->network().listen(entered.socket->shared_from_this(), backlog));
}

int connect(int fd, const sockaddr* address, socklen_t size) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_connect, fd, address, size));
    const EnteredSocket entered = enter_socket(*kernel, fd, Call::connect);
    if (entered.error != 0) return returned_int(failed(entered.error));
    return returned_int(
        connect_to(*kernel, entered.socket->shared_from_this(), Address::of(address, size)));
}

int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr)
        return static_cast<int>(system_call(SYS_accept4, fd, address, size, flags));
    return static_cast<int>(
        told(*kernel, "accept", fd, accept_from(*kernel, fd, address, size, flags)));
}

int accept(int fd, sockaddr* address, socklen_t* size) {
    return accept4(fd, address, size, 0);
}

int socketpair(int family, int type, int protocol, int* ends) noexcept {
    Kernel* const kernel = current_kernel();
    const bool is_stream = (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM;
    if (kernel == nullptr || !is_stream || family != AF_UNIX) {
        return static_cast<int>(system_call(SYS_socketpair, family, type, protocol, ends));
    }
    return returned_int(make_pair(*kernel, type, ends));
}

int getsockname(int fd, sockaddr* address, socklen_t* size) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_getsockname, fd, address, size));
    const EnteredSocket entered = enter_socket(*kernel, fd, Call::getsockname);
    if (entered.error != 0) return returned_int(failed(entered.error));
    const std::shared_ptr<Socket>& socket = entered.socket;
    socket->local().copy_to(address, size);
    return 0;
}

int getpeername(int fd, sockaddr* address, socklen_t* size) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_getpeername, fd, address, size));
    const EnteredSocket entered = enter_socket(*kernel, fd, Call::getpeername);
    if (entered.error != 0) return returned_int(failed(entered.error));
    const std::shared_ptr<Socket>& socket = entered.socket;
    if (socket->state() != Socket::State::connected) return returned_int(failed(ENOTCONN));
    socket->remote().copy_to(address, size);
    return 0;
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t size) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) {
        return static_cast<int>(system_call(SYS_setsockopt, fd, level, name, value, size));
    }
    const EnteredSocket entered =
        enter_socket(*kernel, fd, Call::setsockopt, option_detail(level, name));
    if (entered.error != 0) return returned_int(failed(entered.error));
    return returned_int(set_option(*entered.socket, level, name, value));
}

int getsockopt(int fd, int level, int name, void* value, socklen_t* size) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) {
        return static_cast<int>(system_call(SYS_getsockopt, fd, level, name, value, size));
    }
    const EnteredSocket entered =
        enter_socket(*kernel, fd, Call::getsockopt, option_detail(level, name));
    if (entered.error != 0) return returned_int(failed(entered.error));
    const int told = get_option(*entered.socket, level, name);
    std::memcpy(value, &told, std::min<std::size_t>(sizeof told, *size));
    *size = sizeof told;
    return 0;
}

int shutdown(int fd, int how) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_shutdown, fd, how));
    const EnteredSocket entered = enter_socket(*kernel, fd, Call::shutdown);
    if (entered.error != 0) return returned_int(failed(entered.error));
    return static_cast<int>(told(*kernel, "shutdown", fd, entered.socket->shutdown(how)));
}

int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
    Kernel* const kernel = current_kernel();
    const bool is_literal = hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;
    if (kernel == nullptr || is_literal || is_numeric(host)) {
        return real().getaddrinfo(host, service, hints, found);
    }
    const Busy busy;
    if (const int error = kernel->enter(Call::getaddrinfo); error != 0) {
        if (error < 0) return error;
        errno = error;
        return EAI_SYSTEM;
    }
    const std::uint64_t wait_ns = kernel->drawn_ns(kernel->faults().lookup_ns_max);
    kernel->threads().sleep_until(kernel->now_ns() + wait_ns);
    const Names::Answer* const answer = kernel->names().find(host);
    if (answer == nullptr) return EAI_NONAME;
    if (answer->error != 0) return answer->error;
    return list_addresses(*answer, service, hints, found);
}

}  // extern "C"
