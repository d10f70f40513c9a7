// A message of the application: text or binary, and its bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

// A view: it owns nothing. As a handler's parameter it is valid until the handler
// returns.
class Message {
  public:
    enum class Kind : unsigned char { text, binary };

    // Text. Its bytes must be UTF-8 (RFC 6455, section 5.6); what is sent is not checked.
    Message(std::string_view text) noexcept : Message(Kind::text, std::as_bytes(std::span(text))) {}
    Message(const std::string& text) noexcept : Message(std::string_view(text)) {}
    Message(const char* text) noexcept : Message(std::string_view(text)) {}
    // Binary.
    Message(std::span<const std::byte> bytes) noexcept : Message(Kind::binary, bytes) {}
    Message(Kind kind, std::span<const std::byte> bytes) noexcept : bytes_(bytes), kind_(kind) {}

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool is_text() const noexcept { return kind_ == Kind::text; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    // The bytes as characters; of a received text message always valid UTF-8.
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
    }

  private:
    std::span<const std::byte> bytes_;
    Kind kind_;
};

}  // namespace edgews
