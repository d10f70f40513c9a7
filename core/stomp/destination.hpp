// Names of destinations: their kinds, their one spelling, and their segments. The names are those
// of <edgews/stomp_frame.hpp>.
#pragma once

#include <edgews/stomp_frame.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace edgews::stomp {

// Bytes of a destination.
inline constexpr std::size_t destination_size_max = 1024;
// Segments of a pattern, the prefix among them: each takes memory of its own.
inline constexpr std::size_t pattern_segment_count_max = 32;

// `unknown`: no prefix of ours, no name behind it, or control characters in it.
[[nodiscard]] DestinationKind kind_of(std::string_view destination) noexcept;

// Whether that may be sent to, or subscribed to; `none`: it may. `is_relayed`: it is an upstream
// broker's, which may have what is RabbitMQ's alone.
[[nodiscard]] Fault check_send(std::string_view destination, bool is_relayed = false) noexcept;
[[nodiscard]] Fault check_subscribe(std::string_view destination, bool is_relayed = false) noexcept;

// Whether a subscription to it brings what was sent to other names: a pattern, or an exchange.
[[nodiscard]] bool brings_others(std::string_view destination) noexcept;

// Whether a name that begins with `beginning` may be one that the pattern stands for.
[[nodiscard]] bool may_cover(std::string_view pattern, std::string_view beginning) noexcept;

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
