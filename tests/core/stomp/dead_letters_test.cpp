// A dead letter is never lost silently; and what goes by itself: expired messages, unused queues.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Texts = std::vector<std::string>;

constexpr std::string_view dead_letters = "/queue/dead-letters";

void send(Peer& peer, const std::string& destination, std::string_view body,
          std::string_view headers = "") {
    peer.say("SEND\ndestination:" + destination + '\n' + std::string(headers) + '\n' +
             std::string(body));
}

Peer& consumer_of(Peers& peers, std::string_view destination) {
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\nack:client-individual\ndestination:" + std::string(destination) +
             "\n\n");
    return peer;
}

void refuse_next(Peer& consumer) {
    consumer.say("NACK\nrequeue:false\nid:" + consumer.take("MESSAGE").header("ack") + "\n\n");
}

TEST(StompDeadLetters, their_queue_is_there_however_many_others_are) {
    Peers peers({.destination_count_max = 2});
    Peer& consumer = consumer_of(peers, "/queue/a");
    send(peers.connect(), "/queue/b", "x");
    send(peers.connect(), "/queue/a", "dead");
    refuse_next(consumer);
    EXPECT_EQ(consumer_of(peers, dead_letters).take("MESSAGE").body, "dead");
    EXPECT_EQ(peers.broker().counters().dead_letters_lost, 0U);
    peers.connect().expect_refused("SEND\ndestination:/queue/c\n\n", Fault::too_many_destinations);
}

TEST(StompDeadLetters, they_need_no_more_memory_than_they_had) {
    Peers peers({.memory_max = 200'000, .has_shares = false});
    Peer& consumer = peers.connect();
    consumer.say("SUBSCRIBE\nid:1\nack:client\nprefetch-count:1\ndestination:/queue/a\n\n");
    Peer& sender = peers.connect();
    while (!sender.session().is_over()) send(sender, "/queue/a", std::string(1'000, 'x'));
    EXPECT_EQ(sender.session().fault(), Fault::memory_full);
    const std::size_t count = peers.broker().find_queue("/queue/a")->count();
    for (std::size_t i = 0; i < count; ++i) refuse_next(consumer);
    EXPECT_EQ(peers.broker().find_queue(dead_letters)->count(), count);
    EXPECT_EQ(peers.broker().counters().dead_lettered, count);
    EXPECT_EQ(peers.broker().counters().dropped, 0U);
}

TEST(StompDeadLetters, whoever_looks_at_them_does_not_do_away_with_them) {
    Peers peers({.delivery_count_max = 2});
    Peer& consumer = consumer_of(peers, "/queue/a");
    send(peers.connect(), "/queue/a", "dead");
    refuse_next(consumer);
    for (int i = 0; i < 10; ++i) {
        Peer& reader = consumer_of(peers, dead_letters);
        EXPECT_EQ(reader.take("MESSAGE").header("redelivered"), i == 0 ? "false" : "true");
        reader.vanish();
    }
    EXPECT_EQ(peers.broker().find_queue(dead_letters)->count(), 1U);
    EXPECT_EQ(peers.broker().counters().dropped, 0U);
    // To refuse it is to say that it may go.
    Peer& reader = consumer_of(peers, dead_letters);
    refuse_next(reader);
    EXPECT_EQ(peers.broker().counters().dead_letters_lost, 1U);
}

TEST(StompDeadLetters, those_that_are_lost_are_counted) {
    for (const bool has_queue : {true, false}) {
        BrokerOptions options;
        options.queue.message_count_max = 3;
        if (!has_queue) options.dead_letter_queue.clear();
        Peers peers(options);
        Peer& consumer = consumer_of(peers, "/queue/a");
        Peer& sender = peers.connect();
        for (int i = 0; i < 5; ++i) {
            send(sender, "/queue/a", "x");
            refuse_next(consumer);
        }
        EXPECT_EQ(peers.broker().counters().dead_letters_lost, has_queue ? 2U : 5U);
        EXPECT_EQ(peers.broker().counters().dropped, has_queue ? 2U : 5U);
    }
}

TEST(StompExpiry, many_queues_are_looked_at_some_at_a_time) {
    Peers peers;
    peers.at(1'000);
    Peer& sender = peers.connect();
    for (int i = 0; i < 2'000; ++i) {
        send(sender, "/queue/" + std::to_string(i), "x", "expires:2000\n");
    }
    peers.broker().set_time(3'000);
    EXPECT_TRUE(peers.broker().is_sweeping());
    EXPECT_GT(peers.broker().counters().expired, 100U);
    EXPECT_LT(peers.broker().counters().expired, 1'000U);
    int calls = 1;
    for (; peers.broker().is_sweeping(); ++calls) peers.broker().set_time(3'000);
    EXPECT_EQ(peers.broker().counters().expired, 2'000U);
    EXPECT_LT(calls, 20);
    EXPECT_EQ(peers.broker().queue_count(), 0U);
}

TEST(StompExpiry, many_messages_of_one_queue_go_some_at_a_time) {
    Peers peers;
    peers.at(1'000);
    Peer& sender = peers.connect();
    for (int i = 0; i < 5'000; ++i) send(sender, "/queue/a", "x", "expires:2000\n");
    send(sender, "/queue/b", "x", "expires:2000\n");
    send(sender, "/queue/a", "later", "expires:9000\n");
    peers.broker().set_time(3'000);
    EXPECT_TRUE(peers.broker().is_sweeping());
    EXPECT_LT(peers.broker().counters().expired, 2'000U);
    while (peers.broker().is_sweeping()) peers.broker().set_time(3'000);
    EXPECT_EQ(peers.broker().counters().expired, 5'001U);
    EXPECT_EQ(peers.broker().find_queue("/queue/b"), nullptr);
    EXPECT_EQ(consumer_of(peers, "/queue/a").take_bodies(), Texts{"later"});
}

TEST(StompExpiry, a_queue_that_nobody_uses_goes_when_the_option_says_so) {
    Peers peers({.unused_queue_timeout_ms = 10'000});
    peers.at(100'000);
    Peer& sender = peers.connect();
    for (const std::string name : {"/queue/idle", "/queue/sent-to", "/queue/consumed"}) {
        send(sender, name, "1");
    }
    Peer& consumer = peers.connect();
    consumer.say("SUBSCRIBE\nid:1\nack:client\nprefetch-count:1\ndestination:/queue/consumed\n\n");
    Peer& nacking = consumer_of(peers, "/queue/b");
    send(sender, "/queue/b", "dead");
    refuse_next(nacking);
    peers.at(108'000);
    send(sender, "/queue/sent-to", "2");
    peers.at(112'000);
    EXPECT_EQ(peers.broker().find_queue("/queue/idle"), nullptr);
    EXPECT_EQ(peers.broker().counters().expired, 1U);
    EXPECT_EQ(peers.broker().find_queue("/queue/sent-to")->count(), 2U);
    EXPECT_NE(peers.broker().find_queue("/queue/consumed"), nullptr);
    consumer.vanish();
    peers.at(121'000);
    EXPECT_EQ(peers.broker().find_queue("/queue/sent-to"), nullptr);
    EXPECT_NE(peers.broker().find_queue("/queue/consumed"), nullptr);
    peers.at(123'000);
    EXPECT_EQ(peers.broker().find_queue("/queue/consumed"), nullptr);
    // Dead letters wait for somebody to look at them.
    nacking.vanish();
    peers.at(1'000'000);
    EXPECT_EQ(peers.broker().queue_count(), 1U);
    EXPECT_EQ(peers.broker().find_queue(dead_letters)->count(), 1U);
}

TEST(StompExpiry, a_long_queue_that_nobody_uses_goes_some_messages_at_a_time) {
    for (const bool is_used_again : {false, true}) {
        SCOPED_TRACE(is_used_again);
        Peers peers({.unused_queue_timeout_ms = 10'000});
        peers.at(1'000);
        Peer& sender = peers.connect();
        for (int i = 0; i < 5'000; ++i) send(sender, "/queue/a", "x");
        peers.broker().set_time(12'000);
        EXPECT_TRUE(peers.broker().is_sweeping());
        EXPECT_LT(peers.broker().counters().expired, 2'000U);
        if (is_used_again) (void)consumer_of(peers, "/queue/a");
        int calls = 1;
        for (; peers.broker().is_sweeping() && calls < 20; ++calls) {
            peers.broker().set_time(12'000);
        }
        EXPECT_LT(calls, 20);  // And then it is done.
        EXPECT_EQ(peers.broker().counters().expired == 5'000U, !is_used_again);
        EXPECT_EQ(peers.broker().queue_count(), is_used_again ? 1U : 0U);
    }
}

TEST(StompExpiry, without_the_option_messages_wait_for_ever) {
    Peers peers;
    peers.at(1'000);
    send(peers.connect(), "/queue/a", "x");
    peers.at(std::uint64_t{1'000'000'000'000});
    EXPECT_EQ(consumer_of(peers, "/queue/a").take("MESSAGE").body, "x");
}

TEST(StompExpiry, a_SEND_that_is_refused_leaves_no_queue_behind) {
    Peers peers({.memory_max = 100'000});
    peers.connect().expect_refused("SEND\ndestination:/queue/a\n\n" + std::string(200'000, 'x'),
                                   Fault::memory_full);
    EXPECT_EQ(peers.broker().queue_count(), 0U);
    EXPECT_EQ(peers.broker().accounts().total(Common::memory), 0U);
}

}  // namespace
}  // namespace edgews::stomp::test
