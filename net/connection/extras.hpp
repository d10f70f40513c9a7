// Parts that few connections have, and that no idle one has: allocated when they are needed first.
#pragma once

#include "core/base/buffer.hpp"
#include "core/websocket/message_inflater.hpp"
#include "core/websocket/permessage_deflate.hpp"
#include "net/connection/subscriptions.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace edgews {

// What of a message was left when reading was paused, or others had their turn: compressed
// bytes, or of a streamed one, when all is restored, only the end that is to be told.
struct DeflatingRest {
    Buffer bytes{};         // Null: nothing was left.
    std::size_t begin = 0;  // Of what is left in them.
    Buffer message{};       // What is restored of a whole one. Null: it is streamed.
    Opcode opcode = Opcode::text;
    MessageCodec::Part part = MessageCodec::Part::more;
    bool is_restored = false;
};

// What a connection has that agreed on permessage-deflate.
struct Deflating {
    DeflateAnswer answer;
    std::size_t message_size_min;  // Smaller ones are sent as they are.
    MessageInflater inflater;
    DeflatingRest rest{};

    [[nodiscard]] MessageCodec& codec() const noexcept { return inflater.codec(); }
};

struct Extras {
    Subscriptions subscriptions;
    std::string subprotocol;               // Empty: none.
    std::unique_ptr<Deflating> deflating;  // Null: nothing is compressed.
    static constexpr std::size_t nothing_held = SIZE_MAX;
    Buffer held_input;                      // What came while reading was paused,
    std::size_t held_begin = nothing_held;  // from here on.
    Buffer held_pong;                       // The newest ping's payload, while pongs are held back.
    std::uint32_t dropped_count = 0;        // Messages, of this turn: to be told.
    std::size_t unsent_size = 0;            // Bytes of a client's that have not left, at the end.
    std::size_t close_frame_size = 0;       // Of a client that sent one, which is not among them.
    std::string close_reason;               // What a client's server gave, until TCP ends.
    std::uint64_t arrived_size = 0;         // Of a long message, at the last look.
    // All that was sent, from some moment on; and at the last look, that, what of it the peer's
    // system had taken, and what it had not, with what waited to be sent.
    std::uint64_t sent_size = 0;
    std::uint64_t looked_sent_size = 0;
    std::int64_t taken_size = 0;
    std::size_t waiting_size = 0;
};

}  // namespace edgews
