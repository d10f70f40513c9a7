// What the application has said about a namespace, or about all those whose names fit a pattern.
// Set up before there are clients, and only read from then on, by all loops.
#pragma once

#include <edgews/socketio.hpp>
#include "core/base/string_hash.hpp"
#include "core/http/path_pattern.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {

// One of the two is set.
struct EventHandler {
    Function<void(Socket&, const Event&)> plain{};
    Function<void(Socket&, const Event&, Ack)> answering{};
};

struct NamespaceState {
    HubState& hub;
    std::string name;                      // Or the pattern.
    std::optional<PathPattern> pattern{};  // Nothing: it is a name.
    std::vector<Function<void(Handshake&)>> middleware{};
    NameTable<EventHandler> events{};
    Handlers handlers{};

    // Throws std::logic_error, if clients have come; std::invalid_argument, if there is one,
    // or no client sends such an event (is_reserved_event()).
    void add(std::string_view event, EventHandler handler);
    // The parameter of a namespace of that name.
    [[nodiscard]] std::optional<std::string> parameter(std::string_view namespace_name,
                                                       std::string_view parameter_name) const {
        PathParameters parameters;
        if (!pattern || !pattern->match(namespace_name, parameters)) return std::nullopt;
        return parameters.get(parameter_name);
    }
};

}  // namespace edgews::sio
