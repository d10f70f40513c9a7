// A message of the application: text or binary, and its bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

// A view: it owns nothing. As a handler's parameter it is valid until the handler
// returns. Two words, so that it travels in registers from the reader to the handler and on to
// send(): through memory it costs 2 % of a small echo, waiting for stores.
class Message {
  public:
    enum class Kind : unsigned char { text, binary };

    // Text. Its bytes must be UTF-8 (RFC 6455, section 5.6); what is sent is not checked.
    Message(std::string_view text) noexcept : Message(Kind::text, std::as_bytes(std::span(text))) {}
    Message(const std::string& text) noexcept : Message(std::string_view(text)) {}
    Message(const char* text) noexcept : Message(std::string_view(text)) {}
    // Binary.
    Message(std::span<const std::byte> bytes) noexcept : Message(Kind::binary, bytes) {}
    Message(Kind kind, std::span<const std::byte> bytes) noexcept
        : data_(bytes.data()), size_(bytes.size() & size_max), is_binary_(kind == Kind::binary) {}

    [[nodiscard]] Kind kind() const noexcept { return is_binary_ ? Kind::binary : Kind::text; }
    [[nodiscard]] bool is_text() const noexcept { return !is_binary_; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    // The bytes as characters; of a received text message always valid UTF-8.
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(data_), size_};
    }

  private:
    static constexpr std::size_t size_max = SIZE_MAX >> 1;  // Of any object.

    const std::byte* data_;
    std::size_t size_ : sizeof(std::size_t) * 8 - 1;
    std::size_t is_binary_ : 1;
};

static_assert(sizeof(Message) == 2 * sizeof(void*));

}  // namespace edgews
