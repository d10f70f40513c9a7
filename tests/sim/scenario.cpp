#include "scenario.hpp"

#include <algorithm>
#include <array>

namespace edgews::sim::test {

std::span<const Scenario> scenarios() noexcept {
    static constexpr std::array all{
        Scenario{"echo", play_echo},         Scenario{"last_words", play_last_words},
        Scenario{"http", play_http},         Scenario{"chaos", play_chaos},
        Scenario{"clients", play_clients},   Scenario{"topics", play_topics},
        Scenario{"stomp", play_stomp},       Scenario{"secure", play_secure},
        Scenario{"dialing", play_dialing},   Scenario{"stomp_clients", play_stomp_clients},
        Scenario{"relay", play_relay},       Scenario{"backplane", play_backplane},
        Scenario{"socketio", play_socketio},
    };
    return all;
}

std::size_t worthwhile_size(World& world, const Pace& pace, std::size_t wanted) {
    constexpr std::size_t step_count = 150;
    const std::size_t step =
        std::min({world.faults().segment_size_max, pace.write_size_max, pace.read_size_max,
                  world.faults().receive_buffer_least / 2, world.faults().send_buffer_least / 2});
    return std::min(wanted, step_count * step);
}

// A few bytes of it say where it is cut and which it is; the choices stay short.
std::string drawn_payload(World& world, std::size_t size, bool is_text) {
    std::uint32_t state = world.choices().below(UINT32_MAX) | 1;
    std::string payload(size, '\0');
    for (char& one : payload) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        one = static_cast<char>(is_text ? 'a' + state % 26 : state);
    }
    return payload;
}

}  // namespace edgews::sim::test
