// What an upgrade handler may decide, at once or later.
#include <edgews/upgrade.hpp>

#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

HttpReply handshake(TestClient& client, std::string_view path = "/", std::string_view lines = "") {
    client.send(TestClient::upgrade_head(path, lines));
    return client.read_reply();
}

TEST(Upgrade, the_handler_sees_headers_query_parameters_and_the_peer) {
    Notes notes;
    TestServer server;
    server->ws("/room/:name/*", {.upgrade = [&](const Request& r, Upgrade&) {
                   notes.add(std::string(r.method()) + " " + std::string(r.path()) + " " +
                             std::string(r.query()));
                   notes.add(*r.parameter("name") + " " + *r.parameter("*"));
                   notes.add(r.query("token").value_or("none"));
                   notes.add(std::string(r.header("COOKIE").value_or("none")));
                   notes.add(r.header("X-None") ? "some" : "none");
                   notes.add(r.remote_address().ip());
                   EXPECT_TRUE(r.offers_subprotocol("chat"));
                   EXPECT_FALSE(r.offers_subprotocol("Chat"));
               }});
    server.start();
    TestClient client = server.open("/room/a%20b/c/d?token=%41&x",
                                    "Cookie: id=7\r\nSec-WebSocket-Protocol: x, chat\r\n");
    EXPECT_EQ(notes.wait_for(6), (List{"GET /room/a%20b/c/d token=%41&x", "a b c/d", "A", "id=7",
                                       "none", "127.0.0.1"}));
}

TEST(Upgrade, a_rejection_has_the_status_body_and_headers_of_the_handler) {
    TestServer server;
    server->ws("/", {.upgrade =
                         [](const Request&, Upgrade& upgrade) {
                             (void)upgrade.add_header("WWW-Authenticate", "Bearer");
                             upgrade.reject(401, "Who are you?\n");
                         },
                     .open = [](Connection&) { ADD_FAILURE() << "opened"; }});
    server->ws("/brief", {.upgrade = [](const Request&, Upgrade& u) { u.reject(403); }});
    server.start();
    TestClient client = server.connect();
    const HttpReply reply = handshake(client);
    EXPECT_EQ(reply.status, 401U);
    EXPECT_EQ(reply.body, "Who are you?\n");
    EXPECT_TRUE(reply.has("WWW-Authenticate: Bearer"));
    EXPECT_TRUE(reply.has("Connection: close"));
    client.expect_eof();
    TestClient brief = server.connect();
    EXPECT_EQ(handshake(brief, "/brief").status, 403U);
    EXPECT_EQ(server->stats()[Counter::handshakes_refused], 2U);
    EXPECT_EQ(server->stats()[Counter::websockets_opened], 0U);
}

TEST(Upgrade, headers_are_added_to_the_response_and_bad_ones_refused) {
    TestServer server;
    server->ws(
        "/", {.upgrade = [](const Request&, Upgrade& upgrade) {
            EXPECT_EQ(upgrade.add_header("Set-Cookie", "a=b"), HeaderFault::none);
            EXPECT_EQ(upgrade.add_header("X-A", "b\r\nX-Evil: c"), HeaderFault::value_malformed);
            EXPECT_EQ(upgrade.add_header("X-A", std::string_view("b\0c", 3)),
                      HeaderFault::value_malformed);
            EXPECT_EQ(upgrade.add_header("X-A:", "b"), HeaderFault::name_malformed);
            EXPECT_EQ(upgrade.add_header("sec-websocket-accept", "b"), HeaderFault::name_reserved);
        }});
    server.start();
    TestClient client = server.connect();
    const HttpReply reply = handshake(client);
    EXPECT_EQ(reply.status, 101U);
    EXPECT_TRUE(reply.has("Set-Cookie: a=b"));
    EXPECT_TRUE(reply.has("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    EXPECT_EQ(reply.head.find("X-"), std::string::npos);
}

TEST(Upgrade, the_routes_preferred_subprotocol_is_chosen_unless_the_handler_chooses) {
    TestServer server;
    const RouteOptions options{.subprotocols = {"v2", "v1"}};
    const auto tell = [](Connection& c) { c.send(c.subprotocol()); };
    server->ws("/route", {.open = tell}, options);
    server->ws("/handler",
               {.upgrade =
                    [](const Request&, Upgrade& upgrade) {
                        EXPECT_TRUE(upgrade.choose_subprotocol("v1"));
                        EXPECT_FALSE(upgrade.choose_subprotocol("v9"));
                    },
                .open = tell},
               options);
    server.start();
    struct Row {
        const char* path;
        const char* offered;
        const char* chosen;
    };
    const Row rows[] = {
        {"/route", "v1, v2", "v2"}, {"/route", "v1", "v1"},       {"/route", "v3, v4", ""},
        {"/route", "V1", ""},       {"/handler", "v2, v1", "v1"},
    };
    for (const auto& [path, offered, chosen] : rows) {
        SCOPED_TRACE(offered);
        TestClient client = server.connect();
        const HttpReply reply =
            handshake(client, path, "Sec-WebSocket-Protocol: " + std::string(offered) + "\r\n");
        EXPECT_EQ(reply.status, 101U);
        EXPECT_EQ(reply.has("Sec-WebSocket-Protocol: " + std::string(chosen)), *chosen != '\0');
        EXPECT_EQ(reply.head.find("Sec-WebSocket-Protocol") == std::string::npos, *chosen == '\0');
        client.expect_text(chosen);
    }
}

TEST(Upgrade, origins_of_the_route_are_welcome_and_others_are_not) {
    TestServer server;
    server->ws("/own", {});
    server->ws("/listed", {}, {.origins = {"https://app.example"}});
    server->ws("/any", {}, {.origins = {"*"}});
    server->ws("/both", {}, {.origins = {"same-origin", "file://"}});
    server.start();
    struct Row {
        const char* path;
        const char* origin;
        unsigned status;
    };
    const Row rows[] = {
        {"/own", "http://localhost", 101},
        {"/own", "http://evil.example", 403},
        {"/own", "null", 403},
        {"/listed", "https://app.example", 101},
        {"/listed", "https://app.example.org", 403},
        {"/listed", "http://localhost", 403},  // The list is the whole list.
        {"/own", "ws://localhost", 101},
        {"/own", "file://", 403},
        {"/both", "http://localhost", 101},
        {"/both", "file://", 101},
        {"/both", "https://app.example", 403},
        {"/any", "http://evil.example", 101},
    };
    for (const auto& [path, origin, status] : rows) {
        SCOPED_TRACE(std::string(path) + " " + origin);
        TestClient client = server.connect();
        const HttpReply reply = handshake(client, path, "Origin: " + std::string(origin) + "\r\n");
        EXPECT_EQ(reply.status, status);
        EXPECT_EQ(reply.body.find("RouteOptions::origins") != std::string::npos, status == 403);
    }
}

TEST(Upgrade, lists_of_nothing_offer_nothing_and_nobody_reads_extensions_here) {
    TestServer server;
    server->ws("/", {}, {.subprotocols = {"chat"}});
    server.start();
    for (const char* lines :
         {"Sec-WebSocket-Protocol:\r\n", "Sec-WebSocket-Protocol: \t \r\n",
          "Sec-WebSocket-Extensions:\r\n", "Sec-WebSocket-Extensions: x-a; b;\r\n",
          "Sec-WebSocket-Extensions: \"a b;;=\r\n"}) {
        SCOPED_TRACE(lines);
        TestClient client = server.connect();
        const HttpReply reply = handshake(client, "/", lines);
        EXPECT_EQ(reply.status, 101U);
        EXPECT_EQ(reply.head.find("Sec-WebSocket-Protocol"), std::string::npos);
    }
}

TEST(Upgrade, a_handler_that_throws_is_answered_500) {
    TestServer server;
    server->ws("/", {.upgrade = [](const Request&, Upgrade&) { throw std::runtime_error("no"); },
                     .open = [](Connection&) { ADD_FAILURE() << "opened"; }});
    server.start();
    TestClient client = server.connect();
    EXPECT_EQ(handshake(client).status, 500U);
    client.expect_eof();
    EXPECT_EQ(server->stats()[Counter::handler_failures], 1U);
}

// ---- Deferred --------------------------------------------------------------

// A server whose upgrade handler defers, and the decisions that are open.
class DeferredTest : public testing::Test {
  protected:
    explicit DeferredTest(ServerOptions options = {}) : server_(options) {
        server_->ws(
            "/",
            {.upgrade =
                 [this](const Request&, Upgrade& upgrade) {
                     (void)upgrade.add_header("X-Before", "1");
                     const std::lock_guard lock(mutex_);
                     open_.push_back(upgrade.defer());
                     notes_.add("deferred");
                 },
             .open = [this](Connection& c) { notes_.add("open " + std::string(c.subprotocol())); },
             .message = [](Connection& c, Message m) { c.send(m); },
             .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }});
        server_->get("/plain", [](const Request&, Response&) {});
        server_.start();
    }

    // Sends a handshake; the decision about it.
    DeferredUpgrade defer(TestClient& client, const Bytes& behind = {}) {
        client.send(bytes_of(TestClient::upgrade_head("/", "Sec-WebSocket-Protocol: a, b\r\n")) +
                    behind);
        server_.wait_until([this] {
            const std::lock_guard lock(mutex_);
            return !open_.empty();
        });
        const std::lock_guard lock(mutex_);
        DeferredUpgrade deferred = open_.back();
        open_.clear();
        return deferred;
    }

    Notes notes_;
    std::mutex mutex_;
    std::vector<DeferredUpgrade> open_;
    TestServer server_;
};

TEST_F(DeferredTest, another_thread_accepts_with_an_answer) {
    TestClient client = server_.connect();
    const DeferredUpgrade deferred = defer(client);
    std::thread([deferred] {
        UpgradeAnswer answer{.subprotocol = "b", .prepare = [](Connection& c) {
                                 EXPECT_TRUE(c.subscribe("topic"));
                                 c.send("prepared");
                             }};
        EXPECT_EQ(answer.headers.add("X-After", "2"), HeaderFault::none);
        EXPECT_TRUE(deferred.accept(std::move(answer)));
    }).join();
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 101U);
    EXPECT_TRUE(reply.has("X-Before: 1"));
    EXPECT_TRUE(reply.has("X-After: 2"));
    EXPECT_TRUE(reply.has("Sec-WebSocket-Protocol: b"));
    client.expect_text("prepared");
    EXPECT_EQ(notes_.wait_for(2).back(), "open b");
    server_->publish("topic", "to all");
    client.expect_text("to all");
    client.send_text("and on");
    client.expect_text("and on");
    client.close_cleanly();
}

TEST_F(DeferredTest, another_thread_rejects) {
    TestClient client = server_.connect();
    const DeferredUpgrade deferred = defer(client);
    std::thread([deferred] { EXPECT_TRUE(deferred.reject(402, "Pay.\n")); }).join();
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 402U);
    EXPECT_EQ(reply.body, "Pay.\n");
    EXPECT_TRUE(reply.has("X-Before: 1"));
    client.expect_eof();
}

TEST_F(DeferredTest, the_handler_itself_may_decide_what_it_deferred) {
    TestServer server;
    server->ws("/", {.upgrade = [](const Request&, Upgrade& u) { u.defer().accept(); },
                     .open = [](Connection& c) { c.send("open"); }});
    server.start();
    server.open("/").expect_text("open");
}

TEST_F(DeferredTest, the_first_decision_counts_and_later_ones_say_so) {
    TestClient client = server_.connect();
    const DeferredUpgrade deferred = defer(client);
    const DeferredUpgrade copy = deferred;
    EXPECT_TRUE(deferred.accept());
    EXPECT_FALSE(copy.reject(403));
    EXPECT_EQ(client.read_reply().status, 101U);
    EXPECT_FALSE(deferred.accept());
    EXPECT_FALSE(copy.reject(403));
    client.close_cleanly();
    EXPECT_FALSE(deferred.accept());
    EXPECT_FALSE(DeferredUpgrade().accept());
}

TEST_F(DeferredTest, what_the_handler_takes_back_is_nobodys_to_decide) {
    DeferredUpgrade deferred;
    TestServer server;
    server->ws("/reject", {.upgrade = [&](const Request&, Upgrade& upgrade) {
                   deferred = upgrade.defer();
                   upgrade.reject(401);
               }});
    server->ws("/throw", {.upgrade = [&](const Request&, Upgrade& upgrade) {
                   deferred = upgrade.defer();
                   throw std::runtime_error("no");
               }});
    server->ws("/late", {.upgrade = [&](const Request&, Upgrade& upgrade) {
                   EXPECT_TRUE(upgrade.defer().accept());
                   upgrade.reject(401);
               }});
    server.start();
    TestClient rejected = server.connect();
    EXPECT_EQ(handshake(rejected, "/reject").status, 401U);
    EXPECT_FALSE(deferred.accept());
    TestClient failed = server.connect();
    EXPECT_EQ(handshake(failed, "/throw").status, 500U);
    EXPECT_FALSE(deferred.accept());
    TestClient accepted = server.connect();
    EXPECT_EQ(handshake(accepted, "/late").status, 101U);
}

TEST_F(DeferredTest, frames_behind_the_head_wait_for_the_decision) {
    for (const bool is_split : {false, true}) {
        SCOPED_TRACE(is_split);
        const Bytes frames = client_frame(0x81, "one") + client_frame(0x81, "two");
        const std::size_t cut = is_split ? 5 : frames.size();
        TestClient client = server_.connect();
        const DeferredUpgrade deferred =
            defer(client, {frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(cut)});
        client.send(std::span(frames).subspan(cut));
        client.send_text("three");
        server_.on_loop([] {});
        EXPECT_TRUE(deferred.accept());
        EXPECT_EQ(client.read_reply().status, 101U);
        client.expect_text("one");
        client.expect_text("two");
        client.expect_text("three");
    }
}

TEST_F(DeferredTest, a_peer_that_left_cleanly_meanwhile_opens_and_closes) {
    TestClient client = server_.connect();
    const DeferredUpgrade deferred = defer(client);
    client.close();
    server_.on_loop([] {});
    EXPECT_TRUE(deferred.accept());
    EXPECT_EQ(notes_.wait_for(3), (List{"deferred", "open ", "close 1006  unclean"}));
    server_.wait_for(Counter::connections_open, 0);
}

TEST_F(DeferredTest, a_peer_that_reset_meanwhile_is_gone) {
    TestClient client = server_.connect();
    const DeferredUpgrade deferred = defer(client);
    client.reset();
    server_.wait_for(Counter::connections_open, 0);
    EXPECT_FALSE(deferred.accept());
    EXPECT_EQ(notes_.all(), List{"deferred"});
}

TEST_F(DeferredTest, a_server_that_is_gone_needs_no_decision) {
    DeferredUpgrade deferred;
    {
        TestServer server;
        Notes notes;
        server->ws("/", {.upgrade = [&](const Request&, Upgrade& upgrade) {
                       deferred = upgrade.defer();
                       notes.add("deferred");
                   }});
        server.start();
        TestClient client = server.connect();
        client.send(TestClient::upgrade_head());
        (void)notes.wait_for(1);
    }
    EXPECT_FALSE(deferred.accept());
}

TEST_F(DeferredTest, a_prepare_that_throws_closes_with_1011) {
    TestClient client = server_.connect();
    const DeferredUpgrade deferred = defer(client);
    EXPECT_TRUE(
        deferred.accept({.prepare = [](Connection&) { throw std::runtime_error("unprepared"); }}));
    EXPECT_EQ(client.read_reply().status, 101U);
    client.expect_close(1011);
}

struct ImpatientTest : DeferredTest {
    ImpatientTest() : DeferredTest({.handshake_timeout_ms = 40, .keep_alive_timeout_ms = 60'000}) {}
};

TEST_F(ImpatientTest, a_decision_that_does_not_come_is_answered_503) {
    TestClient client = server_.connect();
    const DeferredUpgrade deferred = defer(client);
    EXPECT_EQ(client.read_reply().status, 503U);
    EXPECT_FALSE(deferred.accept());
    client.expect_eof();
}

TEST_F(ImpatientTest, a_decision_after_plain_requests_has_no_more_time) {
    TestClient client = server_.connect();
    EXPECT_EQ(client.get("/plain").status, 200U);
    const DeferredUpgrade dropped = defer(client);
    EXPECT_EQ(client.read_reply().status, 503U);
    client.expect_eof();
}

}  // namespace
}  // namespace edgews::test
