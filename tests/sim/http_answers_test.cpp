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
#include <vector>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};
constexpr std::size_t answer_size = 60'000;

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
        server_->get("/answer", [](const Request&, Response& answer) {
            answer.body = std::string(answer_size, 'x');
        });
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

// While a peer takes nothing of what we said, it is not to blame for its body; but then for that.
// One of these asks for the answer that the system takes no more, and has begun its body behind it.
TEST_F(HttpAnswers, who_neither_reads_nor_sends_its_body_is_given_up) {
    const std::string get = "GET /answer HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (const std::uint32_t body_timeout_ms : {5'000U, 0U}) {
        SCOPED_TRACE(body_timeout_ms);
        start({.body_timeout_ms = body_timeout_ms});
        // Asks that often, and begins its body at once with the last.
        const auto ask = [&](std::uint64_t count) {
            auto peer = std::make_unique<Asking>(world_);
            peer->set_reading(false);
            peer->connect(server_->port());
            for (; count > 0; --count) {
                peer->send(count > 1 ? get : get + post_of(10) + "12345");
                EXPECT_TRUE(world_.run_until_quiet(10, 900));
            }
            return peer;
        };
        const auto first = ask(200);
        const std::uint64_t answer_count = server_->stats()[Counter::bytes_sent] / answer_size;
        EXPECT_GT(answer_count, 1U);
        EXPECT_LT(answer_count, 199U);
        std::vector<std::unique_ptr<Asking>> peers;
        for (std::uint64_t more = 0; more <= 3; ++more)
            peers.push_back(ask(answer_count - 1 + more));
        world_.run_for(60'000);
        // Without a limit the first of these may still bring its body: we have said all.
        EXPECT_LE(server_->stats()[Counter::connections_open], body_timeout_ms > 0 ? 0U : 2U);
        server_->shutdown(0);
        server_.reset();
    }
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
