#include <edgews/blocking_client.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

using namespace std::chrono_literals;

class Blocking : public testing::Test {
  protected:
    void serve(Handlers handlers, RouteOptions options = {.message_size_max = 16 << 20}) {
        server_->ws("/", std::move(handlers), std::move(options));
        server_.start();
    }
    void serve_echo() {
        serve({.message = [](Connection& c, Message m) { c.send(m); }});
    }
    [[nodiscard]] std::string url() const {
        return "ws://127.0.0.1:" + std::to_string(server_.port()) + "/";
    }

    TestServer server_;
};

TEST_F(Blocking, a_few_lines_are_enough) {
    serve_echo();
    BlockingClient client(url());
    ASSERT_TRUE(client) << client.error().error.message;
    for (const std::string& text : {std::string("hello"), std::string(9 << 20, 'x')}) {
        EXPECT_EQ(client.send(text), SendResult::sent);
        const auto received = client.receive();
        ASSERT_TRUE(received);
        EXPECT_EQ(received->kind, Message::Kind::text);
        EXPECT_TRUE(received->text() == text);
    }
    EXPECT_FALSE(client.receive(1ms));
    EXPECT_FALSE(client.is_closed());
    EXPECT_TRUE(client.close(4000, "enough"));
    EXPECT_TRUE(client.is_closed());
    EXPECT_EQ(describe(client.close_event()), "close 4000  clean");
    EXPECT_EQ(client.send("late"), SendResult::closed);
    EXPECT_FALSE(client.receive());
    EXPECT_FALSE(client.close());
}

TEST_F(Blocking, messages_that_came_together_are_received_one_by_one) {
    serve({.open = [](Connection& c) {
        for (int i = 0; i < 20; ++i) c.send(std::to_string(i));
        c.close(4001, "all");
    }});
    BlockingClient client(url());
    for (int i = 0; i < 20; ++i) {
        const auto received = client.receive(20s);
        ASSERT_TRUE(received);
        EXPECT_EQ(received->text(), std::to_string(i));
    }
    EXPECT_FALSE(client.receive(20s));
    EXPECT_EQ(describe(client.close_event()), "close 4001 all clean");
}

TEST_F(Blocking, whoever_does_not_want_to_wait_gets_what_is_there) {
    serve_echo();
    BlockingClient client(url());
    client.send("there");
    std::optional<BlockingClient::Received> received;
    for (int i = 0; i < 100'000 && !received; ++i) received = client.receive(0ms);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->text(), "there");
}

TEST_F(Blocking, a_message_that_was_lost_was_not_sent) {
    // Within its limit: behind a larger message it would read on, to no purpose.
    serve({.message_chunk = [](Connection& c, std::span<const std::byte>) { c.terminate(); }},
          {.message_size_max = SIZE_MAX});
    BlockingClient client(url(), {.backlog_size_max = std::size_t{256} << 20});
    EXPECT_EQ(client.send(std::string(std::size_t{64} << 20, 'x')), SendResult::closed);
    EXPECT_TRUE(client.is_closed());
    EXPECT_GT(client.close_event().unsent_size, 0U);
}

TEST_F(Blocking, what_cannot_be_opened_says_why) {
    BlockingClient client("ws://127.0.0.1:1/");
    EXPECT_FALSE(client);
    EXPECT_TRUE(client.is_closed());
    EXPECT_EQ(client.error().stage, ClientStage::connect);
    EXPECT_FALSE(client.receive());
    EXPECT_EQ(client.send("x"), SendResult::closed);
}

TEST_F(Blocking, letting_go_says_goodbye) {
    Notes notes;
    serve({.close = [&](Connection&, CloseEvent event) { notes.add(describe(event)); }});
    { const BlockingClient client(url()); }
    EXPECT_EQ(notes.wait_for(1).front().substr(0, 10), "close 1001");
}

}  // namespace
}  // namespace edgews::test
