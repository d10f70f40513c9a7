#include "net/connection/shared.hpp"

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
    return {.route = &route,
            .shared = &shared,
            .setup = {.role = shared.server == nullptr ? Role::client : Role::server,
                      .streaming = route.handlers.is_streaming(),
                      .message_size_max = options.message_size_max,
                      .frame_size_max = options.frame_size_max,
                      .fragment_count_max = options.fragment_count_max,
                      .pool = &shared.reactor.pool()},
            .compression = shared.open(options.compression)};
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
