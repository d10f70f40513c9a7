// Subscriptions to streams, which go on after the loss of their connection, with an upstream broker
// that the test plays.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "played_upstream.hpp"

namespace edgews::test {
namespace {

const std::string stream_lines = "ack:client-individual\nx-queue-type:stream\ngap:true\n";

std::string place_of(const std::string& subscribe) {
    return PlayedSession::line(subscribe, "x-stream-offset");
}

class StompRelayStreams : public PlayedUpstream {
  protected:
    void begin(stomp::ClientOptions upstream = {}) {
        shared.emplace(start_connected(UpstreamKind::rabbitmq, std::move(upstream)));
    }
    Consumer read_stream(const std::string& lines = "") {
        return consume(stream_lines + lines, "/queue/log");
    }
    // What the stream has under that number: "m5", acknowledged by "a5".
    static StompReply deliver_at(Consumer& reader, int number) {
        const std::string text = std::to_string(number);
        reader.own.deliver(reader.number, "m" + text,
                           "ack:a" + text + "\nx-stream-offset:" + text + "\n");
        return reader.peer.hear("MESSAGE");
    }
    void lose(Consumer& reader) const {
        reader.own.raw.close();
        reader.own = broker.connect();
    }
    // Returns the place that it asks for.
    std::string lose_and_confirm(Consumer& reader) const {
        lose(reader);
        return place_of(reader.own.confirm());
    }
    static void expect_gap(Consumer& reader) {
        EXPECT_TRUE(reader.peer.hear("MESSAGE").has("gap:true"));
    }
    // After all that was told before.
    void expect_gaps(std::uint64_t count) { EXPECT_EQ(node->relay().relay_stats().gaps, count); }

    std::optional<PlayedSession> shared{};
};

TEST_F(StompRelayStreams, it_goes_on_behind_the_last_message) {
    begin();
    Consumer joe = read_stream("prefetch-count:10\nx-stream-offset:first\n");
    EXPECT_EQ(place_of(joe.subscribe), "first");
    for (const int number : {5, 6}) {
        EXPECT_EQ(deliver_at(joe, number).body, "m" + std::to_string(number));
    }
    for (const int last : {6, 7}) {
        lose(joe);
        const std::string again = joe.own.confirm();
        EXPECT_EQ(short_of(again), "SUBSCRIBE " + joe.number + " /queue/log");
        EXPECT_EQ(place_of(again), "offset=" + std::to_string(last + 1));
        EXPECT_EQ(again.find("first"), std::string::npos) << again;
        EXPECT_EQ(PlayedSession::line(again, "x-queue-type"), "stream");
        EXPECT_EQ(PlayedSession::line(again, "prefetch-count"), "10");
        EXPECT_EQ(PlayedSession::line(again, "ack"), "client-individual");
        EXPECT_EQ(deliver_at(joe, last + 1).body, "m" + std::to_string(last + 1));
    }
    expect_gaps(0);
    EXPECT_EQ(node->relay().relay_stats().own_connections, 1U);
}

TEST_F(StompRelayStreams, what_is_acknowledged_of_before_goes_nowhere) {
    begin();
    Consumer joe = read_stream();
    const std::vector<StompReply> before{deliver_at(joe, 0), deliver_at(joe, 1),
                                         deliver_at(joe, 2)};
    joe.own.raw.close();
    PlayedSession next = broker.accept();
    joe.peer.say("ACK\nid:" + ack_of(before[0]) + "\nreceipt:away\n\n");
    expect_receipt(joe.peer, "away");
    next.connect();
    EXPECT_EQ(place_of(next.confirm()), "offset=3");
    joe.own = std::move(next);
    joe.peer.say("NACK\nid:" + ack_of(before[1]) + "\nreceipt:back\n\n");
    expect_receipt(joe.peer, "back");
    const StompReply after = deliver_at(joe, 3);
    joe.peer.say("ACK\nid:" + ack_of(before[2]) + "\n\n");
    joe.peer.say("ACK\nid:" + ack_of(after) + "\n\n");
    EXPECT_EQ(short_of(joe.own.hear()), "ACK a3");
}

// Two may wait for ACKs here: the others come when the client has said something, by whichever
// connection they had come.
TEST_F(StompRelayStreams, what_waits_here_stays_and_comes_first) {
    begin();
    Consumer joe = read_stream("prefetch-count:2\n");
    std::vector<StompReply> heard{deliver_at(joe, 0), deliver_at(joe, 1)};
    lose(joe);
    joe.own.confirm();
    for (const char* const number : {"2", "3"}) {
        joe.own.deliver(joe.number, "m", "ack:a\nx-stream-offset:" + std::string(number) + "\n");
    }
    EXPECT_EQ(lose_and_confirm(joe), "offset=4");
    for (int number = 2; number < 4; ++number) {
        joe.peer.say("ACK\nid:" + ack_of(heard[static_cast<std::size_t>(number - 2)]) + "\n\n");
        heard.push_back(joe.peer.hear("MESSAGE"));
        EXPECT_EQ(heard.back().header("x-stream-offset"), std::to_string(number));
    }
    joe.peer.say("ACK\nid:" + ack_of(heard[2]) + "\n\n");
    EXPECT_EQ(deliver_at(joe, 4).body, "m4");
}

TEST_F(StompRelayStreams, before_anything_came_it_asks_as_its_client_did) {
    struct Row {
        std::string lines;
        std::string place;
        bool has_gap;
    };
    for (const Row& row :
         {Row{"", "-", true}, Row{"x-stream-offset:next\n", "next", true},
          Row{"x-stream-offset:last\n", "last", true}, Row{"x-stream-offset:1h\n", "1h", true},
          Row{"x-stream-offset:first\n", "first", false},
          Row{"x-stream-offset:offset=17\n", "offset=17", false},
          Row{"x-stream-offset:timestamp=1\n", "timestamp=1", false}}) {
        SCOPED_TRACE(row.place);
        Notes gaps;
        relay_hooks.gap = [&](std::string_view destination, std::size_t count) {
            gaps.add(std::string(destination) + ' ' + std::to_string(count));
        };
        begin();
        Consumer joe = read_stream(row.lines);
        EXPECT_EQ(place_of(joe.subscribe), row.place);
        EXPECT_EQ(lose_and_confirm(joe), row.place);
        if (row.has_gap) expect_gap(joe);
        EXPECT_EQ(deliver_at(joe, 17).body, "m17");
        EXPECT_EQ(gaps.all(), row.has_gap ? List{"/queue/log 1"} : List{});
        expect_gaps(row.has_gap ? 1 : 0);
        // Once something has come, nothing is missed.
        EXPECT_EQ(lose_and_confirm(joe), "offset=18");
        EXPECT_EQ(deliver_at(joe, 18).body, "m18");
        expect_gaps(row.has_gap ? 1 : 0);
        node.reset();
        shared.reset();
    }
}

// Its client does not know yet where it begins.
TEST_F(StompRelayStreams, what_was_not_confirmed_has_missed_nothing) {
    begin();
    StompPeer peer = node->connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/queue/log\nreceipt:there\n" + stream_lines + "\n");
    PlayedSession own = broker.connect();
    own.hear();
    own.raw.close();
    own = broker.connect();
    const std::string subscribe = own.confirm();
    expect_receipt(peer, "there");
    Consumer joe{std::move(peer), std::move(own), id_of(subscribe), subscribe};
    EXPECT_EQ(deliver_at(joe, 0).body, "m0");
    expect_gaps(0);
}

TEST_F(StompRelayStreams, what_the_stream_has_dropped_meanwhile_is_a_gap) {
    begin();
    Consumer joe = read_stream();
    deliver_at(joe, 5);
    EXPECT_EQ(lose_and_confirm(joe), "offset=6");
    joe.own.deliver(joe.number, "m9", "ack:a9\nx-stream-offset:9\n");
    expect_gap(joe);
    EXPECT_EQ(body_of(joe.peer), "m9");
    EXPECT_EQ(deliver_at(joe, 12).body, "m12");  // A filter of its own may have left some out.
    expect_gaps(1);
}

TEST_F(StompRelayStreams, a_gap_is_acknowledged_like_any_message) {
    begin();
    Consumer joe = read_stream();
    lose_and_confirm(joe);
    const StompReply gap = joe.peer.hear("MESSAGE");
    EXPECT_TRUE(gap.has("gap:true"));
    joe.peer.say("ACK\nid:" + ack_of(gap) + "\nreceipt:r\n\n");
    expect_receipt(joe.peer, "r");
    joe.peer.say("ACK\nid:" + ack_of(deliver_at(joe, 0)) + "\n\n");
    EXPECT_EQ(short_of(joe.own.hear()), "ACK a0");
}

// With all that was before it, of which the lost connection's is nobody's any more: the RECEIPT is
// the upstream broker's if there is anything to be said, and else comes at once.
TEST_F(StompRelayStreams, an_ack_across_a_gap_is_confirmed_when_it_is_upstream) {
    begin();
    Consumer joe = consume("ack:client\nx-queue-type:stream\ngap:true\n", "/queue/log");
    deliver_at(joe, 5);
    lose_and_confirm(joe);
    joe.own.deliver(joe.number, "m8", "ack:a8\nx-stream-offset:8\n");
    const StompReply gap = joe.peer.hear("MESSAGE");
    EXPECT_TRUE(gap.has("gap:true"));
    const StompReply after = joe.peer.hear("MESSAGE");
    deliver_at(joe, 9);
    joe.peer.say("ACK\nid:" + ack_of(gap) + "\nreceipt:nothing\n\n");
    expect_receipt(joe.peer, "nothing");
    joe.peer.say("ACK\nid:" + ack_of(after) + "\nreceipt:r\n\n");
    const std::string ack = joe.own.hear();
    EXPECT_EQ(short_of(ack), "ACK a8");
    joe.peer.send("/temp-queue/c", "", "receipt:later\n");
    expect_receipt(joe.peer, "later");
    joe.own.say("RECEIPT\nreceipt-id:" + PlayedSession::line(ack, "receipt") + "\n\n");
    expect_receipt(joe.peer, "r");
}

// ---- What else there is ------------------------------------------------------------------------

TEST_F(StompRelayStreams, with_a_queue_beside_it_the_session_ends) {
    begin();
    Consumer joe = read_stream();
    joe.peer.say("SUBSCRIBE\nid:2\ndestination:/queue/work\nack:client\nreceipt:r\n\n");
    joe.own.confirm();
    expect_receipt(joe.peer, "r");
    joe.own.raw.close();
    joe.peer.expect_error("not available", 0);
    node->wait_until([](const StompRelayStats& s) { return s.own_connections == 0; });
}

// Whatever the client says that it is.
TEST_F(StompRelayStreams, a_message_without_a_number_is_a_queues) {
    begin();
    Consumer joe = consume(stream_lines, "/queue/work");
    deliver(joe, "m1");
    joe.own.raw.close();
    joe.peer.expect_error("not available", 0);
}

TEST_F(StompRelayStreams, other_brokers_have_no_streams) {
    shared.emplace(start_connected(UpstreamKind::edgews));
    Consumer joe = read_stream();
    joe.own.raw.close();
    joe.peer.expect_error("not available", 0);
}

TEST_F(StompRelayStreams, an_ack_that_is_not_confirmed_before_the_loss_is_in_doubt) {
    begin();
    Consumer joe = read_stream();
    joe.peer.say("ACK\nid:" + ack_of(deliver_at(joe, 0)) + "\nreceipt:r\n\n");
    EXPECT_EQ(short_of(joe.own.hear()), "ACK a0");
    joe.own.raw.close();
    joe.peer.expect_error("whether", 0);
}

TEST_F(StompRelayStreams, a_commit_that_waits_is_sent_by_the_next_connection) {
    begin();
    Consumer joe = read_stream();
    const StompReply before = deliver_at(joe, 0);
    joe.peer.say("BEGIN\ntransaction:t\n\n");
    joe.peer.say("ACK\ntransaction:t\nid:" + ack_of(before) + "\n\n");
    joe.own.raw.close();
    PlayedSession next = broker.accept();
    joe.peer.send("/queue/b", "x", "transaction:t\n");
    joe.peer.say("COMMIT\ntransaction:t\nreceipt:c\n\n");
    next.connect();
    EXPECT_EQ(place_of(next.confirm()), "offset=1");
    EXPECT_EQ(short_of(next.hear()), "BEGIN");
    for (const char* const said : {"SEND /queue/b", "COMMIT"}) {
        EXPECT_EQ(short_of(next.confirm()), said);
    }
    expect_receipt(joe.peer, "c");
}

TEST_F(StompRelayStreams, what_is_said_while_there_is_no_connection_is_done) {
    begin();
    Consumer joe = read_stream();
    deliver_at(joe, 0);
    joe.peer.say("SUBSCRIBE\nid:2\ndestination:/queue/other\nreceipt:two\n" + stream_lines + "\n");
    const std::string second = id_of(joe.own.confirm());
    expect_receipt(joe.peer, "two");
    joe.own.raw.close();
    PlayedSession next = broker.accept();
    joe.peer.say("UNSUBSCRIBE\nid:1\nreceipt:gone\n\n");
    expect_receipt(joe.peer, "gone");
    joe.peer.say("SUBSCRIBE\nid:3\ndestination:/queue/third\nreceipt:three\n" + stream_lines +
                 "\n");
    joe.peer.send("/temp-queue/c", "", "receipt:behind\n");
    next.connect();
    EXPECT_EQ(short_of(next.confirm()), "SUBSCRIBE " + second + " /queue/other");
    expect_gap(joe);
    EXPECT_EQ(PlayedSession::line(next.confirm(), "destination"), "/queue/third");
    expect_receipt(joe.peer, "three");
    expect_receipt(joe.peer, "behind");
}

TEST_F(StompRelayStreams, a_session_may_end_while_there_is_no_connection) {
    begin();
    for (const bool is_orderly : {true, false}) {
        Consumer joe = read_stream();
        joe.own.raw.reset();
        const PlayedSession next = broker.accept();
        if (is_orderly) {
            joe.peer.say("DISCONNECT\nreceipt:d\n\n");
            expect_receipt(joe.peer, "d");
        } else {
            joe.peer.client().reset();
        }
        node->wait_until([](const StompRelayStats& s) { return s.own_connections == 0; });
    }
}

// ---- ERROR -------------------------------------------------------------------------------------

// A broker that has just begun has not found its streams yet.
TEST_F(StompRelayStreams, it_is_tried_again_when_it_is_refused_but_not_for_ever) {
    constexpr int tries = 10;
    for (const bool is_found : {true, false}) {
        SCOPED_TRACE(is_found);
        begin();
        Consumer joe = read_stream();
        deliver_at(joe, 0);
        lose(joe);
        for (int i = 0; i < tries; ++i) {
            EXPECT_EQ(place_of(joe.own.hear()), "offset=1");
            joe.own.say("ERROR\nmessage:no such stream\n\n");
            joe.own = broker.connect();
        }
        if (is_found) {
            joe.own.confirm();
            EXPECT_EQ(deliver_at(joe, 1).body, "m1");
        } else {
            joe.own.hear();
            joe.own.say("ERROR\nmessage:no such stream\n\n");
            const StompReply error = joe.peer.expect_error("upstream broker refused", 0);
            EXPECT_NE(error.body.find("no such stream"), std::string::npos) << error.body;
        }
        node.reset();
        shared.reset();
    }
}

// It would come again each time.
TEST_F(StompRelayStreams, a_message_that_is_too_big_ends_the_session) {
    begin({.frame = {.body_size_max = 4}});
    Consumer joe = read_stream();
    deliver_at(joe, 0);
    joe.own.deliver(joe.number, "12345", "ack:a\nx-stream-offset:1\n");
    joe.peer.expect_error("not available", 0);
}

// As RabbitMQ does when it ends.
TEST_F(StompRelayStreams, an_error_ends_the_connection_and_not_the_session) {
    begin();
    Consumer joe = read_stream();
    deliver_at(joe, 0);
    joe.own.say("ERROR\nmessage:CONNECTION_FORCED\n\n");
    joe.own = broker.connect();
    EXPECT_EQ(place_of(joe.own.confirm()), "offset=1");
    EXPECT_EQ(deliver_at(joe, 1).body, "m1");
}

// Longer than two tries, which is all that a queue's have.
TEST_F(StompRelayStreams, it_waits_for_a_broker_that_is_long_away) {
    begin();
    Consumer joe = read_stream();
    deliver_at(joe, 0);
    joe.own.raw.close();
    for (int i = 0; i < 20; ++i) {
        PlayedSession next = broker.accept();
        next.hear();
        next.raw.close();
    }
    joe.own = broker.connect();
    EXPECT_EQ(place_of(joe.own.confirm()), "offset=1");
    EXPECT_EQ(deliver_at(joe, 1).body, "m1");
}

}  // namespace
}  // namespace edgews::test
