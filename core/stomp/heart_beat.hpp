// Heart-beats: what each side can do and wants (1.2, Heart-beating). 1.0 has none.
#pragma once

#include <edgews/stomp_options.hpp>

#include <cstdint>

namespace edgews::stomp {

// How often `sender` has to send, and `receiver` will hear; 0: never.
[[nodiscard]] constexpr std::uint32_t agreed_ms(HeartBeat sender, HeartBeat receiver) noexcept {
    if (sender.can_send_ms == 0 || receiver.wants_ms == 0) return 0;
    return sender.can_send_ms > receiver.wants_ms ? sender.can_send_ms : receiver.wants_ms;
}

}  // namespace edgews::stomp
