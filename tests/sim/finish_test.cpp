// The end of a connection, in a world where a buffer is full exactly when it should be.
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <string>

namespace edgews::sim {
namespace {

// All is calm: what is sent at once arrives at once.
constexpr std::array calm{std::byte{0}};

// Its system has taken all that fits, and ours, before reading goes on: no further edge will tell
// of what is there.
TEST(Finish, who_says_all_before_it_reads_hears_of_a_fault_that_was_held) {
    World world({.recorded = calm});
    world.faults().send_buffer_least = world.faults().send_buffer_most = 4'608;
    world.faults().receive_buffer_least = world.faults().receive_buffer_most = 4'608;
    Handle handle;
    Server server({.loops = 1});
    server.ws("/", {.open = [&](Connection& connection) {
                  handle = connection.handle();
                  connection.pause_reading();
                  connection.send(std::string(100'000, 'x'));
              }});
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    WebSocketPeer peer(world, {.is_hasty = true});
    peer.set_reading(false);
    peer.connect(server.port());
    peer.send_frame(0x83, "5.2: a reserved opcode");
    peer.send_text(std::string(60'000, 'y'));
    ASSERT_TRUE(world.run_until_quiet(100, 1'000));
    EXPECT_GT(peer.unsent_size(), 0U);
    handle.post([](Connection& connection) { connection.resume_reading(); });
    ASSERT_TRUE(world.run_until_quiet(100, 1'000));
    EXPECT_EQ(peer.unsent_size(), 0U);
    peer.set_reading(true);
    ASSERT_TRUE(world.run_until_quiet(100, 1'000));
    EXPECT_EQ(peer.close_code(), 1002U);
    server.shutdown(0);
}

}  // namespace
}  // namespace edgews::sim
