// Servers that read slowly: silence counts only when something could have been heard.
#include "world_fixture.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace edgews::sim::test {
namespace {

using edgews::test::RawPeer;
using edgews::test::RawServer;
using edgews::test::steady_ms;

constexpr std::size_t large_size = 12'000'000;

// The client's system takes much, and then nothing until a third of that is gone.
class SlowServer : public ClientInWorld {
  protected:
    SlowServer() {
        Faults& faults = world.faults();
        faults.send_buffer_least = faults.send_buffer_most = 4 << 20;
        faults.receive_buffer_least = faults.receive_buffer_most = 131'072;
    }
};

TEST_F(SlowServer, that_reads_all_the_time_is_no_silent_one) {
    const RawServer server(loop);
    RawPeer peer =
        open(server, {.backlog_size_max = 64 << 20, .ping_ms = 50, .pong_timeout_ms = 100});
    ASSERT_NE(client->send(std::string(large_size, 'x')), SendResult::dropped);
    std::size_t read = 0;
    const std::uint64_t sent_ms = steady_ms();
    while (read + 16'384 < large_size) {
        read += peer.read_exactly(16'384).size();
        while (steady_ms() < sent_ms + read / 8'000) loop.poll(1);
    }
    EXPECT_EQ(client->ready_state(), ReadyState::open);
    expect_notes({"open", "drain"});
}

TEST_F(SlowServer, that_takes_nothing_is_given_up) {
    const RawServer server(loop);
    RawPeer peer =
        open(server, {.backlog_size_max = 64 << 20, .ping_ms = 50, .pong_timeout_ms = 100});
    ASSERT_NE(client->send(std::string(32 << 20, 'x')), SendResult::dropped);
    expect_notes({"open", "error open", "close 1006  unclean"});
}

}  // namespace
}  // namespace edgews::sim::test
