#include "net/connection/connections_on_loop.hpp"

#include "net/connection/connection_parts.hpp"

namespace edgews {

namespace {

struct ClientsOnLoop final : Attachment {
    explicit ClientsOnLoop(Reactor& reactor) : connections(reactor, nullptr) {}

    ConnectionsOnLoop connections;
};

}  // namespace

ConnectionsOnLoop& ConnectionsOnLoop::of_clients(Reactor& reactor) {
    return reactor.attached<ClientsOnLoop>().connections;
}

RouteOnLoop RouteOnLoop::make(const WebSocketRoute& route, ConnectionsOnLoop& connections) {
    const RouteOptions& options = route.options;
    RouteOnLoop made;
    made.reader = {.role = connections.server == nullptr ? Role::client : Role::server,
                   .streaming = route.handlers.is_streaming(),
                   .message_size_max = options.message_size_max,
                   .frame_size_max = options.frame_size_max,
                   .fragment_count_max = options.fragment_count_max,
                   .pool = &connections.reactor.pool()};
    made.times = {.idle_ping_ms = options.idle_ping_ms,
                  .ping_timeout_ms = options.ping_timeout_ms,
                  .message_timeout_ms = options.message_timeout_ms,
                  .message_rate_min = options.message_rate_min,
                  .close_timeout_ms = options.close_timeout_ms};
    made.masks = connections.masks.get();
    made.make_parts = make_connection_parts;
    made.route = &route;
    made.connections = &connections;
    made.compression = connections.open(options.compression);
    made.events = connections.events;
    return made;
}

std::shared_ptr<LoopCompression> ConnectionsOnLoop::open(
    const std::shared_ptr<const Compression>& compression) {
    if (!compression) return nullptr;
    const auto known = compressions.find(compression.get());
    if (known != compressions.end()) {
        if (auto opened = known->second.lock()) return opened;
    }
    std::erase_if(compressions, [](const auto& each) { return each.second.expired(); });
    std::shared_ptr<LoopCompression> opened = compression->open();
    compressions[compression.get()] = opened;
    return opened;
}

}  // namespace edgews
