// Middleware: who is asked about a client that wants to connect to a namespace.
#include <edgews/socketio.hpp>
#include "core/socketio/json_scan.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "hub_fixture.hpp"

namespace edgews::sio {
namespace {

using test::in_turn;
using test::PlayedEngineSession;

class SocketIoHandshake : public test::HubFixture {
  protected:
    // Decides later, by `deferred`.
    void defer() {
        hub.of("/", logged()).use([this](Handshake& handshake) { deferred = handshake.defer(); });
    }

    std::optional<DeferredHandshake> deferred{};
};

TEST_F(SocketIoHandshake, each_is_asked_in_order_until_one_refuses) {
    hub.of("/", logged())
        .use([this](Handshake& handshake) {
            log += "1:" + std::string(handshake.auth()) + " ";
            EXPECT_EQ(handshake.namespace_name(), "/");
            EXPECT_EQ(handshake.query(), "EIO=4");
            EXPECT_EQ(handshake.header("origin"), "http://x");
            EXPECT_FALSE(handshake.parameter("id"));
        })
        .use([this](Handshake& handshake) {
            log += "2 ";
            if (handshake.auth() == "{}") handshake.refuse("not authorised", "{\"code\":7}");
        })
        .use([this](Handshake&) { log += "3 "; });
    const auto session = open();
    session->say("0");
    EXPECT_EQ(session->heard(), "4{\"message\":\"not authorised\",\"data\":{\"code\":7}} ");
    EXPECT_EQ(take_log(), "1:{} 2 ");
    session->say("0{\"token\":1}");
    EXPECT_EQ(session->heard(), "0{\"sid\":\"" + ids.at(0) + "\"} ");
    EXPECT_EQ(take_log(), "1:{\"token\":1} 2 3 +/ ");
}

TEST_F(SocketIoHandshake, the_auth_payload_stays_with_the_socket) {
    hub.of("/", {.connected = [this](Socket& socket) { log += socket.auth(); }});
    const auto session = open();
    session->say("0{\"a\": 1}");
    EXPECT_EQ(take_log(), "{\"a\": 1}");
    const auto other = open();
    other->say("0");
    EXPECT_EQ(take_log(), "{}");
}

TEST_F(SocketIoHandshake, a_refusal_that_cannot_be_sent_throws) {
    hub.of("/").use([](Handshake& handshake) {
        EXPECT_THROW(handshake.refuse("\x80"), std::invalid_argument);
        EXPECT_THROW(handshake.refuse("no", "1},{"), std::invalid_argument);
        handshake.refuse("say \"no\"");
    });
    const auto session = open();
    session->say("0");
    EXPECT_EQ(session->heard(), "4{\"message\":\"say \\\"no\\\"\"} ");
}

// A client may bring what, with the packet around it, is nested too deep to be sent back.
TEST_F(SocketIoHandshake, a_refusal_is_as_deep_as_a_packet_may_be) {
    hub.of("/").use([](Handshake& handshake) { handshake.refuse("no", handshake.auth()); });
    const auto nested = [](std::size_t depth) {
        return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    };
    const auto session = open();
    session->say("0" + nested(json_depth_max - 1));
    EXPECT_EQ(session->heard(),
              "4{\"message\":\"no\",\"data\":" + nested(json_depth_max - 1) + "} ");
    session->say("0" + nested(json_depth_max));
    EXPECT_TRUE(session->is_closed()) << "the refusal throws";
    EXPECT_EQ(session->heard(), "");
}

TEST_F(SocketIoHandshake, a_decision_is_made_later_on_any_thread_and_once) {
    defer();
    const auto session = open();
    session->say("0");
    EXPECT_EQ(session->heard(), "");
    std::thread([this] {
        EXPECT_TRUE(deferred->accept());
        EXPECT_FALSE(deferred->accept());
        EXPECT_FALSE(deferred->refuse("no"));
    }).join();
    EXPECT_EQ(session->heard(), "");
    loop.poll(0);
    EXPECT_EQ(session->heard(), "0{\"sid\":\"" + ids.at(0) + "\"} ");
}

TEST_F(SocketIoHandshake, a_client_is_refused_later) {
    defer();
    const auto session = open();
    session->say("0");
    EXPECT_TRUE(deferred->refuse("no", "[1]"));
    loop.poll(0);
    EXPECT_EQ(session->heard(), "4{\"message\":\"no\",\"data\":[1]} ");
    session->say("0");
    EXPECT_TRUE(deferred->accept());
    loop.poll(0);
    EXPECT_EQ(ids.size(), 1U);
}

TEST_F(SocketIoHandshake, one_about_which_nobody_decides_is_refused) {
    defer();
    const auto session = open();
    session->say("0");
    deferred.reset();
    loop.poll(0);
    EXPECT_EQ(session->heard(), "4{\"message\":\"Nobody decided\"} ");
}

TEST_F(SocketIoHandshake, a_decision_may_be_made_before_its_middleware_returns) {
    hub.of("/", logged())
        .use([](Handshake& handshake) { EXPECT_TRUE(handshake.defer().accept()); })
        .use([this](Handshake& handshake) {
            log += "next ";
            const DeferredHandshake later = handshake.defer();
            EXPECT_THROW(static_cast<void>(handshake.defer()), std::logic_error);
            const bool is_refused = handshake.auth() != "{}" && later.refuse("no");
            EXPECT_EQ(is_refused, handshake.auth() != "{}");
        });
    const auto session = open();
    session->say("0{\"a\":1}");
    EXPECT_EQ(session->heard(), "4{\"message\":\"no\"} ");
    session->say("0");
    EXPECT_EQ(session->heard(), "4{\"message\":\"Nobody decided\"} ");
    EXPECT_EQ(take_log(), "next next ");
}

TEST_F(SocketIoHandshake, a_decision_about_a_client_that_is_gone_is_none) {
    defer();
    auto session = open();
    session->say("0");
    session.reset();
    EXPECT_FALSE(deferred->accept());
    // Or that goes before it hears of it.
    auto other = open();
    other->say("0");
    EXPECT_TRUE(deferred->accept());
    in_turn(loop, [&] { other->close(engineio::EndReason::transport_closed); });
    other.reset();
    EXPECT_EQ(take_log(), "+/ -/:transport close ");
    auto late = open();
    late->say("0");
    in_turn(loop, [&] {
        EXPECT_TRUE(deferred->accept());
        late->guest().take(engineio::Packet::of_text(engineio::PacketType::message, "2[\"x\"]"));
    });
    EXPECT_TRUE(late->is_closed());
    EXPECT_EQ(take_log(), "");
}

TEST_F(SocketIoHandshake, a_client_that_waits_may_neither_speak_nor_ask_again) {
    defer();
    for (const std::string_view packet : {"2[\"x\"]", "0", "1"}) {
        const auto session = open();
        session->say("0");
        session->say(packet);
        EXPECT_TRUE(session->is_closed()) << packet;
    }
}

TEST_F(SocketIoHandshake, a_decision_follows_a_client_that_moves) {
    defer();
    const auto session = open();
    session->say("0");
    session->move_to(loop_2);
    EXPECT_TRUE(deferred->accept());
    loop.poll(0);
    EXPECT_EQ(session->heard(), "");
    loop_2.poll(0);
    EXPECT_EQ(session->heard(), "0{\"sid\":\"" + ids.at(0) + "\"} ");
}

TEST_F(SocketIoHandshake, a_decision_waits_for_a_client_on_its_way) {
    defer();
    const auto session = open();
    session->say("0");
    session->begin_move(loop_2);
    loop_2.poll(0);
    loop.poll(0);  // It has left.
    EXPECT_TRUE(deferred->refuse("no"));
    loop.poll(0);
    EXPECT_EQ(session->heard(), "");
    loop_2.poll(0);
    EXPECT_EQ(session->heard(), "4{\"message\":\"no\"} ");
    // And is there already: it was told to a loop that the client leaves first.
    const auto other = open();
    other->say("0");
    other->begin_move(loop_2);
    loop_2.poll(0);
    loop.post([&] { EXPECT_TRUE(deferred->accept()); });
    loop.poll(0);
    loop.poll(0);
    EXPECT_EQ(other->heard(), "");
    loop_2.poll(0);
    EXPECT_EQ(other->heard(), "0{\"sid\":\"" + ids.at(0) + "\"} ");
    turn_all();
    EXPECT_EQ(take_log(), "+/ ");
}

}  // namespace
}  // namespace edgews::sio
