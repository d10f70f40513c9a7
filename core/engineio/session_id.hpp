// The names of Engine.IO's sessions: 20 characters that nobody can guess, of which each may stand
// in a URL's query as it is.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace edgews::engineio {

class SessionId {
  public:
    static constexpr std::size_t size = 20;
    static constexpr std::size_t random_size = 15;  // Bytes: 120 bits.

    // In base64url (RFC 4648, section 5). The bytes are the kernel's, see fill_random().
    explicit SessionId(std::span<const std::byte, random_size> random) noexcept;

    // One that there is. Requires: text() of another one.
    [[nodiscard]] static SessionId copy_of(std::string_view text) noexcept;

    [[nodiscard]] std::string_view text() const noexcept {
        return {characters_.data(), characters_.size()};
    }

  private:
    SessionId() = default;

    std::array<char, size> characters_;
};

}  // namespace edgews::engineio
