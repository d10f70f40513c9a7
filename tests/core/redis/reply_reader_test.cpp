// What replies say, however they are cut: each type of RESP2 and RESP3. Faults and limits are in
// reply_faults_test.cpp, memory in reply_memory_test.cpp.
#include "tests/support/redis_values.hpp"

#include <gtest/gtest.h>

#include "core/redis/reply_reader.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace edgews::redis {
namespace {

using namespace std::literals;
using test::Pieces;
using Replies = std::vector<std::string>;

// The pool keeps no block, so that a sanitizer sees a view that is used too late.
Replies read(const Pieces& pieces) {
    BufferPool pool(0);
    const ReplyLimits limits;
    ReplyReader reader(limits, pool);
    Replies replies;
    for (const test::ExactBlock& piece : pieces) test::read_redis(reader, piece.bytes(), replies);
    EXPECT_FALSE(reader.is_inside_reply());
    EXPECT_EQ(pool.lent_size(), 0U);
    return replies;
}

void expect_replies(std::string_view text, const Replies& expected) {
    SCOPED_TRACE(text);
    test::for_each_split(test::bytes_of(text),
                         [&](const Pieces& pieces) { EXPECT_EQ(read(pieces), expected); });
}

TEST(RedisReplyReader, simple_strings_and_errors_are_lines) {
    expect_replies("+OK\r\n", {"\"OK\""});
    expect_replies("+\r\n", {"\"\""});
    expect_replies("-ERR unknown command\r\n", {"error \"ERR unknown command\""});
    expect_replies("+a b\xFF\0c\r\n"sv, {"\"a b\xFF\0c\""s});
}

TEST(RedisReplyReader, bulk_strings_and_errors_are_counted_and_may_hold_anything) {
    expect_replies("$5\r\nhello\r\n", {"\"hello\""});
    expect_replies("$0\r\n\r\n", {"\"\""});
    expect_replies("$0005\r\n\r\n\0\r\n\r\n"sv, {"\"\r\n\0\r\n\""s});
    expect_replies("!21\r\nSYNTAX invalid syntax\r\n", {"error \"SYNTAX invalid syntax\""});
}

TEST(RedisReplyReader, verbatim_strings_are_shown_without_their_format) {
    expect_replies("=15\r\ntxt:Some string\r\n", {"\"Some string\""});
    expect_replies("=4\r\nmkd:\r\n", {"\"\""});
}

TEST(RedisReplyReader, integers_have_64_bits_and_a_sign) {
    expect_replies(":0\r\n", {"0"});
    expect_replies(":1000\r\n", {"1000"});
    expect_replies(":+7\r\n", {"7"});
    expect_replies(":-7\r\n", {"-7"});
    expect_replies(":9223372036854775807\r\n:-9223372036854775808\r\n",
                   {"9223372036854775807", "-9223372036854775808"});
}

TEST(RedisReplyReader, all_nulls_are_null) {
    expect_replies("$-1\r\n*-1\r\n_\r\n", {"null", "null", "null"});
}

TEST(RedisReplyReader, booleans_doubles_and_big_numbers) {
    expect_replies("#t\r\n#f\r\n", {"true", "false"});
    expect_replies(",1.23\r\n,10\r\n,-1.5e-10\r\n,+3E8\r\n",
                   {"1.23 (double)", "10 (double)", "-1.5e-10 (double)", "+3E8 (double)"});
    expect_replies(",inf\r\n,-inf\r\n,nan\r\n", {"inf (double)", "-inf (double)", "nan (double)"});
    expect_replies("(3492890328409238509324850943850943825024385\r\n(-0\r\n(+1\r\n",
                   {"3492890328409238509324850943850943825024385 (big)", "-0 (big)", "+1 (big)"});
}

TEST(RedisReplyReader, aggregates_hold_values_of_any_kind) {
    expect_replies("*0\r\n~0\r\n%0\r\n>0\r\n", {"[]", "set[]", "map[]", "push[]"});
    expect_replies("*3\r\n:1\r\n$2\r\n\r\n\r\n$-1\r\n", {"[1, \"\r\n\", null]"});
    expect_replies("~2\r\n+a\r\n#t\r\n", {"set[\"a\", true]"});
    expect_replies("%2\r\n+first\r\n:1\r\n+second\r\n*1\r\n_\r\n",
                   {"map[\"first\": 1, \"second\": [null]]"});
    expect_replies(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n",
                   {"push[\"message\", \"c\", \"hi\"]"});
}

TEST(RedisReplyReader, aggregates_nest) {
    expect_replies("*2\r\n*3\r\n:1\r\n:2\r\n:3\r\n*2\r\n+Hello\r\n-World\r\n",
                   {"[[1, 2, 3], [\"Hello\", error \"World\"]]"});
    expect_replies("*1\r\n*2\r\n*0\r\n*1\r\n*-1\r\n:1\r\n", {"[[[], [null]]]", "1"});
    expect_replies("%1\r\n%1\r\n+a\r\n+b\r\n~1\r\n%0\r\n", {"map[map[\"a\": \"b\"]: set[map[]]]"});
}

TEST(RedisReplyReader, attributes_are_left_out_wherever_they_stand) {
    expect_replies(
        "|1\r\n+key-popularity\r\n%2\r\n$1\r\na\r\n,0.1923\r\n$1\r\nb\r\n,0.0012\r\n"
        "*2\r\n:2039123\r\n:9543892\r\n",
        {"[2039123, 9543892]"});
    expect_replies("*3\r\n:1\r\n:2\r\n|1\r\n+ttl\r\n:3600\r\n:3\r\n", {"[1, 2, 3]"});
    expect_replies("|0\r\n|0\r\n:1\r\n*1\r\n|0\r\n|1\r\n|1\r\n_\r\n_\r\n*0\r\n*1\r\n_\r\n+a\r\n",
                   {"1", "[\"a\"]"});
    expect_replies("|1\r\n+a\r\n*1\r\n*0\r\n>1\r\n+x\r\n", {"push[\"x\"]"});
}

TEST(RedisReplyReader, many_replies_come_at_once_and_are_cut_anywhere) {
    std::string text;
    Replies expected;
    for (int i = 0; i < 20; ++i) {
        const std::string number = std::to_string(i);
        text +=
            ":" + number + "\r\n>3\r\n+message\r\n$3\r\nc\r\n\r\n%1\r\n+n\r\n:" + number + "\r\n";
        expected.push_back(number);
        expected.push_back("push[\"message\", \"c\r\n\", map[\"n\": " + number + "]]");
    }
    expect_replies(text, expected);
}

TEST(RedisReplyReader, knows_whether_a_part_of_a_reply_has_arrived) {
    BufferPool pool(0);
    const ReplyLimits limits;
    ReplyReader reader(limits, pool);
    struct Row {
        std::string_view text;
        bool is_reply;
        bool is_inside;
    };
    const Row rows[] = {{"", false, false},        {"*", false, true},      {"1\r\n", false, true},
                        {"$2\r", false, true},     {"\n", false, true},     {"ab", false, true},
                        {"\r\n", true, false},     {"|0\r\n", false, true}, {":1\r\n", true, false},
                        {":1\r\n:2", true, false}, {"\r\n", true, false},   {"", false, false}};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        const test::Bytes bytes = test::bytes_of(row.text);
        std::span<const std::byte> input = bytes;
        EXPECT_EQ(static_cast<bool>(reader.next(input)), row.is_reply);
        EXPECT_EQ(reader.is_inside_reply(), row.is_inside);
        if (row.is_reply) {
            EXPECT_FALSE(reader.next(input));
        }
    }
}

}  // namespace
}  // namespace edgews::redis
