// Each rule that a server can break, and each limit: named, and the same however the bytes are cut.
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

Replies read(const Pieces& pieces, const ReplyLimits& limits) {
    BufferPool pool(0);
    ReplyReader reader(limits, pool);
    Replies replies;
    for (const test::ExactBlock& piece : pieces) test::read_redis(reader, piece.bytes(), replies);
    return replies;
}

std::string sentence(Fault fault) {
    return "! " + std::string(describe(fault));
}

// What comes before the fault is shown, and nothing after it.
void expect_fault(std::string_view text, Fault fault, const ReplyLimits& limits = {}) {
    SCOPED_TRACE(text);
    const std::string all = ":7\r\n" + std::string(text) + "\r\n+more\r\n";
    test::for_each_split(test::bytes_of(all), [&](const Pieces& pieces) {
        EXPECT_EQ(read(pieces, limits), (Replies{"7", sentence(fault)}));
    });
}

// And by the last byte of `text`, not before it.
void expect_fault_at_once(std::string_view text, Fault fault, const ReplyLimits& limits = {}) {
    SCOPED_TRACE(text);
    const test::Bytes bytes = test::bytes_of(text);
    EXPECT_EQ(read(test::split_at(bytes, {}), limits), Replies{sentence(fault)});
    const auto all_but_one = std::span(bytes).first(bytes.size() - 1);
    EXPECT_EQ(read(test::split_at(all_but_one, {}), limits), Replies{});
}

struct FaultRow {
    std::string_view text;
    Fault fault;
};

const FaultRow fault_rows[] = {
    {"hello\r\n", Fault::type_unknown},
    {"\r\n", Fault::type_unknown},
    {"\0"sv, Fault::type_unknown},
    {"*1\r\nx\r\n", Fault::type_unknown},
    {"$?\r\n;4\r\nHell\r\n;0\r\n", Fault::type_streamed},
    {"*?\r\n:1\r\n.\r\n", Fault::type_streamed},
    {"%?\r\n.\r\n", Fault::type_streamed},
    {"~?\r\n.\r\n", Fault::type_streamed},
    {";0\r\n", Fault::type_streamed},
    {".\r\n", Fault::type_streamed},
    {"+a\rb\r\n", Fault::line_end_malformed},
    {"+a\r\r\n", Fault::line_end_malformed},
    {"+a\n", Fault::line_end_malformed},
    {"$1\n", Fault::line_end_malformed},
    {"$\r\n", Fault::length_malformed},
    {"$a\r\n", Fault::length_malformed},
    {"$+1\r\na\r\n", Fault::length_malformed},
    {"$-0\r\n", Fault::length_malformed},
    {"$-2\r\n", Fault::length_malformed},
    {"$1 \r\n", Fault::length_malformed},
    {"$1?\r\n", Fault::length_malformed},
    {"!-1\r\n", Fault::length_malformed},
    {"=-1\r\n", Fault::length_malformed},
    {"*1.0\r\n", Fault::length_malformed},
    {"*-2\r\n", Fault::length_malformed},
    {"~-1\r\n", Fault::length_malformed},
    {"%-1\r\n", Fault::length_malformed},
    {">-1\r\n", Fault::length_malformed},
    {"|-1\r\n", Fault::length_malformed},
    {":\r\n", Fault::integer_malformed},
    {":-\r\n", Fault::integer_malformed},
    {":+-1\r\n", Fault::integer_malformed},
    {":1a\r\n", Fault::integer_malformed},
    {": 1\r\n", Fault::integer_malformed},
    {":9223372036854775808\r\n", Fault::integer_malformed},
    {":-9223372036854775809\r\n", Fault::integer_malformed},
    {",\r\n", Fault::double_malformed},
    {",infinity\r\n", Fault::double_malformed},
    {",nan(1)\r\n", Fault::double_malformed},
    {",1e999\r\n", Fault::double_malformed},
    {",1,5\r\n", Fault::double_malformed},
    {",0x1p3\r\n", Fault::double_malformed},
    {",+-1\r\n", Fault::double_malformed},
    {",.5\r\n", Fault::double_malformed},
    {"#\r\n", Fault::boolean_malformed},
    {"#T\r\n", Fault::boolean_malformed},
    {"#true\r\n", Fault::boolean_malformed},
    {"_0\r\n", Fault::null_malformed},
    {"(\r\n", Fault::big_number_malformed},
    {"(-\r\n", Fault::big_number_malformed},
    {"(1.5\r\n", Fault::big_number_malformed},
    {"(1e5\r\n", Fault::big_number_malformed},
    {"=3\r\ntxt\r\n", Fault::verbatim_malformed},
    {"=0\r\n\r\n", Fault::verbatim_malformed},
    {"=5\r\ntext:\r\n", Fault::verbatim_malformed},
    {"$2\r\nabc\r\n", Fault::string_end_missing},
    {"$2\r\nab\n\r\n", Fault::string_end_missing},
    {"$2\r\nab\rc\r\n", Fault::string_end_missing},
    {"!1\r\nE\r\r\n", Fault::string_end_missing},
    {"*1\r\n>1\r\n+a\r\n", Fault::push_inside_reply},
    {"*1\r\n>0\r\n", Fault::push_inside_reply},
    {">1\r\n>1\r\n+a\r\n", Fault::push_inside_reply},
    {"|1\r\n+a\r\n>1\r\n+b\r\n", Fault::push_inside_reply},
};

TEST(RedisReplyReader, a_value_that_breaks_a_rule_names_the_rule) {
    for (const FaultRow& row : fault_rows) expect_fault(row.text, row.fault);
}

TEST(RedisReplyReader, a_fault_is_told_as_soon_as_it_is_there) {
    expect_fault_at_once("h", Fault::type_unknown);
    expect_fault_at_once(".", Fault::type_streamed);
    expect_fault_at_once("*1\r\nh", Fault::type_unknown);
    expect_fault_at_once("+a\n", Fault::line_end_malformed);
    expect_fault_at_once("+a\rb", Fault::line_end_malformed);
    expect_fault_at_once("$x\r\n", Fault::length_malformed);
    expect_fault_at_once("=3\r\n", Fault::verbatim_malformed);
    expect_fault_at_once("=4\r\ntxt;\r\n", Fault::verbatim_malformed);
    expect_fault_at_once("$1\r\na\r\r", Fault::string_end_missing);
    expect_fault_at_once("*1\r\n>1\r\n", Fault::push_inside_reply);
}

TEST(RedisReplyReader, a_reply_larger_than_the_limit_is_a_fault) {
    const std::string reply = "*3\r\n$5\r\nhello\r\n:12\r\n+a\r\n";
    for (std::uint32_t size = 4; size < reply.size(); ++size) {
        SCOPED_TRACE(size);
        expect_fault(reply, Fault::reply_too_big, {.size_max = size});
    }
    const ReplyLimits limits{.size_max = static_cast<std::uint32_t>(reply.size())};
    test::for_each_split(test::bytes_of(reply + reply), [&](const Pieces& pieces) {
        const std::string whole = "[\"hello\", 12, \"a\"]";
        EXPECT_EQ(read(pieces, limits), (Replies{whole, whole}));
    });
}

TEST(RedisReplyReader, a_length_beyond_the_limit_is_a_fault_before_the_text_comes) {
    expect_fault_at_once("$95\r\n", Fault::reply_too_big, {.size_max = 101});
    EXPECT_EQ(read(test::byte_by_byte(test::bytes_of("$95\r\n")), {.size_max = 102}), Replies{});
    for (const std::string length :
         {"4294967290", "4294967295", "4294967296", "18446744073709551615", "18446744073709551616",
          "99999999999999999999999999999999"}) {
        expect_fault_at_once("$" + length + "\r\n", Fault::reply_too_big);
        expect_fault_at_once("=" + length + "\r\n", Fault::reply_too_big, {.size_max = UINT32_MAX});
    }
}

TEST(RedisReplyReader, a_line_beyond_the_limit_is_a_fault_whatever_is_in_it) {
    expect_fault_at_once("+abcd", Fault::reply_too_big, {.size_max = 5});
    // The line's end is within the limit, or it is not.
    expect_fault_at_once("+abc\r", Fault::reply_too_big, {.size_max = 5});
    expect_fault_at_once("+ab\rx", Fault::line_end_malformed, {.size_max = 5});
    expect_fault_at_once("+ab\n", Fault::line_end_malformed, {.size_max = 5});
}

TEST(RedisReplyReader, aggregates_deeper_than_the_limit_are_a_fault) {
    const ReplyLimits limits{.depth_max = 3};
    expect_fault("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", Fault::reply_too_deep, limits);
    expect_fault("*1\r\n%1\r\n~1\r\n:1\r\n*0\r\n", Fault::reply_too_deep, {.depth_max = 2});
    expect_fault("*1\r\n*1\r\n*1\r\n|0\r\n:1\r\n", Fault::reply_too_deep, limits);
    expect_fault("*0\r\n", Fault::reply_too_deep, {.depth_max = 0});
    test::for_each_split(
        test::bytes_of("*2\r\n*1\r\n*1\r\n:1\r\n*1\r\n*0\r\n"),
        [&](const Pieces& pieces) { EXPECT_EQ(read(pieces, limits), Replies{"[[[1]], [[]]]"}); });
}

TEST(RedisReplyReader, more_elements_than_the_limit_are_a_fault) {
    const ReplyLimits limits{.element_count_max = 4};
    expect_fault_at_once("*5\r\n", Fault::reply_has_too_many, limits);
    expect_fault_at_once("%3\r\n", Fault::reply_has_too_many, limits);
    expect_fault_at_once("|3\r\n", Fault::reply_has_too_many, limits);
    expect_fault("*2\r\n*2\r\n:1\r\n:2\r\n*1\r\n:3\r\n", Fault::reply_has_too_many, limits);
    for (const std::string count : {"4294967295", "4294967296", "18446744073709551615",
                                    "9223372036854775808", "99999999999999999999999"}) {
        for (const std::string type : {"*", "~", "%", ">", "|"}) {
            expect_fault_at_once(type + count + "\r\n", Fault::reply_has_too_many);
        }
    }
    test::for_each_split(test::bytes_of("*2\r\n%1\r\n:1\r\n:2\r\n:3\r\n*4\r\n_\r\n_\r\n_\r\n_\r\n"),
                         [&](const Pieces& pieces) {
                             EXPECT_EQ(read(pieces, limits),
                                       (Replies{"[map[1: 2], 3]", "[null, null, null, null]"}));
                         });
}

TEST(RedisReplyReader, limits_may_be_as_large_as_numbers_are) {
    const ReplyLimits limits{UINT32_MAX, UINT32_MAX, UINT32_MAX};
    const std::string text = "*1\r\n+a\r\n*4294967295\r\n*4294967295\r\n";
    test::for_each_split(test::bytes_of(text), [&](const Pieces& pieces) {
        EXPECT_EQ(read(pieces, limits), (Replies{"[\"a\"]", sentence(Fault::reply_has_too_many)}));
    });
    test::for_each_split(test::bytes_of("$4294967280\r\nabc"),
                         [&](const Pieces& pieces) { EXPECT_EQ(read(pieces, limits), Replies{}); });
}

TEST(RedisReplyReader, a_reader_that_failed_discards_and_says_nothing_more) {
    BufferPool pool(0);
    const ReplyLimits limits;
    ReplyReader reader(limits, pool);
    const test::Bytes bytes = test::bytes_of("*2\r\n+a\r\nb\r\n:1\r\n");
    std::span<const std::byte> input = bytes;
    EXPECT_EQ(reader.next(input).fault, Fault::type_unknown);
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(input.empty() || i > 0);
        EXPECT_FALSE(reader.next(input));
        EXPECT_TRUE(input.empty());
        EXPECT_FALSE(reader.is_inside_reply());
        EXPECT_EQ(pool.lent_size(), 0U);
        input = bytes;
    }
}

}  // namespace
}  // namespace edgews::redis
