// Sockets that block: their calls wait, in a world as in the system.
#include "both_kernels.hpp"

#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

namespace edgews::sim::test {
namespace {

constexpr std::uint64_t second = 1'000'000'000;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int connected_to(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(port);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

int listener() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(0);
    EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd, 4), 0);
    return fd;
}

std::uint16_t port_of(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
}

void set_patience(int fd, int name, long milliseconds) {
    const timeval span{.tv_sec = milliseconds / 1'000, .tv_usec = milliseconds % 1'000 * 1'000};
    EXPECT_EQ(::setsockopt(fd, SOL_SOCKET, name, &span, sizeof span), 0);
}

// ---- In histories ----------------------------------------------------------

// As one that was written without a thought of O_NONBLOCK: reads until the end.
std::string received_all(int fd) {
    std::string all;
    std::array<char, 4'096> bytes{};
    for (;;) {
        const ssize_t size = ::read(fd, bytes.data(), bytes.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return all;
        all.append(bytes.data(), static_cast<std::size_t>(size));
    }
}

void send_all(int fd, const std::string& bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t size = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (size < 0 && errno == EINTR) continue;
        ASSERT_GT(size, 0);
        done += static_cast<std::size_t>(size);
    }
}

int accepted_from(int fd) {
    for (;;) {
        const int accepted = ::accept(fd, nullptr, nullptr);
        if (accepted >= 0 || errno != EINTR) return accepted;
    }
}

TEST(BlockingSockets, carry_all_on_any_network) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(seed);
        World world({.seed = seed});
        world.faults() = Faults::drawn(world.choices());
        world.faults().accept_error = world.faults().refused = world.faults().urgent = 0;
        world.faults().segment_size_max = 1'460;
        world.faults().descriptors_max = 100;
        const int listening = listener();
        std::string request(70'000, 'q');
        std::thread server([&] {
            const int fd = accepted_from(listening);
            ASSERT_GE(fd, 0);
            EXPECT_EQ(received_all(fd), request);
            send_all(fd, std::string(90'000, 'a'));
            ::close(fd);
        });
        const int fd = connected_to(port_of(listening));
        ASSERT_GE(fd, 0);
        send_all(fd, request);
        EXPECT_EQ(::shutdown(fd, SHUT_WR), 0);
        EXPECT_EQ(received_all(fd), std::string(90'000, 'a'));
        server.join();
        ::close(fd);
        ::close(listening);
        EXPECT_EQ(world.descriptor_count(), 0U);
    }
}

TEST(BlockingSockets, wait_for_a_server_of_the_engine) {
    World world({.seed = 1});
    Server server({.loops = 1});
    server.get("/", [](const Request&, Response& response) { response.body = "hello"; });
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    const int fd = connected_to(server.port());
    ASSERT_GE(fd, 0);
    send_all(fd, "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(received_all(fd).ends_with("hello"));
    ::close(fd);
    server.shutdown(0);
}

// ---- As long as they may ---------------------------------------------------

TEST(BlockingSockets, wait_no_longer_than_they_were_told) {
    World world({.seed = 1});
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    set_patience(ends[0], SO_RCVTIMEO, 5'000);
    char byte = ' ';
    EXPECT_EQ(::recv(ends[0], &byte, 1, 0), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ((world.now_ns() - Kernel::begin_ns) / second, 5U);
    set_patience(ends[0], SO_SNDTIMEO, 7'000);
    const std::string much(5'000'000, 'x');
    EXPECT_GT(::send(ends[0], much.data(), much.size(), 0), 0);
    EXPECT_EQ(::send(ends[0], much.data(), much.size(), 0), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ((world.now_ns() - Kernel::begin_ns) / second, 19U);
    for (const int fd : ends) ::close(fd);
    const int listening = listener();
    set_patience(listening, SO_RCVTIMEO, 2'000);
    EXPECT_EQ(::accept(listening, nullptr, nullptr), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ((world.now_ns() - Kernel::begin_ns) / second, 21U);
    ::close(listening);
}

TEST(BlockingSockets, who_connects_to_nobody_is_told) {
    World world({.seed = 1});
    EXPECT_EQ(connected_to(9), -1);
    EXPECT_EQ(errno, ECONNREFUSED);
}

TEST(BlockingFiles, counters_and_timers_wait) {
    World world({.seed = 1});
    const int counter = ::eventfd(0, 0);
    std::thread teller([&] {
        ::sleep(10);
        EXPECT_EQ(::eventfd_write(counter, 7), 0);
        EXPECT_EQ(::eventfd_write(counter, UINT64_MAX - 1), 0);  // When the other has read.
    });
    ::usleep(1);
    eventfd_t count = 0;
    EXPECT_EQ(::eventfd_read(counter, &count), 0);
    EXPECT_EQ(count, 7U);
    teller.join();
    const int timer = ::timerfd_create(CLOCK_MONOTONIC, 0);
    itimerspec time{};
    time.it_value.tv_sec = 20;
    EXPECT_EQ(::timerfd_settime(timer, 0, &time, nullptr), 0);
    EXPECT_EQ(::read(timer, &count, sizeof count), 8);
    EXPECT_EQ((world.now_ns() - Kernel::begin_ns) / second, 30U);
    ::close(counter);
    ::close(timer);
}

// ---- As the system does ----------------------------------------------------

std::string text_of(const std::array<char, 8>& bytes, ssize_t size) {
    return size < 0 ? outcome(size) : std::string(bytes.data(), static_cast<std::size_t>(size));
}

std::string play_flags() {
    std::array<int, 2> ends{};
    Told told;
    told << outcome(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()));
    std::array<char, 8> bytes{};
    const auto receive = [&](std::size_t size, int flags) {
        return text_of(bytes, ::recv(ends[0], bytes.data(), size, flags));
    };
    told << receive(8, MSG_DONTWAIT) << outcome(::send(ends[1], "abc", 3, 0)) << receive(8, 0);
    told << outcome(::send(ends[1], "abcde", 5, 0)) << receive(3, MSG_PEEK | MSG_WAITALL);
    std::thread([&] { (void)::send(ends[1], "fgh", 3, 0); }).join();
    told << receive(8, MSG_WAITALL);
    told << outcome(::send(ends[1], "ij", 2, 0)) << outcome(::shutdown(ends[1], SHUT_WR));
    told << receive(8, MSG_WAITALL) << receive(8, MSG_WAITALL) << receive(8, 0);
    set_patience(ends[1], SO_RCVTIMEO, 1);
    told << text_of(bytes, ::recv(ends[1], bytes.data(), 8, 0));
    told << text_of(bytes, ::read(ends[1], bytes.data(), 8));
    const timeval wrong{.tv_sec = 0, .tv_usec = 1'000'000};
    told << outcome(::setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &wrong, sizeof wrong));
    for (const int fd : ends) told << outcome(::close(fd));
    return told.text();
}

std::string play_messages() {
    std::array<int, 2> ends{};
    Told told;
    told << outcome(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()));
    std::string first = "first";
    std::string last = "last";
    std::array<iovec, 2> out{{{.iov_base = first.data(), .iov_len = first.size()},
                              {.iov_base = last.data(), .iov_len = last.size()}}};
    std::array<mmsghdr, 2> sent{};
    for (std::size_t i = 0; i < 2; ++i) {
        sent[i].msg_hdr.msg_iov = &out[i];
        sent[i].msg_hdr.msg_iovlen = 1;
    }
    told << outcome(::sendmmsg(ends[0], sent.data(), 2, 0)) << std::to_string(sent[1].msg_len);
    std::array<char, 8> bytes{};
    std::array<iovec, 3> in{};
    std::array<mmsghdr, 3> received{};
    for (std::size_t i = 0; i < 3; ++i) {
        in[i] = {.iov_base = bytes.data() + 3 * i, .iov_len = i < 2 ? 3U : 2U};
        received[i].msg_hdr.msg_iov = &in[i];
        received[i].msg_hdr.msg_iovlen = 1;
    }
    told << outcome(::recvmmsg(ends[1], received.data(), 3, 0, nullptr)) << text_of(bytes, 8);
    told << outcome(::recvmmsg(ends[1], received.data(), 3, MSG_WAITFORONE, nullptr));
    told << outcome(::recvmmsg(ends[1], received.data(), 3, 0, nullptr));
    for (const int fd : ends) told << outcome(::close(fd));
    told << outcome(::sendmmsg(ends[0], sent.data(), 2, 0));
    return told.text();
}

TEST(BlockingCalls, come_to_the_same_in_both_kernels) {
    expect_same({"a call waits if its file and its flags say so", play_flags});
    expect_same({"several messages are as many calls", play_messages});
}

}  // namespace
}  // namespace edgews::sim::test
