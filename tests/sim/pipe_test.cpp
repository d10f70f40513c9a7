// Pipes: in both kernels the same comes of them.
#include "both_kernels.hpp"

#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <thread>

namespace edgews::sim::test {
namespace {

std::string received(int fd, std::size_t size) {
    std::string bytes(size, ' ');
    const ssize_t count = ::read(fd, bytes.data(), size);
    if (count < 0) return outcome(count);
    return '"' + bytes.substr(0, static_cast<std::size_t>(count)) + '"';
}

std::string sent(int fd, const std::string& bytes) {
    return outcome(::write(fd, bytes.data(), bytes.size()));
}

std::string ready(int fd) {
    pollfd one{.fd = fd, .events = POLLIN | POLLOUT, .revents = 0};
    return outcome(::poll(&one, 1, 0)) + ':' + std::to_string(one.revents);
}

// Both ends, watched for all edges.
struct Watched {
    std::array<int, 2> ends{};
    int set = -1;

    Watched() {
        std::signal(SIGPIPE, SIG_IGN);
        EXPECT_EQ(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC), 0);
        set = ::epoll_create1(0);
        for (const int fd : ends) {
            epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                              .data = {.fd = fd == ends[0] ? 0 : 1}};
            EXPECT_EQ(::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
        }
    }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() {
        ::close(set);
        for (const int fd : ends) ::close(fd);
    }

    [[nodiscard]] std::string events() const {
        std::array<epoll_event, 4> told{};
        const int count = ::epoll_wait(set, told.data(), 4, 0);
        std::array<std::string, 2> by_end{};
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
            by_end[static_cast<std::size_t>(told[i].data.fd)] = std::to_string(told[i].events);
        }
        return '(' + by_end[0] + '|' + by_end[1] + ')';
    }
};

std::string play_edges() {
    Watched pipe;
    const auto [reader, writer] = pipe.ends;
    Told told;
    told << pipe.events() << received(reader, 4) << sent(writer, "abc") << pipe.events();
    told << sent(writer, "de") << pipe.events() << received(reader, 2) << pipe.events();
    told << received(reader, 8) << received(reader, 8) << pipe.events() << sent(writer, "");
    told << ready(reader) << ready(writer) << sent(reader, "x") << received(writer, 1);
    told << sent(writer, "last") << outcome(::close(writer)) << pipe.events() << ready(reader);
    told << received(reader, 8) << received(reader, 8) << ready(reader) << pipe.events();
    return told.text();
}

std::string play_gone_reader() {
    Watched pipe;
    const auto [reader, writer] = pipe.ends;
    Told told;
    told << sent(writer, "abc") << pipe.events() << outcome(::close(reader)) << pipe.events();
    told << ready(writer) << sent(writer, "x") << sent(writer, "");
    return told.text();
}

// In whole pages, as they are kept.
std::string play_full() {
    Watched pipe;
    const auto [reader, writer] = pipe.ends;
    Told told;
    told << pipe.events() << sent(writer, std::string(70'000, 'x')) << sent(writer, "y");
    told << ready(writer) << pipe.events();
    told << outcome(static_cast<ssize_t>(received(reader, 4'096).size())) << ready(writer);
    told << pipe.events() << sent(writer, std::string(4'096, 'z')) << sent(writer, "y");
    for (int i = 0; i < 16; ++i) (void)received(reader, 4'096);
    told << pipe.events() << received(reader, 1);
    return told.text();
}

std::string play_flags() {
    Told told;
    std::array<int, 2> ends{};
    told << outcome(::pipe2(ends.data(), O_APPEND)) << outcome(::pipe(ends.data()));
    for (const int fd : ends)
        told << outcome(::fcntl(fd, F_GETFL)) << outcome(::fcntl(fd, F_GETFD));
    told << sent(ends[1], "abc") << received(ends[0], 8);
    told << outcome(::recv(ends[0], nullptr, 0, 0)) << outcome(::listen(ends[1], 1));
    std::string first = "de";
    std::string last = "f";
    const std::array<iovec, 2> pieces{
        {{.iov_base = first.data(), .iov_len = 2}, {.iov_base = last.data(), .iov_len = 1}}};
    told << outcome(::writev(ends[1], pieces.data(), 2)) << received(ends[0], 8);
    for (const int fd : ends) told << outcome(::close(fd));
    return told.text();
}

TEST(Pipes, come_to_the_same_in_both_kernels) {
    expect_same({"each write is an edge", play_edges});
    expect_same({"nobody reads", play_gone_reader});
    expect_same({"one that is full", play_full});
    expect_same({"what they are", play_flags});
}

TEST(Pipes, are_waited_for) {
    World world({.seed = 1});
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    std::thread writer([&] {
        ::sleep(5);
        EXPECT_EQ(sent(ends[1], "hello"), "5");
        ::sleep(5);
        ::close(ends[1]);
    });
    EXPECT_EQ(received(ends[0], 8), "\"hello\"");
    EXPECT_EQ(received(ends[0], 8), "\"\"");
    EXPECT_EQ((world.now_ns() - Kernel::begin_ns) / 1'000'000'000, 10U);
    writer.join();
    ::close(ends[0]);
}

TEST(Pipes, take_all_of_what_waits) {
    World world({.seed = 1});
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    std::size_t size = 0;
    std::thread reader([&] {
        std::array<char, 1'000> bytes{};
        ssize_t count = 0;
        while ((count = ::read(ends[0], bytes.data(), bytes.size())) > 0) {
            size += static_cast<std::size_t>(count);
        }
    });
    EXPECT_EQ(sent(ends[1], std::string(200'000, 'x')), "200000");
    ::close(ends[1]);
    reader.join();
    EXPECT_EQ(size, 200'000U);
    ::close(ends[0]);
}

}  // namespace
}  // namespace edgews::sim::test
