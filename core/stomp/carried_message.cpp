#include "core/stomp/carried_message.hpp"

#include "core/base/number.hpp"
#include "core/stomp/frame_reader.hpp"

#include <cstdint>

namespace edgews::stomp {

namespace {

constexpr std::string_view first_line = "MESSAGE\n";

}  // namespace

std::size_t carried_size(const Content& content) noexcept {
    return first_line.size() + content.head_after_id(Version::v1_2).size() +
           content.body_and_end().size();
}

void append_carried(std::string& out, const Content& content) {
    const std::span<const std::byte> body = content.body_and_end();
    out += first_line;
    out += content.head_after_id(Version::v1_2);
    out.append(reinterpret_cast<const char*>(body.data()), body.size());
}

Content parse_carried(std::span<const std::byte> bytes, std::string_view topic,
                      ContentPool& contents, BufferPool& buffers) {
    // Whoever sent it has limits, and so has what carried it; no part is larger than the whole.
    const std::size_t size = bytes.size();
    const FrameLimits limits{.header_count_max = size,
                             .header_size_max = size,
                             .head_size_max = size,
                             .body_size_max = size};
    FrameReader reader(limits, buffers);
    const Frame* const frame = reader.next(bytes);
    const bool is_whole = frame != nullptr && frame->fault == Fault::none && bytes.empty();
    if (!is_whole || frame->command != Command::message) return {};
    const auto expires_ms = parse_number<std::uint64_t>(frame->find("expires").value_or("0"));
    return contents.make({.destination = topic,
                          .headers = frame->headers,
                          .body = frame->body,
                          .expires_ms = expires_ms.value_or(0)});
}

}  // namespace edgews::stomp
