// Answers that come later: from which thread they come, who waits for them, and who is told that
// nobody does.
#include "net/loop/reactor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

class HttpDeferredTest : public testing::Test {
  protected:
    HttpDeferredTest() {
        server_->get("/later/*", [this](const Request& asked, Response& ignored) {
            ignored = {.status = 418, .body = "never sent"};
            deferred_.push_back(asked.defer([this] { ++gone_count_; }));
        });
        server_->get("/now", [](const Request&, Response& answer) { answer.body = "now"; });
        server_->get("/throws", [this](const Request& asked, Response&) {
            deferred_.push_back(asked.defer([this] { ++gone_count_; }));
            throw std::runtime_error("oh");
        });
        server_->ws("/ws", {.upgrade = [](const Request& asked, Upgrade&) {
                        (void)asked.defer();  // Its Upgrade would.
                    }});
        server_.start();
    }

    void wait_for_deferred(std::size_t count) {
        server_.wait_until([&] { return deferred_.size() == count; });
    }
    DeferredResponse deferred(std::size_t index) {
        return server_.on_loop([&] { return deferred_.at(index); });
    }

    TestServer server_;
    std::vector<DeferredResponse> deferred_{};  // The loop's.
    std::atomic<int> gone_count_ = 0;
};

TEST_F(HttpDeferredTest, an_answer_may_come_from_any_thread) {
    TestClient client = server_.connect();
    for (std::size_t i = 0; i < 3; ++i) {
        client.send(TestClient::get_head("/later/x"));
        wait_for_deferred(i + 1);
        const DeferredResponse later = deferred(i);
        EXPECT_TRUE(later.is_awaited());
        Response answer{.status = 201, .body = "late"};
        answer.headers.add("X-Own", "1");
        std::thread([&] { EXPECT_TRUE(later.send(std::move(answer))); }).join();
        const HttpReply reply = client.read_reply();
        EXPECT_EQ(reply.status, 201U);
        EXPECT_EQ(reply.body, "late");
        EXPECT_TRUE(reply.has("X-Own: 1"));
        EXPECT_FALSE(later.is_awaited());
        EXPECT_FALSE(later.send({}));
    }
    EXPECT_EQ(gone_count_, 0);
    EXPECT_EQ(server_->stats()[Counter::http_requests], 3U);
}

TEST_F(HttpDeferredTest, an_answer_of_nobody_is_none) {
    const DeferredResponse none;
    EXPECT_FALSE(none.is_awaited());
    EXPECT_FALSE(none.send({}));
}

// Also one that is given before the handler returns.
TEST_F(HttpDeferredTest, what_else_was_asked_is_answered_behind_it) {
    TestClient client = server_.connect();
    client.send(TestClient::get_head("/now") + TestClient::get_head("/later/a") +
                TestClient::get_head("/now") + TestClient::get_head("/later/b"));
    EXPECT_EQ(client.read_reply().body, "now");
    wait_for_deferred(1);
    client.send(TestClient::get_head("/now"));
    server_.on_loop([] {});
    EXPECT_TRUE(deferred(0).send({.body = "first"}));
    EXPECT_EQ(client.read_reply().body, "first");
    EXPECT_EQ(client.read_reply().body, "now");
    wait_for_deferred(2);
    EXPECT_TRUE(deferred(1).send({.body = std::string(100'000, 'x')}));
    EXPECT_EQ(client.read_reply().body.size(), 100'000U);
    EXPECT_EQ(client.read_reply().body, "now");
}

TEST_F(HttpDeferredTest, the_first_of_several_answers_counts) {
    TestClient client = server_.connect();
    client.send(TestClient::get_head("/later/x"));
    wait_for_deferred(1);
    const DeferredResponse later = deferred(0);
    std::atomic<int> count = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] { count += later.send({.body = "one"}) ? 1 : 0; });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(count, 1);
    EXPECT_EQ(client.read_reply().body, "one");
    EXPECT_EQ(client.get("/now").body, "now");
}

TEST_F(HttpDeferredTest, who_left_is_told_to_whom_it_would_have_been_answered) {
    TestClient client = server_.connect();
    client.send(TestClient::get_head("/later/x"));
    wait_for_deferred(1);
    client.reset();
    server_.wait_for(Counter::connections_open, 0);
    EXPECT_EQ(gone_count_, 1);
    EXPECT_FALSE(deferred(0).is_awaited());
    EXPECT_FALSE(deferred(0).send({.body = "too late"}));
}

// It may be that the client wants nothing any more, or that it only has nothing more to say.
TEST_F(HttpDeferredTest, who_sends_nothing_more_is_told_of_and_still_answered) {
    for (const bool is_at_once : {false, true}) {
        TestClient client = server_.connect();
        client.send(TestClient::get_head("/later/x"));
        if (!is_at_once) wait_for_deferred(1);
        client.half_close();
        const int count = is_at_once ? 2 : 1;
        server_.wait_until([&] { return gone_count_ == count; });
        EXPECT_TRUE(deferred(static_cast<std::size_t>(count) - 1).send({.body = "still"}));
        EXPECT_EQ(client.read_reply().body, "still");
        client.expect_eof();
        EXPECT_EQ(gone_count_, count);
    }
}

TEST_F(HttpDeferredTest, a_handler_that_throws_has_answered) {
    TestClient client = server_.connect();
    EXPECT_EQ(client.get("/throws").status, 500U);
    EXPECT_FALSE(deferred(0).send({.body = "too late"}));
    EXPECT_EQ(client.get("/now").body, "now");
    EXPECT_EQ(gone_count_, 0);
}

TEST_F(HttpDeferredTest, an_upgrade_handler_has_its_own_way) {
    TestClient client = server_.connect();
    client.send(TestClient::upgrade_head("/ws"));
    EXPECT_EQ(client.read_reply().status, 500U);
}

TEST_F(HttpDeferredTest, head_and_http_1_0_are_answered_as_they_are_at_once) {
    TestClient client = server_.connect();
    client.send("HEAD /later/x HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for_deferred(1);
    EXPECT_TRUE(deferred(0).send({.body = "12345"}));
    EXPECT_TRUE(client.read_reply(false).has("Content-Length: 5"));
    client.send("GET /later/x HTTP/1.0\r\nHost: a\r\n\r\n");
    wait_for_deferred(2);
    EXPECT_TRUE(deferred(1).send({.body = "12345"}));
    EXPECT_EQ(client.read_reply().body, "12345");
    client.expect_eof();
}

TEST_F(HttpDeferredTest, a_server_that_shuts_down_waits_for_answers_as_long_as_its_grace) {
    TestClient answered = server_.connect();
    answered.send(TestClient::get_head("/later/x"));
    wait_for_deferred(1);
    TestClient left_alone = server_.connect();
    left_alone.send(TestClient::get_head("/later/y"));
    wait_for_deferred(2);
    TestClient idle = server_.connect();
    EXPECT_EQ(idle.get("/now").body, "now");
    std::thread ending([&] { server_->shutdown(2'000); });
    idle.expect_eof();
    idle.close();
    EXPECT_TRUE(deferred(0).send({.body = "last"}));
    const HttpReply reply = answered.read_reply();
    EXPECT_EQ(reply.body, "last");
    EXPECT_TRUE(reply.has("Connection: close"));
    answered.close();
    left_alone.expect_end();
    ending.join();
    EXPECT_EQ(gone_count_, 1);
    EXPECT_FALSE(deferred_.at(1).send({}));
}

// The memory is others'; who waits for an answer has asked for more behind it.
TEST(HttpDeferred, what_cannot_be_put_off_is_not_served_and_what_is_awaited_is) {
    constexpr std::size_t mib = 1024 * 1024;
    TestServer server({.memory_max = mib});
    DeferredResponse later;
    std::atomic<int> count = 0;
    server->get("/later", [&](const Request& asked, Response&) {
        later = asked.defer();
        ++count;
    });
    server.start();
    for (const std::string lines : {"", "Connection: close\r\n"}) {
        SCOPED_TRACE(lines);
        TestClient client = server.connect();
        EXPECT_EQ(client.get("/none").status, 404U);
        std::vector<Buffer> held;
        server.on_loop([&] {
            BufferPool& pool = Reactor::current()->pool();
            while (pool.may_hold(BufferPool::small_size, 4'096)) held.push_back(pool.take(4'096));
        });
        const int before = count;
        std::string all = TestClient::get_head("/later", lines);
        for (int i = 0; i < 900; ++i) all += TestClient::get_head("/later");
        client.send(all);
        server.wait_until([&] { return count > before; });
        EXPECT_TRUE(server.on_loop([&] { return later.send({.body = "one"}); }));
        const HttpReply reply = client.read_reply();
        EXPECT_EQ(reply.body, "one");
        EXPECT_TRUE(reply.has("Connection: close"));
        client.expect_end();
        EXPECT_EQ(count, before + 1);
        server.on_loop([&] { held.clear(); });
    }
}

// Each of these runs while the connection waits for its answer, or gives it up.
TEST(HttpDeferred, what_is_told_that_nobody_waits_may_do_what_it_likes) {
    TestServer server;
    DeferredResponse later;
    std::promise<bool> was_sent;
    server->get("/sends", [&](const Request& asked, Response&) {
        later = asked.defer([&] {
            was_sent.set_value(later.send({.body = "from within"}));
            throw std::runtime_error("oh");
        });
        EXPECT_THROW((void)asked.defer(), std::logic_error);
    });
    server.start();
    TestClient leaving = server.connect();
    leaving.send(TestClient::get_head("/sends"));
    leaving.half_close();
    EXPECT_TRUE(was_sent.get_future().get());
    EXPECT_EQ(leaving.read_reply().body, "from within");
    EXPECT_EQ(server->stats()[Counter::handler_failures], 1U);
}

}  // namespace
}  // namespace edgews::test
