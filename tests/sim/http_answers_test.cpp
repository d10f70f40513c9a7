// Bodies and deferred answers to the millisecond: who sends too slowly, who answers too late, and
// who is told.
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
#include <utility>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};

// Keeps all that it is told.
class Asking final : public Peer {
  public:
    explicit Asking(World& world) : Peer(world, {}) {}
    [[nodiscard]] bool has_heard(std::string_view words) const {
        return heard_.find(words) != std::string::npos;
    }

  private:
    void on_bytes(std::string_view bytes) override { heard_ += bytes; }
    std::string heard_{};
};

class HttpAnswers : public testing::Test {
  protected:
    ~HttpAnswers() override {
        if (server_) server_->shutdown(0);
    }

    void start(HttpRouteOptions options) {
        server_.emplace(ServerOptions{.loops = 1, .keep_alive_timeout_ms = 2'000});
        server_->post(
            "/size",
            [](const Request& asked, Response& answer) {
                answer.body = "size " + std::to_string(asked.body().size());
            },
            options);
        server_->get(
            "/later",
            [this](const Request& asked, Response&) {
                later_ = asked.defer([this] { ++gone_count_; });
            },
            options);
        ASSERT_FALSE(server_->listen({.host = "127.0.0.1"}));
        server_->start();
    }
    std::unique_ptr<Asking> say(std::string_view words) {
        auto peer = std::make_unique<Asking>(world_);
        peer->connect(server_->port());
        peer->send(words);
        EXPECT_TRUE(world_.run_until_quiet(100, 900));
        return peer;
    }

    World world_{{.recorded = calm}};
    DeferredResponse later_{};
    int gone_count_ = 0;
    std::optional<Server> server_{};
};

std::string post_of(std::size_t size) {
    return "POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(size) +
           "\r\n\r\n";
}

TEST_F(HttpAnswers, a_body_that_stops_is_too_late) {
    start({.body_timeout_ms = 5'000});
    const auto peer = say(post_of(10) + "12345");
    world_.run_for(4'500);
    EXPECT_FALSE(peer->has_heard("HTTP/1.1"));
    world_.run_for(1'000);
    EXPECT_TRUE(peer->has_heard("HTTP/1.1 408 "));
    EXPECT_TRUE(peer->has_heard("Connection: close"));
}

TEST_F(HttpAnswers, a_body_that_goes_on_has_more_time_and_one_that_trickles_has_not) {
    start({.body_timeout_ms = 5'000, .body_rate_min = 100});
    const auto slow = say(post_of(3'000));
    const auto trickling = say(post_of(3'000));
    for (int i = 0; i < 5; ++i) {
        world_.run_for(4'000);
        slow->send(std::string(600, 'x'));
        trickling->send(std::string(99, 'x'));
    }
    world_.run_for(100);
    EXPECT_TRUE(slow->has_heard("size 3000"));
    EXPECT_TRUE(trickling->has_heard("HTTP/1.1 408 "));
}

// While it takes nothing of what we said, it is not to blame for its body; but then for that.
TEST_F(HttpAnswers, who_neither_reads_nor_sends_its_body_is_given_up) {
    start({.body_timeout_ms = 5'000});
    Asking peer(world_);
    peer.set_reading(false);
    peer.connect(server_->port());
    peer.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n" + post_of(10) + "12345");
    world_.run_for(4'000);
    EXPECT_EQ(server_->stats()[Counter::connections_open], 1U);
    world_.run_for(12'000);
    EXPECT_EQ(server_->stats()[Counter::connections_open], 0U);
}

TEST_F(HttpAnswers, without_a_time_limit_a_body_may_take_any_time) {
    start({.body_timeout_ms = 0, .answer_timeout_ms = 0});
    const auto peer = say(post_of(10) + "12345");
    const auto waiting = say("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
    world_.run_for(3'600'000);
    peer->send("67890");
    EXPECT_TRUE(later_.send({.body = "at last"}));
    world_.run_for(100);
    EXPECT_TRUE(peer->has_heard("size 10"));
    EXPECT_TRUE(waiting->has_heard("at last"));
    EXPECT_EQ(gone_count_, 0);
    world_.run_for(2'500);  // From now on they are idle.
    EXPECT_TRUE(peer->has_heard_end());
    EXPECT_TRUE(waiting->has_heard_end());
}

TEST_F(HttpAnswers, an_answer_that_does_not_come_is_503_and_the_connection_goes_on) {
    start({.answer_timeout_ms = 5'000});
    const auto peer = say("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
    world_.run_for(4'500);
    EXPECT_EQ(gone_count_, 0);
    EXPECT_TRUE(later_.is_awaited());
    peer->send(post_of(2) + "ok");
    world_.run_for(1'000);
    EXPECT_EQ(gone_count_, 1);
    EXPECT_FALSE(later_.send({.body = "too late"}));
    EXPECT_TRUE(peer->has_heard("HTTP/1.1 503 "));
    EXPECT_TRUE(peer->has_heard("size 2"));
    EXPECT_FALSE(peer->has_heard("too late"));
    EXPECT_FALSE(peer->has_heard_end());
}

TEST_F(HttpAnswers, each_body_has_its_own_time) {
    start({.body_timeout_ms = 1'000});
    const auto peer = say(post_of(10) + "12345");
    world_.run_for(500);
    peer->send("67890" + post_of(4) + "ab");
    world_.run_for(900);
    EXPECT_TRUE(peer->has_heard("size 10"));
    peer->send("cd");
    world_.run_for(50);
    EXPECT_TRUE(peer->has_heard("size 4"));
}

}  // namespace
}  // namespace edgews::sim
