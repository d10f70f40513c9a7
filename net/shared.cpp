#include <edgews/net/shared.hpp>

namespace edgews {

RouteOnLoop RouteOnLoop::make(const WebSocketRoute& route, Shared& shared) {
    const RouteOptions& options = route.options;
    return {.route = &route,
            .shared = &shared,
            .setup = {.role = shared.shard == nullptr ? Role::client : Role::server,
                      .streaming = route.handlers.is_streaming(),
                      .message_size_max = options.message_size_max,
                      .frame_size_max = options.frame_size_max,
                      .fragment_count_max = options.fragment_count_max,
                      .pool = &shared.loop.pool()},
            .compression = shared.open(options.compression)};
}

std::shared_ptr<LoopCompression> Shared::open(
    const std::shared_ptr<const Compression>& compression) {
    if (!compression) return nullptr;
    std::weak_ptr<LoopCompression>& known = compressions[compression.get()];
    std::shared_ptr<LoopCompression> opened = known.lock();
    if (!opened) known = opened = compression->open();
    return opened;
}

}  // namespace edgews
