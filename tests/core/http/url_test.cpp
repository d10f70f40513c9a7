// Authorities, origins, percent-encoding and queries (RFC 3986).
#include "core/http/url.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace edgews {
namespace {

TEST(Url, an_authority_is_a_host_and_perhaps_a_port) {
    struct Row {
        std::string_view text;
        std::string_view host;
        std::string_view port;
    };
    const Row rows[] = {
        {"example.com", "example.com", ""},
        {"example.com:9001", "example.com", "9001"},
        {"example.com:", "example.com", ""},
        {"127.0.0.1:65535", "127.0.0.1", "65535"},
        {"a:0", "a", "0"},
        {"[::1]", "[::1]", ""},
        {"[2001:db8::1.2.3.4]:80", "[2001:db8::1.2.3.4]", "80"},
        {"under_score-dash.~!$&'()*+,;=", "under_score-dash.~!$&'()*+,;=", ""},
        {"%C3%A4.example", "%C3%A4.example", ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        const Authority authority = parse_authority(row.text);
        ASSERT_TRUE(authority.is_valid);
        EXPECT_EQ(authority.host, row.host);
        EXPECT_EQ(authority.port, row.port);
        EXPECT_EQ(host_of(row.text), row.host);
    }
}

TEST(Url, what_is_no_authority_is_refused) {
    const std::string_view rows[] = {
        "",
        ":80",
        "a:65536",
        "a:99999999999999999999",
        "a:8o",
        "a:80:80",
        "a:-1",
        "a/",
        "a b",
        "u@a",
        "a%",
        "a%0",
        "a%00",
        "a%zz",
        "a\\",
        "a\"",
        "[::1",
        "[]",
        "[:",
        "[::1]80",
        "[g]",
        "[::1]]",
        "::1",
        "a?",
        "a#",
        "a\x80",
        "[fe80::1%25eth0]",
        "a:+80",
        " a",
        "a<",
    };
    for (const std::string_view row : rows) EXPECT_FALSE(parse_authority(row).is_valid) << row;
}

TEST(Url, a_port_that_is_not_written_is_the_default_given) {
    EXPECT_EQ(port_or(parse_authority("a"), 80), 80);
    EXPECT_EQ(port_or(parse_authority("a:"), 443), 443);
    EXPECT_EQ(port_or(parse_authority("a:0"), 443), 0);
    EXPECT_EQ(port_or(parse_authority("a:65535"), 443), 65535);
    EXPECT_EQ(port_or(parse_authority("a:00081"), 443), 81);
}

TEST(Url, an_origin_is_a_scheme_a_host_and_a_port) {
    struct Row {
        std::string_view text;
        bool is_secure;
        std::string_view host;
        int port;
    };
    const Row rows[] = {
        {"http://a.example", false, "a.example", 80},
        {"https://a.example", true, "a.example", 443},
        {"HTTPS://A.example:8443", true, "A.example", 8443},
        {"http://[::1]:9001", false, "[::1]", 9001},
        {"ws://a.example:9001", false, "a.example", 9001},
        {"WSS://a.example", true, "a.example", 443},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        const Origin origin = parse_origin(row.text);
        ASSERT_TRUE(origin.is_valid);
        EXPECT_EQ(origin.is_secure, row.is_secure);
        EXPECT_EQ(origin.host, row.host);
        EXPECT_EQ(origin.port, row.port);
    }
    const std::string_view others[] = {
        "",
        "null",
        "a.example",
        "http:/a",
        "http://",
        "://a",
        "http://a/",
        "http://u@a",
        "file:///etc/passwd",
        "ftp://a",
        "http://a http://b",
        "xhttp://a",
    };
    for (const std::string_view text : others) EXPECT_FALSE(parse_origin(text).is_valid) << text;
}

TEST(Url, escapes_are_decoded) {
    struct Row {
        std::string_view text;
        std::optional<std::string> decoded;
    };
    const Row rows[] = {
        {"", ""},
        {"plain+text", "plain+text"},
        {"%20", " "},
        {"a%2fB%2F", "a/B/"},
        {"%e2%82%AC", "\xE2\x82\xAC"},
        {"%25%32%35", "%25"},  // Decoded once, not twice.
        {"%FF%0d%0A", "\xFF\r\n"},
        {"%01", "\x01"},
        {"%10", "\x10"},
        {"%", std::nullopt},
        {"%2", std::nullopt},
        {"ok%", std::nullopt},
        {"%g0", std::nullopt},
        {"%0g", std::nullopt},
        {"%%20", std::nullopt},
        {"%+1", std::nullopt},
        {"%00", std::nullopt},
        {"a%00b", std::nullopt},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        std::string out = "before ";
        EXPECT_EQ(percent_decode(row.text, out), row.decoded.has_value());
        EXPECT_EQ(out, "before " + row.decoded.value_or(""));
        EXPECT_EQ(is_percent_encoded(row.text), row.decoded.has_value());
    }
}

TEST(Url, an_escape_that_is_cut_is_none_whatever_lies_behind) {
    const std::string_view whole = "/%41/";
    for (const std::size_t size : {2UL, 3UL}) {
        SCOPED_TRACE(size);
        EXPECT_FALSE(is_percent_encoded(whole.substr(0, size)));
        EXPECT_EQ(decode_char(whole.substr(1, size - 1)).size, 0U);
    }
    EXPECT_TRUE(is_percent_encoded(whole.substr(0, 4)));
}

TEST(Url, every_byte_but_nul_has_an_escape) {
    for (int byte = 0; byte < 256; ++byte) {
        const char* const digits = "0123456789ABCDEF";
        const std::string text{'%', digits[byte / 16], digits[byte % 16]};
        std::string out;
        EXPECT_EQ(percent_decode(text, out), byte != 0) << text;
        if (byte != 0) {
            EXPECT_EQ(out, std::string(1, static_cast<char>(byte))) << text;
        }
    }
}

TEST(Url, a_query_is_looked_up_by_name) {
    struct Row {
        std::string_view query;
        std::string_view name;
        std::optional<std::string> value;
    };
    const Row rows[] = {
        {"a=1&b=2", "a", "1"},
        {"a=1&b=2", "b", "2"},
        {"a=1&b=2", "c", std::nullopt},
        {"a=1&a=2", "a", "1"},
        {"A=1", "a", std::nullopt},
        {"ab=1", "a", std::nullopt},
        {"a=1", "ab", std::nullopt},
        {"a", "a", ""},
        {"a=", "a", ""},
        {"a=b=c", "a", "b=c"},
        {"x&a=two+words%21", "a", "two words!"},
        {"two+words=1", "two words", "1"},
        {"%61=1", "a", "1"},
        {"a%2Bb=1%2B1", "a+b", "1+1"},
        {"a=1%262&b=3", "a", "1&2"},
        {"a=%zz&a=2", "a", "2"},
        {"a=%00", "a", std::nullopt},
        {"a%=1", "a%", std::nullopt},
        {"&&a=1&", "a", "1"},
        {"=1", "", "1"},
        {"", "", std::nullopt},
        {"&", "", std::nullopt},
        {"", "a", std::nullopt},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.query) + " for " + std::string(row.name));
        EXPECT_EQ(query_value(row.query, row.name), row.value);
    }
}

}  // namespace
}  // namespace edgews
