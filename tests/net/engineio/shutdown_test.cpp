// The end of a server with sessions in each state: each guest hears of it once, and nobody uses up
// the grace who has nothing to say.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "engineio_server.hpp"

namespace edgews::test {
namespace {

constexpr std::uint64_t long_ms = 60'000;  // Longer than any test may take.

class EngineIoShutdown : public EngineIoTest {
  protected:
    void expect_all_ended(std::size_t count, std::string_view how) {
        std::size_t ended = 0;
        for (const std::string& note : server_.notes().all()) {
            if (!note.starts_with("ended")) continue;
            EXPECT_EQ(note, "ended " + std::string(how));
            ++ended;
        }
        EXPECT_EQ(ended, count);
        EXPECT_EQ(server_.host().session_count(), 0U);
    }
};
INSTANTIATE_TEST_SUITE_P(On, EngineIoShutdown, testing::Values(1U, 4U), loop_count_name);

TEST_P(EngineIoShutdown, a_poll_is_answered_and_a_websocket_closed) {
    server_.start();
    const std::string polling = server_.open_polling();
    TestClient poll = server_.begin_poll(polling);
    (void)server_.open_polling();
    auto [client, id] = server_.open_websocket();
    std::thread thread([this] { server_.server()->shutdown(long_ms); });
    EXPECT_EQ(poll.read_reply().body, "1");
    poll.expect_eof();
    poll.close();
    client.expect_close(1001);
    client.send_close(1001);
    client.expect_eof();
    thread.join();
    expect_all_ended(3, "shutting_down");
}

// Whose loop comes first says it: the session's or the WebSocket's.
TEST_P(EngineIoShutdown, a_session_whose_websocket_is_tried_ends_with_it) {
    server_.start();
    const std::string silent = server_.open_polling(), tried = server_.open_polling();
    TestClient first = server_.server().open(EngineIoServer::websocket_path(silent));
    TestClient second = server_.probe(tried);
    std::thread thread([this] { server_.server()->shutdown(long_ms); });
    std::vector<unsigned> codes;
    for (TestClient* const client : {&first, &second}) {
        codes.push_back(client->read_frame().close_code());
        client->send_close(1001);
        client->expect_eof();
    }
    thread.join();
    EXPECT_EQ(codes.front(), 1001U);
    EXPECT_TRUE(codes.back() == 1001U || codes.back() == 1000U) << codes.back();
    expect_all_ended(2, "shutting_down");
}

TEST_P(EngineIoShutdown, one_that_was_closed_and_not_fetched_does_not_end_twice) {
    server_.start();
    const std::string id = server_.open_polling();
    server_.with_session(id, [](engineio::Session& session) { session.close(); });
    EXPECT_EQ(server_.notes().wait_for(2).back(), "ended server_closed");
    server_.server()->shutdown(long_ms);
    expect_all_ended(1, "server_closed");
}

// Some are on their way when their loops end.
TEST_P(EngineIoShutdown, in_the_midst_of_upgrades) {
    server_.start();
    std::vector<TestClient> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(server_.probe(server_.open_polling()));
    for (TestClient& client : clients) client.send_text("5");
    server_.server()->shutdown(0);
    server_.destroy_server();
    std::size_t ended = 0;
    for (const std::string& note : server_.notes().all()) {
        ended += note.starts_with("ended") ? 1U : 0U;
    }
    EXPECT_EQ(ended, 20U);
    EXPECT_EQ(server_.host().session_count(), 0U);
}

TEST_P(EngineIoShutdown, guests_that_close_others_meanwhile) {
    std::vector<std::string> ids;
    server_.on_ended = [](engineio::Session& session) { session.close(); };
    server_.start();
    for (int i = 0; i < 5; ++i) ids.push_back(server_.open_polling());
    server_.server()->shutdown(long_ms);
    expect_all_ended(5, "shutting_down");
}

// One that nobody ran to its end.
TEST(EngineIoDestroyed, a_server_with_sessions_ends_them) {
    EngineIoServer server;
    ASSERT_FALSE(server.server()->listen({.host = "127.0.0.1"}));
    Loop& loop = server.server()->loop(0);
    TestClient client(server.server()->port());
    client.send(TestClient::get_head(std::string(engineio_path) + "polling"));
    while (server.host().session_count() == 0) loop.poll(1);
    server.destroy_server();
    EXPECT_EQ(server.notes().all(), (List{"opened", "ended shutting_down"}));
    EXPECT_EQ(server.host().session_count(), 0U);
}

}  // namespace
}  // namespace edgews::test
