// The command line of the load generator.
#include "bench/load/options.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace load {
namespace {

ParsedOptions parse(std::initializer_list<const char*> words) {
    std::vector<const char*> all{"load"};
    all.insert(all.end(), words);
    return parse_options(static_cast<int>(all.size()), all.data());
}

TEST(LoadOptions, values_follow_their_names_as_words_or_after_an_equals_sign) {
    const auto [options, fault] =
        parse({"rate", "--port", "17", "--connections=3", "--payload", "cjk", "--rate=5",
               "--seconds=0.25", "--path", "/a=b", "--json"});
    EXPECT_EQ(fault, "");
    EXPECT_EQ(options.mode, Mode::rate);
    EXPECT_EQ(options.port, 17);
    EXPECT_EQ(options.connections, 3U);
    EXPECT_EQ(options.payload, Alphabet::cjk);
    EXPECT_EQ(options.rate, 5U);
    EXPECT_EQ(options.seconds, 0.25);
    EXPECT_EQ(options.path, "/a=b");
    EXPECT_TRUE(options.json);
}

TEST(LoadOptions, defaults_depend_on_the_mode) {
    EXPECT_EQ(parse({"echo"}).options.path, "/");
    EXPECT_EQ(parse({"echo"}).options.rate, 0U);
    EXPECT_EQ(parse({"broadcast"}).options.path, "/broadcast");
    EXPECT_EQ(parse({"mixed"}).options.idle, 10'000U);
}

TEST(LoadOptions, without_a_mode_there_is_help) {
    EXPECT_TRUE(parse({}).options.help);
    EXPECT_TRUE(parse({"--help"}).options.help);
    EXPECT_TRUE(parse({"echo", "--help"}).options.help);
}

TEST(LoadOptions, a_fault_names_the_option) {
    struct Row {
        std::vector<const char*> words;
        std::string named;
    };
    const std::vector<Row> rows = {
        {{"dance"}, "dance"},
        {{"echo", "--speed", "3"}, "--speed"},
        {{"echo", "3"}, "3"},
        {{"echo", "--port"}, "--port"},
        {{"echo", "--port", "0"}, "--port"},
        {{"echo", "--port", "65536"}, "--port"},
        {{"echo", "--port", "9001x"}, "--port"},
        {{"echo", "--port="}, "--port"},
        {{"echo", "--connections", "0"}, "--connections"},
        {{"echo", "--connections", "1000000"}, "--connections"},
        {{"echo", "--in-flight", "-1"}, "--in-flight"},
        {{"echo", "--size", "1000000000", "--in-flight", "2"}, "--size"},
        {{"echo", "--payload", "klingon"}, "--payload"},
        {{"echo", "--path", "echo"}, "--path"},
        {{"echo", "--rate", "5"}, "--rate"},
        {{"rate", "--idle", "5"}, "--idle"},
        {{"echo", "--seconds", "0"}, "--seconds"},
        {{"echo", "--seconds", "nan"}, "--seconds"},
        {{"echo", "--json=yes"}, "--json"},
    };
    for (const Row& row : rows) {
        std::vector<const char*> all{"load"};
        all.insert(all.end(), row.words.begin(), row.words.end());
        const ParsedOptions parsed = parse_options(static_cast<int>(all.size()), all.data());
        EXPECT_TRUE(parsed.fault.starts_with(row.named)) << row.named << ": " << parsed.fault;
    }
}

TEST(LoadOptions, help_names_every_mode_and_option) {
    const std::string text = usage();
    for (const char* word : {"echo", "rate", "handshake", "idle", "broadcast", "mixed", "--host",
                             "--port", "--path", "--pid", "--connections", "--in-flight", "--size",
                             "--payload", "--rate", "--idle", "--seconds", "--warm-up", "--json"}) {
        EXPECT_NE(text.find(std::string("  ") + word + " "), std::string::npos) << word;
    }
}

}  // namespace
}  // namespace load
