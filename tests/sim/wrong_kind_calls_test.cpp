// Each call, of a descriptor of each kind: what makes no sense is refused as the system refuses it.
#include "both_kernels.hpp"

#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <functional>

namespace edgews::sim::test {
namespace {

struct Call {
    const char* name;
    ssize_t (*call)(int fd);
};

sockaddr_in nowhere() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    return address;
}

std::array<char, 8> space{};
const std::array<iovec, 2> pieces{
    {{.iov_base = space.data(), .iov_len = 4}, {.iov_base = space.data() + 4, .iov_len = 4}}};

msghdr message() {
    msghdr made{};
    made.msg_iov = const_cast<iovec*>(pieces.data());
    made.msg_iovlen = pieces.size();
    return made;
}

ssize_t control(int set, int fd, int operation) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = 1}};
    return ::epoll_ctl(set, operation, fd, &event);
}

// By a set that is there for that.
ssize_t watch(int fd) {
    const int set = ::epoll_create1(0);
    const ssize_t result = control(set, fd, EPOLL_CTL_ADD);
    const int error = errno;
    ::close(set);
    errno = error;
    return result;
}

ssize_t events_of(int fd) {
    pollfd one{.fd = fd, .events = POLLIN | POLLOUT, .revents = 0};
    return ::poll(&one, 1, 0) < 0 ? -1 : one.revents;
}

ssize_t take_signals(int fd) {
    sigset_t none;
    ::sigemptyset(&none);
    return ::signalfd(fd, &none, 0) < 0 ? -1 : 0;
}

template <class Function>
ssize_t name_by(Function function, int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    return function(fd, reinterpret_cast<sockaddr*>(&address), &size);
}

template <class Function>
ssize_t place_by(Function function, int fd) {
    const sockaddr_in address = nowhere();
    return function(fd, reinterpret_cast<const sockaddr*>(&address), socklen_t{sizeof address});
}

const std::array calls{
    Call{"read", [](int fd) { return ::read(fd, space.data(), 8); }},
    Call{"read of nothing", [](int fd) { return ::read(fd, space.data(), 0); }},
    Call{"write", [](int fd) { return ::write(fd, space.data(), 8); }},
    Call{"readv", [](int fd) { return ::readv(fd, pieces.data(), 2); }},
    Call{"writev", [](int fd) { return ::writev(fd, pieces.data(), 2); }},
    Call{"recv", [](int fd) { return ::recv(fd, space.data(), 8, 0); }},
    Call{"send", [](int fd) { return ::send(fd, space.data(), 8, MSG_NOSIGNAL); }},
    Call{"recvmsg",
         [](int fd) {
             msghdr one = message();
             return ::recvmsg(fd, &one, 0);
         }},
    Call{"sendmsg",
         [](int fd) {
             const msghdr one = message();
             return ::sendmsg(fd, &one, MSG_NOSIGNAL);
         }},
    Call{"accept4", [](int fd) -> ssize_t { return ::accept4(fd, nullptr, nullptr, 0); }},
    Call{"connect",
         [](int fd) {
             return place_by([](auto... all) -> ssize_t { return ::connect(all...); }, fd);
         }},
    Call{"getsockname",
         [](int fd) {
             return name_by([](auto... all) -> ssize_t { return ::getsockname(all...); }, fd);
         }},
    Call{"getpeername",
         [](int fd) {
             return name_by([](auto... all) -> ssize_t { return ::getpeername(all...); }, fd);
         }},
    Call{"getsockopt",
         [](int fd) -> ssize_t {
             int type = 0;
             socklen_t size = sizeof type;
             return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ? -1 : type;
         }},
    Call{"setsockopt",
         [](int fd) -> ssize_t {
             const int on = 1;
             return ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
         }},
    Call{"FIONREAD",
         [](int fd) -> ssize_t {
             int size = 0;
             return ::ioctl(fd, FIONREAD, &size) < 0 ? -1 : size;
         }},
    Call{"FIONBIO",
         [](int fd) -> ssize_t {
             const int on = 1;
             return ::ioctl(fd, FIONBIO, &on);
         }},
    Call{"F_GETFL",
         [](int fd) -> ssize_t {
             const int flags = ::fcntl(fd, F_GETFL);
             return flags < 0 ? -1 : flags & (O_ACCMODE | O_NONBLOCK);
         }},
    Call{"F_GETFD", [](int fd) -> ssize_t { return ::fcntl(fd, F_GETFD); }},
    Call{"timerfd_gettime",
         [](int fd) -> ssize_t {
             itimerspec time{};
             return ::timerfd_gettime(fd, &time);
         }},
    Call{"timerfd_settime",
         [](int fd) -> ssize_t {
             const itimerspec never{};
             return ::timerfd_settime(fd, 0, &never, nullptr);
         }},
    Call{"signalfd", take_signals},
    Call{"epoll_ctl of itself", [](int fd) { return control(fd, fd, EPOLL_CTL_ADD); }},
    Call{"epoll_ctl of nothing", [](int fd) { return control(fd, -1, EPOLL_CTL_ADD); }},
    Call{"epoll_ctl by a set", watch},
    Call{"epoll_wait",
         [](int fd) -> ssize_t {
             epoll_event event{};
             return ::epoll_wait(fd, &event, 1, 0);
         }},
    Call{"poll", events_of},
    Call{"listen", [](int fd) -> ssize_t { return ::listen(fd, 1); }},
    Call{"shutdown", [](int fd) -> ssize_t { return ::shutdown(fd, SHUT_RDWR); }},
    Call{"read at last", [](int fd) { return ::read(fd, space.data(), 8); }},
    Call{"close", [](int fd) -> ssize_t { return ::close(fd); }},
    Call{"close again", [](int fd) -> ssize_t { return ::close(fd); }},
};

// A pipe's end, whose other end is closed at the end of all.
int pipe_end(std::size_t which) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_NONBLOCK), 0);
    ::close(ends[1 - which]);
    return ends[which];
}

int closed_one() {
    const int fd = ::eventfd(0, 0);
    ::close(fd);
    return fd;
}

int signals() {
    sigset_t none;
    ::sigemptyset(&none);
    return ::signalfd(-1, &none, SFD_NONBLOCK);
}

struct Kind {
    const char* name;
    int (*open)();
};

constexpr std::array kinds{
    Kind{"none", closed_one},
    Kind{"a counter", [] { return ::eventfd(3, EFD_NONBLOCK); }},
    Kind{"a timer", [] { return ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK); }},
    Kind{"signals", signals},
    Kind{"a set", [] { return ::epoll_create1(0); }},
    Kind{"a pipe's reader", [] { return pipe_end(0); }},
    Kind{"a pipe's writer", [] { return pipe_end(1); }},
    Kind{"a socket of TCP", [] { return ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); }},
    Kind{"a Unix socket", [] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0); }},
    Kind{"/dev/null", [] { return ::open("/dev/null", O_RDWR | O_NONBLOCK); }},
};

std::string play_all() {
    std::string text;
    for (const Kind& kind : kinds) {
        const int fd = kind.open();
        for (const Call& one : calls) {
            const ssize_t result = one.call(fd);
            text += std::string(kind.name) + ", " + one.name + ": " + outcome(result) + '\n';
        }
    }
    return text;
}

TEST(WrongKindCalls, come_to_the_same_in_both_kernels) {
    ::signal(SIGPIPE, SIG_IGN);
    expect_same({"each call of each kind", play_all});
}

}  // namespace
}  // namespace edgews::sim::test
