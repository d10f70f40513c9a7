// What is still to be sent when one side has begun to go: it arrives.
#include <edgews/connection.hpp>
#include <edgews/loop.hpp>
#include "net/loop/reactor.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

constexpr std::size_t backlog = 64 * 1024 * 1024;

TEST(LastWords, a_half_close_does_not_cut_off_the_answers) {
    TestServer server;
    server->ws("/", {.message = [](Connection& c, Message m) { c.send(m); }},
               {.backlog_size_max = backlog});
    server.start();
    TestClient client = server.open("/", "", {.receive_buffer = 4096});
    const std::string message(60'000, 'x');
    constexpr int count = 100;
    for (int i = 0; i < count; ++i) client.send_text(message);
    client.half_close();
    for (int i = 0; i < count; ++i) client.expect_text(message);
    client.expect_end();
}

TEST(LastWords, a_close_waits_for_whoever_is_reading) {
    TestServer server;
    server->ws("/",
               {.open =
                    [](Connection& c) {
                        c.send(std::string(16 * 1024 * 1024, 'x'));
                        c.close(1000);
                    }},
               {.backlog_size_max = backlog, .close_timeout_ms = 1'000});
    server.start();
    TestClient client = server.open("/", "", {.receive_buffer = 4096});
    EXPECT_EQ(client.read_frame().payload.size(), 16U * 1024 * 1024);
    client.expect_close(1000);
}

TEST(LastWords, a_deferred_subprotocol_that_is_no_token_is_answered_500) {
    TestServer server;
    server->ws("/", {.upgrade = [](const Request&, Upgrade& upgrade) {
                   EXPECT_TRUE(upgrade.defer().accept({.subprotocol = "not a token"}));
               }});
    server.start();
    TestClient client = server.connect();
    client.send(TestClient::upgrade_head());
    EXPECT_EQ(client.read_reply().status, 500U);
    EXPECT_EQ(server->stats()[Counter::handler_failures], 1U);
}

TEST(LastWords, a_source_left_unread_twice_is_read_once_a_turn) {
    struct Loud final : Watched {
        void on_events(std::uint32_t) override { ++reads; }
        int reads = 0;
    };
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    auto owned = std::make_unique<Loud>();
    reactor.add(*owned);
    Loud& loud = *owned.release();  // The loop deletes it.
    auto other = std::make_unique<Loud>();
    reactor.add(*other);
    reactor.read_later(loud);
    reactor.read_later(*other.release());  // Another may come in between.
    reactor.read_later(loud);
    loop.poll(0);
    EXPECT_EQ(loud.reads, 1);
}

// Of the 33rd ping of a batch the answer waits for its end. Nothing follows what was forgotten.
TEST(LastWords, no_held_pong_follows_a_termination) {
    std::atomic<std::size_t> waiting_size = SIZE_MAX;
    TestServer server;
    server->ws("/", {.message = [](Connection& c, Message) { c.terminate(); },
                     .close = [&](Connection& c,
                                  const CloseEvent&) { waiting_size = c.buffered_amount(); }});
    server.start();
    TestClient client = server.open();
    Bytes input;
    for (int i = 0; i < 40; ++i) {
        const Bytes frame = i < 39 ? client_frame(0x89, "ping") : client_frame(0x81, "end");
        input.insert(input.end(), frame.begin(), frame.end());
    }
    client.send(input);
    server.wait_until([&] { return waiting_size != SIZE_MAX; });
    EXPECT_EQ(waiting_size, 0U);
}

TEST(LastWords, options_that_could_never_work_are_refused) {
    Server server;
    EXPECT_THROW(server.ws("/a", {}, {.overflow_close_code = 1006}), std::invalid_argument);
    EXPECT_THROW(server.ws("/b", {}, {.close_timeout_ms = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace edgews::test
