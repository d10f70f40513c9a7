// Connection state recovery on real sockets and several loops.
#include <edgews/socketio.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <exception>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../../support/test_server.hpp"
#include "polling_client.hpp"

namespace edgews::test {
namespace {

// The value of a member of an answer to CONNECT.
std::string value_of(std::string_view packet, std::string_view name) {
    const std::string key = "\"" + std::string(name) + "\":\"";
    const std::size_t begin = packet.find(key);
    if (begin == std::string_view::npos) return {};
    return std::string(packet.substr(begin + key.size(), 20));
}

sio::Options recovering() {
    return {.recovery = {.max_disconnection_ms = 60'000}};
}

TEST(SocketIoRecoveryOnSockets, a_server_that_ends_forgets_who_was_away) {
    struct Owned {
        std::shared_ptr<int> held{};
    };
    const auto held = std::make_shared<int>();
    Notes notes;
    {
        sio::Hub hub(recovering());
        hub.of("/", {.connected = [&](sio::Socket& socket) { socket.data<Owned>().held = held; },
                     .disconnected =
                         [&](sio::Socket&, sio::Reason reason) {
                             notes.add(std::string(describe(reason)));
                         }});
        TestServer server(ServerOptions{.loops = 2});
        hub.attach(*server.operator->());
        server.start();
        std::vector<TestClient> clients;
        for (int i = 0; i < 6; ++i) {
            clients.push_back(server.open(std::string(transport_path) + "websocket"));
            static_cast<void>(clients.back().read_frame());
            clients.back().send_text("40");
            static_cast<void>(clients.back().read_frame());
        }
        for (int i = 0; i < 3; ++i) clients.pop_back();
        EXPECT_EQ(notes.wait_for(3).front(), "transport close");
    }
    EXPECT_EQ(held.use_count(), 1);
}

// Many clients lose their connections and come back by whichever transport, to whichever loop,
// while threads and clients speak to all, and to one alone.
class RecoveringCrowd {
  public:
    // The last but one is a client, on its loop; the last one speaks to one client alone.
    static constexpr std::size_t speaker_count = 4;
    static constexpr int client_count = 48, thread_count = 8, return_count = 8;

    RecoveringCrowd() {
        hub_.of("/")
            .on("join",
                [](sio::Socket& socket, const sio::Event&, sio::Ack ack) {
                    socket.join("all");
                    ack();
                })
            .on("alone",
                [](sio::Socket& socket, const sio::Event&) {
                    socket.emit("n", sio::json(3), sio::json(socket.data<int>()++));
                })
            .on("say", [this](sio::Socket& socket, const sio::Event&) {
                socket.to("all").emit("n", sio::json(2), sio::json(said_[2]++));
            });
        hub_.attach(*server_->operator->());
        server_->start();
    }
    ~RecoveringCrowd() {
        clients_.clear();
        server_.reset();
    }

    void run() {
        std::vector<std::thread> speakers, threads;
        for (std::size_t i = 0; i < 2; ++i) speakers.emplace_back([this, i] { speak(i); });
        speakers.emplace_back([this] { speak_as_client(); });
        for (unsigned i = 0; i < thread_count; ++i) {
            threads.emplace_back([this, i] {
                for (unsigned each = 0; each < client_count / thread_count; ++each) {
                    live(each * thread_count + i);
                }
            });
        }
        for (std::thread& each : threads) each.join();
        is_over_ = true;
        for (std::thread& each : speakers) each.join();
        hub_.in("/").emit("end");
        for (auto& each : clients_) hear_out(*each);
    }

  private:
    struct Client {
        explicit Client(unsigned seed) : random(seed) {}
        std::mt19937 random;
        std::string private_id{};
        std::string offset{};
        std::array<int, speaker_count> next{-1, -1, -1, 0};
        int heard_count = 0;
        bool has_ended = false;
        std::unique_ptr<TestClient> websocket{};
        std::vector<std::unique_ptr<TestClient>> lost{};  // Which the server takes for connected.
    };

    // So many for each step of a client.
    bool wait_for_step(int& seen) const {
        while (!is_over_ && seen >= step_count_.load()) std::this_thread::yield();
        ++seen;
        return !is_over_;
    }
    void speak(std::size_t speaker) {
        for (int seen = 0; wait_for_step(seen);) {
            sio::Broadcast all = speaker == 1 ? hub_.in("/") : std::move(hub_.in("/").to("all"));
            all.emit("n", sio::json(speaker), sio::json(said_[speaker]++));
        }
    }
    void speak_as_client() {
        TestClient client = server_->open(std::string(transport_path) + "websocket");
        client.send_text("40");
        for (int seen = 0; wait_for_step(seen);) client.send_text("42[\"say\"]");
        client.send_text("2probe");  // A fault: what it said before has been heard by then.
        client.expect_close(1008);
    }

    void live(unsigned seed) {
        auto made = std::make_unique<Client>(seed);
        Client& client = *made;
        try {
            for (int i = 0; i < return_count; ++i) {
                come(client, i == 0);
                const auto wanted = client.heard_count + static_cast<int>(client.random() % 12);
                while (client.websocket && client.heard_count < wanted) hear_next(client);
                lose(client);
            }
            come_by_websocket(client, false);
        } catch (const std::exception& error) {
            ADD_FAILURE() << error.what() << ", seed " << seed;
        }
        const std::lock_guard lock(mutex_);
        clients_.push_back(std::move(made));
    }
    void come(Client& client, bool is_first) {
        if (is_first || client.random() % 2 == 0) return come_by_websocket(client, is_first);
        const PollingClient polling(*server_);
        polling.post("40" + claim_of(client));
        if (!hear_payload(client, polling.poll())) return;
        step_count_ += 1;
        if (client.random() % 3 == 0) return;
        auto websocket = std::make_unique<TestClient>(polling.probe());
        if (client.random() % 2 == 0 && !hear_payload(client, polling.poll())) return;
        websocket->send_text("5");
        client.websocket = std::move(websocket);
        step_count_ += 1;
    }
    void come_by_websocket(Client& client, bool is_first) {
        client.websocket =
            std::make_unique<TestClient>(server_->open(std::string(transport_path) + "websocket"));
        static_cast<void>(client.websocket->read_frame());
        client.websocket->send_text("40" + claim_of(client));
        hear(client, client.websocket->read_frame().text());
        if (is_first) client.websocket->send_text("427[\"join\"]");
    }
    // With it, or it is closed, or the server hears nothing of it.
    void lose(Client& client) {
        if (!client.websocket) return;
        switch (client.random() % 3) {
            case 0: client.websocket->reset(); break;
            case 1: client.websocket->close(); break;
            default: client.lost.push_back(std::move(client.websocket));
        }
        client.websocket.reset();
    }
    [[nodiscard]] static std::string claim_of(const Client& client) {
        if (client.private_id.empty()) return {};
        std::string claim = R"({"pid":")" + client.private_id + '"';
        if (!client.offset.empty()) claim += R"(,"offset":")" + client.offset + '"';
        return claim + '}';
    }

    void hear_next(Client& client) {
        step_count_ += 1;
        if (client.random() % 4 == 0) client.websocket->send_text("42[\"alone\"]");
        hear(client, client.websocket->read_frame().text());
    }
    // False: its connection is lost in the middle of it.
    static bool hear_payload(Client& client, std::string_view payload) {
        while (!payload.empty()) {
            const std::size_t size = std::min(payload.find('\x1e'), payload.size());
            hear(client, payload.substr(0, size));
            payload.remove_prefix(std::min(size + 1, payload.size()));
            if (client.random() % 16 == 0) return false;
        }
        return true;
    }
    static void hear(Client& client, std::string_view text) {
        if (text.starts_with("40{")) {
            const std::string private_id = value_of(text, "pid");
            if (!client.private_id.empty() && private_id != client.private_id) {
                throw std::runtime_error("it was not recovered");
            }
            client.private_id = private_id;
        } else if (text.starts_with("42[")) {
            const std::size_t offset = text.rfind(",\"") + 2;
            client.offset = text.substr(offset, text.size() - offset - 2);
            client.has_ended = text.starts_with("42[\"end\"");
            if (!client.has_ended) hear_number(client, text);
            ++client.heard_count;
        }
    }
    static void hear_number(Client& client, std::string_view text) {
        int number = -1;
        std::from_chars(text.data() + 9, text.data() + text.size(), number);
        int& next = client.next[static_cast<std::size_t>(text[7] - '0')];
        if (next == -1) next = number;
        EXPECT_EQ(number, next) << text;
        next = number + 1;
    }
    void hear_out(Client& client) {
        while (!client.has_ended) hear(client, client.websocket->read_frame().text());
        for (std::size_t i = 0; i < 3; ++i) {
            if (client.next[i] == -1) continue;
            EXPECT_EQ(client.next[i], said_[i]) << "speaker " << i;
        }
    }

    sio::Hub hub_{recovering()};
    std::unique_ptr<TestServer> server_ = std::make_unique<TestServer>(ServerOptions{.loops = 4});
    std::array<std::atomic<int>, 3> said_{};
    std::atomic<int> step_count_ = 0;
    std::atomic<bool> is_over_ = false;
    std::mutex mutex_{};
    std::vector<std::unique_ptr<Client>> clients_{};
};

TEST(SocketIoRecoveringCrowd, nothing_is_lost_nothing_comes_twice_and_all_in_order) {
    RecoveringCrowd crowd;
    crowd.run();
}

}  // namespace
}  // namespace edgews::test
