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

TEST_P(EngineIoShutdown, a_websocket_that_nobody_has_tried_is_closed) {
    server_.start();
    TestClient client =
        server_.server().open(EngineIoServer::websocket_path(server_.open_polling()));
    std::thread thread([this] { server_.server()->shutdown(long_ms); });
    client.expect_close(1001);
    client.send_close(1001);
    client.expect_eof();
    thread.join();
    expect_all_ended(1, "shutting_down");
}

// npm's client polls no more once its WebSocket has been answered, and takes its close for a failed
// attempt until it has said UPGRADE: then it waits for pings that cannot come.
TEST_P(EngineIoShutdown, a_client_that_has_stopped_to_poll_hears_of_it_by_its_websocket) {
    server_.start();
    std::vector<TestClient> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(server_.probe(server_.open_polling()));
    std::thread thread([this] { server_.server()->shutdown(long_ms); });
    (void)server_.notes().wait_for(40);
    for (TestClient& client : clients) {
        client.send_frame(0x89, "still here");
        client.expect_frame(0x8a, "still here");
        client.send_text("5");
        client.expect_text("1");
        client.expect_close(1000);
        client.send_close(1000);
        client.expect_eof();
    }
    thread.join();
    expect_all_ended(20, "shutting_down");
}

// With its connection it gives up the grace, too.
TEST_P(EngineIoShutdown, a_client_that_goes_instead_is_not_waited_for) {
    server_.start();
    TestClient client = server_.probe(server_.open_polling());
    std::thread thread([this] { server_.server()->shutdown(long_ms); });
    (void)server_.notes().wait_for(2);
    client.close();
    thread.join();
    server_.destroy_server();  // Until then the session waits for a poll.
    expect_all_ended(1, "shutting_down");
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
