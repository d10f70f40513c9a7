// Parts that few connections have, and that no idle one has: allocated when they are needed first.
#pragma once

#include "core/base/buffer.hpp"
#include "core/websocket/session_parts.hpp"
#include "net/connection/subscriptions.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace edgews {

// Input that waits because reading was paused, or others had their turn.
struct HeldInput {
    static constexpr std::size_t nothing = SIZE_MAX;
    Buffer bytes{};               // Null: none.
    std::size_t begin = nothing;  // Of what is left in them.
};

// What a client says at its end.
struct ClientGoodbye {
    std::size_t unsent_size = 0;       // Bytes that have not left.
    std::size_t close_frame_size = 0;  // Of the close frame, which is not among them.
    std::string close_reason{};        // That the server gave, until TCP ends.
};

// How much the peer's system has taken of what was sent, at the last look.
struct Uptake {
    std::uint64_t sent_size = 0;         // All that was sent, from some moment on.
    std::uint64_t looked_sent_size = 0;  // That, at the last look.
    std::int64_t taken_size = 0;
    std::size_t waiting_size = 0;  // What it had not taken, and what waited to be sent.
};

struct ConnectionParts final : SessionParts {
    Subscriptions subscriptions;
    std::string subprotocol;  // Empty: none.
    HeldInput held;
    ClientGoodbye goodbye;
    Uptake uptake;
    std::uint32_t dropped_count = 0;  // Messages, of this turn: to be told.
    // When the backlog went over its limit; of listened_ms(), modulo 2^32. It is so until no more
    // than the limit waits, or half of it once overflow_after_ms have passed.
    std::uint32_t over_limit_since_ms = 0;
    bool is_known_as_slow = false;  // Whoever operates it knows, and what waited has not all left.
};

[[nodiscard]] inline std::unique_ptr<SessionParts> make_connection_parts() {
    return std::make_unique<ConnectionParts>();
}

}  // namespace edgews
