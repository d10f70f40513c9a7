// Slow links: silence counts only when something could have been heard, and whoever brings or takes
// something, however slowly, is not cut off.
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::sim {
namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::size_t large_size = 4'000'000;
constexpr std::size_t slowly_read_size = 16'384;
// 100,000 bytes a second, without a pause of more than 320 ms.
constexpr Pace reading_slowly{.read_size_max = 2 * slowly_read_size, .read_gap_ns_max = 320 * ms};

class SlowLink : public testing::Test {
  protected:
    ~SlowLink() override { server_.shutdown(0); }

    void start(RouteOptions options, std::size_t receive_buffer = 65'536) {
        Faults& faults = world_.faults();
        faults.send_buffer_least = faults.send_buffer_most = 1 << 20;
        faults.receive_buffer_least = faults.receive_buffer_most = receive_buffer;
        options.backlog_size_max = 64 << 20;
        server_.ws(
            "/",
            {.open = [this](Connection& opened) { handle_ = opened.handle(); },
             .message = [](Connection& speaker,
                           Message heard) { speaker.send(std::to_string(heard.size())); },
             .close = [this](Connection&, const CloseEvent& event) { closed_ = event.code; }},
            std::move(options));
        ASSERT_FALSE(server_.listen({.host = "127.0.0.1"}));
        server_.start();
    }
    WebSocketPeer& open(const Pace& pace) {
        WebSocketPeer& peer = peer_.emplace(world_, WebSocketPeerOptions{.pace = pace});
        peer.message = [this](WebSocketPeer&, std::string_view payload, bool) {
            heard_.push_back(payload.size());
            last_ = payload;
        };
        peer.connect(server_.port());
        world_.run_for(2'000);
        EXPECT_TRUE(peer.is_open());
        return peer;
    }
    // It answers: our message is behind all that came before.
    void expect_alive() {
        peer_->send_text("are you there?");
        world_.run_for(1'000);
        EXPECT_EQ(last_, "14");
        EXPECT_FALSE(closed_);
    }

    World world_{{.seed = 1}};
    Server server_{{.loops = 1}};
    Handle handle_;
    std::optional<WebSocketPeer> peer_;
    std::vector<std::size_t> heard_;  // Sizes of what the peer was sent, and the last one.
    std::string last_;
    std::optional<std::uint16_t> closed_;
};

TEST_F(SlowLink, a_download_that_is_read_all_the_time_goes_on) {
    start({.idle_ping_ms = 2'000, .ping_timeout_ms = 2'000});
    open(reading_slowly);
    handle_.send(Message(std::string(large_size, 'x')));
    world_.run_for(60'000);
    EXPECT_EQ(heard_, std::vector{large_size});
    expect_alive();
}

// What the peer says in between shows that it was there, not that it has read what was sent before:
// of a megabyte that has left already, it comes to our ping after ten seconds.
TEST_F(SlowLink, who_has_spoken_while_much_was_on_its_way_may_read_on) {
    start({.idle_ping_ms = 2'000, .ping_timeout_ms = 2'000});
    WebSocketPeer& peer = open(reading_slowly);
    handle_.send(Message(std::string(1'000'000, 'x')));  // The system takes it whole.
    world_.run_for(100);
    peer.ping("");
    world_.run_for(20'000);
    EXPECT_EQ(heard_, std::vector<std::size_t>{1'000'000});
    expect_alive();
}

TEST_F(SlowLink, nor_does_a_close_take_what_is_on_its_way) {
    start({.idle_ping_ms = 0, .close_timeout_ms = 2'000});
    WebSocketPeer& peer = open(reading_slowly);
    handle_.send(Message(std::string(1'000'000, 'x')));
    world_.run_for(100);
    peer.ping("");
    world_.run_for(100);
    server_.loop(0).post([this] { handle_.close(4000); });
    world_.run_for(20'000);
    EXPECT_EQ(heard_, std::vector<std::size_t>{1'000'000});
    EXPECT_EQ(closed_, 4000);
}

// And who stops reading has the limit from the last look at which it had read, and no more.
TEST_F(SlowLink, a_close_is_waited_for_until_the_peer_stops_reading) {
    start({.idle_ping_ms = 0, .close_timeout_ms = 1'000});
    WebSocketPeer& peer = open(reading_slowly);
    handle_.send(Message(std::string(large_size, 'x')));
    world_.run_for(100);
    server_.loop(0).post([this] { handle_.close(4000); });
    world_.run_for(2'500);
    EXPECT_FALSE(closed_);
    peer.set_reading(false);
    world_.run_for(400);
    EXPECT_FALSE(closed_);
    world_.run_for(2'200);
    EXPECT_EQ(closed_, 1006);
}

// As behind a proxy: the system at the other end has all, and the peer reads it later.
TEST_F(SlowLink, what_others_keep_for_the_peer_gives_it_time) {
    start({.idle_ping_ms = 500, .ping_timeout_ms = 500}, 4 << 20);
    WebSocketPeer& peer = open({});
    peer.set_reading(false);
    handle_.send(Message(std::string(150'000, 'x')));
    world_.run_for(8'000);  // 150,000 bytes are worth nine seconds.
    EXPECT_FALSE(closed_);
    peer.set_reading(true);
    world_.run_for(100);
    EXPECT_EQ(heard_, std::vector<std::size_t>{150'000});
    expect_alive();
}

TEST_F(SlowLink, who_takes_nothing_is_given_up_all_the_same) {
    start({.idle_ping_ms = 1'000, .ping_timeout_ms = 1'000}, 4'096);
    open({}).set_reading(false);
    handle_.send(Message(std::string(16 << 20, 'x')));
    world_.run_for(10'000);
    EXPECT_EQ(closed_, 1006);
}

TEST_F(SlowLink, a_goodbye_behind_what_is_still_read_is_waited_for) {
    start({.idle_ping_ms = 0, .close_timeout_ms = 2'000});
    WebSocketPeer& peer = open(reading_slowly);
    server_.loop(0).post([this] {
        handle_.send(Message(std::string(large_size, 'x')));
        handle_.close(4000);
    });
    world_.run_for(60'000);
    EXPECT_EQ(heard_, std::vector{large_size});
    EXPECT_EQ(peer.close_code(), 4000U);
    EXPECT_EQ(closed_, 4000);
}

// 10,000 bytes a second, on average.
TEST_F(SlowLink, an_upload_that_comes_all_the_time_goes_on) {
    start({.message_timeout_ms = 2'000, .message_rate_min = 1'000});
    open({.write_size_max = 2'000, .write_gap_ns_max = 200 * ms})
        .send_binary(std::string(40'000, 'x'));
    world_.run_for(30'000);
    EXPECT_EQ(last_, "40000");
}

TEST_F(SlowLink, one_that_only_trickles_is_cut_off) {
    start({.message_timeout_ms = 2'000, .message_rate_min = 1'000});
    WebSocketPeer& peer = open({});
    for (std::uint64_t second = 0; second < 10 && !closed_; ++second) {
        if (second == 0) peer.send(std::string("\x82\xFE\x27\x10\0\0\0\0", 8));  // 10,000 bytes.
        peer.send(std::string(100, '\0'));
        world_.run_for(1'000);
    }
    EXPECT_EQ(peer.close_code(), 1008U);
}

TEST_F(SlowLink, without_a_rate_a_byte_in_time_is_enough_and_none_is_not) {
    start({.message_timeout_ms = 2'000, .message_rate_min = 0});
    WebSocketPeer& peer = open({});
    peer.send(std::string("\x82\x8A\0\0\0\0", 6));  // Ten bytes.
    for (int i = 0; i < 9; ++i) {
        peer.send(std::string(1, '\0'));
        world_.run_for(1'500);
    }
    EXPECT_EQ(peer.close_code(), 0U);
    world_.run_for(3'000);
    EXPECT_EQ(peer.close_code(), 1008U);
}

}  // namespace
}  // namespace edgews::sim
