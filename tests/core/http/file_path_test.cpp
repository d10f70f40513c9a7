// The files that a request may name, and their types.
#include "core/http/file_path.hpp"
#include "core/http/media_type.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace edgews {
namespace {

TEST(FilePath, is_decoded_once) {
    struct Row {
        std::string_view rest;
        std::string_view path;
    };
    const Row rows[] = {
        {"", ""},
        {"a.txt", "a.txt"},
        {"a/b/c.txt", "a/b/c.txt"},
        {"a/", "a/"},
        {"a/b/", "a/b/"},
        {"a%20b.txt", "a b.txt"},
        {"a+b", "a+b"},
        {"%61", "a"},
        {"%2561", "%61"},
        {"%252e%252e/a", "%2e%2e/a"},
        {"%C3%A9", "\xC3\xA9"},
        {"a..b/c...", "a..b/c..."},
        {"a%0Ab", "a\nb"},
    };
    for (const Row& row : rows) EXPECT_EQ(file_path(row.rest, HiddenFiles::none), row.path);
}

TEST(FilePath, what_leads_elsewhere_names_nothing) {
    for (const std::string_view rest :
         {"/",         "/a",         "a//b",          "a//",       "..",     "../a",
          "a/..",      "a/../b",     "a/../../b",     ".",         "./a",    "a/.",
          "a/./b",     "%2e%2e",     "%2e%2e/a",      "%2E./a",    ".%2e/a", "a/%2e%2e/b",
          "a%2fb",     "a%2F..%2Fb", "..%2f",         "a%5cb",     "a\\b",   "..\\a",
          "%5c..%5ca", "a%00",       "a%00.txt",      "%",         "%2",     "%zz",
          "a/%",       ".hidden",    "a/.git/config", "%2ehidden", "...",    ".well-known/x"}) {
        EXPECT_FALSE(file_path(rest, HiddenFiles::none)) << rest;
    }
    EXPECT_FALSE(file_path(std::string_view("a\0b", 3), HiddenFiles::none));
}

// RFC 8615: it is the root's.
TEST(FilePath, the_well_known_may_be_served) {
    const auto path = [](std::string_view rest) {
        return file_path(rest, HiddenFiles::well_known_only);
    };
    EXPECT_EQ(path(".well-known/acme-challenge/x"), ".well-known/acme-challenge/x");
    EXPECT_EQ(path("%2ewell-known/x"), ".well-known/x");
    EXPECT_EQ(path(".well-known/"), ".well-known/");
    EXPECT_FALSE(path(".well-known/.x"));
    EXPECT_FALSE(path("a/.well-known/x"));
    EXPECT_FALSE(path(".well-knowns"));
    EXPECT_FALSE(path(".git"));
}

TEST(MediaType, is_of_the_last_extension_in_any_case) {
    EXPECT_EQ(extension_of("a/b.tar.gz"), "gz");
    EXPECT_EQ(extension_of("a.b/c"), "");
    EXPECT_EQ(extension_of("a/.b"), "");
    EXPECT_EQ(extension_of("a."), "");
    EXPECT_EQ(media_type_of("html"), "text/html; charset=utf-8");
    EXPECT_EQ(media_type_of("HTML"), "text/html; charset=utf-8");
    EXPECT_EQ(media_type_of("mjs"), "text/javascript; charset=utf-8");
    EXPECT_EQ(media_type_of("svg"), "image/svg+xml");
    EXPECT_EQ(media_type_of("exe"), "");
    EXPECT_EQ(media_type_of(""), "");
}

}  // namespace
}  // namespace edgews
