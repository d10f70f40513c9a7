// All code points, and all that is encoded like one and is none, through the validator, cut
// everywhere, and through each of its kernels. utf8_test.cpp has the texts around them.
#include "core/kernels/utf8.hpp"

#include "tests/support/bytes.hpp"
#include "tests/support/code_points.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "core/kernels/mask.hpp"

namespace edgews {
namespace {

using test::announced_size;
using test::Answer;
using test::answer_to;
using test::Bytes;
using test::encode;
using test::Encoded;
using test::is_character;

using View = std::span<const std::byte>;

constexpr std::uint32_t mask_key = 0x3d21fa37;

// Four bytes, plain or masked.
class Sequence {
  public:
    explicit Sequence(bool is_masked) : is_masked_(is_masked) {}

    std::byte& operator[](std::size_t index) { return bytes_[index]; }
    [[nodiscard]] Answer answer(std::size_t count) const { return answer_to(bytes_, count); }
    // Gives the bytes between these to the validator.
    bool feed(Utf8Validator& validator, std::size_t begin, std::size_t end) const {
        if (!is_masked_) return validator.feed({bytes_ + begin, end - begin});
        std::uint32_t word;
        std::memcpy(&word, bytes_, sizeof word);
        word ^= mask_key;
        std::byte masked[4];
        std::memcpy(masked, &word, sizeof word);
        const std::uint32_t key = advance_mask(mask_key, begin);
        return validator.unmask_and_feed({masked + begin, end - begin}, key);
    }
    // Whether the validator, which was given all before `begin`, says of the rest what is to be
    // said; if not, the test fails.
    [[nodiscard]] bool gets_answer(Utf8Validator& validator, std::size_t begin,
                                   std::size_t end) const {
        const bool is_taken = feed(validator, begin, end);
        const Answer expected = answer(end);
        const bool is_right = is_taken == (expected != Answer::refused) &&
                              validator.is_complete() == (expected == Answer::whole);
        if (is_right) return true;
        ADD_FAILURE() << test::to_hex({bytes_, end}) << (is_masked_ ? ", masked" : "")
                      << ", from byte " << begin << ": " << (is_taken ? "taken" : "refused");
        return false;
    }

  private:
    bool is_masked_;
    std::byte bytes_[4]{};
};

// Byte by byte: all that any byte can be after each beginning of a character. False: it was not.
bool are_all_right_after(const Utf8Validator& before, Sequence& sequence, std::size_t count) {
    for (unsigned value = 0; value < 256; ++value) {
        sequence[count] = static_cast<std::byte>(value);
        Utf8Validator validator = before;
        if (!sequence.gets_answer(validator, count, count + 1)) return false;
        if (count + 1 == 4 || sequence.answer(count + 1) != Answer::begun) continue;
        if (!are_all_right_after(validator, sequence, count + 1)) return false;
    }
    return true;
}

TEST(CodePoints, every_byte_is_taken_after_every_beginning_of_a_character_if_one_goes_on_so) {
    for (const bool is_masked : {false, true}) {
        Sequence sequence(is_masked);
        EXPECT_TRUE(are_all_right_after({}, sequence, 0));
    }
}

// In one piece, and in two, cut at each place. False: not all got their answer.
bool are_all_right_of_lead(Sequence& sequence, std::size_t size) {
    const std::uint32_t count = 1U << (6 * (size - 1));
    std::array<Utf8Validator, 4> before;  // Those that were given so many bytes.
    std::array<bool, 4> goes_on{true, false, false, false};
    for (std::uint32_t number = 0; number < count; ++number) {
        std::size_t changed = number == 0 ? 0 : size;  // The first byte that is another one now.
        for (std::size_t i = 1; i < size; ++i) {
            const std::uint32_t bits = number >> (6 * (size - 1 - i)) & 0x3F;
            if (bits == (std::to_integer<std::uint32_t>(sequence[i]) & 0x3F) && number > 0)
                continue;
            changed = std::min(changed, i);
            sequence[i] = static_cast<std::byte>(0x80 | bits);
        }
        for (std::size_t cut = changed + 1; cut < size; ++cut) {
            before[cut].reset();
            if (!sequence.gets_answer(before[cut], 0, cut)) return false;
            goes_on[cut] = sequence.answer(cut) != Answer::refused;
        }
        for (std::size_t cut = 0; cut < size; ++cut) {
            if (!goes_on[cut]) continue;
            Utf8Validator validator = before[cut];
            if (!sequence.gets_answer(validator, cut, size)) return false;
        }
    }
    return true;
}

TEST(CodePoints, each_lead_with_all_its_continuations_gets_its_answer_wherever_it_is_cut) {
    for (const bool is_masked : {false, true}) {
        for (unsigned lead = 0xC0; lead < 0xF8; ++lead) {
            Sequence sequence(is_masked);
            sequence[0] = static_cast<std::byte>(lead);
            // F5 to F7 begin nothing, however much follows.
            const std::size_t size = lead < 0xF5 ? announced_size(sequence[0]) : 2;
            EXPECT_TRUE(are_all_right_of_lead(sequence, size)) << lead;
        }
    }
}

// ---- The kernels ---------------------------------------------------------------

// At each place of a vector: a character of three bytes comes to all of them, one of four to every
// fourth.
TEST(CodePoints, all_characters_in_a_row_are_taken_by_every_kernel) {
    const Bytes characters = test::all_characters();
    ASSERT_EQ(characters.size(), 128 + 2 * 1920 + 3 * (63488U - 2048) + 4 * 1048576U);
    for (std::size_t shift = 0; shift < 4; ++shift) {
        Bytes text(shift, std::byte{'-'});
        text.insert(text.end(), characters.begin(), characters.end());
        Bytes masked = text;
        apply_mask(masked, mask_key);
        for (const Utf8Kernel& kernel : utf8_kernels()) {
            Bytes unmasked = masked;
            EXPECT_TRUE(kernel.validate(text.data(), text.size())) << kernel.name << shift;
            EXPECT_TRUE(kernel.unmask_and_validate(unmasked.data(), unmasked.size(), mask_key))
                << kernel.name << shift;
            EXPECT_EQ(std::memcmp(unmasked.data(), text.data(), text.size()), 0)
                << kernel.name << shift;
        }
    }
}

// Among ASCII: so many bytes of it before and after.
class Surroundings {
  public:
    Surroundings(std::size_t before, std::size_t after)
        : before_(before),
          plain_(before + 8 + after, std::byte{'-'}),
          masked_(plain_),
          after_(after) {
        apply_mask(masked_, mask_key);
    }

    void expect_answer(View bytes, bool expected) {
        const std::size_t size = before_ + bytes.size() + after_;
        std::memset(plain_.data() + before_, '-', 8);
        std::memcpy(plain_.data() + before_, bytes.data(), bytes.size());
        for (const Utf8Kernel& kernel : utf8_kernels()) {
            const bool plain = kernel.validate(plain_.data(), size);
            std::memcpy(masked_.data(), plain_.data(), size);
            apply_mask({masked_.data(), size}, mask_key);
            const bool masked = kernel.unmask_and_validate(masked_.data(), size, mask_key);
            if (plain == expected && masked == expected) continue;
            FAIL() << kernel.name << (plain != expected ? ": " : ", masked: ")
                   << test::to_hex(bytes) << " after " << before_;
        }
    }

  private:
    std::size_t before_;
    Bytes plain_;
    Bytes masked_;
    std::size_t after_;
};

// Alone; across the borders of vectors; and before the end.
std::array<Surroundings, 5> surroundings() {
    return {Surroundings(0, 0), Surroundings(15, 20), Surroundings(31, 40), Surroundings(62, 70),
            Surroundings(66, 0)};
}

TEST(CodePoints, all_two_bytes_are_taken_by_every_kernel_if_they_begin_or_are_characters) {
    std::array<Surroundings, 5> places = surroundings();
    test::for_each_two_bytes([&](View bytes) {
        const bool expected = test::answer_to_text(bytes).is_whole;
        for (Surroundings& place : places) place.expect_answer(bytes, expected);
        return !HasFatalFailure();
    });
}

// Forms that are too long, surrogates, and what is beyond U+10FFFF but begins like the last ones.
TEST(CodePoints, a_number_that_is_no_character_or_in_a_form_too_long_is_refused_by_every_kernel) {
    std::array<Surroundings, 5> places = surroundings();
    const auto expect_refused = [&](std::uint32_t number, std::size_t size, std::size_t place) {
        const Encoded encoded = encode(number, size);
        places[place].expect_answer({encoded.data(), encoded.size()}, false);
    };
    for (std::uint32_t number = 0; number < 0x140000; ++number) {
        for (std::size_t size = 2; size <= 4; ++size) {
            const bool fits = size == 4 || number < (size == 2 ? 0x800U : 0x10000U);
            if (!fits || (is_character(number) && test::encoded_size(number) == size)) continue;
            // Each place gets its share of the many, and all of the few.
            for (std::size_t i = 0; i < places.size(); ++i) {
                if (size == 4 && number % places.size() != i) continue;
                ASSERT_NO_FATAL_FAILURE(expect_refused(number, size, i));
            }
        }
    }
}

}  // namespace
}  // namespace edgews
