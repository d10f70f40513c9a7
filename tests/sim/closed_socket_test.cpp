// What a socket has to send when it is closed is sent, as Linux does it.
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace edgews::sim::test {
namespace {

// Both ends of a connection, made with the system's calls.
struct Pair {
    int client = -1;
    int server = -1;
};

Pair make_pair(World& world) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const place = reinterpret_cast<sockaddr*>(&address);
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    EXPECT_EQ(::bind(listener, place, size), 0);
    EXPECT_EQ(::listen(listener, 1), 0);
    EXPECT_EQ(::getsockname(listener, place, &size), 0);
    Pair pair;
    pair.client = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    EXPECT_EQ(::connect(pair.client, place, size), -1);
    world.run_for(10);
    pair.server = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    EXPECT_EQ(::close(listener), 0);
    return pair;
}

TEST(ClosedSocket, what_it_had_to_send_comes_when_the_peer_has_room_for_it) {
    World world;
    world.faults().receive_buffer_least = world.faults().receive_buffer_most = 1'000;
    const Pair pair = make_pair(world);
    const std::string sent(50'000, 'x');
    EXPECT_EQ(::send(pair.server, sent.data(), sent.size(), 0), 50'000);
    EXPECT_EQ(::close(pair.server), 0);
    world.run_for(1'000);  // The peer reads nothing, and its system has no room.
    std::size_t received = 0;
    std::string space(3'000, ' ');
    ssize_t count = 0;
    while ((count = ::recv(pair.client, space.data(), space.size(), 0)) > 0) {
        received += static_cast<std::size_t>(count);
        world.run_for(10);
    }
    EXPECT_EQ(count, 0);
    EXPECT_EQ(received, sent.size());
    EXPECT_EQ(::close(pair.client), 0);
}

}  // namespace
}  // namespace edgews::sim::test
