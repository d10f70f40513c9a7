// What a session has on a connection of its own upstream: receipts that are awaited there, and what
// is read of it meanwhile, with an upstream broker that the test plays.
#include <gtest/gtest.h>

#include <string>

#include "played_upstream.hpp"

namespace edgews::test {
namespace {

using StompRelayOwn = PlayedUpstream;

// With the connection the receipts would go, too.
TEST_F(StompRelayOwn, an_unsubscribe_waits_for_receipts_where_it_ends_the_connection) {
    PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
    for (const bool is_asked : {true, false}) {
        SCOPED_TRACE(is_asked);
        Consumer joe = consume();
        const StompReply message = deliver(joe, "m1");
        deliver(joe, "m2");
        joe.peer.say("ACK\nid:" + ack_of(message) + "\nreceipt:acked\n\n");
        const std::string ack = joe.own.hear();
        joe.peer.say("UNSUBSCRIBE\nid:1\n" + std::string(is_asked ? "receipt:gone\n" : "") + "\n");
        joe.peer.send("/topic/a", "x", "receipt:sent\n");
        joe.own.deliver(joe.number, "m3", "ack:m3\n");  // It is still subscribed to.
        EXPECT_EQ(joe.peer.hear("MESSAGE").body, "m3");
        joe.own.raw.expect_silence();
        shared.raw.expect_silence();
        joe.own.say("RECEIPT\nreceipt-id:" + PlayedSession::line(ack, "receipt") + "\n\n");
        EXPECT_EQ(short_of(joe.own.hear()), "DISCONNECT");
        expect_receipt(joe.peer, "acked");
        if (is_asked) expect_receipt(joe.peer, "gone");
        EXPECT_EQ(node->relay().relay_stats().own_connections, 0U);
        shared.confirm();
        expect_receipt(joe.peer, "sent");
        // What needs receipts goes on.
        joe.peer.say("BEGIN\ntransaction:t\n\n");
        joe.peer.send("/topic/a", "x", "transaction:t\n");
        joe.peer.say("COMMIT\ntransaction:t\nreceipt:c\n\n");
        PlayedSession next = broker.connect();
        for (const char* const said : {"BEGIN", "SEND /topic/a"}) {
            EXPECT_EQ(short_of(next.hear()), said);
        }
        EXPECT_EQ(short_of(next.confirm()), "COMMIT");
        expect_receipt(joe.peer, "c");
        joe.peer.say("DISCONNECT\nreceipt:d\n\n");
        expect_receipt(joe.peer, "d");
    }
}

TEST_F(StompRelayOwn, a_receipt_that_an_unsubscribe_waits_for_and_is_lost_is_in_doubt) {
    for (const bool is_late : {true, false}) {
        SCOPED_TRACE(is_late);
        const PlayedSession shared = start_connected(
            UpstreamKind::rabbitmq, {.receipt_timeout_ms = is_late ? 100U : 10'000U});
        Consumer joe = consume();
        joe.peer.say("ACK\nid:" + ack_of(deliver(joe, "m1")) + "\nreceipt:acked\n\n");
        EXPECT_EQ(short_of(joe.own.hear()), "ACK m1");
        joe.peer.say("UNSUBSCRIBE\nid:1\nreceipt:gone\n\n");
        if (!is_late) joe.own.raw.reset();
        joe.peer.expect_error("whether", 0);
        EXPECT_EQ(node->relay().relay_stats().own_connections, 0U);
        node.reset();
    }
}

// The broker would give it to somebody else, whatever its client was told.
TEST_F(StompRelayOwn, an_ack_for_which_there_is_no_room_ends_the_session) {
    for (const bool is_of_transaction : {false, true}) {
        SCOPED_TRACE(is_of_transaction);
        constexpr std::size_t ack_size = 1024 * 1024;
        const PlayedSession shared = start_connected(
            UpstreamKind::edgews,
            {.frame = {.header_size_max = 2 * ack_size, .head_size_max = 2 * ack_size},
             .backlog_size_max = 2 * ack_size});
        Consumer joe = consume("ack:client\n");
        // More than the system takes on the way to a broker that does not read.
        StompReply last;
        for (int i = 0; i < 24; ++i) {
            joe.own.deliver(joe.number, "m", "ack:" + std::string(ack_size, 'a') + "\n");
            last = joe.peer.hear("MESSAGE");
        }
        const std::string lines = is_of_transaction ? "transaction:t\n" : "receipt:r\n";
        if (is_of_transaction) joe.peer.say("BEGIN\ntransaction:t\n\n");
        joe.peer.say("ACK\nid:" + ack_of(last) + "\n" + lines + "\n");
        if (is_of_transaction) joe.peer.say("COMMIT\ntransaction:t\nreceipt:r\n\n");
        joe.peer.expect_error("not available", 0);
        node.reset();
    }
}

}  // namespace
}  // namespace edgews::test
