#include "core/redis/topic_history.hpp"

#include <gtest/gtest.h>

#include "core/base/buffer.hpp"
#include "core/redis/reply_reader.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace edgews::redis {
namespace {

using namespace std::literals;

TEST(PlacedMessage, has_its_epoch_and_its_offset_in_front) {
    for (const std::string_view message : {"hello"sv, ""sv, "a:b:c"sv, "\0\r\n"sv}) {
        const std::string payload = "00000000000000ff:17:" + std::string(message);
        const auto placed = parse_placed_message(payload);
        ASSERT_TRUE(placed);
        EXPECT_EQ(placed->epoch, 255U);
        EXPECT_EQ(placed->offset, 17U);
        EXPECT_EQ(placed->message, message);
    }
    const auto last = parse_placed_message("ffffffffffffffff:18446744073709551615:");
    ASSERT_TRUE(last);
    EXPECT_EQ(last->epoch, UINT64_MAX);
    EXPECT_EQ(last->offset, UINT64_MAX);
}

TEST(PlacedMessage, anything_else_is_none) {
    for (const std::string_view payload :
         {""sv, ":"sv, "0000000000000001"sv, "0000000000000001:"sv, "0000000000000001:1"sv,
          "0000000000000001:0:x"sv, "0000000000000001::x"sv, "0000000000000001:-1:x"sv,
          "0000000000000001:+1:x"sv, "0000000000000001:18446744073709551616:x"sv,
          "000000000000001:1:x"sv, "00000000000000001:1:x"sv, "000000000000000g:1:x"sv,
          "0x00000000000001:1:x"sv, "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0:1:x"sv}) {
        EXPECT_FALSE(parse_placed_message(payload)) << payload;
    }
}

// "whole 10:7 a b", "10:7"; "-": it is none.
std::string reading_of(std::string_view text) {
    BufferPool pool;
    const ReplyLimits limits;
    ReplyReader reader(limits, pool);
    auto input = std::as_bytes(std::span(text));
    const Reply reply = reader.next(input);
    EXPECT_EQ(reply.kind, Reply::Kind::whole) << text;
    const auto reading = parse_topic_reading(reply.value);
    if (!reading) return "-";
    std::string out = reading->is_whole ? "whole " : "";
    out += std::to_string(reading->epoch) + ":" + std::to_string(reading->offset);
    for (const Value message : reading->messages) out.append(" ").append(message.text());
    static_cast<void>(reader.next(input));
    return out;
}

constexpr std::string_view place = "$16\r\n000000000000000a\r\n$1\r\n2\r\n";

std::string answer(std::string_view rest) {
    return "*4\r\n" + std::string(place) + std::string(rest);
}

TEST(TopicReading, has_the_messages_behind_a_place) {
    EXPECT_EQ(reading_of(answer(":1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n")), "whole 10:2 a b");
    EXPECT_EQ(reading_of(answer(":0\r\n*1\r\n$1\r\nb\r\n")), "10:2 b");
    EXPECT_EQ(reading_of(answer(":1\r\n*0\r\n")), "whole 10:2");
    EXPECT_EQ(reading_of(answer(":0\r\n*0\r\n")), "10:2");
}

TEST(TopicReading, anything_else_is_none) {
    EXPECT_EQ(reading_of("_\r\n"), "-");
    EXPECT_EQ(reading_of("+OK\r\n"), "-");
    EXPECT_EQ(reading_of("*0\r\n"), "-");
    EXPECT_EQ(reading_of("*2\r\n" + std::string(place)), "-");
    EXPECT_EQ(reading_of(answer("$1\r\n1\r\n*0\r\n")), "-");
    EXPECT_EQ(reading_of(answer(":1\r\n_\r\n")), "-");
    EXPECT_EQ(reading_of(answer(":1\r\n*1\r\n:1\r\n")), "-");
    EXPECT_EQ(reading_of(answer(":1\r\n*3\r\n+a\r\n+b\r\n+c\r\n")), "-");  // More than there were.
    EXPECT_EQ(reading_of("*4\r\n$1\r\na\r\n$1\r\n2\r\n:1\r\n*0\r\n"), "-");
    EXPECT_EQ(reading_of("*4\r\n$16\r\n000000000000000a\r\n$1\r\nx\r\n:1\r\n*0\r\n"), "-");
    EXPECT_EQ(reading_of("*4\r\n$16\r\n000000000000000a\r\n:2\r\n:1\r\n*0\r\n"), "whole 10:2");
}

TEST(TopicHistory, the_servers_run_is_in_what_it_says_of_itself) {
    constexpr std::string_view info =
        "# Server\r\nredis_version:7.0.15\r\nprocess_id:1\r\n"
        "run_id:8f1d6a3f0d3a4a0fa5c7c9a51b5c7a9a0c7e4f11\r\ntcp_port:6379\r\n";
    EXPECT_EQ(run_of(info), "8f1d6a3f0d3a4a0f");
    EXPECT_EQ(run_of("\nrun_id:short"), "short");
    EXPECT_EQ(run_of("\nrun_id:short\nx"), "short");
    EXPECT_EQ(run_of("\nrun_id:\r\n"), "");
    EXPECT_EQ(run_of("\nmaster_run_id:1\r\n"), "");
    EXPECT_EQ(run_of(""), "");
}

// What the script does, a real server shows: tests/interop/topic_history.test.js.
TEST(TopicHistory, the_script_is_text_and_reads_all_its_arguments) {
    const std::string_view script = topic_history_script();
    for (int i = 1; i <= 10; ++i) {
        EXPECT_NE(script.find("ARGV[" + std::to_string(i) + "]"), std::string_view::npos) << i;
    }
}

}  // namespace
}  // namespace edgews::redis
