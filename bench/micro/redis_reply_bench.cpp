// Replies of a Redis server: from received bytes to values, and to a session's messages.
#include "core/redis/reply_reader.hpp"
#include "core/redis/session.hpp"

#include "support.hpp"

namespace edgews::bench {
namespace {

constexpr std::size_t payload_size = 100;
constexpr std::size_t message_count = 100;

// What a subscriber receives.
Bytes messages() {
    std::string stream;
    for (std::size_t i = 0; i < message_count; ++i) {
        stream += ">3\r\n$7\r\nmessage\r\n$17\r\n/topic/prices/EUR\r\n$100\r\n";
        stream += std::string(payload_size, 'x') + "\r\n";
    }
    return bytes_of(stream);
}

// Takes all of `stream` to `next`, piece by piece.
template <class Next>
std::size_t read(std::span<const std::byte> stream, std::size_t piece_size, Next next) {
    std::size_t right_count = 0;
    while (!stream.empty()) {
        std::span<const std::byte> piece = stream.first(std::min(piece_size, stream.size()));
        stream = stream.subspan(piece.size());
        right_count += next(piece);
    }
    return right_count;
}

template <class Next>
void time(benchmark::State& state, std::size_t piece_size, Next next) {
    const Bytes stream = messages();
    check(state, read(stream, piece_size, next) == message_count);
    for (auto _ : state) {
        benchmark::DoNotOptimize(read(stream, piece_size, next));
        benchmark::ClobberMemory();
    }
    count_bytes(state, stream.size());
    count_things(state, "message", message_count);
}

void time_reader(benchmark::State& state, std::size_t piece_size) {
    BufferPool pool;
    const redis::ReplyLimits limits;
    redis::ReplyReader reader(limits, pool);
    time(state, piece_size, [&](std::span<const std::byte>& piece) {
        std::size_t count = 0;
        while (const redis::Reply reply = reader.next(piece)) {
            if (reply.value.element_count() == 3) ++count;
        }
        return count;
    });
}

void time_session(benchmark::State& state, std::size_t piece_size) {
    BufferPool pool;
    const redis::ReplyLimits limits;
    redis::Session session(limits, pool);
    session.begin({});
    const Bytes hello = bytes_of("%0\r\n");
    std::span<const std::byte> greeting = hello;
    check(state, session.next(greeting).kind == redis::Event::Kind::ready);
    time(state, piece_size, [&](std::span<const std::byte>& piece) {
        std::size_t count = 0;
        while (const redis::Event event = session.next(piece)) {
            if (event.payload.size() == payload_size) ++count;
        }
        return count;
    });
}

[[maybe_unused]] const bool is_added = [] {
    for (const std::size_t piece_size :
         {std::size_t{64 * 1024}, std::size_t{1448}, std::size_t{1}}) {
        const std::string size = std::to_string(piece_size);
        add_row("redis_reply/read/" + size,
                [=](benchmark::State& state) { time_reader(state, piece_size); });
        add_row("redis_reply/session/" + size,
                [=](benchmark::State& state) { time_session(state, piece_size); });
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
