// The engine's own clients, with handlers, as coroutines and blocking, call a server of the
// engine's: what is accepted arrives in order or is said to be lost, each attempt ends once, and
// nothing waits for ever.
#include "crowd.hpp"
#include "scenario.hpp"

#include <array>

namespace edgews::sim::test {

void play_clients(World& world, Record& record) {
    static constexpr std::array<std::uint32_t, 3> idle_times{30'000, 5'000, 200};
    Choices& choices = world.choices();
    CrowdOptions options;
    options.service.mischief_max = choices.once_in(2) ? choices.between(1, 4) : 0;
    options.service.idle_ping_ms = choices.one_of(idle_times);
    Crowd crowd(world, record, options);
    crowd.play();
}

}  // namespace edgews::sim::test
