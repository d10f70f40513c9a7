// BEGIN, COMMIT and ABORT (1.2, BEGIN): G of the checklist.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

constexpr std::array<std::string_view, 3> versions{"1.0", "1.1", "1.2"};

using Texts = std::vector<std::string>;

std::size_t count_of(Peers& peers, std::string_view name) {
    const Queue* const queue = peers.broker().find_queue(name);
    return queue == nullptr ? 0 : queue->count();
}

TEST(StompChecklist, G1_a_transaction_has_a_name) {
    for (const std::string_view version : versions) {
        for (const std::string command : {"BEGIN", "COMMIT", "ABORT"}) {
            Peers peers;
            const Got got = peers.connect(version).expect_refused(command + "\nreceipt:r\n\n",
                                                                  Fault::transaction_missing);
            EXPECT_EQ(got.header("receipt-id"), "r");
        }
    }
}

TEST(StompChecklist, G2_an_open_name_cannot_begin_again) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("BEGIN\ntransaction:t\n\n");
        peer.say("SEND\ndestination:/queue/a\ntransaction:t\n\nx");
        peer.expect_refused("BEGIN\ntransaction:t\n\n", Fault::transaction_exists);
        EXPECT_EQ(count_of(peers, "/queue/a"), 0U);
    }
}

TEST(StompChecklist, G2_a_name_is_free_elsewhere_and_afterwards) {
    Peers peers;
    Peer& peer = peers.connect();
    Peer& other = peers.connect();
    peer.say("BEGIN\ntransaction:t\n\n");
    other.say("BEGIN\ntransaction:t\n\n");
    peer.say("SEND\ndestination:/queue/a\ntransaction:t\n\nx");
    other.say("SEND\ndestination:/queue/b\ntransaction:t\n\ny");
    other.say("ABORT\ntransaction:t\n\n");
    peer.say("COMMIT\ntransaction:t\n\n");
    EXPECT_EQ(count_of(peers, "/queue/a"), 1U);
    EXPECT_EQ(count_of(peers, "/queue/b"), 0U);
    for (Peer* const again : {&peer, &other}) {
        again->say("BEGIN\ntransaction:t\nreceipt:r\n\n");
        EXPECT_EQ(again->take("RECEIPT").header("receipt-id"), "r");
    }
    peer.say("COMMIT\ntransaction:t\n\n");
    EXPECT_EQ(count_of(peers, "/queue/a"), 1U);
}

TEST(StompChecklist, G3_COMMIT_and_ABORT_name_an_open_transaction) {
    for (const std::string_view version : versions) {
        for (const std::string command : {"COMMIT", "ABORT"}) {
            for (const std::string before : {"", "COMMIT", "ABORT"}) {
                Peers peers;
                Peer& peer = peers.connect(version);
                peers.connect().say("BEGIN\ntransaction:t\n\n");  // Another connection's.
                peer.say("BEGIN\ntransaction:T\n\n");
                if (!before.empty()) {
                    peer.say("BEGIN\ntransaction:t\n\n");
                    peer.say(before + "\ntransaction:t\n\n");
                }
                const Got got = peer.expect_refused(command + "\ntransaction:t\nreceipt:r\n\n",
                                                    Fault::transaction_unknown);
                EXPECT_EQ(got.header("receipt-id"), "r");
            }
        }
    }
}

TEST(StompChecklist, G4_SEND_ACK_and_NACK_name_an_open_transaction) {
    for (const std::string_view version : versions) {
        for (const std::string command : {"SEND", "ACK", "NACK"}) {
            if (version == "1.0" && command == "NACK") continue;
            Peers peers;
            Peer& peer = peers.connect(version);
            peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
            peers.connect().say("SEND\ndestination:/queue/a\n\nx");
            const Got got = peer.take("MESSAGE");
            peer.say("BEGIN\ntransaction:t\n\n");
            const std::string name = version == "1.2" ? "\nid:" + got.header("ack")
                                                      : "\nmessage-id:" + got.header("message-id");
            peer.expect_refused(
                command + name + "\ndestination:/queue/b\nsubscription:1\ntransaction:u\n\nx",
                Fault::transaction_unknown);
            EXPECT_EQ(count_of(peers, "/queue/a"), 1U);
            EXPECT_EQ(count_of(peers, "/queue/b"), 0U);
        }
    }
}

TEST(StompChecklist, G5_COMMIT_shows_all_in_order_and_ABORT_nothing) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& topic = peers.connect();
        topic.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
        Peer& queue = peers.connect();
        queue.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n");
        Peer& peer = peers.connect(version);
        peer.say("BEGIN\ntransaction:t\n\n");
        peer.say("BEGIN\ntransaction:u\n\n");
        Texts sent;
        for (int i = 0; i < 20; ++i) {
            sent.push_back(std::to_string(i));
            for (const std::string name : {"/topic/a", "/queue/a"}) {
                peer.say("SEND\ntransaction:t\ndestination:" + name + "\n\n" + sent.back());
                peer.say("SEND\ntransaction:u\ndestination:" + name + "\n\nnever");
            }
        }
        EXPECT_TRUE(topic.has_nothing());
        EXPECT_TRUE(queue.has_nothing());
        EXPECT_EQ(peers.broker().counters().received, 0U);
        peer.say("ABORT\ntransaction:u\n\n");
        peer.say("COMMIT\ntransaction:t\n\n");
        EXPECT_EQ(topic.take_bodies(), sent);
        EXPECT_EQ(queue.take_bodies(), sent);
    }
}

TEST(StompChecklist, G6_if_one_action_fails_none_takes_effect) {
    BrokerOptions options;
    options.queue.message_count_max = 2;
    Peers peers(options);
    Peer& listener = peers.connect();
    listener.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/queue/c\nack:client\n\n");
    peers.connect().say("SEND\ndestination:/queue/c\n\nx");
    const std::string ack = peer.take("MESSAGE").header("ack");
    peer.say("BEGIN\ntransaction:t\n\n");
    peer.say("SEND\ndestination:/topic/a\ntransaction:t\n\n1");
    peer.say("SEND\ndestination:/queue/a\ntransaction:t\nreceipt:r1\n\n1");
    peer.say("ACK\nid:" + ack + "\ntransaction:t\nreceipt:r2\n\n");
    peer.say("SEND\ndestination:/app/a\ntransaction:t\n\n1");
    for (int i = 0; i < 3; ++i) peer.say("SEND\ndestination:/queue/b\ntransaction:t\n\n1");
    const Got got = peer.expect_refused("COMMIT\ntransaction:t\nreceipt:r3\n\n", Fault::queue_full);
    EXPECT_EQ(got.header("receipt-id"), "r3");
    EXPECT_TRUE(listener.has_nothing());
    EXPECT_EQ(count_of(peers, "/queue/a"), 0U);
    EXPECT_EQ(count_of(peers, "/queue/b"), 0U);
    EXPECT_EQ(count_of(peers, "/queue/c"), 1U);
    EXPECT_TRUE(peer.for_application.empty());
}

TEST(StompChecklist, G7_DISCONNECT_and_a_lost_connection_abort) {
    for (const bool is_polite : {false, true}) {
        Peers peers;
        Peer& peer = peers.connect();
        peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
        peers.connect().say("SEND\ndestination:/queue/a\n\nx");
        const std::string ack = peer.take("MESSAGE").header("ack");
        peer.say("BEGIN\ntransaction:t\n\n");
        peer.say("SEND\ndestination:/queue/b\ntransaction:t\n\n1");
        peer.say("SEND\ndestination:/app/b\ntransaction:t\n\n1");
        peer.say("ACK\nid:" + ack + "\ntransaction:t\n\n");
        if (is_polite) {
            peer.say("DISCONNECT\nreceipt:r\n\n");
            EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r");
        }
        EXPECT_TRUE(peer.for_application.empty());
        peer.vanish();
        EXPECT_EQ(count_of(peers, "/queue/a"), 1U);
        EXPECT_EQ(count_of(peers, "/queue/b"), 0U);
    }
}

TEST(StompChecklist, G8_SUBSCRIBE_and_UNSUBSCRIBE_are_not_transactional) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.say("BEGIN\ntransaction:t\n\n");
    peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a\ntransaction:t\n\n");
    peers.connect().say("SEND\ndestination:/topic/a\n\nx");
    EXPECT_EQ(peer.take_bodies(), Texts{"x"});
    peer.say("ABORT\ntransaction:t\n\n");
    peers.connect().say("SEND\ndestination:/topic/a\n\ny");
    EXPECT_EQ(peer.take_bodies(), Texts{"y"});
    peer.say("UNSUBSCRIBE\nid:1\ntransaction:none\n\n");
    peers.connect().say("SEND\ndestination:/topic/a\n\nz");
    EXPECT_TRUE(peer.has_nothing());
}

TEST(StompChecklist, G9_a_RECEIPT_in_a_transaction_comes_at_COMMIT) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("BEGIN\ntransaction:t\nreceipt:0\n\n");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "0");
        peer.say("BEGIN\ntransaction:u\n\n");
        peer.say("SEND\ndestination:/queue/a\ntransaction:t\nreceipt:1\n\nx");
        peer.say("SEND\ndestination:/queue/a\ntransaction:u\nreceipt:owed\n\nx");
        peer.say("SEND\ndestination:/queue/a\ntransaction:t\nreceipt:2\n\nx");
        peer.say("SEND\ndestination:/queue/a\nreceipt:3\n\nx");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "3");
        EXPECT_TRUE(peer.has_nothing());
        peer.say("ABORT\ntransaction:u\nreceipt:4\n\n");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "owed");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "4");
        peer.say("COMMIT\ntransaction:t\nreceipt:5\n\n");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "1");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "2");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "5");
        EXPECT_TRUE(peer.has_nothing());
    }
}

// Who waits for it before it commits would wait for ever.
TEST(StompChecklist, G9_or_at_once_if_it_is_so_chosen) {
    for (const std::string_view version : versions) {
        Peers peers({}, {.receipt_in_transaction = ReceiptInTransaction::at_once});
        Peer& peer = peers.connect(version);
        peer.say("SUBSCRIBE\nid:1\ndestination:/queue/in\nack:client\n\n");
        peers.connect().say("SEND\ndestination:/queue/in\n\nx");
        const Got got = peer.take("MESSAGE");
        peer.say("BEGIN\ntransaction:t\n\n");
        peer.say("SEND\ndestination:/queue/a\ntransaction:t\nreceipt:1\n\nx");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "1");
        peer.say("SEND\ndestination:/app/a\ntransaction:t\nreceipt:2\n\nx");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "2");
        peer.say("ACK\ntransaction:t\nreceipt:3\nid:" + got.header("ack") +
                 "\nmessage-id:" + got.header("message-id") + "\nsubscription:1\n\n");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "3");
        EXPECT_EQ(count_of(peers, "/queue/a"), 0U);
        EXPECT_EQ(count_of(peers, "/queue/in"), 1U);
        peer.say("COMMIT\ntransaction:t\nreceipt:4\n\n");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "4");
        EXPECT_TRUE(peer.has_nothing());
        EXPECT_EQ(count_of(peers, "/queue/a"), 1U);
        EXPECT_EQ(count_of(peers, "/queue/in"), 0U);
        EXPECT_EQ(peer.for_application.size(), 1U);
    }
}

// What is refused has none, and what was to come with a COMMIT that never comes neither.
TEST(StompChecklist, G9_a_refused_frame_and_one_that_DISCONNECT_undoes_have_no_RECEIPT) {
    for (const auto when : {ReceiptInTransaction::at_commit, ReceiptInTransaction::at_once}) {
        Peers peers({}, {.transaction_frame_count_max = 1, .receipt_in_transaction = when});
        Peer& refused = peers.connect();
        refused.say("BEGIN\ntransaction:t\n\n");
        refused.say("SEND\ndestination:/queue/a\ntransaction:t\n\nx");
        const Got error =
            refused.expect_refused("SEND\ndestination:/queue/a\ntransaction:t\nreceipt:r\n\nx",
                                   Fault::transaction_too_big);
        EXPECT_EQ(error.header("receipt-id"), "r");
        Peer& leaving = peers.connect();
        leaving.say("BEGIN\ntransaction:t\n\n");
        leaving.say("SEND\ndestination:/queue/a\ntransaction:t\nreceipt:1\n\nx");
        if (when == ReceiptInTransaction::at_once) {
            EXPECT_EQ(leaving.take("RECEIPT").header("receipt-id"), "1");
        }
        leaving.say("DISCONNECT\nreceipt:2\n\n");
        EXPECT_EQ(leaving.take("RECEIPT").header("receipt-id"), "2");
        EXPECT_TRUE(leaving.has_nothing());
    }
}

}  // namespace
}  // namespace edgews::stomp::test
