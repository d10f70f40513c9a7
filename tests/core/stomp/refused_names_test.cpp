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
    names.add("/topic/a", "not yours", 1'000);
    names.add("/topic/b", "", 6'000);
    EXPECT_EQ(names.find("/topic/a", 10'999), "not yours");
    EXPECT_EQ(names.count(10'999), 2U);
    EXPECT_EQ(names.count(11'000), 1U);
    EXPECT_FALSE(names.find("/topic/a", 11'000));
    EXPECT_EQ(names.find("/topic/b", 11'000), "");
    EXPECT_FALSE(names.find("/topic/c", 11'000));
    EXPECT_FALSE(names.find("/topic/b", 16'000));
}

TEST(StompRefusedNames, whoever_is_refused_again_waits_no_longer) {
    RefusedNames names;
    names.add("/topic/a", "first", 0);
    names.add("/topic/a", "second", 9'000);
    EXPECT_EQ(names.find("/topic/a", 9'999), "first");
    EXPECT_FALSE(names.find("/topic/a", 10'000));
    names.add("/topic/a", "third", 10'000);
    EXPECT_EQ(names.find("/topic/a", 19'999), "third");
}

// Another loop's clock may be a little behind.
TEST(StompRefusedNames, time_may_be_a_little_earlier_than_before) {
    RefusedNames names;
    names.add("/topic/a", "a", 1'000);
    names.add("/topic/b", "b", 999);
    EXPECT_EQ(names.find("/topic/a", 0), "a");
    EXPECT_FALSE(names.find("/topic/b", 11'000));
    EXPECT_FALSE(names.find("/topic/a", 11'000));
}

TEST(StompRefusedNames, the_oldest_are_forgotten_when_there_are_too_many) {
    RefusedNames names;
    const auto name = [](std::size_t i) { return "/topic/" + std::to_string(i); };
    const std::size_t count = RefusedNames::count_max + 10;
    for (std::size_t i = 0; i < count; ++i) names.add(name(i), name(i), 0);
    for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(names.find(name(i), 1).has_value(), i >= 10) << i;
    }
    EXPECT_EQ(names.find(name(count - 1), 1), name(count - 1));
}

TEST(StompRefusedNames, a_long_reason_is_not_kept) {
    RefusedNames names;
    names.add("/topic/a", std::string(RefusedNames::reason_size_max + 1, 'x'), 0);
    names.add("/topic/b", std::string(RefusedNames::reason_size_max, 'x'), 0);
    EXPECT_FALSE(names.find("/topic/a", 0));
    EXPECT_TRUE(names.find("/topic/b", 0));
}

}  // namespace
}  // namespace edgews::stomp::test
