// What a session has on a connection of its own upstream: receipts that are awaited there, and what
// is read of it meanwhile, with an upstream broker that the test plays.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "played_upstream.hpp"

namespace edgews::test {
namespace {

class StompRelayOwn : public PlayedUpstream {
  protected:
    // Two streams on one connection, which goes on after a loss. There, the second one's "x" has
    // come, and of the first so much waits that nothing more is read.
    struct Reader {
        Consumer first;
        std::string second{};
        StompReply x{};
    };
    Reader pause_reader() {
        Reader reader{.first = consume(stream_lines + "prefetch-count:1\n", "/queue/log")};
        reader.second = also_read(reader, "2");
        deliver_at(reader.first, reader.first.number, "0", "small");
        EXPECT_EQ(body_of(reader.first.peer), "small");  // Is never acknowledged.
        reader.first.own.raw.close();
        reader.first.own = broker.connect();
        for (int i = 0; i < 2; ++i) reader.first.own.confirm();
        EXPECT_TRUE(reader.first.peer.hear("MESSAGE").has("gap:true"));  // Of the second.
        deliver_at(reader.first, reader.second, "0", "x");
        reader.x = reader.first.peer.hear("MESSAGE");
        deliver_at(reader.first, reader.first.number, "1", big);
        wait_until_received(3);
        return reader;
    }
    // Subscribes to one stream more; returns its number upstream.
    static std::string also_read(Reader& reader, const std::string& id) {
        reader.first.peer.say("SUBSCRIBE\nid:" + id + "\ndestination:/queue/log" + id +
                              "\nreceipt:also\n" + stream_lines + "\n");
        const std::string number = id_of(reader.first.own.confirm());
        expect_receipt(reader.first.peer, "also");
        return number;
    }
    static void deliver_at(Consumer& consumer, const std::string& number, const std::string& place,
                           const std::string& body) {
        consumer.own.deliver(number, body, "ack:a\nx-stream-offset:" + place + "\n");
    }
    void wait_until_received(std::uint64_t count) {
        node->wait_until([&](const StompRelayStats& s) { return s.received >= count; });
    }
    // Of what comes now, one is read at most.
    void expect_paused(Reader& reader, std::uint64_t received_count) {
        Consumer& joe = reader.first;
        for (const char* const place : {"7", "8", "9"}) deliver_at(joe, joe.number, place, big);
        joe.peer.send("/temp-queue/c", "", "receipt:later\n");
        expect_receipt(joe.peer, "later");
        EXPECT_LE(node->relay().relay_stats().received, received_count + 1);
    }

    static constexpr std::size_t backlog_size_max = 8'000;
    const std::string big = std::string(backlog_size_max / 2, 'b');
    inline static const std::string stream_lines =
        "ack:client-individual\nx-queue-type:stream\ngap:true\n";
};

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
        EXPECT_EQ(short_of(next.hear()), "BEGIN");
        for (const char* const said : {"SEND /topic/a", "COMMIT"}) {
            EXPECT_EQ(short_of(next.confirm()), said);
        }
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

// ---- COMMIT ------------------------------------------------------------------------------------

std::string receipt_for(const std::string& frame) {
    return "RECEIPT\nreceipt-id:" + PlayedSession::line(frame, "receipt") + "\n\n";
}

// RabbitMQ's RECEIPT of a COMMIT comes before what was sent is on disk.
TEST_F(StompRelayOwn, a_commit_is_confirmed_when_each_of_its_sends_is) {
    for (const std::size_t last : {0U, 1U, 2U}) {
        SCOPED_TRACE(last);
        const PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
        StompPeer joe = node->connect();
        joe.say("BEGIN\ntransaction:t\n\n");
        joe.send("/topic/a", "x", "transaction:t\nreceipt:s\n");
        joe.send("/queue/b", "y", "transaction:t\n");
        joe.say("COMMIT\ntransaction:t\nreceipt:c\n\n");
        joe.send("/topic/later", "z", "priority:1\n");
        PlayedSession own = broker.connect();
        EXPECT_EQ(short_of(own.hear()), "BEGIN");
        std::vector<std::string> frames;
        for (const char* const said : {"SEND /topic/a", "SEND /queue/b", "COMMIT"}) {
            frames.push_back(own.hear());
            EXPECT_EQ(short_of(frames.back()), said);
            EXPECT_NE(PlayedSession::line(frames.back(), "receipt"), "-");
        }
        for (std::size_t i = 0; i < frames.size(); ++i) {
            if (i != last) own.say(receipt_for(frames[i]));
        }
        own.raw.expect_silence();  // What follows waits.
        own.say(receipt_for(frames[last]));
        EXPECT_EQ(short_of(own.hear()), "BEGIN");
        expect_receipt(joe, "s");
        expect_receipt(joe, "c");
        // Nobody asked for a RECEIPT of it.
        EXPECT_EQ(PlayedSession::line(own.hear(), "receipt"), "-");
        own.confirm();
        joe.say("DISCONNECT\nreceipt:d\n\n");
        expect_receipt(joe, "d");
        node.reset();
    }
}

// Its own RECEIPT came.
TEST_F(StompRelayOwn, a_commit_of_which_one_send_is_not_confirmed_does_not_get_its_receipt) {
    enum class Case : std::uint8_t { refused, lost, late };
    for (const bool is_alone : {false, true}) {
        for (const Case how : {Case::refused, Case::lost, Case::late}) {
            SCOPED_TRACE(static_cast<int>(how));
            const PlayedSession shared = start_connected(
                UpstreamKind::rabbitmq, {.receipt_timeout_ms = how == Case::late ? 100U : 10'000U});
            StompPeer joe = node->connect();
            if (is_alone) {
                joe.send("/queue/a", "x", "priority:1\nreceipt:c\n");
            } else {
                joe.say("BEGIN\ntransaction:t\n\n");
                joe.send("/queue/a", "x", "transaction:t\n");
                joe.say("COMMIT\ntransaction:t\nreceipt:c\n\n");
            }
            PlayedSession own = broker.connect();
            EXPECT_EQ(short_of(own.hear()), "BEGIN");
            const std::string send = own.hear();
            EXPECT_EQ(short_of(own.confirm()), "COMMIT");
            if (how == Case::lost) own.raw.close();
            if (how == Case::refused) {
                own.say("ERROR\nmessage:no room\nreceipt-id:" +
                        PlayedSession::line(send, "receipt") + "\n\n");
                joe.expect_error("refused", 0);
            } else {
                joe.expect_error("whether", 0);
            }
            const StompRelayStats stats = node->relay().relay_stats();
            EXPECT_EQ(stats.in_doubt, how == Case::refused ? 0U : 1U);
            EXPECT_EQ(stats.own_connections, 0U);
            node.reset();
        }
    }
}

TEST_F(StompRelayOwn, a_session_ends_while_its_commit_waits_for_a_send) {
    const PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
    StompPeer joe = node->connect();
    joe.send("/queue/a", "x", "priority:1\nreceipt:c\n");
    PlayedSession own = broker.connect();
    EXPECT_EQ(short_of(own.hear()), "BEGIN");
    const std::string send = own.hear();
    EXPECT_EQ(short_of(own.confirm()), "COMMIT");
    joe.client().close();
    EXPECT_EQ(short_of(own.hear()), "DISCONNECT");
    own.say(receipt_for(send));
    node->wait_until([](const StompRelayStats& stats) { return stats.own_connections == 0; });
}

// ---- Reading -----------------------------------------------------------------------------------

// Behind the messages of the first may be the RECEIPT of the second.
TEST_F(StompRelayOwn, it_is_read_until_all_of_it_is_confirmed) {
    start(UpstreamKind::rabbitmq, {}, {.broker = {.backlog_size_max = backlog_size_max}});
    const PlayedSession shared = broker.connect();
    Reader reader{.first = consume(stream_lines + "prefetch-count:1\n", "/queue/log")};
    Consumer& joe = reader.first;
    reader.second = also_read(reader, "2");
    deliver_at(joe, joe.number, "0", "small");
    EXPECT_EQ(body_of(joe.peer), "small");
    joe.own.raw.close();
    joe.own = broker.connect();
    joe.own.confirm();
    const std::string subscribe = joe.own.hear();
    EXPECT_EQ(id_of(subscribe), reader.second);
    for (const char* const place : {"1", "2", "3"}) deliver_at(joe, joe.number, place, big);
    joe.own.say("RECEIPT\nreceipt-id:" + PlayedSession::line(subscribe, "receipt") + "\n\n");
    EXPECT_TRUE(joe.peer.hear("MESSAGE").has("gap:true"));
    expect_paused(reader, 4);
}

TEST_F(StompRelayOwn, it_is_read_as_long_as_the_session_waits_for_an_answer) {
    struct Row {
        std::string said;
        std::vector<std::string> heard;
    };
    const std::string ack = "ACK\nreceipt:r\nid:";
    for (const Row& row :
         {Row{"SUBSCRIBE\nid:3\ndestination:/queue/c\nreceipt:r\n" + stream_lines + "\n",
              {"SUBSCRIBE 3 /queue/c"}},
          Row{ack, {"ACK a"}}, Row{"UNSUBSCRIBE\nid:2\nreceipt:r\n\n", {"NACK a", "UNSUBSCRIBE 2"}},
          Row{"SEND\ndestination:/queue/a\npriority:1\nreceipt:r\n\nx",
              {"BEGIN", "SEND /queue/a", "COMMIT"}}}) {
        SCOPED_TRACE(row.said);
        start(UpstreamKind::rabbitmq, {}, {.broker = {.backlog_size_max = backlog_size_max}});
        const PlayedSession shared = broker.connect();
        Reader reader = pause_reader();
        Consumer& joe = reader.first;
        expect_paused(reader, 3);
        joe.peer.say(row.said == ack ? ack + ack_of(reader.x) + "\n\n" : row.said);
        for (const std::string& heard : row.heard) {
            const std::string frame = joe.own.hear();
            EXPECT_EQ(short_of(frame), heard);
            const std::string receipt = PlayedSession::line(frame, "receipt");
            if (receipt != "-") joe.own.say("RECEIPT\nreceipt-id:" + receipt + "\n\n");
        }
        expect_receipt(joe.peer, "r");
        EXPECT_EQ(node->relay().relay_stats().received, 6U);
        expect_paused(reader, 6);
        node.reset();
    }
}

}  // namespace
}  // namespace edgews::test
