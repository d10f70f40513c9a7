#include <edgews/stomp_relay.hpp>

#include "core/base/number.hpp"
#include "net/stomp/broker_state.hpp"
#include "net/stomp/client_brokers.hpp"
#include "net/stomp/relay_state.hpp"
#include "net/stomp/stomp_loop.hpp"
#include "net/stomp/upstream.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace edgews {

namespace {

void append_sample(std::string& out, std::string_view name, std::string_view labels,
                   std::uint64_t value) {
    out.append("edgews_relay_").append(name).append(labels).append(" ");
    append_number(out, value);
    out += '\n';
}

// A broker's address as the value of a label: what would end it has a backslash in front.
std::string label_of(std::string_view address) {
    std::string label = "{upstream=\"";
    for (const char c : address) {
        if (c == '"' || c == '\\') label += '\\';
        label += c;
    }
    return label + "\"}";
}

}  // namespace

std::string StompRelayStats::prometheus() const {
    std::string out;
    append_sample(out, "sent_total", {}, sent);
    append_sample(out, "received_total", {}, received);
    append_sample(out, "gaps_total", {}, gaps);
    append_sample(out, "refused_total", {}, refused);
    append_sample(out, "in_doubt_total", {}, in_doubt);
    append_sample(out, "own_connections", {}, own_connections);
    for (std::size_t i = 0; i < upstreams.size(); ++i) {
        const StompUpstreamStats& one = upstreams[i];
        std::string label = label_of(one.address);
        label.insert(label.size() - 1, ",loop=\"" + std::to_string(i) + '"');
        append_sample(out, "upstream_available", label, one.is_available ? 1 : 0);
        append_sample(out, "upstream_subscriptions", label, one.subscriptions);
        append_sample(out, "upstream_connects_total", label, one.connects);
        append_sample(out, "upstream_failures_total", label, one.failures);
        append_sample(out, "upstream_resubscribed_milliseconds", label, one.resubscribed_ms);
    }
    return out;
}

StompRelay::StompRelay(StompRelayOptions relay, StompOptions options, StompHooks hooks,
                       StompRelayHooks relay_hooks)
    : StompBroker(std::move(options), std::move(hooks)) {
    static_cast<void>(stomp::usable_brokers(relay.upstream));
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
