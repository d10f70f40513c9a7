// Both ends of a compressed connection in memory, for tests.
#pragma once

#include <edgews/deflate.hpp>
#include "core/websocket/message_codec.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tests/support/bytes.hpp"

namespace edgews::test {

using CodecPart = MessageCodec::Part;
using CodecProgress = MessageCodec::Progress;

inline Bytes compress(MessageCodec& codec, std::string_view message) {
    Bytes output(codec.compressed_size_max(message.size()));
    output.resize(codec.compress(std::as_bytes(std::span(message)), output));
    return output;
}

inline Bytes compress_alone(MessageCodec& codec, std::string_view message) {
    Bytes output(codec.compressed_size_max(message.size()));
    output.resize(codec.compress_alone(std::as_bytes(std::span(message)), output));
    return output;
}

struct Restored {
    CodecProgress progress = CodecProgress::hungry;
    std::string text{};
};

// Restores a message that comes in `pieces`, with room for `room` bytes at a time.
inline Restored restore(MessageCodec& codec, const Pieces& pieces, std::size_t room = 4096) {
    Restored restored;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        std::span<const std::byte> input = pieces[i].bytes();
        const auto part = i + 1 == pieces.size() ? CodecPart::last : CodecPart::more;
        do {
            const ExactBlock block((Bytes(room)));
            std::span<std::byte> output = block.bytes();
            restored.progress = codec.restore(input, output, part);
            restored.text += text_of(block.bytes().first(room - output.size()));
        } while (restored.progress == CodecProgress::full);
        if (restored.progress == CodecProgress::malformed) break;
    }
    return restored;
}

inline Restored restore(MessageCodec& codec, std::span<const std::byte> message,
                        std::size_t room = 4096) {
    return restore(codec, split_at(message, {}), room);
}

// A server and a client that agreed on something.
class CodecPair {
  public:
    explicit CodecPair(const DeflateParameters& agreed, const DeflateOptions& options = {})
        : loop_(edgews::deflate(options)->open()),
          server_(loop_->make_codec(agreed, Role::server)),
          client_(loop_->make_codec(agreed, Role::client)) {}

    MessageCodec& server() { return *server_; }
    MessageCodec& client() { return *client_; }

    // `message` arrives at the other side as it was.
    void expect_arrives(MessageCodec& from, MessageCodec& to, std::string_view message) {
        const Restored restored = restore(to, compress(from, message));
        EXPECT_EQ(restored.progress, CodecProgress::complete);
        EXPECT_TRUE(restored.text == message) << restored.text.size() << " bytes came";
    }
    void expect_both_ways(std::string_view message) {
        expect_arrives(server(), client(), message);
        expect_arrives(client(), server(), message);
    }

  private:
    std::unique_ptr<LoopCompression> loop_;
    std::unique_ptr<MessageCodec> server_;
    std::unique_ptr<MessageCodec> client_;
};

}  // namespace edgews::test
