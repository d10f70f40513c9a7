// An alarm: it goes off once for each time that it is set, and never after it was set anew,
// cancelled or destroyed.
#include "net/loop/alarm.hpp"
#include "tests/support/scripted_source.hpp"

#include <gtest/gtest.h>

#include <edgews/loop.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace edgews {
namespace {

using test::forever_ms;
using test::soon_ms;
using test::steady_ms;

class Alarms : public ::testing::Test {
  protected:
    // Adds `name` to what went off.
    [[nodiscard]] auto noting(std::string name) {
        return [this, name = std::move(name), held = held_by_calls] { gone_off += name; };
    }
    // Turns until no timer is left, or for too long.
    void run_out() {
        const std::uint64_t begin_ms = steady_ms();
        while (loop.next_timeout_ms() >= 0 && steady_ms() - begin_ms < soon_ms) {
            loop.poll(forever_ms);
        }
        EXPECT_EQ(held_by_calls.use_count(), 1);
    }

    Loop loop{};
    std::shared_ptr<int> held_by_calls = std::make_shared<int>();
    std::optional<Alarm> alarm{std::in_place, Reactor::of(loop)};
    std::string gone_off{};
};

TEST_F(Alarms, one_goes_off_once_and_not_before_its_time) {
    EXPECT_FALSE(alarm->is_set());
    const std::uint64_t begin_ms = steady_ms();
    alarm->set(20, noting("a"));
    EXPECT_TRUE(alarm->is_set());
    EXPECT_EQ(gone_off, "");
    run_out();
    EXPECT_GE(steady_ms() - begin_ms, 20U);
    EXPECT_EQ(gone_off, "a");
    EXPECT_FALSE(alarm->is_set());
}

TEST_F(Alarms, no_delay_is_a_millisecond_not_within_the_call) {
    alarm->set(0, noting("a"));
    EXPECT_EQ(gone_off, "");
    run_out();
    EXPECT_EQ(gone_off, "a");
}

TEST_F(Alarms, one_that_is_set_anew_forgets_what_it_was_set_to_whether_sooner_or_later) {
    alarm->set(100'000, noting("late"));
    alarm->set(1, noting("soon"));
    run_out();
    EXPECT_EQ(gone_off, "soon");
    alarm->set(1, noting("first"));
    alarm->set(5, noting("second"));
    run_out();
    EXPECT_EQ(gone_off, "soonsecond");
}

TEST_F(Alarms, one_that_is_cancelled_does_not_go_off_and_may_be_set_again) {
    alarm->cancel();
    alarm->set(1, noting("a"));
    alarm->cancel();
    EXPECT_FALSE(alarm->is_set());
    alarm->cancel();
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    alarm->set(1, noting("b"));
    run_out();
    EXPECT_EQ(gone_off, "b");
}

TEST_F(Alarms, one_that_is_destroyed_does_not_go_off) {
    alarm->set(1, noting("a"));
    alarm.reset();
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    loop.poll(0);
    run_out();
    EXPECT_EQ(gone_off, "");
}

TEST_F(Alarms, in_its_call_it_is_not_set_and_may_be_set_anew) {
    alarm->set(1, [this] {
        EXPECT_FALSE(alarm->is_set());
        alarm->cancel();
        gone_off += "a";
        alarm->set(1, noting("b"));
    });
    run_out();
    EXPECT_EQ(gone_off, "ab");
    EXPECT_FALSE(alarm->is_set());
}

TEST_F(Alarms, its_call_may_destroy_it_and_lives_to_its_end) {
    alarm->set(1, [this, held = std::make_shared<int>(7)] {
        alarm.reset();
        gone_off += std::to_string(*held);
    });
    run_out();
    EXPECT_EQ(gone_off, "7");
}

TEST_F(Alarms, one_that_is_not_set_may_outlive_its_loop) {
    auto own_loop = std::make_unique<Loop>();
    Alarm own(Reactor::of(*own_loop));
    own.set(1, noting("a"));
    own.cancel();
    own_loop.reset();
    own.cancel();
    EXPECT_FALSE(own.is_set());
}

}  // namespace
}  // namespace edgews
