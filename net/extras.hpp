// What few connections have, and none that is idle: allocated when it is needed first.
#pragma once

#include <edgews/core/buffer.hpp>
#include <edgews/core/message_inflater.hpp>
#include <edgews/core/permessage_deflate.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace edgews {

struct Topic;

struct Subscription {
    Topic* topic;
    std::size_t index;  // In the topic's subscribers.
};

// What a connection has that agreed on permessage-deflate.
struct Deflating {
    DeflateAnswer answer;
    std::size_t message_size_min;  // Smaller ones are sent as they are.
    MessageInflater inflater;
    // What of a streamed message was left when reading was paused: compressed bytes, or when all is
    // restored only the end that is to be told.
    struct Rest {
        Buffer bytes{};  // Null: nothing was left.
        Opcode opcode = Opcode::text;
        MessageCodec::Part part = MessageCodec::Part::more;
        bool is_restored = false;
    };
    Rest rest{};

    [[nodiscard]] MessageCodec& codec() const noexcept { return inflater.codec(); }
};

struct Extras {
    std::vector<Subscription> subscriptions;
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
};

}  // namespace edgews
