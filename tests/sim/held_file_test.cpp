// A descriptor that one thread closes while a call of another is on its way: the call has its file
// until it returns, as Linux's calls do.
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>

namespace edgews::sim::test {
namespace {

constexpr std::array calm{std::byte{0}};

struct Pair {
    int near = -1;
    int far = -1;
};

Pair make_pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    return {.near = ends[0], .far = ends[1]};
}

void count_up(int counter) {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(counter, &one, sizeof one), 8);
}

TEST(HeldFile, a_set_that_is_closed_tells_who_waits_for_it) {
    World world({.recorded = calm});
    const int set = ::epoll_create1(0);
    const int counter = ::eventfd(0, EFD_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = 7}};
    ASSERT_EQ(::epoll_ctl(set, EPOLL_CTL_ADD, counter, &event), 0);
    epoll_event told{};
    int count = -1;
    std::thread waiter([&] { count = ::epoll_wait(set, &told, 1, 1'000); });
    world.run_for(10);
    EXPECT_EQ(::close(set), 0);
    EXPECT_EQ(world.descriptor_count(), 1U);
    count_up(counter);
    waiter.join();
    EXPECT_EQ(count, 1);
    EXPECT_EQ(told.data.u64, 7U);
    EXPECT_EQ(::close(counter), 0);
}

TEST(HeldFile, a_socket_that_is_closed_ends_when_nobody_polls_it_any_more) {
    World world({.recorded = calm});
    const Pair pair = make_pair();
    int count = -1;
    std::thread waiter([&] {
        pollfd one{.fd = pair.near, .events = POLLIN, .revents = 0};
        count = ::poll(&one, 1, 1'000);
    });
    world.run_for(10);
    EXPECT_EQ(::close(pair.near), 0);
    char byte = ' ';
    EXPECT_EQ(::recv(pair.far, &byte, 1, 0), -1);
    EXPECT_EQ(errno, EAGAIN);
    waiter.join();
    EXPECT_EQ(count, 1);
    EXPECT_EQ(::recv(pair.far, &byte, 1, 0), 0);
    EXPECT_EQ(::close(pair.far), 0);
}

// Each call is made in many histories, in some of which its descriptor is closed in its midst: what
// it comes to is what it comes to before that or behind it.
struct Race {
    const char* name;
    std::function<int()> open;
    std::function<long(int fd)> call;
    long result;
};

int open_socket() {
    const Pair pair = make_pair();
    EXPECT_EQ(::send(pair.far, "bytes", 5, 0), 5);
    return pair.near;
}

int open_timer() {
    return ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
}

int open_counter() {
    return ::eventfd(3, EFD_NONBLOCK);
}

long read_pieces(int fd) {
    std::array<char, 8> space{};
    std::array<iovec, 2> pieces{
        {{.iov_base = space.data(), .iov_len = 4}, {.iov_base = space.data() + 4, .iov_len = 4}}};
    return ::readv(fd, pieces.data(), 2);
}

std::array<Race, 12> races() {
    static std::array<char, 8> space{};
    static sockaddr_storage address{};
    static const itimerspec soon{.it_interval = {}, .it_value = {.tv_sec = 1, .tv_nsec = 0}};
    const auto* const bytes = space.data();
    return {{
        {"recv", open_socket, [](int fd) { return ::recv(fd, space.data(), 8, 0); }, 5},
        {"send", open_socket, [=](int fd) { return ::send(fd, bytes, 8, MSG_NOSIGNAL); }, 8},
        {"read", open_socket, [](int fd) { return ::read(fd, space.data(), 8); }, 5},
        {"write", open_socket, [=](int fd) { return ::write(fd, bytes, 8); }, 8},
        {"readv", open_socket, read_pieces, 5},
        {"read_counter", open_counter, [](int fd) { return ::read(fd, space.data(), 8); }, 8},
        {"write_counter", open_counter, [=](int fd) { return ::write(fd, bytes, 8); }, 8},
        {"shutdown", open_socket, [](int fd) { return ::shutdown(fd, SHUT_WR); }, 0},
        {"getsockname", open_socket,
         [](int fd) {
             socklen_t size = sizeof address;
             return ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
         },
         0},
        {"getsockopt", open_socket,
         [](int fd) {
             int error = 0;
             socklen_t size = sizeof error;
             return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
         },
         0},
        {"timerfd_settime", open_timer,
         [](int fd) { return ::timerfd_settime(fd, 0, &soon, nullptr); }, 0},
        {"ioctl", open_socket,
         [](int fd) {
             int size = 0;
             return ::ioctl(fd, FIONREAD, &size);
         },
         0},
    }};
}

TEST(HeldFile, no_call_meets_a_file_that_is_gone) {
    for (const Race& race : races()) {
        SCOPED_TRACE(race.name);
        int count = 0;  // Of those that were closed before the call returned.
        for (std::uint64_t seed = 1; seed <= 60; ++seed) {
            World world({.seed = seed});
            world.faults().thread_switch = 2;
            bool is_closed = false;
            const int fd = race.open();
            std::thread closer([&] {
                EXPECT_EQ(::close(fd), 0);
                is_closed = true;
            });
            const long result = race.call(fd);
            const int error = errno;
            count += is_closed ? 1 : 0;
            closer.join();
            EXPECT_TRUE(result == race.result || (result == -1 && error == EBADF));
        }
        EXPECT_GT(count, 0);
    }
}

}  // namespace
}  // namespace edgews::sim::test
