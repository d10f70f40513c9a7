// The times of Socket.IO's clients, by a clock that is told.
#include <edgews/socketio.hpp>

#include "stopwatch.hpp"
#include "world_fixture.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "tests/net/socketio/polling_client.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

class SocketIoTimes : protected sim::test::CalmWorld,
                      protected sim::test::Stopwatch,
                      public testing::Test {
  protected:
    SocketIoTimes() {
        hub_.of("/").on("x", [](sio::Socket&, const sio::Event& event, const sio::Ack& ack) {
            ack(event.raw());
        });
        hub_.of("/").on("stop", [](sio::Socket&, const sio::Event&, const sio::Ack& ack) {
            std::this_thread::sleep_for(std::chrono::seconds(19));
            ack();
        });
        hub_.attach(*server_.operator->());
        server_.start();
        begin();
    }
    TestClient open_websocket() {
        TestClient client = server_.open(std::string(transport_path) + "websocket");
        (void)client.read_frame();
        client.send_text("40");
        (void)client.read_frame();
        return client;
    }
    // It is pinged, which it is every 10 s, and answers.
    static void pong(TestClient& client) {
        client.expect_text("2");
        client.send_text("3");
    }

    // The next text that is no ping. These are answered.
    static std::string next_text(TestClient& client) {
        for (;;) {
            const ReceivedFrame frame = client.read_frame();
            if (frame.text() != "2") return std::string(frame.text());
            client.send_text("3");
        }
    }

    static constexpr std::string_view packet =
        R"(453-7["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},)"
        R"({"_placeholder":true,"num":2}])";

    sio::Hub hub_{{.ping_interval_ms = 10'000, .ping_timeout_ms = 8'000}};
    TestServer server_{};
};

TEST_F(SocketIoTimes, an_attachment_that_does_not_come_ends_a_client_that_pongs) {
    TestClient client = open_websocket();
    pong(client);
    begin();
    client.send_text(packet);
    pong(client);
    client.expect_close(1008);
    expect_passed(18'000);
}

TEST_F(SocketIoTimes, each_attachment_gives_the_next_one_its_time) {
    TestClient client = open_websocket();
    client.send_text(packet);
    for (int i = 0; i < 2; ++i) {
        pong(client);
        client.send_frame(0x82, "\x01");
    }
    expect_passed(20'000);
    pong(client);
    client.expect_close(1008);
    expect_passed(38'000);
}

TEST_F(SocketIoTimes, what_has_come_in_time_ends_nobody) {
    TestClient client = open_websocket();
    for (int round = 0; round < 3; ++round) {
        client.send_text(packet);
        for (int i = 0; i < 3; ++i) {
            pong(client);
            client.send_frame(0x82, "\x01");
        }
        EXPECT_TRUE(client.read_frame().text().starts_with("463-7["));
        for (int i = 0; i < 3; ++i) client.expect_frame(0x82, "\x01");
        for (int i = 0; i < 3; ++i) pong(client);
    }
    expect_passed(180'000);
}

// Which is none of the client's: what it sends behind that is on its way.
TEST_F(SocketIoTimes, a_standstill_of_the_loop_is_not_counted) {
    TestClient client = open_websocket(), other = open_websocket();
    client.send_text(packet);
    other.send_text(R"(421["stop"])");
    EXPECT_EQ(next_text(other), "431[]");
    expect_passed(19'000);
    for (int i = 0; i < 3; ++i) client.send_frame(0x82, "\x01");
    EXPECT_TRUE(next_text(client).starts_with("463-7["));
}

// The alarm of the first packet finds the second one, which is younger.
TEST_F(SocketIoTimes, a_second_packet_has_its_own_time) {
    TestClient client = open_websocket();
    client.send_text(packet);
    for (int i = 0; i < 3; ++i) client.send_frame(0x82, "\x01");
    for (int i = 0; i < 4; ++i) (void)client.read_frame();
    pong(client);
    client.send_text(packet);
    pong(client);
    client.expect_close(1008);
    expect_passed(28'000);
}

}  // namespace
}  // namespace edgews::test
