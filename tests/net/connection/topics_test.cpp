// Topics: within a loop and across loops.
#include "net/connection/topics.hpp"
#include "net/loop/reactor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

// "+topic" subscribes, "-topic" unsubscribes, "topic=text" publishes to the others; each is
// confirmed by "ok", or "no" when nothing changed. "?topic" asks whether it is subscribed.
Handlers commands() {
    return {.message = [](Connection& c, Message m) {
        const std::string_view text = m.text();
        bool is_done = true;
        if (text[0] == '+') {
            is_done = c.subscribe(text.substr(1));
        } else if (text[0] == '-') {
            is_done = c.unsubscribe(text.substr(1));
        } else if (text[0] == '?') {
            is_done = c.is_subscribed(text.substr(1));
        } else {
            const std::size_t middle = text.find('=');
            c.publish(text.substr(0, middle), text.substr(middle + 1));
        }
        c.send(is_done ? "ok" : "no");
    }};
}

void command(TestClient& client, std::string_view text, std::string_view answer = "ok") {
    client.send_text(text);
    client.expect_text(answer);
}

class TopicsTest : public testing::Test {
  protected:
    explicit TopicsTest(unsigned loops = 1) : server_({.loops = loops}) {
        server_->ws("/", commands());
        server_.start();
    }
    TestClient open(std::string_view topic = "") {
        TestClient client = server_.open();
        if (!topic.empty()) command(client, "+" + std::string(topic));
        return client;
    }
    TestServer server_;
};

TEST_F(TopicsTest, a_connection_publishes_to_all_but_itself) {
    TestClient a = open("t");
    TestClient b = open("t");
    TestClient c = open("other");
    command(a, "t=from a");
    b.expect_text("from a");
    command(c, "t=from c");  // Who publishes need not subscribe.
    a.expect_text("from c");
    b.expect_text("from c");
    server_->publish("other", "end");
    c.expect_text("end");
}

// Against a model: a connection with so many topics keeps a table of them.
TEST_F(TopicsTest, a_connection_may_come_and_go_among_many_topics_in_any_order) {
    std::mt19937 random(12);  // NOLINT: the same at every run.
    std::set<std::string> expected;
    TestClient a = open();
    TestClient b = open();
    for (int i = 0; i < 2000; ++i) {
        const std::string topic = "t" + std::to_string(random() % 60);
        const bool is_in = expected.contains(topic);
        // It grows, shrinks, and grows again.
        const bool joins = random() % 10 < ((i / 300) % 2 == 0 ? 8U : 2U);
        command(a, (joins ? "+" : "-") + topic, joins != is_in ? "ok" : "no");
        joins ? (void)expected.insert(topic) : (void)expected.erase(topic);
        if (i % 100 != 0) continue;
        for (int t = 0; t < 60; ++t) {
            const std::string name = "t" + std::to_string(t);
            command(a, "?" + name, expected.contains(name) ? "ok" : "no");
            command(b, name + "=" + name);
            if (expected.contains(name)) a.expect_text(name);
        }
    }
}

// Whoever shares topics with one that has many is told apart from it when that leaves.
TEST_F(TopicsTest, one_who_leaves_all_of_many_topics_takes_nobody_along) {
    TestClient a = open();
    TestClient b = open();
    TestClient c = open();
    for (int i = 0; i < 100; ++i) {
        const std::string topic = "+t" + std::to_string(i);
        for (TestClient* const client : {&a, &b, &c}) command(*client, topic);
    }
    a.send_close(1000);
    a.expect_close(1000);
    for (int i = 0; i < 100; ++i) {
        const std::string topic = "t" + std::to_string(i);
        if (i % 2 == 0) command(b, "-" + topic);
        command(c, topic + "=" + topic);
        if (i % 2 == 1) b.expect_text(topic);
    }
}

TEST(TopicLimits, a_topic_too_many_is_not_subscribed_to_until_one_is_left) {
    TestServer server({.loops = 1});
    server->ws("/", commands(), {.topic_count_max = 2});
    server.start();
    TestClient client = server.open();
    TestClient other = server.open();
    command(client, "+a");
    command(client, "+b");
    command(client, "+c", "no");
    command(client, "?c", "no");  // Which tells it from one that it has.
    command(client, "+b", "no");
    command(client, "?b", "ok");
    command(other, "+c");  // Each has its own.
    command(other, "c=for c");
    command(client, "-a");
    command(client, "+c");
    command(other, "c=for c again");
    client.expect_text("for c again");
}

TEST(TopicLimits, a_name_too_long_is_not_subscribed_to) {
    TestServer server({.loops = 1});
    server->ws("/", commands(), {.topic_name_size_max = 4});
    server->ws("/default", commands());
    server.start();
    TestClient client = server.open();
    command(client, "+four");
    command(client, "+fives", "no");
    command(client, "?fives", "no");
    command(client, "-fives", "no");
    TestClient usual = server.open("/default");
    command(usual, "+" + std::string(1024, 'n'));
    command(usual, "+" + std::string(1025, 'n'), "no");
}

TEST(TopicLimits, a_thousand_topics_are_the_usual_limit) {
    TestServer server({.loops = 1});
    server->ws("/", commands());
    server.start();
    TestClient client = server.open();
    for (int i = 0; i < 1000; ++i) command(client, "+" + std::to_string(i));
    command(client, "+1000", "no");
}

TEST_F(TopicsTest, the_server_publishes_to_all_text_binary_and_prepared) {
    TestClient a = open("t");
    TestClient b = open("t");
    server_->publish("t", "text");
    server_->publish("t", Message(bytes_of("binary")));
    const std::string large(100'000, 'x');
    server_->publish("t", PreparedMessage(large));
    server_->publish("nobody's", "lost");
    for (TestClient* client : {&a, &b}) {
        client->expect_text("text");
        client->expect_frame(0x82, "binary");
        client->expect_text(large);
    }
}

TEST_F(TopicsTest, subscribing_twice_or_leaving_what_one_is_not_in_says_so) {
    TestClient a = open();
    command(a, "-t", "no");
    command(a, "+t");
    command(a, "+t", "no");
    command(a, "+u");
    command(a, "-t");
    command(a, "-t", "no");
    server_->publish("t", "lost");
    server_->publish("u", "kept");
    a.expect_text("kept");
}

TEST_F(TopicsTest, leaving_in_any_order_leaves_the_others_in) {
    std::vector<TestClient> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(open());
        for (const char* topic : {"+a", "+b", "+c"}) command(clients.back(), topic);
    }
    command(clients[0], "-a");
    command(clients[4], "-b");
    command(clients[2], "-a");
    command(clients[2], "-c");
    clients[3].close_cleanly();
    clients[1].reset();
    server_.wait_for(Counter::websockets_open, 3);
    for (const char* topic : {"a", "b", "c"}) server_->publish(topic, topic);
    const std::pair<std::size_t, List> rows[] = {{0, {"b", "c"}}, {2, {"b"}}, {4, {"a", "c"}}};
    for (const auto& [index, topics] : rows) {
        SCOPED_TRACE(index);
        for (const std::string& topic : topics) clients[index].expect_text(topic);
        command(clients[index], "-none", "no");  // And nothing more.
    }
}

TEST_F(TopicsTest, several_messages_of_one_turn_leave_in_one_write) {
    TestClient client = open("t");
    server_.on_loop([this] {
        for (int i = 0; i < 100; ++i) server_->publish("t", "message");
    });
    EXPECT_EQ(client.receive_some().size(), 100 * 9U);
}

// What is published waits for the end of the turn; nobody may notice by its order.
class TopicsOrderTest : public testing::Test {
  protected:
    void start(Function<void(Connection&, Connection&)> act) {
        server_->ws("/",
                    {.open = [this](Connection& c) { connections_.push_back(&c); },
                     .message = [this, act](Connection&,
                                            Message) { act(*connections_[0], *connections_[1]); }});
        server_.start();
        a_ = server_.open();
        b_ = server_.open();
        b_->send_text("go");
    }
    void expect(std::initializer_list<const char*> of_a, std::initializer_list<const char*> of_b) {
        for (const char* text : of_a) a_->expect_text(text);
        for (const char* text : of_b) b_->expect_text(text);
    }
    TestServer server_;
    std::vector<Connection*> connections_;
    std::optional<TestClient> a_;
    std::optional<TestClient> b_;
};

TEST_F(TopicsOrderTest, among_other_messages_and_topics) {
    start([this](Connection& a, Connection& b) {
        for (Connection* c : {&a, &b}) {
            c->subscribe("t");
            c->subscribe("u");
        }
        a.send("1");
        server_->publish("t", "2");
        a.ping(bytes_of("after 2"));
        server_->publish("u", "3");
        a.publish("t", "4, not for a");
        server_->publish("t", "5");
        server_->publish("t", "6");
        a.send("7");
        b.send(PreparedMessage(Message("7")));
        server_->publish("t", "8");
        server_->publish("t", std::string(5'000, '9'));
        a.send_fragment("te", Fragment::first);
        b.send("10");
        a.send_fragment("n", Fragment::last);
    });
    const std::string nines(5'000, '9');
    expect({"1", "2"}, {});
    a_->expect_frame(0x89, "after 2");
    expect({"3", "5", "6", "7", "8", nines.c_str()},
           {"2", "3", "4, not for a", "5", "6", "7", "8", nines.c_str(), "10"});
    a_->expect_frame(0x01, "te");
    a_->expect_frame(0x80, "n");
}

TEST_F(TopicsOrderTest, messages_for_several_topics_leave_in_one_write) {
    start([this](Connection& a, Connection&) {
        a.subscribe("t");
        a.subscribe("u");
        for (int i = 0; i < 100; ++i) server_->publish(i % 2 == 0 ? "t" : "u", "message");
    });
    EXPECT_EQ(a_->receive_some().size(), 100 * 9U);
}

TEST_F(TopicsOrderTest, what_user_data_publishes_at_its_end_is_not_forgotten) {
    struct Leaver {
        Server* server = nullptr;
        ~Leaver() {
            if (server != nullptr) server->publish("t", "left");
        }
    };
    server_->ws<Leaver>("/leaver", {.open = [server = server_.operator->()](Connection& c) {
                            c.data<Leaver>().server = server;
                        }});
    start([](Connection& a, Connection&) {
        a.subscribe("t");
        a.send("ready");
    });
    a_->expect_text("ready");
    TestClient leaver = server_.open("/leaver");
    const auto begin = std::chrono::steady_clock::now();
    leaver.reset();
    a_->expect_text("left");  // And not when something else happens to wake the loop.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(700));
}

TEST_F(TopicsOrderTest, who_comes_or_leaves_later_makes_no_difference_to_it) {
    start([this](Connection& a, Connection& b) {
        a.subscribe("t");
        server_->publish("t", "for a");
        b.subscribe("t");
        server_->publish("t", "for both");
        a.unsubscribe("t");
        server_->publish("t", "for b");
    });
    expect({"for a", "for both"}, {"for both", "for b"});
}

TEST_F(TopicsOrderTest, who_closes_or_is_dropped_later_makes_no_difference_to_it) {
    start([this](Connection& a, Connection& b) {
        a.subscribe("t");
        b.subscribe("t");
        server_->publish("t", "last for a");
        a.close(1000);
        server_->publish("t", "last for b");
        b.terminate();
        server_->publish("t", "for nobody");
    });
    expect({"last for a"}, {});
    a_->expect_close(1000);
    b_->expect_eof();
}

TEST_F(TopicsTest, a_subscriber_that_cannot_take_it_does_not_hold_up_the_others) {
    TestClient slow = server_.open("/", "", {.receive_buffer = 4096});
    command(slow, "+t");
    TestClient quick = open("t");
    const std::string large(200'000, 'x');
    for (int i = 0; i < 60; ++i) {
        server_->publish("t", large);
        quick.expect_text(large);
    }
    EXPECT_GT(server_->stats()[Counter::messages_dropped], 0U);
    command(quick, "t=still here");
}

// Messages of one turn, as one piece where they are small, until the socket takes only a part.
TEST_F(TopicsTest, what_a_socket_takes_in_parts_arrives_whole) {
    struct Row {
        int messages_a_turn;
        std::size_t size;
    };
    for (const Row row : {Row{1, 1'000}, Row{3, 4'000}, Row{1, 100'000}}) {
        TestClient slow = server_.open("/", "", {.receive_buffer = 4096});
        command(slow, "+t");
        const auto text = [&](int number) {
            return std::to_string(number) + std::string(row.size, 'x');
        };
        int count = 0;
        std::size_t waiting_size = 0;
        while (waiting_size == 0) {
            server_.on_loop([&] {
                for (int i = 0; i < row.messages_a_turn; ++i) server_->publish("t", text(count++));
            });
            server_->visit([&](Connection& c) { waiting_size += c.buffered_amount(); });
            server_.on_loop([] {});
        }
        server_.on_loop([&] { server_->publish("t", "end"); });
        for (int i = 0; i < count; ++i) slow.expect_text(text(i));
        slow.expect_text("end");
        slow.close_cleanly();
        server_.wait_for(Counter::websockets_open, 0);
    }
    EXPECT_EQ(server_->stats()[Counter::messages_dropped], 0U);
}

TEST_F(TopicsTest, those_who_do_not_read_share_the_bytes_of_what_waits_for_them) {
    std::vector<TestClient> slow;
    for (int i = 0; i < 4; ++i) {
        slow.push_back(server_.open("/", "", {.receive_buffer = 4096}));
        command(slow.back(), "+t");
    }
    const PreparedMessage message(std::string(10'000, 'x'));
    server_.wait_until([&] {  // A turn for each, until it is more than sockets hold.
        server_->publish("t", message);
        return server_->stats()[Counter::messages_dropped] > 0;
    });
    std::atomic<std::size_t> waiting_size = 0;
    server_->visit([&](Connection& c) { waiting_size += c.buffered_amount(); });
    server_.on_loop([&] {
        EXPECT_GT(waiting_size, 1'000'000U);
        EXPECT_LT(Reactor::current()->pool().lent_size(), waiting_size / 2);
    });
}

class TopicsAcrossLoopsTest : public TopicsTest {
  protected:
    TopicsAcrossLoopsTest() : TopicsTest(4) {}
};

TEST_F(TopicsAcrossLoopsTest, every_subscriber_hears_each_publisher_in_its_order) {
    constexpr int subscriber_count = 16;
    constexpr int publisher_count = 3;
    constexpr int message_count = 200;
    std::vector<TestClient> clients;
    for (int i = 0; i < subscriber_count; ++i) clients.push_back(open("t"));
    std::vector<std::thread> publishers;
    for (int p = 0; p < publisher_count; ++p) {
        publishers.emplace_back([this, p] {
            for (int i = 0; i < message_count; ++i) {
                server_->publish("t", std::to_string(p) + " " + std::to_string(i));
            }
        });
    }
    for (std::thread& publisher : publishers) publisher.join();
    for (TestClient& client : clients) {
        int next[publisher_count] = {};
        for (int i = 0; i < publisher_count * message_count; ++i) {
            const std::string text = client.read_frame().text();
            const auto publisher = static_cast<std::size_t>(text[0] - '0');
            ASSERT_EQ(text.substr(2), std::to_string(next[publisher]++));
        }
    }
}

TEST_F(TopicsAcrossLoopsTest, a_handler_reaches_all_loops_in_its_order) {
    std::vector<TestClient> clients;
    for (int i = 0; i < 16; ++i) clients.push_back(open("t"));
    TestClient publisher = open("t");
    Bytes batch;
    for (int i = 0; i < 50; ++i) {
        batch = std::move(batch) + client_frame(0x81, "t=" + std::to_string(i));
    }
    publisher.send(batch);
    for (int i = 0; i < 50; ++i) publisher.expect_text("ok");  // And nothing of its own.
    for (TestClient& client : clients) {
        for (int i = 0; i < 50; ++i) client.expect_text(std::to_string(i));
    }
}

TEST_F(TopicsAcrossLoopsTest, subscribers_come_go_and_vanish_while_others_publish) {
    std::atomic<bool> is_over = false;
    std::thread publisher([&] {
        while (!is_over) {
            server_->publish("t", "x");
            server_.on_loop([] {}, 3);  // No faster than the loops turn.
        }
    });
    TestClient steady = open("t");
    for (int i = 0; i < 60; ++i) {
        TestClient client = server_.open();
        client.send_text("+t");
        client.expect_text("ok");
        while (client.read_frame().text() != "x") {
        }
        if (i % 3 == 0) client.send_text("-t");
        if (i % 3 == 1) client.reset();
    }
    is_over = true;
    publisher.join();
    server_->publish("t", "last");
    while (steady.read_frame().text() != "last") {
    }
    server_.wait_for(Counter::websockets_open, 1);
}

}  // namespace
}  // namespace edgews::test
