// A client that comes back before its loss was noticed: the old session ends first.
#include <edgews/socketio.hpp>
#include "net/loop/reactor.hpp"
#include "net/socketio/hub_on_loop.hpp"

#include <gtest/gtest.h>

#include <string>

#include "recovery_fixture.hpp"

namespace edgews::sio {
namespace {

using engineio::EndReason;

class SocketIoTakeover : public test::RecoveryFixture {
  protected:
    void expect_takeover(Loop& from, Loop& to) {
        const auto client = connected(from);
        client->session().say("2[\"own\",\"a\"]");
        client->session().say("2[\"say\",1]");
        const std::string id = client->id();
        log.clear();
        client->lose();
        hub.of("/").emit("x");
        client->connect(to);
        turn_all();
        EXPECT_EQ(client->read(), "2[\"said\",1] 2[\"x\"] ");
        EXPECT_TRUE(client->is_recovered());
        EXPECT_EQ(client->id(), id);
        EXPECT_TRUE(client->lost()->is_closed());
        EXPECT_EQ(take_log(), "-transport close back ");
        EXPECT_EQ(take_gone(), "");
    }
};

TEST_F(SocketIoTakeover, the_old_session_ends_first) {
    expect_takeover(loop, loop);
    expect_takeover(loop, loop_2);
}

TEST_F(SocketIoTakeover, the_old_session_is_found_wherever_it_is_by_then) {
    for (int turns = 0; turns < 4; ++turns) {
        const auto client = connected();
        client->session().begin_move(loop_2);
        for (int i = 0; i < turns; ++i) (i % 2 == 0 ? loop_2 : loop).poll(0);
        client->connect(loop);
        hub.of("/").emit("x");
        turn_all();
        turn_all();
        EXPECT_EQ(client->read(), "2[\"x\"] ") << turns;
        EXPECT_TRUE(client->is_recovered()) << turns;
        client->session().say("1");
    }
}

TEST_F(SocketIoTakeover, the_new_session_is_found_wherever_it_is_by_then) {
    const auto client = connected();
    client->connect(loop_2);  // The old loop has yet to turn.
    client->session().begin_move(loop);
    hub.of("/").emit("x");
    turn_all();
    turn_all();
    EXPECT_EQ(client->read(), "2[\"x\"] ");
    EXPECT_TRUE(client->is_recovered());
}

TEST_F(SocketIoTakeover, one_that_waits_may_go) {
    const auto client = connected();
    client->connect(loop_2);
    client->session().end(EndReason::transport_closed);
    turn_all();
    EXPECT_EQ(absent_count(), 1U);
    client->connect(loop_2);
    EXPECT_EQ(client->read(), "");
    EXPECT_TRUE(client->is_recovered());
    EXPECT_EQ(take_log(), "new -transport close back ");
}

// It is lost like the old one, and nobody has noticed.
TEST_F(SocketIoTakeover, another_waits_in_the_place_of_one_that_came_before) {
    const auto client = connected();
    const auto first = open(loop_2);
    first->say(client->connect_packet());
    client->connect(loop_2);
    turn_all();
    EXPECT_EQ(first->heard(), "4{\"message\":\"It came back elsewhere\"} ");
    EXPECT_EQ(client->read(), "");
    EXPECT_TRUE(client->is_recovered());
    EXPECT_EQ(take_log(), "new -transport close back ");
}

// What was to end the old one may come when that has ended, and the client is back in its place.
TEST_F(SocketIoTakeover, the_new_session_is_not_taken_for_the_old_one) {
    const auto client = connected();
    client->end();
    client->connect(loop);
    EXPECT_EQ(client->read(), "");
    HubState::of(hub).on_loop(Reactor::of(loop)).post_overtaken(client->private_id_);
    turn_all();
    EXPECT_FALSE(client->session().is_closed());
    EXPECT_EQ(take_log(), "new -transport close back ");
}

TEST_F(SocketIoTakeover, the_old_session_may_end_for_good_meanwhile) {
    const auto client = connected();
    loop.post([&guest = client->session().guest()] {
        guest.take(engineio::Packet::of_text(engineio::PacketType::message, "1"));
    });
    client->connect(loop_2);
    EXPECT_EQ(client->session().heard(), "");
    turn_all();
    EXPECT_EQ(client->read(), "");
    EXPECT_FALSE(client->is_recovered());
    EXPECT_EQ(take_log(), "new -client namespace disconnect new ");
}

// The private id is a secret, so both are the client's.
TEST_F(SocketIoTakeover, of_two_that_come_at_once_one_is_recovered) {
    const auto client = connected();
    const std::string packet = client->connect_packet();
    const auto second = open(loop_2);
    const auto third = open(loop);
    loop_2.post([&] {
        second->guest().take(engineio::Packet::of_text(engineio::PacketType::message, packet));
    });
    loop.post([&] {
        third->guest().take(engineio::Packet::of_text(engineio::PacketType::message, packet));
    });
    turn_all();
    turn_all();
    const auto has_it = [&](const std::string& heard) {
        return heard.find(client->private_id_) != std::string::npos;
    };
    const std::string heard = second->heard();
    const std::string third_heard = third->heard();
    EXPECT_TRUE(heard.starts_with("4{") || third_heard.starts_with("4{"));
    EXPECT_NE(has_it(heard), has_it(third_heard));
    EXPECT_TRUE(client->session().is_closed());
}

TEST_F(SocketIoTakeover, an_id_that_is_used_twice_is_that_of_the_last_one) {
    const auto client = connected();
    const std::string packet = client->connect_packet();
    client->end();
    const auto second = open();
    second->say(packet);
    const auto third = open(loop_2);
    third->say(packet);
    turn_all();
    EXPECT_TRUE(second->is_closed());
    EXPECT_FALSE(third->is_closed());
    EXPECT_NE(third->heard().find(client->private_id_), std::string::npos);
    EXPECT_EQ(take_log(), "new -transport close back -transport close back ");
}

}  // namespace
}  // namespace edgews::sio
