// Connection state recovery: who comes back, and with what.
#include <edgews/socketio.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "recovery_fixture.hpp"

namespace edgews::sio {
namespace {

using engineio::EndReason;
using test::ReturningClient;

class SocketIoRecovery : public test::RecoveryFixture {
  protected:
    using RecoveryFixture::RecoveryFixture;
};

TEST_F(SocketIoRecovery, what_is_sent_again_has_an_offset_at_its_end) {
    const auto client = connected();
    client->session().say("2[\"say\",1,\"two\"]");
    EXPECT_EQ(client->session().heard(), "2[\"said\",1,\"two\",\"1\"] ");
    hub.of("/").emit("x");
    hub.of("/").to("r").emit("bytes", binary(test::attached("b")));
    hub.of("/").broadcast().unreliable().emit("maybe", json("s"));
    hub.of("/").broadcast().call("ask", 10, [](const Replies&) {});
    turn_all();
    const std::string heard = client->session().heard();
    EXPECT_TRUE(
        heard.starts_with("2[\"x\",\"2\"] "
                          "51-[\"bytes\",{\"_placeholder\":true,\"num\":0},\"3\"] <b> "
                          "2[\"maybe\",\"s\"] 2"))
        << heard;
    EXPECT_TRUE(heard.ends_with("[\"ask\"] ")) << heard;
}

TEST_F(SocketIoRecovery, a_client_comes_back_as_who_it_was_and_gets_what_it_missed) {
    const auto client = connected();
    const auto other = connected();
    client->session().say("2[\"own\",\"Ada's\"]");
    hub.of("/").emit("before");
    turn_all();
    EXPECT_EQ(client->read(), "2[\"before\"] ");
    const std::string id = client->id();
    client->end();
    EXPECT_EQ(take_log(), "new new -transport close ");
    hub.of("/").emit("to_all", json(1));
    hub.of("/").to("r").emit("to_room");
    hub.of("/").to("s").emit("to_another_room");
    hub.of("/").broadcast().except("r").emit("but_not_to_it");
    hub.of("/").to(id).emit("to_it");
    hub.of("/").to(other->id()).emit("to_the_other");
    hub.of("/").broadcast().unreliable().emit("maybe");
    hub.in("/elsewhere").emit("elsewhere");
    turn_all();
    client->connect(loop);
    EXPECT_EQ(client->read(), "2[\"to_all\",1] 2[\"to_room\"] 2[\"to_it\"] ");
    EXPECT_TRUE(client->is_recovered());
    EXPECT_EQ(client->id(), id);
    EXPECT_EQ(take_log(), "back ");
    hub.of("/").to("r").emit("after");
    turn_all();
    EXPECT_EQ(client->read(), "2[\"after\"] ");
    client->session().say("1");
    EXPECT_EQ(take_log(), "-client namespace disconnect ");
    EXPECT_EQ(take_gone(), "Ada's ");
}

TEST_F(SocketIoRecovery, what_was_on_its_way_when_the_connection_was_lost_comes_again) {
    const auto client = connected();
    client->session().say("2[\"say\",1]");
    hub.of("/").emit("x", binary(test::attached("bytes")));
    client->session().say("2[\"others\",0]");
    turn_all();
    client->session().say("2[\"say\",2]");
    EXPECT_EQ(client->read(1), "2[\"said\",1] ");
    EXPECT_EQ(come_back(*client),
              "51-[\"x\",{\"_placeholder\":true,\"num\":0},\"2\"] "
              "<bytes> 2[\"said\",2] ");
    EXPECT_TRUE(client->is_recovered());
    EXPECT_EQ(come_back(*client), "");
    EXPECT_TRUE(client->is_recovered());
}

TEST_F(SocketIoRecovery, one_that_has_got_nothing_gets_all) {
    hub.of("/").emit("before");
    const auto client = connected();
    hub.of("/").emit("x");
    turn_all();
    EXPECT_EQ(come_back(*client), "2[\"x\"] ");
    EXPECT_TRUE(client->is_recovered());
}

// As often as it likes, to whichever loop, and also if nothing of it is read.
TEST_F(SocketIoRecovery, it_comes_back_again_and_again) {
    const auto client = connected();
    std::string missed;
    for (int i = 0; i < 20; ++i) {
        hub.of("/").emit("x", json(i));
        missed += "2[\"x\"," + std::to_string(i) + "] ";
        turn_all();
        client->end();
        client->connect(i % 2 == 0 ? loop_2 : loop);
        turn_all();
    }
    EXPECT_EQ(client->read(), missed);
    EXPECT_TRUE(client->is_recovered());
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(come_back(*client, i % 2 == 0 ? loop_2 : loop), "");
        ASSERT_TRUE(client->is_recovered());
    }
}

TEST_F(SocketIoRecovery, offsets_hold_when_it_has_changed_its_loop) {
    const auto client = connected();
    client->session().say("2[\"say\",1]");
    client->session().say("2[\"say\",2]");
    client->session().move_to(loop_2);
    client->session().say("2[\"say\",3]");
    EXPECT_EQ(client->read(1), "2[\"said\",1] ");
    hub.of("/").emit("x");
    EXPECT_EQ(come_back(*client), "2[\"said\",2] 2[\"said\",3] 2[\"x\"] ");
}

// --- Who does not come back --------------------------------------------------

TEST_F(SocketIoRecovery, only_a_connection_that_was_lost_is_recovered) {
    struct Row {
        std::string_view name;
        std::string_view says;  // Nothing: its session ends for that reason.
        EndReason reason;
        bool is_recovered;
    };
    constexpr Row rows[] = {
        {"transport", {}, EndReason::transport_closed, true},
        {"CLOSE", {}, EndReason::client_closed, true},
        {"ping", {}, EndReason::ping_timeout, true},
        {"a rule of Engine.IO", {}, EndReason::packet_malformed, false},
        {"shutdown", {}, EndReason::shutting_down, false},
        {"a rule of Socket.IO", "7", EndReason::transport_closed, false},
        {"DISCONNECT", "1", EndReason::transport_closed, false},
        {"Socket::disconnect()", "2[\"leave\"]", EndReason::transport_closed, false},
        {"a handler that throws", "2[\"throw\"]", EndReason::transport_closed, false},
    };
    for (const Row& row : rows) {
        const auto client = connected();
        const std::string id = client->id();
        if (!row.says.empty()) client->session().say(row.says);
        client->end(row.reason);
        EXPECT_EQ(absent_count(), row.is_recovered ? 1U : 0U) << row.name;
        client->connect(loop);
        EXPECT_EQ(client->read(), "") << row.name;
        EXPECT_EQ(client->is_recovered(), row.is_recovered) << row.name;
        EXPECT_EQ(client->id() == id, row.is_recovered) << row.name;
        client->session().say("1");
    }
}

TEST_F(SocketIoRecovery, what_a_client_claims_falsely_makes_it_a_new_one) {
    for (const std::string_view offset : {"\"\"", "\"x\"", "\"-1\"", "\"99\"", "\"1 \"", "1", "{}",
                                          "null", "\"99999999999999999999999999\""}) {
        const auto client = connected();
        client->session().say("2[\"say\",1]");
        static_cast<void>(client->read());
        const auto claim = [&](std::string_view id) {
            const auto session = open();
            session->say("0{\"pid\":" + std::string(id) + ",\"offset\":" + std::string(offset) +
                         "}");
            return session->heard();
        };
        client->end();
        log.clear();
        for (const std::string& id : {"\"" + client->private_id_ + "\"", std::string("\"x\""),
                                      std::string("7"), std::string("null")}) {
            EXPECT_TRUE(claim(id).starts_with("0{\"sid\":\"")) << offset;
            EXPECT_EQ(take_log(), "new -transport close ") << offset;
        }
    }
}

TEST_F(SocketIoRecovery, it_is_known_in_its_own_namespace_only) {
    hub.of("/b", noted());
    const auto client = connected();
    client->end();
    const auto session = open();
    session->say(client->connect_packet().insert(1, "/b,"));
    EXPECT_EQ(session->heard().find(client->private_id_), std::string::npos);
    client->connect(loop);
    EXPECT_EQ(client->read(), "");
    EXPECT_TRUE(client->is_recovered());
    // And each is recovered for itself.
    client->session().say("0/b,");
    client->end();
    EXPECT_EQ(absent_count(), 2U);
}

class SocketIoRecoveryInTime : public SocketIoRecovery {
  protected:
    SocketIoRecoveryInTime() : SocketIoRecovery(RecoveryOptions{.max_disconnection_ms = 2}) {}
};

TEST_F(SocketIoRecoveryInTime, one_that_comes_too_late_is_a_new_one_and_its_data_go) {
    const auto client = connected();
    client->session().say("2[\"own\",\"Ada's\"]");
    client->end();
    while (gone->empty()) loop.poll(1);
    EXPECT_EQ(take_gone(), "Ada's ");
    EXPECT_EQ(absent_count(), 0U);
    EXPECT_EQ(log_size(), 0U);
    client->connect(loop);
    EXPECT_EQ(client->read(), "");
    EXPECT_FALSE(client->is_recovered());
}

TEST_F(SocketIoRecoveryInTime, a_crowd_whose_time_is_over_at_once_goes) {
    std::vector<std::unique_ptr<ReturningClient>> clients;
    for (int i = 0; i < 300; ++i) clients.push_back(connected());
    clients.front()->session().say("2[\"own\",\"first\"]");
    clients.back()->session().say("2[\"own\",\"last\"]");
    for (const auto& each : clients) each->session().close(EndReason::transport_closed);
    loop.poll(0);
    EXPECT_EQ(absent_count(), 300U);
    while (absent_count() > 0) loop.poll(1);
    EXPECT_EQ(take_gone(), "first last ");
    EXPECT_EQ(log_size(), 0U);
}

class SocketIoRecoveryOfFew : public SocketIoRecovery {
  protected:
    SocketIoRecoveryOfFew()
        : SocketIoRecovery(RecoveryOptions{
              .max_disconnection_ms = 60'000, .ring_size_max = 4'096, .absent_count_max = 2}) {}
};

TEST_F(SocketIoRecoveryOfFew, of_too_many_the_one_that_has_been_away_for_longest_goes) {
    std::vector<std::unique_ptr<ReturningClient>> clients;
    for (const char* const name : {"a", "b", "c"}) {
        clients.push_back(connected());
        clients.back()->session().say("2[\"own\",\"" + std::string(name) + "\"]");
    }
    for (const auto& each : clients) each->end();
    EXPECT_EQ(take_gone(), "a ");
    for (const auto& each : clients) {
        each->connect(loop);
        static_cast<void>(each->read());
        EXPECT_EQ(each->is_recovered(), each != clients[0]);
    }
}

TEST_F(SocketIoRecoveryOfFew, one_that_has_missed_more_than_is_kept_is_a_new_one) {
    const auto client = connected();
    client->session().say("2[\"say\",1]");
    static_cast<void>(client->read());
    client->end();
    const std::string text = "\"" + std::string(1'000, 'x') + "\"";
    for (int i = 0; i < 100; ++i) {
        hub.of("/").emit("x", raw(text));
        turn_all();
        EXPECT_LE(log_size(), 4'096U);
    }
    client->connect(loop);
    EXPECT_EQ(client->read(), "");
    EXPECT_FALSE(client->is_recovered());
}

// The events of others take the place of its last one, and it has missed nothing.
TEST_F(SocketIoRecoveryOfFew, one_that_had_been_told_nothing_for_long_comes_back) {
    const auto client = connected();
    client->session().say("2[\"say\",1]");
    EXPECT_EQ(client->read(), "2[\"said\",1] ");
    const std::string text = "\"" + std::string(1'000, 'x') + "\"";
    for (int i = 0; i < 100; ++i) hub.in("/elsewhere").emit("x", raw(text));
    turn_all();
    client->end();
    hub.of("/").emit("y");
    EXPECT_EQ(come_back(*client), "2[\"y\"] ");
    EXPECT_TRUE(client->is_recovered());
}

TEST_F(SocketIoRecoveryOfFew, nothing_is_kept_where_nobody_could_come_back) {
    hub.of("/").emit("x");
    EXPECT_EQ(log_size(), 0U);
    const auto client = connected();
    hub.of("/").emit("x");
    EXPECT_GT(log_size(), 0U);
    client->session().say("1");
    EXPECT_EQ(log_size(), 0U);
}

class SocketIoRecoveryOfLittle : public SocketIoRecovery {
  protected:
    SocketIoRecoveryOfLittle()
        : SocketIoRecovery(Options{.recovery = test::recovery_options,
                                   .websocket = {.backlog_size_max = 1'000}}) {}
};

// It would be lost again at once, and come back for ever.
TEST_F(SocketIoRecoveryOfLittle, one_for_which_there_is_no_room_for_what_it_missed_is_a_new_one) {
    const auto client = connected();
    client->session().say("2[\"own\",\"a\"]");
    client->end();
    const std::string text = "\"" + std::string(300, 'x') + "\"";
    hub.of("/").emit("x", raw(text));
    client->connect(loop);
    EXPECT_EQ(client->read(), "2[\"x\"," + text + "] ");
    EXPECT_TRUE(client->is_recovered());
    client->end();
    hub.of("/").emit("x", raw(text));
    hub.of("/").emit("x", raw(text));
    client->connect(loop);
    EXPECT_EQ(client->read(), "");
    EXPECT_FALSE(client->is_recovered());
    EXPECT_EQ(take_gone(), "a ");
}

TEST(SocketIoRecoveryHub, a_hub_that_goes_destroys_the_data_of_those_who_are_away) {
    struct Owned {
        std::shared_ptr<int> held{};
    };
    const auto held = std::make_shared<int>();
    {
        Hub hub({.recovery = test::recovery_options});
        hub.of("/", {.connected = [&held](Socket& socket) { socket.data<Owned>().held = held; }});
        Loop loop;
        ReturningClient client(hub);
        client.connect(loop);
        client.end();
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
}

// --- What is said to rooms meanwhile -----------------------------------------

TEST_F(SocketIoRecovery, those_who_are_away_are_counted) {
    const auto stats = [this] {
        HubStats told;
        EXPECT_TRUE(hub.stats([&told](const HubStats& known) { told = known; }));
        turn_all();
        return told;
    };
    hub.of("/side");
    const auto client = connected(loop_2);
    client->session().say("0/side,");
    const auto other = connected();
    EXPECT_EQ(stats().absent_count, 0U);
    client->end();
    EXPECT_EQ(stats().absent_count, 2U);
    ASSERT_EQ(stats().namespaces.size(), 1U);
    EXPECT_EQ(stats().namespaces[0].socket_count, 1U);
    EXPECT_EQ(come_back(*client), "");
    EXPECT_EQ(stats().absent_count, 1U);
    EXPECT_EQ(stats().namespaces[0].socket_count, 2U);
    client->session().say("1");
    client->end();
    EXPECT_EQ(stats().absent_count, 1U);
}

TEST_F(SocketIoRecovery, it_joins_and_leaves_as_it_is_told_while_it_is_away) {
    const auto client = connected();
    client->end();
    hub.of("/").to("s").emit("too_early");
    hub.of("/").to("r").join("s");
    hub.of("/").to("s").emit("x");
    hub.of("/").to("s").leave("r");
    hub.of("/").to("r").emit("too_late");
    turn_all();
    client->connect(loop);
    EXPECT_EQ(client->read(), "2[\"x\"] ");
    hub.of("/").to("s").emit("y");
    hub.of("/").to("r").emit("z");
    turn_all();
    EXPECT_EQ(client->read(), "2[\"y\"] ");
}

TEST_F(SocketIoRecovery, one_that_is_disconnected_while_it_is_away_does_not_come_back) {
    const auto client = connected();
    client->session().say("2[\"own\",\"a\"]");
    client->end();
    hub.of("/").to("r").disconnect();
    client->connect(loop);
    EXPECT_EQ(client->read(), "");
    EXPECT_FALSE(client->is_recovered());
    EXPECT_EQ(take_gone(), "a ");
}

// --- Handlers ----------------------------------------------------------------

TEST_F(SocketIoRecovery, who_is_told_of_its_return_may_speak) {
    const auto client = connected();
    client->end();
    hub.of("/").emit("x");
    on_connected = [this](Socket& socket) {
        EXPECT_TRUE(socket.is_recovered());
        EXPECT_TRUE(socket.is_in("r"));
        hub.of("/").to("r").emit("y");
        socket.emit("z");
    };
    client->connect(loop_2);
    EXPECT_EQ(client->read(), "2[\"x\"] 2[\"y\"] 2[\"z\"] ");
    EXPECT_EQ(come_back(*client, loop_2), "2[\"y\"] 2[\"z\"] ");
}

TEST_F(SocketIoRecovery, who_is_told_of_its_return_may_send_it_away) {
    const auto client = connected();
    client->end();
    on_connected = [](Socket& socket) { socket.disconnect(); };
    client->connect(loop);
    EXPECT_EQ(client->read(), "1 ");
    client->end();
    EXPECT_EQ(absent_count(), 0U);
    client->connect(loop);
    on_connected = [](Socket&) { throw std::runtime_error("as it must"); };
    client->end();
    EXPECT_EQ(take_log(),
              "new -transport close back -server namespace disconnect "
              "new -server namespace disconnect ");
}

// Its session is broken, and nobody has told it so.
TEST_F(SocketIoRecovery, what_it_is_told_when_its_session_has_just_ended_waits_for_it) {
    const auto client = connected();
    loop.post([&] {
        client->session().close(EndReason::transport_closed);
        hub.of("/").emit("x");
    });
    loop.poll(0);
    client->connect(loop);
    EXPECT_EQ(client->read(), "2[\"x\"] ");
    EXPECT_TRUE(client->is_recovered());
}

TEST_F(SocketIoRecovery, what_is_said_when_it_is_told_of_as_gone_is_missed) {
    const auto client = connected();
    on_disconnected = [this](Socket& socket) {
        hub.of("/").to(socket.id()).emit("x");
        socket.to("r").emit("to_others");
        EXPECT_EQ(socket.emit("too_late"), SendResult::closed);
    };
    EXPECT_EQ(come_back(*client), "2[\"x\"] ");
}

}  // namespace
}  // namespace edgews::sio
