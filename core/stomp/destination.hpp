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
// In names, '/' and '.' both begin a segment. A subscription to a topic may be a pattern: "*" is
// one segment, "#" or "**", as the last, is what is left, if anything: "/topic/prices.*",
// "/topic/room/#".
#pragma once

#include <edgews/core/stomp/fault.hpp>

#include <cstddef>
#include <cstdint>
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
