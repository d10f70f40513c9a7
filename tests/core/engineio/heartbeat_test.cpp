// The heart-beat, by a clock that the test tells.
#include "core/engineio/heartbeat.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace edgews::engineio {
namespace {

using Due = Heartbeat::Due;

constexpr Heartbeat::Times times{.ping_interval_ms = 300, .ping_timeout_ms = 200};

TEST(EngineIoHeartbeat, pings_after_the_interval_and_ends_after_the_time_out) {
    Heartbeat beat(times, 1'000);
    EXPECT_EQ(beat.next_ms(), 1'300U);
    EXPECT_EQ(beat.due(1'299), Due::nothing);
    EXPECT_EQ(beat.due(1'310), Due::ping);
    EXPECT_EQ(beat.next_ms(), 1'510U);
    EXPECT_EQ(beat.due(1'509), Due::nothing);
    EXPECT_EQ(beat.due(1'510), Due::end);
}

TEST(EngineIoHeartbeat, a_pong_begins_the_interval_anew_whether_it_was_asked_for_or_not) {
    Heartbeat beat(times, 0);
    EXPECT_EQ(beat.due(300), Due::ping);
    beat.pong(450);
    EXPECT_EQ(beat.next_ms(), 750U);
    beat.pong(600);
    EXPECT_EQ(beat.next_ms(), 900U);
    EXPECT_EQ(beat.due(900), Due::ping);
}

// A large message may be in front of the pong; but one after the other is no pong.
TEST(EngineIoHeartbeat, another_packet_gives_who_owes_a_pong_its_time_once_more) {
    Heartbeat beat(times, 0);
    beat.heard(100);
    EXPECT_EQ(beat.next_ms(), 300U);
    EXPECT_EQ(beat.due(300), Due::ping);
    beat.heard(499);
    EXPECT_EQ(beat.next_ms(), 699U);
    beat.heard(690);
    EXPECT_EQ(beat.due(698), Due::nothing);
    EXPECT_EQ(beat.due(699), Due::end);
}

TEST(EngineIoHeartbeat, the_next_ping_gives_time_once_more_again) {
    Heartbeat beat(times, 0);
    EXPECT_EQ(beat.due(300), Due::ping);
    beat.heard(310);
    beat.pong(320);
    EXPECT_EQ(beat.due(620), Due::ping);
    beat.heard(630);
    EXPECT_EQ(beat.next_ms(), 830U);
}

TEST(EngineIoHeartbeat, nothing_is_due_while_it_is_held) {
    Heartbeat beat(times, 0);
    beat.hold();
    EXPECT_EQ(beat.next_ms(), Heartbeat::never);
    EXPECT_EQ(beat.due(10'000), Due::nothing);
    beat.release(10'000);
    EXPECT_EQ(beat.next_ms(), 300U) << "it is late, and due at once";
    EXPECT_EQ(beat.due(10'000), Due::ping);
}

TEST(EngineIoHeartbeat, who_owed_a_pong_has_its_time_anew_when_it_is_released) {
    Heartbeat beat(times, 0);
    EXPECT_EQ(beat.due(300), Due::ping);
    beat.hold();
    beat.release(900);
    EXPECT_EQ(beat.next_ms(), 1'100U);
    beat.release(1'000);
    EXPECT_EQ(beat.next_ms(), 1'100U) << "it was not held";
    EXPECT_EQ(beat.due(1'100), Due::end);
}

TEST(EngineIoHeartbeat, it_begins_anew_by_another_clock) {
    Heartbeat beat(times, 5'000);
    EXPECT_EQ(beat.due(5'300), Due::ping);
    beat.hold();
    beat.begin(70);
    EXPECT_EQ(beat.next_ms(), 370U);
    EXPECT_EQ(beat.due(370), Due::ping);
}

// The client pings: it is gone when nothing has come for the interval and the time-out.
TEST(EngineIoHeartbeat, where_the_client_pings_it_only_listens) {
    Heartbeat beat(times, 1'000, Heartbeat::Pinger::client);
    EXPECT_EQ(beat.next_ms(), 1'500U);
    EXPECT_EQ(beat.due(1'499), Due::nothing);
    beat.heard(1'499);
    EXPECT_EQ(beat.next_ms(), 1'999U);
    beat.heard(1'600);
    beat.heard(1'700);
    EXPECT_EQ(beat.next_ms(), 2'200U) << "each packet counts";
    EXPECT_EQ(beat.due(2'199), Due::nothing);
    EXPECT_EQ(beat.due(2'200), Due::end);
}

TEST(EngineIoHeartbeat, where_the_client_pings_it_has_all_its_time_when_it_is_released) {
    Heartbeat beat(times, 0, Heartbeat::Pinger::client);
    beat.hold();
    EXPECT_EQ(beat.due(10'000), Due::nothing);
    beat.release(10'000);
    EXPECT_EQ(beat.next_ms(), 10'500U);
    beat.begin(70);
    EXPECT_EQ(beat.next_ms(), 570U) << "by another clock";
    EXPECT_EQ(beat.due(570), Due::end);
}

TEST(EngineIoHeartbeat, the_longest_times_are_not_short) {
    Heartbeat beat({UINT32_MAX, UINT32_MAX}, 5, Heartbeat::Pinger::client);
    EXPECT_EQ(beat.next_ms(), 5 + 2 * std::uint64_t{UINT32_MAX});
}

}  // namespace
}  // namespace edgews::engineio
