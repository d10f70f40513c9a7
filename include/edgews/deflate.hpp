// permessage-deflate (RFC 7692) on zlib: an add-on, in libedgews-deflate.a, with zlib behind it.
//
//     #include <edgews/deflate.hpp>
//     server.ws("/feed", handlers, {.compression = edgews::deflate()});
//
// Clients that offer it get it. Messages of other clients are not compressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace edgews {

class Compression;  // core/websocket/message_codec.hpp

// The memory of compressors and decompressors.
enum class DeflateMemory : std::uint8_t {
    // One set for all connections of a loop. Each message is compressed by itself, both ways.
    shared,
    // Each connection has its own, and messages refer to those before them, which makes small ones
    // much smaller. It is taken with the first message each way. When the peer has been silent for
    // RouteOptions::idle_ping_ms, the decompressor is given back, down to the bytes that the peer
    // may still refer to; the compressor, too, if nothing was sent meanwhile.
    dedicated,
};

struct DeflateOptions {
    DeflateMemory memory = DeflateMemory::shared;
    static constexpr std::uint8_t window_bits_min = 8;
    static constexpr std::uint8_t window_bits_max = 15;
    // Messages refer back at most 2^window_bits bytes. Clients are held to it, too, where they let
    // the server choose. With dedicated memory, sending takes 4 * 2^window_bits bytes, and
    // receiving up to 2^window_bits + 7 KiB.
    std::uint8_t window_bits = 15;
    // zlib's level, from 1 (fast) to 9 (small).
    int level = 6;
    // zlib's memory level, 1 to 9. With dedicated memory, sending takes 512 * 2^memory_level bytes
    // more.
    int memory_level = 8;
    // Messages with fewer bytes are not compressed. Empty: the size from which on it pays, which is
    // 128 with shared memory (two thirds of JSON are left) and 32 with dedicated memory.
    std::optional<std::size_t> message_size_min{};
};

// The value of RouteOptions::compression. Routes and servers may share it. Throws
// std::invalid_argument, which names the option, when one is out of its range.
[[nodiscard]] std::shared_ptr<const Compression> deflate(const DeflateOptions& options = {});

}  // namespace edgews
