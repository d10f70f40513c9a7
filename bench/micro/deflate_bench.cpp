// permessage-deflate: JSON of usual sizes compressed and restored, alone or building on what came
// before. "ratio": bytes on the wire for each byte of the message.
#include <edgews/deflate.hpp>
#include "core/websocket/message_codec.hpp"

#include <memory>
#include <string>

#include "support.hpp"

namespace edgews::bench {
namespace {

// Like a feed: the keys repeat, the values differ from message to message.
Bytes json_of(std::size_t size, unsigned number) {
    std::string text;
    for (unsigned i = number * 37; text.size() < size; ++i) {
        text += "{\"id\":" + std::to_string(1000 + i * 7) + ",\"symbol\":\"EDG" +
                std::to_string(i % 5) + "\",\"price\":" + std::to_string(100 + i * 31 % 97) +
                ".25,\"side\":\"" + (i % 2 == 0 ? "buy" : "sell") + "\",\"user\":\"u" +
                std::to_string(i * 7919 % 10007) + "\"},";
    }
    return bytes_of(text.substr(0, size));
}

constexpr unsigned message_count = 16;

struct Shape {
    const char* name;
    bool stands_alone;
};

// Messages of one size, compressed one after another by one codec.
struct Feed {
    Feed(const Shape& shape, std::size_t message_size)
        : agreed{.server_no_context_takeover = shape.stands_alone},
          loop(deflate()->open()),
          sender(loop->make_codec(agreed, Role::server)),
          room(sender->compressed_size_max(message_size)),
          size(message_size) {
        for (unsigned i = 0; i < message_count; ++i) messages.push_back(json_of(size, i));
    }
    std::span<const std::byte> compress(unsigned number) {
        return std::span(room).first(sender->compress(messages[number % message_count], room));
    }
    [[nodiscard]] std::unique_ptr<MessageCodec> make_receiver() const {
        return loop->make_codec(agreed, Role::client);
    }

    DeflateParameters agreed;
    std::unique_ptr<LoopCompression> loop;
    std::unique_ptr<MessageCodec> sender;
    std::vector<Bytes> messages;
    Bytes room;
    std::size_t size;
};

std::size_t restore(MessageCodec& receiver, std::span<const std::byte> packed, Bytes& message) {
    std::span<std::byte> output = message;
    const auto progress = receiver.restore(packed, output, MessageCodec::Part::last);
    return progress == MessageCodec::Progress::complete ? message.size() - output.size() : 0;
}

void time_compress(benchmark::State& state, const Shape& shape, std::size_t size) {
    Feed feed(shape, size);
    const auto receiver = feed.make_receiver();
    Bytes message(size + 1);
    std::size_t packed_size = 0;
    for (unsigned i = 0; i < message_count; ++i) {
        const auto packed = feed.compress(i);
        packed_size += packed.size();
        check(state,
              restore(*receiver, packed, message) == size &&
                  std::equal(feed.messages[i].begin(), feed.messages[i].end(), message.begin()));
    }
    unsigned number = 0;
    for (auto _ : state) benchmark::DoNotOptimize(feed.compress(number++));
    count_bytes(state, size);
    state.counters["ratio"] =
        static_cast<double>(packed_size) / static_cast<double>(message_count * size);
}

void time_restore(benchmark::State& state, const Shape& shape, std::size_t size) {
    Feed feed(shape, size);
    const auto receiver = feed.make_receiver();
    Bytes message(size + 1);
    // One that can be restored again and again: whatever it refers to lies in itself.
    const auto packed = feed.compress(0);
    check(state, restore(*receiver, packed, message) == size);
    for (auto _ : state) benchmark::DoNotOptimize(restore(*receiver, packed, message));
    count_bytes(state, size);
}

[[maybe_unused]] const bool is_added = [] {
    for (const Shape& shape : {Shape{"alone", true}, Shape{"context", false}}) {
        for (const std::size_t size : {64U, 256U, 1024U, 16384U}) {
            const std::string tail = std::string("/") + shape.name + "/" + std::to_string(size);
            add_row("deflate_compress" + tail,
                    [=](benchmark::State& state) { time_compress(state, shape, size); });
            add_row("deflate_restore" + tail,
                    [=](benchmark::State& state) { time_restore(state, shape, size); });
        }
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
