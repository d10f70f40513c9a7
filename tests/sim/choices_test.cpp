// Chance that is remembered: what sim/choices.hpp promises to histories, to shrinking and to a
// fuzzer.
#include "sim/choices.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace edgews::sim {
namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::initializer_list<unsigned> values) {
    Bytes bytes;
    for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

Bytes taken_from(const Choices& choices) {
    return {choices.taken().begin(), choices.taken().end()};
}

// Questions of all widths, each asked in all ways.
std::vector<std::uint64_t> ask(Choices& choices) {
    static constexpr std::array names{11U, 22U, 33U};
    std::vector<std::uint64_t> answers;
    for (const std::uint32_t count : {1U, 2U, 256U, 257U, 65'536U, 65'537U, UINT32_MAX}) {
        answers.push_back(choices.below(count));
        answers.push_back(choices.between(7, 7 + (count - 1) / 2));
        answers.push_back(choices.once_in(count) ? 1 : 0);
    }
    answers.push_back(choices.one_of(names));
    return answers;
}

TEST(Choices, of_a_seed_are_the_same_each_time_and_others_of_another) {
    Choices first(1);
    Choices again(1);
    Choices other(2);
    const auto answers = ask(first);
    EXPECT_EQ(ask(again), answers);
    EXPECT_NE(ask(other), answers);
    EXPECT_EQ(taken_from(again), taken_from(first));
}

TEST(Choices, that_were_taken_are_made_again) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Choices first(seed);
        const auto answers = ask(first);
        Choices replayed(first.taken());
        EXPECT_EQ(ask(replayed), answers);
        EXPECT_EQ(taken_from(replayed), taken_from(first));
    }
}

TEST(Choices, without_bytes_are_the_calmest) {
    Choices calm{std::span<const std::byte>()};
    for (const std::uint32_t count : {1U, 2U, 256U, 65'536U, UINT32_MAX}) {
        EXPECT_EQ(calm.below(count), 0U);
        EXPECT_EQ(calm.between(5, 5 + (count - 1) / 2), 5U);
    }
    EXPECT_FALSE(calm.once_in(2));
    EXPECT_EQ(calm.one_of(std::array{'a', 'b'}), 'a');
    EXPECT_TRUE(
        std::ranges::all_of(calm.taken(), [](std::byte one) { return one == std::byte{0}; }));
}

TEST(Choices, go_on_calmly_where_their_bytes_end) {
    Choices first(1);
    const auto answers = ask(first);
    for (std::size_t size = 0; size < first.taken().size(); ++size) {
        Choices shorter(first.taken().first(size));
        const auto fewer = ask(shorter);
        const auto at = std::mismatch(answers.begin(), answers.end(), fewer.begin()).first;
        // What it has no byte of is 0; only one answer may have lost a part of its bytes.
        Choices calm{std::span<const std::byte>()};
        const auto none = ask(calm);
        const auto from = static_cast<std::ptrdiff_t>(at - answers.begin());
        if (at == answers.end()) continue;
        EXPECT_TRUE(std::equal(fewer.begin() + from + 1, fewer.end(), none.begin() + from + 1));
    }
}

// A fuzzer's may be any.
TEST(Choices, of_any_bytes_are_answers_and_are_taken_as_such) {
    Choices choices(bytes_of({0xFF, 0x34, 0x12, 0xFF, 0xFF, 0xFF, 0x07}));
    EXPECT_EQ(choices.below(10), 0xFFU % 10);
    EXPECT_EQ(choices.below(0x10000), 0x1234U);
    EXPECT_EQ(choices.below(0x10001), 0x07FFFFFFU % 0x10001);
    const Bytes taken = taken_from(choices);
    ASSERT_EQ(taken.size(), 7U);
    EXPECT_EQ(taken.front(), std::byte{5});  // The answer, and not what led to it.
    Choices replayed(choices.taken());
    EXPECT_EQ(replayed.below(10), 5U);
    EXPECT_EQ(replayed.below(0x10000), 0x1234U);
    EXPECT_EQ(replayed.below(0x10001), 0x07FFFFFFU % 0x10001);
}

TEST(Choices, take_no_byte_where_there_is_no_choice) {
    Choices choices(1);
    EXPECT_EQ(choices.below(1), 0U);
    EXPECT_TRUE(choices.once_in(1));
    EXPECT_FALSE(choices.once_in(0));
    EXPECT_EQ(choices.between(3, 3), 3U);
    EXPECT_TRUE(choices.taken().empty());
    (void)choices.below(256);
    EXPECT_EQ(choices.taken().size(), 1U);
    (void)choices.below(257);
    EXPECT_EQ(choices.taken().size(), 3U);
    (void)choices.below(65'537);
    EXPECT_EQ(choices.taken().size(), 7U);
}

TEST(Choices, come_about_as_often_as_they_say) {
    Choices choices(1);
    unsigned count = 0;
    std::array<unsigned, 4> counts{};
    for (int i = 0; i < 40'000; ++i) {
        count += choices.once_in(10) ? 1U : 0U;
        ++counts[choices.below(4)];
    }
    EXPECT_NEAR(count, 4'000, 300);
    for (const unsigned one : counts) EXPECT_NEAR(one, 10'000, 500);
}

}  // namespace
}  // namespace edgews::sim
