// The routes of a server. It finds the one whose pattern matches a path most specifically.
#pragma once

#include <edgews/route.hpp>
#include "net/connection/websocket_route.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

// A route of plain HTTP: what Server::http() was given.
struct HttpRoute {
    PathPattern pattern;
    std::string method;
    HttpHandler handler;
    HttpRouteOptions options{};
};

class Router {
  public:
    // A pattern that is malformed, or the same as another one's (of plain HTTP: of the same
    // method), is a mistake of the program: throws std::invalid_argument that names it.
    void add(WebSocketRoute route);
    void add(HttpRoute route);

    // Null: no pattern matches. Fills in the parameters, which refer to `path`.
    [[nodiscard]] const WebSocketRoute* find_websocket(std::string_view path,
                                                       PathParameters& parameters) const noexcept;
    // The same among those of that method, and, for HEAD, of GET.
    [[nodiscard]] const HttpRoute* find_http(std::string_view method, std::string_view path,
                                             PathParameters& parameters) const noexcept;
    // The most specific of any method. Null: no pattern matches.
    [[nodiscard]] const HttpRoute* find_any(std::string_view path) const noexcept;
    // What may be asked of a path, by all of its patterns together: "GET, HEAD, POST, OPTIONS".
    // Empty: there is nothing there.
    [[nodiscard]] std::string methods_of(std::string_view path) const;
    // Whether there is anything for that method anywhere.
    [[nodiscard]] bool knows(std::string_view method) const noexcept;

    [[nodiscard]] const std::vector<std::unique_ptr<const WebSocketRoute>>& websockets() const {
        return websockets_;
    }

  private:
    // The most specific first.
    std::vector<std::unique_ptr<const WebSocketRoute>> websockets_;
    std::vector<std::unique_ptr<const HttpRoute>> https_;
};

}  // namespace edgews
