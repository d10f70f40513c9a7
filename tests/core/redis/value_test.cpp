// What a value says to whoever asks it, and the numbers of RESP.
#include "core/redis/value.hpp"

#include "tests/support/redis_values.hpp"

#include <gtest/gtest.h>

#include "core/redis/reply_reader.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace edgews::redis {
namespace {

class RedisValue : public testing::Test {
  protected:
    Value read(std::string_view text) {
        std::span<const std::byte> input = std::as_bytes(std::span(text));
        return reader_.next(input).value;
    }

  private:
    BufferPool pool_;
    ReplyLimits limits_{};
    ReplyReader reader_{limits_, pool_};
};

TEST_F(RedisValue, one_of_nowhere_is_null) {
    const Value value;
    EXPECT_TRUE(value.is_null());
    EXPECT_EQ(value.kind(), Value::Kind::null);
    EXPECT_EQ(value.text(), "");
    EXPECT_EQ(value.element_count(), 0U);
    EXPECT_TRUE(value.begin() == value.end());
}

TEST_F(RedisValue, tells_its_kind) {
    EXPECT_TRUE(read("$-1\r\n").is_null());
    EXPECT_TRUE(read("$1\r\na\r\n").is_string());
    EXPECT_FALSE(read("-a\r\n").is_string());
    EXPECT_TRUE(read("-a\r\n").is_error());
    EXPECT_FALSE(read("+a\r\n").is_error());
    for (const std::string_view text : {"*0\r\n", "~0\r\n", "%0\r\n", ">0\r\n"}) {
        EXPECT_TRUE(read(text).is_aggregate()) << text;
        EXPECT_EQ(read(text).text(), "");
    }
    for (const std::string_view text : {"_\r\n", "+\r\n", ":1\r\n", "#t\r\n", ",1\r\n", "(1\r\n"}) {
        EXPECT_FALSE(read(text).is_aggregate()) << text;
        EXPECT_EQ(read(text).element_count(), 0U);
    }
}

TEST_F(RedisValue, a_scalar_has_its_text_and_what_that_means) {
    EXPECT_EQ(read(":-12\r\n").integer(), -12);
    EXPECT_EQ(read(":+12\r\n").text(), "+12");
    EXPECT_DOUBLE_EQ(read(",-2.5e3\r\n").number(), -2500);
    EXPECT_EQ(read(",-inf\r\n").number(), -std::numeric_limits<double>::infinity());
    EXPECT_TRUE(std::isnan(read(",nan\r\n").number()));
    EXPECT_TRUE(read("#t\r\n").is_true());
    EXPECT_FALSE(read("#f\r\n").is_true());
    EXPECT_EQ(read("(123\r\n").text(), "123");
}

TEST_F(RedisValue, elements_are_walked_over_what_they_hold) {
    const Value value = read("*4\r\n:1\r\n*2\r\n*1\r\n:2\r\n:3\r\n%1\r\n:4\r\n:5\r\n:6\r\n");
    EXPECT_EQ(value.element_count(), 4U);
    std::string kinds;
    for (const Value element : value) kinds += test::everything(element) + ' ';
    EXPECT_EQ(kinds, "1 [[2], 3] map[4: 5] 6 ");
    EXPECT_TRUE(read(":1\r\n").begin() == read(":1\r\n").end());
    EXPECT_EQ(read("%2\r\n:1\r\n:2\r\n:3\r\n:4\r\n").element_count(), 4U);
}

TEST(RedisNumber, an_integer_is_a_sign_and_digits) {
    EXPECT_EQ(parse_integer("0"), 0);
    EXPECT_EQ(parse_integer("-0"), 0);
    EXPECT_EQ(parse_integer("+007"), 7);
    EXPECT_EQ(parse_integer("-9223372036854775808"), INT64_MIN);
    for (const std::string_view text :
         {"", "+", "-", "--1", "+-1", "-+1", "++1", "1-", " 1", "x", "9223372036854775808"}) {
        EXPECT_EQ(parse_integer(text), std::nullopt) << text;
    }
}

TEST(RedisNumber, a_double_is_a_number_or_inf_or_nan) {
    EXPECT_EQ(parse_double("1"), 1.0);
    EXPECT_EQ(parse_double("+1.25"), 1.25);
    EXPECT_EQ(parse_double("-1e2"), -100.0);
    EXPECT_EQ(parse_double("+inf"), std::numeric_limits<double>::infinity());
    EXPECT_TRUE(parse_double("-nan").has_value());
    for (const std::string_view text : {"", "+", "-", "--1", "+-1", ".5", "e5", "Inf", "infinity",
                                        "nan(a)", "1e400", "1x", "in"}) {
        EXPECT_EQ(parse_double(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace edgews::redis
