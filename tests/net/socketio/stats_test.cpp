// What a hub says of itself: sio::Hub::stats().
#include <edgews/socketio.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "../../support/test_server.hpp"

namespace edgews::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view path = "/socket.io/?EIO=4&transport=websocket";

class SocketIoStats : public testing::TestWithParam<unsigned> {
  protected:
    SocketIoStats() {
        hub_.of("/").on("join", [](sio::Socket& socket, const sio::Event& event, sio::Ack ack) {
            socket.join(event.get<std::string>(0));
            ack();
        });
        hub_.of("/side");
        hub_.of("/silent");
        hub_.attach(*server_.operator->());
        server_.start();
    }

    TestClient open(std::string_view namespace_name = "") {
        TestClient client = server_.open(std::string(path));
        EXPECT_TRUE(client.read_frame().text().starts_with("0{"));
        const std::string connect = "40" + std::string(namespace_name);
        client.send_text(connect);
        EXPECT_TRUE(client.read_frame().text().starts_with(connect));
        return client;
    }
    static void join(TestClient& client, std::string_view room) {
        client.send_text("421[\"join\",\"" + std::string(room) + "\"]");
        client.expect_text("431[]");
    }
    sio::HubStats ask(std::size_t room_count_max = 100) {
        std::promise<sio::HubStats> answer;
        EXPECT_TRUE(hub_.stats(
            [&](const sio::HubStats& stats) {
                EXPECT_NE(Loop::current(), nullptr);
                answer.set_value(stats);
            },
            room_count_max));
        std::future<sio::HubStats> future = answer.get_future();
        if (future.wait_for(30s) != std::future_status::ready) {
            ADD_FAILURE() << "nobody answers";
            std::abort();  // Who answers later would have nothing to answer to.
        }
        return future.get();
    }

    sio::Hub hub_;
    TestServer server_{ServerOptions{.loops = GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(On, SocketIoStats, testing::Values(1U, 4U), [](const auto& each) {
    return each.param == 1 ? "one_loop" : std::to_string(each.param) + "_loops";
});

TEST_P(SocketIoStats, are_of_all_loops_together) {
    EXPECT_TRUE(ask().namespaces.empty());
    std::vector<TestClient> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(open());
    clients.push_back(open("/side,"));
    for (int i = 0; i < 8; ++i) join(clients[static_cast<std::size_t>(i)], "all");
    for (int i = 0; i < 3; ++i) join(clients[static_cast<std::size_t>(i)], "some");
    join(clients[5], "one");

    const sio::HubStats stats = ask(2);
    EXPECT_EQ(stats.session_count, 9U);
    ASSERT_EQ(stats.namespaces.size(), 2U);
    const sio::NamespaceStats& main = stats.namespaces[0];
    EXPECT_EQ(main.name, "/");
    EXPECT_EQ(main.socket_count, 8U);
    EXPECT_EQ(main.room_count, 3U);
    ASSERT_EQ(main.rooms.size(), 2U);
    EXPECT_EQ(main.rooms[0].name, "all");
    EXPECT_EQ(main.rooms[0].socket_count, 8U);
    EXPECT_EQ(main.rooms[1].name, "some");
    EXPECT_EQ(main.rooms[1].socket_count, 3U);
    EXPECT_EQ(main.received_total, 12U);
    EXPECT_EQ(main.sent_total, 12U);
    EXPECT_EQ(stats.namespaces[1].name, "/side");
    EXPECT_EQ(stats.namespaces[1].socket_count, 1U);
    EXPECT_EQ(stats.namespaces[1].sent_total, 0U);
}

TEST_P(SocketIoStats, count_what_is_sent_to_each) {
    std::vector<TestClient> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(open());
    hub_.of("/").emit("news");
    for (TestClient& client : clients) client.expect_text("42[\"news\"]");
    EXPECT_EQ(ask().namespaces.at(0).sent_total, 5U);
    clients[0].send_text("42[\"unknown\"]");
    join(clients[0], "a");
    EXPECT_EQ(ask().namespaces.at(0).received_total, 2U);
}

TEST(SocketIoStatsWithoutLoops, there_is_nobody_to_ask) {
    sio::Hub hub;
    EXPECT_FALSE(hub.stats([](const sio::HubStats&) { ADD_FAILURE(); }));
    EXPECT_THROW((void)hub.stats({}), std::invalid_argument);
    {
        Server server;
        hub.attach(server);
    }
    EXPECT_FALSE(hub.stats([](const sio::HubStats&) { ADD_FAILURE(); }));
}

}  // namespace
}  // namespace edgews::test
