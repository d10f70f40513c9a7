// A message on its way from one node's broker to another's: a MESSAGE frame of 1.2, whose headers
// are the sender's. What the receiving broker says itself (message-id, subscription, ack) is not in
// it.
#pragma once

#include "core/base/buffer.hpp"
#include "core/stomp/content.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace edgews::stomp {

// Bytes of the frame. Both require: `content` is not empty.
[[nodiscard]] std::size_t carried_size(const Content& content) noexcept;
void append_carried(std::string& out, const Content& content);

// The message, as one to `topic`, whatever destination it names. Empty: the bytes are not one such
// frame, and nothing else. `buffers`: of the calling thread.
[[nodiscard]] Content parse_carried(std::span<const std::byte> bytes, std::string_view topic,
                                    ContentPool& contents, BufferPool& buffers);

}  // namespace edgews::stomp
