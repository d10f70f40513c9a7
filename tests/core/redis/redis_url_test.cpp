// URLs of Redis servers, taken apart.
#include "core/redis/redis_url.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace edgews::redis {
namespace {

// All that a URL says, as text.
std::string everything(const Url& url) {
    if (url.fault != UrlFault::none) return "fault: " + std::string(describe(url.fault));
    const std::string where =
        url.port == 0 ? url.socket_path : url.host + ' ' + std::to_string(url.port);
    return std::string(url.is_secure ? "tls " : "") + '<' + url.user + '|' + url.password + "> " +
           where + " db " + std::to_string(url.database);
}

TEST(RedisUrl, a_url_is_taken_apart) {
    struct Row {
        std::string_view text;
        std::string_view everything;
    };
    const Row rows[] = {
        {"redis://localhost", "<|> localhost 6379 db 0"},
        {"redis://localhost/", "<|> localhost 6379 db 0"},
        {"redis://localhost?", "<|> localhost 6379 db 0"},
        {"redis://localhost:6380", "<|> localhost 6380 db 0"},
        {"redis://localhost:", "<|> localhost 6379 db 0"},
        {"redis://localhost:00065535/15", "<|> localhost 65535 db 15"},
        {"REDIS://Redis.Example.Com/3", "<|> Redis.Example.Com 6379 db 3"},
        {"rediss://a", "tls <|> a 6379 db 0"},
        {"redis://10.0.0.1/2147483647", "<|> 10.0.0.1 6379 db 2147483647"},
        {"redis://[::1]", "<|> ::1 6379 db 0"},
        {"redis://[2001:db8::1]:7000/1", "<|> 2001:db8::1 7000 db 1"},
        {"redis://joe:secret@a", "<joe|secret> a 6379 db 0"},
        {"redis://:secret@a:1/2", "<|secret> a 1 db 2"},
        {"redis://@a", "<|> a 6379 db 0"},
        {"redis://jo%65:p%40%3A%2F%25@a", "<joe|p@:/%> a 6379 db 0"},
        {"redis://joe:a:b@[::1]:1", "<joe|a:b> ::1 1 db 0"},
        {"redis+unix:///run/redis.sock", "<|> /run/redis.sock db 0"},
        {"unix:///run/redis.sock?", "<|> /run/redis.sock db 0"},
        {"unix:///run/a%20b%3Fc?db=7", "<|> /run/a b?c db 7"},
        {"redis+unix://joe:pw@/run/redis.sock?db=1", "<joe|pw> /run/redis.sock db 1"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(everything(parse_url(row.text)), row.everything) << row.text;
}

struct FaultRow {
    std::string text;
    UrlFault fault;
};

const FaultRow fault_rows[] = {
    {"redis://a b", UrlFault::character_forbidden},
    {"redis://a\r\n", UrlFault::character_forbidden},
    {std::string("redis://a\0", 10), UrlFault::character_forbidden},
    {"redis://\xC3\xA4", UrlFault::character_forbidden},
    {"redis://a\x7F", UrlFault::character_forbidden},
    {"", UrlFault::scheme_unsupported},
    {"localhost:6379", UrlFault::scheme_unsupported},
    {"redis:/a", UrlFault::scheme_unsupported},
    {"redis:a", UrlFault::scheme_unsupported},
    {"http://a", UrlFault::scheme_unsupported},
    {"redis://a#b", UrlFault::fragment_present},
    {"redis://a/0#", UrlFault::fragment_present},
    {"redis://u:p%4@a", UrlFault::user_info_malformed},
    {"redis://u:%zz@a", UrlFault::user_info_malformed},
    {"redis://u%00:p@a", UrlFault::user_info_malformed},
    {"redis://u:p@q@a", UrlFault::user_info_malformed},
    {"redis://u[:p@a", UrlFault::user_info_malformed},
    {"redis://secret@a", UrlFault::password_missing},
    {"redis://joe:@a", UrlFault::password_missing},
    {"redis://:@a", UrlFault::password_missing},
    {"redis://", UrlFault::host_missing},
    {"redis:///0", UrlFault::host_missing},
    {"redis://:6379", UrlFault::host_missing},
    {"redis://u:p@", UrlFault::host_missing},
    {"redis://u:p@/0", UrlFault::host_missing},
    {"redis://a\\b", UrlFault::host_malformed},
    {"redis://%61", UrlFault::host_malformed},
    {"redis://[::1", UrlFault::host_malformed},
    {"redis://[]", UrlFault::host_malformed},
    {"redis://[", UrlFault::host_malformed},
    {"redis://[::1]6379", UrlFault::host_malformed},
    {"redis://[127.0.0.1]", UrlFault::host_malformed},
    {"redis://a]", UrlFault::host_malformed},
    {"redis://a:b", UrlFault::port_malformed},
    {"redis://a:0", UrlFault::port_malformed},
    {"redis://a:-1", UrlFault::port_malformed},
    {"redis://a:65536", UrlFault::port_malformed},
    {"redis://a:1:2", UrlFault::port_malformed},
    {"redis://2001:db8::1", UrlFault::port_malformed},
    {"redis://a/x", UrlFault::database_malformed},
    {"redis://a/-1", UrlFault::database_malformed},
    {"redis://a/0/", UrlFault::database_malformed},
    {"redis://a/2147483648", UrlFault::database_malformed},
    {"redis://a/99999999999", UrlFault::database_malformed},
    {"redis://a?db=1", UrlFault::query_unsupported},
    {"redis://a?x", UrlFault::query_unsupported},
    {"redis://a/1?timeout=5", UrlFault::query_unsupported},
    {"unix://host/run/redis.sock", UrlFault::host_unexpected},
    {"unix://u:p@host/run/redis.sock", UrlFault::host_unexpected},
    {"unix://", UrlFault::path_missing},
    {"unix:///", UrlFault::path_missing},
    {"unix:///?db=1", UrlFault::path_missing},
    {"unix:///a%2", UrlFault::path_missing},
    {"unix:///a%00", UrlFault::path_missing},
    {"unix:///a?db=", UrlFault::database_malformed},
    {"unix:///a?db=x", UrlFault::database_malformed},
    {"unix:///a?database=1", UrlFault::query_unsupported},
    {"unix:///a?x", UrlFault::query_unsupported},
};

TEST(RedisUrl, a_url_that_breaks_a_rule_names_the_rule) {
    for (const FaultRow& row : fault_rows) {
        SCOPED_TRACE(row.text);
        const Url url = parse_url(row.text);
        EXPECT_EQ(url.fault, row.fault) << describe(url.fault);
        EXPECT_TRUE(url.host.empty() && url.user.empty() && url.password.empty());
        EXPECT_TRUE(url.socket_path.empty());
        EXPECT_EQ(url.port, 0);
        EXPECT_EQ(url.database, 0U);
        EXPECT_FALSE(url.is_secure);
    }
}

TEST(RedisUrl, each_fault_has_a_sentence_of_its_own) {
    std::set<std::string_view> seen;
    for (int i = 0; i <= static_cast<int>(UrlFault::query_unsupported); ++i) {
        const std::string_view text = describe(static_cast<UrlFault>(i));
        EXPECT_FALSE(text.empty()) << i;
        EXPECT_TRUE(seen.insert(text).second) << "said twice: " << text;
    }
}

}  // namespace
}  // namespace edgews::redis
