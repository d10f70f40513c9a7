// Rooms, and what is said to many, on several loops.
#include <edgews/socketio.hpp>
#include "net/loop/reactor.hpp"
#include "net/socketio/hub_on_loop.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "hub_fixture.hpp"

namespace edgews::sio {
namespace {

using test::in_turn;
using test::PlayedEngineSession;

class SocketIoRooms : public test::HubFixture {
  protected:
    explicit SocketIoRooms(Options options = {}) : HubFixture(options) {
        hub.of("/", logged())
            .on("join",
                [this](Socket& socket, const Event& event) {
                    results.push_back(socket.join(event.get<std::string>(0)));
                })
            .on("leave", [this](Socket& socket, const Event& event) {
                results.push_back(socket.leave(event.get<std::string>(0)));
            });
    }
    void join(PlayedEngineSession& session, const std::string& room) {
        session.say("2[\"join\",\"" + room + "\"]");
    }
    void leave(PlayedEngineSession& session, const std::string& room) {
        session.say("2[\"leave\",\"" + room + "\"]");
    }
    [[nodiscard]] std::vector<bool> take_results() { return std::exchange(results, {}); }
    // Who has heard `event`, once.
    [[nodiscard]] std::string hearers(const std::string& event) {
        turn_all();
        std::string names;
        for (std::size_t i = 0; i < clients.size(); ++i) {
            const std::string heard = clients[i]->heard();
            if (heard == "2[\"" + event + "\"] ") {
                names += static_cast<char>('a' + i);
            } else {
                EXPECT_EQ(heard, "");
            }
        }
        return names;
    }
    // a, b on one loop, c, d on the other.
    void connect_four() {
        for (Loop* const each : {&loop, &loop, &loop_2, &loop_2}) {
            clients.push_back(connected(*each));
        }
    }

    std::vector<std::unique_ptr<PlayedEngineSession>> clients{};
    std::vector<bool> results{};
};

TEST_F(SocketIoRooms, a_room_is_joined_and_left_once) {
    const auto session = connected();
    join(*session, "r");
    join(*session, "r");
    leave(*session, "r");
    leave(*session, "r");
    leave(*session, "s");
    join(*session, ids[0]);
    EXPECT_EQ(take_results(), (std::vector<bool>{true, false, true, false, false, false}));
}

TEST_F(SocketIoRooms, everybody_gets_what_is_for_a_namespace) {
    connect_four();
    hub.of("/").emit("x");
    EXPECT_EQ(hearers("x"), "abcd");
    in_turn(loop_2, [this] { hub.of("/").emit("y"); });
    EXPECT_EQ(hearers("y"), "abcd");
}

TEST_F(SocketIoRooms, the_members_of_some_rooms_get_it_once_but_those_of_others) {
    connect_four();
    for (const int i : {0, 1, 2}) join(*clients[static_cast<std::size_t>(i)], "r");
    for (const int i : {1, 3}) join(*clients[static_cast<std::size_t>(i)], "s");
    join(*clients[2], "muted");
    hub.of("/").to("r").emit("x");
    EXPECT_EQ(hearers("x"), "abc");
    hub.of("/").to("r").to("s").emit("x");
    EXPECT_EQ(hearers("x"), "abcd");
    hub.of("/").to("r").to("s").except("muted").except(ids[0]).emit("x");
    EXPECT_EQ(hearers("x"), "bd");
    hub.of("/").broadcast().except("s").emit("x");
    EXPECT_EQ(hearers("x"), "ac");
    hub.of("/").to(ids[3]).to(ids[3]).emit("x");
    EXPECT_EQ(hearers("x"), "d");
    hub.of("/").to("nobody").emit("x");
    EXPECT_EQ(hearers("x"), "");
}

TEST_F(SocketIoRooms, a_broadcast_can_be_said_again) {
    connect_four();
    Broadcast some = hub.of("/").to(ids[0]);
    some.emit("x");
    Broadcast more = some;
    more.to(ids[2]);
    EXPECT_EQ(hearers("x"), "a");
    some.emit("y");
    EXPECT_EQ(hearers("y"), "a");
    more.emit("z");
    EXPECT_EQ(hearers("z"), "ac");
}

TEST_F(SocketIoRooms, others_are_joined_and_leave_and_are_disconnected) {
    connect_four();
    hub.of("/").to(ids[0]).to(ids[3]).join("r");
    turn_all();
    hub.of("/").to("r").emit("x");
    EXPECT_EQ(hearers("x"), "ad");
    hub.of("/").to(ids[0]).leave("r");
    turn_all();
    hub.of("/").to("r").emit("x");
    EXPECT_EQ(hearers("x"), "d");
    static_cast<void>(take_log());
    hub.of("/").to("r").disconnect(true);
    turn_all();
    EXPECT_EQ(clients[3]->heard(), "1 ");
    EXPECT_TRUE(clients[3]->is_closed());
    hub.of("/").to(ids[1]).disconnect();
    turn_all();
    EXPECT_EQ(clients[1]->heard(), "1 ");
    EXPECT_FALSE(clients[1]->is_closed());
    EXPECT_EQ(take_log(), "-/:server namespace disconnect -/:server namespace disconnect ");
}

TEST_F(SocketIoRooms, a_socket_that_ends_is_in_no_room) {
    connect_four();
    for (const auto& client : clients) join(*client, "r");
    clients[0]->say("1");
    clients[2]->end(engineio::EndReason::transport_closed);
    hub.of("/").to("r").emit("x");
    EXPECT_EQ(hearers("x"), "bd");
    clients[0]->say("0");
    static_cast<void>(clients[0]->heard());
    hub.of("/").to("r").emit("x");
    EXPECT_EQ(hearers("x"), "bd");
}

TEST_F(SocketIoRooms, each_thread_s_words_come_in_their_order_on_every_loop) {
    connect_four();
    std::thread([this] {
        for (int i = 0; i < 50; ++i) hub.of("/").emit("x", json(i));
    }).join();
    turn_all();
    std::string expected;
    for (int i = 0; i < 50; ++i) expected += "2[\"x\"," + std::to_string(i) + "] ";
    for (const auto& client : clients) EXPECT_EQ(client->heard(), expected);
}

TEST_F(SocketIoRooms, attachments_follow_their_event_without_anything_between) {
    connect_four();
    in_turn(loop, [this] {
        hub.of("/").emit("x", binary(test::attached("1")), binary(test::attached("2")));
        hub.of("/").emit("y");
    });
    turn_all();
    for (const auto& client : clients) {
        EXPECT_EQ(client->heard(),
                  "52-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}] "
                  "<1> <2> 2[\"y\"] ");
    }
}

TEST_F(SocketIoRooms, joining_and_leaving_take_no_longer_for_many_members) {
    // Both sides know their places: whoever is in the middle leaves, and all others stay.
    constexpr std::size_t count = 40;
    for (std::size_t i = 0; i < count; ++i) {
        clients.push_back(connected());
        join(*clients.back(), "r");
        join(*clients.back(), i % 2 == 0 ? "even" : "odd");
    }
    for (std::size_t i = 0; i < count; i += 3) leave(*clients[i], "r");
    hub.of("/").to("r").emit("x");
    turn_all();
    for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(clients[i]->heard(), i % 3 == 0 ? "" : "2[\"x\"] ") << i;
    }
    hub.of("/").to("even").emit("x");
    turn_all();
    for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(clients[i]->heard(), i % 2 == 0 ? "2[\"x\"] " : "") << i;
    }
}

class SocketIoFewRooms : public SocketIoRooms {
  protected:
    SocketIoFewRooms()
        : SocketIoRooms(Options{.limits = {.room_count_max = 2, .room_size_max = 3}}) {}
};

TEST_F(SocketIoFewRooms, limits_of_rooms_are_kept) {
    const auto session = connected();
    join(*session, "long");
    join(*session, "a");
    join(*session, "b");
    join(*session, "c");
    leave(*session, "a");
    join(*session, "c");
    EXPECT_EQ(take_results(), (std::vector<bool>{false, true, true, false, true, true}));
}

// A part of it may be a client's text.
TEST_F(SocketIoRooms, nothing_is_said_to_a_namespace_that_no_packet_can_name) {
    const auto session = connected();
    for (const std::string_view name : {"", "x", "/a,b", "/a\n", "/\xff"}) {
        EXPECT_EQ(hub.in(name).emit("x"), SendResult::invalid);
        EXPECT_EQ(hub.in(name).call("x", 1, [](const Replies&) {}), SendResult::invalid);
        hub.in(name).join("r");
    }
    turn_all();
    EXPECT_EQ(session->heard(), "");
}

}  // namespace
}  // namespace edgews::sio
