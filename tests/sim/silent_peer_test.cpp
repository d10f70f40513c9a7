// Who hears nothing is given up, however much its system takes for it.
#include "caller.hpp"

#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};
constexpr std::size_t message_size = 32'768;  // More than may be read in passing.
// Silence may last a second before a ping and another behind it; a message of that size may be read
// for two more, and each limit is looked at a second late at most.
constexpr std::uint64_t patience_ms = 10'000;

class SilentPeer : public testing::Test {
  protected:
    SilentPeer() {
        Faults& faults = world_.faults();
        faults.send_buffer_least = faults.send_buffer_most = 1 << 20;
        faults.receive_buffer_least = faults.receive_buffer_most = 1 << 20;
    }
    ~SilentPeer() override { server_.shutdown(0); }

    void start(Handlers handlers) {
        server_.ws("/", std::move(handlers), {.idle_ping_ms = 1'000, .ping_timeout_ms = 1'000});
        ASSERT_FALSE(server_.listen({.host = "127.0.0.1"}));
        server_.start();
    }
    // Somebody comes, and reads no more once it is open.
    void bring_peer() {
        peer_.open = [](WebSocketPeer& opened) { opened.set_reading(false); };
        peer_.connect(server_.port());
    }
    void expect_given_up() {
        EXPECT_TRUE(peer_.is_open());
        EXPECT_EQ(closed_count_, 1);
    }
    void count_close() { ++closed_count_; }

    World world_{{.recorded = calm}};
    Server server_{{.loops = 1}};
    WebSocketPeer peer_{world_, {}};
    int closed_count_ = 0;
};

TEST_F(SilentPeer, that_reads_nothing_while_its_system_takes_all_is_given_up) {
    start({.open = [](Connection& opened) { opened.send(std::string(message_size, 'x')); },
           .close = [this](Connection&, const CloseEvent&) { count_close(); }});
    bring_peer();
    world_.run_for(patience_ms);
    expect_given_up();
}

// A ticker's subscriber that hangs: each message that its system takes is no sign of life.
TEST_F(SilentPeer, that_reads_nothing_is_given_up_while_messages_are_sent_to_it) {
    start({.open = [](Connection& opened) { opened.subscribe("ticks"); },
           .close = [this](Connection&, const CloseEvent&) { count_close(); }});
    bring_peer();
    for (std::uint64_t ms = 0; ms < 2 * patience_ms; ms += 100) {
        // Slower than what it is allowed to read slowly, and more than may be read in passing.
        server_.publish("ticks", std::string(1'000, 'x'));
        world_.run_for(100);
    }
    expect_given_up();
}

TEST_F(SilentPeer, that_is_a_clients_server_is_given_up_too) {
    start({.open = [](Connection& opened) { opened.pause_reading(); }});
    test::LoopThread thread;
    std::unique_ptr<Client> client;
    const std::string url = "ws://127.0.0.1:" + std::to_string(server_.port()) + "/";
    thread.loop().post([&] {
        ClientHandlers handlers;
        handlers.open = [](Client& opened) { opened.send(std::string(message_size, 'x')); };
        handlers.close = [this](Client&, const CloseEvent&) { count_close(); };
        client =
            std::make_unique<Client>(thread.loop(), url, std::move(handlers),
                                     ClientOptions{.ping_ms = 1'000, .pong_timeout_ms = 1'000});
    });
    world_.run_for(patience_ms);
    EXPECT_EQ(closed_count_, 1);
    thread.loop().post([&] { client.reset(); });
    world_.run_for(100);
    thread.stop();
}

}  // namespace
}  // namespace edgews::sim
