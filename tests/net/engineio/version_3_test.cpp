// Clients of Engine.IO 3, which Socket.IO 2 brings, where they are served.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engineio_server.hpp"
#include "tests/support/bytes.hpp"

namespace edgews::test {
namespace {

using engineio::Dialect;
using engineio::EndReason;
using engineio::Packet;
using namespace std::literals;

constexpr std::string_view bad_request = R"({"code":3,"message":"Bad request"})";
constexpr std::string_view text_type = "Content-Type: text/plain; charset=UTF-8";
constexpr std::string_view binary_type = "Content-Type: application/octet-stream";

engineio::Options served(engineio::Options options = {}) {
    options.transports.v3 = true;
    return options;
}

// The base64 of it is "AQL/".
const std::string bytes = "\x01\x02\xFF";

class EngineIoVersion3 : public testing::TestWithParam<unsigned> {
  protected:
    static std::string path(std::string_view transport, std::string_view id = "") {
        const std::string all = "/engine.io/?EIO=3&transport=" + std::string(transport);
        return id.empty() ? all : all + "&sid=" + std::string(id);
    }
    [[nodiscard]] std::string open_polling(std::string_view more = "") const {
        const std::string body = server_.connect().get(path("polling") + std::string(more)).body;
        return EngineIoServer::id_in(std::string_view(body).substr(body.find(':') + 1));
    }
    [[nodiscard]] HttpReply poll(std::string_view id) const {
        return server_.connect().get(path("polling", id));
    }
    [[nodiscard]] HttpReply post(std::string_view id, std::string_view body,
                                 std::string_view type = "text/plain;charset=UTF-8") const {
        TestClient client = server_.connect();
        client.send("POST " + path("polling", id) +
                    " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + std::string(type) +
                    "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                    std::string(body));
        return client.read_reply();
    }
    [[nodiscard]] HttpReply post_binary(std::string_view id, std::string_view body) const {
        return post(id, body, "application/octet-stream");
    }
    [[nodiscard]] TestClient begin_poll(std::string_view id) {
        TestClient client = server_.connect();
        client.send(TestClient::get_head(path("polling", id)));
        server_.wait_until_held(id);
        return client;
    }
    [[nodiscard]] EngineIoServer::Opened open_websocket(std::string_view more = "") {
        TestClient client = server_.server().open(path("websocket") + std::string(more));
        std::string id = EngineIoServer::id_in(client.read_frame().text());
        return {std::move(client), std::move(id)};
    }
    [[nodiscard]] TestClient probe(std::string_view id) {
        TestClient client = server_.server().open(path("websocket", id));
        client.send_text("2probe");
        client.expect_text("3probe");
        return client;
    }
    static Packet text(std::string_view what) {
        return Packet::of_text(engineio::PacketType::message, what);
    }

    EngineIoServer server_{EngineIoServer::Setup{.loops = GetParam(), .options = served()}};
};
INSTANTIATE_TEST_SUITE_P(On, EngineIoVersion3, testing::Values(1U, 4U), loop_count_name);

TEST_P(EngineIoVersion3, polling_begins_with_open_and_its_length) {
    server_.start();
    const HttpReply reply = server_.connect().get(path("polling"));
    const std::string open = reply.body.substr(reply.body.find(':') + 1);
    EXPECT_EQ(reply.body, std::to_string(open.size()) + ":" + open);
    EXPECT_EQ(open, "0{\"sid\":\"" + EngineIoServer::id_in(open) +
                        "\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,"
                        "\"pingTimeout\":20000,\"maxPayload\":1000000}");
    EXPECT_TRUE(reply.has(text_type));
}

TEST_P(EngineIoVersion3, what_is_sent_while_it_opens_follows_open_in_the_same_form) {
    server_.on_open = [](engineio::Session& session) {
        EXPECT_EQ(session.send(Packet::of_binary(bytes_of(bytes))), SendResult::queued);
        return true;
    };
    server_.start();
    const HttpReply reply = server_.connect().get(path("polling"));
    EXPECT_TRUE(reply.has(binary_type));
    EXPECT_TRUE(reply.body.starts_with("\0"sv));
    EXPECT_TRUE(reply.body.ends_with("}\x01\x04\xFF\x04\x01\x02\xFF"));
    const HttpReply other = server_.connect().get(path("polling") + "&b64=1");
    EXPECT_TRUE(other.has(text_type));
    EXPECT_TRUE(other.body.ends_with("}6:b4AQL/"));
}

TEST_P(EngineIoVersion3, polling_sends_back_what_came_text_and_binary) {
    server_.start();
    const std::string id = open_polling();
    EXPECT_EQ(post(id,
                   "3:4\xF0\x9F\xA6\x8A"
                   "6:4hello")
                  .body,
              "ok");
    const HttpReply texts = poll(id);
    EXPECT_EQ(texts.body,
              "3:4\xF0\x9F\xA6\x8A"
              "6:4hello");
    EXPECT_TRUE(texts.has(text_type));
    const std::string body =
        "\0\x02\xFF"
        "4a"
        "\x01\x04\xFF\x04\x01\x02\xFF"s;
    EXPECT_EQ(post_binary(id, body).body, "ok");
    const HttpReply both = poll(id);
    EXPECT_EQ(both.body, body);
    EXPECT_TRUE(both.has(binary_type));
    EXPECT_EQ(post(id, "6:b4AQL/").body, "ok");
    EXPECT_EQ(poll(id).body, "\x01\x04\xFF\x04\x01\x02\xFF");
    EXPECT_EQ(server_.notes().wait_for(6).back(), "took binary " + bytes);
}

TEST_P(EngineIoVersion3, who_takes_no_binary_has_it_as_base64) {
    server_.start();
    const std::string id = open_polling("&b64=1");
    EXPECT_EQ(post(id, "2:4a6:b4AQL/").body, "ok");
    const HttpReply reply = poll(id);
    EXPECT_EQ(reply.body, "2:4a6:b4AQL/");
    EXPECT_TRUE(reply.has(text_type));
    TestClient client = probe(id);
    client.send_text("5");
    client.send_frame(0x82, "\x04" + bytes);
    client.expect_text("b4AQL/");
    auto [other, other_id] = open_websocket("&b64=1");
    other.send_text("b4AQL/");
    other.expect_text("b4AQL/");
}

TEST_P(EngineIoVersion3, a_websocket_has_the_type_of_its_binary_messages_in_front) {
    server_.start();
    auto [client, id] = open_websocket();
    client.send_text("4h\xC3\xA9llo");
    client.expect_text("4h\xC3\xA9llo");
    client.send_frame(0x82, "\x04" + bytes);
    client.expect_frame(0x82, "\x04" + bytes);
    client.send_frame(0x82, "\x04");
    client.expect_frame(0x82, "\x04");
    client.send_text("b4AQL/");
    client.expect_frame(0x82, "\x04" + bytes);
    client.close_cleanly();
    EXPECT_EQ(server_.notes().wait_for(6).back(), "ended transport_closed");
}

TEST_P(EngineIoVersion3, what_is_made_for_many_is_right_for_each) {
    const engineio::SharedPacket shared(Packet::of_binary(bytes_of(bytes)), true);
    server_.on_take = [&](engineio::Session& session, const Packet&) {
        EXPECT_TRUE(was_accepted(session.send(shared)));
    };
    server_.start();
    auto [of_3, id] = open_websocket();
    auto [of_3_base64, other] = open_websocket("&b64=1");
    auto [of_4, another] = server_.open_websocket();
    const std::string polled = open_polling();
    for (TestClient* const each : {&of_3, &of_3_base64, &of_4}) each->send_text("4");
    EXPECT_EQ(post(polled, "1:4").body, "ok");
    of_3.expect_frame(0x82, "\x04" + bytes);
    of_3_base64.expect_text("b4AQL/");
    of_4.expect_frame(0x82, bytes);
    EXPECT_EQ(poll(polled).body, "\x01\x04\xFF\x04" + bytes);
}

// A separator is one of version 4.
TEST_P(EngineIoVersion3, any_text_can_be_polled) {
    server_.start();
    const std::string id = open_polling();
    EXPECT_EQ(post(id,
                   "4:4a\x1E"
                   "b")
                  .body,
              "ok");
    EXPECT_EQ(poll(id).body,
              "4:4a\x1E"
              "b");
}

// The client pings, and not the server.
TEST_P(EngineIoVersion3, each_ping_is_answered) {
    server_.start();
    const std::string id = open_polling();
    TestClient held = begin_poll(id);
    EXPECT_EQ(post(id, "1:2").body, "ok");
    EXPECT_EQ(held.read_reply().body, "1:3");
    EXPECT_EQ(post(id, "2:4a1:22:4b").body, "ok");
    EXPECT_EQ(poll(id).body, "2:4a1:32:4b");
    auto [client, other] = open_websocket();
    client.send_text("2");
    client.expect_text("3");
    client.send_text("2probe");
    client.expect_text("3");
}

TEST_P(EngineIoVersion3, who_pings_and_never_polls_is_bounded) {
    EngineIoServer server({.loops = GetParam(), .options = served({.backlog_size_max = 6'600})});
    server.start();
    const std::string body = server.connect().get(path("polling")).body;
    const std::string id = EngineIoServer::id_in(std::string_view(body).substr(4));
    std::string pings;
    for (int i = 0; i < 200; ++i) pings += "1:2";
    TestClient client = server.connect();
    client.send("POST " + path("polling", id) + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(pings.size()) + "\r\n\r\n" + pings);
    EXPECT_EQ(client.read_reply().status, 200U);
    EXPECT_EQ(server.notes().wait_for(2), (List{"opened", "ended packet_malformed"}));
}

TEST_P(EngineIoVersion3, what_breaks_a_rule_ends_it) {
    server_.start();
    for (const std::string_view wrong : {"", "0:", "3:4a", "4a", "1:3", "2:7a", "2:4\xFF"}) {
        SCOPED_TRACE(wrong);
        const std::string id = open_polling();
        EXPECT_EQ(post(id, wrong).body, bad_request);
        EXPECT_EQ(poll(id).status, 400U);
    }
    const std::string id = open_polling();
    EXPECT_EQ(post_binary(id, "2:4a").body, bad_request);
    for (const std::string_view wrong : {"", "7", "3", "b", "bAQL/", "b2AQL/"}) {
        SCOPED_TRACE(wrong);
        auto [client, other] = open_websocket();
        client.send_text(wrong);
        client.expect_close(1008);
    }
    for (const std::string_view wrong : {""sv, "\x34"sv, "\x02"sv, "\xFF"sv}) {
        auto [client, other] = open_websocket();
        client.send_frame(0x82, wrong);
        client.expect_close(1008);
    }
    server_.wait_for_no_session();
    for (const std::string& note : server_.notes().all()) {
        EXPECT_TRUE(note == "opened" || note == "ended packet_malformed") << note;
    }
}

TEST_P(EngineIoVersion3, a_session_goes_on_with_its_websocket) {
    server_.start();
    const std::string id = open_polling();
    EXPECT_EQ(post(id, "3:4by").body, "ok");
    EXPECT_EQ(poll(id).body, "3:4by");
    TestClient held = begin_poll(id);
    TestClient client = probe(id);
    EXPECT_EQ(held.read_reply().body, "1:6");
    EXPECT_EQ(poll(id).body, "1:6");
    server_.with_session(id, [](engineio::Session& session) {
        EXPECT_EQ(session.dialect(), Dialect::v3);
        EXPECT_EQ(session.send(Packet::of_binary(bytes_of(bytes))), SendResult::queued);
        EXPECT_EQ(session.send(text("x")), SendResult::queued);
    });
    client.send_text("5");
    client.expect_frame(0x82, "\x04" + bytes);
    client.expect_text("4x");
    client.send_text("2");
    client.expect_text("3");
    client.send_frame(0x82, "\x04" + bytes);
    client.expect_frame(0x82, "\x04" + bytes);
    server_.with_session(id, [](const engineio::Session& session) {
        EXPECT_EQ(session.dialect(), Dialect::v3);
        EXPECT_TRUE(session.is_websocket());
    });
    EXPECT_EQ(poll(id).body, bad_request);
}

// A poll behind UPGRADE, and one that is there when the session leaves.
TEST_P(EngineIoVersion3, many_go_over_and_each_poll_is_answered) {
    server_.start();
    for (int i = 0; i < 20; ++i) {
        const std::string id = open_polling();
        TestClient client = probe(id);
        client.send_text("5");
        const HttpReply late = poll(id);
        EXPECT_TRUE(late.body == "1:6" || late.body == bad_request) << late.body;
        client.send_text("4a");
        client.expect_text("4a");
        client.reset();
    }
    server_.wait_for_no_session();
}

TEST_P(EngineIoVersion3, each_side_says_close) {
    server_.start();
    const std::string id = open_polling();
    TestClient held = begin_poll(id);
    server_.with_session(id, [](engineio::Session& session) { session.close(); });
    EXPECT_EQ(held.read_reply().body, "1:1");
    EXPECT_EQ(server_.notes().wait_for(2), (List{"opened", "ended server_closed"}));
    const std::string other = open_polling();
    TestClient other_held = begin_poll(other);
    EXPECT_EQ(post(other, "1:1").body, "ok");
    EXPECT_EQ(other_held.read_reply().body, "1:6");
    EXPECT_EQ(server_.notes().wait_for(4).back(), "ended client_closed");
    auto [client, another] = open_websocket();
    client.send_text("1");
    client.expect_close(1000);
    EXPECT_EQ(server_.notes().wait_for(6).back(), "ended client_closed");
}

TEST_P(EngineIoVersion3, who_leaves_a_poll_has_left) {
    server_.start();
    for (const bool is_reset : {true, false}) {
        TestClient held = begin_poll(open_polling());
        is_reset ? held.reset() : held.close();
        server_.wait_for_no_session();
    }
    EXPECT_EQ(server_.notes().wait_for(4).back(), "ended transport_closed");
}

TEST_P(EngineIoVersion3, requests_are_of_their_sessions_version) {
    server_.start();
    const std::string of_3 = open_polling();
    const std::string of_4 = server_.open_polling();
    EXPECT_EQ(server_.poll(of_3).body, bad_request);
    EXPECT_EQ(server_.post(of_3, "4a").body, bad_request);
    EXPECT_EQ(poll(of_4).body, bad_request);
    EXPECT_EQ(post(of_4, "2:4a").body, bad_request);
    TestClient client = server_.connect();
    client.send(TestClient::upgrade_head(path("websocket", of_4)));
    EXPECT_EQ(client.read_reply().body, bad_request);
    EXPECT_EQ(server_.post(of_4, "4a").body, "ok") << "both are as they were";
    EXPECT_EQ(server_.poll(of_4).body, "4a");
    EXPECT_EQ(post(of_3, "2:4a").body, "ok");
    EXPECT_EQ(poll(of_3).body, "2:4a");
}

TEST_P(EngineIoVersion3, by_jsonp_it_is_not_served) {
    server_.start();
    const HttpReply reply = server_.connect().get(path("polling") + "&j=0");
    EXPECT_EQ(reply.status, 400U);
    EXPECT_EQ(reply.body, R"({"code":0,"message":"Transport unknown"})");
    const std::string id = open_polling();
    EXPECT_EQ(server_.connect().get(path("polling", id) + "&j=0").status, 400U);
    EXPECT_EQ(post(id, "2:4a").body, "ok") << "its session goes on";
}

TEST(EngineIoVersion3Unserved, is_refused) {
    EngineIoServer server;
    server.start();
    const std::string path = "/engine.io/?EIO=3&transport=";
    const std::string_view answer = R"({"code":5,"message":"Unsupported protocol version"})";
    EXPECT_EQ(server.connect().get(path + "polling").body, answer);
    EXPECT_EQ(server.connect().get(path + "polling&j=0").body, answer);
    TestClient client = server.connect();
    client.send(TestClient::upgrade_head(path + "websocket"));
    EXPECT_EQ(client.read_reply().body, answer);
}

}  // namespace
}  // namespace edgews::test
