// What is published to connections that agreed on compression, and to others.
#include <edgews/deflate.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "codecs.hpp"
#include "counting.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

// A message to a topic is compressed once for each window that was agreed on, not for each
// subscriber; in between, connections send what builds on their own messages.
TEST(DeflateTopics, what_is_published_is_compressed_once_for_all_of_a_kind) {
    const auto compression =
        std::make_shared<CountingCompression>(DeflateOptions{.memory = DeflateMemory::dedicated});
    TestServer server;
    server->ws("/",
               {.open = [](Connection& c) { c.subscribe("t"); },
                .message = [](Connection& c, Message m) { c.send(m); }},
               {.compression = compression});
    server.start();
    struct Subscriber {
        TestClient client;
        std::unique_ptr<CodecPair> ends;
    };
    std::vector<Subscriber> subscribers;
    for (int i = 0; i < 9; ++i) {
        const bool is_small = i % 3 == 1;
        std::string lines = i % 3 == 0 ? "" : std::string(offer);
        if (is_small) {
            lines.insert(lines.size() - 2, "; server_max_window_bits=9");
        }
        subscribers.push_back(
            {server.open("/", lines),
             std::make_unique<CodecPair>(DeflateParameters{
                 .server_max_window_bits = static_cast<std::uint8_t>(is_small ? 9 : 15)})});
    }
    for (int turn = 1; turn <= 3; ++turn) {
        const std::string text = text_of_size(2'000) + std::to_string(turn);
        const std::string own = text_of_size(300);
        server.on_loop([&] {
            server->publish("t", text);
            server->publish("t", "short");
            server->publish("t", text);
        });
        for (std::size_t i = 0; i < subscribers.size(); ++i) {
            TestClient& client = subscribers[i].client;
            MessageCodec& receiver = subscribers[i].ends->client();
            const auto expect_next = [&](const std::string& expected) {
                if (i % 3 == 0) return client.expect_text(expected);
                const ReceivedFrame frame = client.read_frame();
                EXPECT_EQ(frame.first_byte, 0xC1U);
                EXPECT_EQ(restore(receiver, frame.payload).text, expected);
            };
            expect_next(text);
            client.expect_text("short");
            expect_next(text);
            client.send_text(own);
            expect_next(own);
            client.send_text(own);
            expect_next(own);
        }
        EXPECT_EQ(compression->counts().compressed_alone, 2 * 2 * turn);
    }
}

TEST(DeflateTopics, prepared_messages_are_shared_by_loops_that_compress_them_at_once) {
    TestServer server({.loops = 4});
    const auto compression = deflate();
    server->ws("/", {.open = [](Connection& c) { c.subscribe("t"); }},
               {.compression = compression});
    server.start();
    std::vector<TestClient> clients;
    while (clients.size() < 12) clients.push_back(server.open("/", offer));
    server.wait_for(Counter::websockets_open, clients.size());
    const std::string text = text_of_size(5'000);
    for (int i = 0; i < 20; ++i) server->publish("t", PreparedMessage(text));
    for (TestClient& client : clients) {
        CodecPair ends(compression->terms());
        for (int i = 0; i < 20; ++i) {
            EXPECT_EQ(restore(ends.client(), client.read_frame().payload).text, text);
        }
    }
}

}  // namespace
}  // namespace edgews::test
