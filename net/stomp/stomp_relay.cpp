#include <edgews/stomp_relay.hpp>

#include "net/stomp/client_state.hpp"
#include "net/stomp/relay.hpp"
#include "net/stomp/state.hpp"
#include "net/stomp/stomp_loop.hpp"
#include "net/stomp/upstream.hpp"

#include <utility>

namespace edgews {

StompRelay::StompRelay(StompRelayOptions relay, StompOptions options, StompHooks hooks,
                       StompRelayHooks relay_hooks)
    : StompBroker(std::move(options), std::move(hooks)) {
    stomp::ClientState::check(relay.upstream);
    State::of(*this).relay =
        std::make_unique<StompRelayState>(std::move(relay), std::move(relay_hooks));
}

StompRelayStats StompRelay::relay_stats() const {
    State& state = State::of(*this);
    const StompRelayState& relay = *state.relay;
    StompRelayStats stats{.own_connections = relay.own_connections,
                          .sent = relay.sent,
                          .received = relay.received,
                          .gaps = relay.gaps,
                          .refused = relay.refused,
                          .in_doubt = relay.in_doubt};
    const StompLocked locked = state.lock();
    for (const auto& loop : locked.loops()) {
        if (loop->upstream() != nullptr) stats.upstreams.push_back(loop->upstream()->stats(locked));
    }
    return stats;
}

}  // namespace edgews
