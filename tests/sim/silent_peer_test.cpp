// Who hears nothing is given up, however much its system takes for it.
#include "caller.hpp"

#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};
constexpr std::size_t message_size = 32'768;  // More than may be read in passing.
// Three limits of a second, one time more for each that was not over when it was looked at; and
// what the message may take whoever reads it slowly.
constexpr std::uint64_t patience_ms = 10'000;

void give_large_buffers(World& world) {
    Faults& faults = world.faults();
    faults.send_buffer_least = faults.send_buffer_most = 1 << 20;
    faults.receive_buffer_least = faults.receive_buffer_most = 1 << 20;
}

TEST(SilentPeer, that_reads_nothing_while_its_system_takes_all_is_given_up) {
    World world({.recorded = calm});
    give_large_buffers(world);
    int closed_count = 0;
    Server server({.loops = 1});
    server.ws(
        "/",
        {.open = [](Connection& connection) { connection.send(std::string(message_size, 'x')); },
         .close = [&](Connection&, const CloseEvent&) { ++closed_count; }},
        {.idle_ping_ms = 1'000, .ping_timeout_ms = 1'000});
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    WebSocketPeer peer(world, {});
    peer.open = [](WebSocketPeer& opened) { opened.set_reading(false); };
    peer.connect(server.port());
    world.run_for(patience_ms);
    EXPECT_TRUE(peer.is_open());
    EXPECT_EQ(closed_count, 1);
    server.shutdown(0);
}

// A ticker's subscriber that hangs: each message that its system takes is no sign of life.
TEST(SilentPeer, that_reads_nothing_is_given_up_while_messages_are_sent_to_it) {
    World world({.recorded = calm});
    give_large_buffers(world);
    int closed_count = 0;
    Server server({.loops = 1});
    server.ws("/",
              {.open = [](Connection& connection) { connection.subscribe("ticks"); },
               .close = [&](Connection&, const CloseEvent&) { ++closed_count; }},
              {.idle_ping_ms = 1'000, .ping_timeout_ms = 1'000});
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    WebSocketPeer peer(world, {});
    peer.open = [](WebSocketPeer& opened) { opened.set_reading(false); };
    peer.connect(server.port());
    for (std::uint64_t ms = 0; ms < 2 * patience_ms; ms += 100) {
        // Slower than what it is allowed to read slowly, and more than may be read in passing.
        server.publish("ticks", std::string(1'000, 'x'));
        world.run_for(100);
    }
    EXPECT_TRUE(peer.is_open());
    EXPECT_EQ(closed_count, 1);
    server.shutdown(0);
}

TEST(SilentPeer, that_is_a_clients_server_is_given_up_too) {
    World world({.recorded = calm});
    give_large_buffers(world);
    Server server({.loops = 1});
    server.ws("/", {.open = [](Connection& connection) { connection.pause_reading(); }});
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    int closed_count = 0;
    std::unique_ptr<Client> client;
    test::LoopThread thread;
    const std::string url = "ws://127.0.0.1:" + std::to_string(server.port()) + "/";
    thread.loop().post([&] {
        ClientHandlers handlers;
        handlers.open = [](Client& opened) { opened.send(std::string(message_size, 'x')); };
        handlers.close = [&](Client&, const CloseEvent&) { ++closed_count; };
        client =
            std::make_unique<Client>(thread.loop(), url, std::move(handlers),
                                     ClientOptions{.ping_ms = 1'000, .pong_timeout_ms = 1'000});
    });
    world.run_for(patience_ms);
    EXPECT_EQ(closed_count, 1);
    thread.loop().post([&] { client.reset(); });
    world.run_for(100);
    thread.stop();
    server.shutdown(0);
}

}  // namespace
}  // namespace edgews::sim
