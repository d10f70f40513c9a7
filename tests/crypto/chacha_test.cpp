#include "crypto/chacha.hpp"

#include <gtest/gtest.h>

namespace edgews {
namespace {

constexpr ChachaInput zeros{};

// RFC 8439, section 2.3.2: the key is the bytes 00 01 ... 1f.
constexpr ChachaInput rfc_input{{0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110,
                                 0x17161514, 0x1b1a1918, 0x1f1e1d1c},
                                {0x00000001, 0x09000000, 0x4a000000, 0x00000000}};

TEST(Chacha, twenty_rounds_give_the_block_of_rfc8439_section_2_3_2) {
    const ChachaBlock expected{0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
                               0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
                               0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                               0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    EXPECT_EQ(chacha_block(rfc_input, 20), expected);
}

TEST(Chacha, twenty_rounds_give_the_zero_key_blocks_of_rfc8439_appendix_a_1) {
    const ChachaBlock block_0{0xade0b876, 0x903df1a0, 0xe56a5d40, 0x28bd8653,
                              0xb819d2bd, 0x1aed8da0, 0xccef36a8, 0xc70d778b,
                              0x7c5941da, 0x8d485751, 0x3fe02477, 0x374ad8b8,
                              0xf4b8436a, 0x1ca11815, 0x69b687c3, 0x8665eeb2};
    const ChachaBlock block_1{0xbee7079f, 0x7a385155, 0x7c97ba98, 0x0d082d73,
                              0xa0290fcb, 0x6965e348, 0x3e53c612, 0xed7aee32,
                              0x7621b729, 0x434ee69c, 0xb03371d5, 0xd539d874,
                              0x281fed31, 0x45fb0a51, 0x1f0ae1ac, 0x6f4d794b};
    EXPECT_EQ(chacha_block(zeros, 20), block_0);
    EXPECT_EQ(chacha_block({{}, {1, 0, 0, 0}}, 20), block_1);
}

// draft-strombergson-chacha-test-vectors, TC1, 256-bit key, 8 rounds:
// 3e00ef2f 895f40d6 7f5bb8e8 1f09a5a1 ... as words, the lowest byte first.
TEST(Chacha, eight_rounds_give_the_published_block) {
    const ChachaBlock expected{0x2fef003e, 0xd6405f89, 0xe8b85b7f, 0xa1a5091f,
                               0xc30e842c, 0x3b7f9ace, 0x88e11b18, 0x1e1a71ef,
                               0x72e14c98, 0x416f21b9, 0x6753449f, 0x19566d45,
                               0xa3424a31, 0x01b086da, 0xb8fd7b38, 0x42fe0c0e};
    EXPECT_EQ(chacha_block(zeros, 8), expected);
}

TEST(Chacha, every_word_of_the_input_changes_every_word_of_the_block) {
    const ChachaBlock before = chacha_block(zeros, 8);
    for (std::size_t i = 0; i < zeros.key.size() + zeros.position.size(); ++i) {
        ChachaInput changed = zeros;
        (i < 8 ? changed.key[i] : changed.position[i - 8]) ^= 1;
        const ChachaBlock after = chacha_block(changed, 8);
        for (std::size_t word = 0; word < after.size(); ++word) {
            EXPECT_NE(after[word], before[word]) << "input " << i << ", output " << word;
        }
    }
}

}  // namespace
}  // namespace edgews
