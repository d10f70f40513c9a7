// Clients of Socket.IO 2 on real sockets, together with others, and on several loops.
#include <edgews/socketio.hpp>
#include "net/socketio/hub_state.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../../support/test_server.hpp"

namespace edgews::test {
namespace {

using namespace std::literals;

class SocketIoProtocol4Server : public testing::TestWithParam<unsigned> {
  protected:
    ~SocketIoProtocol4Server() override { server_.reset(); }
    void start(sio::Handlers handlers = {}) {
        hub_.of("/", std::move(handlers))
            .on("join",
                [](sio::Socket& socket, const sio::Event&, const sio::Ack& ack) {
                    socket.join("room");
                    ack();
                })
            .on("bytes", [this](sio::Socket&, const sio::Event& event) {
                hub_.of("/").to("room").emit("said", event.raw());
            });
        hub_.attach(*server_->operator->());
        server_->start();
    }
    static std::string path(std::string_view transport, std::string_view id = "") {
        const std::string all = "/socket.io/?EIO=3&transport=" + std::string(transport);
        return id.empty() ? all : all + "&sid=" + std::string(id);
    }
    static std::string id_in(std::string_view open) {
        return std::string(open.substr(open.find("\"sid\":\"") + 7, 20));
    }
    [[nodiscard]] std::string poll(std::string_view id) const {
        return server_->connect().get(path("polling", id)).body;
    }
    void post(std::string_view id, std::string_view body) const {
        TestClient client = server_->connect();
        client.send("POST " + path("polling", id) +
                    " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
        EXPECT_EQ(client.read_reply().body, "ok");
    }
    // What the server says of itself has been read.
    [[nodiscard]] TestClient open_websocket() const {
        TestClient client = server_->open(path("websocket"));
        (void)client.read_frame();
        client.expect_text("40");
        return client;
    }
    static void join(TestClient& client) {
        client.send_text("421[\"join\"]");
        client.expect_text("431[]");
    }

    [[nodiscard]] std::size_t count() const { return sio::HubState::of(hub_).session_count(); }

    sio::Hub hub_{{.allows_eio3 = true}};
    std::unique_ptr<TestServer> server_ =
        std::make_unique<TestServer>(ServerOptions{.loops = GetParam()});
};
INSTANTIATE_TEST_SUITE_P(On, SocketIoProtocol4Server, testing::Values(1U, 4U),
                         [](const auto& each) {
                             return each.param == 1 ? "one_loop"s
                                                    : std::to_string(each.param) + "_loops";
                         });

TEST_P(SocketIoProtocol4Server, the_root_is_connected_with_the_first_answer) {
    start({.connected = [](sio::Socket& socket) { socket.emit("hello"); }});
    const std::string body = server_->connect().get(path("polling")).body;
    EXPECT_TRUE(body.ends_with("}2:4011:42[\"hello\"]")) << body;
    TestClient client = server_->open(path("websocket"));
    EXPECT_TRUE(client.read_frame().text().starts_with("0{"));
    client.expect_text("40");
    client.expect_text("42[\"hello\"]");
}

TEST_P(SocketIoProtocol4Server, a_client_may_be_sent_away_with_the_first_answer) {
    start({.connected = [](sio::Socket& socket) { socket.disconnect(true); }});
    for (int i = 0; i < 5; ++i) {
        const std::string body = server_->connect().get(path("polling")).body;
        EXPECT_TRUE(body.ends_with("}2:402:41")) << body;
        const std::string rest = poll(id_in(body));
        EXPECT_EQ(rest, "1:1");
        TestClient client = server_->open(path("websocket"));
        EXPECT_TRUE(client.read_frame().text().starts_with("0{"));
        client.expect_text("40");
        client.expect_text("41");
        client.expect_close(1000);
    }
    server_->wait_until([this] { return count() == 0; });
}

TEST_P(SocketIoProtocol4Server, binary_for_a_room_is_right_for_each_in_it) {
    start();
    std::vector<TestClient> of_3, of_4;
    for (int i = 0; i < 3; ++i) {
        of_3.push_back(open_websocket());
        join(of_3.back());
        of_4.push_back(server_->open("/socket.io/?EIO=4&transport=websocket"));
        (void)of_4.back().read_frame();
        of_4.back().send_text("40");
        (void)of_4.back().read_frame();
        join(of_4.back());
    }
    const std::string id = id_in(server_->connect().get(path("polling")).body);
    post(id, "11:421[\"join\"]");
    EXPECT_EQ(poll(id), "5:431[]");
    const std::string sent = "451-[\"bytes\",{\"_placeholder\":true,\"num\":0}]";
    const std::string said = "451-[\"said\",{\"_placeholder\":true,\"num\":0}]";
    for (int i = 0; i < 2; ++i) {  // From either.
        (i == 0 ? of_3 : of_4)[0].send_text(sent);
        (i == 0 ? of_3 : of_4)[0].send_frame(0x82, i == 0 ? "\x04\x01\xFF"sv : "\x01\xFF"sv);
        for (TestClient& each : of_3) {
            each.expect_text(said);
            each.expect_frame(0x82, "\x04\x01\xFF"sv);
        }
        for (TestClient& each : of_4) {
            each.expect_text(said);
            each.expect_frame(0x82, "\x01\xFF"sv);
        }
        EXPECT_EQ(poll(id), "\0\x04\x02\xFF"s + said + "\x01\x03\xFF\x04\x01\xFF");
    }
}

TEST_P(SocketIoProtocol4Server, a_client_goes_over_to_a_websocket_with_its_rooms) {
    start();
    for (int i = 0; i < 10; ++i) {
        const std::string id = id_in(server_->connect().get(path("polling")).body);
        post(id, "11:421[\"join\"]");
        EXPECT_EQ(poll(id), "5:431[]");
        TestClient client = server_->open(path("websocket", id));
        client.send_text("2probe");
        client.expect_text("3probe");
        hub_.of("/").to("room").emit("said", sio::binary(bytes_of("\x01")));
        client.send_text("5");
        client.expect_text("451-[\"said\",{\"_placeholder\":true,\"num\":0}]");
        client.expect_frame(0x82, "\x04\x01");
        hub_.of("/").to(id).emit("own");
        client.expect_text("42[\"own\"]");
        client.reset();
        server_->wait_until([this] { return count() == 0; });
    }
}

}  // namespace
}  // namespace edgews::test
