// SEND and MESSAGE (1.2, SEND; MESSAGE): D of the checklist.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::stomp::test {
namespace {

constexpr std::array<std::string_view, 3> versions{"1.0", "1.1", "1.2"};

Peer& subscriber(Peers& peers, std::string_view version, std::string_view headers) {
    Peer& peer = peers.connect(version);
    peer.say("SUBSCRIBE\n" + std::string(headers) + '\n');
    EXPECT_TRUE(peer.has_nothing());
    return peer;
}

TEST(StompChecklist, D1_SEND_needs_a_destination) {
    for (const std::string_view version : versions) {
        Peers peers;
        const Got got = peers.connect(version).expect_refused("SEND\nreceipt:r\n\nx",
                                                              Fault::destination_missing);
        EXPECT_EQ(got.header("receipt-id"), "r");
    }
}

TEST(StompChecklist, D2_a_SEND_that_cannot_be_processed_ends_the_session) {
    const std::string long_name(1024, 'x');
    const std::array<std::pair<std::string, Fault>, 12> rows{{
        {"destination:", Fault::destination_invalid},
        {"destination:a", Fault::destination_invalid},
        {"destination:/topic/", Fault::destination_invalid},
        {"destination:/nowhere/a", Fault::destination_invalid},
        {"destination:/topic/a\\nb", Fault::destination_invalid},
        {"destination:/topic/*", Fault::destination_not_for_send},
        {"destination:/queue/a.#", Fault::destination_not_for_send},
        {"destination:/user/queue/a", Fault::destination_not_for_send},
        {"destination:/queue/" + long_name, Fault::destination_too_long},
        {"destination:/queue/a\ntransaction:t", Fault::transaction_unknown},
        {"destination:/queue/a\nexpires:soon", Fault::expires_malformed},
        {"destination:/app/a\ntransaction:t", Fault::transaction_unknown},
    }};
    for (const auto& [headers, fault] : rows) {
        Peers peers;
        Peer& peer = peers.connect();
        const Got got = peer.expect_refused("SEND\n" + headers + "\nreceipt:r\n\nx", fault);
        EXPECT_EQ(got.header("receipt-id"), "r");
        EXPECT_TRUE(peer.for_application.empty());
        EXPECT_EQ(peers.broker().counters().received, 0U);
        peers.broker().visit_queues([](const Queue& queue) { ADD_FAILURE() << queue.name(); });
    }
}

TEST(StompChecklist, D3_headers_of_the_user_pass_through) {
    for (const std::string_view from : versions) {
        for (const std::string_view to : versions) {
            Peers peers;
            Peer& listener = subscriber(peers, to, "id:1\ndestination:/topic/a\n");
            peers.connect(from).say(
                "SEND\ndestination:/topic/"
                "a\nfoo:bar\nX-Y_z.1:\xC3\xA9\xF0\x9F\x98\x80\npriority:9\n"
                "persistent:true\nselector:a = 'b'\n\nbody");
            const Got got = listener.take("MESSAGE");
            EXPECT_EQ(got.header("foo"), "bar");
            EXPECT_EQ(got.header("X-Y_z.1"), "\xC3\xA9\xF0\x9F\x98\x80");
            EXPECT_EQ(got.header("priority"), "9");
            EXPECT_EQ(got.header("persistent"), "true");
            EXPECT_EQ(got.header("selector"), "a = 'b'");
            EXPECT_EQ(got.body, "body");
            // Theirs, and destination, message-id, subscription and content-length.
            EXPECT_EQ(got.headers.size(), 9U) << got.raw;
        }
    }
}

TEST(StompChecklist, D4_MESSAGE_says_where_from_which_and_for_whom) {
    Peers peers;
    Peer& listener = subscriber(peers, "1.2", "id:sub-7\ndestination:/topic/a\n");
    Peer& sender = peers.connect();
    std::set<std::string> ids;
    for (int i = 0; i < 50; ++i) {
        sender.say("SEND\ndestination:/topic/a\n\nx");
        const Got got = listener.take("MESSAGE");
        EXPECT_EQ(got.header("destination"), "/topic/a");
        EXPECT_EQ(got.header("subscription"), "sub-7");
        ids.insert(got.header("message-id"));
    }
    EXPECT_EQ(ids.size(), 50U);
    EXPECT_EQ(ids.count("(none)"), 0U);
}

TEST(StompChecklist, D5_the_destination_is_that_of_the_SEND) {
    Peers peers;
    Peer& all = subscriber(peers, "1.2", "id:1\ndestination:/topic/#\n");
    Peer& sender = peers.connect();
    for (const std::string name : {"/topic/a", "/topic/a.b", "/topic/ a", "/topic/\xC3\xA9"}) {
        sender.say("SEND\ndestination:" + name + "\n\nx");
        EXPECT_EQ(all.take("MESSAGE").header("destination"), name);
    }
    Peer& consumer = subscriber(peers, "1.1", "id:1\ndestination:/queue/a:b\n");
    sender.say("SEND\ndestination:/queue/a\\cb\n\nx");
    EXPECT_EQ(consumer.take("MESSAGE").header("destination"), "/queue/a:b");
}

TEST(StompChecklist, D6_ack_names_each_delivery) {
    Peers peers;
    std::set<std::string> acks;
    std::vector<Peer*> listeners;
    for (const std::string_view mode : {"client", "client-individual"}) {
        for (const std::string_view kind : {"/topic/a", "/queue/a"}) {
            listeners.push_back(&subscriber(
                peers, "1.2",
                "id:1\nack:" + std::string(mode) + "\ndestination:" + std::string(kind) + '\n'));
        }
    }
    Peer& sender = peers.connect();
    for (int i = 0; i < 10; ++i) sender.say("SEND\ndestination:/topic/a\n\nx");
    for (int i = 0; i < 10; ++i) sender.say("SEND\ndestination:/queue/a\n\nx");
    for (Peer* listener : listeners) {
        while (!listener->has_nothing()) acks.insert(listener->take("MESSAGE").header("ack"));
    }
    EXPECT_EQ(acks.size(), 30U);  // Also those of different connections differ.
    EXPECT_EQ(acks.count("(none)"), 0U);
    Peer& automatic = subscriber(peers, "1.2", "id:1\ndestination:/topic/b\n");
    sender.say("SEND\ndestination:/topic/b\n\nx");
    EXPECT_EQ(automatic.take("MESSAGE").header("ack"), "(none)");
}

TEST(StompChecklist, D7_before_1_2_there_is_no_ack_header) {
    for (const std::string_view version : {"1.0", "1.1"}) {
        Peers peers;
        Peer& consumer = subscriber(peers, version, "id:1\ndestination:/queue/a\nack:client\n");
        peers.connect().say("SEND\ndestination:/queue/a\n\nx");
        const Got got = consumer.take("MESSAGE");
        EXPECT_EQ(got.header("ack"), "(none)");
        consumer.say("ACK\nsubscription:1\nmessage-id:" + got.header("message-id") + "\n\n");
        EXPECT_TRUE(consumer.has_nothing());
        EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 0U);
    }
}

TEST(StompChecklist, D8_subscription_is_there_if_it_had_an_id) {
    Peers peers;
    Peer& without = subscriber(peers, "1.0", "destination:/topic/a\n");
    Peer& with = subscriber(peers, "1.0", "id:7\ndestination:/topic/a\n");
    peers.connect().say("SEND\ndestination:/topic/a\n\nx");
    EXPECT_EQ(without.take("MESSAGE").header("subscription"), "(none)");
    EXPECT_EQ(with.take("MESSAGE").header("subscription"), "7");
}

TEST(StompChecklist, D8_an_id_is_said_back_whatever_is_in_it) {
    struct Row {
        std::string_view version;
        std::string_view line;
        std::string_view id;
    };
    for (const auto& [version, line, id] :
         {Row{"1.2", "", ""}, Row{"1.2", "\\n/topic/a", "\n/topic/a"}, Row{"1.2", "a\\rb", "a\rb"},
          Row{"1.1", "\\n", "\n"}, Row{"1.1", " a ", " a "}, Row{"1.1", "a\\c\\\\b", "a:\\b"},
          Row{"1.1", "a\rb", "a\rb"}, Row{"1.0", "a:\\b", "a:\\b"}, Row{"1.0", "a\rb", "a\rb"}}) {
        Peers peers;
        const std::string id_line = "id:" + std::string(line) + '\n';
        Peer& peer = subscriber(peers, version, id_line + "destination:/topic/a\n");
        peers.connect().say("SEND\ndestination:/topic/a\n\nx");
        const Got got = peer.take("MESSAGE");
        EXPECT_EQ(got.header("subscription"), id) << got.raw;
        EXPECT_EQ(got.raw.find("MESSAGE\nsubscription:" + std::string(line) + '\n'), 0U) << got.raw;
    }
}

TEST(StompChecklist, D9_each_subscription_that_matches_gets_its_own) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a.b\n\n");
    peer.say("SUBSCRIBE\nid:2\ndestination:/topic/a.*\n\n");
    peer.say("SUBSCRIBE\nid:3\ndestination:/topic/#\n\n");
    peer.say("SUBSCRIBE\nid:4\ndestination:/topic/a.b\n\n");
    peer.say("SEND\ndestination:/topic/a.b\n\nx");
    std::set<std::string> subscriptions;
    std::set<std::string> ids;
    for (int i = 0; i < 4; ++i) {
        const Got got = peer.take("MESSAGE");
        subscriptions.insert(got.header("subscription"));
        ids.insert(got.header("message-id"));
    }
    EXPECT_TRUE(peer.has_nothing());
    EXPECT_EQ(subscriptions, (std::set<std::string>{"1", "2", "3", "4"}));
    EXPECT_EQ(ids.size(), 1U);  // In 1.2 it is the message that it names.
}

TEST(StompChecklist, D10_a_queues_message_says_whether_it_is_redelivered) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& first = subscriber(peers, version, "id:1\ndestination:/queue/a\nack:client\n");
        peers.connect().say("SEND\ndestination:/queue/a\nredelivered:true\n\nx");
        EXPECT_EQ(first.take("MESSAGE").header("redelivered"), "false");
        first.vanish();
        Peer& second = subscriber(peers, version, "id:1\ndestination:/topic/a\n");
        second.say("SUBSCRIBE\nid:2\ndestination:/queue/a\n\n");
        EXPECT_EQ(second.take("MESSAGE").header("redelivered"), "true");
        second.say("SEND\ndestination:/topic/a\n\nx");
        EXPECT_EQ(second.take("MESSAGE").header("redelivered"), "(none)");
    }
}

TEST(StompChecklist, D11_receipt_and_transaction_stay_with_the_sender) {
    Peers peers;
    Peer& listener = subscriber(peers, "1.2", "id:1\ndestination:/topic/a\n");
    Peer& sender = peers.connect();
    sender.say("BEGIN\ntransaction:t\n\n");
    sender.say("SEND\ndestination:/topic/a\ntransaction:t\nreceipt:r\n\nx");
    sender.say("SEND\ndestination:/topic/a\nreceipt:s\nreceipt-id:u\n\ny");
    sender.say("COMMIT\ntransaction:t\n\n");
    ASSERT_EQ(listener.count(), 2U);
    for (int i = 0; i < 2; ++i) {
        const Got got = listener.take("MESSAGE");
        EXPECT_EQ(got.headers.size(), 4U) << got.raw;
    }
}

// Whether those of sender '1' are in order, and those of '2'.
void expect_in_order(const std::vector<std::string>& bodies) {
    std::array<std::string, 2> last{};
    for (const std::string& body : bodies) {
        std::string& before = last[body.front() == '1' ? 0 : 1];
        EXPECT_LT(before, body);
        before = body;
    }
}

TEST(StompChecklist, D12_one_senders_messages_come_in_order) {
    Peers peers;
    std::vector<Peer*> topic;
    std::vector<Peer*> queue;
    for (const std::string_view version : versions) {
        topic.push_back(&subscriber(peers, version, "id:1\ndestination:/topic/a\n"));
        topic.push_back(&subscriber(peers, version, "id:1\ndestination:/topic/*\n"));
        queue.push_back(&subscriber(peers, version, "id:1\ndestination:/queue/a\n"));
    }
    Peer& one = peers.connect();
    Peer& two = peers.connect("1.1");
    for (int i = 1000; i < 1200; ++i) {
        topic[static_cast<std::size_t>(i) % topic.size()]->is_stuck = i % 4 != 0;
        queue[static_cast<std::size_t>(i) % queue.size()]->is_stuck = i % 5 != 0;
        for (const std::string name : {"/topic/a", "/queue/a"}) {
            one.say("SEND\ndestination:" + name + "\n\n1" + std::to_string(i));
            two.say("SEND\ndestination:" + name + "\n\n2" + std::to_string(i));
        }
    }
    for (Peer* const listener : topic) {
        listener->unstick();
        EXPECT_EQ(listener->count(), 400U);
        expect_in_order(listener->take_bodies());
    }
    for (Peer* const consumer : queue) consumer->unstick();
    std::size_t count = 0;
    for (Peer* const consumer : queue) {
        count += consumer->count();
        expect_in_order(consumer->take_bodies());
    }
    EXPECT_EQ(count, 400U);
}

}  // namespace
}  // namespace edgews::stomp::test
