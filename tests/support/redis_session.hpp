// A session with a Redis server whose part the test speaks.
#pragma once

#include <gtest/gtest.h>

#include "core/redis/session.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "redis_values.hpp"

namespace edgews::test {

// All that an event says: "subscribed news by 1", "message news: hello", "reply 2: 1", …
inline std::string everything(const redis::Event& event) {
    using Kind = redis::Event::Kind;
    const std::string shard = event.scope == redis::Scope::shard ? " (shard)" : "";
    const std::string channel = " " + std::string(event.channel);
    const std::string number = std::to_string(event.number);
    switch (event.kind) {
        case Kind::none: return "none";
        case Kind::ready: return "ready";
        case Kind::refused: return "refused: " + everything(event.value);
        case Kind::message: return "message" + channel + ": " + std::string(event.payload) + shard;
        case Kind::subscribed: return "subscribed" + channel + " by " + number + shard;
        case Kind::unsubscribed: return "unsubscribed" + channel + " by " + number + shard;
        case Kind::reply: return "reply " + number + ": " + everything(event.value);
        case Kind::pong: return "pong";
        case Kind::fault: return "! " + std::string(describe(event.fault));
    }
    return "?";
}

// What an event does not have is empty.
inline bool has_only_its_own(const redis::Event& event) {
    using Kind = redis::Event::Kind;
    const bool has_channel = event.kind == Kind::message || event.kind == Kind::subscribed ||
                             event.kind == Kind::unsubscribed;
    return (has_channel || event.channel.empty()) &&
           (event.kind == Kind::message || event.payload.empty()) &&
           (event.error != redis::CommandError::none) == event.value.is_error() &&
           (event.fault != redis::Fault::none) == (event.kind == Kind::fault);
}

// However the server's bytes are cut: whole, or in pieces of so many.
class RedisConversation {
  public:
    using Events = std::vector<std::string>;

    explicit RedisConversation(std::size_t piece_size = SIZE_MAX) : piece_size_(piece_size) {}

    [[nodiscard]] redis::Session& session() { return session_; }
    [[nodiscard]] BufferPool& pool() { return pool_; }

    // What the session has written since it was asked last.
    std::string sent() { return std::exchange(session_.output(), {}); }

    // What it makes of these bytes.
    Events hear(std::string_view text) {
        Events events;
        const auto bytes = std::as_bytes(std::span(text));
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t size = std::min(piece_size_, bytes.size() - at);
            const ExactBlock block(bytes.subspan(at, size));
            at += size;
            std::span<const std::byte> input = block.bytes();
            while (const redis::Event event = session_.next(input)) {
                EXPECT_TRUE(has_only_its_own(event));
                events.push_back(everything(event));
            }
            EXPECT_TRUE(input.empty());
        }
        return events;
    }

    // The greeting is over, and nothing of it is left to be read.
    void log_in_with_resp3() {
        session_.begin({});
        EXPECT_EQ(sent(), "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
        EXPECT_EQ(hear("%1\r\n+proto\r\n:3\r\n"), Events{"ready"});
    }
    void log_in_with_resp2() {
        session_.begin({});
        EXPECT_EQ(hear("-ERR unknown command 'HELLO'\r\n+PONG\r\n"), Events{"ready"});
        static_cast<void>(sent());
    }

  private:
    std::size_t piece_size_;
    BufferPool pool_{0};
    redis::ReplyLimits limits_{};
    redis::Session session_{limits_, pool_};
};

}  // namespace edgews::test
