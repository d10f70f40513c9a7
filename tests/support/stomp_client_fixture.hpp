// For tests of STOMP clients: one on a loop of the test's own, what it told, and that it leaves
// nothing.
#pragma once

#include <edgews/loop.hpp>
#include <edgews/stomp_client.hpp>
#include "net/loop/reactor.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client_fixture.hpp"
#include "played_broker.hpp"

namespace edgews::test {

inline std::string name_of(const stomp::Receipt& receipt) {
    using Outcome = stomp::Receipt::Outcome;
    switch (receipt.outcome) {
        case Outcome::confirmed: return "confirmed";
        case Outcome::refused: return "refused " + std::string(receipt.reason);
        case Outcome::lost: return "lost";
        case Outcome::late: return "late";
        case Outcome::unsent: return "unsent";
    }
    return "?";
}

class StompClientFixture : public ::testing::Test {
  protected:
    using Notes = std::vector<std::string>;

    // Everything is closed, no timer is left, and nothing that was given to the client.
    void TearDown() override {
        client.reset();
        EXPECT_TRUE(turn_until(loop, [&] { return loop.next_timeout_ms() == -1; }));
        EXPECT_TRUE(turn_until(loop, [&] { return open_fd_count() == fd_count; }))
            << open_fd_count() - fd_count << " descriptors are left";
        EXPECT_TRUE(turn_until(loop, [&] { return reactor.link().use_count() == 1; }));
        const auto held = [&] { return held_by_client.use_count() == 1; };
        EXPECT_TRUE(turn_until(loop, held)) << "the client's state is left";
    }
    // Notes all, in order: "connected 1.2", "error open", "disconnected", "retry 1".
    [[nodiscard]] stomp::ClientHandlers noting() {
        return {
            .connected =
                [this, held = held_by_client](stomp::Client& c) {
                    note("connected " + std::string(to_string(c.version())));
                },
            .message = [this](
                           stomp::Client&,
                           const stomp::Message& m) { note("nobody's " + std::string(m.text())); },
            .drain = [this](stomp::Client&) { note("drain"); },
            .error =
                [this](stomp::Client&, const ClientError& e) {
                    error = e;
                    note("error " + name_of(e.stage));
                },
            .disconnected =
                [this](stomp::Client&, const stomp::Disconnected& d) {
                    unsent_size = d.unsent_size;
                    note(d.is_orderly ? "disconnected orderly" : "disconnected");
                },
        };
    }
    // A completion that notes "NAME confirmed".
    [[nodiscard]] stomp::Completion receipt(const std::string& name) {
        return [this, name, held = held_by_client](const stomp::Receipt& r) {
            note(name + ' ' + name_of(r));
        };
    }
    // A handler that notes "NAME: BODY".
    [[nodiscard]] stomp::MessageHandler listener(const std::string& name) {
        return [this, name, held = held_by_client](stomp::Client&, const stomp::Message& m) {
            note(name + ": " + std::string(m.text()));
        };
    }
    // SubscribeOptions that note "NAME is confirmed" or "NAME is not confirmed".
    [[nodiscard]] stomp::SubscribeOptions telling(const std::string& name) {
        return {.confirmed = [this, name, held = held_by_client](stomp::Client&, auto, bool is) {
            note(name + (is ? " is confirmed" : " is not confirmed"));
        }};
    }
    void note(std::string text) {
        notes.push_back(std::move(text));
        noted_ms.push_back(steady_ms() - begin_ms);
    }

    // Loses its connection for good, unless the options say otherwise.
    void start(stomp::ClientOptions options, stomp::ClientHandlers handlers) {
        begin_ms = steady_ms();
        client.emplace(loop, std::move(options), std::move(handlers));
        EXPECT_FALSE(client->is_connected());
        EXPECT_FALSE(client->is_closed());
        EXPECT_TRUE(notes.empty()) << "from within the constructor";
    }
    void start(stomp::ClientOptions options) { start(std::move(options), noting()); }
    [[nodiscard]] static stomp::ClientOptions once(const std::string& url) {
        return {.brokers = {url}, .reconnect = {.enabled = false}};
    }
    // Connected to `broker`; nothing is noted of it.
    [[nodiscard]] PlayedSession open(const PlayedBroker& broker, stomp::ClientOptions options,
                                     stomp::ClientHandlers handlers,
                                     std::string_view lines = "version:1.2\n") {
        start(std::move(options), std::move(handlers));
        PlayedSession session = broker.connect(lines);
        EXPECT_TRUE(until([&] { return client->is_connected(); }));
        forget();
        return session;
    }
    [[nodiscard]] PlayedSession open(const PlayedBroker& broker) {
        return open(broker, once(broker.url()), noting());
    }

    bool until(const std::function<bool()>& is_so) { return turn_until(loop, is_so); }
    void await_notes(std::size_t count) {
        ASSERT_TRUE(until([&] { return notes.size() >= count; })) << testing::PrintToString(notes);
    }
    // That these come, and no more.
    void expect_notes(const Notes& expected) {
        (void)until([&] { return notes.size() >= expected.size(); });
        turn(5);
        EXPECT_EQ(notes, expected);
    }
    void forget() {
        notes.clear();
        noted_ms.clear();
        begin_ms = steady_ms();
        error = {};
    }
    // So many milliseconds.
    void turn(int count) {
        for (int i = 0; i < count; ++i) loop.poll(1);
    }

    std::shared_ptr<int> held_by_client = std::make_shared<int>();
    Loop loop{};
    Reactor& reactor = Reactor::of(loop);
    std::ptrdiff_t fd_count = open_fd_count();
    std::optional<stomp::Client> client{};
    Notes notes{};
    std::vector<std::uint64_t> noted_ms{};  // When each note came, since `begin_ms`.
    ClientError error{};
    std::size_t unsent_size = 0;
    std::uint64_t begin_ms = 0;
};

}  // namespace edgews::test
