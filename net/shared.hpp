// What WebSocket connections share on one loop: those of a server, or those of all clients.
#pragma once

#include <edgews/core/frame.hpp>
#include <edgews/core/message_codec.hpp>
#include <edgews/core/message_reader.hpp>
#include <edgews/crypto/random.hpp>
#include <edgews/net/loop.hpp>
#include <edgews/net/route.hpp>
#include <edgews/net/stats.hpp>
#include <edgews/net/topics.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <span>

namespace edgews {

class Connection;
class Shard;

struct Shared {
    // `loop` is borrowed, and `shard`, which is null for clients.
    Shared(Loop& loop_of_all, Shard* shard_of_all)
        : loop(loop_of_all),
          shard(shard_of_all),
          topics(loop_of_all),
          masks(shard_of_all == nullptr ? std::make_unique<Random>() : nullptr) {}

    Loop& loop;
    Shard* shard;
    Topics topics;
    Counters counters{};
    std::unique_ptr<Random> masks;  // What clients mask with (RFC 6455, section 5.3).

    // What clients that name the same Compression share.
    [[nodiscard]] std::shared_ptr<LoopCompression> open(
        const std::shared_ptr<const Compression>& compression);
    std::map<const Compression*, std::weak_ptr<LoopCompression>> compressions{};

    // The payload that a handler of `connection` is looking at: until the end of its
    // dispatch it may be sent from where it lies.
    struct Borrowable {
        const Connection* connection = nullptr;
        std::span<const std::byte> bytes{};
    };
    Borrowable borrowable{};
    // Bytes that compressed messages have become since a connection began to count them.
    std::size_t restored_size = 0;
};

// A WebSocket route and what its connections on this loop have in common.
struct RouteOnLoop {
    const WebSocketRoute* route;
    Shared* shared;
    ReaderSetup setup;
    std::shared_ptr<LoopCompression> compression{};  // Null: none.

    [[nodiscard]] static RouteOnLoop make(const WebSocketRoute& route, Shared& shared);
};

}  // namespace edgews
