// The data of the STOMP broker's page: destinations and counters, as JSON.
#pragma once

#include <edgews/backplane.hpp>
#include <edgews/loop.hpp>
#include <edgews/server.hpp>
#include <edgews/stomp_broker.hpp>
#include <edgews/stomp_relay.hpp>
#include "core/stomp/session.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "programs/common/json.hpp"

namespace programs {

// Of destinations: the page is read every second.
inline constexpr std::size_t shown_count_max = 1000;

// A session's id is nobody else's business, not even in the names of its queues:
// "/temp-queue/session-…".
inline std::string shown_name(std::string_view name) {
    constexpr std::size_t shown_size = 6;
    const std::string_view prefix = edgews::stomp::session_id_prefix;
    const std::size_t id = std::min(name.find('/', 1), name.size() - 1) + 1;
    const std::size_t end = std::min(name.find('/', id), name.size());
    const bool is_private = name.starts_with("/temp-queue/") || name.starts_with("/user/");
    const std::size_t secret = id + prefix.size() + shown_size;
    if (!is_private || !name.substr(id).starts_with(prefix) || end <= secret) {
        return std::string(name);
    }
    return std::string(name.substr(0, secret)) + "…" + std::string(name.substr(end));
}

inline void append_number(std::string& json, std::string_view name, std::uint64_t number) {
    json += ",\"" + std::string(name) + "\":" + std::to_string(number);
}

inline void append_json(std::string& json, const edgews::StompDestination& destination) {
    json += R"({"name":)" + demo::quote(shown_name(destination.name)) + R"(,"queue":)" +
            (destination.is_queue ? "true" : "false");
    append_number(json, "consumers", destination.consumers);
    append_number(json, "waiting", destination.waiting);
    append_number(json, "unacknowledged", destination.unacknowledged);
    append_number(json, "received", destination.received_total);
    append_number(json, "consumed", destination.consumed_total);
    json += '}';
}

// The first of the queues, and of the topics: those who have many leave room for the others. Quick,
// however many there are.
inline std::vector<edgews::StompDestination> shown_destinations(const edgews::StompBroker& broker) {
    std::vector<edgews::StompDestination> shown = broker.destinations("", shown_count_max / 2);
    if (shown.size() < shown_count_max / 2) return shown;
    const std::string after = std::max<std::string>(shown.back().name, "/topic/");
    for (edgews::StompDestination& one : broker.destinations(after, shown_count_max / 2)) {
        shown.push_back(std::move(one));
    }
    return shown;
}

// {"sent":1,…,"upstreams":[{"address":"stomp://…","available":true,…}]}
inline std::string relay_json(const edgews::StompRelayStats& stats) {
    std::string json = R"({"sent":)" + std::to_string(stats.sent);
    append_number(json, "received", stats.received);
    append_number(json, "gaps", stats.gaps);
    append_number(json, "refused", stats.refused);
    append_number(json, "in_doubt", stats.in_doubt);
    append_number(json, "own_connections", stats.own_connections);
    json += R"(,"upstreams":[)";
    for (const edgews::StompUpstreamStats& one : stats.upstreams) {
        if (json.back() != '[') json += ',';
        json += R"({"address":)" + demo::quote(one.address) + R"(,"available":)" +
                (one.is_available ? "true" : "false");
        append_number(json, "subscriptions", one.subscriptions);
        append_number(json, "connects", one.connects);
        append_number(json, "failures", one.failures);
        append_number(json, "resubscribed_ms", one.resubscribed_ms);
        json += '}';
    }
    return json + "]}";
}

// {"node":"0123456789abcdef","available":1,"connects":1,…}
inline std::string backplane_json(const edgews::Backplane& backplane) {
    constexpr std::string_view beginning = "edgews_backplane_";
    const edgews::BackplaneStats stats = backplane.stats();
    std::string json = R"({"node":)" + demo::quote(backplane.node());
    for (std::size_t i = 0; i < edgews::backplane_counter_count; ++i) {
        const auto counter = static_cast<edgews::BackplaneCounter>(i);
        const std::string_view name = edgews::metric_name(counter);
        const std::string_view rest = name.substr(beginning.size());
        append_number(json, rest.substr(0, rest.find("_total")), stats[counter]);
    }
    return json + '}';
}

// {"path":"/ws","time":…,"sessions":1,…,"destinations":[{"name":"/queue/a",…}],"left_out":0}; time
// in milliseconds, for rates; of a relay, with "relay":{…}; with "backplane":{…}, unless that is
// null. Requires: one of the loops calls.
inline std::string state_json(const edgews::StompBroker& broker, const edgews::Backplane* backplane,
                              std::string_view path) {
    const edgews::StompStats stats = broker.stats();
    const std::vector<edgews::StompDestination> shown = shown_destinations(broker);
    const std::size_t left_out = stats.destinations - std::min(stats.destinations, shown.size());
    std::string json = R"({"path":)" + demo::quote(path);
    append_number(json, "time", edgews::Loop::current()->now_ms());
    append_number(json, "sessions", stats.sessions);
    append_number(json, "memory", stats.memory);
    append_number(json, "received", stats.counters.received);
    append_number(json, "delivered", stats.counters.delivered);
    append_number(json, "redelivered", stats.counters.redelivered);
    append_number(json, "dead_lettered", stats.counters.dead_lettered);
    append_number(json, "dead_letters_lost", stats.counters.dead_letters_lost);
    append_number(json, "dropped", stats.counters.dropped);
    append_number(json, "expired", stats.counters.expired);
    append_number(json, "left_out", left_out);
    if (const auto* const relay = dynamic_cast<const edgews::StompRelay*>(&broker)) {
        json += R"(,"relay":)" + relay_json(relay->relay_stats());
    }
    if (backplane != nullptr) json += R"(,"backplane":)" + backplane_json(*backplane);
    json += R"(,"destinations":[)";
    for (const edgews::StompDestination& destination : shown) {
        if (json.back() != '[') json += ',';
        append_json(json, destination);
    }
    return json + "]}";
}

// The server's counters, and a relay's, and a backplane's, for Prometheus.
inline std::string metrics_text(const edgews::Server& server, const edgews::StompBroker& broker,
                                const edgews::Backplane* backplane) {
    std::string text = server.stats().prometheus();
    if (const auto* const relay = dynamic_cast<const edgews::StompRelay*>(&broker)) {
        text += relay->relay_stats().prometheus();
    }
    if (backplane != nullptr) text += backplane->stats().prometheus();
    return text;
}

}  // namespace programs
