// The timer wheel against a sorted map, over long random runs and at its borders.
#include <gtest/gtest.h>

#include "net/loop/timer_wheel.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace edgews {
namespace {

// Every level of the wheel has 64 slots: these are the spans of its slots.
constexpr std::uint64_t slot_spans_ms[] = {1, 64, 4096, 262'144, 16'777'216, 1'073'741'824};
// Three years; the wheel promises two.
constexpr std::uint64_t too_far_ms = 94'608'000'000;
constexpr std::uint64_t two_years_ms = 63'072'000'000;

struct Timer : TimerNode {
    explicit Timer(int timer_id = 0) : id(timer_id) {}
    int id;
};

std::vector<int> ids_popped(TimerWheel& wheel, std::uint64_t now_ms) {
    std::vector<int> ids;
    while (TimerNode* node = wheel.pop_expired(now_ms))
        ids.push_back(static_cast<Timer*>(node)->id);
    return ids;
}

TEST(TimerWheel, an_empty_one_has_nothing_due_ever) {
    TimerWheel wheel(5);
    EXPECT_EQ(wheel.next_due_ms(), TimerWheel::never);
    EXPECT_EQ(wheel.pop_expired(5), nullptr);
    EXPECT_EQ(wheel.pop_expired(too_far_ms), nullptr);
    EXPECT_EQ(wheel.next_due_ms(), TimerWheel::never);
}

TEST(TimerWheel, a_timer_is_set_from_schedule_until_it_is_popped) {
    TimerWheel wheel;
    Timer timer;
    EXPECT_FALSE(timer.is_set());
    wheel.schedule(timer, 10);
    EXPECT_TRUE(timer.is_set());
    EXPECT_EQ(timer.expires_ms(), 10U);
    EXPECT_EQ(wheel.pop_expired(9), nullptr);
    EXPECT_TRUE(timer.is_set());
    EXPECT_EQ(wheel.pop_expired(10), &timer);
    EXPECT_FALSE(timer.is_set());
    EXPECT_EQ(wheel.pop_expired(10), nullptr);
}

TEST(TimerWheel, a_time_that_has_passed_is_due_at_once) {
    TimerWheel wheel(1000);
    Timer now(1);
    Timer past(2);
    wheel.schedule(now, 1000);
    wheel.schedule(past, 3);
    EXPECT_EQ(wheel.next_due_ms(), 1000U);
    EXPECT_EQ(ids_popped(wheel, 1000).size(), 2U);
}

TEST(TimerWheel, setting_anew_forgets_the_former_time_whether_sooner_or_later) {
    for (const std::uint64_t first : {5U, 500U, 50'000U}) {
        for (const std::uint64_t second : {7U, 700U, 70'000U}) {
            SCOPED_TRACE(testing::Message() << first << " then " << second);
            TimerWheel wheel;
            Timer timer(1);
            wheel.schedule(timer, first);
            wheel.schedule(timer, second);
            EXPECT_EQ(wheel.pop_expired(second - 1), nullptr);
            EXPECT_EQ(ids_popped(wheel, second), std::vector{1});
        }
    }
}

TEST(TimerWheel, a_cancelled_timer_never_expires_and_may_be_set_again) {
    TimerWheel wheel;
    Timer timer(1);
    wheel.cancel(timer);  // Not set: nothing happens.
    wheel.schedule(timer, 100);
    wheel.cancel(timer);
    EXPECT_FALSE(timer.is_set());
    EXPECT_EQ(wheel.next_due_ms(), TimerWheel::never);
    EXPECT_EQ(wheel.pop_expired(1000), nullptr);
    wheel.schedule(timer, 2000);
    EXPECT_EQ(ids_popped(wheel, 2000), std::vector{1});
}

TEST(TimerWheel, timers_of_all_levels_come_in_order_of_time_however_they_were_set) {
    std::vector<std::uint64_t> times;
    for (const std::uint64_t span : slot_spans_ms) {
        for (const std::uint64_t count : {1U, 2U, 62U}) times.push_back(span * count + 7);
        times.push_back(span * 63);
    }
    std::mt19937_64 random(1);
    for (int round = 0; round < 20; ++round) {
        SCOPED_TRACE(round);
        std::shuffle(times.begin(), times.end(), random);
        TimerWheel wheel;
        std::vector<std::unique_ptr<Timer>> timers;
        for (const std::uint64_t time : times) {
            wheel.schedule(*timers.emplace_back(std::make_unique<Timer>()), time);
        }
        std::vector<std::uint64_t> popped;
        while (TimerNode* node = wheel.pop_expired(too_far_ms))
            popped.push_back(node->expires_ms());
        std::vector<std::uint64_t> expected = times;
        std::sort(expected.begin(), expected.end());
        EXPECT_EQ(popped, expected);
    }
}

TEST(TimerWheel, around_every_level_border_a_timer_is_due_at_its_millisecond_exactly) {
    for (const std::uint64_t span : slot_spans_ms) {
        for (const std::uint64_t border : {span, 63 * span, 64 * span, 65 * span}) {
            for (std::uint64_t start = border - std::min<std::uint64_t>(border, 2);
                 start <= border + 1; ++start) {
                for (const std::uint64_t delay : {1U, 2U, 3U, 63U, 64U, 65U, 4095U, 4096U, 4097U}) {
                    SCOPED_TRACE(testing::Message() << "at " << start << " for " << delay);
                    TimerWheel wheel(start);
                    Timer timer(1);
                    wheel.schedule(timer, start + delay);
                    ASSERT_LE(wheel.next_due_ms(), start + delay);
                    ASSERT_EQ(wheel.pop_expired(start + delay - 1), nullptr);
                    ASSERT_EQ(wheel.next_due_ms(), start + delay);
                    ASSERT_EQ(wheel.pop_expired(start + delay), &timer);
                }
            }
        }
    }
}

TEST(TimerWheel, two_years_are_kept_exactly_from_any_start_and_more_is_due_no_sooner) {
    constexpr std::uint64_t top = std::uint64_t{1}
                                  << 36;  // What six levels of 64 slots tell apart.
    for (const std::uint64_t start : {std::uint64_t{0}, std::uint64_t{12'345}, top / 2 + 1, top - 2,
                                      top - 1, top, 3 * top - 1, 1000 * top - 5}) {
        for (const std::uint64_t delay :
             {std::uint64_t{1}, std::uint64_t{1000}, std::uint64_t{30'000'000}, two_years_ms}) {
            SCOPED_TRACE(testing::Message() << "at " << start << " for " << delay);
            TimerWheel wheel(start);
            Timer timer;
            wheel.schedule(timer, start + delay);
            EXPECT_EQ(wheel.pop_expired(start + delay - 1), nullptr);
            EXPECT_EQ(wheel.pop_expired(start + delay), &timer);
        }
        SCOPED_TRACE(start);
        TimerWheel wheel(start);
        Timer timer;
        Timer forever;
        wheel.schedule(timer, start + too_far_ms);
        wheel.schedule(forever, TimerWheel::never);
        EXPECT_EQ(wheel.pop_expired(start + two_years_ms), nullptr);
        EXPECT_EQ(ids_popped(wheel, start + too_far_ms).size(), 2U);
    }
}

TEST(TimerWheel, nodes_that_die_while_set_leave_the_others_alone) {
    TimerWheel wheel;
    Timer before(1);
    auto dying = std::make_unique<Timer>(2);
    Timer after(3);
    for (Timer* timer : {&before, dying.get(), &after}) wheel.schedule(*timer, 5000);
    dying.reset();
    auto alone = std::make_unique<Timer>(4);
    wheel.schedule(*alone, 77);
    alone.reset();
    EXPECT_EQ(ids_popped(wheel, 4999), std::vector<int>{});
    EXPECT_EQ(ids_popped(wheel, 5000).size(), 2U);
}

TEST(TimerWheel, a_wheel_that_dies_leaves_its_timers_unset) {
    Timer near;
    Timer far;
    {
        TimerWheel wheel;
        wheel.schedule(near, 1);
        wheel.schedule(far, 1'000'000);
    }
    EXPECT_FALSE(near.is_set());
    EXPECT_FALSE(far.is_set());
    TimerWheel other;
    other.schedule(near, 3);
    EXPECT_EQ(other.pop_expired(3), &near);
}

TEST(TimerWheel, a_timer_set_while_others_are_popped_joins_them_in_its_order) {
    TimerWheel wheel;
    Timer first(1);
    Timer second(2);
    Timer between(3);
    wheel.schedule(first, 10);
    wheel.schedule(second, 100);
    ASSERT_EQ(wheel.pop_expired(200), &first);
    wheel.schedule(between, 50);
    EXPECT_EQ(ids_popped(wheel, 200), (std::vector{3, 2}));
}

// A wheel and what it should hold, driven by random operations.
class Comparison {
  public:
    Comparison(std::uint64_t seed, std::uint64_t start_ms)
        : random_(seed), now_ms_(start_ms), wheel_(start_ms) {
        for (int i = 0; i < timer_count; ++i) timers_.push_back(std::make_unique<Timer>(i));
    }

    void step() {
        const std::size_t index = random_() % timer_count;
        switch (random_() % 8) {
            case 0: cancel(index); break;
            case 1: destroy(index); break;
            case 2:
            case 3: advance(); break;
            default: schedule(index); break;
        }
        expect_bound();
    }

    void finish() {
        now_ms_ += too_far_ms;
        pop_all();
        EXPECT_TRUE(expected_.empty());
    }

  private:
    static constexpr int timer_count = 200;

    // Of any magnitude, so that all levels are used alike.
    std::uint64_t random_delay() { return random_() >> (random_() % 35 + 29); }

    void schedule(std::size_t index) {
        forget(index);
        // Now and then a time that has passed.
        const std::uint64_t expires = now_ms_ + random_delay() - std::min(now_ms_, random_() % 3);
        wheel_.schedule(*timers_[index], expires);
        expected_.emplace(std::max(expires, now_ms_), index);
    }
    void cancel(std::size_t index) {
        forget(index);
        wheel_.cancel(*timers_[index]);
    }
    void destroy(std::size_t index) {
        forget(index);
        timers_[index] = std::make_unique<Timer>(static_cast<int>(index));
    }
    void advance() {
        now_ms_ += random_() % 2 == 0 ? random_() % 100 : random_delay() / 16;
        // To the first timer exactly, and to just before it.
        if (!expected_.empty() && random_() % 2 == 0) {
            const std::uint64_t first_ms = expected_.begin()->first;
            now_ms_ = std::max(now_ms_, first_ms - std::min(first_ms, random_() % 2));
        }
        pop_all();
    }
    void pop_all() {
        std::uint64_t last_ms = 0;
        while (TimerNode* node = wheel_.pop_expired(now_ms_)) {
            const auto index = static_cast<std::size_t>(static_cast<Timer*>(node)->id);
            ASSERT_LE(last_ms, node->expires_ms());
            last_ms = node->expires_ms();
            // At one time any order will do.
            const auto [begin, end] = expected_.equal_range(last_ms);
            ASSERT_EQ(last_ms, expected_.begin()->first);
            const auto found = std::find_if(begin, end, [&](auto& e) { return e.second == index; });
            ASSERT_NE(found, end);
            expected_.erase(found);
        }
        ASSERT_TRUE(expected_.empty() || expected_.begin()->first > now_ms_);
    }
    void expect_bound() {
        const std::uint64_t due_ms = wheel_.next_due_ms();
        if (expected_.empty()) {
            ASSERT_EQ(due_ms, TimerWheel::never);
        } else {
            ASSERT_LE(due_ms, expected_.begin()->first);
            ASSERT_GE(due_ms, now_ms_);
        }
    }
    void forget(std::size_t index) {
        if (!timers_[index]->is_set()) return;
        const auto [begin, end] = expected_.equal_range(timers_[index]->expires_ms());
        const auto found = std::find_if(begin, end, [&](auto& e) { return e.second == index; });
        ASSERT_NE(found, end);
        expected_.erase(found);
    }

    std::mt19937_64 random_;
    std::uint64_t now_ms_;
    TimerWheel wheel_;
    std::vector<std::unique_ptr<Timer>> timers_;
    std::multimap<std::uint64_t, std::size_t> expected_;
};

TEST(TimerWheel, over_long_random_runs_it_does_what_a_sorted_map_does) {
    const std::uint64_t seed = std::random_device{}();
    RecordProperty("seed", std::to_string(seed));
    for (const std::uint64_t start :
         {std::uint64_t{0}, std::uint64_t{1'234'567'890}, (std::uint64_t{1} << 36) - 1000}) {
        SCOPED_TRACE(testing::Message() << "seed " << seed << ", from " << start);
        Comparison comparison(seed + start, start);
        for (int i = 0; i < 200'000; ++i) {
            comparison.step();
            if (testing::Test::HasFatalFailure()) return;
        }
        comparison.finish();
    }
}

}  // namespace
}  // namespace edgews
