// Clients that lose their connections and come back, to whichever loop, while others are spoken to:
// each hears everything once and in order.
#include <edgews/socketio.hpp>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "returning_client.hpp"

namespace edgews::sio {
namespace {

using test::ReturningClient;

// Of what the server sends a client reads as much as chance will have it. What it has not read is
// lost with its connection, which the server may or may not notice. Places are three loops, which
// speak to all, to a room and to one client, and a thread that is none of them.
class RecoveryAtRandom {
  public:
    explicit RecoveryAtRandom(unsigned seed) : random_(seed) {
        hub_.of("/").on("join", [](Socket& socket, const Event&) { socket.join("r"); });
        hub_.of("/").on("alone", [this](Socket& socket, const Event& event) {
            socket.emit("alone", json(alone_[event.get<std::size_t>(0)]++));
        });
        for (std::size_t i = 0; i < heard_.size(); ++i) {
            clients_.push_back(std::make_unique<ReturningClient>(hub_));
            clients_.back()->connect(loops_[i % loops_.size()]);
            clients_.back()->session().say("2[\"join\"]");
            static_cast<void>(clients_.back()->read());
        }
    }
    void run() {
        for (int step = 0; step < 400; ++step) take_step();
        for (std::size_t i = 0; i < clients_.size(); ++i) read(i, SIZE_MAX);
        turn_all();
        for (std::size_t i = 0; i < clients_.size(); ++i) read(i, SIZE_MAX);
    }
    [[nodiscard]] std::string expected(std::size_t client, std::size_t place) const {
        std::string all;
        const int count = place == place_count ? alone_[client] : said_[place];
        for (int i = 0; i < count; ++i) all += packet(place, i);
        return all;
    }
    // What a client has heard that one place has said, or that was for it alone.
    [[nodiscard]] std::string heard(std::size_t client, std::size_t place) const {
        const std::string& all = heard_[client];
        const std::string head = packet(place, 0).substr(0, packet(place, 0).find(','));
        std::string some;
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = all.find(' ', begin)) != std::string::npos;) {
            const std::string one = all.substr(begin, end + 1 - begin);
            if (one.starts_with(head)) some += one;
            begin = end + 1;
        }
        return some;
    }
    static constexpr std::size_t place_count = 4;
    static constexpr std::size_t client_count = 5;
    [[nodiscard]] int return_count() const noexcept { return return_count_; }

  private:
    [[nodiscard]] static std::string packet(std::size_t place, int i) {
        const std::string name = place == place_count ? "alone" : std::to_string(place);
        return "2[\"" + name + "\"," + std::to_string(i) + "] ";
    }
    [[nodiscard]] std::size_t pick(std::size_t count) { return random_() % count; }
    void turn_all() {
        for (int i = 0; i < 6; ++i) {
            for (Loop& loop : loops_) loop.poll(0);
        }
    }
    void read(std::size_t client, std::size_t count) {
        heard_[client] += clients_[client]->read(count);
    }
    void take_step() {
        const std::size_t client = pick(clients_.size());
        switch (pick(12)) {
            case 0:
            case 1:
            case 2: loops_[pick(loops_.size())].poll(0); return;
            case 3: move(client); return;
            case 4: come_back(client); return;
            case 5: speak_to(client); return;
            case 6:
            case 7: read(client, pick(4)); return;
            case 8:
            case 9: say(loops_.size()); return;
            default: {
                const std::size_t place = pick(loops_.size());
                loops_[place].post([this, place] { say(place); });
            }
        }
    }
    void speak_to(std::size_t client) {
        test::PlayedEngineSession& session = clients_[client]->session();
        if (!session.is_moving()) session.say("2[\"alone\"," + std::to_string(client) + "]");
    }
    void move(std::size_t client) {
        test::PlayedEngineSession& session = clients_[client]->session();
        Loop& to = loops_[pick(loops_.size())];
        if (!session.is_moving() && &session.loop() != &to) session.begin_move(to);
    }
    // Everything may be under way; but before it goes again, it has been told who it is.
    void come_back(std::size_t client) {
        ReturningClient& own = *clients_[client];
        while (own.session().is_moving()) turn_all();
        read(client, pick(6));
        if (pick(2) == 0) own.end();
        own.connect(loops_[pick(loops_.size())]);
        while (!own.session().has_heard()) loops_[pick(loops_.size())].poll(0);
        read(client, 1);
        EXPECT_TRUE(own.is_recovered());
        ++return_count_;
    }
    void say(std::size_t place) {
        Broadcast all = hub_.of("/").broadcast();
        if (pick(2) == 0) all.to("r");
        all.emit(std::to_string(place), json(said_[place]++));
    }

    Hub hub_{{.recovery = {.max_disconnection_ms = 60'000}}};
    std::array<Loop, 3> loops_;
    std::vector<std::unique_ptr<ReturningClient>> clients_{};
    std::array<std::string, client_count> heard_{};
    std::array<int, place_count> said_{};
    std::array<int, client_count> alone_{};
    int return_count_ = 0;
    std::mt19937 random_;
};

TEST(SocketIoRecoveryAtRandom, all_is_heard_once_and_in_order) {
    int return_count = 0;
    for (unsigned seed = 1; seed <= 200; ++seed) {
        RecoveryAtRandom history(seed);
        history.run();
        return_count += history.return_count();
        for (std::size_t client = 0; client < RecoveryAtRandom::client_count; ++client) {
            for (std::size_t place = 0; place <= RecoveryAtRandom::place_count; ++place) {
                ASSERT_EQ(history.heard(client, place), history.expected(client, place))
                    << "seed " << seed << ", client " << client << ", place " << place;
            }
        }
    }
    EXPECT_GT(return_count, 2'000);
}

}  // namespace
}  // namespace edgews::sio
