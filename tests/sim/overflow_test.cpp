// A burst is not slowness: how long a backlog may be over its limit
// (RouteOptions::overflow_after_ms), and what comes then.
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};
constexpr std::size_t body_size = 1'000;
constexpr std::size_t kilo = 1'000;

class OverflowInTime : public testing::Test {
  protected:
    // Its sockets take little: the rest is the backlog.
    void SetUp() override {
        Faults& faults = world_.faults();
        faults.send_buffer_least = faults.send_buffer_most = 16'384;
        faults.receive_buffer_least = faults.receive_buffer_most = 16'384;
        peer_.message = [this](WebSocketPeer&, std::string_view text, bool) {
            heard_.push_back(static_cast<std::size_t>(std::stoul(std::string(text))));
            if (pause_every_ > 0 && heard_.size() % pause_every_ == 0) pause();
            if (heard_.size() == stops_at_) peer_.set_reading(false);
        };
    }
    ~OverflowInTime() override { server_.shutdown(0); }

    void start(RouteOptions options) {
        server_.ws("/",
                   {.open = [](Connection& c) { c.subscribe("topic"); },
                    .overflow = [this](Connection&, std::size_t count) { told_ += count; }},
                   std::move(options));
        ASSERT_FALSE(server_.listen({.host = "127.0.0.1"}));
        server_.start();
        peer_.connect(server_.port());
        world_.run_for(10);
        ASSERT_TRUE(peer_.is_open());
        began_ms_ = now_ms();
    }
    // So many bytes in messages with numbers, all in one turn.
    void publish(std::size_t size) {
        server_.loop(0).post([this, size] {
            for (std::size_t i = 0; i < size / body_size; ++i) {
                std::string body = std::to_string(published_++) + ' ';
                body.resize(body_size, 'x');
                server_.publish("topic", body);
            }
        });
        world_.run_for(1);
    }
    void pause() {
        peer_.set_reading(false);
        world_.after(10'000'000, [this] { peer_.set_reading(true); });
    }
    // So many messages, or some more that came with them.
    void read(std::size_t count) {
        stops_at_ = heard_.size() + count;
        peer_.set_reading(true);
        world_.run_for(10);
    }
    [[nodiscard]] std::size_t backlog() {
        std::size_t size = 0;
        server_.visit([&](Connection& connection) { size = connection.buffered_amount(); });
        world_.run_for(1);
        return size;
    }
    [[nodiscard]] std::uint64_t now_ms() const { return world_.now_ns() / 1'000'000; }
    void run_until(std::uint64_t at_ms) { world_.run_for(began_ms_ + at_ms - now_ms()); }
    // All that was published has come, in order.
    void expect_all() {
        ASSERT_EQ(heard_.size(), published_);
        for (std::size_t i = 0; i < heard_.size(); ++i) EXPECT_EQ(heard_[i], i);
    }
    [[nodiscard]] std::uint64_t dropped() const {
        return server_.stats()[Counter::messages_dropped];
    }

    World world_{{.recorded = calm}};
    Server server_{{.loops = 1}};
    WebSocketPeer peer_{world_, {}};
    std::vector<std::size_t> heard_{};
    std::size_t published_ = 0;
    std::size_t pause_every_ = 0;  // Messages; 0: it reads as fast as it can.
    std::size_t stops_at_ = 0;     // Messages, all in all.
    std::size_t told_ = 0;
    std::uint64_t began_ms_ = 0;
};

// A hundred at a time, about 10 MB in a second.
TEST_F(OverflowInTime, a_burst_over_a_slow_link_arrives_whole) {
    start({.backlog_size_max = 1'000 * kilo, .overflow_after_ms = 5'000});
    pause_every_ = 16;
    publish(5'000 * kilo);
    EXPECT_GT(backlog(), 4'000 * kilo);
    run_until(1'000);
    EXPECT_GT(backlog(), 1'000 * kilo);
    publish(10 * kilo);
    run_until(4'900);
    expect_all();
    EXPECT_EQ(peer_.close_code(), 0U);
    EXPECT_EQ(backlog(), 0U);
}

TEST_F(OverflowInTime, without_it_the_limit_is_one) {
    start({.backlog_size_max = 1'000 * kilo});
    pause_every_ = 16;
    publish(5'000 * kilo);
    EXPECT_LE(backlog(), 1'000 * kilo + 100);
    run_until(10'000);
    EXPECT_EQ(peer_.close_code(), 1013U);
    EXPECT_LT(heard_.size(), 1'100U);
}

// A limit acts when something is to be sent.
TEST_F(OverflowInTime, who_stopped_reading_overflows_with_the_first_message_after_its_time) {
    start({.backlog_size_max = 1'000 * kilo, .overflow_after_ms = 5'000});
    peer_.set_reading(false);
    publish(2'000 * kilo);
    run_until(4'900);
    publish(1 * kilo);
    run_until(5'100);
    EXPECT_EQ(dropped(), 0U);
    publish(1 * kilo);
    EXPECT_EQ(dropped(), 1U);
    peer_.set_reading(true);
    run_until(6'000);
    EXPECT_EQ(peer_.close_code(), 1013U);
    EXPECT_EQ(heard_.size(), published_ - 1);
}

TEST_F(OverflowInTime, more_than_the_cap_never_waits) {
    start({.backlog_size_max = 100 * kilo,
           .overflow_after_ms = 5'000,
           .backlog_size_cap = 500 * kilo,
           .overflow = Overflow::tell});
    peer_.set_reading(false);
    publish(1'000 * kilo);
    const std::size_t most = backlog();
    EXPECT_LE(most, 500 * kilo);
    EXPECT_GT(most, 450 * kilo);
    EXPECT_GT(dropped(), 400U);
    EXPECT_EQ(told_, dropped());
}

TEST_F(OverflowInTime, who_read_down_to_the_limit_has_all_of_its_time_again) {
    start({.backlog_size_max = 100 * kilo, .overflow_after_ms = 5'000, .overflow = Overflow::drop});
    peer_.set_reading(false);
    publish(300 * kilo);
    run_until(4'000);
    peer_.set_reading(true);
    run_until(4'100);
    peer_.set_reading(false);
    publish(300 * kilo);
    run_until(8'900);
    publish(100 * kilo);
    EXPECT_EQ(dropped(), 0U);
    run_until(9'200);
    publish(1 * kilo);
    EXPECT_EQ(dropped(), 1U);
}

// It has used up its time: it gets what there is room for, and bursts only when it has caught up.
TEST_F(OverflowInTime, who_was_slow_is_held_to_the_limit_until_half_of_it_is_free) {
    start({.backlog_size_max = 200 * kilo, .overflow_after_ms = 5'000, .overflow = Overflow::drop});
    peer_.set_reading(false);
    publish(400 * kilo);
    run_until(5'100);
    publish(1 * kilo);
    EXPECT_EQ(dropped(), 1U);
    read(240);
    EXPECT_GT(backlog(), 100 * kilo);
    EXPECT_LT(backlog(), 190 * kilo);
    publish(100 * kilo);
    EXPECT_LE(backlog(), 200 * kilo);
    EXPECT_GT(dropped(), 20U);
    const std::uint64_t before = dropped();
    read(110);
    EXPECT_LT(backlog(), 100 * kilo);
    publish(300 * kilo);
    EXPECT_GT(backlog(), 300 * kilo);
    EXPECT_EQ(dropped(), before);
}

// The loop has not listened to it meanwhile.
TEST_F(OverflowInTime, a_standstill_of_the_loop_is_not_the_peers_time) {
    start({.backlog_size_max = 1'000 * kilo, .overflow_after_ms = 5'000});
    peer_.set_reading(false);
    publish(2'000 * kilo);
    run_until(1'000);
    server_.loop(0).post([this] { world_.run_for(20'000); });
    run_until(21'500);
    publish(1 * kilo);
    EXPECT_EQ(dropped(), 0U);
    peer_.set_reading(true);
    run_until(22'000);
    expect_all();
}

// What is sent to it alone is counted in the same way, whatever fills the backlog.
TEST_F(OverflowInTime, who_is_sent_an_answer_in_the_midst_of_a_burst_is_not_closed) {
    start({.backlog_size_max = 100 * kilo, .overflow_after_ms = 5'000});
    peer_.set_reading(false);
    publish(300 * kilo);
    std::vector<SendResult> results;
    server_.visit([&](Connection& connection) {
        results.push_back(connection.send("300 answer"));
        results.push_back(connection.send(PreparedMessage(Message("301 answer"))));
    });
    world_.run_for(1);
    EXPECT_EQ(results, (std::vector{SendResult::queued, SendResult::queued}));
    published_ += 2;
    peer_.set_reading(true);
    run_until(1'000);
    expect_all();
}

}  // namespace
}  // namespace edgews::sim
