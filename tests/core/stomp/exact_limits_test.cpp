// Limits are kept to the byte: what is as large as one is let through, and one byte more is not.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Texts = std::vector<std::string>;

struct Limits {
    BrokerOptions broker{.has_shares = false};
    SessionOptions session{};
};

struct Row {
    const char* name;
    std::vector<std::string> frames;  // The last one is what the limit is about.
    Fault fault;
    std::function<std::size_t(Peers&, Peer&)> measure;  // When all were let through.
    std::function<void(Limits&, std::size_t)> set;
};

const std::string body(300, 'x');

std::size_t held(Peers& peers, Common what) {
    return peers.broker().accounts().total(what);
}

std::size_t queue_size(Peers& peers, Peer&) {
    return peers.broker().find_queue("/queue/a")->size();
}

const std::string begin = "BEGIN\ntransaction:t\n\n";
const std::string in_transaction = "SEND\ntransaction:t\ndestination:/queue/a\n\n" + body;

const std::vector<Row> rows{
    {"QueueLimits::size_max",
     {"SEND\ndestination:/queue/a\n\nx", "SEND\ndestination:/queue/a\n\n" + body},
     Fault::queue_full,
     queue_size,
     [](Limits& limits, std::size_t size) { limits.broker.queue.size_max = size; }},
    {"the same, in a transaction",
     {begin, in_transaction, in_transaction, "COMMIT\ntransaction:t\n\n"},
     Fault::queue_full,
     queue_size,
     [](Limits& limits, std::size_t size) { limits.broker.queue.size_max = size; }},
    {"the same, where the queue is there",
     {"SEND\ndestination:/queue/a\n\nx", begin, in_transaction, "COMMIT\ntransaction:t\n\n"},
     Fault::queue_full,
     queue_size,
     [](Limits& limits, std::size_t size) { limits.broker.queue.size_max = size; }},
    {"QueueLimits::message_count_max, in a transaction",
     {"SEND\ndestination:/queue/a\n\nx", begin, in_transaction, in_transaction,
      "COMMIT\ntransaction:t\n\n"},
     Fault::queue_full,
     [](Peers& peers, Peer&) { return peers.broker().find_queue("/queue/a")->count(); },
     [](Limits& limits, std::size_t count) { limits.broker.queue.message_count_max = count; }},
    {"queues_size_max",
     {"SEND\ndestination:/queue/a\n\nx", "SEND\ndestination:/queue/b\n\n" + body},
     Fault::queue_full,
     [](Peers& peers, Peer&) { return held(peers, Common::queued); },
     [](Limits& limits, std::size_t size) { limits.broker.queues_size_max = size; }},
    {"the same, in a transaction",
     {"SEND\ndestination:/queue/b\n\nx", begin, in_transaction, in_transaction,
      "COMMIT\ntransaction:t\n\n"},
     Fault::queue_full,
     [](Peers& peers, Peer&) { return held(peers, Common::queued); },
     [](Limits& limits, std::size_t size) { limits.broker.queues_size_max = size; }},
    {"destination_count_max, in a transaction",
     {begin, in_transaction, "SEND\ntransaction:t\ndestination:/queue/b\n\n",
      "SEND\ntransaction:t\ndestination:/topic/c\n\n",
      "SEND\ntransaction:t\ndestination:/queue/dead-letters\n\n", "COMMIT\ntransaction:t\n\n"},
     Fault::too_many_destinations,
     [](Peers& peers, Peer&) { return peers.broker().queue_count() - 1; },
     [](Limits& limits, std::size_t count) { limits.broker.destination_count_max = count; }},
    {"subscriptions_size_max",
     {"SUBSCRIBE\nid:1\ndestination:/topic/a\n\n", "SUBSCRIBE\nid:22\ndestination:/queue/bbb\n\n"},
     Fault::too_many_subscriptions,
     [](Peers&, Peer& peer) { return peer.session().outbox().subscriptions_size; },
     [](Limits& limits, std::size_t size) { limits.broker.subscriptions_size_max = size; }},
    {"transaction_size_max",
     {"SEND\ndestination:/queue/a\n\n" + body, begin,
      "SEND\ntransaction:t\nreceipt:1234567\ndestination:/queue/a\n\n" + body},
     Fault::transaction_too_big,
     // Of the same message, as the queue has it, and of the receipt.
     [](Peers& peers, Peer& peer) { return queue_size(peers, peer) + 7; },
     [](Limits& limits, std::size_t size) { limits.session.transaction_size_max = size; }},
    {"transaction_frame_count_max",
     {begin, in_transaction, in_transaction},
     Fault::transaction_too_big,
     [](Peers&, Peer&) { return std::size_t{2}; },
     [](Limits& limits, std::size_t count) { limits.session.transaction_frame_count_max = count; }},
    {"pattern_shape_count_max",
     {"SUBSCRIBE\nid:1\ndestination:/topic/a/*\n\n", "SUBSCRIBE\nid:2\ndestination:/topic/b/*\n\n",
      "SUBSCRIBE\nid:3\ndestination:/topic/*/a\n\n"},
     Fault::too_many_shapes,
     [](Peers& peers, Peer&) { return held(peers, Common::shapes); },
     [](Limits& limits, std::size_t count) { limits.broker.pattern_shape_count_max = count; }},
};

TEST(StompExactLimits, what_is_as_large_as_the_limit_is_let_through_and_no_more) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        Peers measured({.has_shares = false});
        Peer& measuring = measured.connect();
        for (const std::string& frame : row.frames) measuring.say(frame);
        ASSERT_FALSE(measuring.session().is_over());
        const std::size_t size = row.measure(measured, measuring);
        ASSERT_GT(size, 0U);
        for (const bool is_enough : {true, false}) {
            SCOPED_TRACE(is_enough);
            Limits limits;
            row.set(limits, is_enough ? size : size - 1);
            Peers peers(limits.broker, limits.session);
            Peer& peer = peers.connect();
            for (std::size_t i = 0; i < row.frames.size(); ++i) {
                EXPECT_FALSE(peer.session().is_over()) << i;
                peer.say(row.frames[i]);
            }
            if (is_enough) {
                EXPECT_FALSE(peer.session().is_over());
            } else {
                static_cast<void>(peer.take_error(row.fault));
            }
        }
    }
}

// What a SEND finds in a queue whose bytes are at the limit.
TEST(StompExactLimits, a_queue_drops_or_blocks_for_the_byte_that_is_too_much) {
    const Texts bodies{"first", "second"};
    const auto send = [](Peer& peer, const std::string& text) {
        peer.say("SEND\ndestination:/queue/a\n\n" + text);
    };
    Peers measured;
    for (const std::string& text : bodies) send(measured.connect(), text);
    const std::size_t size = measured.broker().find_queue("/queue/a")->size();
    for (const WhenFull when_full : {WhenFull::drop_oldest, WhenFull::block}) {
        for (const bool is_enough : {true, false}) {
            Peers peers(
                {.queue = {.size_max = is_enough ? size : size - 1, .when_full = when_full}});
            send(peers.connect(), bodies[0]);
            Peer& sender = peers.connect();
            send(sender, bodies[1]);
            const bool is_drop = when_full == WhenFull::drop_oldest;
            EXPECT_EQ(peers.broker().counters().dropped, is_drop && !is_enough ? 1U : 0U);
            EXPECT_EQ(sender.is_blocked(), !is_drop && !is_enough);
        }
    }
}

// Of a topic's messages for somebody whose connection takes none: where there is no time for a
// burst, and where there is.
TEST(StompExactLimits, a_backlog_holds_as_many_bytes_as_its_limit) {
    const auto send = [](Peers& peers) {
        Peer& sender = peers.connect();
        for (int i = 0; i < 3; ++i) sender.say("SEND\ndestination:/topic/a\n\n" + body);
    };
    Peers measured;
    Peer& measuring = listener(measured, "1.2");
    measuring.is_stuck = true;
    send(measured);
    const std::size_t size = measuring.session().outbox().waiting_size;
    ASSERT_GT(size, 3 * body.size());
    for (const WhenSlow when_slow :
         {WhenSlow::disconnect, WhenSlow::drop_oldest, WhenSlow::drop_newest}) {
        for (const bool is_enough : {true, false}) {
            for (const bool has_time : {false, true}) {
                const std::size_t limit = is_enough ? size : size - 1;
                Peers peers({.backlog_size_max = has_time ? size - 1 : limit,
                             .slow_after_ms = has_time ? 1U : 0U,
                             .backlog_size_cap = limit,
                             .when_slow = when_slow});
                Peer& slow = listener(peers, "1.2");
                slow.is_stuck = true;
                send(peers);
                const bool is_end = when_slow == WhenSlow::disconnect && !is_enough;
                EXPECT_EQ(slow.session().is_over(), is_end);
                const bool is_drop = when_slow != WhenSlow::disconnect && !is_enough;
                EXPECT_EQ(peers.broker().counters().dropped, is_drop ? 1U : 0U);
            }
        }
    }
}

}  // namespace
}  // namespace edgews::stomp::test
