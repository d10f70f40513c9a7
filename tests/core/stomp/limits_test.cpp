// Bounds: full queues, and how many of anything there may be.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Texts = std::vector<std::string>;

void send(Peer& peer, std::string_view body, std::string_view headers = "") {
    peer.say("SEND\ndestination:/queue/a\n" + std::string(headers) + '\n' + std::string(body));
}

Peer& reader_of(Peers& peers, std::string_view headers = "") {
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n" + std::string(headers) + '\n');
    return peer;
}

// Frees one place.
void ack_next(Peer& reader) {
    reader.say("ACK\nid:" + reader.take("MESSAGE").header("ack") + "\n\n");
}

BrokerOptions room_for(std::size_t count, WhenFull when_full) {
    BrokerOptions options;
    options.queue.message_count_max = count;
    options.queue.when_full = when_full;
    return options;
}

TEST(StompLimits, a_full_queue_refuses) {
    Peers peers(room_for(2, WhenFull::refuse));
    Peer& sender = peers.connect();
    send(sender, "1");
    send(sender, "2");
    EXPECT_EQ(sender.expect_refused("SEND\ndestination:/queue/a\nreceipt:r\n\n3", Fault::queue_full)
                  .header("receipt-id"),
              "r");
    EXPECT_EQ(peers.broker().counters().received, 2U);
    EXPECT_EQ(reader_of(peers).take_bodies(), (Texts{"1", "2"}));
}

TEST(StompLimits, what_consumers_have_counts_until_it_is_settled) {
    Peers peers(room_for(2, WhenFull::refuse));
    Peer& reader = reader_of(peers, "ack:client\n");
    Peer& sender = peers.connect();
    send(sender, "1");
    send(sender, "2");
    ack_next(reader);
    send(sender, "3");
    EXPECT_FALSE(sender.session().is_over());
    sender.expect_refused("SEND\ndestination:/queue/a\n\n4", Fault::queue_full);
}

TEST(StompLimits, a_full_queue_drops_the_oldest_that_no_consumer_has) {
    Peers peers(room_for(3, WhenFull::drop_oldest));
    Peer& reader = reader_of(peers, "ack:client\nprefetch-count:1\n");
    Peer& sender = peers.connect();
    for (int i = 0; i < 6; ++i) send(sender, std::to_string(i));
    EXPECT_EQ(peers.broker().counters().dropped, 3U);
    ack_next(reader);
    ack_next(reader);
    EXPECT_EQ(reader.take_bodies(), Texts{"5"});
    Peers held(room_for(1, WhenFull::drop_oldest));
    Peer& keeper = reader_of(held, "ack:client\n");
    send(held.connect(), "0");
    held.connect().expect_refused("SEND\ndestination:/queue/a\n\n1", Fault::queue_full);
    EXPECT_EQ(keeper.take_bodies(), Texts{"0"});
}

TEST(StompLimits, a_queue_is_full_by_bytes_too) {
    BrokerOptions options;
    options.queue.size_max = 2000;
    Peers peers(options);
    Peer& sender = peers.connect();
    send(sender, std::string(10'000, 'x'));  // One always fits.
    EXPECT_FALSE(sender.session().is_over());
    sender.expect_refused("SEND\ndestination:/queue/a\n\nx", Fault::queue_full);
}

TEST(StompLimits, a_blocked_producer_waits_with_all_that_it_says) {
    Peers peers(room_for(2, WhenFull::block));
    Peer& sender = peers.connect();
    std::string frames;
    for (int i = 0; i < 6; ++i) {
        frames += "SEND\ndestination:/queue/a\nreceipt:" + std::to_string(i) + "\n\n" +
                  std::to_string(i) + '\0';
    }
    sender.say(frames + "DISCONNECT\nreceipt:bye\n\n");
    EXPECT_TRUE(sender.is_blocked());
    EXPECT_EQ(sender.count(), 2U);
    EXPECT_EQ(peers.broker().counters().received, 2U);
    Peer& reader = reader_of(peers, "ack:client\nprefetch-count:1\n");
    for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(sender.is_blocked());
        EXPECT_EQ(sender.count(), static_cast<std::size_t>(i) + 2U);
        ack_next(reader);
    }
    EXPECT_FALSE(sender.is_blocked());
    for (const std::string id : {"0", "1", "2", "3", "4", "5", "bye"}) {
        EXPECT_EQ(sender.take("RECEIPT").header("receipt-id"), id);
    }
    ack_next(reader);
    EXPECT_EQ(reader.take_bodies(), Texts{"5"});
    EXPECT_EQ(peers.broker().counters().received, 6U);
}

TEST(StompLimits, blocked_producers_go_on_in_the_order_in_which_they_came) {
    Peers peers(room_for(1, WhenFull::block));
    send(peers.connect(), "0");
    std::vector<Peer*> senders;
    for (int i = 1; i <= 5; ++i) {
        senders.push_back(&peers.connect());
        send(*senders.back(), std::to_string(i));
        EXPECT_TRUE(senders.back()->is_blocked());
    }
    senders[2]->vanish();  // With what it wanted to say.
    Peer& reader = reader_of(peers, "ack:client\n");
    for (const std::string body : {"0", "1", "2", "4", "5"}) {
        const Got got = reader.take("MESSAGE");
        EXPECT_EQ(got.body, body);
        EXPECT_TRUE(reader.has_nothing());
        reader.say("ACK\nid:" + got.header("ack") + "\n\n");
    }
    EXPECT_TRUE(reader.has_nothing());
    for (Peer* const sender : senders) {
        if (sender != senders[2]) {
            EXPECT_FALSE(sender->is_blocked());
        }
    }
}

TEST(StompLimits, a_blocked_producer_that_vanishes_leaves_nothing) {
    Peers peers(room_for(1, WhenFull::block));
    Peer& reader = reader_of(peers, "ack:client\n");
    Peer& sender = peers.connect();
    sender.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
    send(sender, "0");
    send(sender, "1");
    EXPECT_TRUE(sender.is_blocked());
    sender.vanish();
    EXPECT_EQ(reader.take_bodies(), Texts{"0"});
    reader.vanish();
    EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 1U);
    EXPECT_EQ(reader_of(peers).take_bodies(), Texts{"0"});
    EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 0U);
}

TEST(StompLimits, expiry_makes_room_for_who_is_blocked) {
    Peers peers(room_for(1, WhenFull::block));
    peers.at(1000);
    Peer& sender = peers.connect();
    send(sender, "0", "expires:2000\n");
    send(sender, "1");
    EXPECT_TRUE(sender.is_blocked());
    peers.at(3000);
    EXPECT_FALSE(sender.is_blocked());
    EXPECT_EQ(reader_of(peers).take_bodies(), Texts{"1"});
}

TEST(StompLimits, subscriptions_of_a_session_are_counted) {
    BrokerOptions options;
    options.subscription_count_max = 3;
    Peers peers(options);
    Peer& peer = peers.connect();
    for (int i = 0; i < 3; ++i) {
        peer.say("SUBSCRIBE\nid:" + std::to_string(i) + "\ndestination:/topic/a\n\n");
    }
    peer.say("UNSUBSCRIBE\nid:1\n\n");
    peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n");
    EXPECT_FALSE(peer.session().is_over());
    peer.expect_refused("SUBSCRIBE\nid:4\ndestination:/queue/b\n\n", Fault::too_many_subscriptions);
    EXPECT_EQ(peers.broker().find_queue("/queue/b"), nullptr);
    // A reply's queue is one, too.
    Peer& other = peers.connect();
    for (int i = 0; i < 3; ++i) {
        other.say("SEND\ndestination:/topic/a\nreply-to:/temp-queue/" + std::to_string(i) + "\n\n");
    }
    other.expect_refused("SEND\ndestination:/topic/a\nreply-to:/temp-queue/3\nreceipt:r\n\n",
                         Fault::too_many_subscriptions);
}

TEST(StompLimits, destinations_are_counted) {
    BrokerOptions options;
    options.destination_count_max = 2;
    Peers peers(options);
    Peer& peer = peers.connect();
    for (const std::string name : {"/topic/a", "/topic/b.*", "/queue/a", "/queue/b"}) {
        peer.say("SUBSCRIBE\nid:" + name + "\ndestination:" + name + "\n\n");
    }
    EXPECT_FALSE(peer.session().is_over());
    // Those that exist are no others.
    Peer& same = peers.connect();
    for (const std::string name : {"/topic/a", "/topic/b.*", "/queue/a", "/queue/b"}) {
        same.say("SUBSCRIBE\nid:" + name + "\ndestination:" + name + "\n\n");
    }
    send(same, "x");
    EXPECT_FALSE(same.session().is_over());
    for (const std::string name : {"/topic/c", "/topic/a.*", "/topic/b", "/queue/c"}) {
        peers.connect().expect_refused("SUBSCRIBE\nid:1\ndestination:" + name + "\n\n",
                                       Fault::too_many_destinations);
    }
    peers.connect().expect_refused("SEND\ndestination:/queue/c\n\n", Fault::too_many_destinations);
    Peer& sender = peers.connect();
    sender.say("SEND\ndestination:/topic/c\n\nx");  // Needs no place.
    EXPECT_FALSE(sender.session().is_over());
}

TEST(StompLimits, transactions_are_counted) {
    SessionOptions options;
    options.transaction_count_max = 2;
    options.transaction_frame_count_max = 3;
    options.transaction_size_max = 5000;
    Peers peers({}, options);
    Peer& peer = peers.connect();
    for (const std::string name : {"a", "b"}) peer.say("BEGIN\ntransaction:" + name + "\n\n");
    peer.say("ABORT\ntransaction:a\n\n");
    peer.say("BEGIN\ntransaction:c\n\n");
    EXPECT_EQ(
        peer.expect_refused("BEGIN\ntransaction:d\nreceipt:r\n\n", Fault::too_many_transactions)
            .header("receipt-id"),
        "r");
    for (const std::string name : {"/queue/a", "/app/a"}) {
        const std::string frame = "SEND\ntransaction:t\nreceipt:r\ndestination:" + name + "\n\n";
        Peer& many = peers.connect();
        many.say("BEGIN\ntransaction:t\n\n");
        for (int i = 0; i < 3; ++i) many.say(frame);
        EXPECT_EQ(many.expect_refused(frame, Fault::transaction_too_big).header("receipt-id"), "r");
        Peer& large = peers.connect();
        large.say("BEGIN\ntransaction:t\n\n");
        large.say(frame + std::string(4000, 'x'));
        EXPECT_TRUE(large.has_nothing());
        large.expect_refused(frame + std::string(1000, 'x'), Fault::transaction_too_big);
    }
    EXPECT_EQ(peers.broker().find_queue("/queue/a"), nullptr);
}

TEST(StompLimits, a_pattern_has_so_many_segments) {
    Peers peers;
    std::string pattern = "/topic";
    for (std::size_t i = 1; i < pattern_segment_count_max; ++i) pattern += "/*";
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:" + pattern + "\n\n");
    EXPECT_FALSE(peer.session().is_over());
    peer.expect_refused("SUBSCRIBE\nid:2\ndestination:" + pattern + "/*\n\n",
                        Fault::destination_too_long);
    // A name may have more.
    std::string name = "/topic/a";
    for (int i = 0; i < 500; ++i) name += ".a";
    peers.connect().say("SUBSCRIBE\nid:1\ndestination:" + name + "\n\n");
    EXPECT_EQ(peers.broker().topics().count(), 1U);
}

TEST(StompLimits, a_session_has_so_many_patterns) {
    Peers peers({.pattern_count_max = 2});
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a.*\n\n");
    peer.say("SUBSCRIBE\nid:2\ndestination:/topic/b.*\n\n");
    peer.say("UNSUBSCRIBE\nid:1\n\n");
    peer.say("SUBSCRIBE\nid:3\ndestination:/topic/c.#\n\n");
    peer.say("SUBSCRIBE\nid:4\ndestination:/topic/d\n\n");
    peer.expect_refused("SUBSCRIBE\nid:5\ndestination:/topic/d.*\n\n",
                        Fault::too_many_subscriptions);
}

TEST(StompLimits, an_id_has_so_many_octets) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:" + std::string(1024, 'x') + "\ndestination:/topic/a\n\n");
    peer.expect_refused("SUBSCRIBE\nid:" + std::string(1025, 'x') + "\ndestination:/topic/a\n\n",
                        Fault::id_too_long);
}

TEST(StompLimits, all_queues_together_hold_so_many_bytes) {
    Peers peers({.queues_size_max = 10'000});
    const std::string body(1'000, 'x');
    Peer& peer = peers.connect();
    int count = 0;
    while (!peer.session().is_over() && count < 100) {
        peer.say("SEND\ndestination:/queue/" + std::to_string(++count) + "\n\n" + body);
    }
    EXPECT_EQ(peer.session().fault(), Fault::queue_full);
    EXPECT_LT(count, 11);
    // What is taken makes room for others.
    Peer& consumer = peers.connect();
    consumer.say("SUBSCRIBE\nid:1\ndestination:/queue/1\n\n");
    EXPECT_EQ(consumer.count(), 1U);
    Peer& next = peers.connect();
    next.say("SEND\ndestination:/queue/other\n\n" + body);
    EXPECT_FALSE(next.session().is_over());
}

TEST(StompLimits, dead_letters_that_consumers_hold_count_too) {
    Peers peers({.queue = {.message_count_max = 3}});
    Peer& hoarder = peers.connect();
    hoarder.say("SUBSCRIBE\nid:1\ndestination:/queue/dead-letters\nack:client\n\n");
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client-individual\n\n");
    for (int i = 0; i < 5; ++i) {
        peer.say("SEND\ndestination:/queue/a\n\nx");
        peer.say("NACK\nrequeue:false\nid:" + peer.take("MESSAGE").header("ack") + "\n\n");
    }
    EXPECT_EQ(peers.broker().find_queue("/queue/dead-letters")->count(), 3U);
    EXPECT_EQ(peers.broker().counters().dropped, 2U);
}

TEST(StompLimits, CONNECT_has_next_to_no_body) {
    Peers peers;
    Peer& peer = peers.add();
    peer.say("CONNECT\naccept-version:1.2\ncontent-length:2000\n\n" + std::string(2000, 'x'));
    static_cast<void>(peer.take_error(Fault::body_too_big));
}

// The CPU time of one of so many ACKs in a transaction, each behind all before it.
double time_per_reserved(std::uint32_t count) {
    BufferPool buffers(0);
    ContentPool contents("m");
    Outbox outbox;
    Subscription subscription(outbox, 1,
                              {.id = "1",
                               .destination = "/queue/a",
                               .ack_mode = AckMode::client,
                               .prefetch_count = count});
    for (std::uint32_t i = 0; i < count; ++i) {
        subscription.give({.content = contents.make({.destination = "/queue/a"})});
        static_cast<void>(subscription.take());
    }
    const std::clock_t begin = std::clock();
    for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
        EXPECT_EQ(subscription.reserve(sequence, 1), sequence);
    }
    const auto passed = static_cast<double>(std::clock() - begin);
    subscription.release({.first = 1, .last = count}, 1);
    EXPECT_TRUE(subscription.is_open(1));
    subscription.settle(count, [](const Delivery&) {});
    EXPECT_EQ(subscription.unsettled_count(), 0U);
    return passed / count;
}

// It looks at what it is about, and at nothing before. Otherwise many would take a hundred times as
// long each.
TEST(StompLimits, many_ACKs_in_a_transaction_cost_no_more_each_than_few) {
    EXPECT_LT(time_per_reserved(50'000), 10 * time_per_reserved(500) + 1);
}

// The CPU time that one operation takes, on average, with so many destinations and subscriptions.
double time_per_operation(int count) {
    Peers peers({.pattern_count_max = SIZE_MAX});
    Peer& peer = peers.connect();
    const std::clock_t begin = std::clock();
    for (int i = 0; i < count; ++i) {
        const std::string id = std::to_string(i);
        const std::string_view kind = i % 2 == 0 ? "/topic/" : "/queue/";
        const std::string name = std::string(kind) + id + (i % 4 == 0 ? ".*" : "");
        peer.say("SUBSCRIBE\nid:" + id + "\nack:client\ndestination:" + name + "\n\n");
        peer.say("SEND\ndestination:" + std::string(kind) + id + (i % 4 == 0 ? ".x" : "") + "\n\n");
        peer.say("ACK\nid:" + peer.take("MESSAGE").header("ack") + "\n\n");
    }
    for (int i = 0; i < count; ++i) peer.say("UNSUBSCRIBE\nid:" + std::to_string(i) + "\n\n");
    const auto passed = static_cast<double>(std::clock() - begin);
    EXPECT_FALSE(peer.session().is_over());
    EXPECT_EQ(peers.broker().topics().count(), 0U);
    return passed / count;
}

TEST(StompLimits, many_destinations_cost_no_more_each_than_few) {
    double few = 0;
    double many = 0;
    // The best of several, for whatever else the machine does.
    for (int i = 0; i < 3; ++i) {
        const double of_few = time_per_operation(100);
        const double of_many = time_per_operation(10'000);
        few = i == 0 ? of_few : std::min(few, of_few);
        many = i == 0 ? of_many : std::min(many, of_many);
    }
    // What grows with them would take a hundred times as long; caches that they leave, some times.
    EXPECT_LT(many, 10 * few);
}

}  // namespace
}  // namespace edgews::stomp::test
