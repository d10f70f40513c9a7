#include "crypto/siphash.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace edgews {
namespace {

// The key 00 01 … 0F, as in the paper.
constexpr SipHashKey paper_key{.low = 0x0706050403020100U, .high = 0x0f0e0d0c0b0a0908U};

// The hashes of the texts "", 00, 00 01, 00 01 02, … by that key.
using Vectors = std::array<std::uint64_t, 24>;

// By another implementation, in Python, which gives the paper's example: that of fifteen bytes.
constexpr Vectors vectors_2_4{
    0x726fdb47dd0e0e31U, 0x74f839c593dc67fdU, 0x0d6c8009d9a94f5aU, 0x85676696d7fb7e2dU,
    0xcf2794e0277187b7U, 0x18765564cd99a68dU, 0xcbc9466e58fee3ceU, 0xab0200f58b01d137U,
    0x93f5f5799a932462U, 0x9e0082df0ba9e4b0U, 0x7a5dbbc594ddb9f3U, 0xf4b32f46226bada7U,
    0x751e8fbc860ee5fbU, 0x14ea5627c0843d90U, 0xf723ca908e7af2eeU, 0xa129ca6149be45e5U,
    0x3f2acc7f57c29bdbU, 0x699ae9f52cbe4794U, 0x4bc1b3f0968dd39cU, 0xbb6dc91da77961bdU,
    0xbed65cf21aa2ee98U, 0xd0f2cbb02e3b67c7U, 0x93536795e3a33e88U, 0xa80c038ccd5ccec8U,
};

// Computed by an implementation in Python, which agrees with the vectors above and with CPython's
// own hash of bytes, which is SipHash-1-3.
constexpr Vectors vectors_1_3{
    0xabac0158050fc4dcU, 0xc9f49bf37d57ca93U, 0x82cb9b024dc7d44dU, 0x8bf80ab8e7ddf7fbU,
    0xcf75576088d38328U, 0xdef9d52f49533b67U, 0xc50d2b50c59f22a7U, 0xd3927d989bb11140U,
    0x369095118d299a8eU, 0x25a48eb36c063de4U, 0x79de85ee92ff097fU, 0x70c118c1f94dc352U,
    0x78a384b157b4d9a2U, 0x306f760c1229ffa7U, 0x605aa111c0f95d34U, 0xd320d86d2a519956U,
    0xcc4fdd1a7d908b66U, 0x9cf2689063dbd80cU, 0x8ffc389cb473e63eU, 0xf21f9de58d297d1cU,
    0xc0dc2f46a6cce040U, 0xb992abfe2b45f844U, 0x7ffe7b9ba320872eU, 0x525a0e7fdae6c123U,
};

std::string counting_text(std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(i);
    return text;
}

TEST(SipHash, the_published_vectors_of_2_4_are_met) {
    EXPECT_EQ(vectors_2_4[15], 0xa129ca6149be45e5U);
    for (std::size_t size = 0; size < vectors_2_4.size(); ++size) {
        EXPECT_EQ((siphash<2, 4>(paper_key, counting_text(size))), vectors_2_4[size]) << size;
    }
}

TEST(SipHash, vectors_of_1_3_from_elsewhere_are_met) {
    for (std::size_t size = 0; size < vectors_1_3.size(); ++size) {
        EXPECT_EQ((siphash<1, 3>(paper_key, counting_text(size))), vectors_1_3[size]) << size;
    }
}

// PYTHONHASHSEED=0 python3 -c 'print(hash(b"…") % 2**64)', of a version that hashes by siphash13.
TEST(SipHash, cpython_hashes_alike_without_a_key) {
    EXPECT_EQ((siphash<1, 3>({}, "a")), 0x407448d2b89b1813U);
    EXPECT_EQ((siphash<1, 3>({}, "hello world, this is text")), 0xc41a81c7e006502eU);
    EXPECT_EQ((siphash<1, 3>({}, std::string(100, 'x'))), 0x12de6d6e12e5750cU);
}

TEST(SipHash, each_bit_of_the_key_counts) {
    std::set<std::uint64_t> seen{siphash<1, 3>(paper_key, "/topic/a")};
    for (unsigned bit = 0; bit < 64; ++bit) {
        SipHashKey low = paper_key;
        low.low ^= std::uint64_t{1} << bit;
        SipHashKey high = paper_key;
        high.high ^= std::uint64_t{1} << bit;
        EXPECT_TRUE(seen.insert(siphash<1, 3>(low, "/topic/a")).second) << bit;
        EXPECT_TRUE(seen.insert(siphash<1, 3>(high, "/topic/a")).second) << bit;
    }
}

}  // namespace
}  // namespace edgews
