// Clients that go from polling to a WebSocket, on real sockets, while others speak and handlers do
// what they should not.
#include <edgews/socketio.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <charconv>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../../support/test_server.hpp"
#include "polling_client.hpp"

namespace edgews::test {
namespace {

// A handler that is called because its client is about to leave the loop may close the session, or
// throw, which does the same.
class SocketIoUpgrading : public testing::Test {
  protected:
    ~SocketIoUpgrading() override { server_.reset(); }
    // POST and UPGRADE come in one turn of the only loop.
    void expect_end(std::string_view event) {
        hub_.attach(*server_->operator->());
        server_->start();
        const PollingClient client(*server_);
        client.post("40");
        static_cast<void>(client.poll());
        TestClient websocket = client.probe();
        TestClient posting = server_->connect();
        EXPECT_EQ(posting.get(client.path("polling")).body, "6");  // It has been accepted.
        std::promise<void> is_there, may_go_on;
        (*server_)->loop(0).post([&is_there, wait = may_go_on.get_future().share()] {
            is_there.set_value();
            wait.wait();
        });
        is_there.get_future().wait();
        posting.send(client.post_head(event));
        websocket.send_text("5");
        may_go_on.set_value();
        EXPECT_EQ(posting.read_reply().body, "ok");
        // For the client does not poll any more.
        std::string said = websocket.read_frame().text();
        if (said != "41") said = websocket.read_frame().text();  // A call comes before that.
        EXPECT_EQ(said, "41");
        websocket.expect_text("1");
        websocket.expect_close(1000);
        EXPECT_EQ(ended_.get_future().wait_for(time_limit), std::future_status::ready);
        EXPECT_EQ(server_->connect().get(client.path("polling")).status, 400U);
    }

    sio::Hub hub_{};
    std::promise<void> ended_{};
    std::unique_ptr<TestServer> server_ = std::make_unique<TestServer>();
};

TEST_F(SocketIoUpgrading, a_disconnected_handler_throws_when_its_client_leaves_the_loop) {
    hub_.of("/", {.disconnected =
                      [this](sio::Socket&, sio::Reason) {
                          ended_.set_value();
                          throw std::runtime_error("no");
                      }})
        .on("kick", [](sio::Socket& socket, const sio::Event&) { socket.disconnect(); });
    expect_end("42[\"kick\"]");
}

TEST_F(SocketIoUpgrading, a_reply_is_missed_when_its_client_leaves_the_loop) {
    hub_.of("/", {.disconnected = [this](sio::Socket&, sio::Reason) { ended_.set_value(); }})
        .on("kick", [](sio::Socket& socket, const sio::Event&) {
            socket.call("why", 0, [](const sio::Reply& reply) {
                static_cast<void>(reply.get<int>(0));  // There is none: it throws.
            });
            socket.disconnect();
        });
    expect_end("42[\"kick\"]");
}

TEST_F(SocketIoUpgrading, a_disconnected_handler_closes_when_its_client_leaves_the_loop) {
    hub_.of("/", {.disconnected =
                      [this](sio::Socket& socket, sio::Reason) {
                          socket.disconnect(true);
                          ended_.set_value();
                      }})
        .on("kick", [](sio::Socket& socket, const sio::Event&) { socket.disconnect(); });
    expect_end("42[\"kick\"]");
}

// Pages of the server itself need no list.
TEST(SocketIoOrigins, a_list_of_other_origins_leaves_the_own_one) {
    sio::Hub hub({.cors = {.origins = {"https://app.example"}}});
    hub.of("/");
    TestServer server;
    hub.attach(*server.operator->());
    server.start();
    const auto status_for = [&](std::string_view origin) {
        TestClient client = server.connect();
        client.send(TestClient::upgrade_head(std::string(transport_path) + "websocket",
                                             "Origin: " + std::string(origin) + "\r\n"));
        return client.read_reply().status;
    };
    EXPECT_EQ(status_for("https://app.example"), 101U);
    EXPECT_EQ(status_for("https://evil.example"), 403U);
    EXPECT_EQ(status_for("http://localhost"), 101U);
}

// Many clients upgrade while threads, and clients on all loops, speak to all.
class UpgradingCrowd {
  public:
    static constexpr std::size_t speaker_count = 4;  // The last one is a client, on its loop.
    static constexpr int client_count = 200, thread_count = 8;

    UpgradingCrowd() {
        hub_.of("/")
            .on("join",
                [](sio::Socket& socket, const sio::Event&, sio::Ack ack) {
                    socket.join("all");
                    ack();
                })
            .on("say", [this](sio::Socket& socket, const sio::Event&) {
                socket.to("all").emit("n", sio::json(speaker_count - 1), sio::json(next_said()));
            });
        hub_.attach(*server_->operator->());
        server_->start();
    }
    ~UpgradingCrowd() { server_.reset(); }

    void run() {
        std::vector<std::thread> speakers, upgraders;
        for (std::size_t i = 0; i + 1 < speaker_count; ++i) {
            speakers.emplace_back([this, i] { speak(i); });
        }
        speakers.emplace_back([this] { speak_as_client(); });
        for (int i = 0; i < thread_count; ++i) {
            upgraders.emplace_back([this] {
                for (int each = 0; each < client_count / thread_count; ++each) upgrade();
            });
        }
        for (std::thread& each : upgraders) each.join();
        is_over_ = true;
        for (std::thread& each : speakers) each.join();
        hub_.in("/").emit("end");
        for (auto& each : clients_) hear_out(each);
    }

  private:
    struct Upgraded {
        TestClient websocket;
        std::string polled;
        std::array<int, speaker_count> begun;  // What was said by the time it was in the room.
    };

    int next_said() { return said_[speaker_count - 1]++; }
    // So many for each step of a client.
    bool wait_for_step(int& seen) const {
        while (!is_over_ && seen >= step_count_.load()) std::this_thread::yield();
        ++seen;
        return !is_over_;
    }
    void speak(std::size_t speaker) {
        for (int seen = 0; wait_for_step(seen);) {
            for (int i = 0; i < 3; ++i) {
                sio::Broadcast all = i == 1 ? hub_.in("/") : std::move(hub_.in("/").to("all"));
                all.emit("n", sio::json(speaker), sio::json(said_[speaker]++));
            }
        }
    }
    void speak_as_client() {
        TestClient client = server_->open(std::string(transport_path) + "websocket");
        client.send_text("40");
        for (int seen = 0; wait_for_step(seen);) client.send_text("42[\"say\"]");
        client.send_text("2probe");  // A fault: what it said before has been heard by then.
        client.expect_end();
    }
    void upgrade() {
        try {
            const PollingClient client(*server_);
            client.post(
                "40\x1e"
                "427[\"join\"]");
            std::string polled;
            while (polled.find("437[]") == std::string::npos) polled += client.poll() + "\x1e";
            Upgraded made{.websocket = client.probe(), .polled = {}, .begun = {}};
            for (std::size_t i = 0; i < speaker_count; ++i) made.begun[i] = said_[i];
            step_count_ += 1;
            polled += client.poll() + "\x1e";
            step_count_ += 1;
            made.websocket.send_text("5");
            step_count_ += 1;
            made.polled = std::move(polled);
            const std::lock_guard lock(mutex_);
            clients_.push_back(std::move(made));
        } catch (const std::exception& error) {
            ADD_FAILURE() << error.what();
        }
    }
    // All that it hears until the end.
    void hear_out(Upgraded& client) {
        std::array<int, speaker_count> next{-1, -1, -1, -1};
        const auto hear = [&](std::string_view text) {
            if (!text.starts_with("42[\"n\",")) return;
            const auto speaker = static_cast<std::size_t>(text[7] - '0');
            int number = -1;
            std::from_chars(text.data() + 9, text.data() + text.size(), number);
            if (next[speaker] == -1) {
                EXPECT_LE(number, client.begun[speaker]) << "speaker " << speaker;
                next[speaker] = number;
            }
            EXPECT_EQ(number, next[speaker]) << "speaker " << speaker;
            next[speaker] = number + 1;
        };
        for (std::size_t begin = 0, end = 0;
             (end = client.polled.find('\x1e', begin)) != std::string::npos; begin = end + 1) {
            hear(std::string_view(client.polled).substr(begin, end - begin));
        }
        for (std::string text; (text = client.websocket.read_frame().text()) != "42[\"end\"]";) {
            hear(text);
        }
        for (std::size_t i = 0; i < speaker_count; ++i) {
            const int all = said_[i] > client.begun[i] ? said_[i].load() : next[i];
            EXPECT_EQ(next[i], all) << "speaker " << i;
        }
    }

    sio::Hub hub_{};
    std::unique_ptr<TestServer> server_ = std::make_unique<TestServer>(ServerOptions{.loops = 4});
    std::array<std::atomic<int>, speaker_count> said_{};
    std::atomic<int> step_count_ = 0;
    std::atomic<bool> is_over_ = false;
    std::mutex mutex_{};
    std::vector<Upgraded> clients_{};
};

TEST(SocketIoUpgradingCrowd, nothing_is_lost_nothing_comes_twice_and_all_in_order) {
    UpgradingCrowd crowd;
    crowd.run();
}

}  // namespace
}  // namespace edgews::test
