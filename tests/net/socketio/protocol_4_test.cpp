// Clients of Socket.IO 2: what a hub does otherwise for them (core/socketio/protocol_4.hpp).
#include <edgews/socketio.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "hub_fixture.hpp"

namespace edgews::sio {
namespace {

using test::PlayedEngineSession;

std::string quoted(std::string_view text) {
    return '"' + std::string(text) + '"';
}

class SocketIoProtocol4Clients : public test::HubFixture {
  protected:
    SocketIoProtocol4Clients() : HubFixture({.allows_eio3 = true}) {}
    explicit SocketIoProtocol4Clients(Options options) : HubFixture(options) {}

    std::unique_ptr<PlayedEngineSession> open_4() {
        return std::make_unique<PlayedEngineSession>(HubState::of(hub), loop,
                                                     engineio::Dialect::v3);
    }
    static std::string id_of(const PlayedEngineSession& session, std::string_view before = "") {
        return std::string(before) + std::string(session.id());
    }
};

TEST_F(SocketIoProtocol4Clients, are_connected_to_the_root_unasked) {
    hub.of("/", logged()).on("x", [](Socket& socket, const Event& event) {
        socket.emit("y", event.raw());
    });
    const auto session = open_4();
    EXPECT_EQ(session->heard(), "0 ");
    EXPECT_EQ(take_log(), "+/ ");
    EXPECT_EQ(ids.at(0), id_of(*session)) << "which is what the client calls it";
    session->say("2[\"x\",1]");
    EXPECT_EQ(session->heard(), "2[\"y\",1] ");
    const auto other = open();
    EXPECT_EQ(other->heard(), "") << "those of protocol 5 have to ask";
}

TEST_F(SocketIoProtocol4Clients, say_nothing_before_that_and_may_be_told_much) {
    hub.of("/", {.connected = [](Socket& socket) {
               socket.emit("hello", raw(socket.auth()));
               socket.call("ask", 0, [](const Reply&) {});
           }});
    const auto session = open_4();
    const std::string heard = session->heard();
    EXPECT_TRUE(heard.starts_with("0 2[\"hello\",{}] 2")) << heard;
}

TEST_F(SocketIoProtocol4Clients, bring_their_auth_in_a_query) {
    hub.of("/");
    hub.of("/admin", {.connected =
                          [this](Socket& socket) {
                              log += std::string(socket.auth()) + " ";
                              ids.emplace_back(socket.id());
                          }})
        .use([this](Handshake& handshake) {
            log +=
                std::string(handshake.namespace_name()) + " " + std::string(handshake.auth()) + " ";
        });
    const auto session = open_4();
    EXPECT_EQ(session->heard(), "0 ");
    session->say("0/admin?token=a%20b&x=1,");
    EXPECT_EQ(session->heard(), "0/admin, ");
    EXPECT_EQ(take_log(), R"(/admin {"token":"a b","x":"1"} {"token":"a b","x":"1"} )");
    EXPECT_EQ(ids.at(0), id_of(*session, "/admin#"));
    const auto other = open_4();
    other->say("0/admin,{\"token\":1}");
    EXPECT_EQ(other->heard(), "0 0/admin, ");
    EXPECT_EQ(take_log(), "/admin {} {} ") << "a payload is no part of protocol 4";
}

TEST_F(SocketIoProtocol4Clients, have_ids_that_are_rooms_in_each_namespace) {
    hub.of("/", logged());
    hub.of("/admin", logged()).on("others", [](Socket& socket, const Event&) {
        socket.broadcast().emit("of", raw(quoted(socket.id())));
    });
    const auto session = open_4();
    session->say("0/admin");
    const auto other = open_4();
    other->say("0/admin");
    static_cast<void>(session->heard());
    static_cast<void>(other->heard());
    hub.of("/").to(id_of(*session)).emit("root");
    hub.of("/admin").to(id_of(*session, "/admin#")).emit("admin");
    hub.of("/admin").to(id_of(*session)).emit("nobody");
    hub.of("/").to(id_of(*session, "/admin#")).emit("nobody");
    turn_all();
    EXPECT_EQ(session->heard(), "2[\"root\"] 2/admin,[\"admin\"] ");
    EXPECT_EQ(other->heard(), "");
    hub.of("/admin").broadcast().except(id_of(*other, "/admin#")).emit("one");
    session->say("2/admin,[\"others\"]");
    turn_all();
    EXPECT_EQ(session->heard(), "2/admin,[\"one\"] ");
    EXPECT_EQ(other->heard(), "2/admin,[\"of\",\"" + id_of(*session, "/admin#") + "\"] ");
}

TEST_F(SocketIoProtocol4Clients, are_acknowledged_later_and_elsewhere) {
    Ack ack;
    hub.of("/admin").on("x", [&](Socket&, const Event&, Ack given) { ack = std::move(given); });
    const auto session = open_4();
    session->say("0/admin");
    session->say("2/admin,7[\"x\"]");
    EXPECT_EQ(session->heard(), "0/admin, ");
    session->move_to(loop_2);
    EXPECT_EQ(ack(raw("\"late\"")), SendResult::queued);
    turn_all();
    EXPECT_EQ(session->heard(), "3/admin,7[\"late\"] ");
}

TEST_F(SocketIoProtocol4Clients, keep_all_of_that_when_they_move) {
    hub.of("/admin", logged()).on("auth", [](Socket& socket, const Event&) {
        socket.emit("auth", raw(socket.auth()), raw(quoted(socket.id())));
    });
    const auto session = open_4();
    session->say("0/admin?a=1,");
    session->move_to(loop_2);
    session->say("2/admin,[\"auth\"]");
    EXPECT_EQ(session->heard(),
              "0/admin, 2/admin,[\"auth\",{\"a\":\"1\"},\"" + id_of(*session, "/admin#") + "\"] ");
    session->say("0/admin?a=1,");
    EXPECT_TRUE(session->is_closed()) << "it is connected there";
    EXPECT_EQ(session->reason(), engineio::EndReason::packet_malformed);
}

TEST_F(SocketIoProtocol4Clients, are_refused_with_the_message_or_the_data) {
    hub.of("/").use([](Handshake& handshake) { handshake.refuse("not \"you\""); });
    hub.of("/data").use([](Handshake& handshake) { handshake.refuse("no", "{\"code\":7}"); });
    const auto session = open_4();
    EXPECT_EQ(session->heard(), "4\"not \\\"you\\\"\" ");
    session->say("0/data?x=1,");
    EXPECT_EQ(session->heard(), "4/data,{\"code\":7} ");
    session->say("0/other?x=1,");
    EXPECT_EQ(session->heard(), "4/other,{\"message\":\"Invalid namespace\"} ");
    EXPECT_FALSE(session->is_closed());
}

TEST_F(SocketIoProtocol4Clients, wait_for_a_decision_that_another_thread_makes) {
    std::optional<DeferredHandshake> deferred;
    hub.of("/", logged()).use([&](Handshake& handshake) { deferred = handshake.defer(); });
    const auto session = open_4();
    EXPECT_EQ(session->heard(), "");
    std::thread([&] { EXPECT_TRUE(deferred->accept()); }).join();
    turn_all();
    EXPECT_EQ(session->heard(), "0 ");
    const auto gone = open_4();
    gone->end(engineio::EndReason::transport_closed);
    EXPECT_FALSE(deferred->accept());
    EXPECT_EQ(take_log(), "+/ ");
}

TEST_F(SocketIoProtocol4Clients, whose_root_is_no_namespace_are_not_told_so) {
    hub.of("/admin", logged());
    const auto session = open_4();
    EXPECT_EQ(session->heard(), "");
    session->say("0/admin,");
    EXPECT_EQ(session->heard(), "0/admin, ");
    EXPECT_EQ(take_log(), "+/admin ");
}

TEST_F(SocketIoProtocol4Clients, end_as_they_begin_in_a_handler) {
    hub.of("/", {.connected = [](Socket&) { throw std::runtime_error("no"); },
                 .disconnected = [this](Socket&,
                                        Reason reason) { log += std::string(describe(reason)); }});
    const auto session = open_4();
    EXPECT_TRUE(session->is_closed());
    turn_all();
    EXPECT_EQ(take_log(), std::string(describe(Reason::handler_error)));
}

TEST_F(SocketIoProtocol4Clients, are_sent_away_as_they_begin) {
    hub.of("/", {.connected = [](Socket& socket) { socket.disconnect(true); }});
    const auto session = open_4();
    EXPECT_EQ(session->heard(), "0 1 ");
    EXPECT_TRUE(session->is_closed());
}

TEST_F(SocketIoProtocol4Clients, leave_and_are_sent_away) {
    hub.of("/", logged()).on("go", [](Socket& socket, const Event&) { socket.disconnect(); });
    hub.of("/admin", logged());
    const auto session = open_4();
    session->say("0/admin,");
    session->say("1/admin,");
    EXPECT_EQ(take_log(), "+/ +/admin -/admin:client namespace disconnect ");
    session->say("2[\"go\"]");
    turn_all();
    EXPECT_EQ(session->heard(), "0 0/admin, 1 ");
    EXPECT_FALSE(session->is_closed());
}

class SocketIoProtocol4Limits : public SocketIoProtocol4Clients {
  protected:
    SocketIoProtocol4Limits()
        : SocketIoProtocol4Clients(
              {.limits = {.namespace_size_max = 10, .auth_size_max = 40}, .allows_eio3 = true}) {}
};

TEST_F(SocketIoProtocol4Limits, are_of_the_name_and_of_what_it_brings) {
    hub.of("/");
    hub.of("/*");
    const auto session = open_4();
    session->say("0/123456789?a=1,");
    EXPECT_EQ(session->heard(), "0 0/123456789, ");
    session->say("0/a?aaaaaaaaaa=1234567890123456789,");
    EXPECT_EQ(session->heard(), "0/a, ");
    session->say("0/b?a=%01%01%01%01%01%01%01%01,");  // Each of which is six bytes of JSON.
    EXPECT_EQ(session->heard(), "4/b,\"Too much to connect with\" ");
    session->say("0/1234567890?a=1,");
    EXPECT_TRUE(session->is_closed());
    const auto other = open_4();
    other->say("0/b?" + std::string(60, 'a') + ",");
    EXPECT_TRUE(other->is_closed());
}

TEST(SocketIoProtocol4Options, a_name_too_long_for_an_id_is_refused) {
    EXPECT_THROW(Hub({.limits = {.namespace_size_max = 60'001}, .allows_eio3 = true}),
                 std::invalid_argument);
    EXPECT_NO_THROW(Hub({.limits = {.namespace_size_max = 60'001}}));
    EXPECT_NO_THROW(Hub({.limits = {.namespace_size_max = 60'000}, .allows_eio3 = true}));
}

}  // namespace
}  // namespace edgews::sio
