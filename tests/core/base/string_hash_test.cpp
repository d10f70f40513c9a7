#include "core/base/string_hash.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace edgews {
namespace {

// What a client can find in a second for a hash without a key: libstdc++'s takes these for one.
constexpr std::array<std::string_view, 8> colliding{
    R"~(/topic/xbvgBv4Sq@]~-=TD_)~", R"~(/topic/xhmwTJxDzc{d,"x>d)~",
    R"~(/topic/xIpEY9F-m$`(y|gn~)~", R"~(/topic/xxKWCcW9kx9RpmqeC)~",
    R"~(/topic/xXp6fZZ_a72hKc()v)~", R"~(/topic/xBFLcWEIsc{@R?8?Y)~",
    R"~(/topic/xotkWfZUO]T-HdVGP)~", R"~(/topic/xjpu2yNmua7VXG>f;)~",
};

TEST(StringHash, names_that_collide_without_a_key_do_not_collide) {
    std::set<std::size_t> unkeyed;
    std::set<std::size_t> hashes;
    for (const std::string_view name : colliding) {
        unkeyed.insert(std::hash<std::string_view>{}(name));
        hashes.insert(hash_of(name));
        EXPECT_EQ(StringHash{}(name), hash_of(name));
    }
    EXPECT_EQ(hashes.size(), colliding.size());
#ifdef __GLIBCXX__
    EXPECT_EQ(unkeyed.size(), 1U);
#endif
}

TEST(StringHash, a_text_has_one_hash_wherever_it_lies) {
    for (const std::string_view text :
         {"", "a", "/topic/prices", "/topic/prices/of/all/there/is"}) {
        // A block of just its size: what lies behind it is nobody's.
        const auto copy = std::make_unique<char[]>(text.size());
        std::copy(text.begin(), text.end(), copy.get());
        EXPECT_EQ(hash_of({copy.get(), text.size()}), hash_of(text));
        EXPECT_EQ(HashedView(text).hash(), hash_of(text));
        EXPECT_EQ(HashedName(HashedView(text)).hash(), hash_of(text));
    }
    EXPECT_EQ(HashedName().hash(), hash_of(""));
    EXPECT_EQ(HashedView().hash(), hash_of(""));
}

TEST(NameTable, a_name_is_found_by_its_text_and_by_its_hash) {
    NameTable<int> table;
    table[HashedName(HashedView("a"))] = 1;
    table[HashedName(HashedView("b"))] = 2;
    EXPECT_EQ(table.find(HashedView("a"))->second, 1);
    EXPECT_EQ(table.find(std::string_view("b"))->second, 2);
    EXPECT_EQ(table.find(HashedView("c")), table.end());
    EXPECT_EQ(table.find(std::string_view("c")), table.end());
}

// The hash that it was given is the one that counts, when the table grows, too.
TEST(NameTable, a_hash_that_is_known_is_not_computed_again) {
    constexpr std::size_t other_hash = 4711;
    ASSERT_NE(hash_of("0"), other_hash);
    NameTable<int> table;
    for (int i = 0; i < 1000; ++i) {
        table.emplace(HashedView(std::to_string(i), other_hash), i);
    }
    EXPECT_EQ(table.find(HashedView("7", other_hash))->second, 7);
    EXPECT_EQ(table.find(HashedView("7")), table.end());
}

TEST(NameTable, names_of_one_hash_stay_apart) {
    NameViewTable<int> table;
    table.emplace(HashedView("a", 1), 1);
    table.emplace(HashedView("b", 1), 2);
    EXPECT_EQ(table.find(HashedView("a", 1))->second, 1);
    EXPECT_EQ(table.find(HashedView("b", 1))->second, 2);
    EXPECT_EQ(table.erase(HashedView("a", 1)), 1U);
    EXPECT_EQ(table.find(HashedView("a", 1)), table.end());
    EXPECT_EQ(table.size(), 1U);
}

}  // namespace
}  // namespace edgews
