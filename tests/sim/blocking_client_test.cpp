// A client that blocks, to the millisecond: what each call waits for, and how long.
#include <edgews/blocking_client.hpp>
#include <edgews/server.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::array calm{std::byte{0}};

class BlockingInWorld : public testing::Test {
  protected:
    BlockingInWorld() { world.faults().call_ns_max = 0; }
    ~BlockingInWorld() override {
        client.reset();
        server.shutdown(0);
    }
    // Buffers of the system's, from here on.
    void make_narrow(std::size_t size) {
        Faults& faults = world.faults();
        faults.send_buffer_least = faults.send_buffer_most = size;
        faults.receive_buffer_least = faults.receive_buffer_most = size;
    }
    void serve(Handlers handlers) {
        handlers.close = [this](Connection&, const CloseEvent& event) { close_code = event.code; };
        server.ws("/", std::move(handlers), {.idle_ping_ms = 0});
        ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
        server.start();
    }
    BlockingClient& connect(ClientOptions options = {}) {
        options.ping_ms = 0;
        return client.emplace("ws://127.0.0.1:" + std::to_string(server.port()) + "/",
                              std::move(options));
    }
    std::uint64_t milliseconds_of(const std::function<void()>& call) {
        const std::uint64_t begin_ns = world.now_ns();
        call();
        return (world.now_ns() - begin_ns + 500'000) / 1'000'000;
    }

    World world{{.recorded = calm}};
    Server server{{.loops = 1}};
    std::optional<BlockingClient> client{};
    std::vector<std::size_t> sizes{};  // Of messages that the server got.
    unsigned close_code = 0;
};

// Sends a message after so long, and another as long after it.
void tick(Connection& connection, std::uint64_t ms) {
    for (const std::uint64_t times : {1U, 2U}) {
        connection.loop().after(times * ms, [handle = connection.handle(), times] {
            (void)handle.send(std::to_string(times));
        });
        // What is no message comes in between.
        connection.loop().after(times * ms - ms / 2, [handle = connection.handle()] {
            (void)handle.post([](Connection& here) { (void)here.ping(); });
        });
    }
}

// Ends the connection without a goodbye, when it is open on both sides.
void lose(Connection& connection) {
    connection.loop().after(1, [handle = connection.handle()] { (void)handle.terminate(); });
}

TEST_F(BlockingInWorld, receive_waits_as_long_as_it_is_told) {
    serve({.open = [](Connection& opened) { tick(opened, 1'000); }});
    BlockingClient& client_ = connect();
    std::optional<BlockingClient::Received> received;
    const auto receive = [&](BlockingClient::Duration limit) {
        return milliseconds_of([&] { received = client_.receive(limit); });
    };
    EXPECT_EQ(receive(-5ms), 0U);
    EXPECT_EQ(receive(0ms), 0U);
    EXPECT_EQ(receive(1ms), 1U);
    EXPECT_EQ(receive(99ms), 99U);
    EXPECT_FALSE(received);
    // No longer than it takes, either, whatever the limit.
    EXPECT_EQ(receive(24h * 365 * 1'000), 900U);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->text(), "1");
    EXPECT_EQ(receive(BlockingClient::for_ever), 1'000U);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->text(), "2");
    EXPECT_FALSE(client_.is_closed());
}

TEST_F(BlockingInWorld, what_is_not_received_keeps_the_server_waiting) {
    constexpr std::size_t count = 50;
    Handle handle;
    std::size_t waiting = 0;
    make_narrow(8'192);
    serve({.open = [&](Connection& opened) {
        handle = opened.handle();
        for (std::size_t i = 0; i < count; ++i) opened.send(std::string(4'000, 'x'));
    }});
    BlockingClient& client_ = connect();
    for (int i = 0; i < 200; ++i) client_.client().loop().poll(1);
    handle.post([&](Connection& opened) { waiting = opened.buffered_amount(); });
    world.run_for(100);
    EXPECT_GT(waiting, 100'000U);
    for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(client_.receive(1s));
}

TEST_F(BlockingInWorld, send_waits_for_room_and_until_all_has_left) {
    make_narrow(8'192);
    serve({.message = [&](Connection&, Message m) { sizes.push_back(m.size()); }});
    BlockingClient& client_ = connect({.backlog_size_max = 100'000});
    EXPECT_EQ(client_.client().send(std::string(90'000, 'x')), SendResult::queued);
    EXPECT_EQ(client_.send(std::string(50'000, 'x')), SendResult::sent);
    EXPECT_EQ(client_.client().buffered_amount(), 0U);
    EXPECT_EQ(client_.send(std::string(200'000, 'x')), SendResult::sent);
    EXPECT_EQ(client_.client().buffered_amount(), 0U);
    EXPECT_EQ(client_.send("last"), SendResult::sent);
    world.run_for(100);
    EXPECT_EQ(sizes, (std::vector<std::size_t>{90'000, 50'000, 200'000, 4}));
}

// Whatever it waited for would not come.
TEST_F(BlockingInWorld, send_between_fragments_is_dropped) {
    make_narrow(8'192);
    serve({.message = [&](Connection&, Message m) { sizes.push_back(m.size()); }});
    BlockingClient& client_ = connect();
    for (const std::size_t size : {5U, 90'000U}) {
        (void)client_.client().send_fragment(std::string(size, 'x'), Fragment::first);
        EXPECT_EQ(client_.send("between"), SendResult::dropped);
        (void)client_.client().send_fragment("end", Fragment::last);
        EXPECT_EQ(client_.send("behind"), SendResult::sent);
    }
    world.run_for(100);
    EXPECT_EQ(sizes, (std::vector<std::size_t>{8, 6, 90'003, 6}));
}

TEST_F(BlockingInWorld, what_is_sent_to_nobody_was_not_sent) {
    serve({.open = [](Connection& opened) { lose(opened); }});
    for (const std::size_t size : {1U, 20'000U, 1'000'000U}) {
        BlockingClient& sending = connect();
        world.run_for(10);
        EXPECT_EQ(sending.send(std::string(size, 'x')), SendResult::closed);
        EXPECT_TRUE(sending.is_closed());
    }
    BlockingClient& client_ = *client;
    EXPECT_EQ(client_.send("x"), SendResult::closed);
    EXPECT_EQ(client_.error().stage, ClientStage::open);
    EXPECT_EQ(client_.close_event().code, 1006);
    EXPECT_FALSE(client_.close());
    EXPECT_EQ(milliseconds_of([&] { EXPECT_FALSE(client_.receive()); }), 0U);
}

TEST_F(BlockingInWorld, close_waits_for_the_server) {
    serve({.message = [](Connection& opened, Message) {
        opened.loop().after(300, [handle = opened.handle()] { (void)handle.close(4000, "bye"); });
    }});
    BlockingClient& client_ = connect();
    EXPECT_FALSE(client_.close(1005, "x"));
    EXPECT_FALSE(client_.is_closed());
    EXPECT_EQ(milliseconds_of([&] { EXPECT_TRUE(client_.close(4001, "enough")); }), 0U);
    EXPECT_TRUE(client_.is_closed());
    EXPECT_EQ(client_.close_event().code, 4001);
    EXPECT_EQ(close_code, 4001U);
    // And receive() hears of the server's.
    BlockingClient& next = connect();
    (void)next.send("close");
    EXPECT_EQ(milliseconds_of([&] { EXPECT_FALSE(next.receive()); }), 300U);
    EXPECT_EQ(next.close_event().code, 4000);
    EXPECT_EQ(next.close_event().reason, "bye");
    EXPECT_TRUE(next.close_event().clean);
    EXPECT_EQ(next.error().error.message, "");
}

TEST_F(BlockingInWorld, letting_go_waits_for_nobody) {
    serve({});
    (void)connect();
    EXPECT_EQ(milliseconds_of([&] { client.reset(); }), 0U);
    world.run_for(10);
    EXPECT_EQ(close_code, 1001U);
}

TEST_F(BlockingInWorld, it_connects_once_whatever_the_options) {
    serve({.open = [](Connection& opened) { lose(opened); }});
    BlockingClient& lost = connect({.reconnect = {.enabled = true}});
    EXPECT_FALSE(lost.receive());
    EXPECT_EQ(lost.client().loop().next_timeout_ms(), -1);
    client.emplace("ws://127.0.0.1:1/", ClientOptions{.reconnect = {.enabled = true}});
    EXPECT_FALSE(*client);
    EXPECT_TRUE(client->is_closed());
    EXPECT_EQ(client->error().stage, ClientStage::connect);
    EXPECT_EQ(client->client().loop().next_timeout_ms(), -1);
}

}  // namespace
}  // namespace edgews::sim
