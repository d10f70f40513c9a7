// What waits for a peer that does not read stays within its limit, however it was sent.
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <string>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};

TEST(Backlog, small_messages_that_are_published_together_do_not_exceed_it) {
    World world({.recorded = calm});
    world.faults().send_buffer_least = world.faults().send_buffer_most = 2'304;
    world.faults().receive_buffer_least = world.faults().receive_buffer_most = 2'304;
    std::size_t backlog = 0;
    Server server({.loops = 1});
    server.ws("/", {.open = [](Connection& connection) { connection.subscribe("topic"); }},
              {.backlog_size_max = 1'000, .overflow = Overflow::drop});
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    WebSocketPeer peer(world, {});
    peer.open = [](WebSocketPeer& it) { it.set_reading(false); };
    peer.connect(server.port());
    ASSERT_TRUE(world.run_until_quiet(100, 1'000));
    server.loop(0).post([&] {
        for (int i = 0; i < 50; ++i) server.publish("topic", std::string(300, 'x'));
    });
    ASSERT_TRUE(world.run_until_quiet(100, 1'000));
    server.visit([&](Connection& connection) { backlog = connection.buffered_amount(); });
    ASSERT_TRUE(world.run_until_quiet(100, 1'000));
    EXPECT_GT(backlog, 0U);
    EXPECT_LE(backlog, 1'000U);
    server.shutdown(0);
}

}  // namespace
}  // namespace edgews::sim
