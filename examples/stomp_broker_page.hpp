// What the STOMP broker's page asks for: destinations and counters, as JSON.
#pragma once

#include <edgews/edgews.hpp>
#include <edgews/net/stomp/stomp_broker.hpp>

#include <string>

#include "demo_json.hpp"

namespace examples {

inline std::string to_json(const edgews::StompDestination& destination) {
    return R"({"name":)" + demo::quote(destination.name) + R"(,"queue":)" +
           (destination.is_queue ? "true" : "false") + R"(,"consumers":)" +
           std::to_string(destination.consumers) + R"(,"waiting":)" +
           std::to_string(destination.waiting) + R"(,"unacknowledged":)" +
           std::to_string(destination.unacknowledged) + R"(,"received":)" +
           std::to_string(destination.received_total) + R"(,"consumed":)" +
           std::to_string(destination.consumed_total) + "}";
}

inline void serve_broker_page(edgews::Server& server, edgews::StompBroker& broker,
                              const std::string& path) {
    server.get("/state.json", [&broker, path](const edgews::Request&, edgews::Response& response) {
        const edgews::StompStats stats = broker.stats();
        std::string json = R"({"path":)" + demo::quote(path) + R"(,"sessions":)" +
                           std::to_string(stats.sessions) + R"(,"received":)" +
                           std::to_string(stats.counters.received) + R"(,"delivered":)" +
                           std::to_string(stats.counters.delivered) + R"(,"destinations":[)";
        bool is_first = true;
        for (const edgews::StompDestination& destination : broker.destinations()) {
            if (!is_first) json += ',';
            is_first = false;
            json += to_json(destination);
        }
        response.headers.add("Content-Type", "application/json");
        response.headers.add("Cache-Control", "no-store");
        response.body = json + "]}";
    });
}

}  // namespace examples
