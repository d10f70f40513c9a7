// A STOMP client in coroutines.
#include <edgews/stomp_coroutine.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "stomp_server.hpp"
#include "tests/support/raw_server.hpp"

namespace edgews::test {
namespace {

using Notes = std::vector<std::string>;

class StompCoroutine : public testing::Test {
  protected:
    StompCoroutine() {
        server.broker.attach(*server.server->operator->(), "/ws");
        const Error error =
            server.broker.listen(*server.server->operator->(), {.host = "127.0.0.1"});
        EXPECT_FALSE(error) << error.message;
        (*server.server)->start();
        client.emplace(loop, stomp::ClientOptions{.brokers = {url()}});
    }

    [[nodiscard]] std::string url() const {
        return "stomp://127.0.0.1:" + std::to_string(server.server->port());
    }
    void run(Task<> task) {
        bool is_done = false;
        const auto whole = [](Task<> inner, bool& done) -> Task<> {
            co_await inner;
            done = true;
        };
        spawn(loop, whole(std::move(task), is_done));
        EXPECT_TRUE(turn_until(loop, [&] { return is_done; }));
    }

    StompServer server;
    Loop loop;
    std::optional<stomp::Client> client{};
    Notes notes{};
};

TEST_F(StompCoroutine, what_is_sent_is_received_and_acknowledged) {
    run([](stomp::Client& c, Notes& out) -> Task<> {
        stomp::SubscriberOptions options{.ack = stomp::AckMode::client_individual};
        stomp::Subscriber orders(c, "/queue/orders", options);
        EXPECT_TRUE(co_await orders.confirmed());
        for (const char* text : {"one", "two"}) {
            const stomp::Answer answer = co_await stomp::confirmed(c, "/queue/orders", text);
            EXPECT_TRUE(answer) << answer.reason;
        }
        for (int i = 0; i < 2; ++i) {
            const auto message = co_await orders.receive();
            if (!message) co_return;
            out.push_back(message->text + ' ' + std::string(message->header("redelivered")));
            EXPECT_EQ(c.ack(message->token), SendResult::sent);
        }
    }(*client, notes));
    EXPECT_EQ(notes, (Notes{"one false", "two false"}));
    EXPECT_TRUE(turn_until(loop, [&] { return server.broker.destinations().empty(); }));
}

// A coroutine that does not receive holds the broker back, and gets all of it later.
TEST_F(StompCoroutine, what_is_not_received_waits_at_the_broker) {
    run([](stomp::Client& c, StompBroker& broker, Notes& out) -> Task<> {
        stomp::SubscriberOptions options{.waiting_size_max = 2'000};
        stomp::Subscriber news(c, "/topic/news", options);
        EXPECT_TRUE(co_await news.confirmed());
        for (int i = 0; i < 200; ++i) {
            broker.send("/topic/news", std::to_string(i) + std::string(1'000, ' '));
        }
        for (int i = 0; i < 200; ++i) {
            const auto message = co_await news.receive();
            if (!message) co_return;
            out.push_back(message->text.substr(0, message->text.find(' ')));
        }
    }(*client, server.broker, notes));
    ASSERT_EQ(notes.size(), 200U);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(notes[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_F(StompCoroutine, a_refusal_ends_whoever_waits) {
    run([](stomp::Client& c, Notes& out) -> Task<> {
        stomp::Subscriber bad(c, "/nowhere", {});
        out.push_back(co_await bad.receive() ? "message" : "nothing");
        const stomp::Answer answer = co_await stomp::confirmed(c, "/nowhere", "text");
        out.push_back(answer ? "confirmed" : answer.reason);
    }(*client, notes));
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_EQ(notes[0], "nothing");
    EXPECT_NE(notes[1], "confirmed");
}

// What waits is a part of the coroutine, and goes with it.
TEST_F(StompCoroutine, a_coroutine_may_end_while_it_waits) {
    const Token token = spawn(loop, [](stomp::Client& c) -> Task<> {
        stomp::Subscriber news(c, "/topic/news", {});
        while (co_await news.receive()) {
        }
    }(*client));
    EXPECT_TRUE(turn_until(loop, [&] { return !server.broker.destinations().empty(); }));
    EXPECT_TRUE(loop.cancel(token));
    EXPECT_TRUE(turn_until(loop, [&] { return server.broker.destinations().empty(); }));
    client.reset();
    loop.poll(0);
}

}  // namespace
}  // namespace edgews::test
