// Extensions of chunks (RFC 9112, section 7.1.1): which lines of them are well-formed.
#include "core/http/chunk_extensions.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace edgews {
namespace {

// Whether `text` may be all that stands behind a chunk's size.
bool is_line(std::string_view text) {
    ChunkExtensions extensions;
    for (const char c : text) {
        if (!extensions.take(c)) return false;
    }
    return extensions.may_end();
}

TEST(ChunkExtensions, those_of_the_grammar_are_taken) {
    for (const char* line :
         {"", ";a", ";a=b", ";a;b;c", ";a=b;c", ";a=\"\"", ";a=\"b;c=d\"", ";a=\"b\";c=\"d\"",
          ";!#$%&'*+-.^_`|~=9", ";a=\"\t \xC3\xA4\"", R"(;a="\"")", R"(;a="\\")",
          R"(;a="b\";c=\"d")", " ;a", "\t ; \ta", ";a ;b", ";a = b", ";a\t=\t\"b\" ; c"}) {
        EXPECT_TRUE(is_line(line)) << testing::PrintToString(line);
    }
}

TEST(ChunkExtensions, others_are_not) {
    for (const char* line : {" ",           ";",
                             "; ",          ";a;",
                             ";;a",         ";a=",
                             ";a= ",        ";a ",
                             ";a=b ",       ";a=\"b\" ",
                             "a",           " a",
                             ";a b",        ";a=b c",
                             ";a=b=c",      ";=b",
                             ";a=;b",       ";a=\"b",
                             ";a=\"b\"c",   ";a=\"b\"\"c\"",
                             R"(;a="b\")",  ";a=b\"c\"",
                             ";[a]",        ";a=[b]",
                             ";a=\"\x01\"", ";a=\"\\\x7F\"",
                             ";\xC3\xA4",   ";a=\"\r\n\"",
                             ";a=\"\\\r\"", ";a\n",
                             "\n",          "\r",
                             "\v;a"}) {
        EXPECT_FALSE(is_line(line)) << testing::PrintToString(line);
    }
    EXPECT_FALSE(is_line(std::string_view(";a=\"\0\"", 6)));
}

}  // namespace
}  // namespace edgews
