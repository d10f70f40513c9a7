// permessage-deflate (RFC 7692) on zlib: an add-on, in libedgews-deflate.a, with zlib behind it.
//
//     #include <edgews/deflate.hpp>
//     server.ws("/feed", handlers, {.compression = edgews::deflate()});
//
// Clients that offer it get it; the others' messages go as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace edgews {

class Compression;  // core/websocket/message_codec.hpp

// Where what compresses and restores lives.
enum class DeflateMemory : std::uint8_t {
    // One set for all connections of a loop. Each message is compressed by itself, both ways.
    shared,
    // Each connection has its own, and messages build on those before, which makes small ones much
    // smaller. Taken with the first message each way. What receives is given back, down to what
    // the peer may still refer to, when the peer has been silent for RouteOptions::idle_ping_ms (0:
    // never); what sends, when nothing was sent meanwhile.
    dedicated,
};

struct DeflateOptions {
    DeflateMemory memory = DeflateMemory::shared;
    static constexpr std::uint8_t window_bits_min = 8;
    static constexpr std::uint8_t window_bits_max = 15;
    // Messages refer back at most 2^bits bytes: 8 to 15. What clients send is held to it where they
    // let us choose. Dedicated, sending takes 4 * 2^bits bytes, receiving up to 2^bits + 7 KiB.
    std::uint8_t window_bits = 15;
    // zlib's: 1, fast, to 9, small.
    int level = 6;
    // zlib's: 1 to 9. Dedicated, sending takes 512 * 2^level bytes more.
    int memory_level = 8;
    // Messages of fewer bytes are sent as they are. By default that is where it begins to pay: 128
    // where messages stand alone (of JSON, two thirds are left), 32 where they build on each other.
    std::optional<std::size_t> message_size_min{};
};

// For RouteOptions::compression; may be shared by routes and servers. Throws std::invalid_argument,
// which names the option, when one is out of its range.
[[nodiscard]] std::shared_ptr<const Compression> deflate(const DeflateOptions& options = {});

}  // namespace edgews
