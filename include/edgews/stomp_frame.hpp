// The parts of STOMP that applications see: frames, faults, and destinations.
//
// Destinations say where messages are sent:
//
//     /topic/NAME             every subscriber gets it; none: it is gone
//     /queue/NAME             one consumer gets it; it waits for one
//     /temp-queue/NAME        the session's own queue, for replies; others send to the name that
//                             reply-to tells them
//     /user/queue/NAME        subscribed: what is sent to this session's user
//     /user/USER/queue/NAME   sent: to all sessions of that user
//     /app/NAME               a handler of the application
//     /exchange/NAME/KEY      of a relay to RabbitMQ alone: what is sent to an exchange there, with
//                             that routing key or without one
//     /amq/queue/NAME         the same: a queue that is there already
//
// Behind /app/, and of a user's name, a percent sign and two hexadecimal digits stand for a byte
// (RFC 3986, section 2.1). So there one name has several spellings, of which canonical() chooses
// one; elsewhere a percent sign is a percent sign.
//
// In names, '/' and '.' both begin a segment. A subscription to a topic may be a pattern: "*" is
// one segment, "#" or "**", as the last, is what is left, if anything: "/topic/prices.*",
// "/topic/room/#". In what is RabbitMQ's alone none of that is so: only '/' separates, "%2F" is a
// slash in a name, and what a key stands for is the exchange's matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews::stomp {

// The versions of STOMP.
enum class Version : std::uint8_t { v1_0, v1_1, v1_2 };

// "1.2".
[[nodiscard]] std::string_view to_string(Version version) noexcept;

// ---- Faults ------------------------------------------------------------------------------------

// The faults that a client can commit in STOMP: one enumerator for each rule. Every fault ends the
// session: ERROR, whose `message` header describes it, and then close (1.2, ERROR).
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
    // Headers whose value is wrong.
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
    // Of a relay (edgews/stomp_relay.hpp).
    destination_not_relayed,  // The upstream broker can have none of that name.
    upstream_unavailable,     // There is no upstream broker, or it takes nothing.
    upstream_refused,         // The upstream broker did.
    upstream_in_doubt,        // It was lost before it confirmed what it was sent.
    too_many_upstreams,       // Sessions with an upstream connection of their own.
    // Of a backplane (StompBroker::backplane()): a pattern might cover topics of other nodes.
    pattern_not_carried,
    // Ours.
    server_shutting_down,
    handler_failed,  // The application threw.
    closed_by_server,
};

// One sentence, without control characters or colons, for `message` and for a log.
[[nodiscard]] std::string_view describe(Fault fault) noexcept;

// The WebSocket status code of the close that follows (RFC 6455, section 7.4.1).
[[nodiscard]] std::uint16_t close_code_for(Fault fault) noexcept;

// ---- Frames ------------------------------------------------------------------------------------

enum class Command : std::uint8_t {
    unknown,
    // A client's.
    connect,  // CONNECT, and STOMP (1.2, CONNECT or STOMP Frame).
    send,
    subscribe,
    unsubscribe,
    ack,
    nack,
    begin,
    commit,
    abort,
    disconnect,
    // A server's.
    connected,
    message,
    receipt,
    error,
};

// "SEND". "" for `unknown`.
[[nodiscard]] std::string_view to_string(Command command) noexcept;
// Case matters (1.2, STOMP Frames).
[[nodiscard]] Command command_of(std::string_view name) noexcept;

// Decoded. Both are UTF-8.
struct Header {
    std::string_view name;
    std::string_view value;
};

// A frame, as it was read: views of the bytes of its reader.
struct Frame {
    Command command = Command::unknown;
    // As they came, repeated ones too.
    std::span<const Header> headers{};
    std::span<const std::byte> body{};
    // A rule that it breaks. What else is here is then as much as could be read of it.
    Fault fault = Fault::none;

    // The first of that name, which is the one that counts (1.2, Repeated Header Entries).
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
};

// ---- Acknowledging -----------------------------------------------------------------------------

// What a subscription's client says about its messages: the `ack` header (1.2, SUBSCRIBE).
enum class AckMode : std::uint8_t {
    automatic,          // "auto": nothing. A message is consumed when it is sent.
    client,             // An ACK is about a message and all that came before it.
    client_individual,  // An ACK is about one message. Not in 1.0.
};

// ---- Destinations ------------------------------------------------------------------------------

enum class DestinationKind : std::uint8_t {
    unknown,
    topic,
    queue,
    temp_queue,
    user,
    application,
    exchange,   // "/exchange/…"
    amq_queue,  // "/amq/queue/…"
};

// Whether it has a segment that is a wildcard.
[[nodiscard]] bool is_pattern(std::string_view destination) noexcept;

// "/user/USER" and `rest`, spelled canonically, whatever the name has in it: to send to.
[[nodiscard]] std::string user_destination(std::string_view user, std::string_view rest);

// The destination of a SEND or SUBSCRIBE. It is a view, valid as long as the text.
class Destination {
  public:
    explicit Destination(std::string_view text) noexcept : text_(text) {}

    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    // NOLINTNEXTLINE(google-explicit-constructor): for those who look at the text alone.
    operator std::string_view() const noexcept { return text_; }
    // It stands for all names that it covers, those that are still to come, too.
    [[nodiscard]] bool is_pattern() const noexcept { return stomp::is_pattern(text_); }
    // Whether a subscription to it gets what is sent to `name`.
    [[nodiscard]] bool covers(std::string_view name) const noexcept;

    friend bool operator==(Destination a, std::string_view b) noexcept { return a.text_ == b; }

  private:
    std::string_view text_;
};

}  // namespace edgews::stomp
