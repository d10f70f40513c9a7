// Codecs compress messages and restore them (RFC 7692). This is the interface between the engine
// and an add-on, so that the engine needs no compression library.
//
// A route names a Compression; each loop opens it once, and each of the loop's connections that
// agreed on permessage-deflate gets a MessageCodec. Codecs of one loop share what they can.
#pragma once

#include "core/websocket/frame.hpp"
#include "core/websocket/permessage_deflate.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace edgews {

// Compresses what one connection sends, restores what it receives. Belongs to its loop's thread.
class MessageCodec {
  public:
    virtual ~MessageCodec() = default;

    // How restore() ended.
    enum class Progress : std::uint8_t {
        hungry,     // All input is used: the message goes on.
        full,       // The output is full: call again with more room, and what is left of the input.
        complete,   // The message is complete.
        malformed,  // That is no DEFLATE stream. The codec must not be used for receiving again.
    };
    enum class Part : std::uint8_t { more, last };  // Of the message's compressed bytes.

    // Restores the next compressed bytes of the message that is being received. Takes them off the
    // front of `input`, and what it writes off the front of `output`. Restores at least as much as
    // `output` holds before it says `full`. `part`: whether the input ends the message; once
    // `last`, it stays so until `complete`. Appends what senders leave out (section 7.2.2).
    [[nodiscard]] virtual Progress restore(std::span<const std::byte>& input,
                                           std::span<std::byte>& output, Part part) noexcept = 0;

    // At most so many bytes does compress() need for a message of that size.
    [[nodiscard]] virtual std::size_t compressed_size_max(std::size_t size) const noexcept = 0;
    // Whether messages build on those before. Then each one that was compressed must be sent.
    [[nodiscard]] virtual bool has_context() const noexcept = 0;
    // Compresses a whole message into `output`, without the tail that section 7.2.1 leaves out, and
    // returns the bytes written. Requires: room for compressed_size_max().
    [[nodiscard]] virtual std::size_t compress(std::span<const std::byte> message,
                                               std::span<std::byte> output) noexcept = 0;

    // The same for many receivers: the message alone, whatever was sent before. What it looks back
    // is at most 2^window_bits() bytes, so all may have it who agreed on as much.
    [[nodiscard]] virtual std::size_t compress_alone(std::span<const std::byte> message,
                                                     std::span<std::byte> output) noexcept = 0;
    [[nodiscard]] virtual std::uint8_t window_bits() const noexcept = 0;
    // Such a message is sent here: the next one does without what was sent before.
    virtual void sent_alone() noexcept = 0;

    // The peer has been silent for long: gives back all memory that its next message can do
    // without, and if nothing was sent since the last call either, that of the next one sent.
    virtual void rest() noexcept = 0;
};

// A route's compression on one loop.
class LoopCompression {
  public:
    virtual ~LoopCompression() = default;
    // The codec of a connection, whose side we are; must not outlive this.
    [[nodiscard]] virtual std::unique_ptr<MessageCodec> make_codec(const DeflateParameters& agreed,
                                                                   Role role) = 0;
};

// A route's compression. Any thread; shared by all loops.
class Compression {
  public:
    virtual ~Compression() = default;
    // What a server answers offers with.
    [[nodiscard]] virtual DeflateParameters terms() const noexcept = 0;
    // Messages of fewer bytes are sent as they are, unless the sender says otherwise.
    [[nodiscard]] virtual std::size_t message_size_min() const noexcept = 0;
    [[nodiscard]] virtual std::unique_ptr<LoopCompression> open() const = 0;
};

}  // namespace edgews
