// Sockets, namespaces, events and acknowledgements, over sessions that are played.
#include <edgews/socketio.hpp>
#include "net/socketio/hub_state.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "hub_fixture.hpp"

namespace edgews::sio {
namespace {

using test::attached;
using test::in_turn;
using test::PlayedEngineSession;

class SocketIo : public test::HubFixture {
  protected:
    SocketIo() : HubFixture(Options{.connect_timeout_ms = 20}) {}
};

// --- Namespaces ----------------------------------------------------------------

TEST_F(SocketIo, a_client_is_connected_to_namespaces_that_there_are) {
    hub.of("/", logged());
    hub.of("/admin", logged());
    auto session = open();
    session->say("0");
    EXPECT_EQ(session->heard(), "0{\"sid\":\"" + ids.at(0) + "\"} ");
    session->say("0/admin,");
    EXPECT_EQ(session->heard(), "0/admin,{\"sid\":\"" + ids.at(1) + "\"} ");
    session->say("0/other,{\"token\":1}");
    EXPECT_EQ(session->heard(), "4/other,{\"message\":\"Invalid namespace\"} ");
    EXPECT_EQ(take_log(), "+/ +/admin ");
    EXPECT_EQ(ids[0].size(), 20U);
    EXPECT_NE(ids[0], ids[1]);
    session->end(engineio::EndReason::ping_timeout);
    EXPECT_EQ(take_log(), "-/admin:ping timeout -/:ping timeout ");
}

TEST_F(SocketIo, a_pattern_is_for_all_names_that_fit_it_and_a_name_comes_first) {
    hub.of("/rooms/:id", {.connected = [this](Socket& socket) {
               log += "pattern " + socket.parameter("id").value_or("?") + " ";
               EXPECT_FALSE(socket.parameter("name"));
           }});
    hub.of("/rooms/main", logged());
    auto session = open();
    session->say("0/rooms/7,");
    session->say("0/rooms/main,");
    session->say("0/rooms/7/8,");
    EXPECT_EQ(take_log(), "pattern 7 +/rooms/main ");
    EXPECT_TRUE(session->heard().ends_with("4/rooms/7/8,{\"message\":\"Invalid namespace\"} "));
    auto other = open();
    other->say("0/rooms/8,");
    static_cast<void>(other->heard());
    hub.in("/rooms/7").emit("x");
    loop.poll(0);
    EXPECT_EQ(session->heard(), "2/rooms/7,[\"x\"] ");
    EXPECT_EQ(other->heard(), "");
}

TEST_F(SocketIo, what_cannot_be_set_up_is_refused) {
    EXPECT_THROW(hub.of("admin"), std::invalid_argument);
    EXPECT_THROW(hub.of("/a,b"), std::invalid_argument);
    EXPECT_THROW(hub.of("/:/x"), std::invalid_argument);
    EXPECT_THROW(hub.of("/").use({}), std::invalid_argument);
    EXPECT_THROW(hub.of("/").on("disconnect", [](Socket&, const Event&) {}), std::invalid_argument);
    hub.of("/").on("x", [](Socket&, const Event&) {});
    EXPECT_THROW(hub.of("/").on("x", [](Socket&, const Event&, Ack) {}), std::invalid_argument);
    EXPECT_THROW(Hub(Options{.limits = {.argument_count_max = 4'096}}), std::invalid_argument);
    const auto session = connected();
    EXPECT_EQ(&hub.of("/"), &hub.of("/"));
    EXPECT_THROW(hub.of("/new"), std::logic_error);
    EXPECT_THROW(hub.of("/", {}), std::logic_error);
    EXPECT_THROW(hub.of("/").on("y", [](Socket&, const Event&) {}), std::logic_error);
    EXPECT_THROW(hub.of("/").use([](Handshake&) {}), std::logic_error);
}

TEST_F(SocketIo, a_client_that_joins_no_namespace_in_time_is_sent_away) {
    hub.of("/");
    const auto idle = open();
    const auto busy = connected();
    while (!idle->is_closed()) loop.poll(-1);
    in_turn(loop, [] {});
    EXPECT_FALSE(busy->is_closed());
}

TEST_F(SocketIo, limits_of_namespaces_are_kept) {
    Hub strict(Options{.limits = {.namespace_count_max = 2, .auth_size_max = 10}});
    strict.of("/:name");
    PlayedEngineSession session(HubState::of(strict), loop);
    session.say("0/a,{\"0\":\"12345\"}");
    EXPECT_EQ(session.heard(), "4/a,{\"message\":\"Too much to connect with\"} ");
    session.say("0/a,{\"0\":1}");
    session.say("0/b,");
    static_cast<void>(session.heard());
    session.say("0/c,");
    EXPECT_EQ(session.heard(), "4/c,{\"message\":\"Too many namespaces\"} ");
    session.say("1/a,");
    session.say("0/c,");
    EXPECT_TRUE(session.heard().starts_with("0/c,"));
}

// --- The ends of a socket ---------------------------------------------------------

TEST_F(SocketIo, packets_that_break_a_rule_end_the_session) {
    for (const std::string_view packet :
         {"0", "2", "2[]", "2{}", "2[\"disconnect\"]", "3[]", "4{}", "7", "", "2[\"a\"", "0/x,1",
          "2/other,[\"a\"]", "1/other,", "51-[\"a\",{\"_placeholder\":true,\"num\":1}]"}) {
        SCOPED_TRACE(packet);
        Hub other;
        other.of("/", logged());
        PlayedEngineSession session(HubState::of(other), loop);
        session.say("0");
        static_cast<void>(take_log());
        session.say(packet);
        EXPECT_TRUE(session.is_closed());
        EXPECT_EQ(session.reason(), engineio::EndReason::packet_malformed);
        EXPECT_EQ(take_log(), "-/:parse error ");
    }
}

TEST_F(SocketIo, without_a_connect_nothing_else_may_come) {
    hub.of("/");
    const auto session = open();
    session->say("2[\"a\"]");
    EXPECT_TRUE(session->is_closed());
}

TEST_F(SocketIo, a_client_leaves_a_namespace_and_comes_back) {
    hub.of("/", logged());
    const auto session = connected();
    session->say("1");
    EXPECT_EQ(take_log(), "+/ -/:client namespace disconnect ");
    EXPECT_FALSE(session->is_closed());
    session->say("0");
    EXPECT_EQ(take_log(), "+/ ");
    EXPECT_NE(ids[0], ids[1]);
}

TEST_F(SocketIo, a_socket_is_disconnected_at_the_end_of_the_turn_and_late_events_are_ignored) {
    hub.of("/", logged()).on("go", [this](Socket& socket, const Event&) {
        socket.join("room");
        socket.disconnect();
        socket.disconnect();
        EXPECT_FALSE(socket.is_connected());
        EXPECT_FALSE(socket.is_in("room"));
        EXPECT_FALSE(socket.join("room"));
        EXPECT_EQ(socket.emit("x"), SendResult::closed);
        EXPECT_EQ(socket.emit_unreliable("x"), SendResult::closed);
        EXPECT_EQ(socket.call("x", 0, [](const Reply&) {}), SendResult::closed);
        log += "handled ";
    });
    const auto session = connected();
    session->say("2[\"go\"]");
    EXPECT_EQ(session->heard(), "1 ");
    EXPECT_EQ(take_log(), "+/ handled -/:server namespace disconnect ");
    session->say("2[\"go\"]");
    session->say("1");
    EXPECT_FALSE(session->is_closed());
    EXPECT_EQ(take_log(), "");
    session->say("0");
    EXPECT_EQ(take_log(), "+/ ");
}

TEST_F(SocketIo, a_session_is_closed_by_its_socket) {
    hub.of("/", logged()).on("go", [](Socket& socket, const Event&) { socket.disconnect(true); });
    hub.of("/admin", logged());
    const auto session = connected();
    session->say("0/admin,");
    static_cast<void>(session->heard());
    session->say("2[\"go\"]");
    EXPECT_EQ(session->heard(), "1/admin, 1 ");
    EXPECT_TRUE(session->is_closed());
    EXPECT_EQ(take_log(),
              "+/ +/admin -/admin:server namespace disconnect -/:server namespace disconnect ");
}

TEST_F(SocketIo, a_handler_that_throws_ends_its_session_alone) {
    hub.of("/", logged()).on("go", [](Socket&, const Event& event) {
        EXPECT_EQ(event.get<int>(0), 7);
        static_cast<void>(event.get<int>(1));
    });
    const auto other = connected();
    const auto session = connected();
    static_cast<void>(take_log());
    session->say("2[\"go\",7,\"x\"]");
    EXPECT_TRUE(session->is_closed());
    EXPECT_FALSE(other->is_closed());
    EXPECT_EQ(take_log(), "-/:forced server close ");
}

TEST_F(SocketIo, every_handler_may_throw) {
    hub.of("/a", {.connected = [](Socket&) { throw 1; },
                  .disconnected = [](Socket&, Reason) { throw 2; }});
    hub.of("/b").use([](Handshake&) { throw 3; });
    hub.of("/c", {.connected = [](Socket& socket) {
               socket.call("x", 0, [](const Reply&) { throw 4; });
           }});
    for (const std::string_view name : {"/a", "/b", "/c"}) {
        const auto session = open();
        session->say("0" + std::string(name));
        EXPECT_EQ(session->is_closed(), name != "/c");
        session->end(engineio::EndReason::transport_closed);
    }
}

TEST_F(SocketIo, a_peer_that_is_gone_while_a_handler_runs_is_told_of_afterwards) {
    PlayedEngineSession* current = nullptr;
    hub.of("/", logged()).on("go", [&](Socket& socket, const Event&) {
        current->close(engineio::EndReason::transport_closed);
        EXPECT_EQ(socket.emit("x"), SendResult::closed);
        EXPECT_TRUE(socket.join("r"));
        log += "handled ";
    });
    const auto session = connected();
    current = session.get();
    session->say("2[\"go\"]");
    EXPECT_EQ(take_log(), "+/ handled -/:transport close ");
}

// --- Events ------------------------------------------------------------------------

TEST_F(SocketIo, events_come_with_their_arguments) {
    hub.of("/", {.any =
                     [this](Socket&, const Event& event, const Ack& ack) {
                         log += "any:" + std::string(event.name()) + (ack.wanted() ? "? " : " ");
                     }})
        .on("all", [this](Socket&, const Event& event) {
            EXPECT_EQ(event.size(), 6U);
            EXPECT_EQ(event[0], "1");
            EXPECT_EQ(event[6], "");
            EXPECT_EQ(event.get<unsigned>(0), 1U);
            EXPECT_EQ(event.get<double>(1), -2.5);
            EXPECT_FALSE(event.find<int>(1));
            EXPECT_EQ(event.get<std::string>(2), "a\"b");
            EXPECT_TRUE(event.get<bool>(3));
            EXPECT_FALSE(event.find<bool>(4));
            EXPECT_EQ(event.get<int>(5), 3000);
            EXPECT_FALSE(event.find<std::int8_t>(5));
            EXPECT_FALSE(event.find<std::string>(17));
            log += std::string(event.text()) + ' ';
        });
    const auto session = connected();
    session->say(R"(2["all",1,-2.5,"a\"b",true,null,3e3])");
    session->say("2[\"other\"]");
    session->say("27[\"\\u006fther\"]");
    session->say("2[5,\"number\"]");
    EXPECT_EQ(take_log(), R"(1,-2.5,"a\"b",true,null,3e3 any:other any:other? any:5 )");
}

TEST_F(SocketIo, events_are_sent_with_their_arguments) {
    hub.of("/", {.connected = [](Socket& socket) {
               EXPECT_EQ(socket.emit("a"), SendResult::sent);
               EXPECT_EQ(socket.emit("b", json(1), json(-2.5), json("x\"y"), json(true),
                                     json(nullptr), json(1.0 / 0.0), Json("{\"k\": [1]}")),
                         SendResult::sent);
               EXPECT_EQ(socket.emit("c", raw("1,[2]"), raw("")), SendResult::sent);
               EXPECT_EQ(socket.emit("d", json(1), binary(attached("xy")), raw("{}"),
                                     binary(attached("z"))),
                         SendResult::sent);
           }});
    const auto session = open();
    session->say("0");
    const std::string heard = session->heard();
    EXPECT_EQ(heard.substr(heard.find(' ') + 1),
              "2[\"a\"] 2[\"b\",1,-2.5,\"x\\\"y\",true,null,null,{\"k\": [1]}] 2[\"c\",1,[2]] "
              "52-[\"d\",1,{\"_placeholder\":true,\"num\":0},{},{\"_placeholder\":true,\"num\":1}] "
              "<xy> <z> ");
}

TEST_F(SocketIo, what_is_not_json_is_not_sent) {
    hub.of(
        "/", {.connected = [](Socket& socket) {
            for (const std::string_view text : {"1],[\"x\"", "[1", "1,", ",", "nul", "\"\x80\""}) {
                EXPECT_EQ(socket.emit("a", raw(text)), SendResult::invalid) << text;
            }
            EXPECT_EQ(socket.emit("a", raw("[1"), raw("2]")), SendResult::invalid);
            EXPECT_EQ(socket.emit("disconnect"), SendResult::invalid);
            EXPECT_EQ(socket.emit("\x80"), SendResult::invalid);
            EXPECT_EQ(
                socket.emit("a", raw("{\"_placeholder\":true,\"num\":0}"), binary(attached("x"))),
                SendResult::invalid);
            EXPECT_EQ(socket.broadcast().emit("a", raw("1],[\"x\"")), SendResult::invalid);
            EXPECT_THROW(static_cast<void>(json("\x80")), std::invalid_argument);
            EXPECT_THROW(Json("1,2"), std::invalid_argument);
        }});
    const auto session = open();
    session->say("0");
    EXPECT_EQ(session->heard().find("2["), std::string::npos);
    EXPECT_FALSE(session->is_closed());
}

TEST_F(SocketIo, attachments_come_and_go_back) {
    hub.of("/").on("echo", [](Socket& socket, const Event& event, const Ack& ack) {
        EXPECT_EQ(event.attachment_count(), 2U);
        socket.emit("back", event.raw());
        socket.emit("more", event, binary(attached("+")));
        EXPECT_EQ(socket.emit("no", binary(attached("+")), event), SendResult::invalid);
        ack(event);
    });
    const auto session = connected();
    const std::string one = "{\"_placeholder\":true,\"num\":0}";
    const std::string two = "{\"_placeholder\":true,\"num\":1}";
    session->say("52-9[\"echo\"," + two + "," + one + "]");
    EXPECT_EQ(session->heard(), "");
    session->say(attached("first"));
    session->say(attached("second"));
    EXPECT_EQ(session->heard(), "52-[\"back\"," + two + "," + one + "] <first> <second> " +
                                    "53-[\"more\"," + two + "," + one +
                                    ",{\"_placeholder\":true,\"num\":2}] <first> <second> <+> " +
                                    "62-9[" + two + "," + one + "] <first> <second> ");
}

TEST_F(SocketIo, a_packet_without_all_its_attachments_is_the_last) {
    hub.of("/", logged()).on("go", [](Socket& socket, const Event&) {
        EXPECT_EQ(socket.emit("x", binary(attached("1")), binary(attached("2"))),
                  SendResult::closed);
        EXPECT_EQ(socket.emit("x"), SendResult::closed);
    });
    const auto session = connected();
    session->accepted_count = 2;
    session->say("2[\"go\"]");
    EXPECT_TRUE(session->is_closed());
    EXPECT_EQ(take_log(), "+/ -/:transport close ");
}

TEST_F(SocketIo, what_may_be_lost_is_when_it_cannot_leave) {
    hub.of("/", {.any = [](Socket& socket, const Event& event, const Ack&) {
               const SendResult result = socket.emit_unreliable("x");
               EXPECT_EQ(result, event.name() == "lost" ? SendResult::dropped : SendResult::sent);
           }});
    const auto session = connected();
    session->is_ready = false;
    session->say("2[\"lost\"]");
    hub.in("/").unreliable().emit("lost");
    loop.poll(0);
    EXPECT_EQ(session->heard(), "");
    session->is_ready = true;
    session->say("2[\"sent\"]");
    EXPECT_EQ(session->heard(), "2[\"x\"] ");
}

TEST_F(SocketIo, a_socket_has_data_of_one_type_that_go_with_it) {
    struct Held {
        std::shared_ptr<int> number = std::make_shared<int>(1);
    };
    std::weak_ptr<int> weak;
    hub.of("/").on("set", [&](Socket& socket, const Event& event) {
        *socket.data<Held>().number = event.get<int>(0);
        weak = socket.data<Held>().number;
        EXPECT_THROW(static_cast<void>(socket.data<int>()), std::logic_error);
        EXPECT_EQ(socket.query(), "EIO=4");
        EXPECT_EQ(socket.header("origin"), "http://x");
        EXPECT_EQ(&socket.loop(), &loop);
    });
    const auto session = connected();
    session->say("2[\"set\",7]");
    ASSERT_FALSE(weak.expired());
    EXPECT_EQ(*weak.lock(), 7);
    session->say("1");
    EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace edgews::sio
