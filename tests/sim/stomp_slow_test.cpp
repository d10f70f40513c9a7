// Subscribers that are slow, on sockets: when they are, and what that costs others.
#include "stomp_session.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {
namespace {

constexpr std::size_t mebi = 1024 * 1024;

class StompSlowSessions : public StompSessionInTime {
  protected:
    // Whose sockets take little, so that the rest waits in the broker.
    void start(StompOptions options) {
        Faults& faults = world_.faults();
        faults.send_buffer_least = faults.send_buffer_most = 65'536;
        faults.receive_buffer_least = faults.receive_buffer_most = 65'536;
        StompSessionInTime::start(std::move(options));
    }
    void connect_subscriber(StompClientPeer& peer) {
        connect(peer);
        peer.subscribe("/topic/a");
        world_.run_for(1);
    }
    // As the application, in messages of 1 KiB.
    void publish(std::size_t size) {
        const std::string body(1'024, 'x');
        for (std::size_t i = 0; i < size / body.size(); ++i) {
            ASSERT_EQ(broker_->send("/topic/a", body), stomp::Fault::none);
        }
    }
    static std::size_t count_messages(std::string_view heard) {
        return static_cast<std::size_t>(std::ranges::count(heard, '\0'));
    }
    [[nodiscard]] std::size_t session_count() const { return broker_->stats().sessions; }
};

// It reads all the time: 64 KiB, or a little more, in 20 ms.
class SlowLink final : public StompClientPeer {
  public:
    using StompClientPeer::StompClientPeer;

  private:
    void on_bytes(std::string_view bytes) override {
        StompClientPeer::on_bytes(bytes);
        taken_size_ += bytes.size();
        if (taken_size_ < 65'536) return;
        taken_size_ = 0;
        set_reading(false);
        world().after(20'000'000, [this] { set_reading(true); });
    }
    std::size_t taken_size_ = 0;
};

constexpr std::string_view too_slow = "More messages wait for the client than the limit.";

// What came at once takes it two seconds.
TEST_F(StompSlowSessions, a_burst_over_a_slow_link_arrives_whole) {
    start({});
    SlowLink peer(world_);
    connect_subscriber(peer);
    publish(6 * mebi);
    run_until(1'500);
    EXPECT_GT(broker_->stats().memory, mebi);
    run_until(4'900);
    EXPECT_EQ(count_messages(peer.heard()), 6U * 1'024);
    run_until(60'000);
    EXPECT_EQ(session_count(), 1U);
    EXPECT_LT(broker_->stats().memory, 10'000U);
}

// A burst that is too much for it: it falls behind, and that is slowness.
TEST_F(StompSlowSessions, who_is_behind_for_too_long_is_ended_though_it_reads) {
    start({});
    SlowLink peer(world_);
    connect_subscriber(peer);
    publish(30 * mebi);
    run_until(7'100);
    EXPECT_EQ(session_count(), 0U);
    run_until(8'000);  // What it has planned refers to it.
}

// Nothing more has to come for that.
TEST_F(StompSlowSessions, who_stops_reading_is_ended_when_it_has_had_its_time) {
    start({});
    StompClientPeer peer(world_);
    connect_subscriber(peer);
    peer.set_reading(false);
    publish(3 * mebi);
    EXPECT_GT(broker_->stats().memory, 2 * mebi);
    run_until(4'900);
    EXPECT_EQ(session_count(), 1U);
    run_until(7'100);
    EXPECT_EQ(session_count(), 0U);
    EXPECT_EQ(broker_->stats().memory, 0U);
    peer.set_reading(true);
    world_.run_for(1'000);
    EXPECT_TRUE(peer.has_heard(too_slow));
    EXPECT_TRUE(peer.has_heard("slow_after_ms is 5000"));
}

TEST_F(StompSlowSessions, what_waits_for_one_who_stops_reading_has_a_cap) {
    start({.broker = {.slow_after_ms = 3'600'000, .backlog_size_cap = 4 * mebi}});
    StompClientPeer peer(world_);
    connect_subscriber(peer);
    peer.set_reading(false);
    publish(3 * mebi);
    world_.run_for(60'000);
    EXPECT_EQ(session_count(), 1U);
    publish(3 * mebi);
    world_.run_for(1);
    EXPECT_EQ(session_count(), 0U);
    EXPECT_EQ(broker_->stats().memory, 0U);
}

// It would have been read from in the meantime.
TEST_F(StompSlowSessions, a_standstill_of_its_loop_makes_nobody_slow) {
    start({});
    StompClientPeer peer(world_);
    connect_subscriber(peer);
    peer.set_reading(false);
    publish(3 * mebi);
    run_until(3'000);
    server_.loop(0).post([this] { world_.run_for(20'000); });
    world_.after(10'000'000'000, [&] { peer.set_reading(true); });
    run_until(24'000);
    EXPECT_EQ(session_count(), 1U);
    EXPECT_EQ(count_messages(peer.heard()), 3U * 1'024);
    EXPECT_FALSE(peer.has_heard(too_slow));
}

// Some at a time, in one turn after the other.
TEST_F(StompSlowSessions, all_who_are_slow_at_once_end_however_many_they_are) {
    start({});
    std::vector<std::unique_ptr<StompClientPeer>> peers;
    for (int i = 0; i < 100; ++i) {
        peers.push_back(std::make_unique<StompClientPeer>(world_));
        connect_subscriber(*peers.back());
        peers.back()->set_reading(false);
    }
    const std::uint64_t began_ms = now_ms();
    publish(2 * mebi);
    world_.run_for(began_ms + 4'900 - now_ms());
    EXPECT_EQ(session_count(), 100U);
    world_.run_for(2'200);
    EXPECT_EQ(session_count(), 0U);
}

TEST_F(StompSlowSessions, who_loses_messages_is_told_how_many_and_stays) {
    start({.broker = {.when_slow = stomp::WhenSlow::drop_oldest}});
    StompClientPeer peer(world_);
    connect_subscriber(peer);
    peer.set_reading(false);
    publish(3 * mebi);
    run_until(7'100);
    publish(1'024);
    EXPECT_EQ(session_count(), 1U);
    const std::uint64_t dropped = broker_->stats().counters.dropped;
    EXPECT_GT(dropped, 1'500U);
    EXPECT_LT(broker_->stats().memory, mebi + 10'000);
    peer.set_reading(true);
    run_until(8'000);
    EXPECT_TRUE(peer.has_heard("\ndropped:" + std::to_string(dropped) + "\n"));
    EXPECT_EQ(count_messages(peer.heard()) + dropped, 3U * 1'024 + 1);
}

// ---- WhenSlow::block ---------------------------------------------------------

class StompBlockingSessions : public StompSlowSessions {
  protected:
    void SetUp() override { start({.broker = {.when_slow = stomp::WhenSlow::block}}); }
    static void send(StompClientPeer& peer, std::size_t size) {
        const std::string body(1'024, 'x');
        for (std::size_t i = 0; i < size / body.size(); ++i) peer.send_to("/topic/a", body);
        peer.say("SEND\ndestination:/topic/nobody\nreceipt:all\n\n");
    }
};

TEST_F(StompBlockingSessions, producers_wait_for_one_that_reads_slowly_and_nothing_is_lost) {
    SlowLink reader(world_);
    connect_subscriber(reader);
    StompClientPeer producer(world_);
    connect(producer);
    send(producer, 30 * mebi);
    std::size_t most = 0;
    const std::uint64_t began_ms = now_ms();
    while (now_ms() < began_ms + 60'000 && !producer.has_heard("receipt-id:all")) {
        world_.run_for(10);
        most = std::max(most, broker_->stats().memory);
    }
    EXPECT_TRUE(producer.has_heard("receipt-id:all"));
    EXPECT_GT(now_ms() - began_ms, 8'000U);
    EXPECT_LT(most, mebi);
    world_.run_for(1'000);
    EXPECT_EQ(count_messages(reader.heard()), 30U * 1'024);
    EXPECT_EQ(session_count(), 2U);
}

TEST_F(StompBlockingSessions, producers_go_on_when_one_that_stopped_reading_has_had_its_time) {
    StompClientPeer reader(world_);
    connect_subscriber(reader);
    reader.set_reading(false);
    StompClientPeer producer(world_);
    connect(producer);
    send(producer, 6 * mebi);
    run_until(4'900);
    EXPECT_FALSE(producer.has_heard("receipt-id:all"));
    run_until(7'100);
    EXPECT_TRUE(producer.has_heard("receipt-id:all"));
    EXPECT_EQ(session_count(), 1U);
    EXPECT_EQ(producer.ended_ms(), 0U);
}

// It writes first, and reads then.
TEST_F(StompBlockingSessions, who_sends_to_himself_does_not_wait_for_himself) {
    StompClientPeer peer(world_);
    connect_subscriber(peer);
    peer.set_reading(false);
    send(peer, 6 * mebi);
    run_until(1'000);
    peer.set_reading(true);
    run_until(2'000);
    EXPECT_EQ(count_messages(peer.heard()), 6U * 1'024 + 1);
    EXPECT_TRUE(peer.has_heard("receipt-id:all"));
}

TEST_F(StompBlockingSessions, who_waits_may_go_and_who_is_waited_for_may_too) {
    for (const bool is_producer : {true, false}) {
        for (const bool is_reset : {true, false}) {
            SCOPED_TRACE(is_producer);
            StompClientPeer reader(world_);
            connect_subscriber(reader);
            reader.set_reading(false);
            StompClientPeer producer(world_);
            connect(producer);
            send(producer, 6 * mebi);
            run_until(1'000);
            StompClientPeer& goes = is_producer ? producer : reader;
            is_reset ? goes.reset() : goes.end();
            run_until(20'000);
            EXPECT_EQ(producer.has_heard("receipt-id:all"), !is_producer || !is_reset);
            (is_producer ? reader : producer).reset();
            run_until(21'000);
            EXPECT_EQ(session_count(), 0U);
            EXPECT_EQ(broker_->stats().memory, 0U);
        }
    }
}

}  // namespace
}  // namespace edgews::sim::test
