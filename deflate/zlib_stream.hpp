// zlib's two raw streams, each with what permessage-deflate makes of it (RFC 7692, section 7.2).
#pragma once

#include "core/websocket/message_codec.hpp"
#include "deflate/arena.hpp"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace edgews {

struct DeflaterSetup {
    std::uint8_t window_bits = 15;  // 8 to 15.
    int level = 6;
    int memory_level = 8;
};

// Bytes that a Deflater writes for so many at most, whatever its setup.
[[nodiscard]] std::size_t deflated_size_max(std::size_t size) noexcept;

class Deflater {
  public:
    // Out of memory ends the process.
    explicit Deflater(const DeflaterSetup& setup) noexcept;
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater();

    // The next message does without what was compressed before.
    void reset() noexcept;
    // Compresses a message, without the tail 00 00 FF FF, and returns the bytes written.
    // Requires: room for deflated_size_max().
    [[nodiscard]] std::size_t compress(std::span<const std::byte> message,
                                       std::span<std::byte> output) noexcept;

  private:
    Arena arena_;
    z_stream stream_{};
};

class Inflater {
  public:
    explicit Inflater(std::uint8_t window_bits) noexcept;
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    ~Inflater();

    // The next message does without what was restored before.
    void reset() noexcept;
    // See MessageCodec::restore().
    [[nodiscard]] MessageCodec::Progress restore(std::span<const std::byte>& input,
                                                 std::span<std::byte>& output,
                                                 MessageCodec::Part part) noexcept;

    // What the next message may refer to, and how to begin with it.
    [[nodiscard]] std::vector<std::byte> window() const;
    void set_window(std::span<const std::byte> window) noexcept;

  private:
    void begin_anew() noexcept;
    void end_message() noexcept;
    [[nodiscard]] int inflate_some(std::span<const std::byte>& input,
                                   std::span<std::byte>& output) noexcept;

    Arena arena_;
    mutable z_stream stream_{};
    bool is_begun_ = false;      // Bytes of the present message went in,
    bool is_ended_ = false;      // the last of them ended a final block.
    std::size_t tail_size_ = 0;  // Bytes of its tail that did.
};

}  // namespace edgews
