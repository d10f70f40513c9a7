// Invariants: what any bytes become is JSON within its limit, whose attachments lie inside the
// bytes; written as MessagePack and read again it is the same, unless the bytes had something that
// only looks like a placeholder. With a fault nothing is left behind.
#include "core/base/buffer.hpp"
#include "core/socketio/msgpack.hpp"
#include "core/socketio/placeholders.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <ranges>
#include <span>
#include <string>

namespace {

using namespace edgews::sio;

constexpr std::size_t json_size_max = 4'096;

void check(bool holds) {
    if (!holds) std::abort();
}

struct Result {
    std::string json{};
    Attachments attachments{};
    MsgpackFault fault = MsgpackFault::none;
};

Result read(std::span<const std::byte> bytes) {
    Result result;
    result.fault =
        append_json_of_msgpack(bytes, {.attachment_count_max = 4, .json_size_max = json_size_max},
                               result.json, result.attachments);
    if (result.fault != MsgpackFault::none) {
        check(result.json.empty() && result.attachments.empty());
        return result;
    }
    check(result.json.size() <= json_size_max);
    check(scan_json(result.json).fault() == JsonFault::none);
    for (const auto& each : result.attachments) check(edgews::contains(bytes, each));
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // In a heap block of exactly the size.
    const auto block = std::make_unique<std::byte[]>(size);
    if (size > 0) std::memcpy(block.get(), data, size);
    const Result first = read({block.get(), size});
    if (first.fault != MsgpackFault::none) return 0;
    const JsonElements elements = scan_json_elements(first.json).elements_from(0);
    std::string written;
    append_msgpack_of_json(written, first.json, first.attachments);
    if (check_placeholders(elements, first.attachments.size()) != Fault::none) return 0;
    const Result again = read(std::as_bytes(std::span(written)));
    check(again.fault == MsgpackFault::none);
    check(again.json == first.json);
    check(std::ranges::equal(again.attachments, first.attachments,
                             [](auto a, auto b) { return std::ranges::equal(a, b); }));
    return 0;
}
