// Commands as bytes.
#include "core/redis/command_writer.hpp"

#include "tests/support/allocations.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace edgews::redis {
namespace {

using namespace std::literals;

TEST(RedisCommandWriter, a_command_is_an_array_of_bulk_strings) {
    std::string out = "before ";
    append_command(out, {"SET", "key", ""});
    EXPECT_EQ(out, "before *3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$0\r\n\r\n");
}

TEST(RedisCommandWriter, an_argument_may_hold_anything) {
    std::string out;
    append_command(out, {"PING", "\r\n\0*1\r\n"sv});
    EXPECT_EQ(out, "*2\r\n$4\r\nPING\r\n$7\r\n\r\n\0*1\r\n\r\n"sv);
}

TEST(RedisCommandWriter, a_command_may_be_written_in_steps_and_an_argument_in_pieces) {
    const std::string long_piece(1000, 'x');
    std::string out;
    append_command_head(out, 3);
    append_argument(out, "PUBLISH");
    append_argument(out, std::array<std::string_view, 3>{"a", "", "b"});
    append_argument(out, std::array<std::string_view, 2>{long_piece, "y"});
    EXPECT_EQ(out, "*3\r\n$7\r\nPUBLISH\r\n$2\r\nab\r\n$1001\r\n" + long_piece + "y\r\n");
    out.clear();
    append_argument(out, std::span<const std::string_view>{});
    EXPECT_EQ(out, "$0\r\n\r\n");
}

TEST(RedisCommandWriter, nothing_is_allocated_where_there_is_room) {
    std::string out;
    out.reserve(4096);
    const std::string argument(1000, 'x');
    const std::size_t before = test::allocation_count();
    append_command(out, {"PUBLISH", "channel", argument});
    EXPECT_EQ(test::allocation_count(), before);
}

TEST(RedisCommandWriter, and_one_block_where_there_is_none) {
    std::string out;
    const std::string argument(1000, 'x');
    const std::size_t before = test::allocation_count();
    append_command(out, {"PUBLISH", "a channel with a name", argument});
    EXPECT_EQ(test::allocation_count(), before + 1);
}

}  // namespace
}  // namespace edgews::redis
