// What RFC 9110 and RFC 9112 ask of every answer: versions, methods, HEAD, Date, Content-Type.
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <string_view>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

class HttpRulesTest : public testing::Test {
  protected:
    explicit HttpRulesTest(ServerOptions options = {}) : server_(std::move(options)) {
        server_->get("/page", [](const Request&, Response& response) { response.body = "page"; });
        server_->get("/throws", [](const Request&, Response&) { throw 1; });
        server_->get("/both", [](const Request&, Response& response) { response.body = "plain"; });
        server_->ws("/both", {});
        server_->get("/named/:name", [](const Request& request, Response& response) {
            response.body = *request.parameter("name");
        });
        server_->ws("/named/:other/more", {});
        server_->ws("/ws", {});
        server_->ws("/old", {}, {.http_1_0_upgrades = true});
        server_->ws("/rejects",
                    {.upgrade = [](const Request&, Upgrade& upgrade) { upgrade.reject(403); }});
        server_->ws("/rejects-json", {.upgrade = [](const Request&, Upgrade& upgrade) {
                        upgrade.add_header("content-type", "application/json");
                        upgrade.reject(403, "{}");
                    }});
        server_.start();
    }

    HttpReply ask(const std::string& request, bool has_body = true) {
        TestClient client = server_.connect();
        client.send(request);
        return client.read_reply(has_body);
    }

    TestServer server_;
};

std::string by_http_1_0(std::string head) {
    return head.replace(head.find("HTTP/1.1"), 8, "HTTP/1.0");
}

// nginx's health checks ask so, and older programs.
TEST_F(HttpRulesTest, http_1_0_is_answered_and_closed) {
    const std::string_view requests[] = {
        "GET /page HTTP/1.0\r\n\r\n",
        "GET /page HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        "GET http://a/page HTTP/1.0\r\n\r\nGET /page HTTP/1.0\r\n\r\n",
    };
    for (const std::string_view request : requests) {
        SCOPED_TRACE(request);
        TestClient client = server_.connect();
        client.send(request);
        const HttpReply reply = client.read_reply();
        EXPECT_TRUE(reply.head.starts_with("HTTP/1.1 200 OK\r\n")) << reply.head;
        EXPECT_TRUE(reply.has("Connection: close"));
        EXPECT_EQ(reply.body, "page");
        client.expect_eof();
    }
    TestClient client = server_.connect();
    client.send("HEAD /page HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(client.read_reply(false).has("Content-Length: 4"));
    client.expect_eof();
}

TEST_F(HttpRulesTest, http_1_2_is_http_1_1) {
    TestClient client = server_.connect();
    for (int i = 0; i < 2; ++i) {
        client.send("GET /page HTTP/1.2\r\nHost: a\r\n\r\n");
        EXPECT_EQ(client.read_reply().body, "page");
    }
    std::string upgrade = TestClient::upgrade_head("/ws");
    client.send(upgrade.replace(upgrade.find("HTTP/1.1"), 8, "HTTP/1.2"));
    EXPECT_EQ(client.read_reply().status, 101U);
}

TEST_F(HttpRulesTest, other_major_versions_are_505) {
    for (const char* request :
         {"GET /page HTTP/2.0\r\n", "GET /page HTTP/0.9\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
        EXPECT_EQ(ask(request).status, 505U) << request;
    }
}

TEST_F(HttpRulesTest, http_1_0_upgrades_only_where_the_route_says_so) {
    EXPECT_EQ(ask(by_http_1_0(TestClient::upgrade_head("/ws"))).status, 426U);
    // RFC 9110, section 7.8: the Upgrade is ignored.
    EXPECT_EQ(ask(by_http_1_0(TestClient::upgrade_head("/both"))).body, "plain");
    EXPECT_EQ(ask(TestClient::upgrade_head("/both")).status, 101U);
    EXPECT_EQ(ask(by_http_1_0(TestClient::upgrade_head("/named/x"))).body, "x");
    // Nor is there anything to upgrade to.
    EXPECT_EQ(ask(TestClient::upgrade_head("/named/x")).body, "x");
    TestClient client = server_.connect();
    client.send(by_http_1_0(TestClient::upgrade_head("/old")));
    EXPECT_EQ(client.read_reply().status, 101U);
    client.close_cleanly();
}

TEST_F(HttpRulesTest, options_of_the_server_as_a_whole_say_that_it_is_there) {
    TestClient client = server_.connect();
    for (int i = 0; i < 2; ++i) {
        client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
        const HttpReply reply = client.read_reply();
        EXPECT_EQ(reply.status, 204U);
        EXPECT_EQ(reply.head.find("Allow"), std::string::npos);
    }
    // A body is not read.
    client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGET ");
    EXPECT_TRUE(client.read_reply().has("Connection: close"));
    client.expect_eof();
}

TEST_F(HttpRulesTest, methods_that_nobody_knows_are_501_and_others_405) {
    struct Row {
        const char* start;
        unsigned status;
        const char* allowed;  // Empty: there is no Allow.
    };
    const Row rows[] = {
        {"FOOBAR /page", 501, ""},
        {"get /page", 501, ""},
        {"PROPFIND /ws", 501, ""},
        {"FOOBAR /none", 501, ""},
        {"CONNECT a.example:80", 501, ""},
        {"POST /page", 405, "GET, HEAD, OPTIONS"},
        {"TRACE /page", 405, "GET, HEAD, OPTIONS"},
        {"PATCH /page", 405, "GET, HEAD, OPTIONS"},
        {"POST /ws", 405, "GET, OPTIONS"},
        {"OPTIONS /page", 204, "GET, HEAD, OPTIONS"},
        {"OPTIONS /ws", 204, "GET, OPTIONS"},
        {"OPTIONS /none", 404, ""},
        {"POST /none", 404, ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.start);
        const HttpReply reply = ask(std::string(row.start) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(reply.status, row.status);
        EXPECT_EQ(reply.has("Allow: " + std::string(row.allowed)), row.allowed[0] != '\0');
    }
    // As HAProxy asks by default.
    TestClient client = server_.connect();
    client.send("OPTIONS /ws HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client.read_reply().status, 204U);
    client.expect_eof();
}

// What comes behind CONNECT is for the tunnel that there is not.
TEST_F(HttpRulesTest, nothing_behind_connect_is_taken_for_a_request) {
    TestClient client = server_.connect();
    client.send("CONNECT a.example:80 HTTP/1.1\r\nHost: a\r\n\r\n" + TestClient::get_head("/page"));
    EXPECT_TRUE(client.read_reply().has("Connection: close"));
    client.expect_eof();
}

TEST_F(HttpRulesTest, an_answer_to_head_has_no_content_whatever_it_says) {
    const std::string host = " HTTP/1.1\r\nHost: a\r\n";
    const std::string requests[] = {
        "HEAD /page" + host + "\r\n",
        "HEAD /throws" + host + "\r\n",
        "HEAD /none" + host + "\r\n",
        "HEAD /ws" + host + "\r\n",
        "HEAD /ws" + host + "Upgrade: websocket\r\n\r\n",
        "HEAD /page" + host + host.substr(11) + "\r\n",
        "HEAD /page" + host + "Transfer-Encoding: gzip\r\n\r\n",
        "HEAD /page" + host + "X: " + std::string(9'000, 'x') + "\r\n\r\n",
        "HEAD /page HTTP/2.0\r\n",
        "HEAD page" + host + "\r\n",
    };
    for (const std::string& request : requests) {
        SCOPED_TRACE(request.substr(0, 80));
        TestClient client = server_.connect();
        client.send(request);
        const HttpReply reply = client.read_reply(false);
        EXPECT_FALSE(reply.has("Content-Length: 0")) << reply.head;
        client.half_close();
        client.expect_eof();
    }
}

TEST_F(HttpRulesTest, every_final_answer_says_the_date) {
    const std::string host = " HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::regex date(
        "Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] [A-Z][a-z]{2} 20[0-9]{2} "
        "[0-2][0-9]:[0-5][0-9]:[0-6][0-9] GMT\r\n");
    for (const std::string& request :
         {"GET /page" + host, "GET /none" + host, "GET /ws" + host, "POST /page" + host,
          "FOOBAR /" + host, "GET /throws" + host, "OPTIONS /page" + host,
          "GET /page HTTP/1.1\r\n\r\n" + std::string(), TestClient::upgrade_head("/rejects")}) {
        EXPECT_TRUE(std::regex_search(ask(request).head, date)) << request;
    }
    // It would be another line in each opening, and is none that RFC 9110, section 6.6.1, asks for.
    EXPECT_FALSE(std::regex_search(ask(TestClient::upgrade_head("/ws")).head, date));
}

TEST_F(HttpRulesTest, the_engines_own_texts_say_their_type) {
    const std::string host = " HTTP/1.1\r\nHost: a\r\n\r\n";
    for (const std::string& request :
         {"GET /none" + host, "GET /ws" + host, "FOOBAR /" + host, "GET /throws" + host,
          "GET /page HTTP/1.1\r\n\r\n" + std::string(), TestClient::upgrade_head("/rejects")}) {
        const HttpReply reply = ask(request);
        EXPECT_TRUE(reply.has("Content-Type: text/plain; charset=utf-8")) << reply.head;
    }
    const HttpReply json = ask(TestClient::upgrade_head("/rejects-json"));
    EXPECT_TRUE(json.has("content-type: application/json"));
    EXPECT_FALSE(json.has("Content-Type: text/plain; charset=utf-8"));
}

class HttpLateTest : public HttpRulesTest {
  protected:
    HttpLateTest() : HttpRulesTest({.handshake_timeout_ms = 30}) {}
};

TEST_F(HttpLateTest, a_head_request_that_does_not_come_whole_gets_no_content) {
    TestClient client = server_.connect();
    client.send("HEAD /page HTTP/1.1\r\nHo");
    EXPECT_EQ(client.read_reply(false).status, 408U);
    client.half_close();
    client.expect_eof();
}

}  // namespace
}  // namespace edgews::test
