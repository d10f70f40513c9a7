// What an upstream broker refused is remembered for a while, and not for ever.
#include "core/stomp/refused_names.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace edgews::stomp::test {
namespace {

TEST(StompRefusedNames, a_name_is_remembered_for_ten_seconds_with_its_reason) {
    RefusedNames names;
    EXPECT_FALSE(names.find("/topic/a", 5));
    names.add({.name = "/topic/a", .reason = "not yours"}, 1'000);
    names.add({.name = "/topic/b", .reason = ""}, 6'000);
    EXPECT_EQ(names.find("/topic/a", 10'999), "not yours");
    EXPECT_FALSE(names.find("/topic/a", 11'000));
    EXPECT_EQ(names.find("/topic/b", 11'000), "");
    EXPECT_FALSE(names.find("/topic/c", 11'000));
    EXPECT_FALSE(names.find("/topic/b", 16'000));
}

TEST(StompRefusedNames, whoever_is_refused_again_waits_no_longer) {
    RefusedNames names;
    names.add({.name = "/topic/a", .reason = "first"}, 0);
    names.add({.name = "/topic/a", .reason = "second"}, 9'000);
    EXPECT_EQ(names.find("/topic/a", 9'999), "first");
    EXPECT_FALSE(names.find("/topic/a", 10'000));
    names.add({.name = "/topic/a", .reason = "third"}, 10'000);
    EXPECT_EQ(names.find("/topic/a", 19'999), "third");
}

// Another loop's clock may be a little behind.
TEST(StompRefusedNames, time_may_be_a_little_earlier_than_before) {
    RefusedNames names;
    names.add({.name = "/topic/a", .reason = "a"}, 1'000);
    names.add({.name = "/topic/b", .reason = "b"}, 999);
    EXPECT_EQ(names.find("/topic/a", 0), "a");
    EXPECT_FALSE(names.find("/topic/b", 11'000));
    EXPECT_FALSE(names.find("/topic/a", 11'000));
}

TEST(StompRefusedNames, the_oldest_are_forgotten_when_there_are_too_many) {
    RefusedNames names;
    const auto name = [](std::size_t i) { return "/topic/" + std::to_string(i); };
    const std::size_t count = RefusedNames::count_max + 10;
    for (std::size_t i = 0; i < count; ++i) names.add({.name = name(i), .reason = name(i)}, 0);
    for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(names.find(name(i), 1).has_value(), i >= 10) << i;
    }
    EXPECT_EQ(names.find(name(count - 1), 1), name(count - 1));
}

TEST(StompRefusedNames, each_asker_has_a_count_of_his_own) {
    RefusedNames names;
    names.add({.name = "/topic/a", .asker = "joe"}, 1'000);
    names.add({.name = "/topic/a", .asker = "ann"}, 2'000);  // It was, already.
    names.add({.name = "/topic/b", .asker = "joe"}, 6'000);
    EXPECT_EQ(names.count("joe", 10'999), 2U);
    EXPECT_EQ(names.count("ann", 10'999), 0U);
    EXPECT_EQ(names.count("joe", 11'000), 1U);
    EXPECT_EQ(names.count("joe", 16'000), 0U);
}

// It may be that long because of the name, which its client chose.
TEST(StompRefusedNames, of_a_long_reason_the_rest_is_not_kept) {
    RefusedNames names;
    const std::string longest(RefusedNames::reason_size_max, 'x');
    names.add({.name = "/topic/a", .reason = longest + 'y'}, 0);
    names.add({.name = "/topic/b", .reason = longest}, 0);
    EXPECT_EQ(names.find("/topic/a", 0), longest);
    EXPECT_EQ(names.find("/topic/b", 0), longest);
}

}  // namespace
}  // namespace edgews::stomp::test
