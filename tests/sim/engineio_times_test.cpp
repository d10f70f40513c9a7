// The times of Engine.IO's sessions, by a clock that is told.
#include "stopwatch.hpp"
#include "world_fixture.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/net/engineio/engineio_server.hpp"

namespace edgews::test {
namespace {

class EngineIoTimes : protected sim::test::CalmWorld,
                      protected sim::test::Stopwatch,
                      public testing::Test {
  protected:
    EngineIoTimes() {
        server_.start();
        begin();
    }

    EngineIoServer server_{EngineIoServer::Setup{
        .options = {.heartbeat = {.ping_interval_ms = 10'000, .ping_timeout_ms = 8'000},
                    .upgrade_timeout_ms = 4'000,
                    .transports = {.v3 = true}}}};
};

TEST_F(EngineIoTimes, a_websocket_is_pinged_after_the_interval_and_closed_after_the_time_out) {
    auto [client, id] = server_.open_websocket();
    client.expect_text("2");
    expect_passed(10'000);
    client.send_text("3");
    begin();
    client.expect_text("2");
    expect_passed(10'000);
    begin();
    client.expect_close(1008);
    expect_passed(8'000);
    EXPECT_EQ(server_.notes().wait_for(2).back(), "ended ping_timeout");
}

TEST_F(EngineIoTimes, a_poll_waits_for_the_ping) {
    const std::string id = server_.open_polling();
    for (int i = 0; i < 3; ++i) {
        begin();
        EXPECT_EQ(server_.poll(id).body, "2");
        expect_passed(10'000);
        EXPECT_EQ(server_.post(id, "3").body, "ok");
    }
    EXPECT_EQ(server_.poll(id).body, "2");
    begin();
    EXPECT_EQ(server_.poll(id).body, "1");
    expect_passed(8'000);
}

// A second WebSocket, 4 s behind the first, tells when to speak.
TEST_F(EngineIoTimes, what_else_comes_gives_who_owes_a_pong_its_time_once_more) {
    auto [client, id] = server_.open_websocket();
    server_.probe(server_.open_polling()).expect_close(1008);
    auto [clock, other] = server_.open_websocket();
    client.expect_text("2");
    clock.expect_text("2");
    expect_passed(14'000);
    client.send_text("6");
    clock.send_text("6");
    clock.send_text("3");
    client.expect_close(1008);
    expect_passed(22'000);
}

TEST_F(EngineIoTimes, a_session_that_was_opened_and_never_polled_ends_with_both) {
    (void)server_.open_polling();
    EXPECT_EQ(server_.notes().wait_for(2).back(), "ended ping_timeout");
    expect_passed(18'000);
    EXPECT_EQ(server_.host().session_count(), 0U);
}

TEST_F(EngineIoTimes, a_websocket_has_its_time_to_say_what_it_is_for) {
    const std::string id = server_.open_polling();
    TestClient silent = server_.server().open(EngineIoServer::websocket_path(id));
    begin();
    silent.expect_close(1008);
    expect_passed(4'000);
    begin();
    server_.probe(id).expect_close(1008);
    expect_passed(4'000);
}

// It would have been due at 10 s, between the WebSocket's probe and its end.
TEST_F(EngineIoTimes, a_ping_waits_for_the_end_of_an_upgrade) {
    const std::string id = server_.open_polling();
    for (int i = 0; i < 2; ++i) {
        server_.server().open(EngineIoServer::websocket_path(id)).expect_close(1008);
    }
    TestClient tried = server_.probe(id);
    expect_passed(8'000);
    tried.expect_close(1008);
    EXPECT_EQ(server_.poll(id).body, "2");
    expect_passed(12'000);
}

TEST_F(EngineIoTimes, the_interval_begins_anew_with_the_websocket) {
    const std::string id = server_.open_polling();
    EXPECT_EQ(server_.poll(id).body, "2");
    TestClient client = server_.probe(id);
    client.send_text("5");
    begin();
    client.expect_text("2");
    expect_passed(10'000);
    client.expect_close(1008);
    expect_passed(18'000);
}

// In version 3 nothing comes from the server: it waits for the interval and the time-out.
TEST_F(EngineIoTimes, of_version_3_a_websocket_is_closed_when_nothing_has_come_for_both) {
    const std::string path = "/engine.io/?EIO=3&transport=websocket";
    TestClient client = server_.server().open(path);
    (void)client.read_frame();
    client.expect_close(1008);
    expect_passed(18'000);
    EXPECT_EQ(server_.notes().wait_for(2).back(), "ended ping_timeout");
}

// The ping of another one, of version 4, tells when to speak.
TEST_F(EngineIoTimes, of_version_3_each_packet_gives_all_the_time_again) {
    TestClient client = server_.server().open("/engine.io/?EIO=3&transport=websocket");
    (void)client.read_frame();
    auto [clock, other] = server_.open_websocket();
    for (int i = 0; i < 4; ++i) {
        clock.expect_text("2");
        clock.send_text("3");
        if (i % 2 == 0) {
            client.send_text("2");
            client.expect_text("3");
        } else {
            client.send_text("6");
        }
    }
    begin();
    client.expect_close(1008);
    expect_passed(18'000);
}

TEST_F(EngineIoTimes, of_version_3_a_poll_waits_and_ends_with_the_session) {
    const std::string body = server_.connect().get("/engine.io/?EIO=3&transport=polling").body;
    const std::string id = EngineIoServer::id_in(body.substr(body.find(':') + 1));
    begin();
    EXPECT_EQ(server_.connect().get("/engine.io/?EIO=3&transport=polling&sid=" + id).body, "1:1");
    expect_passed(18'000);
}

// While a WebSocket is tried nothing is due, and with it the time is whole again.
TEST_F(EngineIoTimes, of_version_3_the_time_begins_anew_with_the_websocket) {
    const std::string body = server_.connect().get("/engine.io/?EIO=3&transport=polling").body;
    const std::string id = EngineIoServer::id_in(body.substr(body.find(':') + 1));
    server_.probe(server_.open_polling()).expect_close(1008);
    expect_passed(4'000);
    TestClient client = server_.server().open("/engine.io/?EIO=3&transport=websocket&sid=" + id);
    client.send_text("2probe");
    client.expect_text("3probe");
    client.send_text("5");
    begin();
    client.expect_close(1008);
    expect_passed(18'000);
}

// The ping of another one tells the time.
TEST_F(EngineIoTimes, what_a_closed_session_has_to_say_is_kept_for_the_time_out) {
    auto [clock, other] = server_.open_websocket();
    const std::string id = server_.open_polling();
    server_.with_session(id, [](engineio::Session& session) { session.close(); });
    EXPECT_EQ(server_.host().session_count(), 2U);
    clock.expect_text("2");
    EXPECT_EQ(server_.host().session_count(), 1U);
    EXPECT_EQ(server_.poll(id).status, 400U);
}

TEST_F(EngineIoTimes, a_poll_behind_the_clients_close_is_not_waited_for_long) {
    const std::string id = server_.open_polling();
    TestClient clock = server_.probe(server_.open_polling());
    EXPECT_EQ(server_.post(id, "1").body, "ok");
    EXPECT_EQ(server_.host().session_count(), 2U);
    clock.expect_close(1008);
    expect_passed(4'000);
    EXPECT_EQ(server_.host().session_count(), 1U);
}

}  // namespace
}  // namespace edgews::test
