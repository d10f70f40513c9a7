// The parts that WebSocket connections share on one loop: all of them, or those of a route.
#pragma once

#include <edgews/route.hpp>
#include <edgews/stats.hpp>
#include "core/websocket/frame.hpp"
#include "core/websocket/message_codec.hpp"
#include "core/websocket/session.hpp"
#include "crypto/random.hpp"
#include "net/connection/event_teller.hpp"
#include "net/connection/share.hpp"
#include "net/connection/topics.hpp"
#include "net/connection/websocket_route.hpp"
#include "net/loop/reactor.hpp"
#include "net/stream/streams_on_loop.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <span>

namespace edgews {

class WebSocketConnection;
class ServerOnLoop;

// The parts that the connections of one loop share: those of a server, or of all clients.
struct ConnectionsOnLoop {
    // `reactor` is borrowed, and `server`, which is null for clients.
    ConnectionsOnLoop(Reactor& reactor_of_all, const ServerOnLoop* server_of_all)
        : reactor(reactor_of_all),
          streams(StreamsOnLoop::of(reactor_of_all)),
          server(server_of_all),
          topics(reactor_of_all),
          late_events(reactor_of_all),
          masks(server_of_all == nullptr ? std::make_unique<Random>() : nullptr) {}

    // That of all clients on the loop. It goes with the loop.
    [[nodiscard]] static ConnectionsOnLoop& of_clients(Reactor& reactor);

    Reactor& reactor;
    StreamsOnLoop& streams;
    const ServerOnLoop* server;
    Topics topics;
    Counters counters{};
    LateEvents late_events;
    EventTeller events{};           // Of the server: each client has its own.
    std::unique_ptr<Random> masks;  // What clients mask with (RFC 6455, section 5.3).

    // What clients that name the same Compression share.
    [[nodiscard]] std::shared_ptr<LoopCompression> open(
        const std::shared_ptr<const Compression>& compression);
    std::map<const Compression*, std::weak_ptr<LoopCompression>> compressions{};

    // The payload that a handler of `connection` is looking at: until the end of its
    // dispatch it may be sent from where it lies.
    struct Borrowable {
        const WebSocketConnection* connection = nullptr;
        std::span<const std::byte> bytes{};
    };
    Borrowable borrowable{};
    Share share{};                // Of the connection that is read from.
    std::uint8_t pong_count = 0;  // Of its present dispatch.

    [[nodiscard]] bool is_share_used_up() const noexcept {
        return share.is_used_up(topics.delivery_count());
    }
};

// A WebSocket route and what its connections on this loop have in common: their sessions' setup.
struct RouteOnLoop : SessionSetup {
    const WebSocketRoute* route = nullptr;
    ConnectionsOnLoop* connections = nullptr;
    std::shared_ptr<LoopCompression> compression{};  // Null: none.
    EventTeller events{};

    [[nodiscard]] static RouteOnLoop make(const WebSocketRoute& route,
                                          ConnectionsOnLoop& connections);
};

}  // namespace edgews
