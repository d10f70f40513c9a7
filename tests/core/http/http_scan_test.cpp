// Where a value ends, eight bytes at a time, is where it ends byte by byte.
#include "tests/support/bytes.hpp"

#include <gtest/gtest.h>

#include "core/http/http_scan.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace edgews {
namespace {

// Of a heap block of exactly that size.
std::size_t value_end(const std::string& text, std::size_t begin, std::size_t end) {
    const test::ExactBlock block(std::as_bytes(std::span(text)));
    return find_value_end(reinterpret_cast<const char*>(block.bytes().data()), begin, end);
}

TEST(HttpScan, each_byte_that_no_value_may_hold_ends_it_wherever_it_stands) {
    for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        const bool may = c == '\t' || (byte >= 0x20 && byte != 0x7F);
        for (std::size_t size = 1; size <= 20; ++size) {
            for (std::size_t at = 0; at < size; ++at) {
                std::string text(size, 'x');
                text[at] = c;
                ASSERT_EQ(value_end(text, 0, size), may ? size : at) << byte << " at " << at;
            }
        }
    }
}

// The bits of a word behind its first control character may say anything.
TEST(HttpScan, the_first_of_several_is_found) {
    const std::string_view bytes("\0\t\x1F !\x7E\x7F\x80\xFF", 9);
    for (const char first : bytes) {
        for (const char second : bytes) {
            for (std::size_t gap = 1; gap < 9; ++gap) {
                for (std::size_t before = 0; before < 9; ++before) {
                    std::string text(before + gap + 9, 'x');
                    text[before] = first;
                    text[before + gap] = second;
                    std::size_t expected = 0;
                    while (expected < text.size() &&
                           is_char_of(CharClass::field_value, text[expected])) {
                        ++expected;
                    }
                    ASSERT_EQ(value_end(text, 0, text.size()), expected);
                }
            }
        }
    }
}

TEST(HttpScan, it_looks_at_nothing_before_and_nothing_behind) {
    std::string text = "\r" + std::string(30, 'x') + "\r";
    for (std::size_t begin = 1; begin < 20; ++begin) {
        for (std::size_t end = begin; end < 31; ++end) {
            ASSERT_EQ(value_end(text, begin, end), end);
            ASSERT_EQ(find_class_end(CharClass::token, text.data(), begin, end), end);
        }
        EXPECT_EQ(value_end(text, begin, 32), 31U);
        EXPECT_EQ(find_class_end(CharClass::token, text.data(), begin, 32), 31U);
    }
    EXPECT_EQ(find_class_end(CharClass::token, "ab,c", 0, 4), 2U);
    EXPECT_EQ(find_class_end(CharClass::target, "ab,c#", 0, 5), 4U);
}

}  // namespace
}  // namespace edgews
