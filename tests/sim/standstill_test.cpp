// A loop that stands still, while nothing is due, does not take that for its peers' silence.
#include "tests/support/scripted_source.hpp"

#include <edgews/loop.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};
constexpr std::uint64_t limit_ms = 2'000;  // In which the peer has to say something.
constexpr std::uint64_t counted_ms = 100;  // Of each standstill, at most.
constexpr std::uint64_t rounding_ms = 10;

class Standstill : public testing::Test {
  protected:
    void SetUp() override { begin(limit_ms); }
    void TearDown() override {
        reactor_.retire(source_);
        loop_.poll(0);
    }

    void begin(std::uint64_t within_ms) {
        source_.timer = [this] { is_over_ = true; };
        loop_.poll(0);
        begin_ns_ = world_.now_ns();
        reactor_.schedule(source_, within_ms);
    }
    // As in a handler that blocks, and then the loop has its turn.
    void stand_still(std::uint64_t milliseconds) {
        world_.run_for(milliseconds);
        loop_.poll(0);
    }
    // The peer says nothing. How long it took to find out.
    std::uint64_t run_until_over() {
        while (!is_over_) {
            loop_.poll(-1);
            ++turn_count_;
        }
        return (world_.now_ns() - begin_ns_) / 1'000'000;
    }

    World world_{{.recorded = calm}};
    Loop loop_;
    Reactor& reactor_ = Reactor::of(loop_);
    test::ScriptedSource& source_ = test::add_source(loop_);
    bool is_over_ = false;
    unsigned turn_count_ = 0;
    std::uint64_t begin_ns_ = 0;
};

TEST_F(Standstill, is_noticed_before_anything_is_due) {
    stand_still(1'500);
    const std::uint64_t took_ms = run_until_over();
    EXPECT_GE(took_ms, limit_ms + 1'500 - counted_ms - rounding_ms);
    EXPECT_LE(took_ms, limit_ms + 1'500 + rounding_ms);
}

TEST_F(Standstill, is_noticed_again_in_what_is_left) {
    stand_still(1'500);
    stand_still(1'500);
    const std::uint64_t took_ms = run_until_over();
    EXPECT_GE(took_ms, limit_ms + 2 * (1'500 - counted_ms) - rounding_ms);
    EXPECT_LE(took_ms, limit_ms + 3'000 + rounding_ms);
}

// What is not noticed is shorter than half of what was left: who is stopped again and again still
// leaves its peers a part of their time.
TEST_F(Standstill, that_is_short_takes_no_more_than_half) {
    stand_still(1'000);
    EXPECT_FALSE(is_over_);
    stand_still(900);
    EXPECT_FALSE(is_over_);
    EXPECT_GE(run_until_over(), limit_ms + 900 - counted_ms - rounding_ms);
}

TEST_F(Standstill, is_noticed_after_half_of_the_time_too) {
    loop_.poll(-1);  // Half of it is over.
    stand_still(800);
    EXPECT_FALSE(is_over_);
    EXPECT_GE(run_until_over(), limit_ms + 800 - counted_ms - rounding_ms);
}

// Half of half of it, and so on; and each time that a timer moves down the wheel.
TEST_F(Standstill, is_looked_for_a_few_times_only) {
    EXPECT_LE(run_until_over(), limit_ms + rounding_ms);
    EXPECT_LE(turn_count_, 8U);
    is_over_ = false;
    turn_count_ = 0;
    begin(60'000);
    EXPECT_LE(run_until_over(), 60'000 + rounding_ms);
    EXPECT_LE(turn_count_, 24U);
}

}  // namespace
}  // namespace edgews::sim
