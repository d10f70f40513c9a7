// A route of WebSockets: what Server::ws() was given, or what a client speaks by.
#pragma once

#include <edgews/options.hpp>
#include <edgews/route.hpp>
#include "core/http/path_pattern.hpp"

namespace edgews {

struct WebSocketRoute {
    PathPattern pattern;
    Handlers handlers;
    RouteOptions options;
    UserData user_data;
};

}  // namespace edgews
