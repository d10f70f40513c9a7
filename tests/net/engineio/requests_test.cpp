// Requests that are part of no session, and what the options of a Host make of the others.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "engineio_server.hpp"

namespace edgews::test {
namespace {

struct Row {
    const char* head;  // Up to the headers.
    const char* answer;
};

constexpr const char* transport_unknown = R"({"code":0,"message":"Transport unknown"})";
constexpr const char* session_unknown = R"({"code":1,"message":"Session ID unknown"})";
constexpr const char* method_wrong = R"({"code":2,"message":"Bad handshake method"})";
constexpr const char* request_bad = R"({"code":3,"message":"Bad request"})";
constexpr const char* version_unsupported =
    R"({"code":5,"message":"Unsupported protocol version"})";

TEST(EngineIoRequests, are_refused_as_by_npm) {
    const std::vector<Row> rows = {
        {"GET /engine.io/", transport_unknown},
        {"GET /engine.io/?EIO=4", transport_unknown},
        {"GET /engine.io/?EIO=4&transport=", transport_unknown},
        {"GET /engine.io/?EIO=4&transport=tarpit", transport_unknown},
        {"GET /engine.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA", session_unknown},
        {"GET /engine.io/?transport=polling&sid=constructor", session_unknown},
        {"POST /engine.io/?EIO=4&transport=polling&sid=a%20b", session_unknown},
        {"PUT /engine.io/?EIO=4&transport=polling", method_wrong},
        {"POST /engine.io/?EIO=4&transport=polling", method_wrong},
        {"DELETE /engine.io/?transport=polling", method_wrong},
        {"GET /engine.io/?EIO=4&transport=websocket", request_bad},
        {"GET /engine.io/?transport=polling", version_unsupported},
        {"GET /engine.io/?EIO=3&transport=polling", version_unsupported},
    };
    EngineIoServer server;
    server.start();
    for (const Row& row : rows) {
        SCOPED_TRACE(row.head);
        TestClient client = server.connect();
        client.send(std::string(row.head) +
                    " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
        const HttpReply reply = client.read_reply();
        EXPECT_EQ(reply.status, 400U);
        EXPECT_EQ(reply.body, row.answer);
        EXPECT_TRUE(reply.has("Content-Type: application/json"));
    }
    EXPECT_EQ(server.host().session_count(), 0U);
}

TEST(EngineIoRequests, of_websockets_are_refused_before_they_open) {
    const std::vector<Row> rows = {
        {"/engine.io/?EIO=4", transport_unknown},
        {"/engine.io/?EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA", session_unknown},
        {"/engine.io/?EIO=4&transport=polling", request_bad},
        {"/engine.io/?transport=websocket", version_unsupported},
        {"/engine.io/?EIO=abc&transport=websocket", version_unsupported},
    };
    EngineIoServer server;
    server.start();
    for (const Row& row : rows) {
        SCOPED_TRACE(row.head);
        TestClient client = server.connect();
        client.send(TestClient::upgrade_head(row.head));
        const HttpReply reply = client.read_reply();
        EXPECT_EQ(reply.status, 400U);
        EXPECT_EQ(reply.body, row.answer);
    }
}

TEST(EngineIoRequests, of_a_session_that_has_a_websocket_are_bad) {
    EngineIoServer server;
    server.start();
    auto [client, id] = server.open_websocket();
    EXPECT_EQ(server.poll(id).body, request_bad);
    EXPECT_EQ(server.post(id, "4hello").body, request_bad);
    const std::string other = server.open_polling();
    TestClient put = server.connect();
    put.send("PUT " + EngineIoServer::polling_path(other) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(put.read_reply().body, request_bad);
}

TEST(EngineIoOptions, a_cookie_bears_the_id) {
    EngineIoServer server({.options = {.cookie = "io"}});
    server.start();
    const HttpReply reply = server.connect().get(std::string(engineio_path) + "polling");
    const std::string id = EngineIoServer::id_in(reply.body);
    EXPECT_TRUE(reply.has("Set-Cookie: io=" + id + "; Path=/; HttpOnly; SameSite=Lax"));
    TestClient client = server.connect();
    client.send(TestClient::upgrade_head(EngineIoServer::websocket_path()));
    const HttpReply opened = client.read_reply();
    const std::string other = EngineIoServer::id_in(client.read_frame().text());
    EXPECT_TRUE(opened.has("Set-Cookie: io=" + other + "; Path=/; HttpOnly; SameSite=Lax"));
}

TEST(EngineIoOptions, pages_of_other_origins_are_let_in_by_name) {
    EngineIoServer server({.options = {.cors = {.origins = {"https://app.example"}}}});
    server.start();
    constexpr std::string_view own = "Origin: https://app.example\r\n";
    constexpr std::string_view other = "Origin: https://other.example\r\n";
    const std::string path = std::string(engineio_path) + "polling";
    EXPECT_TRUE(
        server.connect().get(path, own).has("Access-Control-Allow-Origin: https://app.example"));
    EXPECT_EQ(server.connect().get(path, other).head.find("Access-Control"), std::string::npos);
    TestClient preflight = server.connect();
    preflight.send("OPTIONS " + path + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(own) +
                   "Access-Control-Request-Method: POST\r\n\r\n");
    const HttpReply allowed = preflight.read_reply();
    EXPECT_EQ(allowed.status, 204U);
    EXPECT_TRUE(allowed.has("Access-Control-Allow-Origin: https://app.example"));
    (void)server.server().open(EngineIoServer::websocket_path(), own);
    TestClient client = server.connect();
    client.send(TestClient::upgrade_head(EngineIoServer::websocket_path(), other));
    EXPECT_EQ(client.read_reply().status, 403U);
}

TEST(EngineIoOptions, headers_are_kept_by_name) {
    EngineIoServer server(
        {.options = {.kept_headers = {"Authorization", "X-Other", "X-Empty", "X-Last"}}});
    server.start();
    const HttpReply reply =
        server.connect().get(std::string(engineio_path) + "polling&t=1",
                             "authorization: Bearer x\r\nX-Not: no\r\nX-Last: 1\r\nX-Empty:\r\n");
    server.with_session(EngineIoServer::id_in(reply.body), [](const engineio::Session& session) {
        EXPECT_EQ(session.header("AUTHORIZATION"), "Bearer x");
        EXPECT_EQ(session.header("X-Empty"), "");
        EXPECT_EQ(session.header("x-last"), "1");
        for (const char* const none : {"X-Other", "X-Not", "Bearer x", ""}) {
            EXPECT_EQ(session.header(none), std::nullopt) << none;
        }
        EXPECT_EQ(session.query(), "EIO=4&transport=polling&t=1");
        EXPECT_TRUE(session.remote_address().is_loopback());
    });
}

TEST(EngineIoOptions, one_session_too_many_is_answered_503) {
    EngineIoServer server({.options = {.session_count_max = 1}});
    server.start();
    auto [client, id] = server.open_websocket();
    EXPECT_EQ(server.connect().get(std::string(engineio_path) + "polling").status, 503U);
    TestClient other = server.connect();
    other.send(TestClient::upgrade_head(EngineIoServer::websocket_path()));
    EXPECT_EQ(other.read_reply().status, 503U);
    client.close_cleanly();
    server.wait_for_no_session();
    (void)server.open_polling();
    EXPECT_EQ(server.notes().all(), (List{"opened", "ended transport_closed", "opened"}));
}

TEST(EngineIoOptions, a_transport_may_be_left_out) {
    {
        EngineIoServer server({.options = {.transports = {.websocket = false}}});
        server.start();
        const HttpReply reply = server.connect().get(std::string(engineio_path) + "polling");
        EXPECT_NE(reply.body.find("\"upgrades\":[]"), std::string::npos);
        TestClient client = server.connect();
        client.send(TestClient::upgrade_head(EngineIoServer::websocket_path()));
        EXPECT_EQ(client.read_reply().body, transport_unknown);
    }
    EngineIoServer server({.options = {.transports = {.polling = false}}});
    server.start();
    (void)server.open_websocket();
    EXPECT_EQ(server.connect().get(std::string(engineio_path) + "polling").body, transport_unknown);
}

TEST(EngineIoHost, serves_several_paths_of_one_server) {
    EngineIoServer server;
    server.host().attach(*server.server().operator->(), "/other");
    Server another(ServerOptions{.loops = 1});
    EXPECT_THROW(server.host().attach(another), std::logic_error);
    server.start();
    for (const char* const path : {"/engine.io/", "/engine.io", "/other/", "/other"}) {
        EXPECT_EQ(server.connect().get(std::string(path) + "?EIO=4&transport=polling").status,
                  200U);
    }
    EXPECT_EQ(server.connect().get("/?EIO=4&transport=polling").status, 404U);
}

TEST(EngineIoOptions, out_of_their_range_are_refused) {
    const auto with = [](engineio::Options options) { EngineIoServer({.options = options}); };
    EXPECT_THROW(with({.heartbeat = {.ping_interval_ms = 0}}), std::invalid_argument);
    EXPECT_THROW(with({.heartbeat = {.ping_timeout_ms = 0}}), std::invalid_argument);
    EXPECT_THROW(with({.upgrade_timeout_ms = 0}), std::invalid_argument);
    EXPECT_THROW(with({.cookie = "a b"}), std::invalid_argument);
}

}  // namespace
}  // namespace edgews::test
