// Compressed messages from anyone: whatever arrives is restored the same in one piece with much
// room and byte by byte with little, within its limit, or refused; and what is compressed comes
// back.
#include <edgews/deflate.hpp>
#include "core/websocket/message_inflater.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace {

using edgews::Buffer;
using edgews::BufferPool;
using edgews::DeflateMemory;
using edgews::MessageCodec;
using edgews::MessageInflater;
using Result = MessageInflater::Result;

void require(bool holds) {
    if (!holds) std::abort();
}

struct Outcome {
    edgews::Fault fault;
    std::vector<std::byte> message;

    bool operator==(const Outcome&) const = default;
};

// Restores all messages of `data` on one connection; a length byte begins each.
std::vector<Outcome> restore_all(std::span<const std::byte> data, std::size_t piece_size,
                                 std::size_t room) {
    BufferPool pool(0);
    const edgews::ReaderSetup setup{.message_size_max = 1000, .pool = &pool};
    const auto loop = edgews::deflate({.memory = DeflateMemory::dedicated})->open();
    MessageInflater inflater(loop->make_codec({}, edgews::Role::server), setup);
    std::vector<Outcome> outcomes;
    while (!data.empty() && inflater.fault() == edgews::Fault::none) {
        const std::size_t size = std::min(data.size() - 1, static_cast<std::size_t>(data[0]));
        std::span<const std::byte> rest = data.subspan(1, size);
        data = data.subspan(1 + size);
        inflater.begin(size % 2 == 0 ? edgews::Opcode::text : edgews::Opcode::binary);
        Outcome outcome{};
        Result result = Result::hungry;
        while (result == Result::hungry || result == Result::full) {
            std::span<const std::byte> piece = rest.first(std::min(piece_size, rest.size()));
            rest = rest.subspan(piece.size());
            const auto part = rest.empty() ? MessageCodec::Part::last : MessageCodec::Part::more;
            do {
                Buffer output = pool.take(room);
                result = inflater.restore(piece, part, output);
                const std::span<const std::byte> bytes = output.bytes();
                outcome.message.insert(outcome.message.end(), bytes.begin(), bytes.end());
            } while (result == Result::full);
        }
        outcome.fault = inflater.fault();
        require((result == Result::failed) == (outcome.fault != edgews::Fault::none));
        require(outcome.message.size() <= setup.message_size_max);
        // What came before a fault depends on how it was cut.
        if (result == Result::failed) outcome.message.clear();
        outcomes.push_back(outcome);
    }
    return outcomes;
}

std::vector<std::byte> restore_whole(MessageCodec& codec, std::span<const std::byte> input,
                                     std::size_t room) {
    std::vector<std::byte> message;
    MessageCodec::Progress progress = MessageCodec::Progress::full;
    while (progress == MessageCodec::Progress::full) {
        std::vector<std::byte> block(room);
        std::span<std::byte> output = block;
        progress = codec.restore(input, output, MessageCodec::Part::last);
        block.resize(room - output.size());
        message.insert(message.end(), block.begin(), block.end());
    }
    require(progress == MessageCodec::Progress::complete);
    return message;
}

void compress_and_restore(std::span<const std::byte> data) {
    const std::size_t fitting =
        std::max<std::size_t>(data.size(), 1);  // It ends where the room does.
    for (const bool is_alone : {false, true}) {
        const edgews::DeflateParameters agreed{.server_no_context_takeover = is_alone,
                                               .server_max_window_bits = 9};
        const auto loop = edgews::deflate()->open();
        const auto sender = loop->make_codec(agreed, edgews::Role::server);
        const auto receiver = loop->make_codec(agreed, edgews::Role::client);
        for (const std::size_t room : {data.size() + 1, fitting, std::size_t{20}, std::size_t{1}}) {
            std::vector<std::byte> packed(sender->compressed_size_max(data.size()));
            packed.resize(sender->compress(data, packed));
            const std::vector<std::byte> message = restore_whole(*receiver, packed, room);
            require(std::equal(message.begin(), message.end(), data.begin(), data.end()));
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    const std::vector<Outcome> whole = restore_all(bytes, SIZE_MAX, 4096);
    require(restore_all(bytes, 1, 64) == whole);
    require(restore_all(bytes, 7, 512) == whole);
    compress_and_restore(bytes);
    return 0;
}
