#include "peers.hpp"

#include <gtest/gtest.h>

namespace edgews::stomp::test {
namespace {

TEST(StompSession, a_topic_reaches_every_subscriber) {
    Peers peers;
    Peer& a = peers.connect();
    Peer& b = peers.connect("1.1");
    a.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
    b.say("SUBSCRIBE\nid:2\ndestination:/topic/*\nreceipt:r\n\n");
    EXPECT_EQ(b.take("RECEIPT").header("receipt-id"), "r");
    Peer& c = peers.connect("1.0");
    c.say("SEND\ndestination:/topic/a\nfoo:bar\n\nhello");
    const Got got = a.take("MESSAGE");
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.header("subscription"), "1");
    EXPECT_EQ(got.header("foo"), "bar");
    EXPECT_EQ(b.take("MESSAGE").body, "hello");
}

TEST(StompSession, what_a_consumer_did_not_acknowledge_goes_to_another_in_order) {
    Peers peers;
    Peer& a = peers.connect();
    a.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client-individual\n\n");
    Peer& c = peers.connect();
    for (int i = 0; i < 1000; ++i) {
        c.say("SEND\ndestination:/queue/a\n\n" + std::to_string(i));
    }
    ASSERT_EQ(a.count(), 1000U);
    a.vanish();
    Peer& b = peers.connect();
    b.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
    ASSERT_EQ(b.count(), 1000U);
    std::string last;
    for (int i = 0; i < 1000; ++i) {
        const Got got = b.take("MESSAGE");
        EXPECT_EQ(got.body, std::to_string(i));
        EXPECT_EQ(got.header("redelivered"), "true");
        last = got.header("ack");
    }
    b.say("ACK\nid:" + last + "\n\n");
    EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 0U);
}

TEST(StompSession, a_transaction_happens_at_commit) {
    Peers peers;
    Peer& a = peers.connect();
    a.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n");
    a.say("BEGIN\ntransaction:t\n\n");
    a.say("SEND\ndestination:/queue/a\ntransaction:t\nreceipt:1\n\nx");
    a.say("SEND\ndestination:/app/b\ntransaction:t\nreceipt:2\n\ny");
    EXPECT_TRUE(a.has_nothing());
    EXPECT_TRUE(a.for_application.empty());
    a.say("COMMIT\ntransaction:t\nreceipt:3\n\n");
    EXPECT_EQ(a.take("RECEIPT").header("receipt-id"), "1");
    EXPECT_EQ(a.take("RECEIPT").header("receipt-id"), "2");
    EXPECT_EQ(a.take("RECEIPT").header("receipt-id"), "3");
    EXPECT_EQ(a.take("MESSAGE").body, "x");
    ASSERT_EQ(a.for_application.size(), 1U);
    EXPECT_EQ(a.for_application[0].second, "y");
}

TEST(StompSession, replies_come_to_a_temporary_queue) {
    Peers peers;
    Peer& asker = peers.connect();
    Peer& server = peers.connect();
    server.say("SUBSCRIBE\nid:s\ndestination:/queue/ask\n\n");
    asker.say("SEND\ndestination:/queue/ask\nreply-to:/temp-queue/r\n\nquestion");
    const std::string reply_to = server.take("MESSAGE").header("reply-to");
    EXPECT_EQ(reply_to, "/temp-queue/session-1/r");
    server.say("SEND\ndestination:" + reply_to + "\n\nanswer");
    const Got got = asker.take("MESSAGE");
    EXPECT_EQ(got.body, "answer");
    EXPECT_EQ(got.header("subscription"), "/temp-queue/r");
}

TEST(StompSession, a_user_gets_what_is_sent_to_the_user_in_all_sessions) {
    Peers peers;
    Peer& a = peers.connect("1.2", "joe");
    Peer& b = peers.connect("1.2", "joe");
    Peer& c = peers.connect("1.2", "ann");
    for (Peer* peer : {&a, &b, &c}) peer->say("SUBSCRIBE\nid:1\ndestination:/user/queue/p\n\n");
    c.say("SEND\ndestination:/user/joe/queue/p\n\nhi");
    EXPECT_EQ(a.take("MESSAGE").header("destination"), "/user/queue/p");
    EXPECT_EQ(b.take("MESSAGE").body, "hi");
    EXPECT_TRUE(c.has_nothing());
}

}  // namespace
}  // namespace edgews::stomp::test
