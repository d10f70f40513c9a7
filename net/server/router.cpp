#include "net/server/router.hpp"

#include "core/base/ascii.hpp"
#include "core/http/http_token.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace edgews {

namespace {

bool serve_the_same(const WebSocketRoute&, const WebSocketRoute&) noexcept {
    return true;
}

bool serve_the_same(const HttpRoute& one, const HttpRoute& other) noexcept {
    return one.method == other.method;
}

template <class Route>
void insert(std::vector<std::unique_ptr<const Route>>& routes, Route route) {
    const PathPattern& pattern = route.pattern;
    const std::string name = "route \"" + std::string(pattern.text()) + "\": ";
    if (pattern.fault() != PatternFault::none) {
        throw std::invalid_argument(name + std::string(describe(pattern.fault())));
    }
    auto place = routes.begin();
    for (; place != routes.end(); ++place) {
        const bool is_same = pattern.is_same_as((*place)->pattern);
        if (is_same && serve_the_same(route, **place)) {
            throw std::invalid_argument(name + "there is one for the same paths already");
        }
        if (pattern.is_more_specific_than((*place)->pattern)) break;
    }
    routes.insert(place, std::make_unique<const Route>(std::move(route)));
}

void add_method(std::string& list, std::string_view method) {
    ListReader reader(list);
    for (auto each = reader.next(); !each.empty(); each = reader.next()) {
        if (each == method) return;
    }
    if (!list.empty()) list += ", ";
    list += method;
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
    for (const auto& route : websockets_) {
        if (route->pattern.match(path, parameters)) return route.get();
    }
    return nullptr;
}

const HttpRoute* Router::find_http(std::string_view method, std::string_view path,
                                   PathParameters& parameters) const noexcept {
    for (const auto& route : https_) {
        if (route->method == method && route->pattern.match(path, parameters)) return route.get();
    }
    return method == "HEAD" ? find_http("GET", path, parameters) : nullptr;
}

const HttpRoute* Router::find_any(std::string_view path) const noexcept {
    PathParameters parameters;
    for (const auto& route : https_) {
        if (route->pattern.match(path, parameters)) return route.get();
    }
    return nullptr;
}

std::string Router::methods_of(std::string_view path) const {
    std::string methods;
    PathParameters parameters;
    if (find_websocket(path, parameters) != nullptr) add_method(methods, "GET");
    for (const auto& route : https_) {
        if (!route->pattern.match(path, parameters)) continue;
        add_method(methods, route->method);
        if (route->method == "GET") add_method(methods, "HEAD");
    }
    if (!methods.empty()) add_method(methods, "OPTIONS");
    return methods;
}

bool Router::knows(std::string_view method) const noexcept {
    return std::ranges::any_of(https_, [&](const auto& route) { return route->method == method; });
}

}  // namespace edgews
