// Bytes for tests: written as hex or text, and cut into pieces.
//
// Every piece is a heap block of exactly its size, so that a sanitizer sees a
// read or a write of one byte too far.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::test {

using Bytes = std::vector<std::byte>;

// "81 05 48" → its bytes. Spaces are ignored; anything else ends the process.
inline Bytes from_hex(std::string_view hex) {
    Bytes bytes;
    int digit_count = 0;
    unsigned value = 0;
    for (const char c : hex) {
        if (c == ' ') continue;
        const char* const digits = "0123456789abcdef";
        const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
        const char* const found = lower == '\0' ? nullptr : std::strchr(digits, lower);
        if (found == nullptr) {
            std::fprintf(stderr, "from_hex: not a hex digit: '%c'\n", c);
            std::abort();
        }
        value = value * 16 + static_cast<unsigned>(found - digits);
        if (++digit_count % 2 == 0) {
            bytes.push_back(static_cast<std::byte>(value));
            value = 0;
        }
    }
    if (digit_count % 2 != 0) {
        std::fputs("from_hex: half a byte\n", stderr);
        std::abort();
    }
    return bytes;
}

// The bytes as "81 05 48", for messages and comparisons.
inline std::string to_hex(std::span<const std::byte> bytes) {
    std::string hex;
    for (const std::byte byte : bytes) {
        char two[4];
        std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(byte));
        if (!hex.empty()) hex += ' ';
        hex += two;
    }
    return hex;
}

inline Bytes bytes_of(std::string_view text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
}

inline std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes operator+(Bytes left, std::span<const std::byte> right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

// A copy of some bytes in a heap block of exactly their size.
class ExactBlock {
  public:
    explicit ExactBlock(std::span<const std::byte> bytes)
        : data_(new std::byte[bytes.size()]), size_(bytes.size()) {
        if (size_ > 0) std::memcpy(data_.get(), bytes.data(), size_);
    }

    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {data_.get(), size_}; }

  private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t size_;
};

using Pieces = std::vector<ExactBlock>;

// `whole` cut at each of the ascending `cuts`.
inline Pieces split_at(std::span<const std::byte> whole, std::span<const std::size_t> cuts) {
    Pieces pieces;
    std::size_t begin = 0;
    for (const std::size_t cut : cuts) {
        pieces.emplace_back(whole.subspan(begin, cut - begin));
        begin = cut;
    }
    pieces.emplace_back(whole.subspan(begin));
    return pieces;
}

inline Pieces byte_by_byte(std::span<const std::byte> whole) {
    Pieces pieces;
    for (std::size_t i = 0; i < whole.size(); ++i) pieces.emplace_back(whole.subspan(i, 1));
    return pieces;
}

// Calls run(Pieces) with `whole` in one piece, cut once at every position, and
// byte by byte. A failure inside `run` tells which it was.
template <typename Run>
void for_each_split(std::span<const std::byte> whole, Run run) {
    {
        SCOPED_TRACE("whole");
        run(split_at(whole, {}));
    }
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        SCOPED_TRACE("cut at " + std::to_string(cut));
        run(split_at(whole, std::span(&cut, 1)));
    }
    SCOPED_TRACE("byte by byte");
    run(byte_by_byte(whole));
}

}  // namespace edgews::test
