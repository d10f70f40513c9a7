// A loop's timers: never early, in order, and gone when they are cancelled.
#include "tests/support/scripted_source.hpp"

#include <gtest/gtest.h>

#include <edgews/loop.hpp>
#include "net/loop/slots.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace edgews {
namespace {

using test::add_source;
using test::forever_ms;
using test::ScriptedSource;
using test::soon_ms;
using test::steady_ms;

// Turns until `is_done`, or for too long.
template <class IsDone>
[[nodiscard]] bool poll_until(Loop& loop, IsDone is_done) {
    const std::uint64_t begin_ms = steady_ms();
    while (!is_done() && steady_ms() - begin_ms < soon_ms) loop.poll(forever_ms);
    return is_done();
}

void spin_for_ms(std::uint64_t duration_ms) {
    const std::uint64_t begin_ms = steady_ms();
    while (steady_ms() - begin_ms < duration_ms) {
    }
}

TEST(LoopTimer, after_runs_once_and_not_before_its_time) {
    for (const std::uint64_t delay_ms : {0U, 1U, 2U, 7U, 30U, 64U, 100U}) {
        SCOPED_TRACE(delay_ms);
        Loop loop;
        int ran_count = 0;
        std::uint64_t end_ms = 0;
        const std::uint64_t begin_ms = steady_ms();
        loop.after(delay_ms, [&] {
            ++ran_count;
            end_ms = steady_ms();
        });
        EXPECT_TRUE(poll_until(loop, [&] { return ran_count > 0; }));
        EXPECT_GE(end_ms - begin_ms, std::max<std::uint64_t>(delay_ms, 1));
        EXPECT_EQ(loop.next_timeout_ms(), -1);
        spin_for_ms(delay_ms + 2);
        loop.poll(0);
        EXPECT_EQ(ran_count, 1);
    }
}

TEST(LoopTimer, the_delay_counts_from_the_call_however_long_ago_the_turn_began) {
    Loop loop;
    std::uint64_t begin_ms = 0;
    std::uint64_t end_ms = 0;
    const auto set = [&] {
        spin_for_ms(20);
        begin_ms = steady_ms();
        loop.after(10, [&] { end_ms = steady_ms(); });
    };
    set();  // Outside a turn.
    EXPECT_TRUE(poll_until(loop, [&] { return end_ms > 0; }));
    EXPECT_GE(end_ms - begin_ms, 10U);
    end_ms = 0;
    loop.post(set);  // Late in one.
    EXPECT_TRUE(poll_until(loop, [&] { return end_ms > 0; }));
    EXPECT_GE(end_ms - begin_ms, 10U);
}

TEST(LoopTimer, timers_run_in_the_order_of_their_times) {
    Loop loop;
    std::vector<int> ran;
    for (const int delay_ms : {30, 10, 20, 5, 70}) {
        loop.after(static_cast<std::uint64_t>(delay_ms),
                   [&ran, delay_ms] { ran.push_back(delay_ms); });
    }
    EXPECT_TRUE(poll_until(loop, [&] { return ran.size() == 5; }));
    EXPECT_EQ(ran, (std::vector{5, 10, 20, 30, 70}));
}

TEST(LoopTimer, every_runs_again_and_again_a_period_apart) {
    for (const std::uint64_t period_ms : {0U, 1U, 5U}) {  // 0 means 1.
        SCOPED_TRACE(period_ms);
        Loop loop;
        std::vector<std::uint64_t> times;
        loop.every(period_ms, [&] { times.push_back(loop.now_ms()); });
        EXPECT_TRUE(poll_until(loop, [&] { return times.size() >= 5; }));
        for (std::size_t i = 1; i < times.size(); ++i) {
            EXPECT_GE(times[i] - times[i - 1], std::max<std::uint64_t>(period_ms, 1));
        }
    }
}

TEST(LoopTimer, a_loop_that_fell_behind_runs_a_periodic_timer_once_a_turn_and_others_too) {
    Loop loop;
    int every_count = 0;
    int after_count = 0;
    loop.every(1, [&] {
        ++every_count;
        spin_for_ms(3);  // Longer than the period.
    });
    loop.after(1, [&] { ++after_count; });
    spin_for_ms(5);
    loop.poll(0);
    EXPECT_EQ(every_count, 1);
    EXPECT_EQ(after_count, 1);
}

TEST(LoopTimer, a_cancelled_timer_never_runs_and_is_destroyed) {
    Loop loop;
    auto held = std::make_shared<int>();
    int ran_count = 0;
    const Token once = loop.after(1, [held, &ran_count] { ++ran_count; });
    const Token often = loop.every(1, [held, &ran_count] { ++ran_count; });
    EXPECT_TRUE(loop.cancel(once));
    EXPECT_TRUE(loop.cancel(often));
    EXPECT_FALSE(loop.cancel(once));
    EXPECT_FALSE(loop.cancel(often));
    EXPECT_FALSE(loop.cancel(no_token));
    spin_for_ms(3);
    loop.poll(0);
    EXPECT_EQ(ran_count, 0);
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_EQ(loop.next_timeout_ms(), -1);
}

TEST(LoopTimer, inside_its_own_callback_a_periodic_timer_can_be_cancelled_a_single_one_is_over) {
    Loop loop;
    int every_count = 0;
    Token often = no_token;
    auto held = std::make_shared<int>(7);
    often = loop.every(1, [&, held] {
        if (++every_count < 3) return;
        EXPECT_TRUE(loop.cancel(often));
        EXPECT_EQ(*held, 7);  // The callback lives to its end.
        EXPECT_FALSE(loop.cancel(often));
    });
    bool has_run = false;
    Token once = no_token;
    once = loop.after(1, [&, held] {
        EXPECT_FALSE(loop.cancel(once));
        EXPECT_EQ(*held, 7);
        has_run = true;
    });
    EXPECT_TRUE(poll_until(loop, [&] { return every_count == 3 && has_run; }));
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    EXPECT_EQ(held.use_count(), 1);
}

TEST(LoopTimer, one_callback_may_cancel_another_that_is_due_in_the_same_turn) {
    Loop loop;
    int ran_count = 0;
    Token tokens[2] = {};
    for (int i = 0; i < 2; ++i) {
        tokens[i] = loop.after(1, [&, i] {
            ++ran_count;
            EXPECT_TRUE(loop.cancel(tokens[1 - i]));
        });
    }
    spin_for_ms(3);
    loop.poll(0);
    loop.poll(0);
    EXPECT_EQ(ran_count, 1);
}

TEST(LoopTimer, a_token_of_a_timer_that_ran_does_not_cancel_the_next_one) {
    Loop loop;
    bool has_first_run = false;
    const Token first = loop.after(1, [&] { has_first_run = true; });
    EXPECT_TRUE(poll_until(loop, [&] { return has_first_run; }));
    bool has_second_run = false;
    const Token second = loop.after(1, [&] { has_second_run = true; });
    EXPECT_NE(first, second);
    EXPECT_FALSE(loop.cancel(first));
    EXPECT_TRUE(poll_until(loop, [&] { return has_second_run; }));
}

TEST(LoopTimer, next_timeout_is_never_later_than_the_first_timer) {
    Loop loop;
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    loop.after(100'000, [] {});
    EXPECT_GE(loop.next_timeout_ms(), 0);
    EXPECT_LE(loop.next_timeout_ms(), 100'000);
    bool has_run = false;
    loop.after(50, [&] { has_run = true; });
    EXPECT_LE(loop.next_timeout_ms(), 50);
    // Waiting no longer than it says, with poll(0) alone, still runs the timer.
    const std::uint64_t begin_ms = steady_ms();
    while (!has_run && steady_ms() - begin_ms < soon_ms) {
        spin_for_ms(static_cast<std::uint64_t>(loop.next_timeout_ms()));
        loop.poll(0);
    }
    EXPECT_TRUE(has_run);
}

TEST(LoopTimer, the_clock_stands_still_within_a_turn) {
    Loop loop;
    std::uint64_t first_ms = 0;
    std::uint64_t second_ms = 0;
    loop.post([&] {
        first_ms = loop.now_ms();
        spin_for_ms(3);
    });
    loop.post([&] { second_ms = loop.now_ms(); });
    loop.poll(0);
    EXPECT_EQ(first_ms, second_ms);
    loop.poll(0);
    EXPECT_GE(loop.now_ms(), first_ms + 3);
    EXPECT_LE(loop.now_ms(), steady_ms());
}

TEST(LoopTimer, a_sources_timer_can_be_set_anew_and_ends_with_the_source) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    ScriptedSource& source = add_source(loop);
    int ran_count = 0;
    source.timer = [&] { ++ran_count; };
    reactor.schedule(source, 100'000);
    reactor.schedule(source, 1);
    EXPECT_TRUE(poll_until(loop, [&] { return ran_count == 1; }));
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    reactor.schedule(source, 1);
    reactor.retire(source);
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    spin_for_ms(3);
    loop.poll(0);
    EXPECT_EQ(ran_count, 1);
}

}  // namespace
}  // namespace edgews
