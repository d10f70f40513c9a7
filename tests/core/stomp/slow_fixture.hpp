// A subscriber of /topic/a whose connection takes nothing, and somebody who sends to it. Messages
// have numbers, and time is told.
#pragma once

#include "peers.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::stomp::test {

inline constexpr std::size_t body_size = 1'000;
inline constexpr std::size_t backlog = 10'000;  // 8 or so of these messages.
inline constexpr std::size_t cap = 200'000;     // 160 or so.

inline BrokerOptions options_for(WhenSlow when_slow) {
    return {.backlog_size_max = backlog,
            .slow_after_ms = 5'000,
            .backlog_size_cap = cap,
            .when_slow = when_slow};
}

inline std::string body_of(int number) {
    std::string body = std::to_string(number) + ' ';
    body.resize(body_size, 'x');
    return body;
}

// Messages with these numbers.
inline void send(Peer& sender, int from, int to, const std::string& destination = "/topic/a") {
    for (int i = from; i < to; ++i) {
        sender.say("SEND\ndestination:" + destination + "\n\n" + body_of(i));
    }
}

inline void subscribe(Peer& peer, const std::string& destination, std::string_view lines = "") {
    peer.say("SUBSCRIBE\nid:" + destination + "\ndestination:" + destination + '\n' +
             std::string(lines) + '\n');
}

// The numbers of those that came, each behind what it said was dropped.
inline std::string take_numbers(Peer& peer) {
    std::string text;
    while (!peer.has_nothing()) {
        const Got got = peer.take("MESSAGE");
        if (got.headers.contains("dropped")) text += '(' + got.header("dropped") + ')';
        text += got.body.substr(0, got.body.find(' ')) + ' ';
    }
    return text;
}

inline std::string numbers(int from, int to) {
    std::string text;
    for (int i = from; i < to; ++i) text += std::to_string(i) + ' ';
    return text;
}

class StompSlow : public testing::Test {
  protected:
    void start(BrokerOptions options) {
        peers_.emplace(std::move(options));
        sender_ = &peers_->connect("1.2", "sender");
        slow_ = &listener(*peers_, "1.2");
        slow_->is_stuck = true;
        at(0);
    }
    void at(std::uint64_t now_ms) { peers_->at(now_ms); }
    // As the application, which does not wait.
    void publish(int from, int to) {
        for (int i = from; i < to; ++i) {
            const std::string body = body_of(i);
            const Content content =
                contents_.make({.destination = "/topic/a", .body = std::as_bytes(std::span(body))});
            EXPECT_EQ(peers_->broker().send("/topic/a", content, nullptr), Broker::Sent::done);
        }
        peers_->serve();
    }
    Peer& sender() { return *sender_; }
    Peer& slow() { return *slow_; }
    [[nodiscard]] std::size_t waiting() { return slow().session().outbox().backlog_size(); }
    // It takes so many of those that wait.
    void take_some(std::size_t count) {
        std::vector<Outgoing> out;
        while (count-- > 0) {
            static_cast<void>(peers_->broker().collect(slow().session().outbox(), 1, out));
        }
    }

    ContentPool contents_{"a"};
    std::optional<Peers> peers_;
    Peer* sender_ = nullptr;
    Peer* slow_ = nullptr;
};

}  // namespace edgews::stomp::test
