// When a STOMP session does something: beats, what is waited for, and what ends it.
#include "stomp_session.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {
namespace {

constexpr std::string_view silence = "Nothing was heard for longer than was agreed.";

// 1.2, Heart-beating: at least so often, and room for what the network takes.
TEST_F(StompSessionInTime, who_is_told_nothing_is_sent_a_beat_in_two_fifths_of_the_time) {
    start({.session = {.heart_beat = {.can_send_ms = 10'000, .wants_ms = 0}}});
    StompClientPeer peer(world_);
    connect(peer, "heart-beat:0,10000\n");
    run_until(20'001);
    ASSERT_EQ(peer.beats().size(), 4U);  // CONNECTED has been one, too.
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_NEAR(static_cast<double>(peer.beats()[i] - connected_ms_),
                    4'000.0 * static_cast<double>(i + 2), 5);
    }
}

TEST_F(StompSessionInTime, what_is_sent_is_a_beat_too) {
    start({.session = {.heart_beat = {.can_send_ms = 10'000, .wants_ms = 0}}});
    StompClientPeer peer(world_);
    connect(peer, "heart-beat:0,10000\n");
    peer.subscribe("/topic/a");
    run_until(9'000);
    ASSERT_EQ(peer.beats().size(), 1U);
    EXPECT_EQ(broker_->send("/topic/a", "x"), stomp::Fault::none);
    run_until(15'999);
    EXPECT_EQ(peer.beats().size(), 1U);
    run_until(16'001);
    EXPECT_EQ(peer.beats().size(), 2U);
}

TEST_F(StompSessionInTime, without_beats_nobody_is_sent_any_and_nobody_is_ended) {
    start({});
    StompClientPeer peer(world_);
    connect(peer);
    world_.run_for(3'600'000);
    EXPECT_TRUE(peer.beats().empty());
    EXPECT_EQ(peer.ended_ms(), 0U);
}

// 1.2, Heart-beating: it is looked at each tenth of the time, and 1.75 times is too long.
TEST_F(StompSessionInTime, who_falls_silent_is_ended_when_it_had_time_enough) {
    start({.session = {.heart_beat = {.can_send_ms = 0, .wants_ms = 10'000}}});
    struct Case {
        std::uint64_t spoke_ms, ends_ms;
    };
    for (const Case& each : {Case{0, 18'000}, Case{5'490, 23'000}, Case{5'540, 24'000}}) {
        SCOPED_TRACE(each.spoke_ms);
        StompClientPeer peer(world_);
        connect(peer, "heart-beat:10000,0\n");
        if (each.spoke_ms > 0) {
            run_until(each.spoke_ms);
            peer.send("\n");
        }
        run_until(each.ends_ms - 100);
        EXPECT_EQ(peer.ended_ms(), 0U);
        run_until(each.ends_ms + 100);
        EXPECT_TRUE(peer.has_heard(silence)) << peer.take_heard();
        EXPECT_NE(peer.ended_ms(), 0U);
    }
}

TEST_F(StompSessionInTime, who_beats_stays) {
    start({.session = {.heart_beat = {.can_send_ms = 0, .wants_ms = 1'000}}});
    StompClientPeer peer(world_);
    connect(peer, "heart-beat:1000,0\n");
    for (int i = 0; i < 100; ++i) {
        world_.run_for(1'600);
        peer.send("\n");
    }
    EXPECT_EQ(peer.ended_ms(), 0U) << peer.take_heard();
}

// What it says meanwhile is not read.
TEST_F(StompSessionInTime, who_waits_for_room_is_not_taken_for_silent) {
    start({.broker = {.queue = {.message_count_max = 1, .when_full = stomp::WhenFull::block}},
           .session = {.heart_beat = {.can_send_ms = 0, .wants_ms = 1'000}},
           .block_timeout_ms = 10'000});
    StompClientPeer peer(world_);
    connect(peer, "heart-beat:1000,0\n");
    peer.send_to("/queue/a", "1");
    peer.send_to("/queue/a", "2");
    run_until(9'000);
    EXPECT_EQ(peer.ended_ms(), 0U);
    StompClientPeer taker(world_);
    connect_consumer(taker, "/queue/a");
    run_until(9'001);
    EXPECT_TRUE(taker.has_heard("\n\n1"));
    EXPECT_TRUE(taker.has_heard("\n\n2"));
    // It is read again, and has its time from now on.
    run_until(10'500);
    EXPECT_EQ(peer.ended_ms(), 0U) << peer.take_heard();
    run_until(11'500);
    EXPECT_TRUE(peer.has_heard(silence)) << peer.take_heard();
}

TEST_F(StompSessionInTime, room_that_does_not_come_is_not_waited_for_any_longer) {
    start({.broker = {.queue = {.message_count_max = 1, .when_full = stomp::WhenFull::block}},
           .block_timeout_ms = 10'000});
    StompClientPeer peer(world_);
    connect(peer);
    peer.send_to("/queue/a", "1");
    run_until(5'000);
    peer.send_to("/queue/a", "2");
    run_until(14'900);
    EXPECT_EQ(peer.ended_ms(), 0U);
    run_until(15'100);
    EXPECT_TRUE(peer.has_heard("No room came in time (block_timeout_ms).")) << peer.take_heard();
}

// Of two waits each has its own time.
TEST_F(StompSessionInTime, who_got_room_once_is_not_ended_for_that_wait_later) {
    start({.broker = {.queue = {.message_count_max = 1, .when_full = stomp::WhenFull::block}},
           .block_timeout_ms = 10'000});
    StompClientPeer peer(world_);
    connect(peer);
    peer.send_to("/queue/a", "1");
    peer.send_to("/queue/a", "2");
    run_until(5'000);
    StompClientPeer taker(world_);
    connect_consumer(taker, "/queue/a");
    run_until(5'001);
    EXPECT_TRUE(taker.has_heard("\n\n2"));
    taker.end();
    run_until(6'000);
    peer.send_to("/queue/a", "3");
    peer.send_to("/queue/a", "4");
    run_until(15'900);
    EXPECT_EQ(peer.ended_ms(), 0U) << peer.take_heard();
    run_until(16'100);
    EXPECT_TRUE(peer.has_heard("No room came in time")) << peer.take_heard();
}

TEST_F(StompSessionInTime, who_does_not_connect_in_time_is_ended_and_who_did_is_not) {
    start({.connect_timeout_ms = 3'000});
    StompClientPeer there(world_);
    connect(there);
    StompClientPeer mute(world_);
    mute.connect(server_.port());
    world_.run_for(2'990);
    EXPECT_EQ(mute.ended_ms(), 0U);
    world_.run_for(20);
    EXPECT_TRUE(mute.has_heard("No CONNECT came in time (connect_timeout_ms)."));
    world_.run_for(10'000);
    EXPECT_EQ(there.ended_ms(), 0U);
}

TEST_F(StompSessionInTime, what_was_granted_for_a_time_is_renewed_for_a_time) {
    std::vector<std::uint64_t> asked_ms;
    start({}, {.authenticate = [](const StompClient&,
                                  const stomp::Frame&) { return StompAccess{.valid_for_ms = 500}; },
               .renew =
                   [&](const StompClient&) {
                       asked_ms.push_back(now_ms() - connected_ms_);
                       return StompAccess{.valid_for_ms = asked_ms.size() < 2 ? 700U : 0U};
                   }});
    StompClientPeer peer(world_);
    connect(peer);
    world_.run_for(100'000);
    EXPECT_EQ(asked_ms, (std::vector<std::uint64_t>{500, 1'200}));
    EXPECT_EQ(peer.ended_ms(), 0U) << peer.take_heard();
}

// 1.2, Connection Lingering: it has time to read why, and does not close.
TEST_F(StompSessionInTime, who_stays_after_its_end_is_dropped_after_five_seconds) {
    start({});
    for (const char* last : {"DISCONNECT\n\n", "NONSENSE\n\n"}) {
        SCOPED_TRACE(last);
        StompClientPeer peer(world_);
        connect(peer);
        peer.set_reading(false);
        peer.say(last);
        // Nothing of this is done.
        peer.send_to("/queue/late", "x");
        run_until(4'900);
        EXPECT_EQ(connection_count(), 1U);
        run_until(5'200);
        EXPECT_EQ(connection_count(), 0U);
        EXPECT_TRUE(broker_->destinations().empty());
    }
}

// Nor is anything asked about it any more.
TEST_F(StompSessionInTime, who_has_ended_or_left_is_not_renewed) {
    int asked_count = 0;
    start({}, {.authenticate = [](const StompClient&,
                                  const stomp::Frame&) { return StompAccess{.valid_for_ms = 500}; },
               .renew =
                   [&](const StompClient&) {
                       ++asked_count;
                       return StompAccess{};
                   }});
    StompClientPeer stays(world_);
    connect(stays);
    stays.set_reading(false);
    stays.say("DISCONNECT\n\n");
    StompClientPeer leaves(world_);
    connect(leaves);
    leaves.reset();
    world_.run_for(10'000);
    EXPECT_EQ(asked_count, 0);
    EXPECT_EQ(connection_count(), 0U);
}

// Its end is heard while it waits for room.
TEST_F(StompSessionInTime, who_leaves_while_it_waits_for_room_is_forgotten) {
    start({.broker = {.queue = {.message_count_max = 1, .when_full = stomp::WhenFull::block}},
           .block_timeout_ms = 10'000});
    for (const bool is_reset : {false, true}) {
        SCOPED_TRACE(is_reset);
        StompClientPeer peer(world_);
        connect(peer);
        peer.send_to("/queue/a", "1");
        peer.send_to("/queue/a", "2");
        world_.run_for(1'000);
        is_reset ? peer.reset() : peer.end();
        // A reset is heard at once, an end when it is read again.
        world_.run_for(is_reset ? 1 : 20'000);
        EXPECT_EQ(connection_count(), 0U);
        EXPECT_EQ(broker_->stats().sessions, 0U);
    }
}

// In slices, each in a turn of its own, and all of them. Twice: what is noted of the first time
// keeps nobody from the second.
TEST_F(StompSessionInTime, queues_that_nobody_uses_go_however_many_there_are) {
    constexpr std::size_t count = 5'000;
    start({.broker = {.unused_queue_timeout_ms = 5'000}});
    StompClientPeer peer(world_);
    connect(peer);  // Loops look at the clock where somebody is.
    for (int round = 0; round < 2; ++round) {
        SCOPED_TRACE(round);
        for (std::size_t i = 0; i < count; ++i) {
            EXPECT_EQ(broker_->send("/queue/" + std::to_string(i), "x"), stomp::Fault::none);
        }
        world_.run_for(4'900);
        EXPECT_EQ(broker_->stats().destinations, count);
        world_.run_for(2'100);
        EXPECT_EQ(broker_->stats().destinations, 0U);
    }
}

// What the application puts there before anybody comes is as new as it is.
TEST_F(StompSessionInTime, a_queue_is_used_when_it_is_sent_to_though_nobody_is_there) {
    start({.broker = {.unused_queue_timeout_ms = 5'000}});
    world_.run_for(60'000);
    EXPECT_EQ(broker_->send("/queue/a", "early"), stomp::Fault::none);
    world_.run_for(1'000);
    StompClientPeer peer(world_);
    connect(peer);
    run_until(3'000);
    peer.subscribe("/queue/a");
    run_until(3'100);
    EXPECT_TRUE(peer.has_heard("\n\nearly"));
}

}  // namespace
}  // namespace edgews::sim::test
