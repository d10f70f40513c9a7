// Sockets to listen on, of a system that refuses one thing or another.
#include "net/server/listen_socket.hpp"
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};

class RefusedListening : public testing::Test {
  protected:
    // Refuses each call of that kind that this makes, one in each try. All are told, with the
    // words that name what is listened on, but the wish for an option (or 0).
    void expect_told(Call call, const ListenOptions& options, const std::string& where, int wish) {
        SCOPED_TRACE(testing::Message() << where << ": " << name_of(call));
        const std::uint64_t begin = world_.kernel().calls(call);
        EXPECT_FALSE(open(options).error);
        const std::uint64_t count = world_.kernel().calls(call) - begin;
        EXPECT_GT(count, 0U);
        for (std::uint64_t i = 0; i < count; ++i) {
            SCOPED_TRACE(i);
            const std::size_t descriptor_count = world_.descriptor_count();
            world_.kernel().plan(
                {.call = call, .index = world_.kernel().calls(call) + i, .error = EPERM});
            {
                const ListenSockets sockets = open(options);
                if (wish != 0 && world_.kernel().failed_detail() == wish) {
                    EXPECT_FALSE(sockets.error) << sockets.error.message;
                    continue;
                }
                EXPECT_EQ(sockets.error.code, std::errc::operation_not_permitted);
                EXPECT_LT(sockets.fds.size(), 2U);  // With the first error it is over.
                EXPECT_TRUE(sockets.error.message.starts_with("listen on " + where))
                    << sockets.error.message;
                EXPECT_TRUE(sockets.error.message.ends_with(std::strerror(EPERM)))
                    << sockets.error.message;
            }
            EXPECT_EQ(world_.descriptor_count(), descriptor_count);
        }
    }
    // What is adopted is another one each time.
    ListenSockets open(ListenOptions options) {
        if (options.adopted_fd >= 0) options.adopted_fd = ::fcntl(adopted_.get(), F_DUPFD, 0);
        return open_listen_sockets(options, 2);
    }

    World world_{{.recorded = calm}};
    Fd adopted_{};
};

constexpr int congestion = option_detail(IPPROTO_TCP, TCP_CONGESTION);

TEST_F(RefusedListening, each_call_that_is_refused_is_told) {
    for (const Call call : {Call::socket, Call::bind, Call::listen, Call::getsockname}) {
        expect_told(call, {.host = "127.0.0.1"}, "127.0.0.1:0", 0);
        expect_told(call, {.host = "::1"}, "[::1]:0", 0);
        expect_told(call, {}, "[::]:0", 0);
    }
    const ListenOptions watched{
        .host = "127.0.0.1", .tcp_keep_alive_ms = 1'000, .tcp_user_timeout_ms = 1'000};
    expect_told(Call::setsockopt, watched, "127.0.0.1:0", congestion);
    expect_told(Call::setsockopt, {.congestion_control = "reno"}, "[::]:0", 0);
}

TEST_F(RefusedListening, each_call_that_is_refused_of_an_adopted_one_is_told) {
    adopted_ = std::move(open_listen_sockets({.host = "127.0.0.1"}, 1).fds.at(0));
    const ListenOptions adopting{
        .adopted_fd = adopted_.get(), .congestion_control = "reno", .tcp_user_timeout_ms = 1'000};
    for (const Call call : {Call::getsockopt, Call::getsockname}) {
        expect_told(call, adopting, "adopted descriptor ", 0);
    }
    expect_told(Call::setsockopt, adopting, "adopted descriptor ",
                option_detail(IPPROTO_TCP, TCP_NODELAY));
}

TEST_F(RefusedListening, each_call_that_is_refused_of_a_unix_socket_is_told) {
    for (const Call call : {Call::socket, Call::bind, Call::listen}) {
        // A file that nobody listens at would be looked into.
        const std::string path = std::string("/tmp/") + name_of(call);
        world_.kernel().plan({.call = call, .index = world_.kernel().calls(call), .error = EPERM});
        const ListenSockets sockets = open_listen_sockets({.unix_path = path}, 2);
        EXPECT_EQ(sockets.error.code, std::errc::operation_not_permitted) << path;
        EXPECT_TRUE(sockets.error.message.starts_with("listen on unix:" + path + ": "));
        EXPECT_TRUE(sockets.fds.empty());
        EXPECT_FALSE(open_listen_sockets({.unix_path = path}, 2).error) << path;
    }
}

TEST_F(RefusedListening, a_system_without_ipv6_is_listened_on_by_ipv4) {
    world_.kernel().plan({.call = Call::socket,
                          .index = world_.kernel().calls(Call::socket),
                          .error = EAFNOSUPPORT});
    Server server({.loops = 2});
    server.ws("/", {.open = [](Connection& opened) { opened.send("hello"); }});
    ASSERT_FALSE(server.listen({.port = 9001}));
    EXPECT_EQ(server.listening_on(), "0.0.0.0:9001");
    EXPECT_EQ(server.port(), 9001);
    server.start();
    int heard = 0;
    WebSocketPeer peer(world_, {.host = "app.example"});
    peer.message = [&](WebSocketPeer&, std::string_view, bool) { ++heard; };
    peer.connect(9001);
    EXPECT_TRUE(world_.run_until_quiet(100, 1'000));
    EXPECT_EQ(heard, 1);
    server.shutdown(0);
}

}  // namespace
}  // namespace edgews::sim
