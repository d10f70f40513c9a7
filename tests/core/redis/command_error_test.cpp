// Which error a text is, and where a slot has gone.
#include "core/redis/command_error.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace edgews::redis {
namespace {

// As servers say them: Redis 7.0.15 and 5.0.
TEST(RedisCommandError, is_told_by_its_first_word) {
    struct Row {
        std::string_view text;
        CommandError error;
    };
    const Row rows[] = {
        {"ERR unknown command 'HELLO', with args beginning with: '3' ",
         CommandError::unknown_command},
        {"ERR unknown command `HELLO`, with args beginning with: `3`, ",
         CommandError::unknown_command},
        {"ERR Unknown command", CommandError::unknown_command},
        {"NOPROTO unsupported protocol version", CommandError::protocol_unsupported},
        {"NOAUTH Authentication required.", CommandError::login_required},
        {"WRONGPASS invalid username-password pair or user is disabled.",
         CommandError::login_refused},
        {"NOPERM this user has no permissions to run the 'publish' command",
         CommandError::not_permitted},
        {"MOVED 16287 127.0.0.1:7814", CommandError::slot_moved},
        {"ASK 16287 127.0.0.1:7814", CommandError::slot_migrating},
        {"CROSSSLOT Keys in request don't hash to the same slot", CommandError::slots_apart},
        {"CLUSTERDOWN Hash slot not served", CommandError::cluster_down},
        {"TRYAGAIN Multiple keys request during rehashing of slot", CommandError::try_again},
        {"READONLY You can't write against a read only replica.", CommandError::read_only},
        {"LOADING Redis is loading the dataset in memory", CommandError::loading},
        {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
         CommandError::primary_down},
        {"BUSY Redis is busy running a script.", CommandError::busy},
        {"OOM command not allowed when used memory > 'maxmemory'.", CommandError::out_of_memory},
        {"NOSCRIPT No matching script.", CommandError::script_unknown},
        {"MOVED", CommandError::slot_moved},
        {"ERR max number of clients reached", CommandError::other},
        {"ERR unknown comman", CommandError::other},
        {"MOVEDTO x", CommandError::other},
        {"moved x", CommandError::other},
        {" MOVED x", CommandError::other},
        {"", CommandError::other},
    };
    for (const Row& row : rows) EXPECT_EQ(classify_error(row.text), row.error) << row.text;
}

TEST(RedisCommandError, a_redirection_names_slot_host_and_port) {
    const auto moved = redirection_of("MOVED 3999 127.0.0.1:6381");
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->slot, 3999);
    EXPECT_EQ(moved->host, "127.0.0.1");
    EXPECT_EQ(moved->port, 6381);
    const auto ask = redirection_of("ASK 16383 redis.example.com:65535");
    ASSERT_TRUE(ask);
    EXPECT_EQ(ask->slot, 16383);
    EXPECT_EQ(ask->host, "redis.example.com");
    EXPECT_EQ(ask->port, 65535);
    // IPv6; a host that is the one that answered; one that the node does not know.
    EXPECT_EQ(redirection_of("MOVED 0 2001:db8::1:6379")->host, "2001:db8::1");
    EXPECT_EQ(redirection_of("MOVED 0 :6379")->host, "");
    EXPECT_EQ(redirection_of("MOVED 0 ?:6379")->host, "?");
}

TEST(RedisCommandError, what_is_no_redirection_names_none) {
    for (const std::string_view text :
         {"", "MOVED", "MOVED ", "MOVED 1", "MOVED 1 ", "MOVED 1 host", "MOVED 1 host:",
          "MOVED 1 host:0", "MOVED 1 host:65536", "MOVED 1 host:x", "MOVED 16384 host:1",
          "MOVED x host:1", "MOVED -1 host:1", "MOVED  host:1", "ERR 1 host:1", "moved 1 host:1"}) {
        EXPECT_FALSE(redirection_of(text)) << text;
    }
}

}  // namespace
}  // namespace edgews::redis
