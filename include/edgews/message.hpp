// A message of the application: text or binary, and its bytes.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace edgews {

// Types that hold bytes: std::vector<std::uint8_t>, std::span<std::byte>, std::array.
template <class T>
inline constexpr bool is_byte = std::is_same_v<T, std::byte> || std::is_same_v<T, unsigned char>;
template <class T>
concept ByteRange = requires(const T& range) {
    { range.size() } -> std::convertible_to<std::size_t>;
    requires is_byte<std::remove_cvref_t<decltype(*range.data())>>;
};

// A view: it owns nothing. As a handler's parameter it is valid until the handler
// returns. Two words, so that it travels in registers from the reader to the handler and on to
// send(): through memory it costs 2 % of a small echo, waiting for stores.
class Message {
  public:
    enum class Kind : unsigned char { text, binary };

    // Text. It must be UTF-8 (RFC 6455, section 5.6): send() checks it, and refuses what is not.
    Message(std::string_view text) noexcept : Message(Kind::text, std::as_bytes(std::span(text))) {}
    Message(const std::string& text) noexcept : Message(std::string_view(text)) {}
    Message(const char* text) noexcept : Message(std::string_view(text)) {}
    // Binary.
    Message(std::span<const std::byte> bytes) noexcept : Message(Kind::binary, bytes) {}
    template <ByteRange Range>
    Message(const Range& bytes) noexcept
        : Message(Kind::binary, std::as_bytes(std::span(bytes.data(), bytes.size()))) {}
    Message(Kind kind, std::span<const std::byte> bytes) noexcept
        : Message(kind, bytes, kind == Kind::binary) {}

    // The same by name. Binary often comes in a std::string: protobuf's, for one.
    [[nodiscard]] static Message text(std::string_view text) noexcept { return {text}; }
    [[nodiscard]] static Message binary(std::string_view bytes) noexcept {
        return {Kind::binary, std::as_bytes(std::span(bytes))};
    }
    [[nodiscard]] static Message binary(std::span<const std::byte> bytes) noexcept {
        return {Kind::binary, bytes};
    }
    template <ByteRange Range>
    [[nodiscard]] static Message binary(const Range& bytes) noexcept {
        return {bytes};
    }
    // A message that is known to be UTF-8, or binary: send() does not check it again. Messages that
    // were received are known to be.
    [[nodiscard]] static Message checked(Kind kind, std::span<const std::byte> bytes) noexcept {
        return {kind, bytes, true};
    }

    [[nodiscard]] Kind kind() const noexcept { return is_binary_ ? Kind::binary : Kind::text; }
    [[nodiscard]] bool is_text() const noexcept { return !is_binary_; }
    // Nobody has looked yet whether it is UTF-8.
    [[nodiscard]] bool is_unchecked() const noexcept { return !is_checked_; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    // The bytes as characters; of a received text message always valid UTF-8.
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(data_), size_};
    }

  private:
    static constexpr std::size_t size_max = SIZE_MAX >> 2;  // More than any memory.

    Message(Kind kind, std::span<const std::byte> bytes, bool is_checked) noexcept
        : data_(bytes.data()),
          size_(bytes.size() & size_max),
          is_checked_(is_checked),
          is_binary_(kind == Kind::binary) {}

    const std::byte* data_;
    std::size_t size_ : sizeof(std::size_t) * 8 - 2;
    std::size_t is_checked_ : 1;  // Always of binary.
    std::size_t is_binary_ : 1;
};

static_assert(sizeof(Message) == 2 * sizeof(void*));
static_assert(std::is_trivially_copyable_v<Message>);

// Whether a message is compressed. It matters only where the peer agreed on permessage-deflate (RFC
// 7692).
enum class Compress : std::uint8_t {
    by_size,  // It is if it has at least as many bytes as the route's compression requires.
    always,
    never,
};

// The part of a fragmented message that is sent (RFC 6455, section 5.4).
enum class Fragment : std::uint8_t { first, middle, last };

// The result of sending a message.
enum class SendResult : std::uint8_t {
    sent,     // It is on its way to the socket, with the dispatch's or turn's other output.
    queued,   // It waits: for the peer to read, or on its way to another thread's loop.
    dropped,  // The backlog is full (RouteOptions::overflow), or a fragment was out of order.
    closed,   // The connection is closing, closed or gone.
    invalid,  // A text that is not UTF-8 (RFC 6455, section 5.6). Nothing was sent.
};
// It was sent, or waits to be.
[[nodiscard]] constexpr bool was_accepted(SendResult result) noexcept {
    return result == SendResult::sent || result == SendResult::queued;
}

// The result of publishing to a topic. Only one that a backplane carries (edgews/backplane.hpp) is
// anything but `sent`.
enum class PublishResult : std::uint8_t {
    sent,     // It is on its way to the topic's subscribers.
    queued,   // The upstream is away: until it is back, the message waits for it.
    refused,  // It will not reach other machines: the upstream is away for too long, or too much
              // waits for it, or the message is too large.
};

}  // namespace edgews
