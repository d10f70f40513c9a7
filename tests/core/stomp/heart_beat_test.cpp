// Heart-beats (1.2, Heart-beating).
#include <gtest/gtest.h>

#include "core/stomp/heart_beat.hpp"

#include <cstdint>

namespace edgews::stomp {
namespace {

TEST(StompHeartBeat, C1_two_numbers_with_a_comma_between) {
    struct Row {
        const char* value;
        std::uint32_t can_send_ms;
        std::uint32_t wants_ms;
    };
    const Row rows[] = {
        {"0,0", 0, 0},
        {"4000,8000", 4000, 8000},
        {"0,1", 0, 1},
        {"0010,0", 10, 0},
        {"4294967295,1", 4294967295, 1},
        {"1,4294967296", 1, UINT32_MAX},
        {"99999999999999999999999999,1", UINT32_MAX, 1},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.value);
        const std::optional<HeartBeat> parsed = HeartBeat::parse(row.value);
        ASSERT_TRUE(parsed.has_value());
        EXPECT_EQ(parsed->can_send_ms, row.can_send_ms);
        EXPECT_EQ(parsed->wants_ms, row.wants_ms);
    }
}

TEST(StompHeartBeat, C1_anything_else_is_malformed) {
    for (const char* value : {"",
                              ",",
                              "1",
                              "1,",
                              ",1",
                              "1,2,3",
                              "-1,0",
                              "0,-1",
                              "+1,0",
                              "1.5,0",
                              "a,b",
                              "1,b",
                              "0x1,0",
                              " 1,2",
                              "1, 2",
                              "1 ,2",
                              "1,2 ",
                              "1;2",
                              "99999999999999999999x,1",
                              "1,2\n"}) {
        EXPECT_FALSE(HeartBeat::parse(value).has_value()) << value;
    }
}

TEST(StompHeartBeat, C2_C3_beats_come_as_often_as_both_can_stand) {
    EXPECT_EQ(agreed_ms({}, {}), 0U);
    EXPECT_EQ(agreed_ms({.can_send_ms = 10}, {.wants_ms = 20}), 20U);
    EXPECT_EQ(agreed_ms({.can_send_ms = 20}, {.wants_ms = 10}), 20U);
    EXPECT_EQ(agreed_ms({.can_send_ms = 0, .wants_ms = 5}, {.can_send_ms = 5, .wants_ms = 10}), 0U);
    EXPECT_EQ(agreed_ms({.can_send_ms = 20, .wants_ms = 5}, {.can_send_ms = 5, .wants_ms = 0}), 0U);
}

// However the sendings of something else fall between the looks.
TEST(StompHeartBeat, whoever_is_looked_after_so_often_is_never_silent_for_what_was_agreed) {
    for (const std::uint64_t agreed : {5U, 10U, 1'000U, 4'294'967'295U}) {
        EXPECT_LE(2 * beat_period_ms(agreed), agreed * 80 / 100);
        EXPECT_GT(beat_period_ms(agreed), 0U);
    }
}

TEST(StompHeartBeat, silence_is_too_long_at_seven_quarters_and_seen_before_it_is_twice) {
    for (const std::uint64_t agreed : {1U, 10U, 1'000U, 4'294'967'295U}) {
        const std::uint64_t limit_ms = (agreed * 175 + 99) / 100;
        EXPECT_FALSE(is_too_silent(limit_ms - 1, agreed));
        EXPECT_TRUE(is_too_silent(limit_ms, agreed));
        EXPECT_LE(limit_ms + hearing_period_ms(agreed), 2 * agreed);
    }
}

TEST(StompHeartBeat, who_is_late_may_take_twice_as_long_and_half_of_it_more) {
    for (const std::uint64_t agreed : {1U, 10U, 1'000U, 4'294'967'295U}) {
        const std::uint64_t limit_ms = (agreed * 250 + 99) / 100;
        EXPECT_FALSE(is_too_silent(limit_ms - 1, agreed, true));
        EXPECT_TRUE(is_too_silent(limit_ms, agreed, true));
        EXPECT_FALSE(is_too_silent(2 * agreed, agreed, true));
    }
}

}  // namespace
}  // namespace edgews::stomp
