// Heart-beats: what each side can do and wants, when it sends one, and when the other counts as
// gone (1.2, Heart-beating). 1.0 has none.
#pragma once

#include <edgews/stomp_options.hpp>

#include <cstdint>

namespace edgews::stomp {

// How often `sender` has to send, and `receiver` will hear; 0: never.
[[nodiscard]] constexpr std::uint32_t agreed_ms(HeartBeat sender, HeartBeat receiver) noexcept {
    if (sender.can_send_ms == 0 || receiver.wants_ms == 0) return 0;
    return sender.can_send_ms > receiver.wants_ms ? sender.can_send_ms : receiver.wants_ms;
}

// Of what the other end wants to hear something within: two of these pass between two sendings at
// most, which leaves a fifth for whoever is late.
[[nodiscard]] constexpr std::uint64_t beat_period_ms(std::uint64_t send_every_ms) noexcept {
    return send_every_ms * 40 / 100;
}

// How often to look whether it was heard.
[[nodiscard]] constexpr std::uint64_t hearing_period_ms(std::uint64_t hear_every_ms) noexcept {
    return hear_every_ms / 10;
}

// More than half as long again is a margin, and twice as long is never reached. Whoever is `late`
// looks once in the time that was agreed on whether it has sent anything since the last look, and
// so may be silent for twice as long: ActiveMQ.
[[nodiscard]] constexpr bool is_too_silent(std::uint64_t silence_ms, std::uint64_t hear_every_ms,
                                           bool is_late = false) noexcept {
    return silence_ms * 100 >= hear_every_ms * (is_late ? 250 : 175);
}

}  // namespace edgews::stomp
