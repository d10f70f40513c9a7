// What a relay says to an upstream broker that the test plays, frame by frame, and what its clients
// hear of that.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "played_upstream.hpp"

namespace edgews::test {
namespace {

using StompRelayUpstream = PlayedUpstream;

TEST_F(StompRelayUpstream, what_follows_a_subscribe_waits_until_it_is_confirmed) {
    PlayedSession shared = start_connected();
    StompPeer joe = node->connect();
    joe.say("SUBSCRIBE\nid:x\ndestination:/topic/a\nreceipt:r\n\n");
    joe.send("/topic/b", "1");
    joe.send("/temp-queue/c", "2", "receipt:s\n");
    const std::string subscribe = shared.hear();
    EXPECT_EQ(short_of(subscribe), "SUBSCRIBE " + id_of(subscribe) + " /topic/a");
    EXPECT_EQ(PlayedSession::line(subscribe, "ack"), "auto");
    shared.raw.expect_silence();
    shared.say("RECEIPT\nreceipt-id:" + PlayedSession::line(subscribe, "receipt") + "\n\n");
    EXPECT_EQ(short_of(shared.hear()), "SEND /topic/b");
    expect_receipt(joe, "r");
    expect_receipt(joe, "s");
}

TEST_F(StompRelayUpstream, a_receipt_comes_when_the_upstream_brokers_came) {
    PlayedSession shared = start_connected();
    StompPeer joe = node->connect();
    joe.send("/topic/a", "x", "receipt:first\n");
    joe.send("/topic/a", "y");
    joe.send("/topic/a", "z", "receipt:second\n");
    const std::string x = shared.hear();
    EXPECT_EQ(PlayedSession::line(shared.hear(), "receipt"), "-");
    const std::string z = shared.hear();
    for (const std::string& frame : {z, x}) {
        shared.say("RECEIPT\nreceipt-id:" + PlayedSession::line(frame, "receipt") + "\n\n");
    }
    expect_receipt(joe, "second");
    expect_receipt(joe, "first");
}

// Of whatever session: what comes after its end is nobody's.
TEST_F(StompRelayUpstream, a_receipt_that_comes_after_its_session_is_for_nobody) {
    PlayedSession shared = start_connected();
    std::vector<std::string> frames;
    {
        StompPeer joe = node->connect();
        joe.send("/topic/a", "x", "receipt:r\n");
        frames.push_back(shared.hear());
        joe.say("BEGIN\n\n");  // A fault: its session ends.
        joe.hear("ERROR");
        StompPeer ann = node->connect();
        ann.send("/topic/a", "x", "receipt:r\n");
        frames.push_back(shared.hear());
        ann.client().reset();
        node->node().server().wait_for(Counter::connections_open, 1);
    }
    for (const std::string& frame : frames) {
        shared.say("RECEIPT\nreceipt-id:" + PlayedSession::line(frame, "receipt") + "\n\n");
    }
    StompPeer sue = node->connect();
    sue.send("/topic/a", "y", "receipt:r\n");
    shared.confirm();
    expect_receipt(sue, "r");
}

TEST_F(StompRelayUpstream, what_waits_for_too_long_is_in_doubt_or_never_was) {
    PlayedSession shared = start_connected(UpstreamKind::edgews, {.receipt_timeout_ms = 50});
    StompPeer joe = node->connect();
    joe.send("/topic/a", "x", "receipt:r\n");
    shared.hear();
    joe.expect_error("whether", 0);
    StompPeer ann = node->connect();
    ann.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nreceipt:r\n\n");
    EXPECT_TRUE(ann.expect_error("not available", 0).has("receipt-id:r"));
    StompPeer sue = node->connect();
    sue.send("/topic/a", "x", "receipt:r\n");
    sue.say("DISCONNECT\nreceipt:d\n\n");
    sue.expect_error("whether", 0);
}

// ---- A connection of one's own ------------------------------------------------------------------

TEST_F(StompRelayUpstream, an_error_on_a_connection_of_ones_own_is_ones_own) {
    PlayedSession shared = start_connected();
    StompPeer joe = node->connect();
    joe.say("SUBSCRIBE\nid:1\ndestination:/queue/secret\nreceipt:r\n\n");
    PlayedSession own = broker.connect();
    own.hear();
    own.say("ERROR\nmessage:access refused\n\n");
    EXPECT_NE(joe.expect_error("upstream broker refused", 0).body.find("access refused"),
              std::string::npos);
    StompPeer ann = node->connect();
    ann.send("/topic/a", "x", "receipt:r\n");
    shared.confirm();
    expect_receipt(ann, "r");
}

// ---- A loss ------------------------------------------------------------------------------------

TEST_F(StompRelayUpstream, a_gap_is_told_in_front_of_what_came_after_it) {
    std::optional<PlayedSession> shared(start_connected());
    StompPeer joe = node->connect();
    joe.say("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\ngap:true\n\n");
    const std::string subscribe = shared->confirm();
    expect_receipt(joe, "r");
    shared->deliver(id_of(subscribe), "before");
    EXPECT_EQ(body_of(joe), "before");
    shared->raw.close();
    shared.emplace(broker.connect());
    const std::string again = shared->hear();
    EXPECT_EQ(id_of(again), id_of(subscribe));
    shared->deliver(id_of(again), "after");
    EXPECT_TRUE(joe.hear("MESSAGE").has("gap:true"));
    EXPECT_EQ(body_of(joe), "after");
    // And not again, when it is confirmed.
    shared->say("RECEIPT\nreceipt-id:" + PlayedSession::line(again, "receipt") + "\n\n");
    shared->deliver(id_of(again), "last");
    EXPECT_EQ(body_of(joe), "last");
    EXPECT_EQ(node->relay().relay_stats().gaps, 1U);
}

TEST_F(StompRelayUpstream, a_subscribe_while_there_is_no_connection_waits_for_one) {
    start();
    StompPeer joe = node->connect();
    joe.say("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\n\n");
    joe.send("/topic/a", "x", "receipt:s\n");
    PlayedSession shared = broker.connect();
    EXPECT_EQ(short_of(shared.confirm()).substr(0, 9), "SUBSCRIBE");
    expect_receipt(joe, "r");
    EXPECT_EQ(short_of(shared.confirm()), "SEND /topic/a");
    expect_receipt(joe, "s");
}

TEST_F(StompRelayUpstream, a_send_whose_receipt_did_not_come_before_the_loss_is_in_doubt) {
    PlayedSession shared = start_connected();
    StompPeer joe = node->connect();
    joe.send("/topic/a", "x", "receipt:r\n");
    shared.hear();
    shared.raw.close();
    joe.expect_error("whether", 0);
    EXPECT_EQ(node->relay().relay_stats().in_doubt, 1U);
}

// ---- Acknowledging -----------------------------------------------------------------------------

TEST_F(StompRelayUpstream, the_receipt_of_an_ack_comes_when_it_is_confirmed) {
    const PlayedSession shared = start_connected();
    Consumer joe = consume();
    const StompReply first = deliver(joe, "m1");
    const StompReply second = deliver(joe, "m2");
    joe.peer.say("ACK\nid:" + ack_of(second) + "\nreceipt:r\n\n");
    joe.peer.say("NACK\nid:" + ack_of(first) + "\n\n");
    const std::string ack = joe.own.hear();
    EXPECT_EQ(short_of(ack), "ACK m2");
    EXPECT_EQ(short_of(joe.own.hear()), "NACK m1");
    joe.peer.send("/temp-queue/c", "", "receipt:later\n");
    expect_receipt(joe.peer, "later");
    joe.own.say("RECEIPT\nreceipt-id:" + PlayedSession::line(ack, "receipt") + "\n\n");
    expect_receipt(joe.peer, "r");
}

TEST_F(StompRelayUpstream, an_ack_that_is_refused_here_says_so_and_nothing_more) {
    const PlayedSession shared = start_connected();
    Consumer joe = consume();
    const StompReply message = deliver(joe, "m1");
    joe.peer.say("ACK\nid:" + ack_of(message) + "\n\n");
    joe.own.hear();
    joe.peer.say("ACK\nid:" + ack_of(message) + "\nreceipt:r\n\n");
    EXPECT_TRUE(joe.peer.expect_error("No such message", 0).has("receipt-id:r"));
    EXPECT_EQ(short_of(joe.own.hear()), "DISCONNECT");
}

TEST_F(StompRelayUpstream, an_unsubscribe_says_what_each_broker_has_to_hear) {
    struct Row {
        UpstreamKind kind;
        std::vector<std::string> said;
    };
    // RabbitMQ gives back what was not acknowledged when the connection ends, and not before.
    for (const Row& row : {Row{UpstreamKind::edgews, {"UNSUBSCRIBE 1"}},
                           Row{UpstreamKind::activemq, {"UNSUBSCRIBE 1"}},
                           Row{UpstreamKind::rabbitmq, {"DISCONNECT"}}}) {
        SCOPED_TRACE(row.said[0]);
        const PlayedSession shared = start_connected(row.kind);
        Consumer joe = consume();
        deliver(joe, "m1");
        joe.peer.say("UNSUBSCRIBE\nid:1\nreceipt:r\n\n");
        for (const std::string& said : row.said) {
            const std::string frame = joe.own.hear();
            EXPECT_EQ(short_of(frame), said);
            const std::string receipt = PlayedSession::line(frame, "receipt");
            if (receipt != "-") joe.own.say("RECEIPT\nreceipt-id:" + receipt + "\n\n");
        }
        expect_receipt(joe.peer, "r");
        const bool is_gone = row.kind == UpstreamKind::rabbitmq;
        EXPECT_EQ(node->relay().relay_stats().own_connections, is_gone ? 0U : 1U);
        node.reset();
    }
}

TEST_F(StompRelayUpstream, rabbitmq_hears_what_is_left_where_the_connection_stays) {
    const PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
    Consumer joe = consume();
    joe.peer.say("SUBSCRIBE\nid:2\ndestination:/queue/b\nack:client\nreceipt:r\n\n");
    joe.own.confirm();
    expect_receipt(joe.peer, "r");
    deliver(joe, "m1");
    joe.peer.say("UNSUBSCRIBE\nid:1\n\n");
    EXPECT_EQ(short_of(joe.own.hear()), "NACK m1");
    EXPECT_EQ(short_of(joe.own.hear()), "UNSUBSCRIBE " + joe.number);
}

TEST_F(StompRelayUpstream, a_subscription_says_what_it_may_be_given_and_no_secrets) {
    const PlayedSession shared = start_connected(UpstreamKind::activemq);
    StompPeer joe = node->connect();
    joe.say(
        "SUBSCRIBE\nid:1\ndestination:/queue/a\nselector:x = 1\nlogin:joe\nPasscode:secret\n"
        "Authorization:secret\ngap:true\nack:client\nprefetch-count:4000000000\n\n");
    PlayedSession own = broker.connect();
    const std::string frame = own.hear();
    EXPECT_EQ(PlayedSession::line(frame, "selector"), "x = 1");
    EXPECT_EQ(PlayedSession::line(frame, "ack"), "client-individual");
    EXPECT_EQ(PlayedSession::line(frame, "activemq.prefetchSize"), "10000");
    EXPECT_EQ(PlayedSession::line(frame, "prefetch-count"), "-");
    EXPECT_EQ(PlayedSession::line(frame, "gap"), "-");
    EXPECT_EQ(PlayedSession::line(frame, "login"), "-");
    EXPECT_EQ(frame.find("secret"), std::string::npos) << frame;
}

// ---- Transactions ------------------------------------------------------------------------------

TEST_F(StompRelayUpstream, a_commit_waits_for_its_connection_and_is_one_burst) {
    const PlayedSession shared = start_connected();
    StompPeer joe = node->connect();
    joe.say("BEGIN\ntransaction:t\n\n");
    joe.send("/topic/a", "x", "transaction:t\nfoo:bar\n");
    joe.send("/queue/b", "y", "transaction:t\nreceipt:s\n");
    joe.say("COMMIT\ntransaction:t\nreceipt:c\n\n");
    joe.send("/temp-queue/c", "", "receipt:later\n");
    PlayedSession own = broker.connect();
    EXPECT_EQ(short_of(own.hear()), "BEGIN");
    const std::string send = own.hear();
    EXPECT_EQ(short_of(send), "SEND /topic/a");
    EXPECT_EQ(PlayedSession::line(send, "foo"), "bar");
    EXPECT_EQ(short_of(own.hear()), "SEND /queue/b");
    EXPECT_EQ(short_of(own.confirm()), "COMMIT");
    expect_receipt(joe, "s");
    expect_receipt(joe, "c");
    expect_receipt(joe, "later");
}

TEST_F(StompRelayUpstream, a_commit_that_nobody_confirms_is_in_doubt) {
    for (const bool is_lost : {false, true}) {
        SCOPED_TRACE(is_lost);
        const PlayedSession shared =
            start_connected(UpstreamKind::edgews, {.receipt_timeout_ms = is_lost ? 10'000U : 100U});
        StompPeer joe = node->connect();
        joe.say("BEGIN\ntransaction:t\n\n");
        joe.send("/topic/a", "x", "transaction:t\n");
        joe.say("COMMIT\ntransaction:t\nreceipt:c\n\n");
        PlayedSession own = broker.connect();
        for (const char* const said : {"BEGIN", "SEND /topic/a", "COMMIT"}) {
            EXPECT_EQ(short_of(own.hear()), said);
        }
        if (is_lost) own.raw.reset();
        joe.expect_error("whether", 0);
        EXPECT_EQ(node->relay().relay_stats().in_doubt, 1U);
        node.reset();
    }
}

TEST_F(StompRelayUpstream, a_commit_that_never_left_is_in_no_doubt) {
    const PlayedSession shared = start_connected(UpstreamKind::edgews, {.receipt_timeout_ms = 100});
    StompPeer joe = node->connect();
    joe.say("BEGIN\ntransaction:t\n\n");
    joe.send("/topic/a", "x", "transaction:t\n");
    joe.say("COMMIT\ntransaction:t\nreceipt:c\n\n");
    const PlayedSession own = broker.accept();  // It says nothing.
    EXPECT_TRUE(joe.expect_error("not available", 0).has("receipt-id:c"));
    EXPECT_EQ(node->relay().relay_stats().in_doubt, 0U);
}

TEST_F(StompRelayUpstream, a_name_that_there_cannot_be_is_refused_in_its_transaction) {
    const PlayedSession shared = start_connected(UpstreamKind::activemq);
    StompPeer joe = node->connect();
    joe.say("BEGIN\ntransaction:t\n\n");
    joe.send("/queue/a,b", "x", "transaction:t\n");
    joe.expect_error("can have no such destination", 0);
    EXPECT_EQ(node->relay().relay_stats().own_connections, 0U);
}

// ---- What a broker might object to -------------------------------------------------------------

TEST_F(StompRelayUpstream, what_might_be_refused_goes_by_a_connection_of_its_own) {
    struct Row {
        UpstreamKind kind;
        std::string line;
        bool is_harmless;
    };
    const std::string long_value(256, 'v');
    for (const Row& row : {Row{UpstreamKind::rabbitmq, "expiration:soon", false},
                           Row{UpstreamKind::rabbitmq, "priority:x", false},
                           Row{UpstreamKind::rabbitmq, "user-id:root", false},
                           Row{UpstreamKind::rabbitmq, "CC:x", false},
                           Row{UpstreamKind::rabbitmq, "BCC:x", false},
                           Row{UpstreamKind::rabbitmq, "x-queue-type:stream", false},
                           Row{UpstreamKind::rabbitmq, "durable:false", false},
                           Row{UpstreamKind::rabbitmq, "correlation-id:" + long_value, false},
                           Row{UpstreamKind::rabbitmq, std::string(128, 'n') + ":v", false},
                           Row{UpstreamKind::rabbitmq, "token:" + long_value, true},
                           Row{UpstreamKind::rabbitmq, "persistent:true", true},
                           Row{UpstreamKind::rabbitmq, "persistent:false", false},
                           Row{UpstreamKind::rabbitmq, "persistent:x", false},
                           Row{UpstreamKind::rabbitmq, "reply-to:/queue/", false},
                           Row{UpstreamKind::rabbitmq, "reply-to:/queue/a", false},
                           Row{UpstreamKind::rabbitmq, "reply-to:queue//?", false},
                           Row{UpstreamKind::rabbitmq, "reply-to:answers", true},
                           Row{UpstreamKind::activemq, "reply-to:/queue/a.b-c_1", true},
                           Row{UpstreamKind::activemq, "reply-to:/topic/a", true},
                           Row{UpstreamKind::activemq, "reply-to:answers", true},
                           Row{UpstreamKind::activemq, "reply-to:/queue/", false},
                           Row{UpstreamKind::activemq, "reply-to:/queue/?a=b", false},
                           Row{UpstreamKind::activemq, "timestamp:soon", false},
                           Row{UpstreamKind::activemq, "persistent:x", true},
                           Row{UpstreamKind::edgews, "reply-to:/queue/", true},
                           Row{UpstreamKind::activemq, "priority:x", false},
                           Row{UpstreamKind::activemq, "AMQ_SCHEDULED_DELAY:x", false},
                           Row{UpstreamKind::activemq, "x-foo:x", true},
                           Row{UpstreamKind::edgews, "priority:x", true},
                           Row{UpstreamKind::edgews, "a:" + std::string(5'000, 'v'), false}}) {
        SCOPED_TRACE(row.line.substr(0, 40));
        PlayedSession shared = start_connected(row.kind);
        StompPeer joe = node->connect();
        joe.send("/topic/a", "x", row.line + "\nreceipt:r\n");
        if (row.is_harmless) {
            shared.confirm();
        } else {
            PlayedSession own = broker.connect();
            EXPECT_EQ(short_of(own.hear()), "BEGIN");
            const std::string send =
                row.kind == UpstreamKind::rabbitmq ? own.confirm() : own.hear();
            EXPECT_NE(send.find('\n' + row.line + '\n'), std::string::npos) << send;
            EXPECT_EQ(short_of(own.confirm()), "COMMIT");
        }
        expect_receipt(joe, "r");
        node.reset();
    }
}

// RabbitMQ ends the connection of whoever says what is the broker's to say.
TEST_F(StompRelayUpstream, no_id_of_a_message_goes_up) {
    PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
    StompPeer joe = node->connect();
    joe.send("/topic/a", "x", "message-id:mine\nfoo:bar\nreceipt:r\n");
    const std::string send = shared.confirm();
    EXPECT_EQ(send.find("mine"), std::string::npos) << send;
    EXPECT_EQ(PlayedSession::line(send, "foo"), "bar");
    expect_receipt(joe, "r");
    joe.send("/topic/a", "x", "message-id:mine\npriority:1\nreceipt:r\n");
    PlayedSession own = broker.connect();
    own.hear();
    EXPECT_EQ(own.confirm().find("mine"), std::string::npos);
    EXPECT_EQ(short_of(own.confirm()), "COMMIT");
    expect_receipt(joe, "r");
}

// ---- Ends --------------------------------------------------------------------------------------

TEST_F(StompRelayUpstream, a_loop_ends_while_all_of_it_waits) {
    PlayedSession shared = start_connected();
    Consumer joe = consume();
    deliver(joe, "m1");
    StompPeer ann = node->connect();
    ann.say("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\n\n");
    shared.hear();
    StompPeer sue = node->connect();
    sue.say("BEGIN\ntransaction:t\n\n");
    sue.send("/topic/a", "x", "transaction:t\n");
    sue.say("COMMIT\ntransaction:t\n\n");
    PlayedSession own = broker.connect();
    own.hear();
    StompPeer tom = node->connect();
    tom.send("/topic/a", "x", "receipt:r\n");
    tom.say("DISCONNECT\nreceipt:d\n\n");
    shared.hear();
    node.reset();
    for (PlayedSession* const connection : {&shared, &joe.own}) {
        EXPECT_EQ(short_of(connection->hear()), "DISCONNECT");
        connection->raw.expect_end();
    }
}

// Be it carried by WebSocket: that is no connection of the server's, which would end at once.
TEST_F(StompRelayUpstream, a_loop_ends_and_says_goodbye_over_a_websocket) {
    const PlayedBroker over_websocket{loop, Over::web_socket};
    start(UpstreamKind::edgews, {.brokers = {over_websocket.url()}});
    PlayedSession shared = over_websocket.connect();
    StompPeer joe = node->connect();
    joe.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nreceipt:there\n\n");
    PlayedSession own = over_websocket.connect();
    own.confirm();
    expect_receipt(joe, "there");
    node.reset();
    for (PlayedSession* const connection : {&shared, &own}) {
        EXPECT_EQ(short_of(connection->hear()), "DISCONNECT");
        EXPECT_EQ(connection->raw.read_frame().describe(), "88 1000");
    }
}

TEST_F(StompRelayUpstream, clients_that_wait_may_vanish) {
    PlayedSession shared = start_connected();
    for (int i = 0; i < 20; ++i) {
        StompPeer joe = node->connect();
        joe.say("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\n\n");
        i % 2 == 0 ? joe.client().reset() : joe.client().close();
    }
    const std::string subscribe = shared.hear();
    StompPeer ann = node->connect();
    ann.say("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\n\n");
    shared.say("RECEIPT\nreceipt-id:" + PlayedSession::line(subscribe, "receipt") + "\n\n");
    expect_receipt(ann, "r");
}

}  // namespace
}  // namespace edgews::test
