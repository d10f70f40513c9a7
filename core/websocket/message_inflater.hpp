// From compressed messages to messages (RFC 7692, section 7.2.2), within limits: no more bytes than
// a message may have are restored, whatever was sent, and text is checked as it is restored.
#pragma once

#include "core/base/buffer.hpp"
#include "core/kernels/utf8.hpp"
#include "core/websocket/fault.hpp"
#include "core/websocket/frame.hpp"
#include "core/websocket/message_codec.hpp"
#include "core/websocket/message_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace edgews {

class MessageInflater {
  public:
    // `setup` is borrowed.
    MessageInflater(std::unique_ptr<MessageCodec> codec, const ReaderSetup& setup) noexcept;

    [[nodiscard]] MessageCodec& codec() const noexcept { return *codec_; }

    // A message begins: text or binary.
    void begin(Opcode opcode) noexcept;

    // How restore() ended.
    enum class Result : std::uint8_t {
        hungry,    // All input is used.
        full,      // There is no more room in the output: call again when there is.
        complete,  // The message is complete.
        failed,    // fault() says why. Nothing more must be restored.
    };
    // Restores the next bytes of the message, takes them off the front of `input`, and appends what
    // they stand for to `output`. `part`: whether `input` ends the message.
    [[nodiscard]] Result restore(std::span<const std::byte>& input, MessageCodec::Part part,
                                 Buffer& output) noexcept;
    [[nodiscard]] Fault fault() const noexcept { return fault_; }

  private:
    [[nodiscard]] Result fail(Fault fault) noexcept;

    std::unique_ptr<MessageCodec> codec_;
    const ReaderSetup* setup_;
    std::size_t size_left_ = 0;  // Bytes that the message may still have.
    Utf8Validator utf8_;
    Opcode opcode_ = Opcode::binary;
    Fault fault_ = Fault::none;
};

}  // namespace edgews
