// Basic credentials (RFC 7617) from user information.
#include "core/http/basic_credentials.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace edgews {
namespace {

TEST(BasicCredentials, user_information_is_decoded_and_encoded) {
    struct Row {
        std::string_view user_info;
        std::string_view credentials;
    };
    const Row rows[] = {
        // RFC 7617, sections 2 and 2.1.
        {"Aladdin:open%20sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        {"test:123%C2%A3", "Basic dGVzdDoxMjPCow=="},
        // Checked with Python's base64.
        {"user", "Basic dXNlcjo="},
        {"user:", "Basic dXNlcjo="},
        {":password", "Basic OnBhc3N3b3Jk"},
        {":", "Basic Og=="},
        {"a:b:c%3Ad", "Basic YTpiOmM6ZA=="},
        {"%61%40%2F:+", "Basic YUAvOis="},
    };
    for (const Row& row : rows) {
        ASSERT_TRUE(is_user_info(row.user_info)) << row.user_info;
        std::string out = "before ";
        append_basic_credentials(out, row.user_info);
        EXPECT_EQ(out, "before " + std::string(row.credentials)) << row.user_info;
    }
}

TEST(BasicCredentials, what_is_no_user_information_is_refused) {
    const std::string_view rows[] = {
        "%",   "a%4", "a:%g0", "%00", "a:b%0D%0A", "a%7F", "a%3Ab:c",  "%3a", "a b",     "a@b",
        "a/b", "a?",  "a#",    "a[",  "a\\b",      "a|b",  "\xC3\xA4", "a\"", "a:b\x01", "a^",
    };
    for (const std::string_view row : rows) EXPECT_FALSE(is_user_info(row)) << row;
    EXPECT_TRUE(is_user_info(""));
    EXPECT_TRUE(is_user_info("AZaz09-._~!$&'()*+,;=:%C3%A4"));
}

}  // namespace
}  // namespace edgews
