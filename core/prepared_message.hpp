// A message framed once and shared by many connections.
//
// Copies share the bytes and count their holders atomically, so they may be held
// and sent on any thread. As servers do not mask (RFC 6455, section 5.1), the same
// bytes serve every client.
#pragma once

#include <edgews/core/frame.hpp>
#include <edgews/core/message.hpp>

#include <cstddef>
#include <span>

namespace edgews {

class PreparedMessage {
  public:
    // Empty: there is nothing to send.
    PreparedMessage() = default;
    // Copies the message behind its frame header.
    explicit PreparedMessage(Message message);
    PreparedMessage(Opcode opcode, std::span<const std::byte> payload);
    PreparedMessage(const PreparedMessage& other) noexcept;
    PreparedMessage(PreparedMessage&& other) noexcept : shared_(other.shared_) {
        other.shared_ = nullptr;
    }
    PreparedMessage& operator=(PreparedMessage other) noexcept;
    ~PreparedMessage();

    explicit operator bool() const noexcept { return shared_ != nullptr; }
    // The frame, header and payload. Valid as long as any copy is held. Empty when empty.
    [[nodiscard]] std::span<const std::byte> frame() const noexcept;
    [[nodiscard]] std::size_t payload_size() const noexcept;

  private:
    struct Shared;
    Shared* shared_ = nullptr;
};

}  // namespace edgews
