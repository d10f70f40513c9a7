// Patterns of request paths: what they match, in which order, and which are refused.
#include "core/http/path_pattern.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {
namespace {

bool matches(std::string_view pattern, std::string_view path) {
    const auto exact = std::make_unique<char[]>(path.size());
    path.copy(exact.get(), path.size());
    PathParameters parameters;
    return PathPattern(std::string(pattern)).match({exact.get(), path.size()}, parameters);
}

TEST(PathPattern, paths_match_or_not) {
    struct Row {
        std::string_view pattern;
        std::string_view path;
        bool matches;
    };
    const Row rows[] = {
        {"/", "/", true},
        {"/", "/a", false},
        {"/", "", false},
        {"/", "//", false},
        {"/chat", "/chat", true},
        {"/chat", "/Chat", false},
        {"/chat", "/chat/", false},
        {"/chat", "/cha", false},
        {"/chat", "/chats", false},
        {"/chat", "chat", false},
        {"/chat/", "/chat/", true},
        {"/chat/", "/chat", false},
        {"/a//b", "/a//b", true},
        {"/a//b", "/a/b", false},
        {"/:x", "/a", true},
        {"/:x", "/", false},
        {"/:x", "/a/", false},
        {"/:x", "/a/b", false},
        {"/:x/", "/a/", true},
        {"/a/:x/c", "/a/b/c", true},
        {"/a/:x/c", "/a//c", false},
        {"/a/:x/c", "/a/b/d", false},
        {"/a/:x/c", "/a/b/c/d", false},
        {"/*", "/", true},
        {"/*", "/a", true},
        {"/*", "/a//b/", true},
        {"/*", "", false},
        {"/a/*", "/a/", true},
        {"/a/*", "/a/b/c", true},
        {"/a/*", "/a", false},
        {"/a/*", "/ab/", false},
        {"/:x/*", "/a/", true},
        {"/:x/*", "//b", false},
        // Escapes are decoded to compare, after the path was cut.
        {"/chat", "/%63h%61t", true},
        {"/chat", "/%63h%61x", false},
        {"/chat", "/%63ha", false},
        {"/chat", "/%63hatt", false},
        {"/a b", "/a%20b", true},
        {"/a+b", "/a+b", true},
        {"/a b", "/a+b", false},
        {"/\xC3\xA4", "/%c3%a4", true},
        {"/a/b", "/a%2Fb", false},
        {"/:x", "/a%2Fb", true},
        {"/100%", "/100%25", true},
        {"/a", "/a%20", false},
        {"/a%20", "/a%20", false},  // A pattern is plain text, not encoded.
        // A bad escape anywhere matches nothing.
        {"/:x", "/%", false},
        {"/:x", "/%2", false},
        {"/:x", "/%zz", false},
        {"/*", "/a/%00", false},
        {"/..", "/..", true},
        {"/a", "/b/../a", false},
        // A colon or text within a segment is text.
        {"/a:b", "/a:b", true},
        {"/a:b", "/ax", false},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(matches(row.pattern, row.path), row.matches) << row.pattern << " " << row.path;
    }
}

TEST(PathPattern, parameters_are_decoded_on_access) {
    const PathPattern pattern("/chat/:room/:user_2/*");
    ASSERT_EQ(pattern.fault(), PatternFault::none);
    PathParameters parameters;
    EXPECT_EQ(parameters.get("room"), std::nullopt);
    ASSERT_TRUE(pattern.match("/chat/the%20den/a%2Fb+c/x/%79/", parameters));
    EXPECT_EQ(parameters.count(), 3u);
    EXPECT_EQ(parameters.get("room"), "the den");
    EXPECT_EQ(parameters.raw("room"), "the%20den");
    EXPECT_EQ(parameters.get("user_2"), "a/b+c");
    EXPECT_EQ(parameters.get("*"), "x/y/");
    EXPECT_EQ(parameters.raw("*"), "x/%79/");
    EXPECT_EQ(parameters.get("chat"), std::nullopt);
    EXPECT_EQ(parameters.get("Room"), std::nullopt);
    EXPECT_EQ(parameters.get(""), std::nullopt);
    ASSERT_TRUE(pattern.match("/chat/a/b/", parameters));
    EXPECT_EQ(parameters.get("*"), "");
}

TEST(PathPattern, a_failed_match_leaves_no_parameter_to_misread) {
    const PathPattern pattern("/:a/:b/c");
    PathParameters parameters;
    ASSERT_TRUE(pattern.match("/long-name/other-name/c", parameters));
    ASSERT_FALSE(pattern.match("/x", parameters));
    EXPECT_EQ(parameters.get("a"), std::nullopt);
    EXPECT_EQ(parameters.get("b"), std::nullopt);
}

TEST(PathPattern, rebase_moves_the_parameters_with_the_path) {
    const PathPattern pattern("/:a/*");
    std::string old_place = "/one/two";
    PathParameters parameters;
    ASSERT_TRUE(pattern.match(old_place, parameters));
    const std::string new_place = old_place;
    parameters.rebase(new_place);
    old_place.assign(old_place.size(), '#');
    EXPECT_EQ(parameters.get("a"), "one");
    EXPECT_EQ(parameters.get("*"), "two");
}

TEST(PathPattern, a_pattern_that_breaks_a_rule_names_the_rule) {
    std::string sixteen;
    for (int i = 0; i < 16; ++i) sixteen += "/:p" + std::to_string(i);
    struct Row {
        std::string pattern;
        PatternFault fault;
    };
    const Row rows[] = {
        {"", PatternFault::slash_missing},
        {"chat", PatternFault::slash_missing},
        {"*", PatternFault::slash_missing},
        {":x", PatternFault::slash_missing},
        {"/*/a", PatternFault::star_not_last},
        {"/*/", PatternFault::star_not_last},
        {"/a*", PatternFault::star_not_last},
        {"/**", PatternFault::star_not_last},
        {"/:x*", PatternFault::star_not_last},
        {"/:", PatternFault::name_malformed},
        {"/:/a", PatternFault::name_malformed},
        {"/:a-b", PatternFault::name_malformed},
        {"/::a", PatternFault::name_malformed},
        {"/:\xC3\xA4", PatternFault::name_malformed},
        {"/:a/:b/:a", PatternFault::name_repeated},
        {"/a?b", PatternFault::query_in_pattern},
        {"/a#b", PatternFault::query_in_pattern},
        {sixteen, PatternFault::none},
        {sixteen + "/:q", PatternFault::too_many_parameters},
        {sixteen + "/*", PatternFault::too_many_parameters},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.pattern);
        const PathPattern pattern(row.pattern);
        EXPECT_EQ(pattern.fault(), row.fault);
        EXPECT_EQ(pattern.text(), row.pattern);
        EXPECT_FALSE(describe(row.fault).empty());
        if (row.fault != PatternFault::none) {
            PathParameters parameters;
            EXPECT_FALSE(pattern.match(row.pattern, parameters));
        }
    }
}

TEST(PathPattern, sixteen_parameters_are_all_kept) {
    std::string text;
    std::string path;
    for (int i = 0; i < 15; ++i) {
        text += "/:p" + std::to_string(i);
        path += "/v" + std::to_string(i);
    }
    path += "/r/s";
    const PathPattern pattern(text + "/*");
    PathParameters parameters;
    ASSERT_TRUE(pattern.match(path, parameters));
    EXPECT_EQ(parameters.count(), path_parameter_count_max);
    EXPECT_EQ(parameters.get("p0"), "v0");
    EXPECT_EQ(parameters.get("p14"), "v14");
    EXPECT_EQ(parameters.get("*"), "r/s");
}

TEST(PathPattern, the_more_specific_comes_first) {
    const std::vector<std::string> in_order = {"/a/b",   "/a/:x", "/a/*", "/:x/b",
                                               "/:x/:y", "/:x/*", "/*"};
    for (std::size_t i = 0; i < in_order.size(); ++i) {
        for (std::size_t j = 0; j < in_order.size(); ++j) {
            EXPECT_EQ(PathPattern(in_order[i]).is_more_specific_than(PathPattern(in_order[j])),
                      i < j)
                << in_order[i] << " " << in_order[j];
        }
    }
    EXPECT_TRUE(PathPattern("/").is_more_specific_than(PathPattern("/*")));
}

TEST(PathPattern, patterns_that_match_the_same_paths_are_the_same) {
    const auto same = [](const char* a, const char* b) {
        return PathPattern(a).is_same_as(PathPattern(b));
    };
    EXPECT_TRUE(same("/a/:x/*", "/a/:y/*"));
    EXPECT_TRUE(same("/", "/"));
    EXPECT_FALSE(same("/a", "/b"));
    EXPECT_FALSE(same("/a", "/a/"));
    EXPECT_FALSE(same("/:x", "/*"));
    EXPECT_FALSE(same("/:a", "/a"));
    EXPECT_FALSE(same("/a/*", "/a"));
}

}  // namespace
}  // namespace edgews
