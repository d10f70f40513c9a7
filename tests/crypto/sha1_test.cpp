#include "crypto/sha1.hpp"

#include "tests/support/kernels.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/base64.hpp"

namespace edgews {
namespace {

struct Example {
    const char* name;
    std::string message;
    std::string_view digest;
};

std::string repeat(std::string_view text, std::size_t count) {
    std::string repeated;
    for (; count > 0; --count) repeated += text;
    return repeated;
}

std::vector<Example> standard_examples() {
    return {
        {"NIST, empty", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"FIPS 180-2 A.1, RFC 3174 TEST1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"FIPS 180-2 A.2, RFC 3174 TEST2, 448 bits",
         "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {"NIST, 896 bits",
         "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
         "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "a49b2446a02c645bf419f995b67091253a04a259"},
        {"FIPS 180-2 A.3, RFC 3174 TEST3", std::string(1'000'000, 'a'),
         "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
        {"RFC 3174 TEST4",
         repeat("0123456701234567012345670123456701234567012345670123456701234567", 10),
         "dea356a2cddd90c7a7ecedc5ebb563934f460452"},
    };
}

std::string hex(const Sha1Digest& digest) {
    std::string text;
    for (const std::byte byte : digest) {
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4];
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15];
    }
    return text;
}

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text});
}

TEST(Sha1, every_kernel_gives_the_digests_of_the_standards) {
    for (const Example& example : standard_examples()) {
        for (const Sha1Kernel& kernel : sha1_kernels()) {
            EXPECT_EQ(hex(sha1(bytes_of(example.message), kernel)), example.digest)
                << example.name << ", " << kernel.name;
        }
        EXPECT_EQ(hex(sha1(bytes_of(example.message))), example.digest) << example.name;
    }
}

TEST(Sha1, the_portable_kernel_is_first_and_every_kernel_has_a_name_of_its_own) {
    test::expect_portable_first_and_distinct_names(std::span<const Sha1Kernel>(sha1_kernels()));
}

// The message ends where its heap block ends, so that a sanitizer sees a byte too far.
TEST(Sha1, kernels_agree_at_every_size_and_alignment) {
    constexpr std::size_t size_max = 300;
    constexpr std::size_t cache_line = 64;
    const std::span portable = sha1_kernels().first(1);
    const std::span others = sha1_kernels().subspan(1);
    // Without SHA-NI there is nothing to compare: a pass would claim what was not tested.
    if (others.empty()) GTEST_SKIP() << "this CPU runs the portable kernel only";

    for (std::size_t size = 0; size <= size_max; ++size) {
        for (std::size_t offset = 0; offset < cache_line; ++offset) {
            const auto block = std::make_unique<std::byte[]>(offset + size);
            const std::span message{block.get() + offset, size};
            for (std::size_t i = 0; i < size; ++i) {
                message[i] = static_cast<std::byte>(i * 167 + size * 13 + 1);
            }
            const Sha1Digest expected = sha1(message, portable.front());
            for (const Sha1Kernel& kernel : others) {
                ASSERT_EQ(hex(sha1(message, kernel)), hex(expected))
                    << kernel.name << ", size " << size << ", offset " << offset;
            }
        }
    }
}

// Guards against padding that a kernel comparison cannot see, since all kernels share it:
// each size has its own digest, also where one message is the other's with zeros after it.
TEST(Sha1, messages_of_zeros_differ_by_their_size) {
    const std::vector<std::byte> zeros(300);
    std::vector<std::string> digests;
    for (std::size_t size = 0; size <= zeros.size(); ++size) {
        digests.push_back(hex(sha1(std::span{zeros}.first(size))));
    }
    std::ranges::sort(digests);
    EXPECT_EQ(std::ranges::adjacent_find(digests), digests.end());
}

// Digests at the sizes where the padding changes its shape, by coreutils' sha1sum.
TEST(Sha1, padding_is_right_around_the_ends_of_blocks) {
    const struct {
        std::size_t size;
        std::string_view digest;
    } rows[] = {
        {55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
        {56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"},
        {57, "f08f24908d682555111be7ff6f004e78283d989a"},
        {60, "13d956033d9af449bfe2c4ef78c17c20469c4bf1"},
        {63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"},
        {64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
        {65, "11655326c708d70319be2610e8a57d9a5b959d3b"},
        {119, "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56"},
        {120, "f34c1488385346a55709ba056ddd08280dd4c6d6"},
        {127, "89d95fa32ed44a7c610b7ee38517ddf57e0bb975"},
        {128, "ad5b3fdbcb526778c2839d2f151ea753995e26a0"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(hex(sha1(bytes_of(std::string(row.size, 'a')))), row.digest) << row.size;
    }
}

// A kernel that only keeps the last eight bytes of what it is given.
std::array<std::byte, 8> last_bytes;

void keep_last_bytes(Sha1State&, const std::byte* blocks, std::size_t block_count) noexcept {
    if (block_count >= 2) return;  // The message, which is not there to be read.
    const std::byte* end = blocks + block_count * sha1_block_size;
    std::copy(end - last_bytes.size(), end, last_bytes.begin());
}

TEST(Sha1, the_size_field_has_64_bits) {
    const std::size_t size = std::size_t{0x123456789} * sha1_block_size;  // Some 291 GiB.
    void* nothing =
        mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT_NE(nothing, MAP_FAILED);
    static_cast<void>(
        sha1({static_cast<const std::byte*>(nothing), size}, {"none", keep_last_bytes}));
    munmap(nothing, size);
    // 0x123456789 blocks of 512 bits.
    const unsigned char expected[] = {0x00, 0x00, 0x02, 0x46, 0x8A, 0xCF, 0x12, 0x00};
    EXPECT_EQ(std::memcmp(last_bytes.data(), expected, sizeof expected), 0);
}

TEST(Sha1, with_base64_makes_the_accept_value_of_rfc6455_section_1_3) {
    const std::string_view key_and_guid =
        "dGhlIHNhbXBsZSBub25jZQ=="
        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const Sha1Digest digest = sha1(bytes_of(key_and_guid));
    std::string accept(base64_encoded_size(digest.size()), '?');
    EXPECT_EQ(base64_encode(digest, accept), accept.size());
    EXPECT_EQ(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
}  // namespace edgews
