// Queues: who gets what, in which order, and what becomes of the rest.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Texts = std::vector<std::string>;

void subscribe(Peer& peer, std::string_view headers = "", std::string_view name = "/queue/a") {
    peer.say("SUBSCRIBE\nid:1\ndestination:" + std::string(name) + '\n' + std::string(headers) +
             '\n');
    EXPECT_FALSE(peer.session().is_over());
}

void send(Peer& peer, std::string_view body, std::string_view headers = "") {
    peer.say("SEND\ndestination:/queue/a\n" + std::string(headers) + '\n' + std::string(body));
}

void send_numbers(Peer& peer, int begin, int end) {
    for (int i = begin; i < end; ++i) send(peer, std::to_string(i));
}

const Queue* queue_of(Peers& peers, std::string_view name = "/queue/a") {
    return peers.broker().find_queue(name);
}

TEST(StompQueue, messages_wait_for_a_consumer_in_order) {
    Peers peers;
    send_numbers(peers.connect(), 0, 300);
    EXPECT_EQ(queue_of(peers)->waiting_count(), 300U);
    Peer& consumer = peers.connect();
    subscribe(consumer);
    ASSERT_EQ(consumer.count(), 300U);
    for (int i = 0; i < 300; ++i) EXPECT_EQ(consumer.take("MESSAGE").body, std::to_string(i));
    EXPECT_EQ(queue_of(peers)->count(), 0U);
    EXPECT_EQ(queue_of(peers)->consumed_total, 300U);
    consumer.vanish();
    EXPECT_EQ(queue_of(peers), nullptr);
}

TEST(StompQueue, a_message_counts_with_its_place) {
    ContentPool contents("m");
    const Content content = contents.make({.destination = "/queue/a"});
    EXPECT_GT(Queue::size_of(content), content.size());
}

TEST(StompQueue, consumers_with_credit_take_turns) {
    for (const std::string_view mode : {"auto", "client", "client-individual"}) {
        Peers peers;
        std::array<Peer*, 4> consumers{};
        for (Peer*& consumer : consumers) {
            consumer = &peers.connect();
            subscribe(*consumer, "ack:" + std::string(mode) + '\n');
        }
        send_numbers(peers.connect(), 0, 400);
        for (std::size_t i = 0; i < consumers.size(); ++i) {
            const Texts bodies = consumers[i]->take_bodies();
            ASSERT_EQ(bodies.size(), 100U);
            for (std::size_t j = 0; j < bodies.size(); ++j) {
                EXPECT_EQ(bodies[j], std::to_string(i + 4 * j));
            }
        }
    }
}

TEST(StompQueue, who_has_no_credit_left_is_passed_over) {
    Peers peers;
    Peer& busy = peers.connect();
    subscribe(busy, "ack:client\nprefetch-count:2\n");
    Peer& idle = peers.connect();
    subscribe(idle, "ack:client-individual\nprefetch-count:5\n");
    Peer& sender = peers.connect();
    send_numbers(sender, 0, 20);
    EXPECT_EQ(busy.count(), 2U);
    EXPECT_EQ(idle.count(), 5U);
    EXPECT_EQ(queue_of(peers)->waiting_count(), 13U);
    static_cast<void>(busy.take("MESSAGE"));
    busy.say("ACK\nid:" + busy.take("MESSAGE").header("ack") + "\n\n");
    EXPECT_EQ(busy.take_bodies(), (Texts{"7", "8"}));
    static_cast<void>(idle.take("MESSAGE"));
    idle.say("ACK\nid:" + idle.take("MESSAGE").header("ack") + "\n\n");
    EXPECT_EQ(idle.take_bodies().back(), "9");
}

TEST(StompQueue, prefetch_count_does_not_bind_an_automatic_consumer) {
    Peers peers;
    Peer& consumer = peers.connect();
    subscribe(consumer, "prefetch-count:1\n");
    send_numbers(peers.connect(), 0, 10);
    EXPECT_EQ(consumer.count(), 10U);
}

TEST(StompQueue, prefetch_count_is_at_most_the_servers) {
    BrokerOptions options;
    options.prefetch_count = 3;
    for (const std::string_view said : {"", "prefetch-count:0\n", "prefetch-count:4294967295\n"}) {
        Peers peers(options);
        Peer& consumer = peers.connect();
        subscribe(consumer, "ack:client\n" + std::string(said));
        send_numbers(peers.connect(), 0, 10);
        EXPECT_EQ(consumer.count(), 3U);
    }
}

// What a slow client has in front of it stays few: the rest goes to others.
TEST(StompQueue, a_stuck_consumer_keeps_little_from_others) {
    Peers peers;
    Peer& stuck = peers.connect();
    subscribe(stuck);
    stuck.is_stuck = true;
    Peer& sender = peers.connect();
    send_numbers(sender, 0, 1000);
    EXPECT_EQ(queue_of(peers)->waiting_count(), 1000U - 128U);
    Peer& other = peers.connect();
    subscribe(other);
    EXPECT_EQ(other.count(), 1000U - 128U);
    stuck.vanish();
    EXPECT_EQ(other.count(), 1000U);
    Texts bodies = other.take_bodies();
    EXPECT_EQ(bodies.back(), "127");  // They were never sent, so they are not redelivered.
    EXPECT_EQ(peers.broker().counters().redelivered, 0U);
}

TEST(StompQueue, what_comes_back_goes_in_front_in_its_old_order) {
    Peers peers;
    Peer& first = peers.connect();
    subscribe(first, "ack:client-individual\nprefetch-count:4\n");
    send_numbers(peers.connect(), 0, 8);
    std::vector<Got> got;
    for (int i = 0; i < 4; ++i) got.push_back(first.take("MESSAGE"));
    first.is_stuck = true;
    first.say("NACK\nid:" + got[2].header("ack") + "\n\n");
    first.say("NACK\nid:" + got[0].header("ack") + "\n\n");
    first.say("ACK\nid:" + got[1].header("ack") + "\n\n");
    first.vanish();
    Peer& second = peers.connect();
    subscribe(second);
    EXPECT_EQ(second.take_bodies(), (Texts{"0", "2", "3", "4", "5", "6", "7"}));
}

TEST(StompQueue, what_several_subscriptions_of_a_session_had_goes_on_in_order) {
    Peers peers;
    Peer& first = peers.connect();
    for (const std::string id : {"1", "2", "3"}) {
        first.say("SUBSCRIBE\nid:" + id + "\ndestination:/queue/a\nack:client\n\n");
    }
    send_numbers(peers.connect(), 10, 40);
    Peer& second = peers.connect();
    subscribe(second);
    EXPECT_EQ(first.take_bodies().size(), 30U);
    first.vanish();
    const Texts bodies = second.take_bodies();
    ASSERT_EQ(bodies.size(), 30U);
    for (int i = 0; i < 30; ++i)
        EXPECT_EQ(bodies[static_cast<std::size_t>(i)], std::to_string(i + 10));
}

// Not by where they are in memory: a history that is played again is the same.
TEST(StompQueue, queues_that_a_session_leaves_are_served_in_the_order_of_their_names) {
    const auto say_to_all = [](Peer& peer, std::string_view what, std::string_view body) {
        for (const char name : std::string_view("fdbaec")) {
            const std::string id(1, name);
            peer.say(std::string(what) + "\ndestination:/queue/" + id + "\nid:" + id +
                     "\nack:client\n\n" + (body.empty() ? "" : id));
        }
    };
    Peers peers;
    Peer& first = peers.connect();
    Peer& second = peers.connect();
    say_to_all(first, "SUBSCRIBE", "");
    say_to_all(first, "SEND", "its name");
    say_to_all(second, "SUBSCRIBE", "");
    ASSERT_EQ(first.count(), 6U);
    first.vanish();
    EXPECT_EQ(second.take_bodies(), (Texts{"a", "b", "c", "d", "e", "f"}));
}

TEST(StompQueue, what_nobody_acknowledges_ends_among_the_dead_letters) {
    BrokerOptions options;
    options.delivery_count_max = 3;
    Peers peers(options);
    send(peers.connect(), "bad", "k:v\n");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(queue_of(peers, "/queue/dead-letters"), nullptr);
        Peer& consumer = peers.connect();
        subscribe(consumer, "ack:client\n");
        EXPECT_EQ(consumer.take("MESSAGE").header("redelivered"), i == 0 ? "false" : "true");
        consumer.vanish();
    }
    EXPECT_EQ(queue_of(peers), nullptr);
    EXPECT_EQ(peers.broker().counters().dead_lettered, 1U);
    Peer& reader = peers.connect();
    subscribe(reader, "ack:client\n", "/queue/dead-letters");
    const Got got = reader.take("MESSAGE");
    EXPECT_EQ(got.body, "bad");
    EXPECT_EQ(got.header("k"), "v");
    EXPECT_EQ(got.header("destination"), "/queue/a");
    EXPECT_EQ(got.header("redelivered"), "false");
    // From there it goes nowhere.
    reader.say("NACK\nrequeue:false\nid:" + got.header("ack") + "\n\n");
    EXPECT_EQ(queue_of(peers, "/queue/dead-letters")->count(), 0U);
    EXPECT_EQ(peers.broker().counters().dropped, 1U);
}

TEST(StompQueue, NACK_counts_as_a_delivery_too) {
    BrokerOptions options;
    options.delivery_count_max = 4;
    Peers peers(options);
    Peer& consumer = peers.connect();
    subscribe(consumer, "ack:client\n");
    send(peers.connect(), "bad");
    for (int i = 0; i < 4; ++i) {
        consumer.say("NACK\nid:" + consumer.take("MESSAGE").header("ack") + "\n\n");
    }
    EXPECT_TRUE(consumer.has_nothing());
    EXPECT_EQ(queue_of(peers)->count(), 0U);
    EXPECT_EQ(queue_of(peers, "/queue/dead-letters")->count(), 1U);
}

TEST(StompQueue, without_a_limit_or_a_place_there_are_no_dead_letters) {
    BrokerOptions options;
    options.delivery_count_max = 0;
    options.dead_letter_queue.clear();
    Peers peers(options);
    Peer& consumer = peers.connect();
    subscribe(consumer, "ack:client\n");
    send(peers.connect(), "bad");
    for (int i = 0; i < 50; ++i) {
        consumer.say("NACK\nid:" + consumer.take("MESSAGE").header("ack") + "\n\n");
    }
    consumer.say("NACK\nrequeue:false\nid:" + consumer.take("MESSAGE").header("ack") + "\n\n");
    EXPECT_TRUE(consumer.has_nothing());
    EXPECT_EQ(queue_of(peers)->count(), 0U);
    EXPECT_EQ(peers.broker().counters().dropped, 1U);
}

TEST(StompQueue, only_requeue_false_means_so) {
    for (const std::string_view value : {"true", "", "FALSE", "0", "no"}) {
        Peers peers;
        Peer& consumer = peers.connect();
        subscribe(consumer, "ack:client\n");
        send(peers.connect(), "x");
        consumer.say("NACK\nrequeue:" + std::string(value) +
                     "\nid:" + consumer.take("MESSAGE").header("ack") + "\n\n");
        EXPECT_EQ(consumer.take("MESSAGE").header("redelivered"), "true");
    }
}

TEST(StompQueue, dead_letters_drop_their_oldest_when_there_are_too_many) {
    BrokerOptions options;
    options.queue.message_count_max = 3;
    Peers peers(options);
    Peer& consumer = peers.connect();
    subscribe(consumer, "ack:client-individual\n");
    Peer& sender = peers.connect();
    for (int i = 0; i < 5; ++i) {
        send(sender, std::to_string(i));
        consumer.say("NACK\nrequeue:false\nid:" + consumer.take("MESSAGE").header("ack") + "\n\n");
    }
    Peer& reader = peers.connect();
    subscribe(reader, "", "/queue/dead-letters");
    EXPECT_EQ(reader.take_bodies(), (Texts{"2", "3", "4"}));
    EXPECT_EQ(peers.broker().counters().dropped, 2U);
}

TEST(StompQueue, a_message_that_expired_is_dropped_with_or_without_a_consumer) {
    Peers peers;
    peers.at(1000);
    Peer& sender = peers.connect();
    send(sender, "soon", "expires:2000\n");
    send(sender, "later", "expires:5000\n");
    peers.at(1999);
    EXPECT_EQ(queue_of(peers)->count(), 2U);
    peers.at(2500);
    EXPECT_EQ(queue_of(peers)->count(), 1U);
    peers.at(5500);
    EXPECT_EQ(queue_of(peers), nullptr);
    EXPECT_EQ(peers.broker().counters().expired, 2U);
    // Behind one that does not expire, it goes when its turn comes.
    send(sender, "first");
    send(sender, "second", "expires:6000\n");
    peers.at(7000);
    Peer& consumer = peers.connect();
    subscribe(consumer);
    EXPECT_EQ(consumer.take_bodies(), Texts{"first"});
    EXPECT_EQ(queue_of(peers)->count(), 0U);
    EXPECT_EQ(peers.broker().counters().expired, 3U);
}

TEST(StompQueue, a_message_that_came_back_expires_too) {
    Peers peers;
    peers.at(1000);
    Peer& consumer = peers.connect();
    subscribe(consumer, "ack:client\n");
    send(peers.connect(), "x", "expires:3000\n");
    EXPECT_EQ(consumer.count(), 1U);
    peers.at(2000);  // Nothing waits.
    consumer.vanish();
    EXPECT_EQ(queue_of(peers)->count(), 1U);
    peers.at(4000);
    EXPECT_EQ(queue_of(peers), nullptr);
    EXPECT_EQ(peers.broker().counters().expired, 1U);
}

}  // namespace
}  // namespace edgews::stomp::test
