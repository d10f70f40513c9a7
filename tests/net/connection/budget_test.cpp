// What messages may take from the heap: nothing, once connections have had their
// first; and a published one its frame. Counted on the loop's thread alone, so the
// clients may take what they like.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/allocations.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

constexpr std::size_t client_count = 64;

// What the loop had taken from the heap when it handled its latest message.
class Meter {
  public:
    // In a message handler.
    void read() noexcept { taken_.store(allocation_count(), std::memory_order_release); }
    // Any thread. Requires: nothing is on its way to the server.
    [[nodiscard]] std::size_t taken() const noexcept {
        return taken_.load(std::memory_order_acquire);
    }

  private:
    std::atomic<std::size_t> taken_{0};
};

std::vector<TestClient> open_clients(const TestServer& server, const char* path) {
    std::vector<TestClient> clients;
    for (std::size_t i = 0; i < client_count; ++i) clients.push_back(server.open(path));
    return clients;
}

void expect_bytes(TestClient& client, std::span<const std::byte> expected) {
    const Bytes bytes = client.read_exactly(expected.size());
    ASSERT_EQ(std::memcmp(bytes.data(), expected.data(), bytes.size()), 0);
}

// An echo server, its clients, and what its loop takes from the heap.
class Echo {
  public:
    Echo() {
        server_->ws("/", {.message = [this](Connection& c, Message m) {
                        meter_.read();
                        c.send(m);
                    }});
        server_.start();
        clients_ = open_clients(server_, "/");
    }

    // One message of each client, all on their way at once, in pieces that the server receives
    // one by one.
    void round(unsigned first_byte, const std::string& payload, std::size_t piece_count) {
        const Bytes message = client_frame(first_byte, payload);
        for (std::size_t i = 0; i < piece_count; ++i) {
            const std::size_t begin = message.size() * i / piece_count;
            const std::size_t end = message.size() * (i + 1) / piece_count;
            const std::uint64_t received = bytes_received();
            for (TestClient& client : clients_) {
                client.send(std::span(message).subspan(begin, end - begin));
            }
            const bool is_last = i + 1 == piece_count;
            if (!is_last) wait_for_bytes(received + (end - begin) * client_count);
        }
        const Bytes reply = server_frame(first_byte, payload);
        for (TestClient& client : clients_) expect_bytes(client, reply);
    }

    [[nodiscard]] std::size_t taken() const noexcept { return meter_.taken(); }

  private:
    std::uint64_t bytes_received() { return server_->stats()[Counter::bytes_received]; }

    // Asks the counters only: the loop's thread has nothing else to do than its messages.
    void wait_for_bytes(std::uint64_t count) {
        const auto end = std::chrono::steady_clock::now() + time_limit;
        while (bytes_received() < count) {
            if (std::chrono::steady_clock::now() > end) throw std::runtime_error("bytes are lost");
            std::this_thread::yield();
        }
    }

    Meter meter_;
    TestServer server_;
    std::vector<TestClient> clients_;
};

struct Traffic {
    const char* name;
    unsigned first_byte;
    char letter;
    std::size_t piece_count;
    std::size_t message_count;
};

TEST(Budget, an_echo_takes_nothing_from_the_heap) {
    const Traffic rows[] = {
        {"binary", 0x82, 'b', 1, 10'000},
        {"text", 0x81, 't', 1, 10'000},
        {"binary in two pieces", 0x82, 'b', 2, 2'000},
        {"text in two pieces", 0x81, 't', 2, 2'000},
    };
    Echo echo;
    for (const Traffic& row : rows) {
        SCOPED_TRACE(row.name);
        const std::string payload(125, row.letter);
        for (int i = 0; i < 3; ++i) echo.round(row.first_byte, payload, row.piece_count);
        const std::size_t before = echo.taken();
        for (std::size_t i = 0; i < row.message_count; i += client_count) {
            echo.round(row.first_byte, payload, row.piece_count);
        }
        EXPECT_EQ(echo.taken() - before, 0U);
        EXPECT_GT(before, 0U) << "nothing is counted at all";
    }
}

// An answer is written where an earlier one was: headers and a body that are no short strings.
TEST(Budget, nor_does_a_get) {
    Meter meter;
    TestServer server({.requests_per_connection_max = 0});
    server->get("/line", [&](const Request&, Response& response) {
        meter.read();
        response.headers.add("Content-Type", "text/plain; charset=utf-8");
        response.headers.add("Cache-Control", "no-store");
        response.body = "A line that no string holds without memory of its own.";
    });
    server.start();
    TestClient client = server.connect();
    const std::string request = TestClient::get_head("/line");
    std::size_t before = 0;
    for (int i = 0; i < 1'000; ++i) {
        client.send(i % 2 == 0 ? request : request + request + request);
        for (int count = i % 2 == 0 ? 1 : 3; count > 0; --count) {
            EXPECT_EQ(client.read_reply().status, 200U);
        }
        if (i == 10) before = meter.taken();
    }
    EXPECT_GT(before, 0U) << "nothing is counted at all";
    EXPECT_EQ(meter.taken() - before, 0U);
}

// Into how many pieces such a message falls, and how many wait at once, is up to the
// system. So the pool may need a block more even late; but it comes to an end.
TEST(Budget, nor_does_a_long_one_when_the_pool_has_met_all_its_pieces) {
    constexpr int batch_count_max = 20;
    const std::string payload(64 * 1024, 'b');
    Echo echo;
    std::vector<std::size_t> taken;
    do {
        const std::size_t before = echo.taken();
        for (int i = 0; i < 5; ++i) echo.round(0x82, payload, 1);
        taken.push_back(echo.taken() - before);
    } while (taken.back() > 0 && taken.size() < batch_count_max);
    EXPECT_EQ(taken.back(), 0U);
    EXPECT_GT(taken.front(), 0U) << "nothing is counted at all";
}

// The frame, which all subscribers share, however many they are.
TEST(Budget, a_message_that_is_published_takes_one_block) {
    constexpr std::size_t publish_count = 100;
    Meter meter;
    TestServer server;
    server->ws("/subscriber", {.open = [](Connection& c) { c.subscribe("prices"); }});
    server->ws("/publisher", {.message = [&](Connection& c, Message m) {
                   meter.read();
                   c.publish("prices", PreparedMessage(m));
               }});
    server.start();
    std::vector<TestClient> subscribers = open_clients(server, "/subscriber");
    TestClient publisher = server.open("/publisher");
    for (const std::size_t size : {125U, 16U * 1024}) {  // The larger is not copied anywhere.
        SCOPED_TRACE(size);
        const std::string payload(size, 'p');
        const Bytes message = client_frame(0x82, payload);
        const Bytes frame = server_frame(0x82, payload);
        const auto publish = [&](std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) {
                publisher.send(message);
                for (TestClient& subscriber : subscribers) expect_bytes(subscriber, frame);
            }
        };
        publish(3);
        const std::size_t before = meter.taken();
        publish(publish_count);
        EXPECT_EQ(meter.taken() - before, publish_count);
    }
}

}  // namespace
}  // namespace edgews::test
