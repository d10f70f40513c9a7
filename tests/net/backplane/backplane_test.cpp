// Topics of several servers that meet at one hub.
#include "hub.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace edgews::test {
namespace {

using enum BackplaneCounter;

class BackplaneTest : public testing::TestWithParam<unsigned> {
  protected:
    [[nodiscard]] static ServerOptions loops() { return {.loops = GetParam()}; }
    BackplaneHub hub;
};

INSTANTIATE_TEST_SUITE_P(loops, BackplaneTest, testing::Values(1U, 2U));

TEST_P(BackplaneTest, what_is_published_on_one_node_reaches_all_once) {
    Node a(hub.url(), {}, loops());
    Node b(hub.url(), {}, loops());
    TestClient here = a.listen("news");
    TestClient there = b.listen("news");
    TestClient there_too = b.listen("news");
    EXPECT_EQ(a.server->publish("news", "one"), PublishResult::sent);
    a.server->publish("news", Message::binary("\0two"));
    for (TestClient* client : {&here, &there, &there_too}) {
        client->expect_text("one");
        client->expect_frame(0x82, "\0two");
    }
    b.server->publish("news", "back");
    for (TestClient* client : {&here, &there, &there_too}) client->expect_text("back");
    a.await(echoes, 2);
    EXPECT_EQ(a[received], 1U);
    EXPECT_EQ(b[subscriptions], 1U);
}

TEST_P(BackplaneTest, a_connection_does_not_get_its_own_message) {
    Node a(hub.url(), {}, loops());
    Node b(hub.url(), {}, loops());
    TestClient publisher = a.listen("news");
    TestClient beside = a.listen("news");
    TestClient there = b.listen("news");
    publisher.send_text("hello");
    beside.expect_text("hello");
    there.expect_text("hello");
    there.send_text("answer");
    publisher.expect_text("answer");  // And nothing in front of it.
    beside.expect_text("answer");
}

TEST_P(BackplaneTest, through_the_upstream_too_it_does_not) {
    const BackplaneOptions options{.mode = BackplaneMode::through};
    Node a(hub.url(), options, loops());
    Node b(hub.url(), options, loops());
    TestClient publisher = a.listen("news");
    TestClient beside = a.listen("news");
    TestClient there = b.listen("news");
    for (int i = 0; i < 100; ++i) publisher.send_text(std::to_string(i));
    for (int i = 0; i < 100; ++i) {
        beside.expect_text(std::to_string(i));
        there.expect_text(std::to_string(i));
    }
    a.server->publish("news", "end");
    for (TestClient* client : {&publisher, &beside, &there}) client->expect_text("end");
    EXPECT_EQ(a[echoes], 101U);
}

TEST_P(BackplaneTest, through_the_upstream_all_get_one_order) {
    const BackplaneOptions options{.mode = BackplaneMode::through};
    Node a(hub.url(), options, loops());
    Node b(hub.url(), options, loops());
    std::vector<TestClient> clients;
    for (Node* const node : {&a, &b, &a, &b}) clients.push_back(node->listen("news"));
    constexpr int count = 500;
    std::thread other([&] {
        for (int i = 0; i < count; ++i) b.server->publish("news", "b" + std::to_string(i));
    });
    for (int i = 0; i < count; ++i) a.server->publish("news", "a" + std::to_string(i));
    other.join();
    std::vector<std::string> order;
    for (int i = 0; i < 2 * count; ++i) order.push_back(clients[0].read_frame().text());
    for (std::size_t i = 1; i < clients.size(); ++i) {
        for (const std::string& text : order) clients[i].expect_text(text);
    }
}

TEST_P(BackplaneTest, each_publishers_messages_keep_their_order) {
    Node a(hub.url(), {}, loops());
    Node b(hub.url(), {}, loops());
    Node c(hub.url(), {}, loops());
    std::vector<TestClient> listeners;
    for (Node* const node : {&a, &b, &c}) listeners.push_back(node->listen("news"));
    std::vector<TestClient> publishers;
    for (Node* const node : {&a, &b, &c}) publishers.push_back(node->listen("a"));
    constexpr int count = 200;
    for (int i = 0; i < count; ++i) {
        for (std::size_t p = 0; p < publishers.size(); ++p) {
            publishers[p].send_text("news=" + std::to_string(p) + std::to_string(i));
        }
    }
    for (TestClient& listener : listeners) {
        int next[3] = {};
        for (int i = 0; i < 3 * count; ++i) {
            const std::string text = listener.read_frame().text();
            int& expected = next[text[0] - '0'];
            ASSERT_EQ(text.substr(1), std::to_string(expected++));
        }
    }
    for (Node* const node : {&a, &b, &c}) EXPECT_EQ((*node)[gaps], 0U);
}

TEST_P(BackplaneTest, who_is_open_has_missed_nothing_that_is_published_from_then_on) {
    Node a(hub.url(), {}, loops());
    Node b(hub.url(), {}, loops());
    for (int i = 0; i < 50; ++i) {
        const std::string topic = "news" + std::to_string(i);
        TestClient there = b.listen(topic);
        a.server->publish(topic, "hello");
        there.expect_text("hello");
    }
}

TEST_P(BackplaneTest, topics_without_a_prefix_stay_here) {
    Node a(hub.url(), {}, loops());
    Node b(hub.url(), {}, loops());
    TestClient here = a.listen("local");
    TestClient there = b.listen("local");
    TestClient there_of_news = b.listen("news");
    EXPECT_EQ(a.server->publish("local", "mine"), PublishResult::sent);
    here.expect_text("mine");
    a.server->publish("news", "all's");
    there_of_news.expect_text("all's");
    b.server->publish("local", "end");
    there.expect_text("end");
    EXPECT_EQ(b[subscriptions], 1U);
    EXPECT_EQ(a[published], 1U);
}

TEST_P(BackplaneTest, names_may_have_any_bytes) {
    Node a(hub.url(), {}, loops());
    Node b(hub.url(), {}, loops());
    const std::string paths[] = {"news%2F%2E%2A%23%25",
                                 "news.a.*",
                                 "news.%23",
                                 "news%C3%A4%01",
                                 "news" + std::string(300, 'x'),
                                 "news" + std::string(300, 'x') + "y",
                                 "news" + std::string(999, '*')};
    const std::string topics[] = {"news/.*#%", "news.a.*", "news.#", "news\xC3\xA4\x01",
                                  paths[4],    paths[5],   paths[6]};
    std::vector<TestClient> clients;
    for (const std::string& path : paths) clients.push_back(b.listen(path));
    for (const std::string& topic : topics) a.server->publish(topic, topic + "!");
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i].expect_text(topics[i] + "!");
    for (const std::string& topic : topics) a.server->publish(topic, "end");
    for (TestClient& client : clients) client.expect_text("end");
}

TEST_P(BackplaneTest, a_message_that_is_too_large_is_refused_and_counted) {
    Node a(hub.url(), {.message_size_max = 100}, loops());
    Node b(hub.url(), {}, loops());
    TestClient here = a.listen("news");
    TestClient there = b.listen("news");
    const std::string large(101, 'x');
    a.server->publish("news", "first");
    EXPECT_EQ(a.server->publish("news", large), PublishResult::refused);
    EXPECT_EQ(a.server->publish("news", std::string(100, 'y')), PublishResult::sent);
    here.expect_text("first");
    here.expect_text(large);
    there.expect_text("first");
    there.expect_text(std::string(100, 'y'));
    EXPECT_EQ(b.notes.wait_for(1), List{"gap news 2-2"});
    EXPECT_EQ(a[refused], 1U);
}

TEST_P(BackplaneTest, the_largest_message_passes) {
    Node a(hub.url(), {}, loops());
    Node b(hub.url(), {}, loops());
    TestClient there = b.listen("news");
    const std::string large(1023 * 1024, 'x');
    EXPECT_EQ(a.server->publish("news", large), PublishResult::sent);
    there.expect_text(large);
}

TEST_P(BackplaneTest, interest_ends_some_time_after_the_last_subscriber) {
    Node a(hub.url(), {.linger_ms = 1}, loops());
    Node b(hub.url(), {}, loops());
    TestClient here = a.listen("news");
    TestClient other = b.listen("news");
    EXPECT_EQ(a[subscriptions], 1U);
    here.close_cleanly();
    other.close_cleanly();
    a.await(subscriptions, 0);
    EXPECT_EQ(b[subscriptions], 1U);
    TestClient again = a.listen("news");
    b.server->publish("news", "hello");
    again.expect_text("hello");
    EXPECT_EQ(a[gaps], 0U);
}

TEST_P(BackplaneTest, applications_do_not_hear_each_other) {
    Node a(hub.url(), {.application = "one"}, loops());
    Node b(hub.url(), {.application = "two"}, loops());
    TestClient there = b.listen("news");
    a.server->publish("news", "of one");
    a.await(published, 1);
    b.server->publish("news", "of two");
    there.expect_text("of two");
}

TEST_P(BackplaneTest, a_lost_hub_is_told_and_what_is_lost_is_counted) {
    Node a(hub.url(), {.queue_ms = 0}, loops());
    Node b(hub.url(), {.heartbeat_ms = 50}, loops());
    TestClient here = a.listen("news");
    TestClient there = b.listen("news");
    a.server->publish("news", "one");
    there.expect_text("one");
    hub.stop();
    EXPECT_EQ(a.upstream.wait_for(2), (List{"available", "away"}));
    EXPECT_EQ(b.upstream.wait_for(2), (List{"available", "away"}));
    for (int i = 0; i < 5; ++i) a.server->publish("news", "lost");
    for (const char* text : {"one", "lost", "lost", "lost", "lost", "lost"}) here.expect_text(text);
    hub.start();
    a.await(connects, 2);
    b.await(connects, 2);
    b.await(unconfirmed, 0);
    a.server->publish("news", "two");
    there.expect_text("two");
    EXPECT_EQ(b.notes.wait_for(1), List{"gap news 2-6"});
    EXPECT_EQ(b[missing], 5U);
}

TEST_P(BackplaneTest, what_is_published_while_the_hub_is_away_waits_for_it) {
    Node a(hub.url(), {.queue_ms = 60'000}, loops());
    TestClient here = a.listen("news");
    hub.stop();
    (void)a.upstream.wait_for(2);
    EXPECT_EQ(a.server->publish("news", "one"), PublishResult::queued);
    EXPECT_EQ(a.server->publish("news", "two"), PublishResult::queued);
    a.await(waiting, 2);
    hub.start();
    a.await(published, 2);
    EXPECT_EQ(a[waiting], 0U);
    EXPECT_EQ(a[unsent], 0U);
    EXPECT_EQ(a.server->publish("news", "three"), PublishResult::sent);
}

TEST_P(BackplaneTest, the_last_message_before_a_silence_is_missed_too) {
    Node a(hub.url(), {.queue_ms = 0}, loops());
    Node b(hub.url(), {}, loops());
    TestClient there = b.listen("news");
    a.server->publish("news", "one");
    there.expect_text("one");
    hub.stop();
    (void)a.upstream.wait_for(2);
    a.server->publish("news", "lost");
    a.server.wait_until([&] { return a[unsent] + a[refused] == 1; });  // As soon as it was there.
    hub.start();
    EXPECT_EQ(b.notes.wait_for(1), List{"gap news 2-2"});
}

// ---- Setting up --------------------------------------------------------------------------------

TEST(BackplaneSetUp, options_that_cannot_be_used_are_refused) {
    const auto make = [](BackplaneOptions options) { Backplane backplane(std::move(options)); };
    EXPECT_THROW(make({}), std::invalid_argument);
    EXPECT_THROW(make({.upstreams = {"http://x"}}), std::invalid_argument);
    EXPECT_THROW(make({.upstreams = {"stomp://x", "stomps://x"}}), std::invalid_argument);
    EXPECT_THROW(make({.upstreams = {"stomp://x"}, .heartbeat_ms = 0}), std::invalid_argument);
    EXPECT_THROW(make({.upstreams = {"stomp://x"}, .application = ""}), std::invalid_argument);
    EXPECT_THROW(make({.upstreams = {"stomp://x"}, .application = "a.b"}), std::invalid_argument);
    EXPECT_THROW(make({.upstreams = {"stomp://x"}, .application = std::string(41, 'a')}),
                 std::invalid_argument);
    EXPECT_NO_THROW(make({.upstreams = {"stomp://x"}, .application = std::string(40, 'a')}));
}

TEST(BackplaneSetUp, it_comes_before_listening_and_once) {
    Backplane backplane({.upstreams = {"stomp://127.0.0.1:1"}});
    Server server({.loops = 1});
    server.backplane(backplane);
    Backplane second({.upstreams = {"stomp://127.0.0.1:1"}});
    EXPECT_THROW(server.backplane(second), std::logic_error);
    Server other({.loops = 1});
    EXPECT_FALSE(other.listen({.host = "127.0.0.1"}));
    EXPECT_THROW(other.backplane(second), std::logic_error);
    EXPECT_THROW(backplane.prepare("a", {}), std::invalid_argument);
}

TEST(BackplaneSetUp, a_node_has_a_name_and_counters) {
    const Backplane a({.upstreams = {"stomp://127.0.0.1:1"}});
    const Backplane b({.upstreams = {"stomp://127.0.0.1:1"}});
    EXPECT_EQ(a.node().size(), 16U);
    EXPECT_NE(a.node(), b.node());
    const std::string text = a.stats().prometheus();
    EXPECT_NE(text.find("# TYPE edgews_backplane_gaps_total counter\n"
                        "edgews_backplane_gaps_total 0\n"),
              std::string::npos);
    EXPECT_NE(text.find("# TYPE edgews_backplane_subscriptions gauge\n"), std::string::npos);
    std::istringstream lines(text);
    std::set<std::string> names;
    std::string line;
    while (std::getline(lines, line)) {
        if (line.starts_with("# ")) continue;
        EXPECT_TRUE(line.starts_with("edgews_backplane_")) << line;
        EXPECT_TRUE(names.insert(line).second) << line;
    }
    EXPECT_EQ(names.size(), backplane_counter_count);
}

}  // namespace
}  // namespace edgews::test
