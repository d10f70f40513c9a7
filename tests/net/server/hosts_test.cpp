// Who may be meant by a request, and from which pages it may come.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

class Hosts : public testing::Test {
  protected:
    void start(ServerOptions options, ListenOptions listening = {.host = "127.0.0.1"}) {
        server_.emplace(std::move(options));
        (*server_)->ws("/", {});
        (*server_)->get("/page",
                        [](const Request&, Response& response) { response.body = "page"; });
        server_->start(std::move(listening));
    }
    // The statuses of a plain request for that host, and of an upgrade by a page of it.
    std::pair<unsigned, unsigned> ask(const std::string& host, std::string_view lines = "") {
        const std::string line = "Host: " + host + "\r\n" + std::string(lines);
        TestClient plain = server_->connect();
        plain.send("GET /page HTTP/1.1\r\n" + line + "\r\n");
        TestClient page = server_->connect();
        std::string head = TestClient::upgrade_head("/", "Origin: http://" + host + "\r\n");
        head.replace(head.find("Host: localhost\r\n"), 17, line);
        page.send(head);
        const unsigned status = plain.read_reply().status;
        return {status, page.read_reply().status};
    }

    using Statuses = std::pair<unsigned, unsigned>;
    static constexpr Statuses good{200, 101};
    static constexpr Statuses misdirected{421, 421};
    std::optional<TestServer> server_;
};

// What a page gets that has its name lead to this machine.
TEST_F(Hosts, a_loopback_listener_goes_by_no_name_but_its_own) {
    start({});
    for (const char* host : {"evil.example", "evil.example:9001", "localhost.evil.example"}) {
        EXPECT_EQ(ask(host), misdirected) << host;
    }
    for (const char* host : {"localhost", "127.0.0.1", "[::1]:1", "app.localhost", "devbox:80"}) {
        EXPECT_EQ(ask(host), good) << host;
    }
    TestClient client = server_->connect();
    client.send("GET http://evil.example/page HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 421U);
    EXPECT_NE(reply.body.find("ServerOptions::hosts"), std::string::npos);
    EXPECT_TRUE(reply.has("X-Refused-By: ServerOptions::hosts"));
    EXPECT_TRUE(reply.has("Connection: close"));
    client.expect_eof();
    TestClient old = server_->connect();
    old.send("GET /page HTTP/1.0\r\n\r\n");
    EXPECT_EQ(old.read_reply().status, 200U);
}

// Browsers say an Origin in each upgrade, and can leave out no sign of one.
TEST_F(Hosts, a_program_may_open_a_websocket_by_any_name) {
    std::string head = TestClient::upgrade_head("/");
    head.replace(head.find("Host: localhost"), 15, "Host: tunnel.example");
    start({});
    TestClient client = server_->connect();
    client.send(head);
    EXPECT_EQ(client.read_reply().status, 101U);
    start({.hosts = {"app.example"}});
    TestClient listed = server_->connect();
    listed.send(head);
    EXPECT_EQ(listed.read_reply().status, 421U);
}

TEST_F(Hosts, a_loopback_listener_goes_by_the_names_that_are_listed_too) {
    start({.hosts = {"app.example"}});
    EXPECT_EQ(ask("app.example:8080"), good);
    EXPECT_EQ(ask("localhost"), good);
    EXPECT_EQ(ask("evil.example"), misdirected);
}

TEST_F(Hosts, a_star_allows_any) {
    start({.hosts = {"*"}});
    EXPECT_EQ(ask("evil.example"), good);
}

TEST_F(Hosts, a_trusted_proxy_passes_names_on) {
    start({.trusted_proxies = {"127.0.0.1"}});
    EXPECT_EQ(ask("chat.example", "X-Forwarded-For: 192.0.2.7\r\n"), good);
}

TEST_F(Hosts, other_listeners_go_by_any_name_unless_there_is_a_list) {
    start({}, {.host = "0.0.0.0"});
    EXPECT_EQ(ask("app.example"), good);
    start({.hosts = {"app.example"}}, {.host = "0.0.0.0"});
    EXPECT_EQ(ask("app.example"), good);
    EXPECT_EQ(ask("10.0.0.1"), good);
    EXPECT_EQ(ask("evil.example"), misdirected);
}

TEST_F(Hosts, a_list_holds_for_proxies_too) {
    start({.hosts = {"app.example"}, .trusted_proxies = {"127.0.0.1"}});
    EXPECT_EQ(ask("app.example"), good);
    EXPECT_EQ(ask("evil.example"), misdirected);
}

TEST(HostsOption, an_entry_that_can_never_match_is_an_error) {
    for (const char* entry : {"http://app.example", "app.example:80", ""}) {
        Server server({.loops = 1, .hosts = {entry}});
        const Error error = server.listen({.host = "127.0.0.1"});
        EXPECT_EQ(error.code, std::errc::invalid_argument);
        EXPECT_NE(error.message.find("ServerOptions::hosts"), std::string::npos);
    }
}

}  // namespace
}  // namespace edgews::test
