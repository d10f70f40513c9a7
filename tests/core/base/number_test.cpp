// Numbers, read and written.
#include <gtest/gtest.h>

#include "core/base/number.hpp"

#include <cstdint>
#include <string>

namespace edgews {
namespace {

TEST(Number, a_number_is_digits_alone_and_fits) {
    EXPECT_EQ(parse_number<std::uint32_t>("0"), 0U);
    EXPECT_EQ(parse_number<std::uint32_t>("007"), 7U);
    EXPECT_EQ(parse_number<std::uint32_t>("4294967295"), UINT32_MAX);
    EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"), UINT64_MAX);
    for (const char* const text :
         {"", " ", "-1", "+1", " 1", "1 ", "1.", "0x1", "a", "1a", "4294967296"}) {
        EXPECT_FALSE(parse_number<std::uint32_t>(text)) << text;
    }
    std::string out = "n:";
    append_number(out, 0);
    append_number(out, UINT64_MAX);
    EXPECT_EQ(out, "n:018446744073709551615");
}

TEST(Number, hexadecimal_digits_are_as_few_as_it_takes) {
    std::string out = "n:";
    append_hexadecimal(out, 0);
    append_hexadecimal(out, 0xabcdef);
    append_hexadecimal(out, UINT64_MAX);
    EXPECT_EQ(out, "n:0abcdefffffffffffffffff");
}

}  // namespace
}  // namespace edgews
