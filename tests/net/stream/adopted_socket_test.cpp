// Sockets that somebody else made and handed over: what is set on them, and what is told of them.
#include "net/server/listen_socket.hpp"
#include "net/stream/socket.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace edgews {
namespace {

// Listens on a free port of loopback; to be given away.
int listening() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd, 5), 0);
    return fd;
}

int option(const Fd& fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(fd.get(), level, name, &value, &size), 0);
    return value;
}

std::string congestion_control(const Fd& fd) {
    std::array<char, 16> name{};
    socklen_t size = name.size();
    EXPECT_EQ(::getsockopt(fd.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(), &size), 0);
    return name.data();
}

TEST(AdoptedSocket, it_gets_the_options_of_others) {
    const ListenSockets sockets = open_listen_sockets({.adopted_fd = listening(),
                                                       .congestion_control = "reno",
                                                       .tcp_keep_alive_ms = 9'500,
                                                       .tcp_user_timeout_ms = 300'000},
                                                      2);
    ASSERT_FALSE(sockets.error) << sockets.error.message;
    EXPECT_TRUE(sockets.is_loopback);
    const Fd& fd = sockets.fds.at(0);
    EXPECT_EQ(congestion_control(fd), "reno");
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 10);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 300'000);
}

// Four questions in the time that they may take, none before a second has passed.
TEST(AdoptedSocket, times_are_rounded_up_to_seconds) {
    struct Row {
        std::uint32_t keep_alive_ms;
        int idle_s;
        int interval_s;
    };
    for (const auto& [ms, idle_s, interval_s] :
         {Row{1, 1, 1}, Row{1'000, 1, 1}, Row{1'001, 2, 1}, Row{8'000, 8, 2}, Row{20'000, 20, 5}}) {
        SCOPED_TRACE(ms);
        const ListenSockets sockets = open_listen_sockets(
            {.adopted_fd = listening(), .tcp_keep_alive_ms = ms, .tcp_user_timeout_ms = 1}, 1);
        ASSERT_FALSE(sockets.error) << sockets.error.message;
        const Fd& fd = sockets.fds.at(0);
        EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), idle_s);
        EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), interval_s);
        EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
        EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 1);
    }
}

TEST(AdoptedSocket, without_a_wish_its_congestion_control_stays) {
    const Fd other(listening());
    const std::string before = congestion_control(other);
    const ListenSockets sockets = open_listen_sockets({.adopted_fd = listening()}, 1);
    ASSERT_FALSE(sockets.error) << sockets.error.message;
    EXPECT_EQ(congestion_control(sockets.fds.at(0)), before);
}

TEST(AdoptedSocket, options_that_the_system_does_not_know_are_an_error_that_names_them) {
    struct Row {
        ListenOptions options;
        std::errc code;
        const char* named;
    };
    for (auto& [options, code, named] : {Row{{.congestion_control = "none such"},
                                             std::errc::no_such_file_or_directory,
                                             ", congestion control none such: "},
                                         Row{{.tcp_keep_alive_ms = 32'767'001},
                                             std::errc::invalid_argument,
                                             ", tcp_keep_alive_ms and tcp_user_timeout_ms: "}}) {
        ListenOptions adopting = options;
        adopting.adopted_fd = listening();
        const std::string number = std::to_string(adopting.adopted_fd);
        const ListenSockets sockets = open_listen_sockets(adopting, 1);
        EXPECT_EQ(sockets.error.code, code);
        EXPECT_TRUE(
            sockets.error.message.starts_with("listen on adopted descriptor " + number + named))
            << sockets.error.message;
    }
}

// It has none of TCP's options.
TEST(AdoptedSocket, it_may_be_a_unix_socket) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const SocketAddress address = unix_socket_address("@edgews-" + std::to_string(::getpid()));
    ASSERT_EQ(::bind(fd, address.get(), address.size), 0);
    ASSERT_EQ(::listen(fd, 5), 0);
    const ListenSockets sockets = open_listen_sockets({.adopted_fd = fd}, 2);
    EXPECT_FALSE(sockets.error) << sockets.error.message;
    EXPECT_EQ(sockets.name, "unix");
    EXPECT_EQ(sockets.port, 0);
    EXPECT_FALSE(sockets.is_loopback);
}

// A program that inetd started has its socket there.
TEST(AdoptedSocket, it_may_be_descriptor_0) {
    const Fd kept(::fcntl(0, F_DUPFD_CLOEXEC, 0));
    ASSERT_EQ(::dup2(Fd(listening()).get(), 0), 0);
    {
        const ListenSockets sockets = open_listen_sockets({.host = "ignored", .adopted_fd = 0}, 1);
        EXPECT_FALSE(sockets.error) << sockets.error.message;
        ASSERT_EQ(sockets.fds.size(), 1U);
        EXPECT_EQ(sockets.fds[0].get(), 0);
    }
    if (kept) {
        EXPECT_EQ(::dup2(kept.get(), 0), 0);
    }
}

}  // namespace
}  // namespace edgews
