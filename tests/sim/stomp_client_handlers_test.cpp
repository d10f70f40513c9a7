// What the application does within the handlers of a STOMP client, and what these throw.
#include "stomp_world_fixture.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::both;

// Everything happens, and in one place the application does something. Where there was no answer
// from the broker yet, it is played on as far as it goes.
class StompClientHandlers : public StompClientInWorld {
  protected:
    using Act = std::function<void()>;
    static constexpr std::string_view places[] = {
        "connected", "message", "reply", "subscribed", "receipt",      "late",         "drain",
        "unsent",    "error",   "lost",  "refused",    "unsubscribed", "disconnected", "retry"};

    void at(std::string_view place) {
        visited[std::string(place)] += 1;
        if (place != where || has_acted) return;
        has_acted = true;
        act();
    }
    [[nodiscard]] stomp::Completion completion(std::string_view place) {
        return [this, place, held = held_by_client](const stomp::Receipt&) { at(place); };
    }
    [[nodiscard]] stomp::ClientHandlers acting() {
        const auto held = held_by_client;
        return {.connected = [this, held](auto&) { at("connected"); },
                .message = [this, held](auto&, auto&) { at("reply"); },
                .drain = [this, held](auto&) { at("drain"); },
                .error = [this, held](auto&, auto&) { at("error"); },
                .disconnected = [this, held](auto&, auto&) { at("disconnected"); },
                .reconnect = [this, held](auto&, auto&) { at("retry"); }};
    }
    // A life with all of it, twice, as far as the client lives on.
    void live() {
        stomp::ClientOptions options = once(broker.url());
        options.reconnect = {.enabled = true, .delay_ms = 0};
        options.receipt_timeout_ms = 500;
        options.backlog_size_max = 10'000;
        options.kept_size_max = 10'000;
        options.kept_ms = 100;
        options.connection.ping_ms = 0;
        options.connection.open_timeout_ms = 2'000;
        start(options, acting());
        (void)client->subscribe("/a", [this](auto&, auto&) { at("message"); },
                                {.confirmed = [this](auto&, auto, bool) { at("subscribed"); }});
        (void)client->send("/q", "", {.receipt = completion("unsent")});
        turn(150);
        for (int i = 0; i < 2; ++i) visit();
    }
    void visit() {
        if (!client || client->is_closed()) return;
        PlayedSession session = broker.accept();
        try {
            session.connect();
            session.confirm();
            session.deliver("1", "hello");
            session.deliver("/temp-queue/r", "hello");
            turn(3);
            if (client) (void)client->send("/q", "", {.receipt = completion("receipt")});
            session.confirm();
            if (client)
                (void)client->unsubscribe(client->subscribe("/b", [](auto&, auto&) {}),
                                          completion("unsubscribed"));
            (void)session.hear();
            session.confirm();
            if (client) (void)client->send("/q", "", {.receipt = completion("late")});
            turn(550);
            fill();
            (void)session.raw.read_exactly(10'000);
            while (!session.raw.take_input().empty()) turn(5);
            if (client) (void)client->send("/q", "", {.receipt = completion("lost")});
            if (client) (void)client->send("/q", "", {.receipt = completion("refused")});
            (void)session.hear();
            const std::string number = PlayedSession::line(session.hear(), "receipt");
            session.say("ERROR\nreceipt-id:" + number + "\n\n");
            turn(5);
        } catch (const std::runtime_error&) {
            turn(5);  // It has ended.
        }
    }
    void fill() {
        for (int i = 0; client && client->is_connected() && i < 1'000; ++i) {
            if (client->send("/q", std::string(1'000, 'x')) == SendResult::dropped) return;
            if (i % 4 == 0) turn(1);
        }
    }

    std::string_view where{};
    Act act = [] {};
    bool has_acted = false;
    std::map<std::string, int> visited{};
};

INSTANTIATE_TEST_SUITE_P(, StompClientHandlers, testing::ValuesIn(both), name_of_over);

TEST_P(StompClientHandlers, are_all_called) {
    narrow();
    live();
    for (const std::string_view place : places) EXPECT_GT(visited[std::string(place)], 0) << place;
    EXPECT_EQ(visited["connected"], 2);
    EXPECT_EQ(visited["disconnected"], 2);
    EXPECT_EQ(visited["unsent"], 1);
    EXPECT_EQ(visited["receipt"], 2);
    EXPECT_EQ(visited["late"], 2);
    EXPECT_EQ(visited["drain"], 2);
}

TEST_P(StompClientHandlers, may_destroy_the_client_and_nothing_is_called_any_more) {
    narrow();
    for (const std::string_view place : places) {
        SCOPED_TRACE(place);
        where = place;
        has_acted = false;
        visited.clear();
        std::map<std::string, int> then;
        act = [&] {
            client.reset();
            then = visited;
        };
        live();
        turn(2'000);
        EXPECT_TRUE(has_acted);
        EXPECT_EQ(visited, then);
        EXPECT_EQ(loop.next_timeout_ms(), -1);
    }
}

TEST_P(StompClientHandlers, may_end_it_and_it_does_not_come_back) {
    narrow();
    const Act ways[] = {[&] { client->terminate(); }, [&] { client->disconnect(); }};
    for (const auto& end : ways) {
        for (const std::string_view place : places) {
            SCOPED_TRACE(place);
            where = place;
            has_acted = false;
            visited.clear();
            act = end;
            live();
            if (!client->is_closed()) turn(6'000);
            EXPECT_TRUE(has_acted);
            EXPECT_TRUE(client->is_closed());
            EXPECT_EQ(visited["disconnected"], visited["connected"]);
            while (broker.server.has_waiting()) broker.server.accept().expect_end();
            EXPECT_EQ(loop.next_timeout_ms(), -1);
            client.reset();
        }
    }
}

// One that throws ends the connection, where there is one, and the client lives on.
TEST_P(StompClientHandlers, may_throw) {
    narrow();
    for (const std::string_view place : places) {
        SCOPED_TRACE(place);
        where = place;
        has_acted = false;
        visited.clear();
        forget();
        bool was_connected = false;
        act = [&] {
            was_connected = client->is_connected();
            throw std::runtime_error("as the test has it");
        };
        live();
        turn(3'000);
        EXPECT_TRUE(has_acted);
        EXPECT_FALSE(client->is_closed());
        EXPECT_EQ(visited["disconnected"], visited["connected"]);
        // Also the next is visited.
        EXPECT_EQ(visited["connected"], 2);
        client.reset();
        while (broker.server.has_waiting()) (void)broker.server.accept();
    }
}

class StompClientThrows : public StompClientInWorld {};

INSTANTIATE_TEST_SUITE_P(, StompClientThrows, testing::ValuesIn(both), name_of_over);

TEST_P(StompClientThrows, what_a_handler_threw_is_told_at_once) {
    const struct {
        const char* name;
        std::function<void()> fail;
        std::string what;
    } rows[] = {
        {"std", [] { throw std::runtime_error("as the test has it"); }, "as the test has it"},
        {"other", [] { throw 7; }, "something that is no std::exception"},
    };
    for (const auto& row : rows) {
        PlayedSession session = open(broker);
        (void)client->subscribe("/a", [&](auto&, auto&) { row.fail(); });
        session.say_bytes("MESSAGE\ndestination:/a\nmessage-id:1\nsubscription:1\n\n" +
                          std::string(1, '\0') + "ERROR\n\n" + std::string(1, '\0'));
        expect_notes({"error open", "disconnected"});
        EXPECT_EQ(error.error.message, broker.url() + ": a handler threw: " + row.what);
        EXPECT_EQ(error.error.code, std::errc::operation_canceled);
        session.raw.expect_end();
        client.reset();
        forget();
    }
}

// In the turn of the handler, not when the broker says something next.
TEST_P(StompClientThrows, what_a_late_completion_threw_is_told_at_once) {
    stomp::ClientOptions options = once(broker.url());
    options.receipt_timeout_ms = 100;
    PlayedSession session = open(broker, options, noting());
    const auto fail = [&](const stomp::Receipt& r) {
        note("thrower " + edgews::test::name_of(r));
        throw std::runtime_error("as the test has it");
    };
    EXPECT_EQ(client->send("/q", "", {.receipt = fail}), SendResult::sent);
    EXPECT_EQ(client->send("/q", "", {.receipt = receipt("a")}), SendResult::sent);
    expect_notes({"thrower late", "error open", "a lost", "disconnected"});
    EXPECT_EQ(noted_ms, (std::vector<std::uint64_t>{100, 100, 100, 100}));
}

// There is nothing that it could end, and the next connection has nothing to do with it.
TEST_P(StompClientThrows, what_is_thrown_without_a_connection_ends_none) {
    stomp::ClientOptions options = once(broker.url());
    options.kept_size_max = 10'000;
    options.kept_ms = 10;
    start(options);
    const auto fail = [&](const stomp::Receipt&) { throw std::runtime_error("as it has it"); };
    EXPECT_EQ(client->send("/q", "", {.receipt = fail}), SendResult::queued);
    EXPECT_TRUE(client->unsubscribe(client->subscribe("/a", listener("a")), fail));
    turn(50);
    PlayedSession session = broker.connect();
    session.say("RECEIPT\nreceipt-id:1\n\n");
    expect_notes({"connected 1.2"});
}

// ---- A subscription's own ---------------------------------------------------

class StompClientSelf : public StompClientInWorld {};

INSTANTIATE_TEST_SUITE_P(, StompClientSelf, testing::ValuesIn(both), name_of_over);

TEST_P(StompClientSelf, a_subscription_may_end_within_its_own_handler) {
    PlayedSession session = open(broker);
    stomp::SubscriptionNumber number = 0;
    // What it captured has to live on while it runs.
    const auto handler = [this, number_ = &number, text = std::string(100, 'x')](
                             stomp::Client& c, const stomp::Message& m) {
        EXPECT_TRUE(c.unsubscribe(*number_));
        EXPECT_FALSE(c.unsubscribe(*number_));
        EXPECT_NE(c.subscribe("/b", listener("b")), 0U);
        note("a: " + std::string(m.text()) + text.substr(0, 1));
    };
    number = client->subscribe("/a", handler);
    const std::string message = "MESSAGE\ndestination:/a\nmessage-id:1\nsubscription:1\n\nhi";
    session.say_bytes(message + '\0' + message + '\0');
    session.deliver("2", "ho");
    expect_notes({"a: hix", "b: ho"});
}

TEST_P(StompClientSelf, a_subscription_may_end_within_its_confirmation) {
    PlayedSession session = open(broker);
    stomp::SubscribeOptions options;
    options.confirmed = [this, text = std::string(100, 'x')](stomp::Client& c, auto number, bool) {
        EXPECT_TRUE(c.unsubscribe(number));
        note("confirmed " + text.substr(0, 1));
    };
    (void)client->subscribe("/a", listener("a"), options);
    session.confirm();
    session.deliver("1", "hi");
    expect_notes({"confirmed x"});
    EXPECT_EQ(session.hear(), "UNSUBSCRIBE\nid:1\n\n");
}

}  // namespace
}  // namespace edgews::sim::test
