// What happens when nothing does: every timer of connections and handshakes, between a server and a
// client on threads of their own, by a clock that is told.
#include "world_fixture.hpp"

#include <edgews/options.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

using Clock = std::chrono::steady_clock;

int passed_ms(Clock::time_point since) {
    return static_cast<int>(
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - since).count());
}

class TimeoutsTest : protected sim::test::CalmWorld, public testing::Test {
  protected:
    TestClient open(RouteOptions options) {
        server_->ws(
            "/",
            {.open = [](Connection& c) { c.send("open"); },
             .message =
                 [](Connection& c, Message m) {
                     c.send(std::to_string(m.size()));
                     if (m.text() == "close") c.close(4000);
                 },
             .error = [this](Connection&, std::string_view what) { notes_.add(std::string(what)); },
             .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }},
            std::move(options));
        server_.start();
        began_ = Clock::now();
        TestClient client = server_.open();
        client.expect_text("open");
        return client;
    }

    Notes notes_;
    TestServer server_;
    Clock::time_point began_;
};

TEST_F(TimeoutsTest, a_silent_peer_is_pinged_and_then_dropped) {
    TestClient client = open({.idle_ping_ms = 40, .ping_timeout_ms = 30});
    client.expect_frame(0x89, "");
    EXPECT_GE(passed_ms(began_), 28);
    EXPECT_EQ(notes_.wait_for(2), (List{"the peer does not answer", "close 1006  unclean"}));
    EXPECT_GE(passed_ms(began_), 56);
    client.expect_end();
    server_.wait_for(Counter::connections_open, 0);
}

TEST_F(TimeoutsTest, those_who_came_together_are_not_pinged_together) {
    const int limit_ms = 1'200;
    std::vector<TestClient> clients;
    clients.push_back(open({.idle_ping_ms = limit_ms}));
    while (clients.size() < 32) clients.push_back(server_.open());
    const Clock::time_point all_there = Clock::now();
    std::vector<int> times_ms(clients.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < clients.size(); ++i) {
        threads.emplace_back([&, i] {
            if (i > 0) clients[i].expect_text("open");
            clients[i].expect_frame(0x89, "");
            times_ms[i] = passed_ms(all_there);
        });
    }
    for (std::thread& thread : threads) thread.join();
    const auto [first, last] = std::minmax_element(times_ms.begin(), times_ms.end());
    EXPECT_GE(*last - *first, limit_ms / 8);
}

TEST_F(TimeoutsTest, a_pong_or_anything_else_is_an_answer_and_the_next_ping_comes_in_time) {
    TestClient client = open({.idle_ping_ms = 20, .ping_timeout_ms = 10'000});
    for (int i = 0; i < 3; ++i) {
        client.expect_frame(0x89, "");
        client.send_frame(0x8A, "");
        client.expect_frame(0x89, "");
        client.send_text("x");
        client.expect_text("1");
    }
    EXPECT_GE(passed_ms(began_), 6 * 15 - 6);
    EXPECT_LT(passed_ms(began_), 5'000);
    EXPECT_TRUE(notes_.all().empty());
}

TEST_F(TimeoutsTest, without_a_ping_timeout_silence_is_pinged_again_and_never_the_end) {
    TestClient client = open({.idle_ping_ms = 20, .ping_timeout_ms = 0});
    for (int i = 0; i < 4; ++i) client.expect_frame(0x89, "");
    EXPECT_GE(passed_ms(began_), 4 * 15 - 4);
    client.send_text("x");
    client.expect_text("1");
}

TEST_F(TimeoutsTest, a_message_that_takes_too_long_is_1008) {
    TestClient client = open({.idle_ping_ms = 0, .message_timeout_ms = 40});
    client.send(client_frame(0x01, "never"));
    client.expect_close(1008);
    EXPECT_GE(passed_ms(began_), 38);
    EXPECT_EQ(notes_.wait_for(1), List{"the message took too long"});
}

TEST_F(TimeoutsTest, a_header_that_takes_too_long_is_1008_and_pings_do_not_help) {
    TestClient client = open({.idle_ping_ms = 0, .message_timeout_ms = 60});
    const Bytes whole = client_frame(0x82, std::string(70'000, 'x'));
    client.send(std::span(whole).first(9));
    client.expect_close(1008);
}

TEST_F(TimeoutsTest, messages_that_follow_each_other_closely_each_have_their_own_time) {
    TestClient client = open({.idle_ping_ms = 0, .message_timeout_ms = 50});
    const Bytes whole = client_frame(0x81, "x");
    client.send(std::span(whole).first(3));
    // From now on, whenever the server has read all, it is inside a message.
    while (passed_ms(began_) < 150) {
        const Bytes next = Bytes(whole.begin() + 3, whole.end()) + std::span(whole).first(3);
        client.send(next);
        client.expect_text("1");
    }
    EXPECT_TRUE(notes_.all().empty());
}

TEST_F(TimeoutsTest, a_connection_has_its_lifetime_and_then_1001) {
    TestClient client = open({.lifetime_max_ms = 50});
    while (passed_ms(began_) < 30) {
        client.send_text("x");
        client.expect_text("1");
    }
    client.expect_close(1001);
    EXPECT_GE(passed_ms(began_), 48);
    client.send_close(1001);
    client.expect_eof();
}

TEST_F(TimeoutsTest, a_close_that_is_not_answered_ends_anyway) {
    TestClient client = open({.idle_ping_ms = 5, .close_timeout_ms = 40});
    client.send_text("close");
    client.expect_close(4000);
    client.send_text("I keep talking");
    client.expect_end();
    EXPECT_GE(passed_ms(began_), 38);
    EXPECT_EQ(notes_.wait_for(1), List{"close 1006  unclean"});
}

TEST_F(TimeoutsTest, a_faulty_peer_that_does_not_go_is_dropped_in_time) {
    TestClient client = open({.close_timeout_ms = 30});
    client.send_hex("FF");
    client.expect_close(1002);
    client.expect_eof();
    server_.wait_for(Counter::connections_open, 0);  // Though `client` is still there.
    EXPECT_GE(passed_ms(began_), 28);
}

TEST_F(TimeoutsTest, zero_switches_each_off) {
    TestClient client = open({.idle_ping_ms = 0, .message_timeout_ms = 0, .lifetime_max_ms = 0});
    client.send(client_frame(0x01, "a"));
    server_.on_loop([] {});
    EXPECT_EQ(server_.on_loop([this] { return server_->loop(0).next_timeout_ms(); }), -1);
    client.send(client_frame(0x80, "b"));
    client.expect_text("2");
}

// ---- Before the WebSocket --------------------------------------------------

struct HttpTimeoutsTest : protected sim::test::CalmWorld, testing::Test {
    HttpTimeoutsTest() : server({.handshake_timeout_ms = 40, .keep_alive_timeout_ms = 80}) {
        server->get("/", [](const Request&, Response&) {});
        server.start();
    }
    TestServer server;
    Clock::time_point began = Clock::now();
};

TEST_F(HttpTimeoutsTest, a_silent_connection_is_closed_without_a_word) {
    TestClient client = server.connect();
    client.expect_eof();
    EXPECT_GE(passed_ms(began), 38);
    server.wait_for(Counter::connections_open, 0);
}

TEST_F(HttpTimeoutsTest, half_a_head_is_answered_408) {
    TestClient client = server.connect();
    client.send("GET / HTTP/1.1\r\n");
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 408U);
    EXPECT_GE(passed_ms(began), 38);
    client.expect_eof();
}

TEST_F(HttpTimeoutsTest, a_head_that_drips_in_does_not_gain_time) {
    TestClient client = server.connect();
    client.send("GET / HTTP/1.1\r\nX: ");
    while (passed_ms(began) < 30) {
        client.send("y");
        world.run_for(1);
    }
    EXPECT_EQ(client.read_reply().status, 408U);
    EXPECT_LT(passed_ms(began), 1'000);
}

TEST_F(HttpTimeoutsTest, a_kept_connection_is_closed_when_it_idles) {
    TestClient client = server.connect();
    EXPECT_EQ(client.get("/").status, 200U);
    const Clock::time_point last = Clock::now();
    EXPECT_EQ(client.get("/").status, 200U);
    client.expect_eof();
    EXPECT_GE(passed_ms(last), 78);
}

TEST_F(HttpTimeoutsTest, a_next_head_that_does_not_come_whole_is_answered_408) {
    TestClient client = server.connect();
    EXPECT_EQ(client.get("/").status, 200U);
    client.send("GET");
    EXPECT_EQ(client.read_reply().status, 408U);
}

}  // namespace
}  // namespace edgews::test
