// Where a subscription to a stream of RabbitMQ's goes on when its connection was lost.
//
// A stream keeps its messages and numbers them. Each MESSAGE says its number, and a SUBSCRIBE says
// with which one it wants to begin, both as x-stream-offset. So whoever subscribes again behind the
// last message that came misses nothing and gets nothing twice, as long as it is the same stream,
// which has not dropped by age or size what comes next.
#pragma once

#include <edgews/stomp_frame.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edgews::stomp {

inline constexpr std::string_view stream_offset_header = "x-stream-offset";

class StreamPlace {
  public:
    // Nothing: that SUBSCRIBE does not say that it is about a stream.
    [[nodiscard]] static std::optional<StreamPlace> of(const Frame& subscribe);

    // What a MESSAGE of the subscription is.
    enum class Step : std::uint8_t {
        next,        // Nothing is missing in front of it, as far as is known.
        skips,       // It came first after a loss, and is not the one behind the last.
        unnumbered,  // It is no stream's.
    };
    [[nodiscard]] Step take(const Frame& message) noexcept;

    // The connection is lost: what the next SUBSCRIBE is to say. Empty: nothing.
    [[nodiscard]] std::string resume();
    // No message came yet, and the client asked for what is not the same place later: what is sent
    // between two connections is missed.
    [[nodiscard]] bool has_to_miss() const noexcept;

  private:
    explicit StreamPlace(std::string_view asked) : asked_(asked) {}

    std::string asked_;  // By the client. Empty: it named no place.
    std::optional<std::uint64_t> last_{};
    bool is_resumed_ = false;  // And nothing came since.
};

}  // namespace edgews::stomp
