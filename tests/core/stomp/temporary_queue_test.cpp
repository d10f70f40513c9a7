// Temporary queues: a session's own, for replies to it.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Texts = std::vector<std::string>;

std::size_t queue_count(Peers& peers) {
    std::size_t count = 0;
    peers.broker().visit_queues([&](const Queue&) { ++count; });
    return count;
}

TEST(StompTemporaryQueue, nobody_else_can_subscribe_to_it) {
    Peers peers;
    Peer& owner = peers.connect();
    owner.say("SUBSCRIBE\nid:1\ndestination:/temp-queue/r\n\n");
    // The same short name is another queue.
    Peer& other = peers.connect();
    other.say("SUBSCRIBE\nid:1\ndestination:/temp-queue/r\n\n");
    EXPECT_EQ(queue_count(peers), 2U);
    for (const std::string_view name :
         {"/temp-queue/session-1/r", "/temp-queue/session-3/r", "/temp-queue/session-"}) {
        peers.connect().expect_refused("SUBSCRIBE\nid:1\ndestination:" + std::string(name) + "\n\n",
                                       Fault::destination_not_for_subscribe);
    }
    other.say("SEND\ndestination:/temp-queue/session-1/r\n\nfor the owner");
    other.say("SEND\ndestination:/temp-queue/r\n\nfor myself");
    EXPECT_EQ(owner.take_bodies(), Texts{"for the owner"});
    EXPECT_EQ(other.take_bodies(), Texts{"for myself"});
}

TEST(StompTemporaryQueue, it_dies_with_the_session) {
    for (const bool is_polite : {false, true}) {
        Peers peers;
        Peer& owner = peers.connect();
        owner.say("SUBSCRIBE\nid:1\ndestination:/temp-queue/r\nack:client\n\n");
        Peer& other = peers.connect();
        for (int i = 0; i < 5; ++i) {
            other.say("SEND\ndestination:/temp-queue/session-1/r\n\nx");
        }
        EXPECT_EQ(owner.take_bodies().size(), 5U);
        if (is_polite) owner.say("DISCONNECT\n\n");
        owner.vanish();
        EXPECT_EQ(queue_count(peers), 0U);
        // Answers to somebody who is gone are for nobody, and nobody's fault.
        other.say("SEND\ndestination:/temp-queue/session-1/r\nreceipt:r\n\nx");
        EXPECT_EQ(other.take("RECEIPT").header("receipt-id"), "r");
        EXPECT_EQ(queue_count(peers), 0U);
        EXPECT_GE(peers.broker().counters().dropped, 6U);
    }
}

TEST(StompTemporaryQueue, UNSUBSCRIBE_ends_it_too) {
    Peers peers;
    Peer& owner = peers.connect();
    owner.say("SUBSCRIBE\nid:1\ndestination:/temp-queue/r\n\n");
    owner.is_stuck = true;
    peers.connect().say("SEND\ndestination:/temp-queue/session-1/r\n\nx");
    owner.say("UNSUBSCRIBE\nid:1\n\n");
    owner.unstick();
    EXPECT_TRUE(owner.has_nothing());
    EXPECT_EQ(queue_count(peers), 0U);
}

TEST(StompTemporaryQueue, reply_to_makes_one_and_each_reply_has_its_name) {
    Peers peers;
    Peer& server = peers.connect();
    server.say("SUBSCRIBE\nid:1\ndestination:/topic/ask\n\n");
    Peer& asker = peers.connect();
    for (int i = 0; i < 3; ++i) {
        asker.say("SEND\ndestination:/topic/ask\nreply-to:/temp-queue/r\n\nq");
        const std::string name = server.take("MESSAGE").header("reply-to");
        EXPECT_EQ(name, "/temp-queue/session-2/r");
        server.say("SEND\ndestination:" + name + "\n\na");
        const Got got = asker.take("MESSAGE");
        EXPECT_EQ(got.header("subscription"), "/temp-queue/r");
        EXPECT_EQ(got.header("destination"), name);
        EXPECT_EQ(got.header("ack"), "(none)");
    }
    EXPECT_EQ(queue_count(peers), 1U);
    asker.say("UNSUBSCRIBE\nid:/temp-queue/r\n\n");
    EXPECT_EQ(queue_count(peers), 0U);
}

TEST(StompTemporaryQueue, a_reply_to_of_another_kind_stays_as_it_is) {
    Peers peers;
    Peer& server = peers.connect();
    server.say("SUBSCRIBE\nid:1\ndestination:/topic/ask\n\n");
    Peer& asker = peers.connect();
    for (const std::string name : {"/queue/r", "/topic/r", "/temp-queue/session-1/r",
                                   "/temp-queue/", "/temp-queue/*", "anything"}) {
        asker.say("SEND\ndestination:/topic/ask\nreply-to:" + name + "\n\nq");
        EXPECT_EQ(server.take("MESSAGE").header("reply-to"), name);
    }
    EXPECT_EQ(queue_count(peers), 0U);
}

// Otherwise who answers would be refused.
TEST(StompTemporaryQueue, a_reply_to_whose_full_name_is_too_long_is_refused) {
    Peers peers;
    Peer& asker = peers.connect();
    const std::string name = "/temp-queue/" + std::string(1000, 'x');
    asker.say("SEND\ndestination:/topic/ask\nreply-to:" + name + "\n\nq");
    asker.expect_refused("SEND\ndestination:/topic/ask\nreply-to:" + name + "12345\n\nq",
                         Fault::destination_too_long);
    EXPECT_EQ(queue_count(peers), 0U);
}

TEST(StompTemporaryQueue, replies_need_no_queue_in_the_senders_transaction) {
    Peers peers;
    Peer& server = peers.connect();
    server.say("SUBSCRIBE\nid:1\ndestination:/queue/ask\n\n");
    Peer& asker = peers.connect();
    asker.say("BEGIN\ntransaction:t\n\n");
    asker.say("SEND\ndestination:/queue/ask\nreply-to:/temp-queue/r\ntransaction:t\n\nq");
    asker.say("COMMIT\ntransaction:t\n\n");
    const std::string name = server.take("MESSAGE").header("reply-to");
    server.say("SEND\ndestination:" + name + "\n\na");
    EXPECT_EQ(asker.take_bodies(), Texts{"a"});
}

}  // namespace
}  // namespace edgews::stomp::test
