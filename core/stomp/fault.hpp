// The faults that a client can commit in STOMP.
//
// One enumerator per rule; each knows the sentence that is the ERROR frame's `message` header.
// Every fault ends the session: ERROR, then close (1.2, ERROR).
#pragma once

#include <cstdint>
#include <string_view>

namespace edgews::stomp {

enum class Fault : std::uint8_t {
    none,
    // Frames.
    unknown_command,
    header_without_colon,
    header_name_empty,
    header_escape_undefined,  // A backslash that this version does not know, or at the line's end.
    header_not_utf8,
    head_has_nul,              // A NUL before the blank line that ends the headers.
    content_length_malformed,  // No decimal number, or one that fits no memory.
    body_end_missing,          // No NUL after the octets that content-length counts.
    too_many_headers,
    header_too_long,
    head_too_big,
    body_too_big,
    // Connecting.
    not_connected,      // Another frame before CONNECT.
    connected_already,  // A second CONNECT.
    no_common_version,  // accept-version lists none of ours.
    heart_beat_malformed,
    access_refused,  // By the application.
    session_expired,
    heart_beat_missed,
    // Headers that a command requires.
    destination_missing,
    id_missing,
    message_id_missing,
    subscription_missing,
    transaction_missing,
    // What they say.
    destination_invalid,  // No known prefix, nothing behind it, or control characters.
    destination_too_long,
    destination_escape_malformed,  // A '%' without two hexadecimal digits, or one that means NUL.
    destination_not_for_send,      // A pattern, or a user without a name.
    destination_not_for_subscribe,
    id_too_long,
    wildcard_not_last,  // "#" or "**" before other segments.
    subscription_exists,
    subscription_unknown,
    ack_mode_invalid,
    prefetch_count_malformed,
    expires_malformed,
    nack_not_in_1_0,
    delivery_unknown,  // ACK or NACK of what is not there, or is settled already.
    transaction_exists,
    transaction_unknown,
    // Limits.
    too_many_subscriptions,
    too_many_shapes,  // Patterns with wildcards in places where no others have them.
    too_many_transactions,
    transaction_too_big,
    too_many_destinations,
    queue_full,
    memory_full,  // All of it, or the client's share.
    too_slow,     // More waits for the client than is allowed.
    // Ours.
    server_shutting_down,
    handler_failed,  // The application threw.
    closed_by_server,
};

// One sentence, without control characters or colons, for `message` and for a log.
[[nodiscard]] std::string_view describe(Fault fault) noexcept;

// The WebSocket status code of the close that follows (RFC 6455, section 7.4.1).
[[nodiscard]] std::uint16_t close_code_for(Fault fault) noexcept;

}  // namespace edgews::stomp
