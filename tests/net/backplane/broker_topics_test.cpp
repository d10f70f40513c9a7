// Topics of several brokers that meet at one hub.
#include "broker_nodes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/allocations.hpp"

namespace edgews::test {
namespace {

using enum BackplaneCounter;

constexpr std::string_view news = "/topic/news";

class BrokerTopics : public testing::TestWithParam<unsigned> {
  protected:
    [[nodiscard]] static BrokerSetup setup(BackplaneOptions options = {}) {
        return {.backplane = std::move(options), .loops = GetParam()};
    }
    [[nodiscard]] static BrokerSetup through() { return setup({.mode = BackplaneMode::through}); }
    BackplaneHub hub;
};

class BrokerTopicsMemory : public testing::Test {
  protected:
    BackplaneHub hub;
    BrokerNode a{hub.url()};
    BrokerNode b{hub.url()};
};

INSTANTIATE_TEST_SUITE_P(loops, BrokerTopics, testing::Values(1U, 2U));

// A RECEIPT of that id is the next frame.
void expect_receipt(StompPeer& peer, const std::string& id) {
    EXPECT_TRUE(peer.hear("RECEIPT").has("receipt-id:" + id));
}

void expect_body(StompPeer& peer, std::string_view body) {
    EXPECT_EQ(peer.hear("MESSAGE").body, body);
}

TEST_P(BrokerTopics, what_is_sent_on_one_node_reaches_all_once) {
    BrokerNode a(hub.url(), setup());
    BrokerNode b(hub.url(), setup());
    BrokerNode c(hub.url(), setup());
    std::vector<StompPeer> peers;
    for (BrokerNode* const node : {&a, &b, &c, &a, &b, &c}) peers.push_back(node->connect());
    for (StompPeer& peer : peers) peer.subscribe("/topic/news/of.a");
    peers[0].send("/topic/news/of.a", "one", "content-type:text/plain\nk:a\\cb\nk:2\nreceipt:r\n");
    expect_receipt(peers[0], "r");
    for (StompPeer& peer : peers) {
        const StompReply one = peer.hear("MESSAGE");
        EXPECT_EQ(one.body, "one");
        EXPECT_TRUE(one.has("content-type:text/plain"));
        EXPECT_TRUE(one.has("k:a\\cb\nk:2"));
        EXPECT_TRUE(one.has("destination:/topic/news/of.a"));
        EXPECT_TRUE(one.has("subscription:/topic/news/of.a"));
        EXPECT_EQ(one.header("receipt"), "");
        EXPECT_NE(one.header("message-id"), "");
    }
    b.broker.send("/topic/news/of.a", "two");
    for (StompPeer& peer : peers) expect_body(peer, "two");
    peers[2].say("BEGIN\ntransaction:t\n\n");
    peers[2].send("/topic/news/of.a", "three", "transaction:t\nk:t\n");
    peers[2].send("/topic/news/of.a", "four", "transaction:t\n");
    peers[2].say("COMMIT\ntransaction:t\n\n");
    for (StompPeer& peer : peers) {
        const StompReply three = peer.hear("MESSAGE");
        EXPECT_EQ(three.body, "three");
        EXPECT_TRUE(three.has("k:t"));
        EXPECT_EQ(three.header("transaction"), "");
        expect_body(peer, "four");
    }
    for (BrokerNode* const node : {&a, &b, &c}) {
        EXPECT_EQ((*node)[subscriptions], 1U);
        EXPECT_EQ((*node)[gaps], 0U);
    }
    a.await(echoes, 1);
}

TEST_P(BrokerTopics, bodies_are_whatever_they_were) {
    BrokerNode a(hub.url(), setup());
    BrokerNode b(hub.url(), setup());
    StompPeer there = b.connect();
    there.subscribe("/topic/news");
    const std::string large(1'000'000, 'x');
    a.broker.send(news, "");
    a.broker.send(news, "\x80\xFF");
    a.broker.send(news, large);
    expect_body(there, "");
    expect_body(there, "\x80\xFF");
    expect_body(there, large);
}

TEST_P(BrokerTopics, each_senders_messages_keep_their_order) {
    BrokerNode a(hub.url(), setup());
    BrokerNode b(hub.url(), setup());
    std::vector<StompPeer> listeners;
    std::vector<StompPeer> senders;
    for (BrokerNode* const node : {&a, &b, &a, &b}) {
        listeners.push_back(node->connect());
        listeners.back().subscribe("/topic/news");
        senders.push_back(node->connect());
    }
    constexpr int count = 300;
    for (int i = 0; i < count; ++i) {
        for (std::size_t s = 0; s < senders.size(); ++s) {
            senders[s].send("/topic/news", std::to_string(s) + std::to_string(i));
        }
    }
    for (StompPeer& listener : listeners) {
        std::array<int, 4> next{};
        for (int i = 0; i < 4 * count; ++i) {
            const std::string body = listener.hear("MESSAGE").body;
            int& expected = next[static_cast<std::size_t>(body[0] - '0')];
            ASSERT_EQ(body.substr(1), std::to_string(expected++));
        }
    }
    EXPECT_EQ(a[gaps] + b[gaps], 0U);
}

TEST_P(BrokerTopics, through_the_upstream_all_get_one_order) {
    BrokerNode a(hub.url(), through());
    BrokerNode b(hub.url(), through());
    std::vector<StompPeer> peers;
    for (BrokerNode* const node : {&a, &b, &a, &b}) {
        peers.push_back(node->connect());
        peers.back().subscribe("/topic/news");
    }
    constexpr int count = 300;
    std::thread other([&] {
        for (int i = 0; i < count; ++i) b.broker.send(news, "b" + std::to_string(i));
    });
    for (int i = 0; i < count; ++i) a.broker.send(news, "a" + std::to_string(i));
    other.join();
    std::vector<std::string> order;
    for (int i = 0; i < 2 * count; ++i) order.push_back(peers[0].hear("MESSAGE").body);
    for (std::size_t i = 1; i < peers.size(); ++i) {
        for (const std::string& body : order) expect_body(peers[i], body);
    }
    EXPECT_EQ(a[echoes], 300U);
    EXPECT_EQ(a.broker.stats().counters.received, 600U);
}

TEST_P(BrokerTopics, what_is_sent_after_the_receipt_of_a_subscribe_is_received) {
    for (const bool is_through : {false, true}) {
        BrokerNode a(hub.url(), is_through ? through() : setup());
        BrokerNode b(hub.url(), is_through ? through() : setup());
        StompPeer joe = a.connect();
        StompPeer ann = b.connect();
        for (int i = 0; i < 200; ++i) {
            const std::string topic = "/topic/news." + std::to_string(i);
            joe.subscribe(topic);
            ann.send(topic, topic);
            expect_body(joe, topic);
        }
    }
}

TEST_P(BrokerTopics, what_follows_such_a_subscribe_waits_for_its_receipt) {
    BrokerNode a(hub.url(), setup());
    StompPeer joe = a.connect();
    for (int i = 0; i < 20; ++i) {
        const std::string n = std::to_string(i);
        joe.say("SUBSCRIBE\nid:" + n + "\ndestination:/topic/news." + n + "\nreceipt:" + n +
                "\n\n");
    }
    joe.send("/topic/news.7", "x");
    joe.say("DISCONNECT\nreceipt:end\n\n");
    for (int i = 0; i < 20; ++i) expect_receipt(joe, std::to_string(i));
    // The message may have come too late.
    StompReply last = joe.hear_any();
    if (last.command == "MESSAGE") last = joe.hear_any();
    EXPECT_TRUE(last.has("receipt-id:end"));
}

TEST_P(BrokerTopics, topics_without_a_prefix_and_queues_stay_here) {
    BrokerNode a(hub.url(), setup());
    BrokerNode b(hub.url(), setup());
    StompPeer here = a.connect();
    StompPeer there = b.connect();
    for (const std::string name : {"/topic/olds", "/topic/ol*", "/queue/news", "/topic/news"}) {
        here.subscribe(name);
        there.subscribe(name);
    }
    here.subscribe("/topic/old.*");
    for (const std::string name : {"/topic/olds", "/queue/news", "/topic/old.a", "/topic/news"}) {
        a.broker.send(name, name);
    }
    for (const std::string name : {"/topic/olds", "/queue/news", "/topic/old.a", "/topic/news"}) {
        expect_body(here, name);
    }
    expect_body(there, "/topic/news");
    a.await(published, 1);
    EXPECT_EQ(b[subscriptions], 1U);
}

TEST_P(BrokerTopics, routes_topics_of_the_same_name_are_others) {
    BrokerNode a(hub.url(), setup());
    BrokerNode b(hub.url(), setup());
    StompPeer joe = b.connect();
    joe.subscribe("/topic/news");
    TestClient route = b.open_route();
    b.await(unconfirmed, 0);
    b.await(subscriptions, 2);
    a.server->publish(news, "of a route");
    a.broker.send(news, "of the broker");
    route.expect_text("of a route");
    expect_body(joe, "of the broker");
    a.server->publish(std::string("\x01") + "news", "of a route");  // Whatever it is called.
    a.broker.send(news, "end");
    expect_body(joe, "end");
    a.server->publish(news, "end");
    route.expect_text("end");
    a.await(published, 4);
}

TEST_P(BrokerTopics, one_of_the_nodes_may_be_the_hub) {
    hub.stop();
    BrokerSetup of_hub = setup({.prefixes = {"/topic/"}});
    of_hub.port = hub.port();
    BrokerNode a(hub.url(), std::move(of_hub));
    BrokerNode b(hub.url(), setup({.prefixes = {"/topic/"}}));
    StompPeer here = a.connect();
    StompPeer there = b.connect();
    here.subscribe("/topic/news");
    there.subscribe("/topic/news");
    for (int i = 0; i < 100; ++i) {
        (i % 2 == 0 ? a : b).broker.send(news, std::to_string(i));
        expect_body(here, std::to_string(i));
        expect_body(there, std::to_string(i));
    }
    a.await(published, 50);
    a.await(subscriptions, 1);
    b.await(published, 50);
}

TEST_P(BrokerTopics, a_pattern_is_refused_that_might_cover_a_topic_of_all) {
    BrokerNode a(hub.url(), setup());
    StompPeer joe = a.connect();
    joe.say("SUBSCRIBE\nid:1\ndestination:/topic/*\nreceipt:r\n\n");
    const StompReply error = joe.expect_error("by name only", 0);
    EXPECT_TRUE(error.has("receipt-id:r"));
    EXPECT_EQ(a[subscriptions], 0U);
}

TEST_P(BrokerTopics, interest_ends_some_time_after_the_last_subscriber) {
    BrokerNode a(hub.url(), setup({.linger_ms = 1}));
    StompPeer joe = a.connect();
    StompPeer ann = a.connect();
    joe.subscribe("/topic/news");
    ann.subscribe("/topic/news");
    joe.say("UNSUBSCRIBE\nid:/topic/news\nreceipt:u\n\n");
    expect_receipt(joe, "u");
    EXPECT_EQ(a[subscriptions], 1U);
    ann.client().close();
    a.await(subscriptions, 0);
    joe.subscribe("/topic/news");
    EXPECT_EQ(a[subscriptions], 1U);
}

TEST_P(BrokerTopics, whoever_leaves_while_it_waits_is_not_missed) {
    BrokerNode a(hub.url(), setup());
    for (int i = 0; i < 20; ++i) {
        StompPeer joe = a.connect();
        joe.say("SUBSCRIBE\nid:1\ndestination:/topic/news" + std::to_string(i) + "\nreceipt:r\n\n");
        joe.client().close();
    }
    StompPeer ann = a.connect();
    ann.subscribe("/topic/news");
    a.broker.send(news, "x");
    expect_body(ann, "x");
}

// ---- Without the upstream ----------------------------------------------------------------------

TEST_P(BrokerTopics, a_lost_hub_is_told_to_whoever_asked_for_it) {
    BrokerNode a(hub.url(), setup({.queue_ms = 0}));
    BrokerNode b(hub.url(), setup({.heartbeat_ms = 50}));
    // The hub has no time to confirm: whoever comes first may be told that something is missing.
    StompPeer first = a.connect();
    first.subscribe("/topic/news");
    a.await(unconfirmed, 0);
    StompPeer here = a.connect();
    StompPeer there = b.connect();
    StompPeer silent = b.connect();
    here.subscribe("/topic/news", "gap:true\n");
    there.subscribe("/topic/news", "gap:true\n");
    silent.subscribe("/topic/news");
    a.broker.send(news, "one");
    expect_body(there, "one");
    hub.stop();
    (void)a.upstream.wait_for(2);
    (void)b.upstream.wait_for(2);
    a.server.wait_until([&] {
        return a.broker.send("/topic/news.of-nobody", "") == stomp::Fault::upstream_unavailable;
    });
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(a.broker.send(news, "lost"), stomp::Fault::upstream_unavailable);
    }
    hub.start();
    a.await(connects, 2);
    b.await(connects, 2);
    b.await(unconfirmed, 0);
    EXPECT_EQ(a.broker.send(news, "two"), stomp::Fault::none);
    const StompReply gap = there.hear("MESSAGE");
    EXPECT_TRUE(gap.has("gap:true"));
    EXPECT_TRUE(gap.has("missing:5"));
    EXPECT_TRUE(gap.has("subscription:/topic/news"));
    EXPECT_EQ(gap.body, "");
    expect_body(there, "two");
    expect_body(silent, "one");
    expect_body(silent, "two");
    for (const char* body : {"one", "lost", "lost", "lost", "lost", "lost", "two"}) {
        expect_body(here, body);
    }
    EXPECT_EQ(b.notes.wait_for(1), List{"gap /topic/news 2-6"});
}

TEST_P(BrokerTopics, in_place_of_a_receipt_comes_an_error_and_nobody_has_the_message) {
    BrokerNode a(hub.url(), setup({.queue_ms = 0}));
    StompPeer here = a.connect();
    here.subscribe("/topic/news");
    hub.stop();
    (void)a.upstream.wait_for(2);
    a.server.wait_until([&] {
        return a.broker.send("/topic/news.of-nobody", "") == stomp::Fault::upstream_unavailable;
    });
    StompPeer joe = a.connect();
    joe.send("/topic/news", "with", "receipt:r\n");
    EXPECT_TRUE(joe.expect_error("not available", 0).has("receipt-id:r"));
    StompPeer ann = a.connect();
    ann.send("/topic/news", "without");
    ann.await_all();
    expect_body(here, "without");
}

TEST_P(BrokerTopics, a_subscribe_has_its_receipt_without_a_hub_and_is_told_when_there_is_one) {
    hub.stop();
    BrokerNode a(hub.url(), setup());
    EXPECT_EQ(a.upstream.wait_for(1), List{"away"});
    StompPeer joe = a.connect();
    joe.subscribe("/topic/news", "gap:true\n");
    a.broker.send(news, "here");
    expect_body(joe, "here");
    hub.start();
    const StompReply gap = joe.hear("MESSAGE");
    EXPECT_TRUE(gap.has("gap:true"));
    EXPECT_EQ(gap.header("missing"), "");
    EXPECT_EQ(a.notes.wait_for(1), List{"gap /topic/news 0-0"});
}

TEST_P(BrokerTopics, what_is_too_large_stays_here) {
    BrokerNode a(hub.url(), setup({.message_size_max = 200}));
    BrokerNode b(hub.url(), setup());
    StompPeer here = a.connect();
    StompPeer there = b.connect();
    here.subscribe("/topic/news");
    there.subscribe("/topic/news", "gap:true\n");
    const std::string large(200, 'x');
    EXPECT_EQ(a.broker.send(news, "first"), stomp::Fault::none);
    EXPECT_EQ(a.broker.send(news, large), stomp::Fault::upstream_refused);
    EXPECT_EQ(a.broker.send(news, "last"), stomp::Fault::none);
    for (const std::string& body : {std::string("first"), large, std::string("last")}) {
        expect_body(here, body);
    }
    expect_body(there, "first");
    EXPECT_TRUE(there.hear("MESSAGE").has("missing:1"));
    expect_body(there, "last");
    StompPeer joe = a.connect();
    joe.send("/topic/news", large, "receipt:r\n");
    joe.expect_error("refused", 0);
    EXPECT_EQ(a[refused], 1U);
}

TEST_P(BrokerTopics, what_is_no_brokers_message_is_dropped) {
    BrokerNode a(hub.url(), setup());
    StompPeer joe = a.connect();
    joe.subscribe("/topic/news");
    // An envelope of another node's, a text: a route's.
    const std::string envelope = std::string("\x01\x00", 2) + "somebody" +
                                 std::string("\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01", 16) + "text";
    hub.broker().send("/topic/edgews.t.~01news", envelope);
    hub.broker().send("/topic/edgews.t.~01news", "no envelope");
    a.await(malformed, 2);
    a.broker.send(news, "x");
    expect_body(joe, "x");
}

// On the loops of both nodes, but for the job that wakes the sender's.
TEST_F(BrokerTopicsMemory, a_message_takes_no_block_from_the_heap) {
    StompPeer joe = a.connect();
    StompPeer ann = b.connect();
    joe.subscribe("/topic/news");
    ann.subscribe("/topic/news");
    const auto pass = [&](int count) {
        for (int i = 0; i < count; ++i) {
            joe.send("/topic/news", "x", "foo:bar\n");
            EXPECT_EQ(joe.hear("MESSAGE").body, "x");
            EXPECT_EQ(ann.hear("MESSAGE").body, "x");
        }
    };
    pass(200);
    const std::size_t before_a = a.server.on_loop(allocation_count);
    const std::size_t before_b = b.server.on_loop(allocation_count);
    pass(1'000);
    // And those of the questions themselves.
    EXPECT_LT(a.server.on_loop(allocation_count) - before_a, 1'020U);
    EXPECT_LT(b.server.on_loop(allocation_count) - before_b, 20U);
}

// ---- Who is slow, and who sends from a hook ----------------------------------------------------

TEST_P(BrokerTopics, a_subscriber_that_does_not_read_is_no_other_nodes_trouble) {
    BrokerNode a(hub.url(), setup());
    BrokerSetup of_b = setup();
    of_b.options.broker.slow_after_ms = 0;
    BrokerNode b(hub.url(), std::move(of_b));
    StompPeer slow = b.connect();
    StompPeer quick = b.connect();
    slow.subscribe("/topic/news");
    quick.subscribe("/topic/news");
    const std::string body(64 * 1024, 'x');
    // Until its session has ended.
    int count = 0;
    while (b.broker.stats().sessions == 2) {
        a.broker.send(news, body);
        expect_body(quick, body);
        ++count;
    }
    EXPECT_GT(count, 16);
    a.broker.send(news, "end");
    expect_body(quick, "end");
    EXPECT_EQ(b[gaps], 0U);
}

TEST_P(BrokerTopics, hooks_may_send) {
    BrokerSetup of_a = setup();
    std::atomic<StompBroker*> broker = nullptr;
    of_a.hooks.message = [&broker](const StompClient&, const stomp::Frame& frame) {
        if (frame.find("destination") == news) broker.load()->send("/topic/news.hook", "sent");
        return true;
    };
    BrokerNode a(hub.url(), std::move(of_a));
    broker = &a.broker;
    BrokerNode b(hub.url(), setup({.heartbeat_ms = 50, .message_size_max = 200}));
    a.server.on_loop(
        [&] { a.on_gap = [&](const TopicGap&) { a.broker.send("/topic/news.gap", "told"); }; });
    StompPeer here = a.connect();
    StompPeer there = b.connect();
    here.subscribe("/topic/news");
    there.subscribe("/topic/news.hook");
    there.subscribe("/topic/news.gap");
    here.send("/topic/news", "x");
    expect_body(here, "x");
    expect_body(there, "sent");
    b.broker.send(news, "first");
    expect_body(here, "first");
    b.broker.send(news, std::string(300, 'x'));
    expect_body(there, "told");
}

}  // namespace
}  // namespace edgews::test
