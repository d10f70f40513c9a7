// Servers that read slowly, as if time ran a hundred times faster: silence counts only when
// something could have been heard.
#include <edgews/net/client.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>

#include "../support/client_fixture.hpp"

namespace edgews::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t large_size = 4'000'000;

class SlowServer : public ClientFixture {};

TEST_F(SlowServer, that_reads_all_the_time_is_no_silent_one) {
    const RawServer server(loop);
    RawPeer peer =
        open(server, {.backlog_size_max = 64 << 20, .ping_ms = 50, .pong_timeout_ms = 100});
    ASSERT_NE(client->send(std::string(large_size, 'x')), SendResult::dropped);
    std::size_t read = 0;
    const auto begin = Clock::now();
    while (read + 16'384 < large_size) {
        read += peer.read_exactly(16'384).size();
        const auto due = begin + std::chrono::milliseconds(read / 8'000);
        while (Clock::now() < due) loop.poll(1);
    }
    EXPECT_EQ(client->ready_state(), ReadyState::open);
    EXPECT_EQ(notes, (Notes{"open", "drain"}));
}

TEST_F(SlowServer, that_takes_nothing_is_given_up) {
    const RawServer server(loop);
    RawPeer peer =
        open(server, {.backlog_size_max = 64 << 20, .ping_ms = 50, .pong_timeout_ms = 100});
    ASSERT_NE(client->send(std::string(32 << 20, 'x')), SendResult::dropped);
    expect_notes({"open", "error open", "close 1006  unclean"});
}

}  // namespace
}  // namespace edgews::test
