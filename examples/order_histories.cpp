// Tests a handler against thousands of networks, in seconds, with the simulated kernel.
//
//     order_histories [--seeds 10000] [--first 1] [--forgetful]
//
// Each seed is a history: traders who lose their connections at any moment, connect again and send
// again what was not answered; links that are slow, cut messages anywhere, or stand still. In all
// of them each order must be filled once, and be answered. With --forgetful the gateway breaks its
// rule, and the seed that shows it is named: it shows it again, each time.
#include <edgews/sim.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "order_gateway.hpp"

namespace {

namespace sim = edgews::sim;

constexpr std::uint64_t a_second_ns = 1'000'000'000;

// Sends its orders until all are answered, from one connection to the next.
class Trader {
  public:
    Trader(sim::World& world, std::uint16_t port, const std::string& name)
        : world_(world), port_(port), pace_(sim::Pace::drawn(world.choices())) {
        const std::uint32_t count = world.choices().between(1, 4);
        for (std::uint32_t i = 0; i < count; ++i) open_.insert(name + "-" + std::to_string(i));
        connect();
    }

    [[nodiscard]] bool is_content() const { return open_.empty(); }

  private:
    void connect() {
        connections_.push_back(std::make_unique<sim::WebSocketPeer>(
            world_, sim::WebSocketPeerOptions{.path = "/orders", .pace = pace_}));
        sim::WebSocketPeer& peer = *connections_.back();
        peer.open = [this](sim::WebSocketPeer& here) {
            for (const std::string& id : open_) here.send_text("buy " + id + " 100");
        };
        peer.message = [this](sim::WebSocketPeer&, std::string_view answer, bool) {
            open_.erase(std::string(answer.substr(answer.find(' ') + 1)));
        };
        peer.connect(port_);
        // Half of the connections do not live long.
        if (world_.choices().once_in(2)) {
            world_.after(world_.kernel().drawn_ns(3'000'000), [&peer] { peer.reset(); });
        }
        world_.after(a_second_ns, [this, &peer] {
            if (is_content()) return;
            peer.reset();
            connect();
        });
    }

    sim::World& world_;
    std::uint16_t port_;
    sim::Pace pace_;
    std::set<std::string> open_;  // Not answered yet.
    std::vector<std::unique_ptr<sim::WebSocketPeer>> connections_;
};

// What is wrong with this history; empty: nothing.
std::string play(std::uint64_t seed, bool remembers) {
    sim::World world({.seed = seed});
    examples::OrderGateway gateway(remembers);
    edgews::Server server({.loops = 2});
    gateway.add_routes(server);
    if (const edgews::Error error = server.listen({.host = "127.0.0.1"})) return error.message;
    server.start();
    world.draw_faults();
    std::vector<std::unique_ptr<Trader>> traders;
    for (const char* name : {"ann", "bob"}) {
        traders.push_back(std::make_unique<Trader>(world, server.port(), name));
    }
    world.run_until_quiet(2'000, 600'000);  // Milliseconds, of the world's own time.
    server.shutdown(0);
    for (const auto& trader : traders) {
        if (!trader->is_content()) return "an order was never answered";
    }
    for (const auto& [id, count] : gateway.filled()) {
        if (count != 1) return id + " was filled " + std::to_string(count) + " times";
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t first = 1;
    std::uint64_t seeds = 10'000;
    bool remembers = true;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--forgetful") {
            remembers = false;
        } else if (word == "--seeds" && i + 1 < argc) {
            seeds = std::strtoull(argv[++i], nullptr, 10);
        } else if (word == "--first" && i + 1 < argc) {
            first = std::strtoull(argv[++i], nullptr, 10);
        } else {
            std::fputs("usage: order_histories [--seeds N] [--first N] [--forgetful]\n", stderr);
            return 2;
        }
    }
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        const std::string fault = play(seed, remembers);
        if (fault.empty()) continue;
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), fault.c_str());
        return 1;
    }
    std::printf("%llu histories: each order was filled once\n",
                static_cast<unsigned long long>(seeds));
    return 0;
}
