// Incremental UTF-8 validation (RFC 3629; RFC 6455, section 8.1).
//
// Refuses surrogates, overlong forms and everything above U+10FFFF, at the first
// byte that cannot be part of a valid text. A character may be cut anywhere
// between two pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace edgews {

// Four bytes of state, no memory elsewhere; a copy goes on from where the
// original is.
class Utf8Validator {
  public:
    // Checks the next piece. False: the text is not UTF-8, whatever follows;
    // stays false until reset(). Never true for a piece that holds a bad byte.
    [[nodiscard]] bool feed(std::span<const std::byte> piece) noexcept;
    // The same, unmasking `piece` in place on the way, one pass over memory.
    // `key`: as in mask.hpp, rotated so that its first byte masks piece[0].
    // The content of `piece` after a false return is unspecified.
    [[nodiscard]] bool unmask_and_feed(std::span<std::byte> piece, std::uint32_t key) noexcept;
    // The text so far is valid and ends between two characters.
    [[nodiscard]] bool is_complete() const noexcept { return needed_ == 0 && !failed_; }
    void reset() noexcept { *this = Utf8Validator{}; }

  private:
    void take(std::uint8_t byte) noexcept;

    // How many bytes the last character still needs, and what the next one of
    // them may be: a cut character is not kept, only what may follow it.
    std::uint8_t needed_ = 0;
    std::uint8_t next_min_ = 0;
    std::uint8_t next_max_ = 0;
    bool failed_ = false;
};

// Whether all of it is UTF-8.
[[nodiscard]] inline bool is_utf8(std::span<const std::byte> bytes) noexcept {
    Utf8Validator validator;
    return validator.feed(bytes) && validator.is_complete();
}
[[nodiscard]] inline bool is_utf8(std::string_view text) noexcept {
    return is_utf8(std::as_bytes(std::span(text)));
}

// Whether all of `data` is UTF-8 that ends between two characters: one way to
// find out, for tests and benchmarks.
struct Utf8Kernel {
    const char* name;
    bool (*validate)(const std::byte* data, std::size_t size) noexcept;
    // Unmasks `data` in place and answers for the plain text. After false, the
    // content of `data` is unspecified.
    bool (*unmask_and_validate)(std::byte* data, std::size_t size, std::uint32_t key) noexcept;
};

// Those that this CPU runs, best last: that one is what Utf8Validator uses. The
// first is portable and defines the result of all others. Never empty.
[[nodiscard]] std::span<const Utf8Kernel> utf8_kernels() noexcept;

}  // namespace edgews
