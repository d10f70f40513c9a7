// What becomes of a subscriber of topics that is slow, and what it is told.
#include "slow_fixture.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

// ---- What is dropped ---------------------------------------------------------

// It has all of the burst until then, and the newest of it from then on.
TEST_F(StompSlow, drop_oldest_holds_it_to_its_limit_when_it_is_slow_and_tells_what_is_missing) {
    start(options_for(WhenSlow::drop_oldest));
    send(sender(), 0, 50);
    at(1'000);
    at(6'000);
    EXPECT_FALSE(slow().session().is_over());
    EXPECT_EQ(peers_->broker().counters().dropped, 0U);  // Nothing else wants the room.
    send(sender(), 50, 60);
    EXPECT_LE(waiting(), backlog);
    const std::size_t dropped = peers_->broker().counters().dropped;
    EXPECT_GT(dropped, 45U);
    slow().unstick();
    const int first = static_cast<int>(dropped);
    EXPECT_EQ(take_numbers(slow()), "(" + std::to_string(first) + ")" + numbers(first, 60));
    // That is told once; and it has time for a burst again.
    slow().is_stuck = true;
    send(sender(), 60, 110);
    at(7'000);
    slow().unstick();
    EXPECT_EQ(take_numbers(slow()), numbers(60, 110));
    EXPECT_EQ(peers_->broker().counters().dropped, dropped);
}

TEST_F(StompSlow, it_is_held_to_its_limit_until_half_of_that_is_free) {
    for (const bool is_free : {false, true}) {
        start(options_for(WhenSlow::drop_oldest));
        send(sender(), 0, 50);
        at(1'000);
        at(6'000);
        send(sender(), 50, 51);
        const std::size_t dropped = peers_->broker().counters().dropped;
        take_some(is_free ? 5 : 3);
        EXPECT_EQ(waiting() <= backlog / 2, is_free);
        send(sender(), 51, 71);
        EXPECT_EQ(peers_->broker().counters().dropped == dropped, is_free);
    }
}

TEST_F(StompSlow, drop_newest_keeps_what_waits_and_tells_of_the_gap_behind_it) {
    start(options_for(WhenSlow::drop_newest));
    send(sender(), 0, 20);
    at(1'000);
    at(6'000);
    send(sender(), 20, 50);
    EXPECT_EQ(peers_->broker().counters().dropped, 30U);
    slow().unstick();
    EXPECT_EQ(take_numbers(slow()), numbers(0, 20));
    send(sender(), 50, 52);
    EXPECT_EQ(take_numbers(slow()), "(30)50 51 ");
}

// What does not even fit when all else is gone, as another subscription has the room.
TEST_F(StompSlow, a_gap_among_others_is_told_where_it_begins) {
    BrokerOptions options = options_for(WhenSlow::drop_newest);
    options.slow_after_ms = 0;
    start(options);
    send(sender(), 0, 8);
    sender().say("SEND\ndestination:/topic/a\n\n8 " + std::string(9'000, 'x'));
    EXPECT_EQ(peers_->broker().counters().dropped, 1U);
    take_some(2);
    send(sender(), 9, 10);  // This fits again: the gap is between.
    sender().say("SEND\ndestination:/topic/a\n\n10 " + std::string(9'000, 'x'));
    send(sender(), 11, 12);
    slow().unstick();
    EXPECT_EQ(take_numbers(slow()), numbers(2, 8) + "(2)9 11 ");
}

TEST_F(StompSlow, each_subscription_is_told_of_its_own) {
    BrokerOptions options = options_for(WhenSlow::drop_oldest);
    options.slow_after_ms = 0;
    start(options);
    subscribe(slow(), "/topic/b");
    send(sender(), 0, 2, "/topic/b");
    send(sender(), 10, 20);
    slow().unstick();
    EXPECT_EQ(peers_->broker().counters().dropped, 4U);
    std::string of_a, of_b;
    while (!slow().has_nothing()) {
        const Got got = slow().take("MESSAGE");
        (got.header("destination") == "/topic/a" ? of_a : of_b) += got.header("dropped") + ' ';
    }
    EXPECT_EQ(of_a, "4 (none) (none) (none) (none) (none) ");
    EXPECT_EQ(of_b, "(none) (none) ");
}

// By an unknown header, which clients of all versions pass over (1.2, Frames and Headers); what a
// sender says of that name is not the server's word.
TEST_F(StompSlow, clients_of_all_versions_are_told_and_senders_cannot) {
    for (const std::string_view version : versions) {
        BrokerOptions options = options_for(WhenSlow::drop_oldest);
        options.slow_after_ms = 0;
        start(options);
        Peer& peer = listener(*peers_, version);
        peer.is_stuck = true;
        send(sender(), 0, 20);
        peer.unstick();
        EXPECT_NE(peer.take("MESSAGE").header("dropped"), "(none)");
        static_cast<void>(take_numbers(peer));
        sender().say("SEND\ndestination:/topic/a\ndropped:1000\n\n7 ");
        EXPECT_EQ(take_numbers(peer), "7 ");
    }
}

// A message that its pattern covers, and that it may not have, cannot tell.
TEST_F(StompSlow, what_was_withheld_leaves_it_to_the_next_to_tell) {
    BrokerOptions options = options_for(WhenSlow::drop_oldest);
    options.slow_after_ms = 0;
    start(options);
    send(sender(), 0, 20);
    std::vector<Outgoing> out;
    Broker& broker = peers_->broker();
    EXPECT_TRUE(broker.collect(slow().session().outbox(), 1, out));
    ASSERT_EQ(out.size(), 1U);
    const std::size_t dropped = out[0].dropped_count;
    EXPECT_GT(dropped, 0U);
    broker.withhold(slow().session().outbox(), out[0].id, dropped);
    slow().unstick();
    EXPECT_EQ(slow().take("MESSAGE").header("dropped"), std::to_string(dropped));
    EXPECT_EQ(take_numbers(slow()).find('('), std::string::npos);
}

// Of a gap behind others, those that are withheld say nothing; of one in front of them, they said
// it.
TEST_F(StompSlow, what_was_withheld_leaves_a_later_gap_where_it_is) {
    for (const std::size_t said : {std::size_t{0}, std::size_t{2}}) {
        BrokerOptions options = options_for(WhenSlow::drop_newest);
        options.slow_after_ms = 0;
        start(options);
        Broker& broker = peers_->broker();
        Outbox& outbox = slow().session().outbox();
        std::vector<Outgoing> out;
        send(sender(), 0, 4);
        EXPECT_TRUE(broker.collect(outbox, 1, out));
        sender().say("SEND\ndestination:/topic/a\n\n" + std::string(backlog, 'x'));
        broker.withhold(outbox, out[0].id, said);
        send(sender(), 4, 5);
        slow().unstick();
        EXPECT_EQ(take_numbers(slow()), said == 0 ? "1 2 3 (1)4 " : "(3)1 2 3 4 ");
    }
}

// It reads all that fits: one that is too large for anyone says nothing about it.
TEST_F(StompSlow, who_lost_a_message_that_is_too_large_has_time_for_a_burst_after_it) {
    for (const WhenSlow when_slow : {WhenSlow::drop_oldest, WhenSlow::drop_newest}) {
        start(options_for(when_slow));
        subscribe(slow(), "/topic/b");
        send(sender(), 0, 1, "/topic/b");
        sender().say("SEND\ndestination:/topic/a\n\n" + std::string(cap, 'x'));
        EXPECT_EQ(peers_->broker().counters().dropped, 1U);
        send(sender(), 1, 50);
        slow().unstick();
        EXPECT_EQ(take_numbers(slow()), "0 (1)" + numbers(1, 50));
    }
}

// Its session need not have heard of it.
TEST_F(StompSlow, who_is_ended_has_nothing_to_collect) {
    start(options_for(WhenSlow::disconnect));
    send(sender(), 0, 5);
    peers_->broker().end(slow().session().outbox(), Fault::closed_by_server);
    std::vector<Outgoing> out;
    EXPECT_FALSE(peers_->broker().collect(slow().session().outbox(), 1'000'000, out));
    EXPECT_TRUE(out.empty());
}

// ---- WhenSlow::block ---------------------------------------------------------

class StompBlocking : public StompSlow {
  protected:
    void SetUp() override { start(options_for(WhenSlow::block)); }
    [[nodiscard]] static bool waits(Peer& peer) { return peer.session().outbox().has_to_wait(); }
    // Until it has to wait, or so often.
    int send_until_waiting(Peer& peer) {
        int count = 0;
        for (; count < 1'000 && !waits(peer); ++count) send(peer, count, count + 1);
        return count;
    }
};

TEST_F(StompBlocking, producers_wait_for_who_takes_nothing_until_it_has_room) {
    Peer& other = peers_->connect();
    EXPECT_NEAR(send_until_waiting(sender()), backlog / 2 / 1'220, 2);
    EXPECT_EQ(send_until_waiting(other), 1);
    EXPECT_LE(waiting(), backlog);
    take_some(2);
    EXPECT_TRUE(waits(sender()));
    take_some(2);
    EXPECT_FALSE(waits(sender()));
    EXPECT_FALSE(waits(other));
    EXPECT_TRUE(sender().session().outbox().may_try_again);
    EXPECT_FALSE(slow().session().is_over());
}

TEST_F(StompBlocking, nobody_waits_for_longer_than_it_takes_to_be_slow) {
    static_cast<void>(send_until_waiting(sender()));
    at(1'000);
    at(5'999);
    EXPECT_TRUE(waits(sender()));
    at(6'000);
    EXPECT_FALSE(waits(sender()));
    EXPECT_FALSE(sender().session().is_over());
    static_cast<void>(slow().take_error(Fault::too_slow));
}

// Each time that it has made room they wait anew.
TEST_F(StompBlocking, one_that_reads_slowly_is_waited_for) {
    for (std::uint64_t now_ms = 1'000; now_ms < 60'000; now_ms += 4'000) {
        static_cast<void>(send_until_waiting(sender()));
        at(now_ms);
        take_some(3);
    }
    EXPECT_FALSE(slow().session().is_over());
    EXPECT_EQ(peers_->broker().counters().dropped, 0U);
}

TEST_F(StompBlocking, who_is_waited_for_may_leave_be_ended_or_unsubscribe) {
    for (int how = 0; how < 3; ++how) {
        start(options_for(WhenSlow::block));
        static_cast<void>(send_until_waiting(sender()));
        if (how == 0) slow().vanish();
        if (how == 1) peers_->broker().end(slow().session().outbox(), Fault::closed_by_server);
        if (how == 2) slow().say("UNSUBSCRIBE\nid:1\n\n");
        EXPECT_FALSE(waits(sender()));
    }
}

// It writes all that it has to say, and reads then.
TEST_F(StompBlocking, nobody_waits_for_himself) {
    send(slow(), 0, 100);
    EXPECT_FALSE(waits(slow()));
    slow().unstick();
    EXPECT_EQ(take_numbers(slow()), numbers(0, 100));
}

TEST_F(StompBlocking, two_who_wait_for_each_other_do_so_for_a_time) {
    Peer& other = peers_->connect();
    other.is_stuck = true;
    subscribe(other, "/topic/b");
    for (int i = 0; i < 10 && !waits(slow()); ++i) send(slow(), i, i + 1, "/topic/b");
    for (int i = 0; i < 10 && !waits(other); ++i) send(other, i, i + 1, "/topic/a");
    EXPECT_TRUE(waits(slow()));
    EXPECT_TRUE(waits(other));
    at(1'000);
    at(6'000);
    EXPECT_TRUE(slow().session().is_over());
    EXPECT_TRUE(other.session().is_over());
}

// Nobody reads its input, and it has no client to be refused.
TEST_F(StompBlocking, the_application_fills_the_cap_and_then_the_subscriber_is_slow) {
    publish(0, static_cast<int>(cap / 1'220) - 5);
    EXPECT_FALSE(slow().session().is_over());
    publish(0, 10);
    EXPECT_TRUE(slow().session().is_over());
}

// It has two subscriptions to the topic, and no room for the second copy.
TEST_F(StompBlocking, nobody_waits_for_a_session_that_the_same_message_has_ended) {
    subscribe(slow(), "/topic/*");
    sender().say("SEND\ndestination:/topic/a\n\n" + std::string(cap, 'x'));
    EXPECT_TRUE(slow().session().is_over());
    EXPECT_FALSE(waits(sender()));
    EXPECT_FALSE(sender().session().is_over());
}

// ACKs are read, so it may be waited for.
TEST_F(StompBlocking, producers_wait_for_who_does_not_acknowledge) {
    Peer& other = peers_->connect();
    subscribe(other, "/topic/b", "ack:client\nprefetch-count:1\n");
    for (int i = 0; i < 20 && !waits(sender()); ++i) send(sender(), i, i + 1, "/topic/b");
    EXPECT_TRUE(waits(sender()));
    while (waits(sender()) && !other.has_nothing()) {
        other.say("ACK\nid:" + other.take("MESSAGE").header("ack") + "\n\n");
    }
    EXPECT_FALSE(waits(sender()));
    EXPECT_FALSE(other.session().is_over());
}

}  // namespace
}  // namespace edgews::stomp::test
