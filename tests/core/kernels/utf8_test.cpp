// UTF-8 against RFC 3629, every kernel against the grammar, every way to cut.
#include "core/kernels/utf8.hpp"

#include "tests/support/bytes.hpp"
#include "tests/support/code_points.hpp"
#include "tests/support/kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/kernels/mask.hpp"

namespace edgews {
namespace {

using test::Bytes;
using test::encode;
using test::Encoded;
using test::ExactBlock;
using test::from_hex;
using test::is_character;
using test::to_hex;

using View = std::span<const std::byte>;

static_assert(sizeof(Utf8Validator) <= 8);  // One in every connection.

constexpr std::uint32_t mask_key = 0x3d21fa37;

void append(Bytes& bytes, View more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
}

// Another definition than the kernels': the number that the bytes stand for must
// be a character, and its encoding be these bytes.
bool is_utf8(View text) {
    while (!text.empty()) {
        const auto first = static_cast<std::uint8_t>(text.front());
        const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
        if (size > text.size()) return false;
        std::uint32_t number = size == 1 ? first : first & (0x7FU >> size);
        for (std::size_t i = 1; i < size; ++i) {
            number = number << 6 | (static_cast<std::uint8_t>(text[i]) & 0x3FU);
        }
        if (!is_character(number)) return false;
        if (!std::ranges::equal(encode(number), text.first(size))) return false;
        text = text.subspan(size);
    }
    return true;
}

void expect_answer(const Utf8Kernel& kernel, View text, bool expected) {
    const ExactBlock block(text);
    ASSERT_EQ(kernel.validate(block.bytes().data(), text.size()), expected)
        << kernel.name << ": " << to_hex(text);
    apply_mask(block.bytes(), mask_key);
    ASSERT_EQ(kernel.unmask_and_validate(block.bytes().data(), text.size(), mask_key), expected)
        << kernel.name << ", masked: " << to_hex(text);
    if (expected) {
        ASSERT_TRUE(std::ranges::equal(block.bytes(), text))
            << kernel.name << ", unmasked: " << to_hex(text);
    }
}

void expect_answer_of_all(View text, bool expected) {
    for (const Utf8Kernel& kernel : utf8_kernels()) expect_answer(kernel, text, expected);
}

// The index of the first byte at which a validator refuses `text` that it gets
// byte by byte; the size of `text` if it takes all.
std::size_t refused_at(View text, bool masked) {
    Utf8Validator validator;
    std::uint32_t key = mask_key;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const ExactBlock block(text.subspan(i, 1));
        bool is_taken = false;
        if (masked) {
            apply_mask(block.bytes(), key);
            is_taken = validator.unmask_and_feed(block.bytes(), key);
            key = advance_mask(key, 1);
        } else {
            is_taken = validator.feed(block.bytes());
        }
        if (!is_taken) return i;
    }
    return text.size();
}

// Feeds `first` and `second`; what the two calls say, and is_complete() after.
struct Answers {
    bool first;
    bool second;
    bool complete;

    bool operator==(const Answers&) const = default;
};

Answers answers_for(View first, View second) {
    const ExactBlock first_block(first);
    const ExactBlock second_block(second);
    Utf8Validator validator;
    Answers plain{};
    plain.first = validator.feed(first_block.bytes());
    plain.second = validator.feed(second_block.bytes());
    plain.complete = validator.is_complete();

    const std::uint32_t second_key = advance_mask(mask_key, first.size());
    apply_mask(first_block.bytes(), mask_key);
    apply_mask(second_block.bytes(), second_key);
    validator.reset();
    Answers masked{};
    masked.first = validator.unmask_and_feed(first_block.bytes(), mask_key);
    masked.second = validator.unmask_and_feed(second_block.bytes(), second_key);
    masked.complete = validator.is_complete();
    EXPECT_EQ(plain, masked) << to_hex(first) << " | " << to_hex(second);
    if (masked.second) {
        EXPECT_TRUE(std::ranges::equal(first_block.bytes(), first));
        EXPECT_TRUE(std::ranges::equal(second_block.bytes(), second));
    }
    return plain;
}

struct Good {
    std::string_view name;
    std::string_view hex;
};

constexpr std::array good_texts{
    Good{"no bytes", ""},
    Good{"NUL", "00"},
    Good{"last of one byte", "7F"},
    Good{"first of two bytes", "C2 80"},
    Good{"last of two bytes", "DF BF"},
    Good{"first of three bytes", "E0 A0 80"},
    Good{"last that begins with E0", "E0 BF BF"},
    Good{"first that begins with E1", "E1 80 80"},
    Good{"last that begins with EC", "EC BF BF"},
    Good{"last before the surrogates", "ED 9F BF"},
    Good{"first after the surrogates", "EE 80 80"},
    Good{"byte order mark", "EF BB BF"},
    Good{"not a character, yet encoded", "EF BF BE"},
    Good{"last of three bytes", "EF BF BF"},
    Good{"first of four bytes", "F0 90 80 80"},
    Good{"last that begins with F0", "F0 BF BF BF"},
    Good{"first that begins with F1", "F1 80 80 80"},
    Good{"last that begins with F3", "F3 BF BF BF"},
    Good{"U+10FFFF", "F4 8F BF BF"},
    Good{"RFC 3629 7: not identical to, Alpha", "41 E2 89 A2 CE 91 2E"},
    Good{"RFC 3629 7: hangugeo", "ED 95 9C EA B5 AD EC 96 B4"},
    Good{"RFC 3629 7: nihongo", "E6 97 A5 E6 9C AC E8 AA 9E"},
    Good{"RFC 3629 7: stump of tree", "EF BB BF F0 A3 8E B4"},
};

// `bad_index`: the byte that no text which begins like this can have there.
struct Bad {
    std::string_view name;
    std::string_view hex;
    std::size_t bad_index;
};

constexpr std::array bad_texts{
    Bad{"continuation alone, first", "80", 0},
    Bad{"continuation alone, last", "BF", 0},
    Bad{"continuation after ASCII", "41 80", 1},
    Bad{"two bytes and a continuation", "C2 80 80", 2},
    Bad{"three bytes and a continuation", "E1 80 80 80", 3},
    Bad{"four bytes and a continuation", "F1 80 80 80 80", 4},
    Bad{"C0: overlong", "C0 80", 0},
    Bad{"C0: overlong, as a solidus", "C0 AF", 0},
    Bad{"C1: overlong", "C1 BF", 0},
    Bad{"three bytes: overlong, first", "E0 80 80", 1},
    Bad{"three bytes: overlong, last", "E0 9F BF", 1},
    Bad{"three bytes: overlong, as a solidus", "E0 80 AF", 1},
    Bad{"four bytes: overlong, first", "F0 80 80 80", 1},
    Bad{"four bytes: overlong, last", "F0 8F BF BF", 1},
    Bad{"first surrogate", "ED A0 80", 1},
    Bad{"last surrogate", "ED BF BF", 1},
    Bad{"pair of surrogates", "ED A0 81 ED B0 80", 1},
    Bad{"U+110000", "F4 90 80 80", 1},
    Bad{"F4 and the last continuation", "F4 BF BF BF", 1},
    Bad{"F5", "F5 80 80 80", 0},
    Bad{"F7: the last of 21 bits", "F7 BF BF BF", 0},
    Bad{"F8: five bytes", "F8 88 80 80 80", 0},
    Bad{"FC: six bytes", "FC 84 80 80 80 80", 0},
    Bad{"FE", "FE", 0},
    Bad{"FF", "FF", 0},
    Bad{"two bytes, cut by ASCII", "C2 41", 1},
    Bad{"three bytes, cut by ASCII early", "E1 41 80", 1},
    Bad{"three bytes, cut by ASCII late", "E1 80 41", 2},
    Bad{"four bytes, cut by ASCII early", "F1 41 80 80", 1},
    Bad{"four bytes, cut by ASCII midway", "F1 80 41 80", 2},
    Bad{"four bytes, cut by ASCII late", "F1 80 80 41", 3},
    Bad{"two bytes, cut by a character", "C2 C2 80", 1},
    Bad{"three bytes, cut by a character", "E1 80 E1 80 80", 2},
    Bad{"four bytes, cut by a character", "F1 80 80 F1 80 80 80", 3},
    Bad{"E0, cut by E0", "E0 E0 A0 80", 1},
    Bad{"kosme, then a surrogate", "CE BA E1 BD B9 CF 83 ED A0 80 65", 8},
};

// `size` bytes of whole characters; the last ones are ASCII where none else fits.
Bytes padding_of(View character, std::size_t size) {
    Bytes bytes;
    while (bytes.size() + character.size() <= size) append(bytes, character);
    bytes.resize(size, std::byte{'-'});
    return bytes;
}

const std::array padding_characters{from_hex("61"), from_hex("D0 96"), from_hex("E8 AA 9E"),
                                    from_hex("F0 9F 98 80")};

// Each text at each position within padding of each kind, up to 200 bytes in all.
template <typename Run>
void for_each_placed(View text, Run run) {
    for (const Bytes& character : padding_characters) {
        for (std::size_t before = 0; before <= 200; ++before) {
            const std::array<std::size_t, 5> sizes_after{0, 1, 3, 31, 200 - before};
            for (const std::size_t after : sizes_after) {
                Bytes whole = padding_of(character, before);
                append(whole, text);
                append(whole, padding_of(character, after));
                run(whole, before);
                if (testing::Test::HasFatalFailure()) return;
            }
        }
    }
}

TEST(utf8, the_tables_agree_with_the_definition_by_numbers) {
    for (const Good& row : good_texts) EXPECT_TRUE(is_utf8(from_hex(row.hex))) << row.name;
    for (const Bad& row : bad_texts) EXPECT_FALSE(is_utf8(from_hex(row.hex))) << row.name;
}

TEST(utf8, good_texts_are_taken_wherever_they_stand) {
    for (const Good& row : good_texts) {
        SCOPED_TRACE(row.name);
        for_each_placed(from_hex(row.hex),
                        [](View whole, std::size_t) { expect_answer_of_all(whole, true); });
    }
}

TEST(utf8, bad_texts_are_refused_wherever_they_stand) {
    for (const Bad& row : bad_texts) {
        SCOPED_TRACE(row.name);
        for_each_placed(from_hex(row.hex),
                        [](View whole, std::size_t) { expect_answer_of_all(whole, false); });
    }
}

TEST(utf8, a_cut_character_is_no_whole_text_whatever_its_position) {
    for (const std::string_view hex : {"C2", "E1", "E1 80", "F1", "F1 80", "F1 80 80"}) {
        for (const Bytes& character : padding_characters) {
            for (std::size_t before = 0; before <= 200; ++before) {
                Bytes whole = padding_of(character, before);
                append(whole, from_hex(hex));
                ASSERT_NO_FATAL_FAILURE(expect_answer_of_all(whole, false));
            }
        }
    }
}

TEST(utf8, a_number_of_21_bits_is_taken_if_it_is_a_character) {
    for (std::uint32_t number = 0; number < 1U << 21; ++number) {
        const Encoded bytes = encode(number);
        const bool expected = is_character(number);
        Utf8Validator validator;
        ASSERT_EQ(validator.feed(bytes) && validator.is_complete(), expected) << number;
        // Behind a block of 32 and before ASCII: the vector kernels' main loop.
        std::array<std::byte, 64> block;
        block.fill(std::byte{'-'});
        std::ranges::copy(bytes, block.begin() + 30);
        for (const Utf8Kernel& kernel : utf8_kernels()) {
            ASSERT_EQ(kernel.validate(bytes.data(), bytes.size()), expected)
                << kernel.name << ": " << number;
            ASSERT_EQ(kernel.validate(block.data(), block.size()), expected)
                << kernel.name << ", among ASCII: " << number;
        }
    }
}

TEST(utf8, four_bytes_of_any_kinds_are_taken_if_the_grammar_has_them) {
    // One of each kind that the grammar tells apart, and both ends of each range.
    const Bytes kinds =
        from_hex("00 7F 80 8F 90 9F A0 BF C0 C1 C2 DF E0 E1 EC ED EE EF F0 F1 F3 F4 F5 F7 F8 FF");
    for (const std::byte a : kinds) {
        for (const std::byte b : kinds) {
            for (const std::byte c : kinds) {
                for (const std::byte d : kinds) {
                    const std::array text{a, b, c, d};
                    const bool expected = is_utf8(text);
                    for (const Utf8Kernel& kernel : utf8_kernels()) {
                        ASSERT_EQ(kernel.validate(text.data(), text.size()), expected)
                            << kernel.name << ": " << to_hex(text);
                    }
                }
            }
        }
    }
}

class Random {  // A fixed sequence: xorshift.
  public:
    std::uint32_t below(std::uint32_t limit) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return static_cast<std::uint32_t>((state_ >> 32) % limit);
    }

  private:
    std::uint64_t state_ = 0x9E3779B97F4A7C15;
};

// Runs of characters of one size each, as texts have them.
Bytes random_text(Random& random, std::size_t size_max) {
    constexpr std::array<std::uint32_t, 4> limits{0x80, 0x800, 0x10000, 0x110000};
    Bytes text;
    while (true) {
        const std::uint32_t limit = limits[random.below(4)];
        for (std::uint32_t left = 1 + random.below(40); left > 0; --left) {
            const std::uint32_t number = random.below(limit);
            if (!is_character(number)) continue;
            const Encoded bytes = encode(number);
            if (text.size() + bytes.size() > size_max) return text;
            append(text, bytes);
        }
    }
}

TEST(utf8, random_text_with_one_byte_corrupted_gets_the_grammars_answer) {
    Random random;
    for (int round = 0; round < 20'000; ++round) {
        Bytes text = random_text(random, 1 + random.below(300));
        ASSERT_NO_FATAL_FAILURE(expect_answer_of_all(text, true));
        if (text.empty()) continue;
        const auto index = random.below(static_cast<std::uint32_t>(text.size()));
        text[index] = static_cast<std::byte>(random.below(256));
        ASSERT_NO_FATAL_FAILURE(expect_answer_of_all(text, is_utf8(text)));
    }
}

TEST(utf8, random_text_cut_at_random_is_the_text_in_one) {
    Random random;
    for (int round = 0; round < 5'000; ++round) {
        Bytes text = random_text(random, 400);
        if (random.below(2) == 0) {
            const auto index = random.below(static_cast<std::uint32_t>(text.size()));
            text[index] = static_cast<std::byte>(random.below(256));
        }
        Utf8Validator validator;
        bool is_taken = true;
        for (View rest = text; !rest.empty() && is_taken;) {
            const auto size = std::min<std::size_t>(rest.size(), random.below(90));
            const ExactBlock piece(rest.first(size));
            is_taken = validator.feed(piece.bytes());
            rest = rest.subspan(size);
        }
        ASSERT_EQ(is_taken && validator.is_complete(), is_utf8(text)) << to_hex(text);
    }
}

TEST(utf8_validator, refuses_at_the_first_byte_that_cannot_be_right) {
    for (const Bad& row : bad_texts) {
        const Bytes text = from_hex(row.hex);
        EXPECT_EQ(refused_at(text, false), row.bad_index) << row.name;
        EXPECT_EQ(refused_at(text, true), row.bad_index) << row.name << ", masked";
    }
    for (const Good& row : good_texts) {
        const Bytes text = from_hex(row.hex);
        EXPECT_EQ(refused_at(text, false), text.size()) << row.name;
        EXPECT_EQ(refused_at(text, true), text.size()) << row.name << ", masked";
    }
}

// The piece that has the bad byte is refused, even if nothing follows that byte;
// the piece before is not.
TEST(utf8_validator, refuses_the_piece_with_the_bad_byte_wherever_it_is_cut) {
    for (const Bad& row : bad_texts) {
        SCOPED_TRACE(row.name);
        const Bytes text = from_hex(row.hex);
        for (const Bytes& character : padding_characters) {
            for (std::size_t before = 0; before <= 70; ++before) {
                Bytes whole = padding_of(character, before);
                append(whole, text);
                const std::size_t bad_index = before + row.bad_index;
                for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
                    const Answers answers =
                        answers_for(View(whole).first(cut), View(whole).subspan(cut));
                    const Answers expected{cut <= bad_index, false, false};
                    ASSERT_EQ(answers, expected) << "cut at " << cut << ": " << to_hex(whole);
                }
            }
        }
    }
}

TEST(utf8_validator, takes_good_text_however_it_is_cut) {
    for (const Good& row : good_texts) {
        SCOPED_TRACE(row.name);
        const Bytes text = from_hex(row.hex);
        for (const Bytes& character : padding_characters) {
            for (std::size_t before = 0; before <= 70; ++before) {
                Bytes whole = padding_of(character, before);
                append(whole, text);
                for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
                    const Answers answers =
                        answers_for(View(whole).first(cut), View(whole).subspan(cut));
                    const Answers expected{true, true, true};
                    ASSERT_EQ(answers, expected) << "cut at " << cut << ": " << to_hex(whole);
                }
            }
        }
    }
}

TEST(utf8_validator, is_complete_between_characters_only) {
    const Bytes text = from_hex("41 C3 A9 E8 AA 9E F0 9F 98 80");
    for (std::size_t size = 0; size <= text.size(); ++size) {
        Utf8Validator validator;
        const ExactBlock piece(View(text).first(size));
        EXPECT_TRUE(validator.feed(piece.bytes()));
        const bool expected = size == 0 || size == 1 || size == 3 || size == 6 || size == 10;
        EXPECT_EQ(validator.is_complete(), expected) << size;
    }
}

TEST(utf8_validator, stays_failed_until_it_is_reset) {
    Utf8Validator validator;
    EXPECT_FALSE(validator.feed(from_hex("FF")));
    EXPECT_FALSE(validator.feed({}));
    EXPECT_FALSE(validator.feed(from_hex("41")));
    Bytes masked = from_hex("41");
    EXPECT_FALSE(validator.unmask_and_feed(masked, 0));
    EXPECT_FALSE(validator.is_complete());
    validator.reset();
    EXPECT_TRUE(validator.is_complete());
    EXPECT_TRUE(validator.feed(from_hex("41")));
}

TEST(utf8_validator, an_empty_piece_changes_nothing_inside_a_character) {
    Utf8Validator validator;
    EXPECT_TRUE(validator.feed(from_hex("E0")));
    EXPECT_TRUE(validator.feed({}));
    EXPECT_TRUE(validator.unmask_and_feed({}, mask_key));
    EXPECT_FALSE(validator.is_complete());
    EXPECT_FALSE(validator.feed(from_hex("80")));  // Still the second byte after E0.
}

TEST(utf8, kernels_have_names_of_their_own_and_portable_is_first) {
    test::expect_portable_first_and_distinct_names(utf8_kernels());
}

}  // namespace
}  // namespace edgews
