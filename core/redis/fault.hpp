// What a Redis server, or whoever answers in its place, can do wrong on a connection (RESP2,
// RESP3).
//
// One enumerator for each rule, so that a test, a log line and a counter can tell which was broken.
// An error that the server answers a command with is none of these: it is a reply.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgews::redis {

enum class Fault : std::uint8_t {
    none,
    // Of the bytes: ReplyReader.
    type_unknown,          // The first byte of a value names no type.
    type_streamed,         // Strings and aggregates without a length: no server sends them yet.
    line_end_malformed,    // A CR without an LF behind it, or an LF without a CR before it.
    length_malformed,      // Not a decimal number; -1 only where there can be a null.
    integer_malformed,     // Not a decimal number, or none that 64 bits with a sign hold.
    double_malformed,      // Neither a number that a double holds nor "inf", "-inf" or "nan".
    boolean_malformed,     // Neither "t" nor "f".
    null_malformed,        // "_" with something behind it.
    big_number_malformed,  // Not a decimal number.
    verbatim_malformed,    // Without its format, three characters and a colon.
    string_end_missing,    // No CR LF behind the bytes that the length counts.
    push_inside_reply,     // A push is never part of another value.
    reply_too_big,         // More bytes than ReplyLimits::size_max.
    reply_too_deep,        // More aggregates inside each other than ReplyLimits::depth_max.
    reply_has_too_many,    // More elements than ReplyLimits::element_count_max.
    // Of what the replies say: Session.
    reply_unexpected,         // No command waits for it, or none that can be answered so.
    push_malformed,           // A push about a subscription without its channel or payload.
    confirmation_unexpected,  // That of a subscription that was not asked for.
    hello_malformed,          // HELLO was answered with something else than a map.
};

// One sentence, fit for a log.
[[nodiscard]] std::string_view describe(Fault fault) noexcept;

}  // namespace edgews::redis
