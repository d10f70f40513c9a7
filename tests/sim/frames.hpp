// What peers and handlers say in histories: payloads that cost no choices, frames of any form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace edgews::sim::test {

// So many letters of one long text. Requires: at + size <= words_size.
inline constexpr std::size_t words_size = 1 << 20;
[[nodiscard]] std::string_view words(std::size_t at, std::size_t size);

// Tells messages apart (FNV-1a).
class Digest {
  public:
    void add(std::string_view bytes) noexcept {
        for (const char byte : bytes) {
            value_ = (value_ ^ static_cast<unsigned char>(byte)) * 0x100000001B3;
        }
    }
    void add(std::span<const std::byte> bytes) noexcept {
        add({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    // Of a text, or of the same bytes as binary.
    [[nodiscard]] std::uint64_t value(bool is_text) const noexcept { return value_ << 1 | is_text; }

  private:
    std::uint64_t value_ = 0xCBF29CE484222325;
};
[[nodiscard]] std::uint64_t digest(std::string_view bytes, bool is_text) noexcept;

// A frame of a client (RFC 6455, section 5.2), right or wrong.
struct RawFrame {
    unsigned first_byte = 0x82;
    std::string_view payload{};
    bool is_masked = true;
    unsigned size_width = 0;         // Bytes of the extended length; 0: as few as it takes.
    std::uint64_t claimed_size = 0;  // 0: the payload's.
};
[[nodiscard]] std::string raw_frame(const RawFrame& frame);

// Frames that break a rule, whatever came before, outside of a message.
[[nodiscard]] std::size_t crime_count() noexcept;
[[nodiscard]] std::string crime(std::size_t index);

}  // namespace edgews::sim::test
