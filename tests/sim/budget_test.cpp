// System calls per message, counted where nothing else is counted with them (DESIGN, section 3).
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace edgews::sim {
namespace {

struct Calls {
    std::uint64_t waits;
    std::uint64_t receives;
    std::uint64_t sends;
    std::uint64_t controls;
    std::uint64_t timers;

    explicit Calls(const Kernel& kernel)
        : waits(kernel.calls(Call::epoll_wait)),
          receives(kernel.calls(Call::recv)),
          sends(kernel.calls(Call::send)),
          controls(kernel.calls(Call::epoll_ctl)),
          timers(kernel.calls(Call::timerfd_settime)) {}
};

class SimulatedBudget : public ::testing::Test {
  protected:
    SimulatedBudget() {
        world.faults().call_ns_max = 0;
        world.faults().latency_ns_max = 0;
        world.faults().gap_ns_max = 0;
        server.ws("/echo", {.message = [](Connection& c, Message m) { c.send(m); }});
        server.ws("/room",
                  {.open = [](Connection& c) { c.subscribe("room"); },
                   .message = [this](Connection&, Message m) { server.publish("room", m); }});
        server.ws("/rooms", {.open = [](Connection& c) {
                      for (const char* const topic : {"a", "b"}) c.subscribe(topic);
                  }});
        EXPECT_FALSE(server.listen({.host = "127.0.0.1"}));
        server.start();
    }
    ~SimulatedBudget() override { server.shutdown(0); }

    // Connected, and the handshake is over.
    std::unique_ptr<WebSocketPeer> connected(const char* path) {
        const Pace at_once{.write_gap_ns_max = 0, .read_gap_ns_max = 0};
        auto peer = std::make_unique<WebSocketPeer>(
            world, WebSocketPeerOptions{.path = path, .pace = at_once});
        peer->connect(server.port());
        world.run_until_quiet(10, 1'000);
        EXPECT_TRUE(peer->is_open());
        return peer;
    }

    World world;
    Server server{{.loops = 1}};
};

TEST_F(SimulatedBudget, an_echo_takes_one_wait_one_receive_and_one_send) {
    const auto peer = connected("/echo");
    int left = 100;
    peer->message = [&](WebSocketPeer& here, std::string_view, bool) {
        if (--left > 0) here.send_text(std::string(125, 'x'));
    };
    const Calls before(world.kernel());
    peer->send_text(std::string(125, 'x'));
    world.run_until_quiet(10, 1'000);
    const Calls after(world.kernel());
    EXPECT_EQ(left, 0);
    EXPECT_EQ(after.receives - before.receives, 100U);
    EXPECT_EQ(after.sends - before.sends, 100U);
    EXPECT_LE(after.waits - before.waits, 101U);  // In the last one it waits still.
    EXPECT_EQ(after.controls - before.controls, 0U);
    EXPECT_EQ(after.timers - before.timers, 0U);
}

TEST_F(SimulatedBudget, what_comes_together_is_answered_together) {
    const auto peer = connected("/echo");
    int left = 16;
    peer->message = [&](WebSocketPeer&, std::string_view, bool) { --left; };
    const Calls before(world.kernel());
    for (int i = 0; i < 16; ++i) peer->send_text(std::string(125, 'x'));
    world.run_until_quiet(10, 1'000);
    const Calls after(world.kernel());
    EXPECT_EQ(left, 0);
    EXPECT_LE(after.receives - before.receives, after.sends - before.sends);
    EXPECT_LE(after.sends - before.sends, 3U);  // The peer's writes may be cut.
}

TEST_F(SimulatedBudget, a_broadcast_takes_one_send_for_each_that_hears_it) {
    std::vector<std::unique_ptr<WebSocketPeer>> peers;
    std::size_t heard = 0;
    for (int i = 0; i < 20; ++i) {
        peers.push_back(connected("/room"));
        peers.back()->message = [&](WebSocketPeer&, std::string_view, bool) { ++heard; };
    }
    const Calls before(world.kernel());
    peers.front()->send_text("hello");
    world.run_until_quiet(10, 1'000);
    const Calls after(world.kernel());
    EXPECT_EQ(heard, 20U);
    EXPECT_EQ(after.sends - before.sends, 20U);
    EXPECT_EQ(after.receives - before.receives, 1U);
}

// However much was published before.
TEST_F(SimulatedBudget, what_one_turn_publishes_to_several_topics_takes_one_send_for_each) {
    std::vector<std::unique_ptr<WebSocketPeer>> peers;
    std::vector<std::string> heard;
    for (int i = 0; i < 3; ++i) peers.push_back(connected("/rooms"));
    for (int i = 0; i < 3; ++i) {
        server.publish("a", std::string(100'000, 'x'));
        world.run_until_quiet(10, 1'000);
    }
    for (const auto& peer : peers) {
        peer->message = [&](WebSocketPeer&, std::string_view text, bool) {
            heard.emplace_back(text);
        };
    }
    const Calls before(world.kernel());
    server.loop(0).post([this] {
        for (const char* const topic : {"a", "b", "b", "a", "b"}) server.publish(topic, topic);
    });
    world.run_until_quiet(10, 1'000);
    const Calls after(world.kernel());
    EXPECT_EQ(heard.size(), 15U);
    EXPECT_EQ(after.sends - before.sends, 3U);
}

TEST_F(SimulatedBudget, a_connection_takes_one_epoll_ctl_for_its_life) {
    const Calls before(world.kernel());
    for (int i = 0; i < 10; ++i) {
        const auto peer = connected("/echo");
        peer->close(1000);
        world.run_until_quiet(10, 1'000);
        EXPECT_EQ(peer->close_code(), 1000U);
        EXPECT_TRUE(peer->is_gone());
    }
    const Calls after(world.kernel());
    EXPECT_EQ(after.controls - before.controls, 10U);
    // The head, the close frame, the end: and the answers to two of them.
    EXPECT_LE(after.receives - before.receives, 30U);
    EXPECT_EQ(after.sends - before.sends, 20U);
}

}  // namespace
}  // namespace edgews::sim
