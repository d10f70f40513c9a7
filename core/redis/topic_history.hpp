// Histories of topics that a Redis server keeps: the script by which nodes publish to a topic and
// read it, and what comes of that.
//
// A topic has two keys, of one slot. One is a stream, under the name of the topic's channel, with
// an entry OFFSET-MILLISECONDS for each message. The other is a hash that outlives it:
//
//     run             of the server, from its start to its end
//     epoch, offset   the topic's, and that of its last message
//     size            bytes of the messages in the stream
//     before, until   the epoch that ended when the server's run began, and its last offset
//
// A script runs as one command. So offsets are in the order in which the messages are published,
// and whoever reads on the connection on which it hears the channel has heard all that the answer
// has, and will hear all else: it needs to keep nothing while it waits.
//
// A server that begins again, or a replica that takes its place, may have forgotten the last
// messages, and would give their offsets to others. So an epoch ends with the server's run. A place
// in the epoch before is the same place in the new one, if the server still knows it; a place
// behind that is in what it has forgotten. Where the hash is new, nothing was before.
#pragma once

#include "core/redis/value.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace edgews::redis {

// KEYS: the stream, which is the channel, too; the hash.
// ARGV: the server's run; an epoch, if a new one is needed: 16 hexadecimal digits; milliseconds for
// which a message and the hash are kept; messages and bytes that are kept at most; and then
// - to publish: PUBLISH or SPUBLISH, and the message. Whoever hears the channel gets a
//   PlacedMessage; the answer is its offset.
// - to read: an empty one; epoch and offset of a place; 1 or 0, see TopicReading.
// All that a server refuses at all, it refuses before anything is changed.
[[nodiscard]] std::string_view topic_history_script() noexcept;

// EPOCH:OFFSET:MESSAGE
struct PlacedMessage {
    std::uint64_t epoch = 0;
    std::uint64_t offset = 0;
    std::string_view message{};
};

// Nothing: it is none. Views are of `payload`.
[[nodiscard]] std::optional<PlacedMessage> parse_placed_message(std::string_view payload) noexcept;

struct TopicReading {
    // All that is behind the place follows. False: some of it is not there any more, or it is no
    // place of this history; then those follow that are behind it nevertheless, if they were asked
    // for: of the present epoch, where the place is unknown.
    bool is_whole = false;
    std::uint64_t epoch = 0;
    std::uint64_t offset = 0;  // Of the last message.
    Value messages{};          // An array of strings, the last one that of the offset.
};

// Nothing: it is no answer of the script's.
[[nodiscard]] std::optional<TopicReading> parse_topic_reading(const Value& answer) noexcept;

// Digits of an epoch, and of a run as it is kept.
inline constexpr std::uint32_t epoch_digit_count = 16;

// The server's run, of what INFO answers. Empty: it does not say.
[[nodiscard]] std::string_view run_of(std::string_view info) noexcept;

}  // namespace edgews::redis
