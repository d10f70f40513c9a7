// Masking against RFC 6455, section 5.3, and every kernel against the portable one.
#include "core/kernels/mask.hpp"

#include "tests/support/bytes.hpp"
#include "tests/support/kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace edgews {
namespace {

using test::Bytes;
using test::bytes_of;
using test::ExactBlock;
using test::from_hex;
using test::to_hex;

constexpr std::size_t cache_line_size = 64;

std::uint32_t key_of(std::string_view hex) {
    const Bytes bytes = from_hex(hex);
    std::uint32_t key = 0;
    std::memcpy(&key, bytes.data(), sizeof key);
    return key;
}

Bytes varied_bytes(std::size_t size) {
    Bytes bytes(size);
    std::uint32_t state = 1;
    for (std::byte& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<std::byte>(state >> 24);
    }
    return bytes;
}

// Section 5.3 word for word: octet i XOR key octet (i modulo 4).
Bytes masked_by_the_rule(Bytes bytes, std::uint32_t key) {
    std::array<std::byte, 4> key_bytes;
    std::memcpy(key_bytes.data(), &key, sizeof key);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] ^= key_bytes[i % 4];
    return bytes;
}

// A heap block that ends with the bytes, which begin `offset` bytes after a
// cache line does: a sanitizer sees a byte too far, canaries one too early.
class PlacedBytes {
  public:
    PlacedBytes(std::span<const std::byte> bytes, std::size_t offset)
        : memory_(static_cast<std::byte*>(
              ::operator new (offset + bytes.size(), std::align_val_t{cache_line_size}))),
          offset_(offset),
          size_(bytes.size()) {
        std::memset(memory_.get(), canary, offset);
        if (size_ > 0) std::memcpy(data(), bytes.data(), size_);
    }

    [[nodiscard]] std::byte* data() const { return memory_.get() + offset_; }
    [[nodiscard]] std::span<const std::byte> bytes() const { return {data(), size_}; }
    [[nodiscard]] bool is_untouched_before() const {
        for (std::size_t i = 0; i < offset_; ++i) {
            if (memory_.get()[i] != std::byte{canary}) return false;
        }
        return true;
    }

  private:
    struct Free {
        void operator()(std::byte* memory) const {
            ::operator delete (memory, std::align_val_t{cache_line_size});
        }
    };
    static constexpr unsigned char canary = 0xC5;

    std::unique_ptr<std::byte, Free> memory_;
    std::size_t offset_;
    std::size_t size_;
};

void expect_as_the_rule_says(const MaskKernel& kernel, std::size_t size) {
    const Bytes plain = varied_bytes(size);
    for (std::size_t phase = 0; phase < 4; ++phase) {
        const std::uint32_t key = advance_mask(key_of("a1 5f 03 fe"), phase);
        const Bytes expected = masked_by_the_rule(plain, key);
        for (std::size_t offset = 0; offset < cache_line_size; ++offset) {
            const PlacedBytes placed(plain, offset);
            kernel.apply(placed.data(), size, key);
            const bool is_equal = std::ranges::equal(placed.bytes(), expected);
            ASSERT_TRUE(is_equal) << kernel.name << ", size " << size << ", offset " << offset
                                  << ", phase " << phase << "\n got " << to_hex(placed.bytes())
                                  << "\nwant " << to_hex(expected);
            ASSERT_TRUE(placed.is_untouched_before())
                << kernel.name << ", size " << size << ", offset " << offset;
        }
    }
}

TEST(mask, the_rfcs_masked_hello_is_hello) {  // RFC 6455, section 5.7
    const ExactBlock block(from_hex("7f 9f 4d 51 58"));
    apply_mask(block.bytes(), key_of("37 fa 21 3d"));
    EXPECT_EQ(test::text_of(block.bytes()), "Hello");
}

TEST(mask, masking_twice_gives_back_the_text) {
    const Bytes text = bytes_of("masked, and masked once more");
    const ExactBlock block(text);
    apply_mask(block.bytes(), key_of("01 02 03 04"));
    EXPECT_NE(to_hex(block.bytes()), to_hex(text));
    apply_mask(block.bytes(), key_of("01 02 03 04"));
    EXPECT_EQ(to_hex(block.bytes()), to_hex(text));
}

TEST(mask, no_bytes_need_no_memory) {
    for (const MaskKernel& kernel : mask_kernels()) kernel.apply(nullptr, 0, 0x12345678);
    apply_mask({}, 0x12345678);
}

TEST(mask, advancing_rotates_the_key_by_the_bytes_that_went) {
    const std::uint32_t key = key_of("aa bb cc dd");
    const std::array<std::string_view, 4> rotated{"aa bb cc dd", "bb cc dd aa", "cc dd aa bb",
                                                  "dd aa bb cc"};
    for (std::size_t count = 0; count < 20; ++count) {
        EXPECT_EQ(advance_mask(key, count), key_of(rotated[count % 4])) << count;
    }
    EXPECT_EQ(advance_mask(key, SIZE_MAX), key_of(rotated[3]));
}

TEST(mask, a_payload_in_two_pieces_is_the_payload_in_one) {
    const std::uint32_t key = key_of("37 fa 21 3d");
    const Bytes plain = varied_bytes(150);
    const Bytes expected = masked_by_the_rule(plain, key);
    for (std::size_t cut = 0; cut <= plain.size(); ++cut) {
        const std::span<const std::byte> whole = plain;
        const ExactBlock first(whole.first(cut));
        const ExactBlock second(whole.subspan(cut));
        apply_mask(first.bytes(), key);
        apply_mask(second.bytes(), advance_mask(key, cut));
        Bytes joined(first.bytes().begin(), first.bytes().end());
        joined.insert(joined.end(), second.bytes().begin(), second.bytes().end());
        ASSERT_EQ(to_hex(joined), to_hex(expected)) << "cut at " << cut;
    }
}

TEST(mask, every_kernel_does_every_size_alignment_and_phase) {
    for (const MaskKernel& kernel : mask_kernels()) {
        for (std::size_t size = 0; size <= 130; ++size) expect_as_the_rule_says(kernel, size);
    }
}

TEST(mask, every_kernel_does_long_payloads) {
    for (const MaskKernel& kernel : mask_kernels()) {
        for (const std::size_t size : {255U, 256U, 257U, 383U, 511U, 512U, 515U, 1023U, 4099U}) {
            expect_as_the_rule_says(kernel, size);
        }
    }
}

TEST(mask, kernels_have_names_of_their_own_and_portable_is_first) {
    test::expect_portable_first_and_distinct_names(mask_kernels());
}

}  // namespace
}  // namespace edgews
