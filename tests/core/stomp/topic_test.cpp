// Topics: names, patterns, and subscribers that are too slow.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Texts = std::vector<std::string>;

void subscribe(Peer& peer, std::string_view id, std::string_view destination,
               std::string_view headers = "") {
    peer.say("SUBSCRIBE\nid:" + std::string(id) + "\ndestination:" + std::string(destination) +
             '\n' + std::string(headers) + '\n');
    EXPECT_FALSE(peer.session().is_over());
}

void send(Peer& peer, std::string_view destination, std::string_view body) {
    peer.say("SEND\ndestination:" + std::string(destination) + "\n\n" + std::string(body));
    EXPECT_FALSE(peer.session().is_over());
}

struct Pattern {
    std::string_view pattern;
    std::string_view name;
    bool matches;
};

constexpr Pattern patterns[] = {
    // One segment, of either separator, which is the pattern's own.
    {"/topic/*", "/topic/a", true},
    {"/topic/*", "/topic/a.b", false},
    {"/topic/*", "/topic/a/b", false},
    {"/topic/*.b", "/topic/a.b", true},
    {"/topic/*/b", "/topic/a/b", true},
    {"/topic/*/b", "/topic/a.b", false},
    {"/topic/a.*", "/topic/a.b", true},
    {"/topic/a.*", "/topic/a/b", false},
    {"/topic/a.*", "/topic/a", false},
    {"/topic/a.*.c", "/topic/a.b.c", true},
    {"/topic/a.*.c", "/topic/a.b.d", false},
    {"/topic/*.*", "/topic/a.b", true},
    {"/topic/*.*", "/topic/a", false},
    // An empty segment is one.
    {"/topic/a.*", "/topic/a.", true},
    {"/topic/a.*.c", "/topic/a..c", true},
    {"/topic/*", "/topic//", false},
    {"/topic/*/*", "/topic//a", true},
    // All that is left, if anything.
    {"/topic/#", "/topic/a", true},
    {"/topic/#", "/topic/a.b/c", true},
    {"/topic/**", "/topic/a.b/c", true},
    {"/topic/a.#", "/topic/a", true},
    {"/topic/a.#", "/topic/a.b.c", true},
    {"/topic/a.#", "/topic/a.b/c", true},
    {"/topic/a.#", "/topic/a/b", false},
    {"/topic/a.#", "/topic/ab", false},
    {"/topic/a.**", "/topic/a.b", true},
    {"/topic/a/#", "/topic/a", true},
    {"/topic/a/#", "/topic/a/b.c", true},
    {"/topic/a/#", "/topic/a.b", false},
    {"/topic/a/**", "/topic/a", true},
    {"/topic/*.#", "/topic/a", true},
    {"/topic/*.#", "/topic/a.b.c", true},
    {"/topic/a.*.#", "/topic/a", false},
    {"/topic/a.*.#", "/topic/a.b", true},
    // A wildcard is a whole segment.
    {"/topic/a*", "/topic/ab", false},
    {"/topic/a*", "/topic/a*", true},
    {"/topic/a#", "/topic/a#", true},
    {"/topic/***", "/topic/***", true},
    {"/topic/##", "/topic/##", true},
    // Case and blanks matter.
    {"/topic/A", "/topic/a", false},
    {"/topic/a ", "/topic/a", false},
};

TEST(StompTopic, a_pattern_matches_what_it_says) {
    for (const Pattern& row : patterns) {
        SCOPED_TRACE(std::string(row.pattern) + " and " + std::string(row.name));
        Peers peers;
        Peer& peer = peers.connect();
        subscribe(peer, "1", row.pattern);
        send(peer, row.name, "x");
        EXPECT_EQ(peer.count(), row.matches ? 1U : 0U);
        while (!peer.has_nothing()) EXPECT_EQ(peer.take("MESSAGE").header("destination"), row.name);
        peer.say("UNSUBSCRIBE\nid:1\n\n");
        EXPECT_EQ(peers.broker().topics().count(), 0U);
    }
}

// All at once: one subscription is found by no other's way, and nobody twice.
TEST(StompTopic, many_patterns_find_each_their_own) {
    Peers peers;
    Peer& peer = peers.connect();
    std::map<std::string, int> expected;
    for (const Pattern& row : patterns) {
        const std::string id(row.pattern);
        if (peer.session().outbox().find(id) == nullptr) subscribe(peer, id, row.pattern);
    }
    for (const Pattern& row : patterns) {
        send(peer, row.name, "x");
        std::map<std::string, int> got;
        while (!peer.has_nothing()) ++got[peer.take("MESSAGE").header("subscription")];
        EXPECT_EQ(got.count(std::string(row.pattern)), row.matches ? 1U : 0U) << row.name;
        for (const auto& [id, count] : got) EXPECT_EQ(count, 1) << id << " for " << row.name;
    }
}

TEST(StompTopic, who_looks_is_shown_names_and_patterns) {
    Peers peers;
    Peer& peer = peers.connect("1.2", "joe");
    subscribe(peer, "1", "/topic/a.b");
    subscribe(peer, "2", "/topic/a.b");
    subscribe(peer, "3", "/topic/a.*");
    subscribe(peer, "4", "/topic/a.*.#");
    subscribe(peer, "5", "/user/queue/a");
    std::map<std::string, std::size_t> seen;
    peers.broker().topics().visit([&](std::string_view name, const Topic& topic) {
        seen[std::string(name)] = topic.subscribers.size();
    });
    EXPECT_EQ(
        seen,
        (std::map<std::string, std::size_t>{
            {"/topic/a.b", 2}, {"/topic/a.*", 1}, {"/topic/a.*.#", 1}, {"/user/joe/queue/a", 1}}));
    EXPECT_EQ(peers.broker().topics().count(), 4U);
}

TEST(StompTopic, a_message_without_subscribers_is_gone) {
    Peers peers;
    Peer& peer = peers.connect();
    send(peer, "/topic/a", "early");
    subscribe(peer, "1", "/topic/a");
    EXPECT_TRUE(peer.has_nothing());
    send(peer, "/topic/a", "late");
    EXPECT_EQ(peer.take_bodies(), Texts{"late"});
}

TEST(StompTopic, prefetch_count_holds_back_what_is_not_acknowledged) {
    for (const std::string_view mode : {"client", "client-individual"}) {
        Peers peers;
        Peer& peer = peers.connect();
        subscribe(peer, "1", "/topic/a", "prefetch-count:2\nack:" + std::string(mode) + '\n');
        Peer& sender = peers.connect();
        for (int i = 0; i < 5; ++i) send(sender, "/topic/a", std::to_string(i));
        EXPECT_EQ(peer.count(), 2U);
        static_cast<void>(peer.take("MESSAGE"));
        const std::string second = peer.take("MESSAGE").header("ack");
        peer.say("ACK\nid:" + second + "\n\n");
        // Cumulative: both are free again.
        EXPECT_EQ(peer.take_bodies(), mode == "client" ? (Texts{"2", "3"}) : Texts{"2"});
    }
    Peers peers;
    Peer& peer = peers.connect();
    subscribe(peer, "1", "/topic/a", "prefetch-count:1\n");
    for (int i = 0; i < 3; ++i) send(peer, "/topic/a", std::to_string(i));
    EXPECT_EQ(peer.take_bodies(), (Texts{"0", "1", "2"}));  // An automatic one owes nothing.
}

TEST(StompTopic, NACK_of_a_topics_message_brings_it_to_nobody) {
    Peers peers;
    Peer& peer = peers.connect();
    subscribe(peer, "1", "/topic/a", "ack:client-individual\nprefetch-count:1\n");
    send(peer, "/topic/a", "1");
    send(peer, "/topic/a", "2");
    peer.say("NACK\nid:" + peer.take("MESSAGE").header("ack") + "\n\n");
    EXPECT_EQ(peer.take_bodies(), Texts{"2"});
}

// Room for three of these messages, and no time for bursts.
BrokerOptions slow(WhenSlow when_slow) {
    BrokerOptions options;
    options.when_slow = when_slow;
    options.backlog_size_max = 3 * 1300;
    options.slow_after_ms = 0;
    return options;
}

std::string big(int number) {
    return std::to_string(number) + std::string(1000, 'x');
}

// What a stuck subscriber got of five of them, by number.
Texts got_of_five(Peers& peers, Peer& peer) {
    peer.is_stuck = true;
    Peer& sender = peers.connect();
    for (int i = 0; i < 5; ++i) send(sender, "/topic/a", big(i));
    peer.unstick();
    Texts numbers;
    for (const std::string& body : peer.take_bodies()) numbers.push_back(body.substr(0, 1));
    return numbers;
}

TEST(StompTopic, who_is_too_slow_loses_the_oldest) {
    Peers peers(slow(WhenSlow::drop_oldest));
    Peer& peer = peers.connect();
    subscribe(peer, "1", "/topic/a");
    EXPECT_EQ(got_of_five(peers, peer), (Texts{"2", "3", "4"}));
    EXPECT_EQ(peers.broker().counters().dropped, 2U);
    EXPECT_EQ(peer.session().outbox().waiting_size, 0U);
}

TEST(StompTopic, who_is_too_slow_loses_the_newest) {
    Peers peers(slow(WhenSlow::drop_newest));
    Peer& peer = peers.connect();
    subscribe(peer, "1", "/topic/a");
    EXPECT_EQ(got_of_five(peers, peer), (Texts{"0", "1", "2"}));
    EXPECT_EQ(peers.broker().counters().dropped, 2U);
    EXPECT_EQ(peer.session().outbox().waiting_size, 0U);
}

TEST(StompTopic, who_is_too_slow_is_disconnected) {
    Peers peers(slow(WhenSlow::disconnect));
    Peer& peer = peers.connect();
    Peer& fast = peers.connect();
    subscribe(peer, "1", "/topic/a");
    subscribe(fast, "1", "/topic/a");
    peer.is_stuck = true;
    Peer& sender = peers.connect();
    for (int i = 0; i < 5; ++i) send(sender, "/topic/a", big(i));
    const Got error = peer.take_error(Fault::too_slow);
    const std::size_t limit = slow(WhenSlow::disconnect).backlog_size_max;
    const std::string said =
        "backlog_size_max is " + std::to_string(limit) + ", slow_after_ms is 0";
    EXPECT_TRUE(error.body.starts_with(said)) << error.body;
    EXPECT_EQ(fast.count(), 5U);
}

// However large: otherwise it would never come.
TEST(StompTopic, one_message_always_may_wait) {
    for (const WhenSlow when_slow :
         {WhenSlow::disconnect, WhenSlow::drop_oldest, WhenSlow::drop_newest}) {
        Peers peers(slow(when_slow));
        Peer& peer = peers.connect();
        subscribe(peer, "1", "/topic/a");
        peer.is_stuck = true;
        send(peers.connect(), "/topic/a", std::string(100'000, 'x'));
        peer.unstick();
        EXPECT_EQ(peer.count(), 1U);
    }
}

// Its session has room for nothing more, and none of that is this subscription's.
TEST(StompTopic, a_subscription_whose_last_message_was_dropped_goes_on) {
    Peers peers(slow(WhenSlow::drop_oldest));
    Peer& peer = peers.connect();
    subscribe(peer, "a", "/topic/a");
    subscribe(peer, "b", "/topic/b");
    peer.is_stuck = true;
    Peer& sender = peers.connect();
    send(sender, "/topic/b", "small");
    send(sender, "/topic/a", big(0));
    send(sender, "/topic/a", big(1));
    send(sender, "/topic/b", std::string(3000, 'x'));
    peer.unstick();
    EXPECT_EQ(peer.count(), 2U);
    EXPECT_EQ(peers.broker().counters().dropped, 2U);
    static_cast<void>(peer.take_bodies());
    send(sender, "/topic/b", "again");
    EXPECT_EQ(peer.take_bodies(), Texts{"again"});
    EXPECT_EQ(peer.session().outbox().waiting_size, 0U);
}

TEST(StompTopic, a_message_that_expired_is_not_sent) {
    Peers peers;
    peers.at(1000);
    Peer& peer = peers.connect();
    subscribe(peer, "1", "/topic/a");
    peer.is_stuck = true;
    Peer& sender = peers.connect();
    sender.say("SEND\ndestination:/topic/a\nexpires:2000\n\nsoon");
    sender.say("SEND\ndestination:/topic/a\nexpires:3000\n\nlater");
    sender.say("SEND\ndestination:/topic/a\nexpires:0\n\nnever");
    peers.at(2000);
    peer.unstick();
    const Got got = peer.take("MESSAGE");
    EXPECT_EQ(got.body, "later");
    EXPECT_EQ(got.header("expires"), "3000");
    EXPECT_EQ(peer.take_bodies(), Texts{"never"});
    EXPECT_EQ(peers.broker().counters().expired, 1U);
    EXPECT_EQ(peer.session().outbox().waiting_size, 0U);
}

}  // namespace
}  // namespace edgews::stomp::test
