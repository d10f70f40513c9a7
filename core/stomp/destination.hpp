// Destinations: where messages are sent, and what a name says about it.
//
//     /topic/NAME             every subscriber gets it; none: it is gone
//     /queue/NAME             one consumer gets it; it waits for one
//     /temp-queue/NAME        the session's own queue, for replies; others send to the name that
//                             reply-to tells them
//     /user/queue/NAME        subscribed: what is sent to this session's user
//     /user/USER/queue/NAME   sent: to all sessions of that user
//     /app/NAME               a handler of the application
//
// Behind /app/, and of a user's name, a percent sign and two hexadecimal digits stand for a byte
// (RFC 3986, section 2.1). So there one name has several spellings, of which canonical() chooses
// one; elsewhere a percent sign is a percent sign.
//
// In names, '/' and '.' both begin a segment. A subscription to a topic may be a pattern: "*" is
// one segment, "#" or "**", as the last, is what is left, if anything: "/topic/prices.*",
// "/topic/room/#".
#pragma once

#include "core/stomp/fault.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace edgews::stomp {

enum class DestinationKind : std::uint8_t { unknown, topic, queue, temp_queue, user, application };

// Bytes of a destination.
inline constexpr std::size_t destination_size_max = 1024;
// Segments of a pattern, the prefix among them: each takes memory of its own.
inline constexpr std::size_t pattern_segment_count_max = 32;

// `unknown`: no prefix of ours, no name behind it, or control characters in it.
[[nodiscard]] DestinationKind kind_of(std::string_view destination) noexcept;

// Whether it has a segment that is a wildcard.
[[nodiscard]] bool is_pattern(std::string_view destination) noexcept;

// Whether that may be sent to, or subscribed to; `none`: it may.
[[nodiscard]] Fault check_send(std::string_view destination) noexcept;
[[nodiscard]] Fault check_subscribe(std::string_view destination) noexcept;

// "/user/USER/queue/NAME" taken apart. Both empty: it is not of that form.
struct UserDestination {
    std::string_view user{};
    std::string_view rest{};  // "/queue/NAME", or "/topic/NAME".
};
[[nodiscard]] UserDestination parse_user_destination(std::string_view destination) noexcept;

// The one spelling of a destination that may be sent to, which is shown to whoever has a say in it,
// and acted on: each segment is decoded, but '/', '%', '*', '#', control characters, and all above
// ASCII in what is no UTF-8, are "%XX", with upper-case letters. It is its own spelling.
struct CanonicalDestination {
    Fault fault = Fault::none;  // destination_escape_malformed.
    std::string_view text{};    // The argument, if it was spelled so, else a view of `storage`.
};
// Requires: check_send() was content.
[[nodiscard]] CanonicalDestination canonical(std::string_view destination, std::string& storage);

// "/user/USER" and `rest`, spelled canonically, whatever the name has in it: to send to.
[[nodiscard]] std::string user_destination(std::string_view user, std::string_view rest);

// What somebody wants to send or subscribe to. A view: valid as long as the text.
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

// The segments of a name one after another, each with the '/' or '.' that begins it.
class SegmentReader {
  public:
    explicit SegmentReader(std::string_view name) noexcept : rest_(name) {}
    // Empty after the last.
    [[nodiscard]] std::string_view next() noexcept;
    [[nodiscard]] bool has_more() const noexcept { return !rest_.empty(); }

  private:
    std::string_view rest_;
};

// "/*" or ".*", and "/#", ".#", "/**" or ".**".
[[nodiscard]] bool is_any_segment(std::string_view segment) noexcept;
[[nodiscard]] bool is_any_rest(std::string_view segment) noexcept;

}  // namespace edgews::stomp
