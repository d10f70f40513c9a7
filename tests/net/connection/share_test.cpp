// What one connection may do in a turn: whoever floods the server, the others have their turn.
#include <edgews/server.hpp>

#include <edgews/stomp_broker.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "tests/net/stomp/stomp_server.hpp"
#include "tests/support/stomp_frames.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

// Where in the notes the bystander's "x" stands.
std::size_t place_of_bystander(const List& notes) {
    return static_cast<std::size_t>(std::find(notes.begin(), notes.end(), "x") - notes.begin());
}

Handlers noting(Notes& notes) {
    return {.message = [&notes](Connection&, Message m) { notes.add(std::string(m.text())); }};
}

Bytes repeated(const Bytes& bytes, std::size_t count) {
    Bytes all;
    for (std::size_t i = 0; i < count; ++i) all.insert(all.end(), bytes.begin(), bytes.end());
    return all;
}

TEST(Share, small_frames_cost_more_than_their_bytes) {
    Notes notes;
    TestServer server;
    server->ws("/", noting(notes));
    server.start();
    TestClient flooder = server.open();
    TestClient bystander = server.open();
    constexpr std::size_t count = 10'000;
    server.on_loop([&] {
        flooder.send(repeated(client_frame(0x81, ""), count));
        bystander.send_text("x");
    });
    const List all = notes.wait_for(count + 1);  // And none is lost.
    EXPECT_LT(place_of_bystander(all), 4'000U);
}

TEST(Share, what_comes_right_behind_the_handshake_has_no_other) {
    Notes notes;
    TestServer server;
    server->ws("/", noting(notes));
    server.start();
    TestClient flooder = server.connect();
    constexpr std::size_t count = 10'000;
    server.on_loop([&] {
        flooder.send(bytes_of(TestClient::upgrade_head()) +
                     repeated(client_frame(0x81, ""), count));
    });
    EXPECT_EQ(notes.wait_for(count).size(), count);
}

TEST(Share, what_goes_to_many_costs_for_each_of_them) {
    Notes notes;
    TestServer server;
    server->ws("/room", {.open = [](Connection& c) { c.subscribe("room"); },
                         .message =
                             [&notes](Connection& c, Message m) {
                                 notes.add("published");
                                 c.publish("room", m);
                             }});
    server->ws("/", noting(notes));
    server.start();
    std::vector<TestClient> room;
    for (int i = 0; i < 50; ++i) room.push_back(server.open("/room"));
    TestClient bystander = server.open();
    constexpr std::size_t count = 1'000;
    server.on_loop([&] {
        room[0].send(repeated(client_frame(0x81, ""), count));
        bystander.send_text("x");
    });
    EXPECT_LT(place_of_bystander(notes.wait_for(count + 1)), 200U);
    for (std::size_t i = 0; i < count; ++i) room[49].expect_text("");
}

TEST(Share, who_pauses_and_resumes_within_it_loses_nothing) {
    Notes notes;
    Handle handle;
    TestServer server;
    server->ws("/", {.open = [&](Connection& c) { handle = c.handle(); },
                     .message =
                         [&](Connection& c, Message m) {
                             notes.add(std::string(m.text()));
                             if (m.text() == "pause") c.pause_reading();
                         }});
    server.start();
    TestClient client = server.open();
    Bytes all;
    for (int i = 0; i < 10; ++i) {
        all =
            std::move(all) + repeated(client_frame(0x81, "x"), 1'999) + client_frame(0x81, "pause");
    }
    client.send(all);
    for (std::size_t i = 1; i <= 10; ++i) {
        EXPECT_EQ(notes.wait_for(2'000 * i).size(), 2'000 * i);
        handle.post([](Connection& c) { c.resume_reading(); });
    }
    client.close_cleanly();
}

// ---- HTTP and STOMP --------------------------------------------------------

TEST(Share, pipelined_requests_are_served_by_turns) {
    Notes notes;
    TestServer server({.requests_per_connection_max = 0});
    server->get("/:who", [&](const Request& request, Response& response) {
        notes.add(*request.parameter("who"));
        response.body = *request.parameter("who");
    });
    server.start();
    TestClient flooder = server.connect();
    TestClient bystander = server.connect();
    constexpr std::size_t count = 2'000;
    std::string requests;
    for (std::size_t i = 0; i < count; ++i) requests += TestClient::get_head("/flood");
    server.on_loop([&] {
        flooder.send(requests);
        bystander.send(TestClient::get_head("/x"));
    });
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(flooder.read_reply().body, "flood");
    EXPECT_EQ(bystander.read_reply().body, "x");
    EXPECT_LT(place_of_bystander(notes.wait_for(count + 1)), 200U);
}

TEST(Share, frames_of_stomp_are_carried_out_by_turns) {
    Notes notes;
    StompBroker broker({}, {.message = [&](const StompClient&, const stomp::Frame& send) {
                           notes.add(text_of(send.body));
                           return true;
                       }});
    TestServer server;
    ASSERT_FALSE(broker.listen(*server.operator->(), {.host = "127.0.0.1"}));
    server.start();
    const Bytes connect = stomp_bytes("CONNECT\naccept-version:1.2\nhost:x\n\n");
    TestClient flooder = server.connect();
    TestClient bystander = server.connect();
    flooder.send(connect);
    bystander.send(connect);
    server.wait_for(Counter::connections_open, 2);
    constexpr std::size_t count = 2'000;
    const Bytes flood = repeated(stomp_bytes("SEND\ndestination:/topic/a\n\nf"), count);
    server.on_loop([&] {
        flooder.send(flood);
        bystander.send(stomp_bytes("SEND\ndestination:/topic/a\n\nx"));
    });
    EXPECT_LT(place_of_bystander(notes.wait_for(count + 1)), 1'000U);
}

// A reset takes nothing back, also where it has to wait for its turn.
TEST(Share, frames_that_wait_for_their_turn_are_carried_out_after_a_reset) {
    Notes notes;
    StompBroker broker({}, {.message = [&](const StompClient&, const stomp::Frame& send) {
                           notes.add(text_of(send.body));
                           return true;
                       }});
    constexpr std::size_t count = 2'000;
    const Bytes connect = stomp_bytes("CONNECT\naccept-version:1.2\nhost:x\n\n");
    const Bytes send = stomp_bytes("SEND\ndestination:/topic/a\n\nx");
    const Bytes flood =
        connect + stomp_bytes("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n") + repeated(send, count);
    TestServer tcp_server;
    ASSERT_FALSE(broker.listen(*tcp_server.operator->(), {.host = "127.0.0.1"}));
    tcp_server.start();
    TestClient over_tcp = tcp_server.connect();
    tcp_server.on_loop([&] {
        over_tcp.send(flood);
        over_tcp.reset();
    });
    EXPECT_EQ(notes.wait_for(count).size(), count);
    tcp_server.wait_for(Counter::connections_open, 0);

    TestServer server;
    broker.attach(*server.operator->(), "/ws");
    server.start();
    TestClient over_websocket = server.open("/ws");
    server.on_loop([&] {
        over_websocket.send(client_frame(0x82, flood));
        over_websocket.reset();
    });
    EXPECT_EQ(notes.wait_for(2 * count).size(), 2 * count);

    // Of many messages, those come to a session that rests.
    TestClient in_messages = server.open("/ws");
    server.on_loop([&] {
        in_messages.send(client_frame(0x82, connect) +
                         repeated(client_frame(0x82, send), count / 2));
        in_messages.reset();
    });
    EXPECT_EQ(notes.wait_for(2 * count + count / 2).size(), 2 * count + count / 2);
}

// What it was told when it waited for room before is no reason to go on with a share that is used
// up.
TEST(Share, one_who_has_waited_for_room_before_may_have_to_again) {
    StompServer server(
        {.broker = {.queue = {.message_count_max = 2, .when_full = stomp::WhenFull::block}}});
    StompPeer joe = server.connect(Over::tcp);
    StompPeer ann = server.connect(Over::tcp);
    joe.subscribe("/topic/x");
    for (const std::size_t count : {300U, 600U, 900U, 1'200U}) {
        for (int i = 0; i < 3; ++i) joe.send("/queue/q", "q");
        ann.subscribe("/queue/q");
        for (int i = 0; i < 3; ++i) (void)ann.hear("MESSAGE");
        ann.say("UNSUBSCRIBE\nid:/queue/q\nreceipt:left\n\n");
        (void)ann.hear("RECEIPT");
        joe.client().send(repeated(stomp_bytes("SEND\ndestination:/topic/x\n\nx"), count) +
                          repeated(stomp_bytes("SEND\ndestination:/queue/q\n\nq"), 3));
        for (std::size_t i = 0; i < count; ++i) (void)joe.hear("MESSAGE");
        ann.subscribe("/queue/q");
        for (int i = 0; i < 3; ++i) (void)ann.hear("MESSAGE");
        ann.say("UNSUBSCRIBE\nid:/queue/q\nreceipt:left\n\n");
        (void)ann.hear("RECEIPT");
    }
}

// ---- Swallowing ------------------------------------------------------------

TEST(Share, who_floods_a_connection_that_has_failed_is_cut_off) {
    TestServer server;
    server->ws("/", {});
    server.start();
    TestClient client = server.open();
    client.send_hex("F1 80");
    client.expect_close(1002);
    const Bytes piece(256 * 1024);
    std::size_t sent = 0;
    constexpr std::size_t enough = 256 << 20;
    try {
        for (; sent < enough; sent += piece.size()) client.send(piece);
    } catch (const std::exception&) {
    }
    EXPECT_LT(sent, enough);
}

}  // namespace
}  // namespace edgews::test
