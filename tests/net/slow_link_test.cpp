// Slow links, as if time ran a hundred times faster: silence counts only when something could have
// been heard, and whoever brings something, however slowly, is not cut off.
#include <edgews/net/client.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>

#include "../support/client_fixture.hpp"
#include "../support/test_server.hpp"

namespace edgews::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class SlowLink : public testing::Test {
  protected:
    void start(RouteOptions options) {
        options.backlog_size_max = 64 << 20;
        server_->ws("/",
                    {.open = [this](Connection& c) { handle_ = c.handle(); },
                     .message = [](Connection& c, Message m) { c.send(std::to_string(m.size())); },
                     .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }},
                    std::move(options));
        server_.start();
    }
    // A frame of binary, read at `rate` bytes a millisecond without a pause.
    static std::size_t read_slowly(TestClient& client, std::size_t size, std::size_t rate) {
        std::size_t read = 0;
        while (read < size) {
            const std::size_t piece =
                client.read_exactly(std::min<std::size_t>(size - read, 16'384)).size();
            read += piece;
            std::this_thread::sleep_for(std::chrono::milliseconds(piece / rate));
        }
        return read;
    }
    // It answers: our ping is behind all that came before.
    static void expect_alive(TestClient& client) {
        client.send_text("are you there?");
        while (client.read_frame().text() != "14") {
        }
    }

    Notes notes_;
    Handle handle_;
    TestServer server_;
};

constexpr std::size_t large_size = 4'000'000;
constexpr std::size_t frame_header_size = 10;

TEST_F(SlowLink, a_download_that_is_read_all_the_time_goes_on) {
    start({.idle_ping_ms = 100, .ping_timeout_ms = 100});
    TestClient client = server_.open("/", "", {.receive_buffer = 65'536});
    server_.wait_for(Counter::websockets_open, 1);
    handle_.send(Message(std::string(large_size, 'x')));
    EXPECT_EQ(read_slowly(client, large_size + frame_header_size, 4'000),
              large_size + frame_header_size);
    expect_alive(client);
}

// As behind a proxy: the system at the other end has all, and the peer reads it later.
TEST_F(SlowLink, what_others_keep_for_the_peer_gives_it_time) {
    start({.idle_ping_ms = 40, .ping_timeout_ms = 40});
    TestClient client = server_.open("/", "", {.receive_buffer = 4 << 20});
    server_.wait_for(Counter::websockets_open, 1);
    handle_.send(Message(std::string(150'000, 'x')));
    std::this_thread::sleep_for(500ms);  // 150,000 bytes are worth nine seconds.
    EXPECT_TRUE(notes_.all().empty());
    EXPECT_EQ(client.read_frame().payload.size(), 150'000U);
    expect_alive(client);
}

TEST_F(SlowLink, who_takes_nothing_is_given_up_all_the_same) {
    start({.idle_ping_ms = 40, .ping_timeout_ms = 40});
    TestClient client = server_.open("/", "", {.receive_buffer = 4096});
    server_.wait_for(Counter::websockets_open, 1);
    handle_.send(Message(std::string(16 << 20, 'x')));
    EXPECT_EQ(notes_.wait_for(1), List{"close 1006  unclean"});
}

TEST_F(SlowLink, a_goodbye_behind_what_is_still_read_is_waited_for) {
    start({.idle_ping_ms = 0, .close_timeout_ms = 100});
    TestClient client = server_.open("/", "", {.receive_buffer = 65'536});
    server_.wait_for(Counter::websockets_open, 1);
    server_.on_loop([&] {
        handle_.send(Message(std::string(large_size, 'x')));
        handle_.close(4000);
    });
    (void)read_slowly(client, large_size + frame_header_size, 4'000);
    client.expect_close(4000);
    client.send_close(4000);
    client.expect_eof();
    EXPECT_EQ(notes_.wait_for(1), List{"close 4000  clean"});
}

TEST_F(SlowLink, an_upload_that_comes_all_the_time_goes_on) {
    start({.message_timeout_ms = 100, .message_rate_min = 1'000});
    TestClient client = server_.open();
    const Bytes frame = client_frame(0x82, std::string(40'000, 'x'));
    const std::span<const std::byte> all(frame);
    for (std::size_t begin = 0; begin < all.size(); begin += 1'000) {
        client.send(all.subspan(begin, std::min<std::size_t>(1'000, all.size() - begin)));
        std::this_thread::sleep_for(10ms);
    }
    client.expect_text("40000");
}

TEST_F(SlowLink, one_that_only_trickles_is_cut_off) {
    start({.message_timeout_ms = 100, .message_rate_min = 1'000});
    TestClient client = server_.open();
    client.send(from_hex("82 FE 27 10 00000000"));  // 10,000 bytes are to come.
    for (int i = 0; i < 100 && notes_.all().empty(); ++i) {
        (void)client.try_send(from_hex("00"));
        std::this_thread::sleep_for(10ms);
    }
    client.expect_close(1008);
}

TEST_F(SlowLink, without_a_rate_a_byte_in_time_is_enough_and_none_is_not) {
    start({.message_timeout_ms = 100, .message_rate_min = 0});
    TestClient client = server_.open();
    client.send(from_hex("82 8A 00000000"));
    for (int i = 0; i < 9; ++i) {
        client.send(from_hex("00"));
        std::this_thread::sleep_for(30ms);
    }
    EXPECT_TRUE(notes_.all().empty());
    client.expect_close(1008);
}

// ---- The other role --------------------------------------------------------

class SlowServer : public ClientFixture {};

TEST_F(SlowServer, that_reads_all_the_time_is_no_silent_one) {
    const RawServer server(loop);
    RawPeer peer =
        open(server, {.backlog_size_max = 64 << 20, .ping_ms = 50, .pong_timeout_ms = 100});
    ASSERT_NE(client->send(std::string(large_size, 'x')), SendResult::dropped);
    std::size_t read = 0;
    const auto begin = Clock::now();
    while (read + 16'384 < large_size) {
        read += peer.read_exactly(16'384).size();
        const auto due = begin + std::chrono::milliseconds(read / 8'000);
        while (Clock::now() < due) loop.poll(1);
    }
    EXPECT_EQ(client->ready_state(), ReadyState::open);
    EXPECT_EQ(notes, (Notes{"open", "drain"}));
}

TEST_F(SlowServer, that_takes_nothing_is_given_up) {
    const RawServer server(loop);
    RawPeer peer =
        open(server, {.backlog_size_max = 64 << 20, .ping_ms = 50, .pong_timeout_ms = 100});
    ASSERT_NE(client->send(std::string(32 << 20, 'x')), SendResult::dropped);
    expect_notes({"open", "error open", "close 1006  unclean"});
}

}  // namespace
}  // namespace edgews::test
