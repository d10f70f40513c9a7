// The clock runs over: milliseconds are counted in 32 bits here and there, which last for 49.7
// days, and half of them are 24.9. Each test begins a little before such a moment, so that it falls
// into each of the waits that it is about.
#include <edgews/coroutine.hpp>
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>
#include <edgews/stomp_broker.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace edgews::sim {

namespace {

constexpr std::array calm{std::byte{0}};
constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t day = 86'400'000 * ms;

struct Moment {
    const char* name;
    std::uint64_t ns;         // By the clock, when a counter is full.
    std::uint64_t before_ms;  // So long before it the test begins.
};

std::vector<Moment> moments() {
    std::vector<Moment> all;
    for (const std::uint64_t before_ms : {100U, 1'300U, 2'600U, 4'400U, 7'000U}) {
        all.push_back({"half_of_32_bits_of_milliseconds", (1ULL << 31) * ms, before_ms});
        all.push_back({"32_bits_of_milliseconds", (1ULL << 32) * ms, before_ms});
    }
    all.push_back({"half_of_32_bits_of_seconds", (1ULL << 31) * 1'000 * ms, 1'300});
    all.push_back({"32_bits_of_seconds", (1ULL << 32) * 1'000 * ms, 1'300});
    return all;
}

class Clock : public testing::TestWithParam<Moment> {
  protected:
    [[nodiscard]] std::uint64_t since_begin_ms() const {
        return (world.now_ns() - begin_ns()) / ms;
    }
    void listen(Server& server) {
        ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
        server.start();
    }
    [[nodiscard]] static std::uint64_t begin_ns() {
        return GetParam().ns - GetParam().before_ms * ms;
    }

    World world{{.recorded = calm, .now_ns = begin_ns()}};
};

INSTANTIATE_TEST_SUITE_P(Moments, Clock, testing::ValuesIn(moments()), [](const auto& moment) {
    return std::string(moment.param.name) + "_after_" + std::to_string(moment.param.before_ms);
});

// ---- Connections of a server -----------------------------------------------

TEST_P(Clock, who_answers_pings_stays_and_who_does_not_goes) {
    unsigned pong_count = 0;
    std::uint64_t gone_ms = 0;
    Server server({.loops = 1});
    Handlers handlers;
    handlers.pong = [&](Connection&, std::span<const std::byte>) { ++pong_count; };
    const RouteOptions options{.idle_ping_ms = 2'000, .ping_timeout_ms = 2'000};
    server.ws("/lively", handlers, options);
    handlers.close = [&](Connection&, const CloseEvent&) { gone_ms = since_begin_ms(); };
    server.ws("/mute", handlers, options);
    listen(server);
    WebSocketPeer lively(world, {.path = "/lively"});
    WebSocketPeer mute(world, {.path = "/mute"});
    mute.open = [](WebSocketPeer& peer) { peer.set_reading(false); };
    lively.connect(server.port());
    mute.connect(server.port());
    world.run_for(30'000);
    EXPECT_FALSE(lively.has_heard_end());
    EXPECT_GE(pong_count, 14U);
    EXPECT_LE(pong_count, 21U);
    EXPECT_GE(gone_ms, 3'500U);
    EXPECT_LE(gone_ms, 4'100U);
    server.shutdown(0);
}

TEST_P(Clock, a_close_that_is_not_answered_ends_in_its_time) {
    std::uint64_t gone_ms = 0;
    Server server({.loops = 1});
    Handlers handlers;
    // When the peer has had its answer, and reads no more.
    handlers.open = [](Connection& connection) {
        connection.loop().after(50, [handle = connection.handle()] { handle.close(); });
    };
    handlers.close = [&](Connection&, const CloseEvent&) { gone_ms = since_begin_ms(); };
    server.ws("/", handlers, {.idle_ping_ms = 0, .close_timeout_ms = 3'000});
    listen(server);
    WebSocketPeer peer(world, {});
    peer.open = [](WebSocketPeer& mute) { mute.set_reading(false); };
    peer.connect(server.port());
    world.run_for(20'000);
    EXPECT_GE(gone_ms, 3'050U);
    EXPECT_LE(gone_ms, 3'150U);
    server.shutdown(0);
}

TEST_P(Clock, a_message_that_does_not_come_is_waited_for_no_longer) {
    std::uint64_t closed_ms = 0;
    Server server({.loops = 1});
    server.ws("/", {}, {.idle_ping_ms = 0, .message_timeout_ms = 3'000});
    listen(server);
    WebSocketPeer peer(world, {});
    peer.gone = [&](WebSocketPeer&) { closed_ms = since_begin_ms(); };
    peer.open = [](WebSocketPeer& slow) { slow.send_frame(0x01, "the beginning"); };
    peer.connect(server.port());
    world.run_for(20'000);
    EXPECT_EQ(peer.close_code(), 1008U);
    EXPECT_GE(closed_ms, 3'000U);
    EXPECT_LE(closed_ms, 3'100U);
    server.shutdown(0);
}

TEST_P(Clock, an_address_may_connect_as_often_in_a_minute_as_before) {
    Server server({.loops = 1, .connects_per_minute_max = 6});
    server.ws("/", {}, {.idle_ping_ms = 0});
    listen(server);
    const auto comes_in = [&] {
        WebSocketPeer peer(world, {});
        peer.connect(server.port());
        EXPECT_TRUE(world.run_until_quiet(10, 1'000));
        return peer.is_open();
    };
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(comes_in()) << i;
    EXPECT_FALSE(comes_in());
    world.run_for(10'000);  // One more.
    EXPECT_TRUE(comes_in());
    EXPECT_FALSE(comes_in());
    world.run_for(10'000);
    EXPECT_TRUE(comes_in());
    server.shutdown(0);
}

// ---- STOMP -----------------------------------------------------------------

// Says CONNECT with heart-beats of a second each way, and beats as long as it is told to.
class Beating final : public Peer {
  public:
    Beating(World& world, std::uint64_t last_ms) : Peer(world, {}), left_(last_ms / 800) {}

    unsigned beat_count = 0;
    std::uint64_t end_ns = 0;

  private:
    void on_open() override {
        send(std::string("CONNECT\naccept-version:1.2\nhost:x\nheart-beat:1000,1000\n\n") + '\0');
        beat();
    }
    void on_bytes(std::string_view bytes) override {
        if (bytes == "\n") ++beat_count;
    }
    void on_end() override { end_ns = world().now_ns(); }
    void beat() {
        if (left_-- == 0) return;
        send("\n");
        world().after(800 * ms, [this] { beat(); });
    }

    std::uint64_t left_;
};

TEST_P(Clock, heart_beats_come_and_are_missed) {
    StompBroker broker;
    Server server({.loops = 1});
    ASSERT_FALSE(broker.listen(server, {.host = "127.0.0.1"}));
    server.start();
    Beating lively(world, 100'000);
    Beating silent(world, 2'400);
    lively.connect(server.port());
    silent.connect(server.port());
    world.run_for(20'000);
    EXPECT_FALSE(lively.has_heard_end());
    EXPECT_GE(lively.beat_count, 20U);
    // Its last beat was at 1,600; 1.75 s of silence, and a tenth of a second.
    ASSERT_NE(silent.end_ns, 0U);
    EXPECT_GE((silent.end_ns - begin_ns()) / ms, 3'300U);
    EXPECT_LE((silent.end_ns - begin_ns()) / ms, 3'600U);
    server.shutdown(0);
}

// ---- Loops, coroutines, clients --------------------------------------------

Task<> sleep_often(Loop& loop, World& world, std::vector<std::uint64_t>& slept_ms) {
    for (int i = 0; i < 8; ++i) {
        const std::uint64_t begin_ns = world.now_ns();
        co_await sleep(loop, std::chrono::milliseconds(1'000));
        slept_ms.push_back((world.now_ns() - begin_ns) / ms);
    }
    loop.stop();
}

TEST_P(Clock, coroutines_sleep_as_long_as_they_say) {
    Loop loop;
    std::vector<std::uint64_t> slept_ms;
    unsigned tick_count = 0;
    loop.every(100, [&] { ++tick_count; });
    spawn(loop, sleep_often(loop, world, slept_ms));
    loop.run();
    ASSERT_EQ(slept_ms.size(), 8U);
    for (const std::uint64_t one : slept_ms) {
        EXPECT_GE(one, 999U);
        EXPECT_LE(one, 1'010U);
    }
    EXPECT_GE(tick_count, 78U);
    EXPECT_LE(tick_count, 81U);
}

TEST_P(Clock, a_client_comes_again_after_each_delay) {
    Loop loop;
    std::vector<std::uint64_t> waited_ms;
    std::uint64_t planned_ns = 0;
    ClientHandlers handlers;
    handlers.error = [&](Client&, const ClientError&) {
        if (planned_ns != 0) waited_ms.push_back((world.now_ns() - planned_ns) / ms);
    };
    handlers.reconnect = [&](Client&, Reconnecting& plan) {
        plan.delay_ms = 1'000;
        planned_ns = world.now_ns();
    };
    const Client client(loop, "ws://127.0.0.1:9/", handlers, {.reconnect = {.enabled = true}});
    loop.after(10'500, [&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(waited_ms.size(), 10U);
    for (const std::uint64_t one : waited_ms) {
        EXPECT_GE(one, 999U);
        EXPECT_LE(one, 1'010U);
    }
}

TEST_P(Clock, a_client_pings_and_knows_when_its_server_is_silent) {
    Handle handle;
    Server server({.loops = 1});
    server.ws("/", {.open = [&](Connection& connection) { handle = connection.handle(); }},
              {.idle_ping_ms = 0});
    listen(server);
    Loop loop;
    unsigned pong_count = 0;
    std::uint64_t lost_ms = 0;
    ClientHandlers handlers;
    handlers.pong = [&](Client&, std::span<const std::byte>) { ++pong_count; };
    handlers.close = [&](Client&, const CloseEvent&) {
        lost_ms = since_begin_ms();
        loop.stop();
    };
    const Client client(loop, "ws://127.0.0.1:" + std::to_string(server.port()) + "/", handlers,
                        {.ping_ms = 1'000, .pong_timeout_ms = 1'000});
    loop.after(6'500,
               [&] { handle.post([](Connection& connection) { connection.pause_reading(); }); });
    loop.after(30'000, [&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(pong_count, 6U);
    EXPECT_GE(lost_ms, 7'900U);
    EXPECT_LE(lost_ms, 8'200U);
    server.shutdown(0);
}

// ---- Days ------------------------------------------------------------------

TEST(ClockOfDays, a_lifetime_of_forty_days_ends_after_forty_days) {
    const std::uint64_t begin_ns = (1ULL << 32) * ms - 20 * day;
    World world({.recorded = calm, .now_ns = begin_ns});
    Server server({.loops = 1});
    server.ws("/", {}, {.idle_ping_ms = 0, .lifetime_max_ms = 40 * 86'400'000U});
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    WebSocketPeer peer(world, {});
    std::uint64_t gone_ns = 0;
    peer.gone = [&](WebSocketPeer&) { gone_ns = world.now_ns(); };
    peer.connect(server.port());
    world.run_for(39 * day / ms);
    EXPECT_FALSE(peer.has_heard_end());
    world.run_for(2 * day / ms);
    EXPECT_EQ(peer.close_code(), 1001U);
    EXPECT_GE(gone_ns, begin_ns + 40 * day);
    EXPECT_LE(gone_ns, begin_ns + 40 * day + 100 * ms);
    server.shutdown(0);
}

// Longer than half of what 32 bits count passes between two signs of life.
TEST(ClockOfDays, who_was_silent_for_thirty_days_is_pinged_when_it_is_due) {
    World world({.recorded = calm});
    unsigned pong_count = 0;
    Server server({.loops = 1});
    server.ws("/", {.pong = [&](Connection&, std::span<const std::byte>) { ++pong_count; }},
              {.idle_ping_ms = 30 * 86'400'000U, .ping_timeout_ms = 10'000});
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    WebSocketPeer peer(world, {});
    peer.connect(server.port());
    world.run_for(100 * day / ms);
    EXPECT_FALSE(peer.has_heard_end());
    EXPECT_GE(pong_count, 3U);
    EXPECT_LE(pong_count, 4U);
    server.shutdown(0);
}

// To the millisecond, wherever in a second it is asked.
TEST(ClockOfLoop, is_the_systems) {
    constexpr std::uint64_t second = 1'000 * ms;
    for (const std::uint64_t ns :
         {0UL, 1UL, ms - 1, ms, second - ms - 1, second - ms, second - 1}) {
        World world({.recorded = calm, .now_ns = Kernel::begin_ns / second * second + ns});
        Loop loop;
        EXPECT_EQ(loop.now_ms(), world.now_ns() / ms) << ns;
        loop.poll(0);
        EXPECT_EQ(loop.now_ms(), world.now_ns() / ms) << ns;
    }
}

}  // namespace

}  // namespace edgews::sim
