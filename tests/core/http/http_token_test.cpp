// The characters and words of HTTP, byte by byte (RFC 9110, section 5.6).
#include <gtest/gtest.h>

#include "core/http/http_token.hpp"
#include "tests/support/byte_classes.hpp"

namespace edgews {
namespace {

using test::bytes_that;
using test::range;

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
}

TEST(HttpToken, a_target_has_all_that_is_visible_but_no_fragment) {
    EXPECT_EQ(bytes_that([](char c) { return is_char_of(CharClass::target, c); }),
              "!\"" + range('$', '~'));
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
