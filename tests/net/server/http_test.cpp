// Plain HTTP beside WebSockets: what is answered, and when the connection goes on.
#include "net/server/http_connection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <stdexcept>
#include <string>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

std::string by_http_1_0(std::string head) {
    return head.replace(head.find("HTTP/1.1"), 8, "HTTP/1.0");
}

class HttpTest : public testing::Test {
  protected:
    HttpTest() {
        server_->get("/hello/:name", [](const Request& request, Response& response) {
            response.body = "hello " + *request.parameter("name");
            response.headers.add("X-Query", request.query("q").value_or("none"));
            response.headers.add("X-Agent", request.header("user-agent").value_or("none"));
        });
        server_->get("/files/*", [](const Request& request, Response& response) {
            response.body = *request.parameter("*");
        });
        server_->get("/throws", [](const Request&, Response& response) {
            response.body = "half done";
            throw std::runtime_error("oops");
        });
        server_->ws("/ws", {});
        server_.start();
    }

    TestServer server_;
};

TEST_F(HttpTest, a_handler_sees_parameters_query_and_headers) {
    TestClient client = server_.connect();
    const HttpReply reply = client.get("/hello/w%C3%B6rld?q=a+b%21&r=2", "User-Agent: t/1\r\n");
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.body, "hello w\xC3\xB6rld");
    EXPECT_TRUE(reply.has("X-Query: a b!"));
    EXPECT_TRUE(reply.has("X-Agent: t/1"));
    EXPECT_EQ(client.get("/files/a/b%2Fc").body, "a/b/c");
}

TEST_F(HttpTest, the_connection_goes_on_after_an_answer) {
    TestClient client = server_.connect();
    for (int i = 0; i < 3; ++i) {
        const HttpReply reply = client.get("/hello/you");
        EXPECT_EQ(reply.body, "hello you");
        EXPECT_FALSE(reply.has("Connection: close"));
        EXPECT_EQ(client.get("/nowhere").status, 404U);
    }
    EXPECT_EQ(server_->stats()[Counter::connections_accepted], 1U);
    EXPECT_EQ(server_->stats()[Counter::http_requests], 6U);
}

TEST(Http, the_last_request_that_a_connection_may_make_says_so) {
    TestServer server({.requests_per_connection_max = 3});
    server->get("/", [](const Request&, Response&) {});
    server.start();
    TestClient client = server.connect();
    TestClient pipelining = server.connect();
    for (int i = 0; i < 4; ++i) pipelining.send(TestClient::get_head());
    for (TestClient* one : {&client, &pipelining}) {
        for (int i = 0; i < 3; ++i) {
            if (one == &client) one->send(TestClient::get_head());
            const HttpReply reply = one->read_reply();
            EXPECT_EQ(reply.status, 200U);
            EXPECT_EQ(reply.has("Connection: close"), i == 2);
        }
        one->expect_eof();
    }
}

TEST_F(HttpTest, a_connection_may_upgrade_after_plain_requests) {
    TestClient client = server_.connect();
    EXPECT_EQ(client.get("/hello/you").status, 200U);
    client.send(bytes_of(TestClient::upgrade_head("/ws")) + client_frame(0x89, "p"));
    EXPECT_EQ(client.read_reply().status, 101U);
    client.expect_frame(0x8A, "p");
}

TEST_F(HttpTest, connection_close_is_obeyed_and_confirmed) {
    TestClient client = server_.connect();
    const HttpReply reply = client.get("/hello/you", "Connection: close\r\n");
    EXPECT_EQ(reply.body, "hello you");
    EXPECT_TRUE(reply.has("Connection: close"));
    client.expect_eof();
}

TEST_F(HttpTest, pipelined_requests_are_answered_in_order_and_in_one_write) {
    TestClient client = server_.connect();
    const std::string requests = TestClient::get_head("/hello/a") + TestClient::get_head("/none") +
                                 TestClient::get_head("/hello/b") +
                                 TestClient::get_head("/hello/c", "Connection: close\r\n") +
                                 TestClient::get_head("/hello/never");
    client.send(requests);
    const std::string all = text_of(client.receive_some());
    EXPECT_LT(all.find("hello a"), all.find("404"));
    EXPECT_LT(all.find("404"), all.find("hello b"));
    EXPECT_LT(all.find("hello b"), all.find("hello c"));
    EXPECT_NE(all.find("hello c"), std::string::npos);
    EXPECT_EQ(all.find("never"), std::string::npos);
    client.expect_eof();
}

TEST_F(HttpTest, a_request_may_be_cut_anywhere) {
    const std::string two = TestClient::get_head("/hello/a") + TestClient::get_head("/hello/b");
    TestClient client = server_.connect();
    for (std::size_t cut = 0; cut <= two.size(); ++cut) {
        SCOPED_TRACE(cut);
        client.send(std::string_view(two).substr(0, cut));
        server_.on_loop([] {});
        client.send(std::string_view(two).substr(cut));
        EXPECT_EQ(client.read_reply().body, "hello a");
        EXPECT_EQ(client.read_reply().body, "hello b");
    }
    for (const char c : two) {
        client.send(std::string_view(&c, 1));
        server_.on_loop([] {});
    }
    EXPECT_EQ(client.read_reply().body, "hello a");
    EXPECT_EQ(client.read_reply().body, "hello b");
    EXPECT_EQ(server_->stats()[Counter::connections_accepted], 1U);
}

TEST_F(HttpTest, head_gets_the_headers_of_get_and_no_body) {
    TestClient client = server_.connect();
    client.send("HEAD /hello/you HTTP/1.1\r\nHost: a\r\n\r\n");
    const HttpReply reply = client.read_reply(false);
    EXPECT_EQ(reply.status, 200U);
    EXPECT_TRUE(reply.has("Content-Length: 9"));
    EXPECT_EQ(client.get("/hello/me").body, "hello me");  // Nothing was in between.
}

TEST_F(HttpTest, other_methods_are_told_which_are_allowed) {
    TestClient client = server_.connect();
    client.send("DELETE /hello/you HTTP/1.1\r\nHost: a\r\n\r\n");
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 405U);
    EXPECT_TRUE(reply.has("Allow: GET, HEAD, OPTIONS"));
    EXPECT_EQ(client.get("/hello/me").status, 200U);
}

TEST_F(HttpTest, a_body_that_nobody_reads_ends_the_connection_after_the_answer) {
    const std::string_view bodies[] = {"Content-Length: 5\r\n\r\nGET /",
                                       "Transfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n"};
    for (const std::string_view body : bodies) {
        for (const std::string_view start : {"POST /hello/you", "GET /nowhere", "OPTIONS /ws"}) {
            SCOPED_TRACE(body);
            TestClient client = server_.connect();
            client.send(std::string(start) + " HTTP/1.1\r\nHost: a\r\n" + std::string(body) +
                        TestClient::get_head("/hello/smuggled"));
            EXPECT_TRUE(client.read_reply().has("Connection: close"));
            client.expect_eof();
        }
    }
}

TEST_F(HttpTest, what_is_wrong_is_answered_with_its_status_and_closed) {
    struct Row {
        const char* name;
        std::string request;
        unsigned status;
    };
    const Row rows[] = {
        {"a bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"upgrade by HTTP/1.0", by_http_1_0(TestClient::upgrade_head("/ws")), 426},
        {"plain GET by HTTP/1.0 on ws", "GET /ws HTTP/1.0\r\n\r\n", 426},
        {"a long line", "GET /" + std::string(9'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
        {"many headers",
         TestClient::get_head("/",
                              [] {
                                  std::string lines;
                                  for (int i = 0; i < 200; ++i) lines += "X: y\r\n";
                                  return lines;
                              }()),
         431},
        {"100 KB of headers", TestClient::get_head("/", "X: " + std::string(100'000, 'y')), 431},
        {"plain GET on ws", TestClient::get_head("/ws"), 426},
        {"version 99",
         TestClient::get_head("/ws",
                              "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Version: 99\r\n"),
         426},
        {"foreign origin", TestClient::upgrade_head("/ws", "Origin: http://evil.example\r\n"), 403},
        {"upgrade with a body", TestClient::upgrade_head("/ws", "Content-Length: 1\r\n"), 400},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        TestClient client = server_.connect();
        client.send(row.request);
        const HttpReply reply = client.read_reply();
        EXPECT_EQ(reply.status, row.status);
        EXPECT_TRUE(
            reply.has(row.status == 426 ? "Connection: Upgrade, close" : "Connection: close"));
        EXPECT_EQ(reply.has("Sec-WebSocket-Version: 13"), row.status == 426);
        client.expect_eof();
        client.close();
    }
    server_.wait_for(Counter::connections_open, 0);
    EXPECT_EQ(server_->stats()[Counter::handshakes_refused], std::size(rows));
    server_.open("/ws").close_cleanly();
}

TEST_F(HttpTest, an_upgrade_to_an_unknown_path_is_404) {
    TestClient client = server_.connect();
    client.send(TestClient::upgrade_head("/nowhere"));
    EXPECT_EQ(client.read_reply().status, 404U);
}

TEST_F(HttpTest, a_handler_that_throws_is_answered_500_and_forgotten) {
    TestClient client = server_.connect();
    const HttpReply reply = client.get("/throws");
    EXPECT_EQ(reply.status, 500U);
    EXPECT_EQ(reply.body.find("half done"), std::string::npos);
    EXPECT_EQ(client.get("/hello/you").status, 200U);
    EXPECT_EQ(server_->stats()[Counter::handler_failures], 1U);
}

TEST_F(HttpTest, peers_that_vanish_leave_nothing_behind) {
    TestClient silent = server_.connect();
    TestClient half = server_.connect();
    half.send("GET /hel");
    TestClient resets = server_.connect();
    resets.send("GET /hel");
    server_.wait_for(Counter::connections_open, 3);
    silent.close();
    half.close();
    resets.reset();
    server_.wait_for(Counter::connections_open, 0);
}

TEST_F(HttpTest, a_peer_that_half_closes_after_its_request_is_answered) {
    TestClient client = server_.connect();
    client.send(TestClient::get_head("/hello/you"));
    client.half_close();
    EXPECT_EQ(client.read_reply().body, "hello you");
    client.expect_eof();
}

TEST_F(HttpTest, a_peer_that_half_closes_after_many_requests_gets_all_answers) {
    constexpr int count = 200;  // More than are served in one turn.
    TestClient client = server_.connect();
    EXPECT_EQ(client.get("/hello/you").status, 200U);
    std::promise<void> is_sent;  // All of it is there when the loop looks.
    server_->loop(0).post([&] { is_sent.get_future().wait(); });
    std::string requests;
    for (int i = 0; i < count; ++i) requests += TestClient::get_head("/hello/you");
    client.send(requests);
    client.half_close();
    is_sent.set_value();
    for (int i = 0; i < count; ++i) EXPECT_EQ(client.read_reply().body, "hello you");
    client.expect_eof();
}

TEST(Http, one_path_may_be_plain_and_websocket) {
    TestServer server;
    server->get("/both", [](const Request&, Response& response) { response.body = "plain"; });
    server->ws("/both", {.open = [](Connection& c) { c.send("socket"); }});
    server.start();
    TestClient client = server.connect();
    EXPECT_EQ(client.get("/both").body, "plain");
    client.send(TestClient::upgrade_head("/both"));
    EXPECT_EQ(client.read_reply().status, 101U);
    client.expect_text("socket");
}

TEST(Http, a_status_that_is_none_becomes_500) {
    TestServer server;
    server->get("/:status", [](const Request& request, Response& response) {
        response.status = static_cast<unsigned>(std::stoi(*request.parameter("status")));
        response.body = "body";
    });
    server.start();
    TestClient client = server.connect();
    for (const char* status : {"0", "101", "199", "600"}) {
        EXPECT_EQ(client.get("/" + std::string(status)).status, 500U) << status;
    }
    EXPECT_EQ(client.get("/201").body, "body");
}

TEST(Http, an_answer_that_has_no_body_sends_none) {
    TestServer server;
    server->get("/:status", [](const Request& request, Response& response) {
        response.status = static_cast<unsigned>(std::stoi(*request.parameter("status")));
        response.body = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    });
    server.start();
    TestClient client = server.connect();
    for (const unsigned status : {204U, 304U}) {
        EXPECT_EQ(client.get("/" + std::to_string(status)).status, status);
        EXPECT_EQ(client.get("/201").status, 201U);  // Not a part of the body before.
    }
}

TEST(Http, headers_that_would_break_the_answer_are_refused) {
    TestServer server;
    server->get("/", [](const Request&, Response& response) {
        EXPECT_EQ(response.headers.add("X-A", "b\r\nX-Evil: c"), HeaderFault::value_malformed);
        EXPECT_EQ(response.headers.add("X-A\r\nX-Evil", "c"), HeaderFault::name_malformed);
        EXPECT_EQ(response.headers.add("Content-Length", "3"), HeaderFault::name_reserved);
        EXPECT_EQ(response.headers.add("X-Good", "yes"), HeaderFault::none);
    });
    server.start();
    const HttpReply reply = server.connect().get("/");
    EXPECT_TRUE(reply.has("X-Good: yes"));
    EXPECT_EQ(reply.head.find("Evil"), std::string::npos);
}

TEST(Http, a_client_that_reads_late_gets_a_large_answer_whole) {
    const std::string large(8 * 1024 * 1024, 'x');
    TestServer server;
    server->get("/", [&](const Request&, Response& response) { response.body = large; });
    server.start();
    TestClient client = server.connect({.receive_buffer = 16'384});
    client.send(TestClient::get_head("/", "Connection: close\r\n"));
    server.wait_for(Counter::http_requests, 1);
    EXPECT_EQ(client.read_reply().body, large);
    client.expect_eof();
}

TEST(Http, a_client_that_pipelines_without_reading_is_not_served_ahead) {
    constexpr std::size_t count = 2'000;
    const std::string large(1024 * 1024, 'x');
    TestServer server;
    server->get("/", [&](const Request&, Response& response) { response.body = large; });
    server->get("/last", [&](const Request&, Response& response) { response.body = "last"; });
    server.start();
    TestClient client = server.connect({.receive_buffer = 16'384});
    std::string requests;
    for (std::size_t i = 0; i < count; ++i) requests += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(requests);
    server.wait_until([&] { return server->stats()[Counter::http_requests] > 0; });
    server.connect().get("/last");  // All that could be read by now has been.
    EXPECT_LT(server->stats()[Counter::http_requests], 20U);
    // Whoever reads is served on.
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.read_reply().body.size(), large.size());
}

}  // namespace
}  // namespace edgews::test
