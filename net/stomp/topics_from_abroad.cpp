#include "net/stomp/topics_from_abroad.hpp"

#include "core/stomp/carried_message.hpp"
#include "net/loop/reactor.hpp"

#include <array>

namespace edgews {

bool StompTopicsFromAbroad::arrived(std::string_view topic, std::span<const std::byte> bytes) {
    const stomp::Content content =
        stomp::parse_carried(bytes, topic, contents_, Reactor::current()->pool());
    if (!content) return false;
    StompLocked locked = state_.lock();
    locked.broker().send_to_exactly(topic, content);
    locked.hand_out();
    return true;
}

// As a relay tells it, and how many, where that is known.
void StompTopicsFromAbroad::missed(std::string_view topic, std::uint64_t count) {
    const std::string number = std::to_string(count);
    const std::array<stomp::Header, 1> headers{{{"missing", number}}};
    const stomp::Content content =
        contents_.make({.destination = topic,
                        .headers = std::span(headers).first(count == 0 ? 0 : 1),
                        .is_gap = true});
    StompLocked locked = state_.lock();
    static_cast<void>(locked.broker().tell_gap(topic, content));
    locked.hand_out();
}

}  // namespace edgews
