// Who owes a pong for too long, by each transport: with times of milliseconds.
#include <gtest/gtest.h>

#include <string>

#include "engineio_server.hpp"

namespace edgews::test {
namespace {

class EngineIoHeartbeats : public testing::TestWithParam<unsigned> {
  protected:
    static EngineIoServer::Setup setup(std::uint32_t ping_interval_ms,
                                       std::uint32_t ping_timeout_ms) {
        return {.loops = GetParam(),
                .options = {.heartbeat = {.ping_interval_ms = ping_interval_ms,
                                          .ping_timeout_ms = ping_timeout_ms}}};
    }
    static constexpr std::uint32_t long_ms = 60'000;  // Longer than any test may take.
};
INSTANTIATE_TEST_SUITE_P(On, EngineIoHeartbeats, testing::Values(1U, 4U), loop_count_name);

TEST_P(EngineIoHeartbeats, who_answers_each_ping_stays) {
    EngineIoServer server(setup(5, long_ms));
    server.start();
    const std::string id = server.open_polling();
    auto [client, other] = server.open_websocket();
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(server.poll(id).body, "2");
        EXPECT_EQ(server.post(id, "3").body, "ok");
        client.expect_text("2");
        client.send_text("3");
    }
    EXPECT_EQ(server.host().session_count(), 2U);
}

TEST_P(EngineIoHeartbeats, who_does_not_is_gone) {
    EngineIoServer server(setup(5, 20));
    server.start();
    const std::string id = server.open_polling();
    // This thread may be away for longer than a session waits.
    const HttpReply first = server.poll(id);
    EXPECT_TRUE(first.body == "2" || first.status == 400U) << first.body;
    const HttpReply last = server.poll(id);
    EXPECT_TRUE(last.body == "1" || last.status == 400U) << last.body;
    EXPECT_EQ(server.notes().wait_for(2), (List{"opened", "ended ping_timeout"}));
    auto [client, other] = server.open_websocket();
    client.expect_text("2");
    client.expect_close(1008);
    EXPECT_EQ(server.notes().wait_for(4).back(), "ended ping_timeout");
}

TEST_P(EngineIoHeartbeats, a_session_that_was_opened_and_never_polled_ends) {
    EngineIoServer server(setup(5, 5));
    server.start();
    for (int i = 0; i < 20; ++i) (void)server.open_polling();
    server.wait_for_no_session();
    EXPECT_EQ(server.notes().all().back(), "ended ping_timeout");
}

TEST_P(EngineIoHeartbeats, what_a_session_that_was_closed_has_to_say_is_kept_for_so_long) {
    EngineIoServer server(setup(long_ms, 10));
    server.on_open = [](engineio::Session& session) {
        session.close();
        return true;
    };
    server.start();
    (void)server.open_polling();
    (void)server.notes().wait_for(2);
    server.wait_for_no_session();
}

// While a WebSocket is tried nothing is due; where it arrives, the interval begins anew.
TEST_P(EngineIoHeartbeats, go_on_with_the_websocket) {
    EngineIoServer server(setup(5, 500));
    server.start();
    const std::string id = server.open_polling();
    TestClient client = server.probe(id);
    client.send_text("5");
    for (int i = 0; i < 3; ++i) {
        client.expect_text("2");
        client.send_text("3");
    }
    client.expect_text("2");
    client.expect_close(1008);
    EXPECT_EQ(server.notes().wait_for(4),
              (List{"opened", "leaving", "arrived", "ended ping_timeout"}));
}

TEST_P(EngineIoHeartbeats, go_on_when_there_was_no_upgrade) {
    EngineIoServer server(setup(20, long_ms));
    server.start();
    const std::string id = server.open_polling();
    server.probe(id).reset();
    std::string body = "6";
    while (body == "6") body = server.poll(id).body;
    EXPECT_EQ(body, "2");
}

}  // namespace
}  // namespace edgews::test
