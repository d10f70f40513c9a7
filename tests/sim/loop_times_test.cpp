// When a loop's timers are due, and how long it waits: to the millisecond, by a clock that is told.
#include "tests/support/scripted_source.hpp"

#include <edgews/loop.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};
using Times = std::vector<std::uint64_t>;

class LoopTimes : public testing::Test {
  protected:
    LoopTimes() {
        Faults& faults = world_.faults();
        faults.call_ns_max = 0;
        faults.latency_ns_max = 0;
        faults.gap_ns_max = 0;
        begin();
    }
    // Where a loop's timers of the next 60 ms stand in the lowest part of its wheel: such as are
    // further away may wake it in between.
    void begin() {
        world_.run_for(65 - world_.now_ns() / 1'000'000 % 64);
        begin_ms_ = world_.now_ns() / 1'000'000;
    }
    // Since the beginning.
    [[nodiscard]] std::uint64_t ms() const { return world_.now_ns() / 1'000'000 - begin_ms_; }
    [[nodiscard]] std::uint64_t waits() { return world_.kernel().calls(Call::epoll_wait); }

    World world_{{.recorded = calm}};
    std::uint64_t begin_ms_ = 0;
};

TEST_F(LoopTimes, a_timer_is_due_after_its_delay_and_at_least_a_millisecond) {
    for (const auto& [delay_ms, due_ms] :
         {std::pair{0U, 1U}, {1U, 1U}, {2U, 2U}, {100U, 100U}, {5'000U, 5'000U}}) {
        SCOPED_TRACE(delay_ms);
        begin();
        Loop loop;
        std::uint64_t ran_ms = 0;
        loop.after(delay_ms, [&] { ran_ms = ms(); });
        EXPECT_LE(loop.next_timeout_ms(), static_cast<int>(due_ms));
        EXPECT_GE(loop.next_timeout_ms(), static_cast<int>(std::min(due_ms, 60U)));
        while (ran_ms == 0) loop.poll(-1);
        EXPECT_EQ(ran_ms, due_ms);
        EXPECT_EQ(loop.next_timeout_ms(), -1);
    }
}

TEST_F(LoopTimes, a_period_is_kept_and_is_at_least_a_millisecond) {
    for (const auto& [period_ms, each_ms] : {std::pair{0U, 1U}, {1U, 1U}, {2U, 2U}, {30U, 30U}}) {
        SCOPED_TRACE(period_ms);
        begin();
        Loop loop;
        Times times;
        loop.every(period_ms, [&] { times.push_back(ms()); });
        while (times.size() < 3) loop.poll(-1);
        EXPECT_EQ(times, (Times{each_ms, 2 * each_ms, 3 * each_ms}));
    }
}

TEST_F(LoopTimes, what_is_late_is_due_at_once_and_what_is_not_in_what_is_left) {
    begin();
    Loop loop;
    Times times;
    loop.after(10, [&] { times.push_back(ms()); });
    world_.run_for(4);
    EXPECT_EQ(loop.next_timeout_ms(), 6);
    world_.run_for(6);
    EXPECT_EQ(loop.next_timeout_ms(), 0);
    world_.run_for(2);
    EXPECT_EQ(loop.next_timeout_ms(), 0);
    loop.poll(-1);
    EXPECT_EQ(times, Times{12});
    // From the call on, though the loop's clock stands where the turn began.
    world_.run_for(5);
    loop.after(3, [&] { times.push_back(ms()); });
    loop.poll(-1);
    EXPECT_EQ(times, (Times{12, 20}));
}

TEST_F(LoopTimes, a_turn_lasts_as_long_as_it_may_or_until_something_is_due) {
    struct Row {
        int timeout_ms;
        std::uint64_t timer_ms;  // 0: none.
        std::uint64_t took_ms;
    };
    const Row rows[] = {{0, 0, 0}, {1, 0, 1}, {5, 0, 5},  {0, 3, 0},    {1, 3, 1},    {2, 3, 2},
                        {3, 3, 3}, {5, 3, 3}, {-1, 3, 3}, {-1, 30, 30}, {40, 30, 30}, {30, 40, 30}};
    // Those that spin ask again and again, until they wait after all.
    for (const std::uint32_t busy_us : {0U, 1U, 1'000U, 2'000U, 6'000U}) {
        for (const Row& row : rows) {
            SCOPED_TRACE("spinning for " + std::to_string(busy_us) + " us, at most " +
                         std::to_string(row.timeout_ms) + " ms, a timer in " +
                         std::to_string(row.timer_ms));
            begin();
            Loop loop({.busy_poll_us = busy_us});
            bool has_run = false;
            if (row.timer_ms > 0) loop.after(row.timer_ms, [&] { has_run = true; });
            const std::uint64_t waits_before = waits();
            loop.poll(row.timeout_ms);
            EXPECT_EQ(ms(), row.took_ms);
            EXPECT_EQ(has_run, row.timer_ms > 0 && row.timer_ms <= row.took_ms);
            if (busy_us == 0 || row.timeout_ms == 0) {
                EXPECT_EQ(waits() - waits_before, 1U);
            }
        }
    }
}

TEST_F(LoopTimes, a_turn_that_has_something_to_do_does_not_wait) {
    for (const std::uint32_t busy_us : {0U, 3'000U}) {
        for (const int timeout_ms : {-1, 50}) {
            SCOPED_TRACE(std::to_string(busy_us) + ' ' + std::to_string(timeout_ms));
            Loop loop({.busy_poll_us = busy_us});
            Reactor& reactor = Reactor::of(loop);
            edgews::test::ScriptedSource& source = edgews::test::add_source(loop);
            int count = 0;
            source.events = [&](std::uint32_t) { ++count; };
            source.flush = [&] { ++count; };
            begin();
            reactor.read_later(source);
            EXPECT_EQ(loop.next_timeout_ms(), 0);
            loop.poll(timeout_ms);
            EXPECT_EQ(count, 1);
            reactor.flush_later(source);
            EXPECT_EQ(loop.next_timeout_ms(), 0);
            loop.poll(timeout_ms);
            EXPECT_EQ(count, 2);
            loop.post([&] { ++count; });
            loop.poll(timeout_ms);
            EXPECT_EQ(count, 3);
            EXPECT_EQ(ms(), 0U);
        }
    }
}

}  // namespace
}  // namespace edgews::sim
