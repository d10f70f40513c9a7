// Heart-beats: what each side can do and wants (1.2, Heart-beating). 1.0 has none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace edgews::stomp {

// Milliseconds; 0: none.
struct HeartBeat {
    std::uint32_t can_send_ms = 0;  // It sends something at least so often.
    std::uint32_t wants_ms = 0;     // It would like to hear something so often.

    // "4000,8000". Nothing: it is malformed. More than 32 bits hold counts as their largest.
    [[nodiscard]] static std::optional<HeartBeat> parse(std::string_view value) noexcept;
};

// How often `sender` has to send, and `receiver` will hear; 0: never.
[[nodiscard]] constexpr std::uint32_t agreed_ms(HeartBeat sender, HeartBeat receiver) noexcept {
    if (sender.can_send_ms == 0 || receiver.wants_ms == 0) return 0;
    return sender.can_send_ms > receiver.wants_ms ? sender.can_send_ms : receiver.wants_ms;
}

}  // namespace edgews::stomp
