// Compressed messages where the server's memory is used up, and those that are sent in pieces.
#include <edgews/deflate.hpp>
#include "net/stream/streams_on_loop.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "codecs.hpp"
#include "counting.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

constexpr std::size_t memory_max = 1024 * 1024;

// What does not become smaller.
std::string noise_of_size(std::size_t size) {
    std::mt19937 random(3);  // NOLINT: the same at every run.
    std::string noise(size, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    return noise;
}

class DeflateMemoryMax : public testing::Test {
  protected:
    DeflateMemoryMax() : server_({.memory_max = memory_max}) {
        const auto compression = deflate();
        RouteOptions options{.compression = compression};
        server_->ws("/whole",
                    {.message = [](Connection& c, Message m) { c.send(std::to_string(m.size())); }},
                    options);
        server_->ws("/parts",
                    {.message_chunk = [this](Connection&, auto bytes) { size_ += bytes.size(); },
                     .message_end = [this](Connection& c) { c.send(std::to_string(size_)); }},
                    options);
        server_.start();
    }
    void use_up() {
        server_.on_loop([this] {
            held_ = Reactor::current()->pool().take(memory_max + StreamsOnLoop::queues_size_max);
        });
    }
    void give_back() {
        server_.on_loop([this] { held_.reset(); });
    }
    static void send(TestClient& client, std::string_view text) {
        CodecPair ends(deflate()->terms());
        client.send(client_frame(0xC2, compress(ends.client(), text)));
    }

    std::size_t size_ = 0;
    Buffer held_;  // Of the loop's.
    TestServer server_;
};

TEST_F(DeflateMemoryMax, what_there_is_no_room_for_gets_1013) {
    const struct {
        const char* name;
        std::string text;
    } rows[] = {
        {"that grows", std::string(800'000, 'x')},
        {"that is large from the start", noise_of_size(60'000)},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        TestClient client = server_.open("/whole", offer);
        use_up();
        send(client, row.text);
        client.expect_close(1013);
        give_back();
        client.close();
        TestClient next = server_.open("/whole", offer);
        send(next, row.text);
        next.expect_text(std::to_string(row.text.size()));
    }
    EXPECT_EQ(server_->stats()[Counter::protocol_faults], 2U);
}

// In parts it needs no more than one of them.
TEST_F(DeflateMemoryMax, what_is_taken_in_parts_passes) {
    TestClient client = server_.open("/parts", offer);
    use_up();
    send(client, std::string(800'000, 'x'));
    client.expect_text("800000");
    give_back();
}

// What is sent from where it lies in the held input leaves as it was, though there is no memory to
// hold what follows it.
TEST_F(DeflateMemoryMax, an_echo_of_held_input_survives_the_want_of_memory_behind_it) {
    const std::string echoed = noise_of_size(5'000);
    Handle handle;
    int chunk_count = 0;
    TestServer server({.memory_max = memory_max});
    server->ws("/",
               {.open = [&](Connection& c) { handle = c.handle(); },
                .message_begin = [](Connection&, Message::Kind) {},
                .message_chunk =
                    [&](Connection& c, std::span<const std::byte> bytes) {
                        if (++chunk_count == 2) {
                            c.send(Message::binary(bytes), Compress::never);
                        } else {
                            c.pause_reading();
                        }
                    },
                .message_end = [](Connection&) {}},
               {.compression = deflate()});
    server.start();
    TestClient client = server.open("/", offer);
    CodecPair ends(deflate()->terms());
    const std::string noise = noise_of_size(20'000);
    Bytes input;
    for (const Bytes& frame : {client_frame(0x82, "pause"), client_frame(0x82, echoed),
                               client_frame(0xC2, compress(ends.client(), noise))}) {
        input.insert(input.end(), frame.begin(), frame.end());
    }
    client.send(input);
    server.wait_until([&] { return chunk_count == 1; });
    Buffer others;
    server.on_loop([&] {
        others = Reactor::current()->pool().take(memory_max + StreamsOnLoop::queues_size_max);
    });
    EXPECT_TRUE(handle.post([](Connection& c) { c.resume_reading(); }));
    client.expect_frame(0x82, echoed);
    client.expect_close(1013);
    server.on_loop([&] { others.reset(); });
}

// The handler has seen it: what it was restored in goes back, however long the pause is.
TEST_F(DeflateMemoryMax, a_message_whose_handler_pauses_keeps_no_memory) {
    bool is_paused = false;
    TestServer server({.loops = 1});
    server->ws("/",
               {.message =
                    [&](Connection& c, Message) {
                        c.pause_reading();
                        is_paused = true;
                    }},
               {.compression = deflate()});
    server.start();
    TestClient client = server.open("/", offer);
    const auto lent_size = [] { return Reactor::current()->pool().lent_size(); };
    const std::size_t size_before = server.on_loop(lent_size);
    send(client, std::string(800'000, 'x'));
    server.wait_until([&] { return is_paused; });
    EXPECT_LT(server.on_loop(lent_size), size_before + 100'000);
}

TEST(DeflatePieces, what_is_sent_in_pieces_is_compressed_by_the_size_of_all) {
    const auto compression = deflate();
    TestServer server;
    server->ws("/",
               {.message =
                    [](Connection& c, Message m) {
                        const std::span<const std::byte> bytes = m.bytes();
                        const std::array<std::span<const std::byte>, 3> pieces{
                            bytes.first(bytes.size() / 3), bytes.subspan(bytes.size() / 3),
                            std::span<const std::byte>()};
                        EXPECT_EQ(c.send(m.is_text() ? Message::Kind::text : Message::Kind::binary,
                                         pieces),
                                  SendResult::sent);
                    }},
               {.compression = compression});
    server.start();
    TestClient client = server.open("/", offer);
    CodecPair ends(compression->terms());
    const std::size_t size_min = compression->message_size_min();
    std::uint64_t count = 0;
    for (const unsigned kind : {1U, 2U}) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{3}, size_min - 1}) {
            const std::string text(size, 'p');
            client.send_frame(0x80 | kind, text);
            client.expect_frame(0x80 | kind, text);
            ++count;
        }
        for (const std::size_t size : {size_min, std::size_t{5'000}}) {
            const std::string text(size, 'p');
            client.send_frame(0x80 | kind, text);
            const ReceivedFrame frame = client.read_frame();
            EXPECT_EQ(frame.first_byte, 0xC0 | kind);
            EXPECT_EQ(restore(ends.client(), frame.payload).text, text);
            ++count;
        }
    }
    EXPECT_EQ(server->stats()[Counter::messages_sent], count);
}

}  // namespace
}  // namespace edgews::test
