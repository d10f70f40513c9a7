// Standstills, and what is judged behind them: the loop reads what has arrived before a timer
// judges, and its own silence is nobody else's.
#include "tests/support/scripted_source.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::add_source;
using edgews::test::forever_ms;
using edgews::test::ScriptedSource;

constexpr std::array calm{std::byte{0}};

class TurnTime : public testing::Test {
  protected:
    World world_{{.recorded = calm}};
};

// Sources whose descriptors are all ready, and whose timers are all late: more of them than one
// epoll_wait tells of.
TEST_F(TurnTime, all_that_has_arrived_is_read_before_a_late_timer_judges) {
    constexpr std::size_t count = 3'000;
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    std::size_t read_count = 0;
    std::size_t judged_count = 0;
    std::vector<ScriptedSource*> sources;
    for (std::size_t i = 0; i < count; ++i) {
        Fd event(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        ASSERT_TRUE(event);
        ScriptedSource& source = add_source(loop, std::move(event));
        source.events = [&reactor, &source, &read_count](std::uint32_t) {
            ++read_count;
            reactor.schedule(source, forever_ms);
        };
        source.timer = [&] { ++judged_count; };
        sources.push_back(&source);
    }
    loop.poll(0);
    for (ScriptedSource* const source : sources) reactor.schedule(*source, 1);
    const std::uint64_t one = 1;
    for (ScriptedSource* const source : sources) {
        ASSERT_EQ(::write(source->fd.get(), &one, sizeof one), 8);
    }
    world_.run_for(20);
    loop.poll(0);
    EXPECT_EQ(read_count, count);
    EXPECT_EQ(judged_count, 0U);
    for (ScriptedSource* const source : sources) reactor.retire(*source);
    loop.poll(0);
}

TEST_F(TurnTime, a_standstill_is_no_silence_of_the_peers) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    bool is_judged = false;
    ScriptedSource& source = add_source(loop);
    source.timer = [&] { is_judged = true; };
    loop.poll(0);
    const std::uint64_t begin_ms = reactor.listened_ms();
    reactor.schedule(source, 200);
    world_.run_for(400);  // A handler that blocks, a stopped process.
    loop.poll(0);
    EXPECT_FALSE(is_judged);
    EXPECT_LE(reactor.listened_ms() - begin_ms, 100U);
    while (!is_judged) loop.poll(forever_ms);
    EXPECT_GE(reactor.listened_ms() - begin_ms, 200U);
}

TEST_F(TurnTime, what_the_application_set_is_due_by_the_clock_all_the_same) {
    Loop loop;
    bool is_called = false;
    loop.poll(0);
    loop.after(200, [&] { is_called = true; });
    world_.run_for(400);
    loop.poll(0);
    EXPECT_TRUE(is_called);
}

TEST_F(TurnTime, nor_does_a_standstill_make_what_is_repeated_rarer) {
    Loop loop;
    int count = 0;
    loop.poll(0);
    loop.every(200, [&] { ++count; });
    for (int standstill = 1; standstill <= 3; ++standstill) {
        world_.run_for(400);
        loop.poll(0);
        EXPECT_EQ(count, standstill);
    }
}

TEST_F(TurnTime, a_long_wait_for_nothing_counts_as_listening) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    const std::uint64_t begin_ms = reactor.listened_ms();
    loop.poll(300);
    loop.poll(0);
    EXPECT_GE(reactor.listened_ms() - begin_ms, 300U);
}

// While reading is paused it is us who do not listen.
TEST_F(TurnTime, silence_is_not_held_against_a_peer_that_nobody_reads) {
    std::vector<std::string> heard;
    Handle handle;
    Server server{{.loops = 1}};
    server.ws("/",
              {.open = [&](Connection& c) { handle = c.handle(); },
               .message =
                   [&](Connection& c, Message message) {
                       heard.emplace_back(message.text());
                       c.pause_reading();
                   },
               .close = [&](Connection&, CloseEvent) { heard.emplace_back("closed"); }},
              {.idle_ping_ms = 20, .ping_timeout_ms = 20, .message_timeout_ms = 20});
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    WebSocketPeer peer(world_, {});
    peer.connect(server.port());
    peer.send_frame(0x81, "one");
    peer.send_frame(0x01, "beginning");
    world_.run_for(10);
    EXPECT_EQ(heard, std::vector<std::string>{"one"});
    world_.run_for(150);
    EXPECT_EQ(heard, std::vector<std::string>{"one"});
    peer.send_frame(0x80, " and end");
    handle.post([](Connection& c) { c.resume_reading(); });
    world_.run_for(10);
    EXPECT_EQ(heard, (std::vector<std::string>{"one", "beginning and end"}));
    server.shutdown(0);
}

}  // namespace
}  // namespace edgews::sim::test
