// A message framed once and shared by many connections.
//
// Copies share the bytes and count their holders atomically, so they may be held and sent on any
// thread. Servers do not mask (RFC 6455, section 5.1), so the same bytes serve every client.
// Clients that agreed on compression share a compressed frame.
#pragma once

#include <edgews/message.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace edgews {

class MessageCodec;
enum class Opcode : std::uint8_t;
struct FrameHeader;

class PreparedMessage {
  public:
    // Empty: it holds nothing to send.
    PreparedMessage() = default;
    // Copies the message behind its frame header. Empty, if a text is not UTF-8.
    explicit PreparedMessage(Message message);
    PreparedMessage(Opcode opcode, std::span<const std::byte> payload);
    PreparedMessage(const PreparedMessage& other) noexcept;
    PreparedMessage(PreparedMessage&& other) noexcept : shared_(other.shared_) {
        other.shared_ = nullptr;
    }
    PreparedMessage& operator=(PreparedMessage other) noexcept;
    ~PreparedMessage();

    explicit operator bool() const noexcept { return shared_ != nullptr; }
    // The frame: header and payload. It is valid as long as any copy is held. Empty when empty.
    [[nodiscard]] std::span<const std::byte> frame() const noexcept;
    [[nodiscard]] std::span<const std::byte> payload() const noexcept;
    [[nodiscard]] std::size_t payload_size() const noexcept { return payload().size(); }
    // Requires: not empty.
    [[nodiscard]] Opcode opcode() const noexcept;

    // The same message for connections that agreed on a window like that of `codec`. The first that
    // asks has it compressed, and it is kept for the others. If that is no shorter, it is this one.
    [[nodiscard]] PreparedMessage compressed(MessageCodec& codec) const;
    [[nodiscard]] bool is_compressed() const noexcept;

  private:
    struct Shared;
    struct Variant;
    explicit PreparedMessage(const FrameHeader& header, std::span<const std::byte> payload);
    [[nodiscard]] PreparedMessage compress(MessageCodec& codec) const;
    Shared* shared_ = nullptr;
};

}  // namespace edgews
