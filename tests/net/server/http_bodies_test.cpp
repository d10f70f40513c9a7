// Requests with a body: by method, in pieces, pipelined, too large, malformed, announced first.
#include <gtest/gtest.h>

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

std::string request(const std::string& start, const std::string& lines, const std::string& body) {
    return start + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" + body;
}

std::string with_length(const std::string& start, const std::string& body) {
    return request(start, "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
}

std::string in_chunks(const std::string& start, const std::string& bytes) {
    return request(start, "Transfer-Encoding: chunked\r\n", bytes);
}

// What a route has heard.
void answer_with_body(const Request& asked, Response& answer) {
    answer.body = std::string(asked.method()) + " " + asked.parameter("*").value_or("") + ": " +
                  std::string(asked.body());
    answer.headers.add("X-Size", std::to_string(asked.body_bytes().size()));
}

class HttpBodiesTest : public testing::Test {
  protected:
    HttpBodiesTest() {
        server_->get("/body/*", answer_with_body);
        server_->post("/body/*", answer_with_body);
        server_->put("/body/*", answer_with_body);
        server_->patch("/body/*", answer_with_body);
        server_->del("/body/*", answer_with_body);
        server_->http("PROPFIND", "/body/*", answer_with_body);
        server_->post("/small", answer_with_body, {.body_size_max = 10});
        server_->post("/none", answer_with_body, {.body_size_max = 0});
        server_->post("/size",
                      [](const Request& asked, Response& answer) {
                          answer.body = std::to_string(asked.body().size());
                      },
                      {.body_size_max = 16 * 1024 * 1024});
        server_->post("/throws", [](const Request&, Response&) { throw std::runtime_error("oh"); });
        server_.start();
    }

    HttpReply ask(const std::string& bytes) {
        TestClient client = server_.connect();
        client.send(bytes);
        return client.read_reply();
    }

    TestServer server_;
};

TEST_F(HttpBodiesTest, a_handler_of_each_method_sees_the_body) {
    TestClient client = server_.connect();
    for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"}) {
        SCOPED_TRACE(method);
        client.send(with_length(method + " /body/x", "hello"));
        const HttpReply reply = client.read_reply();
        EXPECT_EQ(reply.body, method + " x: hello");
        EXPECT_TRUE(reply.has("X-Size: 5"));
        EXPECT_FALSE(reply.has("Connection: close"));
        client.send(in_chunks(method + " /body/y", "3\r\nhel\r\n2;e\r\nlo\r\n0\r\nT: x\r\n\r\n"));
        EXPECT_EQ(client.read_reply().body, method + " y: hello");
    }
    client.send(request("POST /body/z", "", ""));
    EXPECT_EQ(client.read_reply().body, "POST z: ");
    EXPECT_EQ(server_->stats()[Counter::connections_accepted], 1U);
    EXPECT_EQ(server_->stats()[Counter::http_requests], 13U);
}

TEST_F(HttpBodiesTest, requests_with_bodies_are_told_apart_wherever_they_are_cut) {
    const std::string all = with_length("POST /body/a", "one") +
                            in_chunks("POST /body/b", "2\r\ntw\r\n1\r\no\r\n0\r\n\r\n") +
                            TestClient::get_head("/body/c") +
                            with_length("PUT /body/d", "GET / HTTP/1.1\r\n\r\n") +
                            TestClient::get_head("/body/e");
    const std::string_view bodies[] = {"POST a: one", "POST b: two",
                                       "GET c: ", "PUT d: GET / HTTP/1.1\r\n\r\n", "GET e: "};
    TestClient client = server_.connect();
    const auto expect_all = [&] {
        for (const std::string_view body : bodies) EXPECT_EQ(client.read_reply().body, body);
    };
    for (std::size_t cut = 0; cut <= all.size(); cut += 3) {
        SCOPED_TRACE(cut);
        client.send(std::string_view(all).substr(0, cut));
        server_.on_loop([] {});
        client.send(std::string_view(all).substr(cut));
        expect_all();
        if (testing::Test::HasFailure()) return;
    }
    for (const char c : all) {
        client.send(std::string_view(&c, 1));
        server_.on_loop([] {});
    }
    expect_all();
}

TEST_F(HttpBodiesTest, a_large_one_is_gathered) {
    TestClient client = server_.connect();
    const std::string large(5'000'000, 'x');
    client.send(with_length("POST /size", large));
    EXPECT_EQ(client.read_reply().body, "5000000");
    std::string chunks;
    for (int i = 0; i < 5; ++i) chunks += "f4240\r\n" + large.substr(0, 1'000'000) + "\r\n";
    client.send(in_chunks("POST /size", chunks + "0\r\n\r\n"));
    EXPECT_EQ(client.read_reply().body, "5000000");
}

TEST_F(HttpBodiesTest, one_that_is_too_large_is_413_before_it_has_come) {
    EXPECT_EQ(ask(with_length("POST /small", "0123456789")).status, 200U);
    EXPECT_EQ(ask(in_chunks("POST /small", "a\r\n0123456789\r\n0\r\n\r\n")).status, 200U);
    const std::string starts[] = {
        request("POST /small", "Content-Length: 11\r\n", ""),
        request("POST /small", "Content-Length: 9223372036854775807\r\n", ""),
        in_chunks("POST /small", "b\r\n"),
        in_chunks("POST /small", "5\r\n01234\r\n6\r\n"),
        request("POST /none", "Content-Length: 1\r\n", ""),
        request("POST /body/x", "Content-Length: 1048577\r\n", ""),
    };
    for (const std::string& start : starts) {
        SCOPED_TRACE(start);
        const HttpReply reply = ask(start);
        EXPECT_EQ(reply.status, 413U);
        EXPECT_TRUE(reply.has("Connection: close"));
    }
    EXPECT_EQ(ask(with_length("POST /none", "")).status, 200U);
}

TEST_F(HttpBodiesTest, one_that_breaks_the_rules_is_400_and_what_follows_is_not_looked_at) {
    const std::string smuggled = TestClient::get_head("/body/smuggled");
    const std::string bodies[] = {"5\nhello\r\n0\r\n\r\n", "g\r\n", "2\r\nabc\r\n0\r\n\r\n",
                                  "0\r\n bad\r\n\r\n"};
    for (const std::string& body : bodies) {
        for (const bool is_cut : {false, true}) {
            SCOPED_TRACE(body);
            TestClient client = server_.connect();
            const std::string all = in_chunks("POST /body/x", body + smuggled);
            const std::size_t cut = is_cut ? all.find("\r\n\r\n") + 4 : all.size();
            client.send(std::string_view(all).substr(0, cut));
            server_.on_loop([] {});
            client.send(std::string_view(all).substr(cut));
            const HttpReply reply = client.read_reply();
            EXPECT_EQ(reply.status, 400U);
            EXPECT_TRUE(reply.has("Connection: close"));
            client.expect_eof();
        }
    }
}

// RFC 9110, section 10.1.1.
TEST_F(HttpBodiesTest, a_client_that_asks_first_is_told_to_continue) {
    TestClient client = server_.connect();
    const std::string lines = "Content-Length: 5\r\nExpect: 100-Continue\r\n";
    client.send(request("POST /body/x", lines, ""));
    const HttpReply interim = client.read_reply(false);
    EXPECT_EQ(interim.head, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    EXPECT_EQ(client.read_reply().body, "POST x: hello");
    // Who sends it anyway, or would send too much, or nothing, hears only the answer.
    client.send(request("POST /body/x", lines, "he"));
    server_.on_loop([] {});
    client.send("llo");
    EXPECT_EQ(client.read_reply().body, "POST x: hello");
    client.send(request("POST /body/x", "Expect: 100-continue\r\n", ""));
    EXPECT_EQ(client.read_reply().body, "POST x: ");
    EXPECT_EQ(ask(request("POST /none", lines, "")).status, 413U);
    EXPECT_EQ(ask(request("POST /nowhere", lines, "")).status, 404U);
    EXPECT_EQ(ask(request("POST /body/x", "Expect: 200-ok\r\n", "")).status, 417U);
    TestClient old = server_.connect();
    old.send("POST /body/x HTTP/1.0\r\n" + lines + "\r\n");
    server_.on_loop([] {});
    old.send("hello");
    EXPECT_EQ(old.read_reply().body, "POST x: hello");
    old.expect_eof();
}

TEST_F(HttpBodiesTest, the_end_of_a_connection_within_a_body_is_no_request) {
    for (const bool is_reset : {false, true}) {
        TestClient client = server_.connect();
        client.send(request("POST /body/x", "Content-Length: 5\r\n", "hell"));
        server_.on_loop([] {});
        is_reset ? client.reset() : client.half_close();
        server_.wait_for(Counter::connections_open, 0);
    }
    EXPECT_EQ(server_->stats()[Counter::http_requests], 0U);
}

TEST_F(HttpBodiesTest, a_handler_that_throws_leaves_the_next_request_where_it_is) {
    TestClient client = server_.connect();
    client.send(with_length("POST /throws", "GET / HTTP/1.1\r\n") +
                with_length("PUT /body/x", "y"));
    EXPECT_EQ(client.read_reply().status, 500U);
    EXPECT_EQ(client.read_reply().body, "PUT x: y");
}

TEST(HttpBodies, memory_for_them_is_that_of_the_server) {
    constexpr std::size_t mib = 1024 * 1024;
    TestServer server({.memory_max = 2 * mib});
    server->post("/", [](const Request&, Response&) {}, {.body_size_max = 100 * mib});
    server.start();
    TestClient client = server.connect();
    // No memory is taken on the word of who announces it.
    client.send(request("POST /", "Content-Length: " + std::to_string(50 * mib) + "\r\n", "x"));
    server.on_loop([] {});
    EXPECT_EQ(server.connect().get("/").status, 405U);
    const std::string much(4 * mib, 'x');
    (void)client.try_send(std::as_bytes(std::span(much)));
    EXPECT_EQ(client.read_reply().status, 503U);
}

TEST(HttpBodies, a_method_that_cannot_be_a_route_is_refused) {
    Server server(ServerOptions{.loops = 1});
    for (const std::string_view method : {"", "A B", "CONNECT", "G\xC3\x84T"}) {
        EXPECT_THROW(server.http(method, "/", answer_with_body), std::invalid_argument);
    }
    server.http("get", "/", answer_with_body);  // Not the same as GET.
    server.get("/", answer_with_body);
    EXPECT_THROW(server.http("GET", "/", answer_with_body), std::invalid_argument);
}

}  // namespace
}  // namespace edgews::test
