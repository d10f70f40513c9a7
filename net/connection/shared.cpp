#include "net/connection/shared.hpp"

#include "net/connection/extras.hpp"

namespace edgews {

namespace {

struct ClientsOnLoop final : Attachment {
    explicit ClientsOnLoop(Reactor& reactor) : shared(reactor, nullptr) {}

    Shared shared;
};

}  // namespace

Shared& Shared::of_clients(Reactor& reactor) {
    return reactor.attached<ClientsOnLoop>().shared;
}

RouteOnLoop RouteOnLoop::make(const WebSocketRoute& route, Shared& shared) {
    const RouteOptions& options = route.options;
    RouteOnLoop made;
    made.reader = {.role = shared.server == nullptr ? Role::client : Role::server,
                   .streaming = route.handlers.is_streaming(),
                   .message_size_max = options.message_size_max,
                   .frame_size_max = options.frame_size_max,
                   .fragment_count_max = options.fragment_count_max,
                   .pool = &shared.reactor.pool()};
    made.times = {.idle_ping_ms = options.idle_ping_ms,
                  .ping_timeout_ms = options.ping_timeout_ms,
                  .message_timeout_ms = options.message_timeout_ms,
                  .message_rate_min = options.message_rate_min,
                  .close_timeout_ms = options.close_timeout_ms};
    made.masks = shared.masks.get();
    made.make_parts = make_extras;
    made.route = &route;
    made.shared = &shared;
    made.compression = shared.open(options.compression);
    return made;
}

std::shared_ptr<LoopCompression> Shared::open(
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
