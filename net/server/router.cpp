#include "net/server/router.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace edgews {

namespace {

template <class Route>
void insert(std::vector<std::unique_ptr<const Route>>& routes, Route route) {
    const PathPattern& pattern = route.pattern;
    const std::string name = "route \"" + std::string(pattern.text()) + "\": ";
    if (pattern.fault() != PatternFault::none) {
        throw std::invalid_argument(name + std::string(describe(pattern.fault())));
    }
    auto place = routes.begin();
    for (; place != routes.end(); ++place) {
        if (pattern.is_same_as((*place)->pattern)) {
            throw std::invalid_argument(name + "there is one for the same paths already");
        }
        if (pattern.is_more_specific_than((*place)->pattern)) break;
    }
    routes.insert(place, std::make_unique<const Route>(std::move(route)));
}

template <class Route>
const Route* find(const std::vector<std::unique_ptr<const Route>>& routes, std::string_view path,
                  PathParameters& parameters) noexcept {
    for (const auto& route : routes) {
        if (route->pattern.match(path, parameters)) return route.get();
    }
    return nullptr;
}

}  // namespace

void Router::add(WebSocketRoute route) {
    insert(websockets_, std::move(route));
}

void Router::add(HttpRoute route) {
    insert(https_, std::move(route));
}

const WebSocketRoute* Router::find_websocket(std::string_view path,
                                             PathParameters& parameters) const noexcept {
    return find(websockets_, path, parameters);
}

const HttpRoute* Router::find_http(std::string_view path,
                                   PathParameters& parameters) const noexcept {
    return find(https_, path, parameters);
}

}  // namespace edgews
