// A hub whose clients use socket.io-msgpack-parser, over sessions that are played.
#include <edgews/socketio.hpp>
#include "net/socketio/hub_state.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "../../support/msgpack_messages.hpp"
#include "hub_fixture.hpp"

namespace edgews::sio {
namespace {

using test::attached;
using test::describe_message;
using test::from_hex;
using test::in_turn;
using test::msgpack_message;
using test::PlayedEngineSession;

constexpr std::string_view one_attachment = R"({"_placeholder":true,"num":0})";

class SocketIoMsgpackHub : public test::HubFixture {
  protected:
    SocketIoMsgpackHub() : SocketIoMsgpackHub(Options{.parser = Parser::msgpack}) {}
    explicit SocketIoMsgpackHub(const Options& options) : HubFixture(options) {}

    static void say(PlayedEngineSession& session, std::string_view text,
                    const Attachments& attachments = {}) {
        session.say(attached(msgpack_message(text, attachments)));
    }
    // All of it is binary. A bar behind each.
    static std::string heard(PlayedEngineSession& session) {
        const std::string all = session.heard();
        std::string_view rest = all;
        std::string said;
        while (rest.starts_with('<')) {
            const std::size_t end = std::min(rest.find("> <"), rest.size() - 2);
            said += describe_message(rest.substr(1, end - 1)) + "|";
            rest.remove_prefix(end + 2);
        }
        EXPECT_EQ(rest, "");
        return said;
    }
    // A client that is connected to "/".
    std::unique_ptr<PlayedEngineSession> joined(Loop& on) {
        auto session = open(on);
        say(*session, "0");
        EXPECT_TRUE(heard(*session).starts_with("connect / {\"sid\":\""));
        return session;
    }
    std::unique_ptr<PlayedEngineSession> joined() { return joined(loop); }
};

TEST_F(SocketIoMsgpackHub, has_all_types_of_packets_in_both_directions) {
    hub.of("/", logged()).on("x", [](Socket& socket, const Event& event, const Ack& ack) {
        socket.emit("y", event.raw());
        ack(event.raw());
    });
    hub.of("/admin", logged()).use([](Handshake& handshake) {
        if (handshake.auth() != R"({"token":1.5})") handshake.refuse("no", R"({"why":[1]})");
    });
    const auto session = open();
    say(*session, "0");
    EXPECT_EQ(heard(*session), "connect / {\"sid\":\"" + ids.at(0) + "\"}|");
    say(*session, R"(212["x",{"a":[null,-1,"ü"]},7])");
    EXPECT_EQ(heard(*session),
              "event / \"y\" ({\"a\":[null,-1,\"ü\"]}, 7)|"
              "ack / 12 ({\"a\":[null,-1,\"ü\"]}, 7)|");
    say(*session, "0/admin,");
    EXPECT_EQ(heard(*session), R"(connect_error /admin {"message":"no","data":{"why":[1]}}|)");
    say(*session, R"(0/admin,{"token":1.5})");
    EXPECT_EQ(heard(*session), "connect /admin {\"sid\":\"" + ids.at(1) + "\"}|");
    say(*session, "0/other,");
    EXPECT_EQ(heard(*session), R"(connect_error /other {"message":"Invalid namespace"}|)");
    say(*session, "1/admin,");
    hub.of("/").broadcast().disconnect();
    turn_all();
    EXPECT_EQ(heard(*session), "disconnect /|");
    EXPECT_EQ(take_log(),
              "+/ +/admin -/admin:client namespace disconnect "
              "-/:server namespace disconnect ");
    EXPECT_FALSE(session->is_closed());
}

TEST_F(SocketIoMsgpackHub, acknowledges_and_is_acknowledged_with_bytes) {
    const test::Bytes a = from_hex("01 ff");
    hub.of("/").on("x", [this](Socket& socket, const Event& event, const Ack& ack) {
        EXPECT_EQ(test::to_hex(event.attachment(0)), "01 ff");
        ack(binary(event.attachment(0)), json("and"));
        socket.call(
            "why", 0,
            [this](const Reply& reply) {
                log += std::string(reply[0]) + " " + test::to_hex(reply.attachment(0)) + " ";
            },
            event.raw());
    });
    const auto session = joined();
    say(*session, "51-5[\"x\",[" + std::string(one_attachment) + "]]", {a});
    EXPECT_EQ(heard(*session), "binary_ack+1 / 5 (" + std::string(one_attachment) +
                                   ", \"and\") <01 ff>|" + "binary_event+1 / 1 \"why\" ([" +
                                   std::string(one_attachment) + "]) <01 ff>|");
    say(*session, "61-1[" + std::string(one_attachment) + "]", {a});
    EXPECT_EQ(take_log(), std::string(one_attachment) + " 01 ff ");
}

TEST_F(SocketIoMsgpackHub, what_breaks_a_rule_ends_the_session) {
    hub.of("/", logged());
    const std::string whole = msgpack_message("2[\"x\",{\"a\":[1]}]");
    const auto expect_end = [this](const auto& message) {
        const auto session = joined();
        session->say(message);
        EXPECT_TRUE(session->is_closed());
        EXPECT_EQ(session->reason(), engineio::EndReason::packet_malformed);
        EXPECT_EQ(session->heard(), "");
        EXPECT_EQ(take_log(), "+/ -/:parse error ");
    };
    for (const std::string_view text : {"2[\"x\"]", "0", "1", "", "3"}) expect_end(text);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        expect_end(attached(std::string_view(whole).substr(0, size)));
    }
    for (const std::string_view hex : {"c0", "90", "80", "c1", "81 a4 74 79 70 65 02"}) {
        expect_end(std::span<const std::byte>(from_hex(hex)));
    }
    for (const std::string_view text : {"0", "3[]", "2/other,[\"x\"]", "1/other,", "2[]", "2[null]",
                                        "2[\"disconnect\"]", "4{\"message\":\"x\"}"}) {
        expect_end(attached(msgpack_message(text)));
    }
    for (const std::size_t depth : {511U, 512U, 100'000U}) {
        std::string nested = msgpack_message("2[\"x\",0]");
        nested.pop_back();
        nested += std::string(depth, '\x91') + '\x90';
        expect_end(attached(nested));
    }
    const auto session = joined();
    session->say(attached(whole));
    EXPECT_FALSE(session->is_closed());
}

TEST_F(SocketIoMsgpackHub, many_packets_at_once_are_taken_in_order_until_one_ends_it) {
    hub.of("/", logged())
        .on("n", [](Socket& socket, const Event& event) { socket.emit("n", event.raw()); })
        .on("throw", [](Socket&, const Event&) { throw std::runtime_error("as it must"); });
    const auto say_at_once = [this](PlayedEngineSession& session, int bad, std::string_view text) {
        std::vector<std::string> messages;
        for (int i = 0; i < 10; ++i) {
            messages.push_back(i == bad ? msgpack_message(text)
                                        : msgpack_message("2[\"n\"," + std::to_string(i) + "]"));
        }
        in_turn(loop, [&] {
            for (const std::string& each : messages) {
                session.guest().take(engineio::Packet::of_binary(attached(each)));
            }
        });
    };
    const auto well = joined();
    say_at_once(*well, 10, "");
    std::string all;
    for (int i = 0; i < 10; ++i) all += "event / \"n\" (" + std::to_string(i) + ")|";
    EXPECT_EQ(heard(*well), all);
    for (const std::string_view text : {"2[\"throw\"]", "3[]", "2[]"}) {
        const auto ill = joined();
        say_at_once(*ill, 2, text);
        EXPECT_EQ(heard(*ill), "event / \"n\" (0)|event / \"n\" (1)|") << text;
        EXPECT_TRUE(ill->is_closed());
    }
    const auto leaving = joined();
    say_at_once(*leaving, 2, "1");
    EXPECT_TRUE(leaving->is_closed()) << "it is in no namespace, and goes on";
    EXPECT_EQ(heard(*leaving), "event / \"n\" (0)|event / \"n\" (1)|");
}

TEST_F(SocketIoMsgpackHub, a_broadcast_reaches_those_who_are_there) {
    const test::Bytes bytes = from_hex("07");
    hub.of("/", logged()).on("all", [this](Socket& socket, const Event& event) {
        socket.disconnect(true);
        hub.of("/").emit("said", event.raw());
        socket.emit("late");
    });
    std::vector<std::unique_ptr<PlayedEngineSession>> sessions;
    for (int i = 0; i < 4; ++i) sessions.push_back(joined(i < 2 ? loop : loop_2));
    sessions[1]->accepted_count = 0;  // It drops all of it, not a part.
    say(*sessions[0], "51-[\"all\"," + std::string(one_attachment) + "]", {bytes});
    turn_all();
    const std::string said =
        "binary_event+1 / \"said\" (" + std::string(one_attachment) + ") <07>|";
    EXPECT_EQ(heard(*sessions[0]), "disconnect /|");
    EXPECT_EQ(heard(*sessions[1]), "");
    EXPECT_EQ(heard(*sessions[2]), said);
    EXPECT_EQ(heard(*sessions[3]), said);
    EXPECT_FALSE(sessions[1]->is_closed());
    sessions[1]->accepted_count = SIZE_MAX;
    hub.of("/").emit("more", binary(bytes));
    turn_all();
    EXPECT_EQ(heard(*sessions[1]),
              "binary_event+1 / \"more\" (" + std::string(one_attachment) + ") <07>|");
}

TEST_F(SocketIoMsgpackHub, all_of_many_are_asked) {
    std::vector<std::unique_ptr<PlayedEngineSession>> sessions;
    hub.of("/");
    for (Loop* const each : {&loop, &loop_2}) sessions.push_back(joined(*each));
    in_turn(loop, [this] {
        hub.of("/").broadcast().call("who", 10'000, [this](const Replies& replies) {
            EXPECT_TRUE(replies.is_complete());
            for (std::size_t i = 0; i < replies.size(); ++i) {
                log += std::string(replies[i]) + " ";
            }
        });
    });
    turn_all();
    for (const auto& each : sessions) {
        EXPECT_EQ(heard(*each), "event / 1 \"who\" ()|");
        say(*each, "31[\"I\",2]");
    }
    turn_all();
    EXPECT_EQ(take_log(), "\"I\",2 \"I\",2 ");
}

TEST_F(SocketIoMsgpackHub, acknowledges_later_elsewhere_and_by_any_thread) {
    std::vector<Ack> acks;
    hub.of("/admin").on("x",
                        [&](Socket&, const Event&, Ack ack) { acks.push_back(std::move(ack)); });
    const auto session = open();
    say(*session, "0/admin,");
    for (const std::string_view id : {"7", "8", "9"}) {
        say(*session, "2/admin," + std::string(id) + "[\"x\"]");
    }
    static_cast<void>(heard(*session));
    const test::Bytes bytes = from_hex("05");
    in_turn(loop, [&] { EXPECT_EQ(acks[0](json(1)), SendResult::sent); });
    EXPECT_EQ(heard(*session), "ack /admin 7 (1)|");
    session->move_to(loop_2);
    in_turn(loop, [&] { EXPECT_EQ(acks[1](json(2)), SendResult::queued); });
    std::thread([&] { EXPECT_EQ(acks[2](binary(bytes)), SendResult::queued); }).join();
    turn_all();
    EXPECT_EQ(heard(*session),
              "ack /admin 8 (2)|binary_ack+1 /admin 9 (" + std::string(one_attachment) + ") <05>|");
}

TEST_F(SocketIoMsgpackHub, an_ack_may_outlive_all) {
    Ack ack;
    {
        Hub other(Options{.parser = Parser::msgpack});
        other.of("/").on("x", [&](Socket&, const Event&, Ack given) { ack = std::move(given); });
        Loop there;
        PlayedEngineSession session(HubState::of(other), there);
        say(session, "0");
        say(session, "21[\"x\"]");
        ASSERT_TRUE(ack.wanted());
    }
    EXPECT_EQ(ack(json(1)), SendResult::closed);
}

TEST_F(SocketIoMsgpackHub, moves_with_its_rooms) {
    hub.of("/").on("join", [](Socket& socket, const Event&) { socket.join("r"); });
    const auto session = joined();
    say(*session, "2[\"join\"]");
    session->begin_move(loop_2);
    hub.of("/").to("r").emit("on the way", binary(from_hex("01")));
    turn_all();
    hub.of("/").to("r").emit("there");
    turn_all();
    EXPECT_EQ(heard(*session), "binary_event+1 / \"on the way\" (" + std::string(one_attachment) +
                                   ") <01>|event / \"there\" ()|");
}

TEST_F(SocketIoMsgpackHub, is_not_for_clients_of_socketio_2) {
    EXPECT_THROW(Hub(Options{.allows_eio3 = true, .parser = Parser::msgpack}),
                 std::invalid_argument);
}

// Of what one client may send.
class SocketIoMsgpackLimits : public SocketIoMsgpackHub {
  protected:
    SocketIoMsgpackLimits()
        : SocketIoMsgpackHub({.limits = {.namespace_size_max = 10,
                                         .auth_size_max = 20,
                                         .argument_count_max = 3,
                                         .attachment_count_max = 2,
                                         .attachments_size_max = 4},
                              .parser = Parser::msgpack}) {}
    void expect_end(std::string_view text, const Attachments& attachments = {}) {
        const auto session = joined();
        say(*session, text, attachments);
        EXPECT_TRUE(session->is_closed()) << text;
    }
};

TEST_F(SocketIoMsgpackLimits, are_those_of_the_other_parser) {
    hub.of("/").on(
        "x", [this](Socket&, const Event& event) { log += std::to_string(event.size()) + " "; });
    const auto session = joined();
    const std::string two = R"({"_placeholder":true,"num":0},{"_placeholder":true,"num":1})";
    const std::string three = two + R"(,{"_placeholder":true,"num":2})";
    const test::Bytes a = from_hex("01 02"), b = from_hex("03 04 05");
    say(*session, "2[\"x\",1,2,3]");
    say(*session, "52-[\"x\"," + two + "]", {a, a});
    EXPECT_EQ(take_log(), "3 2 ");
    say(*session, R"(0/other,{"token":"1234567890"})");
    say(*session, "0/123456789,");
    EXPECT_EQ(heard(*session), R"(connect_error /other {"message":"Invalid namespace"}|)"
                               R"(connect_error /123456789 {"message":"Invalid namespace"}|)");
    EXPECT_FALSE(session->is_closed());
    expect_end("2[\"x\",1,2,3,4]");
    expect_end("52-[\"x\"," + two + "]", {a, b});
    expect_end("53-[\"x\"," + three + "]", {test::Bytes{}, test::Bytes{}, test::Bytes{}});
    expect_end("0/1234567890,");
}

TEST_F(SocketIoMsgpackLimits, of_auth_refuse) {
    hub.of("/:name");
    const auto session = open();
    say(*session, R"(0/a,{"token":"12345678901"})");
    EXPECT_EQ(heard(*session), R"(connect_error /a {"message":"Too much to connect with"}|)");
    say(*session, R"(0/a,{"token":"1234567"})");
    EXPECT_TRUE(heard(*session).starts_with("connect /a "));
}

// Clients that come back.
class SocketIoMsgpackRecovery : public SocketIoMsgpackHub {
  protected:
    SocketIoMsgpackRecovery()
        : SocketIoMsgpackHub(
              {.recovery = {.max_disconnection_ms = 60'000}, .parser = Parser::msgpack}) {}
    static std::string value_of(const std::string& packet, std::string_view name) {
        const std::size_t begin = packet.find("\"" + std::string(name) + "\":\"");
        const std::size_t value = begin + name.size() + 4;
        return begin == std::string::npos ? ""
                                          : packet.substr(value, packet.find('"', value) - value);
    }
};

TEST_F(SocketIoMsgpackRecovery, what_was_missed_is_sent_again) {
    const test::Bytes bytes = from_hex("09");
    hub.of("/", logged())
        .on("join", [](Socket& socket, const Event&) { socket.join("r"); })
        .on("say", [](Socket& socket, const Event& event) { socket.emit("said", event.raw()); });
    auto session = open();
    say(*session, "0");
    const std::string connect = heard(*session);
    const std::string private_id = value_of(connect, "pid");
    EXPECT_EQ(private_id.size(), 20U) << connect;
    say(*session, "2[\"join\"]");
    say(*session, "2[\"say\",1]");
    EXPECT_EQ(heard(*session), "event / \"said\" (1, \"1\")|") << "the offset is the last argument";
    session->end(engineio::EndReason::transport_closed);
    hub.of("/").to("r").emit("missed", binary(bytes));
    hub.of("/").to("other").emit("not");
    turn_all();
    session = open(loop_2);
    say(*session, R"(0{"pid":")" + private_id + R"(","offset":"1"})");
    turn_all();
    EXPECT_EQ(heard(*session), connect + "binary_event+1 / \"missed\" (" +
                                   std::string(one_attachment) + ", \"2\") <09>|");
    EXPECT_EQ(take_log(), "+/ -/:transport close +/ ");
    EXPECT_EQ(ids.at(0), ids.at(1));
}

}  // namespace
}  // namespace edgews::sio
