// ASCII, byte by byte, and lists of words.
#include <gtest/gtest.h>

#include "core/base/ascii.hpp"
#include "tests/support/byte_classes.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace edgews {
namespace {

using test::bytes_that;
using test::range;
using Texts = std::vector<std::string>;

TEST(Ascii, letters_are_those_of_ascii_and_so_is_their_case) {
    EXPECT_EQ(bytes_that(is_digit), "0123456789");
    EXPECT_EQ(bytes_that(is_control_char), range(0, 0x1F) + "\x7F");
    EXPECT_EQ(bytes_that(is_letter), range('A', 'Z') + range('a', 'z'));
    for (const char c : range(0, 0xFF)) {
        const bool is_capital = c >= 'A' && c <= 'Z';
        EXPECT_EQ(to_lower(c), is_capital ? static_cast<char>(c + 32) : c);
    }
}

TEST(Ascii, hexadecimal_digits_have_a_value_in_any_case_and_nothing_else_has) {
    const auto has_value = [](char c) { return hex_value(c) >= 0; };
    EXPECT_EQ(bytes_that(has_value), "0123456789ABCDEFabcdef");
    const std::string_view digits = "0123456789abcdef";
    for (std::size_t i = 0; i < digits.size(); ++i) {
        EXPECT_EQ(hex_value(digits[i]), static_cast<int>(i));
        const char capital = is_letter(digits[i]) ? static_cast<char>(digits[i] - 32) : digits[i];
        EXPECT_EQ(hex_value(capital), static_cast<int>(i));
    }
    EXPECT_EQ(hex_value('g'), -1);
}

TEST(Ascii, case_is_ignored_and_nothing_else) {
    EXPECT_TRUE(equals_ignoring_case("", ""));
    EXPECT_TRUE(equals_ignoring_case("Upgrade", "Upgrade"));
    EXPECT_TRUE(equals_ignoring_case("uPGRADE", "Upgrade"));
    EXPECT_FALSE(equals_ignoring_case("Upgrad", "Upgrade"));
    EXPECT_FALSE(equals_ignoring_case("Upgrade", "Upgrad"));
    EXPECT_FALSE(equals_ignoring_case("Xpgrade", "Upgrade"));
    EXPECT_FALSE(equals_ignoring_case("UpgradX", "Upgrade"));
    EXPECT_FALSE(equals_ignoring_case("a@", "a`"));  // They differ in the bit that letters do.
}

TEST(Ascii, spaces_and_tabs_around_are_trimmed) {
    EXPECT_EQ(trim(""), "");
    EXPECT_EQ(trim(" \t "), "");
    EXPECT_EQ(trim("a"), "a");
    EXPECT_EQ(trim("\t a \tb\t "), "a \tb");
    EXPECT_EQ(trim("\na\r"), "\na\r");
}

Texts elements_of(std::string_view list) {
    Texts elements;
    ListReader reader(list);
    for (auto each = reader.next(); !each.empty(); each = reader.next())
        elements.emplace_back(each);
    EXPECT_EQ(reader.next(), "");
    return elements;
}

// RFC 9110, section 5.6.1.2.
TEST(Ascii, a_list_is_read_without_its_empty_elements) {
    EXPECT_EQ(elements_of(""), Texts{});
    EXPECT_EQ(elements_of(", ,\t,"), Texts{});
    EXPECT_EQ(elements_of("foo"), Texts{"foo"});
    EXPECT_EQ(elements_of("foo,bar"), (Texts{"foo", "bar"}));
    EXPECT_EQ(elements_of("foo ,bar,"), (Texts{"foo", "bar"}));
    EXPECT_EQ(elements_of(" foo , ,\tbar,charlie "), (Texts{"foo", "bar", "charlie"}));
    EXPECT_EQ(elements_of("a b, c"), (Texts{"a b", "c"}));
}

}  // namespace
}  // namespace edgews
