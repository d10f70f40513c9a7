// Invariants: of what a Redis server, or whoever publishes there, may say about a topic's history:
// a placed message is, written again, the same but for zeros and letters' case; a reading has no
// more messages than there were, and all are strings; and whatever places come in whatever order,
// a follower goes one on at a time.
#include "core/backplane/follower.hpp"
#include "core/base/buffer.hpp"
#include "core/redis/reply_reader.hpp"
#include "core/redis/topic_history.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace {

using namespace edgews;
using backplane::Follower;

void check(bool holds) {
    if (!holds) std::abort();
}

void check_placed(std::string_view input) {
    const auto placed = redis::parse_placed_message(input);
    if (!placed) return;
    check(placed->offset > 0 && input.ends_with(placed->message));
    const std::string tail = ":" + std::string(placed->message);
    const std::string offset = std::to_string(placed->offset);
    check(input.substr(0, input.size() - tail.size()).ends_with(offset));
    const auto again = redis::parse_placed_message(std::string(input.substr(0, 17)) + offset + ":");
    check(again && again->epoch == placed->epoch && again->offset == placed->offset);
}

void check_readings(std::span<const std::byte> input) {
    BufferPool pool;
    const redis::ReplyLimits limits{.size_max = 64 * 1024};
    redis::ReplyReader reader(limits, pool);
    while (const redis::Reply reply = reader.next(input)) {
        if (reply.kind != redis::Reply::Kind::whole) continue;
        const auto reading = redis::parse_topic_reading(reply.value);
        if (!reading) continue;
        check(reading->messages.element_count() <= reading->offset);
        for (const redis::Value message : reading->messages) check(message.is_string());
    }
}

// A byte each: who, and where.
void check_follower(std::span<const std::byte> input) {
    Follower follower;
    for (const std::byte byte : input) {
        const auto number = std::to_integer<unsigned>(byte);
        const Follower::Place place{.epoch = number >> 6 & 1, .offset = 1 + (number & 15)};
        const bool was_known = follower.is_known();
        const bool was_filling = follower.is_filling();
        const Follower::Place before = follower.place();
        if ((number & 16) != 0) {
            if (was_filling) follower.arrive(place);
            continue;
        }
        switch (follower.take(place)) {
            case Follower::Verdict::next:
                check(!was_filling && follower.place() == place);
                check(!was_known ||
                      (place.epoch == before.epoch && place.offset == before.offset + 1));
                break;
            case Follower::Verdict::passed: check(was_known && follower.place() == before); break;
            case Follower::Verdict::missed:
                check(was_known && !was_filling && follower.place() == before);
                follower.begin_filling();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto block = std::make_unique<std::byte[]>(size);
    std::copy_n(reinterpret_cast<const std::byte*>(data), size, block.get());
    const std::span<const std::byte> input(block.get(), size);
    check_placed({reinterpret_cast<const char*>(block.get()), size});
    check_readings(input);
    check_follower(input);
    return 0;
}
