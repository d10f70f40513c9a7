// Streamed answers to the millisecond: when silence is broken, and who is given up.
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};

class Listening final : public Peer {
  public:
    explicit Listening(World& world) : Peer(world, {}) {}
    [[nodiscard]] std::size_t count(std::string_view words) const {
        std::size_t found = 0;
        for (auto at = heard_.find(words); at != std::string::npos; at = heard_.find(words, at + 1))
            ++found;
        return found;
    }

  private:
    void on_bytes(std::string_view bytes) override { heard_ += bytes; }
    std::string heard_{};
};

class HttpStreamTimes : public testing::Test {
  protected:
    HttpStreamTimes() {
        server_->get("/events", [this](const Request& asked, Response&) {
            events_ =
                asked.events({.keep_alive_ms = keep_alive_ms_, .gone = [this] { ++gone_count_; }});
        });
        server_->get("/stream", [this](const Request& asked, Response&) {
            StreamOptions options{.backlog_size_max = 100'000'000};
            options.gone = [this] { ++gone_count_; };
            stream_ = asked.stream({}, std::move(options));
        });
        EXPECT_FALSE(server_->listen({.host = "127.0.0.1"}));
        server_->start();
    }
    ~HttpStreamTimes() override { server_->shutdown(0); }

    std::unique_ptr<Listening> ask(const std::string& path) {
        auto peer = std::make_unique<Listening>(world_);
        peer->connect(server_->port());
        peer->send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        EXPECT_TRUE(world_.run_until_quiet(10, 900));
        return peer;
    }

    World world_{{.recorded = calm}};
    EventStream events_{};
    ResponseStream stream_{};
    std::uint32_t keep_alive_ms_ = 15'000;
    int gone_count_ = 0;
    std::optional<Server> server_{ServerOptions{.loops = 1, .keep_alive_timeout_ms = 2'000}};
};

TEST_F(HttpStreamTimes, a_comment_is_sent_after_fifteen_seconds_of_silence_and_no_sooner) {
    const auto peer = ask("/events");
    world_.run_for(14'500);
    EXPECT_EQ(peer->count(":\n\n"), 0U);
    world_.run_for(1'000);
    EXPECT_EQ(peer->count(":\n\n"), 1U);
    world_.run_for(10'000);
    EXPECT_EQ(events_.send("x"), SendResult::queued);
    world_.run_for(14'500);
    EXPECT_EQ(peer->count(":\n\n"), 1U);
    world_.run_for(1'000);
    EXPECT_EQ(peer->count(":\n\n"), 2U);
    EXPECT_EQ(peer->count("data: x\n\n"), 1U);
    world_.run_for(3'600'000);
    EXPECT_EQ(peer->count(":\n\n"), 242U);
    EXPECT_EQ(gone_count_, 0);
}

// Shorter than the time in which a reader that is in arrears has to take something.
TEST_F(HttpStreamTimes, nor_is_it_late_when_the_client_was_in_arrears_for_a_moment) {
    keep_alive_ms_ = 700;
    const auto peer = ask("/events");
    peer->set_reading(false);
    EXPECT_EQ(events_.send(std::string(900'000, 'z')), SendResult::queued);
    world_.run_for(200);
    EXPECT_LT(peer->count("z"), 900'000U);
    const std::size_t count = peer->count(":\n\n");
    peer->set_reading(true);
    world_.run_for(450);
    EXPECT_EQ(peer->count("z"), 900'000U);
    EXPECT_EQ(peer->count(":\n\n"), count);
    world_.run_for(100);
    EXPECT_EQ(peer->count(":\n\n"), count + 1);
    EXPECT_EQ(gone_count_, 0);
}

TEST_F(HttpStreamTimes, a_stream_may_be_silent_for_any_time_and_then_idle_as_long_as_others) {
    const auto peer = ask("/stream");
    world_.run_for(3'600'000);
    EXPECT_FALSE(peer->has_heard_end());
    EXPECT_EQ(stream_.write("x"), SendResult::queued);
    EXPECT_TRUE(stream_.finish());
    world_.run_for(1'500);
    EXPECT_EQ(peer->count("1\r\nx\r\n0\r\n\r\n"), 1U);
    EXPECT_FALSE(peer->has_heard_end());
    world_.run_for(1'000);
    EXPECT_TRUE(peer->has_heard_end());
    EXPECT_EQ(gone_count_, 0);
}

TEST_F(HttpStreamTimes, who_reads_nothing_is_given_up_and_who_reads_slowly_is_not) {
    const auto reads_nothing = ask("/stream");
    reads_nothing->set_reading(false);
    EXPECT_EQ(stream_.write(std::string(10'000'000, 'x')), SendResult::queued);
    world_.run_for(1'900);
    EXPECT_EQ(gone_count_, 0);
    world_.run_for(4'000);
    EXPECT_EQ(gone_count_, 1);
    EXPECT_FALSE(stream_.is_open());
    EXPECT_EQ(server_->stats()[Counter::connections_open], 0U);

    const auto reads_slowly = ask("/stream");
    EXPECT_EQ(stream_.write(std::string(10'000'000, 'x')), SendResult::queued);
    for (int i = 0; i < 100 && reads_slowly->count("x") < 10'000'000; ++i) {
        reads_slowly->set_reading(false);
        world_.run_for(1'800);
        reads_slowly->set_reading(true);
        world_.run_for(20);
    }
    EXPECT_EQ(gone_count_, 1);
    EXPECT_TRUE(stream_.is_open());
}

TEST_F(HttpStreamTimes, a_client_that_resets_is_told_of_at_once) {
    auto peer = ask("/events");
    peer->reset();
    world_.run_for(100);
    EXPECT_EQ(gone_count_, 1);
    EXPECT_EQ(events_.send("x"), SendResult::closed);
    EXPECT_EQ(server_->stats()[Counter::connections_open], 0U);
}

}  // namespace
}  // namespace edgews::sim
