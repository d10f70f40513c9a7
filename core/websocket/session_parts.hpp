// The parts of a session that few have, and that no idle one has: they are allocated when they are
// needed first.
#pragma once

#include "core/base/buffer.hpp"
#include "core/websocket/frame.hpp"
#include "core/websocket/message_codec.hpp"
#include "core/websocket/message_inflater.hpp"
#include "core/websocket/permessage_deflate.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace edgews {

// A compressed message, or a part of one, that is being restored.
struct Restoring {
    std::span<const std::byte> input{};  // Compressed bytes that are still to be restored.
    Buffer kept{};                       // Where these lie, once they were kept. Null: elsewhere.
    // What was restored: of a whole message all so far, of a streamed one the last chunk.
    Buffer output{};
    Opcode opcode = Opcode::text;
    MessageCodec::Part part = MessageCodec::Part::last;
    bool is_streamed = false;
    bool is_active = false;
    bool is_at_end = false;  // All is restored, and only the end is to be told.
};

// What a session has that agreed on permessage-deflate.
struct Deflating {
    DeflateAnswer answer;
    std::size_t message_size_min;  // Smaller ones are sent as they are.
    MessageInflater inflater;
    Restoring restoring{};
    std::uint64_t restored_size = 0;  // Of all messages.

    [[nodiscard]] MessageCodec& codec() const noexcept { return inflater.codec(); }
};

struct SessionParts {
    SessionParts() = default;
    SessionParts(const SessionParts&) = delete;
    SessionParts& operator=(const SessionParts&) = delete;
    virtual ~SessionParts() = default;

    std::unique_ptr<Deflating> deflating{};  // Null: nothing is compressed.
    Buffer held_ping{};                      // The newest ping's payload, while answers wait.
    std::uint64_t arrived_size = 0;          // Bytes of a long message, at the last look.
};

[[nodiscard]] inline std::unique_ptr<SessionParts> make_plain_parts() {
    return std::make_unique<SessionParts>();
}

}  // namespace edgews
