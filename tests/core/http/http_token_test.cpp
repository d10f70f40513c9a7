// The characters of HTTP, byte by byte, and its lists (RFC 9110, section 5.6).
#include <gtest/gtest.h>

#include "core/http/http_token.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace edgews {
namespace {

using Texts = std::vector<std::string>;

// All bytes that `is` says yes to.
template <class F>
std::string bytes_that(F&& is) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        if (is(static_cast<char>(i))) bytes += static_cast<char>(i);
    }
    return bytes;
}

std::string range(int first, int last) {
    std::string bytes;
    for (int i = first; i <= last; ++i) bytes += static_cast<char>(i);
    return bytes;
}

constexpr auto is_token_char = [](char c) { return is_char_of(CharClass::token, c); };

// Section 5.6.2: "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" /
// "|" / "~" / DIGIT / ALPHA.
TEST(HttpToken, a_token_is_of_these_characters) {
    EXPECT_EQ(bytes_that(is_token_char),
              "!#$%&'*+-." + range('0', '9') + range('A', 'Z') + "^_`" + range('a', 'z') + "|~");
    EXPECT_TRUE(is_token("a"));
    EXPECT_TRUE(is_token("Sec-WebSocket-Key"));
    EXPECT_FALSE(is_token(""));
    EXPECT_FALSE(is_token(" a"));
    EXPECT_FALSE(is_token("a "));
    EXPECT_FALSE(is_token("a b"));
}

// Section 5.5: HTAB, SP, VCHAR and obs-text.
TEST(HttpToken, a_value_is_of_all_but_control_characters) {
    EXPECT_EQ(bytes_that([](char c) { return is_char_of(CharClass::field_value, c); }),
              "\t" + range(0x20, 0x7E) + range(0x80, 0xFF));
    EXPECT_EQ(bytes_that(is_control_char), range(0, 0x1F) + "\x7F");
}

TEST(HttpToken, a_target_has_all_that_is_visible_but_no_fragment) {
    EXPECT_EQ(bytes_that([](char c) { return is_char_of(CharClass::target, c); }),
              "!\"" + range('$', '~'));
}

TEST(HttpToken, letters_are_those_of_ascii_and_so_is_their_case) {
    EXPECT_EQ(bytes_that(is_digit), "0123456789");
    EXPECT_EQ(bytes_that(is_letter), range('A', 'Z') + range('a', 'z'));
    for (const char c : range(0, 0xFF)) {
        const bool is_capital = c >= 'A' && c <= 'Z';
        EXPECT_EQ(to_lower(c), is_capital ? static_cast<char>(c + 32) : c);
    }
}

TEST(HttpToken, case_is_ignored_and_nothing_else) {
    EXPECT_TRUE(equals_ignoring_case("", ""));
    EXPECT_TRUE(equals_ignoring_case("Upgrade", "Upgrade"));
    EXPECT_TRUE(equals_ignoring_case("uPGRADE", "Upgrade"));
    EXPECT_FALSE(equals_ignoring_case("Upgrad", "Upgrade"));
    EXPECT_FALSE(equals_ignoring_case("Upgrade", "Upgrad"));
    EXPECT_FALSE(equals_ignoring_case("Xpgrade", "Upgrade"));
    EXPECT_FALSE(equals_ignoring_case("UpgradX", "Upgrade"));
    EXPECT_FALSE(equals_ignoring_case("a@", "a`"));  // They differ in the bit that letters do.
}

// Section 9.3, and RFC 5789. Methods are told by their case.
TEST(HttpToken, a_method_is_known_in_its_case) {
    for (const char* const method :
         {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}) {
        EXPECT_TRUE(is_known_method(method)) << method;
    }
    for (const char* const method : {"", "get", "GE", "GETS", "FOO", "PROPFIND"}) {
        EXPECT_FALSE(is_known_method(method)) << method;
    }
}

TEST(HttpToken, spaces_and_tabs_around_are_trimmed) {
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

// Section 5.6.1.2.
TEST(HttpToken, a_list_is_read_without_its_empty_elements) {
    EXPECT_EQ(elements_of(""), Texts{});
    EXPECT_EQ(elements_of(", ,\t,"), Texts{});
    EXPECT_EQ(elements_of("foo"), Texts{"foo"});
    EXPECT_EQ(elements_of("foo,bar"), (Texts{"foo", "bar"}));
    EXPECT_EQ(elements_of("foo ,bar,"), (Texts{"foo", "bar"}));
    EXPECT_EQ(elements_of(" foo , ,\tbar,charlie "), (Texts{"foo", "bar", "charlie"}));
    EXPECT_EQ(elements_of("a b, c"), (Texts{"a b", "c"}));
}

TEST(HttpToken, an_element_is_the_last_one_and_the_only_one_of_its_name) {
    EXPECT_TRUE(ends_in_one("chunked", "chunked"));
    EXPECT_TRUE(ends_in_one("gzip, CHUNKED ,", "chunked"));
    EXPECT_FALSE(ends_in_one("", "chunked"));
    EXPECT_FALSE(ends_in_one("gzip", "chunked"));
    EXPECT_FALSE(ends_in_one("chunked, gzip", "chunked"));
    EXPECT_FALSE(ends_in_one("chunked, chunked", "chunked"));
    EXPECT_FALSE(ends_in_one("chunked, gzip, chunked", "chunked"));
}

}  // namespace
}  // namespace edgews
