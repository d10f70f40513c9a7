// A relay in front of a hub: what the clients of two nodes have of each other.
#include <edgews/stomp_relay.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "relay_nodes.hpp"
#include "tests/support/allocations.hpp"

namespace edgews::test {
namespace {

// A hub and two relays to it, the first of which has two loops.
class StompRelays : public testing::Test {
  protected:
    Hub hub{};
    RelayNode one{hub.url(), {.loops = 2}};
    RelayNode other{hub.url()};
};

TEST_F(StompRelays, a_topics_message_goes_to_all_and_once_to_each_node) {
    std::vector<StompPeer> peers;
    for (int i = 0; i < 12; ++i) peers.push_back((i % 2 == 0 ? one : other).connect());
    for (StompPeer& peer : peers) peer.subscribe("/topic/a/b");
    EXPECT_EQ(hub.consumers("/topic/a/b"), 2U);
    for (int i = 0; i < 20; ++i) peers[3].send("/topic/a/b", std::to_string(i), "foo:bar\n");
    for (StompPeer& peer : peers) {
        for (int i = 0; i < 20; ++i) {
            const StompReply message = peer.hear("MESSAGE");
            EXPECT_EQ(message.body, std::to_string(i));
            EXPECT_TRUE(message.has("foo:bar"));
            EXPECT_TRUE(message.has("destination:/topic/a/b"));
            EXPECT_TRUE(message.has("subscription:/topic/a/b"));
        }
    }
    EXPECT_EQ(one.relay().relay_stats().received + other.relay().relay_stats().received, 40U);
}

TEST_F(StompRelays, what_is_sent_after_the_receipt_of_a_subscribe_is_received) {
    StompPeer joe = one.connect();
    StompPeer ann = other.connect();
    for (int i = 0; i < 1'000; ++i) {
        const std::string name = "/topic/" + std::to_string(i);
        joe.subscribe(name);
        ann.send(name, name);
        EXPECT_EQ(body_of(joe), name);
    }
}

TEST_F(StompRelays, many_who_subscribe_at_once_make_one_subscription) {
    std::vector<StompPeer> peers;
    for (int i = 0; i < 20; ++i) peers.push_back(one.connect());
    for (StompPeer& peer : peers) {
        peer.say("SUBSCRIBE\nid:1\ndestination:/topic/new\nreceipt:r\n\n");
    }
    for (StompPeer& peer : peers) expect_receipt(peer, "r");
    EXPECT_EQ(hub.consumers("/topic/new"), 1U);
    other.connect().send("/topic/new", "x");
    for (StompPeer& peer : peers) EXPECT_EQ(body_of(peer), "x");
}

TEST_F(StompRelays, a_pattern_brings_each_message_once_beside_the_name) {
    StompPeer joe = one.connect();
    joe.subscribe("/topic/a.*");
    joe.subscribe("/topic/a.b");
    other.connect().send("/topic/a.b", "x");
    std::string ids;
    for (int i = 0; i < 2; ++i) {
        const StompReply message = joe.hear("MESSAGE");
        EXPECT_TRUE(message.has("destination:/topic/a.b"));
        ids += message.header("subscription") + ' ';
    }
    EXPECT_TRUE(ids == "/topic/a.* /topic/a.b " || ids == "/topic/a.b /topic/a.* ") << ids;
    send_confirmed(joe, "/topic/of-nobody", "");  // No third one was on its way.
}

// What comes down has more headers than what was sent, and would end a connection that all share.
TEST_F(StompRelays, a_message_comes_whose_frame_was_as_large_as_it_may_be) {
    StompPeer joe = other.connect();
    joe.subscribe("/topic/a", "gap:true\n");
    StompPeer ann = one.connect();
    std::string lines;
    for (int i = 0; i < 97; ++i) lines += 'k' + std::to_string(i) + ":v\n";
    ann.send("/topic/a", "many", lines);
    const StompReply many = joe.hear("MESSAGE");
    EXPECT_EQ(many.body, "many");
    EXPECT_TRUE(many.has("k96:v"));
    std::string longest;
    for (int i = 0; i < 3; ++i) longest += "k:" + std::string(16'000, 'x') + '\n';
    ann.send("/topic/a", "long", longest);
    EXPECT_EQ(body_of(joe), "long");
}

TEST_F(StompRelays, nobody_forges_a_gap) {
    StompPeer ann = one.connect();
    StompPeer joe = other.connect();
    for (const std::string name : {"/topic/a", "/queue/a"}) {
        joe.subscribe(name, "gap:true\n");
        ann.send(name, "x", "gap:true\nfoo:bar\n");
        const StompReply message = joe.hear("MESSAGE");
        EXPECT_TRUE(message.has("foo:bar"));
        EXPECT_FALSE(message.has("gap:true")) << message.head;
    }
}

// On the relay's loop, down and up.
TEST_F(StompRelays, a_topics_message_takes_no_block_from_the_heap) {
    StompPeer joe = other.connect();
    joe.subscribe("/topic/a");
    const auto pass = [&](int count) {
        for (int i = 0; i < count; ++i) {
            joe.send("/topic/a", "x", "foo:bar\n");
            EXPECT_EQ(body_of(joe), "x");
        }
    };
    pass(200);
    const std::size_t before = other.node().server().on_loop(allocation_count);
    pass(1'000);
    // But for those of the question itself.
    EXPECT_LT(other.node().server().on_loop(allocation_count) - before, 20U);
}

// ---- Queues ------------------------------------------------------------------------------------

TEST_F(StompRelays, a_queues_message_goes_to_one_and_is_gone_when_its_ack_has_a_receipt) {
    StompPeer joe = one.connect();
    joe.subscribe("/queue/a", "ack:client-individual\n");
    send_confirmed(*std::make_unique<StompPeer>(other.connect()), "/queue/a", "x");
    const StompReply message = joe.hear("MESSAGE");
    EXPECT_EQ(message.body, "x");
    EXPECT_TRUE(message.has("redelivered:false"));
    for (const StompDestination& queue : hub.broker().destinations()) {
        EXPECT_EQ(queue.unacknowledged, 1U);
    }
    joe.say("ACK\nid:" + ack_of(message) + "\nreceipt:acked\n\n");
    expect_receipt(joe, "acked");
    for (const StompDestination& queue : hub.broker().destinations()) {
        EXPECT_EQ(queue.unacknowledged, 0U);
        EXPECT_EQ(queue.waiting, 0U);
    }
}

TEST_F(StompRelays, what_a_consumer_leaves_goes_to_another_and_says_so) {
    StompPeer joe = one.connect();
    joe.subscribe("/queue/a", "ack:client\n");
    StompPeer ann = other.connect();
    for (int i = 0; i < 100; ++i) ann.send("/queue/a", std::to_string(i));
    for (int i = 0; i < 100; ++i) EXPECT_EQ(body_of(joe), std::to_string(i));
    joe.client().reset();
    ann.subscribe("/queue/a");
    for (int i = 0; i < 100; ++i) {
        const StompReply message = ann.hear("MESSAGE");
        EXPECT_EQ(message.body, std::to_string(i));
        EXPECT_TRUE(message.has("redelivered:true")) << message.head;
    }
    one.wait_until([](const StompRelayStats& stats) { return stats.own_connections == 0; });
}

TEST_F(StompRelays, in_mode_client_an_ack_is_about_all_before_it) {
    StompPeer joe = one.connect();
    joe.subscribe("/queue/a", "ack:client\n");
    StompPeer ann = other.connect();
    for (int i = 0; i < 5; ++i) ann.send("/queue/a", std::to_string(i));
    std::vector<StompReply> messages;
    for (int i = 0; i < 5; ++i) messages.push_back(joe.hear("MESSAGE"));
    joe.say("ACK\nid:" + ack_of(messages[2]) + "\nreceipt:r\n\n");
    expect_receipt(joe, "r");
    joe.say("DISCONNECT\n\n");
    joe.expect_end(0);
    ann.subscribe("/queue/a");
    EXPECT_EQ(body_of(ann), "3");
    EXPECT_EQ(body_of(ann), "4");
}

TEST_F(StompRelays, a_nack_gives_back_or_buries) {
    StompPeer joe = one.connect();
    joe.subscribe("/queue/a", "ack:client-individual\n");
    send_confirmed(joe, "/queue/a", "x");
    joe.say("NACK\nid:" + ack_of(joe.hear("MESSAGE")) + "\n\n");
    const StompReply again = joe.hear("MESSAGE");
    EXPECT_TRUE(again.has("redelivered:true"));
    joe.say("NACK\nid:" + ack_of(again) + "\nrequeue:false\nreceipt:r\n\n");
    expect_receipt(joe, "r");
    joe.subscribe("/queue/dead-letters");
    EXPECT_EQ(body_of(joe), "x");
}

// The upstream broker counts attempts: an UNSUBSCRIBE is one, and not two.
TEST_F(StompRelays, an_unsubscribe_gives_back_what_was_not_acknowledged) {
    StompPeer joe = one.connect();
    StompPeer ann = other.connect();
    send_confirmed(ann, "/queue/a", "x");
    for (int i = 0; i < 9; ++i) {
        joe.subscribe("/queue/a", "ack:client\n");
        EXPECT_EQ(body_of(joe), "x");
        joe.say("UNSUBSCRIBE\nid:/queue/a\nreceipt:r\n\n");
        expect_receipt(joe, "r");
        EXPECT_EQ(hub.consumers("/queue/a"), 0U);
    }
    ann.subscribe("/queue/a");
    EXPECT_EQ(body_of(ann), "x");
}

TEST_F(StompRelays, a_1_0_client_unsubscribes_by_destination) {
    StompPeer joe(one.node().server().connect(), Over::tcp);
    joe.say("CONNECT\n\n");
    joe.hear("CONNECTED");
    joe.say("SUBSCRIBE\ndestination:/queue/a\nack:client\nreceipt:1\n\n");
    expect_receipt(joe, "1");
    EXPECT_EQ(hub.consumers("/queue/a"), 1U);
    send_confirmed(joe, "/queue/a", "x");
    EXPECT_EQ(body_of(joe), "x");
    joe.say("UNSUBSCRIBE\ndestination:/queue/a\nreceipt:2\n\n");
    expect_receipt(joe, "2");
    EXPECT_EQ(hub.consumers("/queue/a"), 0U);
}

TEST_F(StompRelays, a_1_1_client_acknowledges_by_message_id) {
    StompPeer joe(one.node().server().connect(), Over::tcp);
    joe.say("CONNECT\naccept-version:1.1\nhost:x\n\n");
    joe.hear("CONNECTED");
    joe.subscribe("/queue/a", "ack:client-individual\n");
    send_confirmed(joe, "/queue/a", "x");
    const std::string id = joe.hear("MESSAGE").header("message-id");
    joe.say("ACK\nsubscription:/queue/a\nmessage-id:" + id + "\nreceipt:r\n\n");
    expect_receipt(joe, "r");
    EXPECT_EQ(hub.broker().destinations().size(), 1U);
    EXPECT_EQ(hub.broker().destinations()[0].consumed_total, 1U);
}

// ---- Transactions ------------------------------------------------------------------------------

TEST_F(StompRelays, a_transaction_happens_as_a_whole) {
    StompPeer joe = one.connect();
    StompPeer ann = other.connect();
    ann.subscribe("/topic/a");
    joe.subscribe("/queue/in", "ack:client-individual\n");
    ann.send("/queue/in", "work");
    const StompReply work = joe.hear("MESSAGE");
    joe.say("BEGIN\ntransaction:t\n\n");
    joe.send("/topic/a", "done", "transaction:t\nreceipt:s\n");
    joe.send("/queue/out", "result", "transaction:t\n");
    joe.say("ACK\nid:" + ack_of(work) + "\ntransaction:t\n\n");
    joe.send("/topic/a", "before");
    EXPECT_EQ(body_of(ann), "before");
    joe.say("COMMIT\ntransaction:t\nreceipt:c\n\n");
    expect_receipt(joe, "s");
    expect_receipt(joe, "c");
    EXPECT_EQ(body_of(ann), "done");
    ann.subscribe("/queue/out");
    EXPECT_EQ(body_of(ann), "result");
    joe.say("DISCONNECT\nreceipt:bye\n\n");
    expect_receipt(joe, "bye");
    ann.subscribe("/queue/in");
    send_confirmed(ann, "/queue/in", "next");  // And "work" does not come back.
    EXPECT_EQ(body_of(ann), "next");
}

TEST_F(StompRelays, what_is_aborted_never_was) {
    StompPeer joe = one.connect();
    joe.subscribe("/topic/a");
    joe.say("BEGIN\ntransaction:t\n\n");
    joe.send("/topic/a", "no", "transaction:t\n");
    joe.say("ABORT\ntransaction:t\nreceipt:a\n\n");
    expect_receipt(joe, "a");
    joe.send("/topic/a", "yes");
    EXPECT_EQ(body_of(joe), "yes");
    EXPECT_EQ(one.relay().relay_stats().own_connections, 0U);
}

TEST_F(StompRelays, a_commit_that_is_refused_here_does_not_happen_there) {
    StompPeer joe = one.connect();
    joe.subscribe("/queue/in", "ack:client-individual\n");
    joe.send("/queue/in", "work");
    const StompReply work = joe.hear("MESSAGE");
    joe.say("BEGIN\ntransaction:t\n\n");
    joe.send("/queue/out", "result", "transaction:t\n");
    joe.say("ACK\nid:" + ack_of(work) + "\ntransaction:t\n\n");
    joe.say("UNSUBSCRIBE\nid:/queue/in\n\n");
    joe.say("COMMIT\ntransaction:t\nreceipt:c\n\n");
    EXPECT_TRUE(joe.hear("ERROR").has("receipt-id:c"));
    StompPeer ann = other.connect();
    ann.subscribe("/queue/in");
    EXPECT_EQ(body_of(ann), "work");
    ann.subscribe("/queue/out");
    send_confirmed(ann, "/queue/out", "first");
    EXPECT_EQ(body_of(ann), "first");
}

// What was sent before, by the shared connection, comes before.
TEST_F(StompRelays, a_commit_comes_after_what_was_sent_before_it) {
    StompPeer joe = one.connect();
    StompPeer ann = other.connect();
    ann.subscribe("/topic/a");
    joe.say("BEGIN\ntransaction:first\n\n");
    joe.send("/topic/a", "0", "transaction:first\n");
    joe.say("COMMIT\ntransaction:first\n\n");
    for (int i = 1; i < 300; i += 3) {
        joe.send("/topic/a", std::to_string(i));
        joe.say("BEGIN\ntransaction:t\n\n");
        joe.send("/topic/a", std::to_string(i + 1), "transaction:t\n");
        joe.say("COMMIT\ntransaction:t\n\n");
        joe.send("/topic/a", std::to_string(i + 2));
    }
    for (int i = 0; i <= 300; ++i) ASSERT_EQ(body_of(ann), std::to_string(i));
}

// ---- Receipts ----------------------------------------------------------------------------------

TEST_F(StompRelays, the_receipt_of_a_disconnect_is_the_last) {
    for (int i = 0; i < 50; ++i) {
        StompPeer joe = one.connect();
        for (const char* const id : {"1", "2", "3"}) {
            joe.send("/queue/a", "x", "receipt:" + std::string(id) + "\n");
        }
        joe.say("DISCONNECT\nreceipt:bye\n\n");
        for (const char* const id : {"1", "2", "3", "bye"}) expect_receipt(joe, id);
        joe.expect_end(0);
    }
}

TEST_F(StompRelays, what_is_only_for_this_node_needs_no_upstream) {
    StompPeer joe = one.connect();
    joe.subscribe("/temp-queue/mine");
    joe.send("/temp-queue/mine", "x");
    EXPECT_EQ(body_of(joe), "x");
    joe.subscribe("/user/queue/a");
    EXPECT_EQ(one.relay().send("/user/" + joe.session_id + "/queue/a", "y"), stomp::Fault::none);
    EXPECT_EQ(body_of(joe), "y");
    EXPECT_EQ(hub.broker().stats().destinations, 0U);
}

TEST_F(StompRelays, the_application_sends_up_from_any_thread) {
    StompPeer ann = other.connect();
    ann.subscribe("/topic/a");
    EXPECT_EQ(one.relay().send("/topic/a", "x"), stomp::Fault::none);
    EXPECT_EQ(body_of(ann), "x");
    const auto send = [&] { return one.relay().send("/topic/a", "y"); };
    EXPECT_EQ(one.node().server().on_loop(send, 1), stomp::Fault::none);
    EXPECT_EQ(body_of(ann), "y");
}

// ---- One client's faults -----------------------------------------------------------------------

TEST_F(StompRelays, no_send_of_one_client_ends_what_others_share) {
    StompPeer ann = one.connect();
    ann.subscribe("/topic/a");
    const auto many = [](int count) {
        std::string lines;
        for (int i = 0; i < count; ++i) lines += "h" + std::to_string(i) + ":v\n";
        return lines;
    };
    const std::string escaped(9'000, '\\');
    struct Row {
        std::string connect;
        std::string lines;
        bool is_refused;
    };
    for (const Row& row : {Row{"accept-version:1.2\nhost:x\n", "expires:soon\n", true},
                           Row{"accept-version:1.2\nhost:x\n", "reply-to:/temp-queue/a\n", true},
                           Row{"accept-version:1.2\nhost:x\n", many(60), false},
                           Row{"accept-version:1.2\nhost:x\n", many(98), true},
                           Row{"", "long:" + escaped + "\n", true}}) {
        SCOPED_TRACE(row.lines.substr(0, 30));
        StompPeer joe(one.node().server().connect(), Over::tcp);
        joe.say("CONNECT\n" + row.connect + "\n");
        joe.hear("CONNECTED");
        joe.send("/topic/of-nobody", "body", row.lines + "receipt:r\n");
        joe.hear(row.is_refused ? "ERROR" : "RECEIPT");
        ann.send("/topic/a", "x");
        EXPECT_EQ(body_of(ann), "x");
    }
    for (const StompUpstreamStats& upstream : one.relay().relay_stats().upstreams) {
        EXPECT_EQ(upstream.connects, 1U);
        EXPECT_EQ(upstream.failures, 0U);
    }
}

}  // namespace
}  // namespace edgews::test
