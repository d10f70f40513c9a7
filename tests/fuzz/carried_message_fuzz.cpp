// Invariants: of what other nodes' brokers, or whoever is where they meet, may send: it is a
// message or none; and one that is, carried on, is the same message there, of the size that was
// said.
#include "core/stomp/carried_message.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

namespace {

using namespace edgews;
using namespace edgews::stomp;

void check(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto block = std::make_unique<std::byte[]>(size);
    std::copy_n(reinterpret_cast<const std::byte*>(data), size, block.get());
    BufferPool buffers(0);
    ContentPool contents("fuzz");
    const Content content = parse_carried({block.get(), size}, "/topic/a:b", contents, buffers);
    if (!content) return 0;
    std::string bytes;
    append_carried(bytes, content);
    check(bytes.size() == carried_size(content));
    const Content again =
        parse_carried(std::as_bytes(std::span(bytes)), "/topic/a:b", contents, buffers);
    check(static_cast<bool>(again));
    check(again.head_after_id(Version::v1_2) == content.head_after_id(Version::v1_2));
    check(std::ranges::equal(again.body_and_end(), content.body_and_end()));
    check(again.expires_ms() == content.expires_ms());
    return 0;
}
