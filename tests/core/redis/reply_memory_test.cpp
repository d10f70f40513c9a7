// What a ReplyReader takes of the input and of the pool: no copy of a whole reply, no memory on the
// word of a length, nothing while it is idle.
#include "tests/support/allocations.hpp"
#include "tests/support/redis_values.hpp"

#include <gtest/gtest.h>

#include "core/redis/reply_reader.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace edgews::redis {
namespace {

using test::Bytes;

class RedisReplyMemory : public testing::Test {
  protected:
    BufferPool pool_;
    ReplyLimits limits_{};
    ReplyReader reader_{limits_, pool_};
};

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

TEST_F(RedisReplyMemory, a_reply_that_lies_whole_in_the_input_is_shown_where_it_lies) {
    const Bytes bytes = test::bytes_of(">3\r\n+message\r\n$1\r\nc\r\n$5\r\nhello\r\n");
    std::span<const std::byte> input = bytes;
    const Reply reply = reader_.next(input);
    ASSERT_EQ(reply.value.element_count(), 3U);
    for (const Value element : reply.value) EXPECT_TRUE(contains(bytes, bytes_of(element.text())));
    EXPECT_TRUE(input.empty());
}

TEST_F(RedisReplyMemory, of_the_input_a_held_reply_takes_only_what_it_needs) {
    const std::string text = "*2\r\n$3\r\nabc\r\n|1\r\n+k\r\n+v\r\n:1\r\n";
    const Bytes bytes = test::bytes_of(text + "+next\r\n");
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
        SCOPED_TRACE(cut);
        std::span<const std::byte> input = std::span(bytes).first(cut);
        ASSERT_FALSE(reader_.next(input));
        EXPECT_TRUE(reader_.is_inside_reply());
        input = std::span(bytes).subspan(cut);
        Reply reply = reader_.next(input);
        EXPECT_EQ(test::everything(reply), "[\"abc\", 1]");
        EXPECT_EQ(test::text_of(input), "+next\r\n");
        reply = reader_.next(input);
        EXPECT_EQ(test::everything(reply), "\"next\"");
        EXPECT_TRUE(contains(bytes, bytes_of(reply.value.text())));
        EXPECT_FALSE(reader_.next(input));
        EXPECT_EQ(pool_.lent_size(), 0U);
    }
}

TEST_F(RedisReplyMemory, an_idle_reader_has_nothing_on_loan) {
    for (const std::string_view text :
         {"", "+OK\r\n", "*1\r\n:1\r\n|0\r\n_\r\n", "*0\r\n*-1\r\n"}) {
        std::span<const std::byte> input = bytes_of(text);
        while (reader_.next(input)) {
        }
        EXPECT_EQ(pool_.lent_size(), 0U) << text;
    }
}

TEST_F(RedisReplyMemory, grows_with_what_arrived_and_not_with_what_a_length_claims) {
    limits_ = {.size_max = UINT32_MAX, .element_count_max = UINT32_MAX, .depth_max = 16};
    const Bytes head = test::bytes_of("*4000000000\r\n%40000000\r\n$4000000000\r\n");
    std::span<const std::byte> input = head;
    EXPECT_FALSE(reader_.next(input));
    EXPECT_LE(pool_.lent_size(), 2 * 320U);  // The bytes, and the nodes.
    const Bytes piece(1000, std::byte{'x'});
    for (std::size_t arrived = head.size() + 1000; arrived < 1'000'000; arrived += 1000) {
        input = piece;
        EXPECT_FALSE(reader_.next(input));
        ASSERT_LE(pool_.lent_size(), 2 * arrived + 2 * 320);
    }
}

// A block that is there anyhow saves copies.
TEST_F(RedisReplyMemory, a_long_string_moves_to_a_block_that_is_kept_once_some_of_it_has_come) {
    constexpr std::size_t large_size = 256 * 1024;
    static_cast<void>(pool_.take(large_size));
    const Bytes head = test::bytes_of("$250000\r\n");
    const Bytes piece(10'000, std::byte{'x'});
    std::span<const std::byte> input = head;
    EXPECT_FALSE(reader_.next(input));
    input = piece;
    EXPECT_FALSE(reader_.next(input));
    EXPECT_LT(pool_.lent_size(), large_size);
    input = piece;
    EXPECT_FALSE(reader_.next(input));
    EXPECT_GE(pool_.lent_size(), large_size);
    EXPECT_LT(pool_.lent_size(), 2 * large_size);
}

TEST_F(RedisReplyMemory, a_node_takes_sixteen_bytes_for_each_value_that_arrived) {
    limits_.element_count_max = UINT32_MAX;
    const Bytes head = test::bytes_of("*1000000\r\n");
    std::span<const std::byte> input = head;
    EXPECT_FALSE(reader_.next(input));
    const Bytes piece = test::bytes_of("_\r\n_\r\n_\r\n_\r\n");
    for (std::size_t count = 4; count < 100'000; count += 4) {
        input = piece;
        EXPECT_FALSE(reader_.next(input));
        ASSERT_LE(pool_.lent_size(), 2 * (head.size() + 3 * count) + 2 * 16 * (count + 1) + 640);
    }
}

TEST_F(RedisReplyMemory, attributes_keep_no_nodes) {
    std::string text = "*2\r\n";
    for (int i = 0; i < 1000; ++i) text += "|1\r\n:1\r\n:2\r\n";
    std::span<const std::byte> input = bytes_of(text);
    EXPECT_FALSE(reader_.next(input));
    EXPECT_LE(pool_.lent_size(), 2 * text.size() + 2 * 320);
    input = bytes_of(":1\r\n:2\r\n");
    EXPECT_EQ(test::everything(reader_.next(input)), "[1, 2]");
}

TEST_F(RedisReplyMemory, steady_traffic_allocates_nothing) {
    std::string text =
        ">3\r\n+message\r\n$1\r\nc\r\n$3000\r\n" + std::string(3000, 'x') + "\r\n*50\r\n";
    for (int i = 0; i < 50; ++i) text += ":" + std::to_string(i) + "\r\n";
    std::size_t allocation_count = 0;
    for (int round = 0; round < 3; ++round) {
        const std::size_t before = test::allocation_count();
        for (const std::size_t piece_size : {text.size(), std::size_t{700}, std::size_t{1}}) {
            std::size_t reply_count = 0;
            for (std::size_t at = 0; at < text.size(); at += piece_size) {
                std::span<const std::byte> input =
                    bytes_of(text).subspan(at, std::min(piece_size, text.size() - at));
                while (reader_.next(input)) ++reply_count;
            }
            ASSERT_EQ(reply_count, 2U);
        }
        allocation_count = test::allocation_count() - before;
    }
    EXPECT_EQ(allocation_count, 0U);
}

}  // namespace
}  // namespace edgews::redis
