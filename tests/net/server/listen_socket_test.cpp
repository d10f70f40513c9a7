// Sockets to listen on: every kind of address, and none that another one has.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "net/server/listen_socket.hpp"
#include "net/stream/socket.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace edgews {
namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

int option(const Fd& fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(fd.get(), level, name, &value, &size), 0);
    return value;
}

// A client that connected; false if nobody listens there.
Fd connect_ipv4(std::uint16_t port) {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd.reset();
    return fd;
}
Fd connect_ipv6(std::uint16_t port) {
    Fd fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd.reset();
    return fd;
}
Fd connect_unix(const std::string& path) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const SocketAddress address = unix_socket_address(path);
    if (::connect(fd.get(), address.get(), address.size) != 0) fd.reset();
    return fd;
}

// How many connections wait on each socket. Takes them.
std::vector<int> accepted_counts(const ListenSockets& sockets) {
    std::vector<int> counts;
    for (const Fd& fd : sockets.fds) {
        int count = 0;
        while (Fd(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC))) ++count;
        counts.push_back(count);
    }
    return counts;
}

TEST(ListenSocket, connections_inherit_how_vanished_peers_are_found) {
    const ListenSockets sockets = open_listen_sockets(
        {.host = "127.0.0.1", .tcp_keep_alive_ms = 9'500, .tcp_user_timeout_ms = 300'000}, 2);
    ASSERT_FALSE(sockets.error) << sockets.error.message;
    for (int i = 0; i < 8; ++i) {  // On either socket.
        const Fd client = connect_ipv4(sockets.port);
        Fd accepted;
        while (!accepted) {
            for (const Fd& fd : sockets.fds) {
                if (!accepted) accepted = Fd(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
            }
        }
        EXPECT_EQ(option(accepted, SOL_SOCKET, SO_KEEPALIVE), 1);
        EXPECT_EQ(option(accepted, IPPROTO_TCP, TCP_KEEPIDLE), 10);
        EXPECT_EQ(option(accepted, IPPROTO_TCP, TCP_KEEPINTVL), 2);
        EXPECT_EQ(option(accepted, IPPROTO_TCP, TCP_KEEPCNT), 4);
        EXPECT_EQ(option(accepted, IPPROTO_TCP, TCP_USER_TIMEOUT), 300'000);
    }
}

TEST(ListenSocket, by_default_a_peer_is_asked_for_and_may_leave_things_unread) {
    const ListenSockets sockets = open_listen_sockets({.host = "127.0.0.1"}, 1);
    const Fd& fd = sockets.fds.at(0);
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
    const ListenSockets soon =
        open_listen_sockets({.host = "127.0.0.1", .tcp_keep_alive_ms = 1}, 1);
    EXPECT_EQ(option(soon.fds.at(0), IPPROTO_TCP, TCP_KEEPIDLE), 1);
    EXPECT_EQ(option(soon.fds.at(0), IPPROTO_TCP, TCP_KEEPINTVL), 1);
    const ListenSockets without =
        open_listen_sockets({.host = "127.0.0.1", .tcp_keep_alive_ms = 0}, 1);
    EXPECT_EQ(option(without.fds.at(0), SOL_SOCKET, SO_KEEPALIVE), 0);
}

TEST(ListenSocket, times_that_the_system_does_not_know_are_an_error_that_names_them) {
    for (const ListenOptions& options :
         {ListenOptions{.host = "127.0.0.1", .tcp_keep_alive_ms = 32'767'001},
          ListenOptions{.host = "127.0.0.1", .tcp_user_timeout_ms = 0x8000'0000}}) {
        const ListenSockets sockets = open_listen_sockets(options, 1);
        EXPECT_EQ(sockets.error.code, std::errc::invalid_argument);
        EXPECT_TRUE(contains(sockets.error.message, "tcp_keep_alive_ms"));
    }
    EXPECT_FALSE(
        open_listen_sockets({.host = "127.0.0.1", .tcp_keep_alive_ms = 32'767'000}, 1).error);
}

TEST(ListenSocket, port_0_finds_a_free_one_and_tells_it) {
    const ListenSockets sockets = open_listen_sockets({.host = "127.0.0.1"}, 1);
    ASSERT_FALSE(sockets.error) << sockets.error.message;
    ASSERT_EQ(sockets.fds.size(), 1U);
    EXPECT_NE(sockets.port, 0);
    EXPECT_EQ(sockets.name, "127.0.0.1:" + std::to_string(sockets.port));
    EXPECT_TRUE(connect_ipv4(sockets.port));
    EXPECT_EQ(accepted_counts(sockets), std::vector{1});
}

TEST(ListenSocket, each_listens_does_not_block_dies_at_exec_and_passes_on_no_delay) {
    const ListenSockets sockets = open_listen_sockets({.host = "127.0.0.1"}, 2);
    ASSERT_FALSE(sockets.error) << sockets.error.message;
    ASSERT_EQ(sockets.fds.size(), 2U);
    for (const Fd& fd : sockets.fds) {
        EXPECT_EQ(option(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
        EXPECT_NE(::fcntl(fd.get(), F_GETFL) & O_NONBLOCK, 0);
        EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
    }
    const Fd client = connect_ipv4(sockets.port);
    for (const Fd& fd : sockets.fds) {
        const Fd accepted(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (accepted) {
            EXPECT_NE(option(accepted, IPPROTO_TCP, TCP_NODELAY), 0);
        }
    }
}

std::string congestion_control(const Fd& fd) {
    std::array<char, 16> name{};
    socklen_t size = name.size();
    EXPECT_EQ(::getsockopt(fd.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(), &size), 0);
    return name.data();
}

TEST(ListenSocket, congestion_control_is_reno_on_loopback_and_elsewhere_the_systems) {
    const Fd other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const std::string system = congestion_control(other);
    for (const auto& [host, expected] : {std::pair<std::string, std::string>{"127.0.0.1", "reno"},
                                         {"::1", "reno"},
                                         {"", system},
                                         {"0.0.0.0", system}}) {
        const ListenSockets sockets = open_listen_sockets({.host = host}, 2);
        ASSERT_FALSE(sockets.error) << sockets.error.message;
        for (const Fd& fd : sockets.fds) EXPECT_EQ(congestion_control(fd), expected) << host;
    }
}

TEST(ListenSocket, congestion_control_may_be_chosen_and_connections_inherit_it) {
    const ListenSockets sockets = open_listen_sockets({.congestion_control = "reno"}, 1);
    ASSERT_FALSE(sockets.error) << sockets.error.message;
    const Fd client = connect_ipv4(sockets.port);
    const Fd accepted(::accept4(sockets.fds[0].get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(accepted);
    EXPECT_EQ(congestion_control(accepted), "reno");

    const ListenSockets none =
        open_listen_sockets({.host = "127.0.0.1", .congestion_control = "none such"}, 1);
    EXPECT_EQ(none.error.code, std::errc::no_such_file_or_directory);
    EXPECT_TRUE(contains(none.error.message, "congestion control none such")) << none.error.message;
    EXPECT_TRUE(none.fds.empty());
}

TEST(ListenSocket, an_empty_host_accepts_ipv6_and_ipv4) {
    const ListenSockets sockets = open_listen_sockets({}, 1);
    ASSERT_FALSE(sockets.error) << sockets.error.message;
    EXPECT_EQ(sockets.name, "[::]:" + std::to_string(sockets.port));
    EXPECT_TRUE(connect_ipv4(sockets.port));
    EXPECT_TRUE(connect_ipv6(sockets.port));
    EXPECT_EQ(accepted_counts(sockets), std::vector{2});
}

TEST(ListenSocket, an_ipv6_address_accepts_ipv6_alone) {
    const ListenSockets sockets = open_listen_sockets({.host = "::1"}, 1);
    ASSERT_FALSE(sockets.error) << sockets.error.message;
    EXPECT_EQ(sockets.name, "[::1]:" + std::to_string(sockets.port));
    EXPECT_TRUE(connect_ipv6(sockets.port));
    EXPECT_FALSE(connect_ipv4(sockets.port));
}

TEST(ListenSocket, localhost_is_an_address_of_this_machine) {
    const ListenSockets sockets = open_listen_sockets({.host = "localhost"}, 1);
    ASSERT_FALSE(sockets.error) << sockets.error.message;
    EXPECT_TRUE(sockets.name.starts_with("127.0.0.1:") || sockets.name.starts_with("[::1]:"))
        << sockets.name;
}

TEST(ListenSocket, a_host_that_is_none_is_an_error_that_names_it) {
    // Neither can be put into a question to a name server (RFC 1035, section 2.3.4).
    for (const std::string& host : {std::string("empty..label"), std::string(64, 'x')}) {
        const ListenSockets sockets = open_listen_sockets({.host = host, .port = 9001}, 1);
        ASSERT_TRUE(sockets.error) << host;
        EXPECT_TRUE(contains(sockets.error.message, host + ":9001")) << sockets.error.message;
    }
    // TEST-NET-1 of RFC 5737: no machine has it.
    const ListenSockets foreign = open_listen_sockets({.host = "192.0.2.1", .port = 9001}, 1);
    EXPECT_EQ(foreign.error.code, std::errc::address_not_available);
    EXPECT_TRUE(contains(foreign.error.message, "192.0.2.1:9001")) << foreign.error.message;
}

TEST(ListenSocket, four_loops_have_a_socket_each_and_each_gets_its_share) {
    const ListenSockets sockets = open_listen_sockets({.host = "127.0.0.1"}, 4);
    ASSERT_FALSE(sockets.error) << sockets.error.message;
    ASSERT_EQ(sockets.fds.size(), 4U);
    constexpr int client_count = 400;
    std::vector<Fd> clients;
    for (int i = 0; i < client_count; ++i) {
        clients.push_back(connect_ipv4(sockets.port));
        ASSERT_TRUE(clients.back());
    }
    int sum = 0;
    for (const int count : accepted_counts(sockets)) {
        EXPECT_GE(count, client_count / 4 / 4);
        sum += count;
    }
    EXPECT_EQ(sum, client_count);
}

TEST(ListenSocket, a_port_that_another_server_has_is_an_error_that_names_the_address) {
    struct Row {
        const char* name;
        const char* first_host;
        const char* second_host;
        const char* said;
    };
    const Row rows[] = {
        {"the same address", "127.0.0.1", "127.0.0.1", "listen on 127.0.0.1:"},
        {"the same address of IPv6", "::1", "::1", "listen on [::1]:"},
        {"both all addresses", "", "", "listen on [::]:"},
        {"one, then all", "127.0.0.1", "", "listen on [::]:"},
        {"all, then one", "", "127.0.0.1", "listen on 127.0.0.1:"},
        {"all of IPv4, then one", "0.0.0.0", "127.0.0.1", "listen on 127.0.0.1:"},
    };
    for (const Row& row : rows) {
        for (const std::size_t loop_count : {1U, 4U}) {
            SCOPED_TRACE(testing::Message() << row.name << ", " << loop_count << " loops");
            const ListenSockets first = open_listen_sockets({.host = row.first_host}, loop_count);
            ASSERT_FALSE(first.error) << first.error.message;
            const ListenSockets second =
                open_listen_sockets({.host = row.second_host, .port = first.port}, loop_count);
            EXPECT_EQ(second.error.code, std::errc::address_in_use);
            const std::string address = row.said + std::to_string(first.port);
            EXPECT_TRUE(contains(second.error.message, address)) << second.error.message;
            EXPECT_TRUE(contains(second.error.message, "in use")) << second.error.message;
        }
    }
}

TEST(ListenSocket, of_two_servers_that_start_at_once_only_one_gets_the_port) {
    for (int round = 0; round < 300; ++round) {
        // One that was free a moment ago.
        const std::uint16_t port = open_listen_sockets({.host = "127.0.0.1"}, 1).port;
        const ListenOptions options{.host = "127.0.0.1", .port = port};
        std::atomic<int> ready_count = 0;
        const auto open = [&] {
            ++ready_count;
            while (ready_count < 2) std::this_thread::yield();
            return open_listen_sockets(options, 4);
        };
        ListenSockets second;
        std::thread other([&] { second = open(); });
        const ListenSockets first = open();
        other.join();
        ASSERT_TRUE(first.error || second.error) << "both listen on one port";
    }
}

TEST(ListenSocket, a_port_whose_server_ended_is_free_again_though_its_connections_linger) {
    ListenSockets first = open_listen_sockets({.host = "127.0.0.1"}, 4);
    ASSERT_FALSE(first.error) << first.error.message;
    const std::uint16_t port = first.port;
    const Fd client = connect_ipv4(port);
    std::vector<Fd> accepted;
    for (const Fd& fd : first.fds) {
        accepted.emplace_back(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    accepted.clear();  // The server closes first: TIME_WAIT is on its side.
    first.fds.clear();
    const ListenSockets second = open_listen_sockets({.host = "127.0.0.1", .port = port}, 4);
    EXPECT_FALSE(second.error) << second.error.message;
    EXPECT_EQ(second.port, port);
}

// A folder of its own for each test's socket files.
class UnixListenSocket : public testing::Test {
  protected:
    UnixListenSocket() {
        std::string name = testing::TempDir() + "edgews-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        path_ = folder_ + "/socket";
    }
    ~UnixListenSocket() override {
        ::unlink(path_.c_str());
        ::rmdir(folder_.c_str());
    }

    std::string folder_;
    std::string path_;
};

TEST_F(UnixListenSocket, it_is_one_for_all_loops_and_has_no_port) {
    const ListenSockets sockets = open_listen_sockets({.unix_path = path_}, 4);
    ASSERT_FALSE(sockets.error) << sockets.error.message;
    ASSERT_EQ(sockets.fds.size(), 1U);
    EXPECT_EQ(sockets.name, "unix:" + path_);
    EXPECT_EQ(sockets.port, 0);
    EXPECT_NE(::fcntl(sockets.fds[0].get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(sockets.fds[0].get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_TRUE(connect_unix(path_));
    EXPECT_EQ(accepted_counts(sockets), std::vector{1});
}

TEST_F(UnixListenSocket, a_stale_file_is_replaced) {
    { const ListenSockets gone = open_listen_sockets({.unix_path = path_}, 1); }
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);  // Nobody removed it.
    const ListenSockets sockets = open_listen_sockets({.unix_path = path_}, 1);
    ASSERT_FALSE(sockets.error) << sockets.error.message;
    EXPECT_TRUE(connect_unix(path_));
}

TEST_F(UnixListenSocket, a_live_one_is_left_alone_even_when_its_queue_is_full) {
    const ListenSockets first = open_listen_sockets({.unix_path = path_, .backlog = 1}, 1);
    ASSERT_FALSE(first.error) << first.error.message;
    const auto expect_refused = [&] {
        errno = ECONNREFUSED;  // Of something before.
        const ListenSockets second = open_listen_sockets({.unix_path = path_}, 1);
        EXPECT_EQ(second.error.code, std::errc::address_in_use);
        EXPECT_TRUE(contains(second.error.message, path_)) << second.error.message;
    };
    expect_refused();
    while (connect_unix(path_)) {
    }
    expect_refused();
}

TEST_F(UnixListenSocket, a_file_that_is_no_socket_is_never_removed) {
    { const Fd file(::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)); }
    const ListenSockets sockets = open_listen_sockets({.unix_path = path_}, 1);
    EXPECT_EQ(sockets.error.code, std::errc::address_in_use);
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_TRUE(S_ISREG(status.st_mode));
}

TEST_F(UnixListenSocket, a_path_may_be_107_bytes_long_and_no_longer) {
    for (const std::size_t size : {107U, 108U, 500U}) {
        SCOPED_TRACE(size);
        std::string path = path_;
        path.resize(size, 'x');
        const ListenSockets sockets = open_listen_sockets({.unix_path = path}, 1);
        if (size == 107) {
            EXPECT_FALSE(sockets.error) << sockets.error.message;
            EXPECT_TRUE(connect_unix(path));
            ::unlink(path.c_str());
        } else {
            EXPECT_EQ(sockets.error.code, std::errc::filename_too_long);
            EXPECT_TRUE(contains(sockets.error.message, path)) << sockets.error.message;
        }
    }
}

TEST_F(UnixListenSocket, the_file_has_the_mode_that_is_asked_for_whatever_the_umask) {
    const mode_t umask_before = ::umask(0027);
    for (const std::uint32_t mode : {0600U, 0660U, 0777U}) {
        const ListenSockets sockets =
            open_listen_sockets({.unix_path = path_, .unix_mode = mode}, 1);
        EXPECT_FALSE(sockets.error) << sockets.error.message;
        struct stat status {};
        EXPECT_EQ(::stat(path_.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777U, mode);
        EXPECT_EQ(sockets.unix_file, path_);
    }
    const ListenSockets sockets = open_listen_sockets({.unix_path = path_}, 1);
    struct stat status {};
    EXPECT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0750U);
    ::umask(umask_before);
}

TEST_F(UnixListenSocket, a_mode_that_is_none_or_of_no_file_is_an_error) {
    for (const ListenOptions& options : {ListenOptions{.unix_path = path_, .unix_mode = 01000},
                                         ListenOptions{.unix_path = "@x", .unix_mode = 0600}}) {
        const ListenSockets sockets = open_listen_sockets(options, 1);
        EXPECT_EQ(sockets.error.code, std::errc::invalid_argument);
        EXPECT_TRUE(contains(sockets.error.message, "unix_mode")) << sockets.error.message;
    }
    struct stat status {};
    EXPECT_NE(::stat(path_.c_str(), &status), 0);
}

TEST_F(UnixListenSocket, an_abstract_name_is_no_file) {
    const std::string name = "edgews" + folder_;
    {
        const ListenSockets sockets = open_listen_sockets({.unix_path = '@' + name}, 2);
        ASSERT_FALSE(sockets.error) << sockets.error.message;
        EXPECT_EQ(sockets.name, "unix:@" + name);
        EXPECT_EQ(sockets.unix_file, "");
        EXPECT_TRUE(connect_unix('@' + name));
        EXPECT_TRUE(connect_unix('\0' + name));
        EXPECT_FALSE(connect_unix('@' + name + "x"));
        struct stat status {};
        EXPECT_NE(::stat(('@' + name).c_str(), &status), 0);
        const ListenSockets second = open_listen_sockets({.unix_path = '\0' + name}, 1);
        EXPECT_EQ(second.error.code, std::errc::address_in_use);
        EXPECT_TRUE(contains(second.error.message, "unix:@" + name)) << second.error.message;
    }
    EXPECT_FALSE(open_listen_sockets({.unix_path = '@' + name}, 1).error);  // It is free again.
}

TEST_F(UnixListenSocket, a_folder_that_does_not_exist_is_an_error) {
    const ListenSockets sockets = open_listen_sockets({.unix_path = folder_ + "/no/socket"}, 1);
    EXPECT_EQ(sockets.error.code, std::errc::no_such_file_or_directory);
}

TEST(AdoptedListenSocket, one_that_listens_becomes_the_servers) {
    const int number = ::socket(AF_INET, SOCK_STREAM, 0);  // Blocking, inherited: a supervisor's.
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(number, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(number, 5), 0);
    {
        const ListenSockets sockets =
            open_listen_sockets({.host = "ignored", .adopted_fd = number}, 4);
        ASSERT_FALSE(sockets.error) << sockets.error.message;
        ASSERT_EQ(sockets.fds.size(), 1U);
        EXPECT_EQ(sockets.fds[0].get(), number);
        EXPECT_EQ(sockets.name, "127.0.0.1:" + std::to_string(sockets.port));
        EXPECT_NE(::fcntl(number, F_GETFL) & O_NONBLOCK, 0);
        EXPECT_NE(::fcntl(number, F_GETFD) & FD_CLOEXEC, 0);
        EXPECT_NE(option(sockets.fds[0], IPPROTO_TCP, TCP_NODELAY), 0);
        EXPECT_TRUE(connect_ipv4(sockets.port));
        EXPECT_EQ(accepted_counts(sockets), std::vector{1});
    }
    EXPECT_EQ(::fcntl(number, F_GETFD), -1) << "it was the server's to close";
}

TEST(AdoptedListenSocket, one_that_does_not_listen_or_is_none_is_an_error_that_names_it) {
    const int unbound = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int closed = 1'000'000;
    struct Row {
        const char* name;
        int fd;
        std::errc code;
    };
    const Row rows[] = {{"does not listen", unbound, std::errc::invalid_argument},
                        {"no socket", file, std::errc::not_a_socket},
                        {"no descriptor", closed, std::errc::bad_file_descriptor}};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        const ListenSockets sockets = open_listen_sockets({.adopted_fd = row.fd}, 1);
        EXPECT_EQ(sockets.error.code, row.code);
        EXPECT_TRUE(contains(sockets.error.message, "descriptor " + std::to_string(row.fd)))
            << sockets.error.message;
    }
}

}  // namespace
}  // namespace edgews
