// Transactions beside the rules of the protocol: that COMMIT is all or nothing, whatever stands in
// its way.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Texts = std::vector<std::string>;

std::size_t count_of(Peers& peers, std::string_view name) {
    const Queue* const queue = peers.broker().find_queue(name);
    return queue == nullptr ? 0 : queue->count();
}

// Fills `name` with messages "old".
void fill(Peers& peers, std::string_view name, int count, std::string_view body = "old") {
    Peer& filler = peers.connect();
    for (int i = 0; i < count; ++i) {
        filler.say("SEND\ndestination:" + std::string(name) + "\n\n" + std::string(body));
    }
    EXPECT_FALSE(filler.session().is_over());
}

// Begins "t" with so many SENDs to `name`.
void begin_with(Peer& peer, std::string_view name, int count, std::string_view body = "new") {
    peer.say("BEGIN\ntransaction:t\n\n");
    for (int i = 0; i < count; ++i) {
        peer.say("SEND\ntransaction:t\ndestination:" + std::string(name) + "\n\n" +
                 std::string(body));
    }
}

BrokerOptions room_for(std::size_t count, WhenFull when_full) {
    BrokerOptions options;
    options.queue.message_count_max = count;
    options.queue.when_full = when_full;
    return options;
}

TEST(StompTransaction, COMMIT_into_a_full_queue_does_nothing_the_acknowledgements_neither) {
    Peers peers(room_for(3, WhenFull::refuse));
    fill(peers, "/queue/full", 2);
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/queue/in\nack:client-individual\n\n");
    fill(peers, "/queue/in", 2, "in");
    const std::string first = peer.take("MESSAGE").header("ack");
    const std::string second = peer.take("MESSAGE").header("ack");
    peer.say("BEGIN\ntransaction:t\n\n");
    peer.say("SEND\ntransaction:t\ndestination:/queue/out\n\nx");
    peer.say("ACK\ntransaction:t\nid:" + first + "\n\n");
    peer.say("NACK\ntransaction:t\nrequeue:false\nid:" + second + "\n\n");
    for (int i = 0; i < 2; ++i) peer.say("SEND\ntransaction:t\ndestination:/queue/full\n\nx");
    peer.expect_refused("COMMIT\ntransaction:t\n\n", Fault::queue_full);
    EXPECT_EQ(count_of(peers, "/queue/out"), 0U);
    EXPECT_EQ(count_of(peers, "/queue/full"), 2U);
    EXPECT_EQ(count_of(peers, "/queue/dead-letters"), 0U);
    Peer& next = peers.connect();
    next.say("SUBSCRIBE\nid:1\ndestination:/queue/in\n\n");
    EXPECT_EQ(next.take_bodies(), (Texts{"in", "in"}));
}

// One message always fits an empty queue, several have to fit together.
TEST(StompTransaction, COMMIT_counts_the_bytes_of_all_its_messages) {
    for (const WhenFull when_full : {WhenFull::refuse, WhenFull::block, WhenFull::drop_oldest}) {
        BrokerOptions options = room_for(100, when_full);
        options.queue.size_max = 1000;
        Peers peers(options);
        Peer& one = peers.connect();
        begin_with(one, "/queue/a", 1, std::string(5000, 'x'));
        one.say("COMMIT\ntransaction:t\nreceipt:r\n\n");
        EXPECT_EQ(one.take("RECEIPT").header("receipt-id"), "r");
        for (const std::string_view name : {"/queue/b", "/queue/a"}) {
            Peer& two = peers.connect();
            begin_with(two, name, 2, std::string(700, 'x'));
            if (name == "/queue/a" && when_full == WhenFull::block) continue;
            two.expect_refused("COMMIT\ntransaction:t\n\n", Fault::queue_full);
        }
        EXPECT_EQ(count_of(peers, "/queue/a"), 1U);
        EXPECT_EQ(count_of(peers, "/queue/b"), 0U);
    }
}

TEST(StompTransaction, COMMIT_drops_what_is_older_but_none_of_its_own) {
    Peers peers(room_for(4, WhenFull::drop_oldest));
    fill(peers, "/queue/a", 4);
    Peer& peer = peers.connect();
    begin_with(peer, "/queue/a", 3);
    peer.say("COMMIT\ntransaction:t\nreceipt:r\n\n");
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r");
    EXPECT_EQ(peers.broker().counters().dropped, 3U);
    begin_with(peer, "/queue/a", 5, "newest");
    peer.expect_refused("COMMIT\ntransaction:t\n\n", Fault::queue_full);
    Peer& reader = peers.connect();
    reader.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n");
    EXPECT_EQ(reader.take_bodies(), (Texts{"old", "new", "new", "new"}));
}

// What consumers have cannot be dropped.
TEST(StompTransaction, COMMIT_finds_no_room_where_consumers_have_it_all) {
    for (const bool is_temporary : {false, true}) {
        Peers peers(room_for(3, WhenFull::drop_oldest));
        const std::string own = is_temporary ? "/temp-queue/a" : "/queue/a";
        const std::string name = is_temporary ? "/temp-queue/session-1/a" : own;
        Peer& consumer = peers.connect();
        consumer.say("SUBSCRIBE\nid:1\nack:client\ndestination:" + own + "\n\n");
        fill(peers, name, 2);
        EXPECT_EQ(consumer.take_bodies().size(), 2U);
        Peer& peer = peers.connect();
        begin_with(peer, name, 2);
        peer.expect_refused("COMMIT\ntransaction:t\n\n", Fault::queue_full);
        EXPECT_TRUE(consumer.has_nothing());
        EXPECT_EQ(count_of(peers, name), 2U);
    }
}

TEST(StompTransaction, COMMIT_into_a_full_temporary_queue_does_nothing) {
    for (const WhenFull when_full : {WhenFull::refuse, WhenFull::block}) {
        Peers peers(room_for(3, when_full));
        Peer& consumer = peers.connect();
        consumer.say("SUBSCRIBE\nid:1\nack:client\ndestination:/temp-queue/a\n\n");
        fill(peers, "/temp-queue/session-1/a", 2);
        EXPECT_EQ(consumer.take_bodies().size(), 2U);
        Peer& peer = peers.connect();
        begin_with(peer, "/temp-queue/session-1/a", 2);
        peer.say("SEND\ntransaction:t\ndestination:/queue/b\n\nx");
        peer.expect_refused("COMMIT\ntransaction:t\n\n", Fault::queue_full);
        EXPECT_TRUE(consumer.has_nothing());
        EXPECT_EQ(count_of(peers, "/queue/b"), 0U);
    }
}

TEST(StompTransaction, COMMIT_to_somebody_who_is_gone_is_fine) {
    Peers peers;
    Peer& peer = peers.connect();
    begin_with(peer, "/temp-queue/session-9/a", 3);
    peer.say("COMMIT\ntransaction:t\nreceipt:r\n\n");
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r");
    EXPECT_EQ(peers.broker().counters().dropped, 3U);
}

TEST(StompTransaction, a_blocked_COMMIT_happens_when_there_is_room_for_all_of_it) {
    Peers peers(room_for(4, WhenFull::block));
    fill(peers, "/queue/a", 3);
    Peer& peer = peers.connect();
    begin_with(peer, "/queue/a", 3);
    peer.say("SEND\ntransaction:t\ndestination:/app/a\n\nx");
    peer.say("SEND\ntransaction:t\ndestination:/queue/b\nreceipt:1\n\nx");
    std::string frames = "COMMIT\ntransaction:t\nreceipt:2\n\n";
    frames += '\0';
    peer.say(frames + "BEGIN\ntransaction:t\nreceipt:3\n\n");
    EXPECT_TRUE(peer.is_blocked());
    EXPECT_TRUE(peer.has_nothing());
    EXPECT_TRUE(peer.for_application.empty());
    EXPECT_EQ(count_of(peers, "/queue/b"), 0U);
    Peer& reader = peers.connect();
    reader.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\nprefetch-count:1\n\n");
    const std::string ack = reader.take("MESSAGE").header("ack");
    reader.say("ACK\nid:" + ack + "\n\n");
    EXPECT_TRUE(peer.is_blocked());  // Room for two.
    reader.say("ACK\nid:" + reader.take("MESSAGE").header("ack") + "\n\n");
    EXPECT_FALSE(peer.is_blocked());
    EXPECT_EQ(peer.for_application.size(), 1U);
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "1");
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "2");
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "3");
    EXPECT_EQ(count_of(peers, "/queue/a"), 4U);
    EXPECT_EQ(count_of(peers, "/queue/b"), 1U);
}

// By then the bytes of its frame are gone.
TEST(StompTransaction, a_blocked_COMMIT_may_still_fail) {
    BrokerOptions options = room_for(2, WhenFull::block);
    options.destination_count_max = 2;
    Peers peers(options);
    fill(peers, "/queue/a", 2);
    Peer& peer = peers.connect();
    begin_with(peer, "/queue/a", 1);
    peer.say("SEND\ntransaction:t\ndestination:/queue/c\n\nx");
    std::string frames = "COMMIT\ntransaction:t\nreceipt:r\n\n";
    frames += '\0';
    peer.say(frames + "SEND\ndestination:/queue/a\n\nlater");
    EXPECT_TRUE(peer.is_blocked());
    fill(peers, "/queue/b", 1);
    Peer& reader = peers.connect();
    reader.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nprefetch-count:1\nack:client\n\n");
    reader.say("ACK\nid:" + reader.take("MESSAGE").header("ack") + "\n\n");
    EXPECT_EQ(peer.take_error(Fault::too_many_destinations).header("receipt-id"), "r");
    EXPECT_EQ(count_of(peers, "/queue/a"), 1U);
}

TEST(StompTransaction, a_blocked_COMMIT_ends_with_its_session) {
    Peers peers(room_for(2, WhenFull::block));
    fill(peers, "/queue/a", 2);
    Peer& peer = peers.connect();
    begin_with(peer, "/queue/a", 1);
    peer.say("COMMIT\ntransaction:t\nreceipt:r\n\n");
    EXPECT_TRUE(peer.is_blocked());
    peers.broker().end(peer.session().outbox(), Fault::server_shutting_down);
    peers.serve();
    EXPECT_EQ(peer.take_error(Fault::server_shutting_down).header("receipt-id"), "(none)");
    Peer& reader = peers.connect();
    reader.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n");
    EXPECT_EQ(reader.take_bodies(), (Texts{"old", "old"}));
}

TEST(StompTransaction, UNSUBSCRIBE_before_COMMIT_makes_its_acknowledgements_unknown) {
    for (const std::string end : {"COMMIT", "ABORT"}) {
        Peers peers;
        Peer& peer = peers.connect();
        peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
        fill(peers, "/queue/a", 2);
        static_cast<void>(peer.take("MESSAGE"));
        const std::string ack = peer.take("MESSAGE").header("ack");
        begin_with(peer, "/queue/b", 1);
        peer.say("ACK\ntransaction:t\nid:" + ack + "\n\n");
        peer.say("UNSUBSCRIBE\nid:1\n\n");
        EXPECT_EQ(peers.broker().find_queue("/queue/a")->waiting_count(), 2U);
        if (end == "COMMIT") {
            peer.expect_refused("COMMIT\ntransaction:t\n\n", Fault::delivery_unknown);
        } else {
            peer.say("ABORT\ntransaction:t\nreceipt:r\n\n");
            EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r");
        }
        EXPECT_EQ(count_of(peers, "/queue/a"), 2U);
        EXPECT_EQ(count_of(peers, "/queue/b"), 0U);
    }
}

TEST(StompTransaction, two_may_have_parts_of_one_subscription) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
    Texts acks;
    for (int i = 0; i < 6; ++i) {
        fill(peers, "/queue/a", 1, std::to_string(i));
        acks.push_back(peer.take("MESSAGE").header("ack"));
    }
    peer.say("BEGIN\ntransaction:t\n\n");
    peer.say("BEGIN\ntransaction:u\n\n");
    peer.say("ACK\ntransaction:t\nid:" + acks[1] + "\n\n");
    peer.say("ACK\ntransaction:u\nid:" + acks[3] + "\n\n");
    peer.say("ACK\nid:" + acks[4] + "\n\n");  // What neither has: one.
    EXPECT_EQ(count_of(peers, "/queue/a"), 5U);
    peer.say("COMMIT\ntransaction:u\n\n");
    EXPECT_EQ(count_of(peers, "/queue/a"), 3U);
    peer.say("ABORT\ntransaction:t\n\n");
    peer.say("NACK\nid:" + acks[1] + "\n\n");
    EXPECT_EQ(peer.take_bodies(), (Texts{"0", "1"}));
    EXPECT_EQ(count_of(peers, "/queue/a"), 3U);
}

TEST(StompTransaction, ACK_and_NACK_in_one_each_have_what_the_other_has_not) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
    Texts acks;
    for (int i = 0; i < 4; ++i) {
        fill(peers, "/queue/a", 1, std::to_string(i));
        acks.push_back(peer.take("MESSAGE").header("ack"));
    }
    peer.say("BEGIN\ntransaction:t\n\n");
    peer.say("ACK\ntransaction:t\nid:" + acks[1] + "\n\n");
    peer.say("NACK\ntransaction:t\nid:" + acks[3] + "\n\n");
    peer.say("COMMIT\ntransaction:t\n\n");
    EXPECT_EQ(peer.take_bodies(), (Texts{"2", "3"}));
    EXPECT_EQ(count_of(peers, "/queue/a"), 2U);
}

}  // namespace
}  // namespace edgews::stomp::test
