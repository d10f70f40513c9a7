// Socket.IO on real sockets and several loops.
#include <edgews/socketio.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../../support/allocations.hpp"
#include "../../support/test_server.hpp"
#include "polling_client.hpp"

namespace edgews::test {
namespace {

class SocketIoServer : public testing::TestWithParam<unsigned> {
  protected:
    SocketIoServer() { make_hub({}); }
    ~SocketIoServer() override { server_.reset(); }
    void make_hub(sio::Options options) {
        hub_ = std::make_unique<sio::Hub>(std::move(options));
        hub_->of("/", {.connected = [this](sio::Socket&) { notes_.add("+"); },
                       .disconnected =
                           [this](sio::Socket&, sio::Reason reason) {
                               notes_.add("-" + std::string(describe(reason)));
                           }});
    }
    void start() {
        hub_->attach(*server_->operator->());
        server_->start();
    }

    // A WebSocket that is connected to "/".
    TestClient open_websocket(ClientOptions options = {}) {
        TestClient client = server_->open(std::string(transport_path) + "websocket", "", options);
        EXPECT_TRUE(client.read_frame().text().starts_with("0{"));
        client.send_text("40");
        EXPECT_TRUE(client.read_frame().text().starts_with("40{"));
        return client;
    }
    std::unique_ptr<sio::Hub> hub_;
    Notes notes_;
    std::unique_ptr<TestServer> server_ =
        std::make_unique<TestServer>(ServerOptions{.loops = GetParam()});
};

INSTANTIATE_TEST_SUITE_P(On, SocketIoServer, testing::Values(1U, 4U), [](const auto& each) {
    return each.param == 1 ? "one_loop" : std::to_string(each.param) + "_loops";
});

TEST_P(SocketIoServer, what_is_for_all_reaches_all_loops) {
    hub_->of("/").on("say", [](sio::Socket& socket, const sio::Event& event) {
        socket.broadcast().emit("said", event.raw());
    });
    start();
    std::vector<TestClient> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(open_websocket());
    clients[0].send_text("42[\"say\",{\"a\":1}]");
    for (std::size_t i = 1; i < clients.size(); ++i) {
        clients[i].expect_text("42[\"said\",{\"a\":1}]");
    }
    hub_->of("/").emit("bytes", sio::binary(from_hex("0102")));
    for (TestClient& client : clients) {
        client.expect_text("451-[\"bytes\",{\"_placeholder\":true,\"num\":0}]");
        client.expect_frame(0x82, "\x01\x02");
    }
}

TEST_P(SocketIoServer, polling_has_all_of_it_too) {
    hub_->of("/").on("echo", [](sio::Socket&, const sio::Event& event, const sio::Ack& ack) {
        ack(event.raw());
    });
    start();
    const PollingClient client(*server_);
    client.post("40");
    EXPECT_TRUE(client.poll().starts_with("40{"));
    client.post(
        "451-7[\"echo\",{\"_placeholder\":true,\"num\":0}]\x1e"
        "bAQI=");
    EXPECT_EQ(client.poll(),
              "461-7[{\"_placeholder\":true,\"num\":0}]\x1e"
              "bAQI=");
    TestClient held = server_->connect();
    held.send(TestClient::get_head(client.path("polling")));
    hub_->of("/").emit("news");
    EXPECT_EQ(held.read_reply().body, "42[\"news\"]");
}

TEST_P(SocketIoServer, an_ack_is_sent_by_any_thread) {
    std::vector<std::thread> threads;
    hub_->of("/").on("later", [&](sio::Socket&, const sio::Event&, sio::Ack ack) {
        threads.emplace_back([ack = std::move(ack)] { ack(sio::json("done")); });
    });
    start();
    TestClient client = open_websocket();
    for (int i = 0; i < 20; ++i) {
        client.send_text("42" + std::to_string(i) + "[\"later\"]");
        client.expect_text("43" + std::to_string(i) + "[\"done\"]");
    }
    server_.reset();
    for (std::thread& thread : threads) thread.join();
}

TEST_P(SocketIoServer, a_hub_may_have_several_servers_and_paths) {
    hub_->attach(*server_->operator->(), "/other/");
    TestServer second;
    hub_->attach(*second.operator->());
    second.start();
    start();
    TestClient client = open_websocket();
    TestClient other = server_->open("/other?EIO=4&transport=websocket");
    TestClient abroad = second.open(std::string(transport_path) + "websocket");
    for (TestClient* const each : {&other, &abroad}) {
        EXPECT_TRUE(each->read_frame().text().starts_with("0{"));
        each->send_text("40");
        EXPECT_TRUE(each->read_frame().text().starts_with("40{"));
    }
    hub_->of("/").emit("x");
    for (TestClient* const each : {&client, &other, &abroad}) each->expect_text("42[\"x\"]");
    client.close();
    server_.reset();
    hub_->of("/").emit("y");
    abroad.expect_text("42[\"y\"]");
}

TEST_P(SocketIoServer, a_server_that_shuts_down_tells_its_sockets) {
    start();
    TestClient client = open_websocket();
    PollingClient(*server_).post("40");
    static_cast<void>(notes_.wait_for(2));
    server_.reset();
    EXPECT_EQ(notes_.wait_for(4),
              (List{"+", "+", "-server shutting down", "-server shutting down"}));
}

TEST_P(SocketIoServer, clients_that_are_reset_leave_nothing_behind) {
    std::atomic<int> deferred_count = 0;
    std::vector<sio::DeferredHandshake> deferred(1);
    hub_->of("/slow").use([&](sio::Handshake& handshake) {
        deferred[0] = handshake.defer();
        ++deferred_count;
    });
    start();
    server_->open(std::string(transport_path) + "websocket").reset();
    open_websocket().reset();
    TestClient inside = open_websocket();
    inside.send_text(
        "452-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]");
    inside.send_frame(0x82, "\x01");
    inside.reset();
    TestClient waiting = open_websocket();
    waiting.send_text("40/slow,");
    server_->wait_until([&] { return deferred_count == 1; });
    waiting.reset();
    server_->wait_for(Counter::connections_open, 0);
    EXPECT_FALSE(deferred[0].accept());
    const List notes = notes_.wait_for(6);
    EXPECT_EQ(std::count(notes.begin(), notes.end(), "-transport close"), 3);
}

TEST_P(SocketIoServer, a_reader_that_stalls_in_a_room_ends_alone) {
    make_hub({.websocket = {.backlog_size_max = 256 * 1024, .close_timeout_ms = 50}});
    start();
    TestClient stalled = open_websocket({.receive_buffer = 4096});
    TestClient reader = open_websocket();
    const std::string text(64 * 1024, 'x');
    for (int i = 0; i < 200; ++i) {
        hub_->of("/").emit("big", sio::json(text));
        EXPECT_EQ(reader.read_frame().payload.size(), text.size() + 12);
    }
    EXPECT_EQ(notes_.wait_for(3).back(), "-transport close");
}

// Numbers that several threads say, each its own, while clients come, and go from polling to a
// WebSocket: from the first that a client hears on, it hears each once and in order.
class Told {
  public:
    void take(std::string_view packets) {
        while (!packets.empty()) {
            const std::string_view packet = packets.substr(0, packets.find('\x1e'));
            packets.remove_prefix(std::min(packet.size() + 1, packets.size()));
            if (packet.starts_with("42[\"n\",")) take_number(packet.substr(7));
            if (packet.starts_with("42[\"end\"")) ++ended_count_;
        }
    }
    // Of those who speak.
    [[nodiscard]] std::size_t ended_count() const noexcept { return ended_count_; }
    // The last that each has said.
    [[nodiscard]] const std::map<int, int>& last() const noexcept { return last_; }

  private:
    void take_number(std::string_view text) {
        const int sayer = text[0] - '0';
        const int number = std::stoi(std::string(text.substr(2)));
        const auto [known, is_first] = last_.emplace(sayer, number);
        if (is_first) return;
        EXPECT_EQ(number, known->second + 1) << "sayer " << sayer;
        known->second = number;
    }
    std::map<int, int> last_{};
    std::size_t ended_count_ = 0;
};

TEST_P(SocketIoServer, all_is_heard_once_while_clients_upgrade) {
    constexpr std::size_t sayer_count = 3;
    constexpr std::size_t client_count = 4;
    constexpr std::size_t enough = 64 * 1024 * 1024;
    make_hub({.backlog_size_max = enough, .websocket = {.backlog_size_max = enough}});
    start();
    std::atomic<std::size_t> upgraded_count = 0;
    std::array<std::atomic<int>, sayer_count> said{};
    std::vector<std::thread> threads;
    for (std::size_t sayer = 0; sayer < sayer_count; ++sayer) {
        threads.emplace_back([&, sayer] {
            const auto say = [this, sayer, &said] {
                hub_->of("/").emit("n", sio::json(sayer), sio::json(++said[sayer]));
            };
            const auto say_there = [&] {
                if (sayer == 0) return say();  // One is no loop.
                server_->on_loop(say, sayer % GetParam());
            };
            while (upgraded_count < client_count) {
                say_there();
                server_->on_loop([] {}, sayer % GetParam());  // No faster than they are.
            }
            say_there();  // All hear of that.
            hub_->of("/").emit("end");
        });
    }
    for (std::size_t i = 0; i < client_count; ++i) {
        threads.emplace_back([&] {
            Told told;
            const PollingClient polling(*server_);
            polling.post("40");
            for (int polls = 0; polls < 20; ++polls) told.take(polling.poll());
            TestClient client = polling.probe();
            told.take(polling.poll());
            client.send_text("5");
            for (int frames = 0; frames < 20; ++frames) told.take(client.read_frame().text());
            ++upgraded_count;
            while (told.ended_count() < sayer_count) told.take(client.read_frame().text());
            for (std::size_t sayer = 0; sayer < sayer_count; ++sayer) {
                EXPECT_EQ(told.last().at(static_cast<int>(sayer)), said[sayer].load());
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
}

TEST_P(SocketIoServer, an_echo_allocates_nothing) {
    hub_->of("/").on("echo", [](sio::Socket&, const sio::Event& event, const sio::Ack& ack) {
        ack(event.raw());
    });
    start();
    TestClient client = open_websocket();
    const auto talk = [&](int count) {
        for (int i = 0; i < count; ++i) {
            client.send_text("427[\"echo\",{\"text\":\"hello\"}]");
            client.expect_text("437[{\"text\":\"hello\"}]");
        }
    };
    const auto count_there = [&] {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < GetParam(); ++i) {
            sum += server_->on_loop([] { return allocation_count(); }, i);
        }
        return sum;
    };
    talk(10);
    const std::size_t before = count_there();
    const std::size_t asked = count_there() - before;  // That it takes to ask.
    const std::size_t begin = count_there();
    talk(100);
    EXPECT_EQ(count_there() - begin, asked);
}

}  // namespace
}  // namespace edgews::test
