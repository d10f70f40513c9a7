// Sessions as Redis 7.0.15 led them: what it sent is repeated here byte for byte, and what it
// answered is what the session writes.
#include "tests/support/redis_session.hpp"

#include <gtest/gtest.h>

#include "core/redis/session.hpp"

#include <array>
#include <string>
#include <string_view>

namespace edgews::redis {
namespace {

using namespace std::literals;
using test::RedisConversation;
using Events = RedisConversation::Events;
using Names = std::array<std::string_view, 1>;

constexpr std::size_t piece_sizes[] = {SIZE_MAX, 1, 2, 3, 7, 16};

std::uint64_t subscribe(Session& session, std::initializer_list<std::string_view> channels,
                        Scope scope = Scope::cluster) {
    return session.subscribe(std::span(channels.begin(), channels.size()), scope);
}

std::uint64_t command(Session& session, std::initializer_list<std::string_view> arguments) {
    return session.command(std::span(arguments.begin(), arguments.size()));
}

constexpr std::string_view hello =
    "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n$2"
    "\r\nid\r\n:4\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\n"
    "modules\r\n*0\r\n";

TEST(RedisRecorded, a_session_in_RESP3_with_a_password_and_a_database) {
    for (const std::size_t piece_size : piece_sizes) {
        SCOPED_TRACE(piece_size);
        RedisConversation talk(piece_size);
        Session& session = talk.session();
        session.begin({.password = "secret", .database = 2});
        EXPECT_EQ(
            talk.sent(),
            "*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$6\r\nsecret\r\n");
        EXPECT_EQ(talk.hear(hello), Events{});
        EXPECT_EQ(talk.sent(), "*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n");
        EXPECT_EQ(talk.hear("+OK\r\n"), Events{"ready"});

        EXPECT_EQ(subscribe(session, {"news", "sport"}), 1U);
        EXPECT_EQ(talk.sent(), "*3\r\n$9\r\nSUBSCRIBE\r\n$4\r\nnews\r\n$5\r\nsport\r\n");
        EXPECT_EQ(talk.hear(">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n>3\r\n$9\r\nsubscribe\r\n"
                            "$5\r\nsport\r\n:2\r\n"),
                  (Events{"subscribed news by 1", "subscribed sport by 1"}));

        EXPECT_TRUE(session.may_publish_here());
        EXPECT_EQ(session.publish("news", "hello\r\nworld", Scope::cluster), 2U);
        session.ping();
        EXPECT_EQ(session.publish("nobody", "x", Scope::cluster), 3U);
        EXPECT_EQ(
            talk.sent(),
            "*3\r\n$7\r\nPUBLISH\r\n$4\r\nnews\r\n$12\r\nhello\r\nworld\r\n*1\r\n$4\r\nPING\r\n"
            "*3\r\n$7\r\nPUBLISH\r\n$6\r\nnobody\r\n$1\r\nx\r\n");
        EXPECT_EQ(talk.hear(">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$12\r\nhello\r\nworld\r\n:1\r\n"
                            "+PONG\r\n:0\r\n"),
                  (Events{"message news: hello\r\nworld", "reply 2: 1", "pong", "reply 3: 0"}));
        EXPECT_EQ(talk.hear(">3\r\n$7\r\nmessage\r\n$5\r\nsport\r\n$4\r\ngoal\r\n"),
                  Events{"message sport: goal"});

        EXPECT_EQ(session.unsubscribe(Names{"news"}, Scope::cluster), 4U);
        EXPECT_EQ(talk.sent(), "*2\r\n$11\r\nUNSUBSCRIBE\r\n$4\r\nnews\r\n");
        EXPECT_EQ(talk.hear(">3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:1\r\n"),
                  Events{"unsubscribed news by 4"});

        EXPECT_EQ(command(session, {"NOSUCH", "x"}), 5U);
        EXPECT_EQ(talk.sent(), "*2\r\n$6\r\nNOSUCH\r\n$1\r\nx\r\n");
        EXPECT_EQ(
            talk.hear("-ERR unknown command 'NOSUCH', with args beginning with: 'x' \r\n"),
            Events{
                "reply 5: error \"ERR unknown command 'NOSUCH', with args beginning with: 'x' \""});
        EXPECT_EQ(session.pending_count(), 0U);
    }
}

// HSET, HGETALL, GET, ZADD, ZSCORE, BLPOP, SMEMBERS; then DEBUG PROTOCOL of each type, a script
// that fails, one that returns a map, one that nests, LOLWUT.
TEST(RedisRecorded, the_types_of_RESP3) {
    struct Row {
        std::string_view bytes;
        std::string_view value;
    };
    const Row rows[] = {
        {":1\r\n", "1"},
        {"%1\r\n$1\r\nf\r\n$1\r\nv\r\n", "map[\"f\": \"v\"]"},
        {"_\r\n", "null"},
        {":1\r\n", "1"},
        {",1.5\r\n", "1.5 (double)"},
        {"_\r\n", "null"},
        {"~0\r\n", "set[]"},
        {"$11\r\nHello World\r\n", "\"Hello World\""},
        {":12345\r\n", "12345"},
        {",3.141\r\n", "3.141 (double)"},
        {"_\r\n", "null"},
        {"*3\r\n:0\r\n:1\r\n:2\r\n", "[0, 1, 2]"},
        {"~3\r\n:0\r\n:1\r\n:2\r\n", "set[0, 1, 2]"},
        {"%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n", "map[0: false, 1: true, 2: false]"},
        {"|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\nSome real reply "
         "following the attribute\r\n",
         "\"Some real reply following the attribute\""},
        {">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\nSome real reply following the push reply"
         "\r\n",
         "\"Some real reply following the push reply\""},
        {"=29\r\ntxt:This is a verbatim\nstring\r\n", "\"This is a verbatim\nstring\""},
        {"#t\r\n", "true"},
        {"#f\r\n", "false"},
        {"(1234567999999999999999999999999999999\r\n",
         "1234567999999999999999999999999999999 (big)"},
        {"-MY error\r\n", "error \"MY error\""},
        {"%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n#f\r\n", "map[\"a\": 1, \"b\": false]"},
        {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*0\r\n", "[[[[[[]]]]]]"},
        {"=22\r\ntxt:Redis ver. 7.0.15\n\r\n", "\"Redis ver. 7.0.15\n\""},
    };
    for (const std::size_t piece_size : piece_sizes) {
        SCOPED_TRACE(piece_size);
        RedisConversation talk(piece_size);
        talk.log_in_with_resp3();
        std::string bytes;
        Events expected;
        for (const Row& row : rows) {
            const std::uint64_t number = command(talk.session(), {"ANY"});
            bytes += row.bytes;
            expected.push_back("reply " + std::to_string(number) + ": " + std::string(row.value));
        }
        EXPECT_EQ(talk.hear(bytes), expected);
        EXPECT_EQ(talk.pool().lent_size(), 0U);
    }
}

TEST(RedisRecorded, what_is_pushed_for_other_reasons_is_ignored) {
    RedisConversation talk;
    talk.log_in_with_resp3();
    command(talk.session(), {"GET", "k"});
    command(talk.session(), {"SET", "k", "1"});
    // CLIENT TRACKING is on.
    EXPECT_EQ(talk.hear("_\r\n+OK\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"),
              (Events{"reply 1: null", "reply 2: \"OK\""}));
}

TEST(RedisRecorded, logins_that_are_refused) {
    struct Row {
        Login login;
        std::string_view answer;
        CommandError error;
    };
    const Row rows[] = {
        {{},
         "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
         "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
         "protocol version at the same time",
         CommandError::login_required},
        {{.password = "wrong"},
         "WRONGPASS invalid username-password pair or user is disabled.",
         CommandError::login_refused},
        {{}, "ERR max number of clients reached", CommandError::other},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.answer);
        BufferPool pool(0);
        const ReplyLimits limits;
        Session session(limits, pool);
        session.begin(row.login);
        const std::string bytes = '-' + std::string(row.answer) + "\r\n";
        std::span<const std::byte> input = std::as_bytes(std::span(bytes));
        const Event event = session.next(input);
        EXPECT_EQ(event.kind, Event::Kind::refused);
        EXPECT_EQ(event.error, row.error);
        EXPECT_EQ(event.value.text(), row.answer);
        EXPECT_TRUE(session.is_over());
    }
}

TEST(RedisRecorded, a_user_who_may_not_do_all) {
    for (const std::size_t piece_size : piece_sizes) {
        SCOPED_TRACE(piece_size);
        RedisConversation talk(piece_size);
        Session& session = talk.session();
        session.begin({.user = "joe", .password = "pw"});
        EXPECT_EQ(talk.sent(),
                  "*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\njoe\r\n$2\r\npw\r\n");
        EXPECT_EQ(talk.hear(hello), Events{"ready"});
        subscribe(session, {"ok:1", "no:1"});
        subscribe(session, {"ok:1"});
        session.publish("ok:1", "x", Scope::cluster);
        session.ping();
        EXPECT_EQ(
            talk.sent(),
            "*3\r\n$9\r\nSUBSCRIBE\r\n$4\r\nok:1\r\n$4\r\nno:1\r\n*2\r\n$9\r\nSUBSCRIBE\r\n$4"
            "\r\nok:1\r\n*3\r\n$7\r\nPUBLISH\r\n$4\r\nok:1\r\n$1\r\nx\r\n*1\r\n$4\r\nPING\r\n");
        EXPECT_EQ(talk.hear("-NOPERM this user has no permissions to access one of the channels "
                            "used as arguments\r\n>3\r\n$9\r\nsubscribe\r\n$4\r\nok:1\r\n:1\r\n"
                            "-NOPERM this user has no permissions to run the 'publish' command\r\n"
                            "+PONG\r\n"),
                  (Events{"reply 1: error \"NOPERM this user has no permissions to access one of "
                          "the channels used as arguments\"",
                          "subscribed ok:1 by 2",
                          "reply 3: error \"NOPERM this user has no permissions to run the "
                          "'publish' command\"",
                          "pong"}));
    }
}

// HELLO was renamed: to a client it is as old as 5.0.
TEST(RedisRecorded, a_session_in_RESP2) {
    for (const std::size_t piece_size : piece_sizes) {
        SCOPED_TRACE(piece_size);
        RedisConversation talk(piece_size);
        Session& session = talk.session();
        session.begin({.password = "secret", .database = 1});
        EXPECT_EQ(
            talk.sent(),
            "*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$6\r\nsecret\r\n");
        EXPECT_EQ(talk.hear("-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' "
                            "'default' 'secret' \r\n"),
                  Events{});
        EXPECT_EQ(talk.sent(), "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n");
        EXPECT_EQ(talk.hear("+OK\r\n"), Events{});
        EXPECT_EQ(talk.sent(), "*2\r\n$6\r\nSELECT\r\n$1\r\n1\r\n");
        EXPECT_EQ(talk.hear("+OK\r\n"), Events{"ready"});

        // A reply that looks like a message, before there can be one.
        EXPECT_TRUE(session.may_publish_here());
        command(session, {"EVAL", "return {\"message\",\"a\",\"b\"}", "0"});
        session.ping();
        subscribe(session, {"news", "sport"});
        EXPECT_FALSE(session.may_publish_here());
        session.ping();
        EXPECT_EQ(
            talk.sent(),
            "*3\r\n$4\r\nEVAL\r\n$26\r\nreturn {\"message\",\"a\",\"b\"}\r\n$1\r\n0\r\n*1\r\n$4"
            "\r\nPING\r\n*3\r\n$9\r\nSUBSCRIBE\r\n$4\r\nnews\r\n$5\r\nsport\r\n*1\r\n$4\r\nPING"
            "\r\n");
        EXPECT_EQ(talk.hear("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n+PONG\r\n*3\r\n$9\r\n"
                            "subscribe\r\n$4\r\nnews\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$5\r\nsport"
                            "\r\n:2\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n"),
                  (Events{"reply 1: [\"message\", \"a\", \"b\"]", "pong", "subscribed news by 2",
                          "subscribed sport by 2", "pong"}));
        EXPECT_EQ(talk.hear("*3\r\n$7\r\nmessage\r\n$5\r\nsport\r\n$4\r\ngoal\r\n"),
                  Events{"message sport: goal"});
        session.unsubscribe(Names{"news"}, Scope::cluster);
        EXPECT_EQ(talk.hear("*3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:1\r\n"),
                  Events{"unsubscribed news by 3"});
        subscribe(session, {"s"}, Scope::shard);
        EXPECT_EQ(talk.hear("*3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n"),
                  Events{"subscribed s by 4 (shard)"});
        static_cast<void>(talk.sent());
        session.unsubscribe(Names{"s"}, Scope::shard);
        EXPECT_EQ(
            talk.sent(),
            "*2\r\n$12\r\nSUNSUBSCRIBE\r\n$1\r\ns\r\n*2\r\n$12\r\nPUNSUBSCRIBE\r\n$1\r\n-\r\n");
        EXPECT_EQ(talk.hear("*3\r\n$12\r\nsunsubscribe\r\n$1\r\ns\r\n:0\r\n*3\r\n$12\r\n"
                            "punsubscribe\r\n$1\r\n-\r\n:1\r\n"),
                  Events{"unsubscribed s by 5 (shard)"});
        session.unsubscribe(Names{"sport"}, Scope::cluster);
        session.ping();
        EXPECT_EQ(talk.hear("*3\r\n$11\r\nunsubscribe\r\n$5\r\nsport\r\n:0\r\n+PONG\r\n"),
                  (Events{"unsubscribed sport by 6", "pong"}));
        EXPECT_FALSE(session.may_publish_here());
        EXPECT_EQ(session.pending_count(), 0U);
    }
}

TEST(RedisRecorded, logins_that_are_refused_in_RESP2) {
    RedisConversation without;
    without.session().begin({});
    EXPECT_EQ(without.hear("-ERR unknown command 'HELLO', with args beginning with: '3' \r\n"),
              Events{});
    EXPECT_EQ(without.sent(), "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*1\r\n$4\r\nPING\r\n");
    EXPECT_EQ(without.hear("-NOAUTH Authentication required.\r\n"),
              Events{"refused: error \"NOAUTH Authentication required.\""});
    RedisConversation with;
    with.session().begin({.password = "x"});
    EXPECT_EQ(with.hear("-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' "
                        "'default' 'x' \r\n-WRONGPASS invalid username-password pair or user is "
                        "disabled.\r\n"),
              Events{"refused: error \"WRONGPASS invalid username-password pair or user is "
                     "disabled.\""});
}

// A slot goes to another node while a SUNSUBSCRIBE is on its way.
TEST(RedisRecorded, channels_of_a_cluster_and_a_slot_that_leaves) {
    for (const std::size_t piece_size : piece_sizes) {
        SCOPED_TRACE(piece_size);
        RedisConversation talk(piece_size);
        talk.log_in_with_resp3();
        Session& session = talk.session();
        subscribe(session, {"t{x}", "u{x}"}, Scope::shard);
        EXPECT_EQ(talk.sent(), "*3\r\n$10\r\nSSUBSCRIBE\r\n$4\r\nt{x}\r\n$4\r\nu{x}\r\n");
        EXPECT_EQ(talk.hear(">3\r\n$10\r\nssubscribe\r\n$4\r\nt{x}\r\n:1\r\n>3\r\n$10\r\nssubscribe"
                            "\r\n$4\r\nu{x}\r\n:2\r\n"),
                  (Events{"subscribed t{x} by 1 (shard)", "subscribed u{x} by 1 (shard)"}));
        subscribe(session, {"a", "b"}, Scope::shard);
        EXPECT_EQ(
            talk.hear("-CROSSSLOT Keys in request don't hash to the same slot\r\n"),
            Events{"reply 2: error \"CROSSSLOT Keys in request don't hash to the same slot\""});
        static_cast<void>(talk.sent());
        session.publish("t{x}", "hi", Scope::shard);
        session.unsubscribe(Names{"u{x}"}, Scope::shard);
        session.publish("t{x}", "there", Scope::shard);
        EXPECT_EQ(
            talk.sent(),
            "*3\r\n$8\r\nSPUBLISH\r\n$4\r\nt{x}\r\n$2\r\nhi\r\n*2\r\n$12\r\nSUNSUBSCRIBE\r\n$4"
            "\r\nu{x}\r\n*2\r\n$12\r\nPUNSUBSCRIBE\r\n$1\r\n-\r\n*3\r\n$8\r\nSPUBLISH\r\n$4\r\n"
            "t{x}\r\n$5\r\nthere\r\n");
        EXPECT_EQ(
            talk.hear(">3\r\n$8\r\nsmessage\r\n$4\r\nt{x}\r\n$2\r\nhi\r\n:1\r\n>3\r\n$12\r\n"
                      "sunsubscribe\r\n$4\r\nu{x}\r\n:1\r\n>3\r\n$12\r\npunsubscribe\r\n$1\r\n"
                      "-\r\n:0\r\n>3\r\n$8\r\nsmessage\r\n$4\r\nt{x}\r\n$5\r\nthere\r\n:1\r\n"),
            (Events{"message t{x}: hi (shard)", "reply 3: 1", "unsubscribed u{x} by 4 (shard)",
                    "message t{x}: there (shard)", "reply 5: 1"}));

        // The server's own word comes first, and looks like the confirmation.
        session.unsubscribe(Names{"t{x}"}, Scope::shard);
        session.publish("t{x}", "late", Scope::shard);
        session.publish("t", "x", Scope::cluster);
        subscribe(session, {"t{x}"}, Scope::shard);
        session.ping();
        EXPECT_EQ(
            talk.hear(">3\r\n$12\r\nsunsubscribe\r\n$4\r\nt{x}\r\n:0\r\n-MOVED 16287 127.0.0.1"
                      ":7814\r\n>3\r\n$12\r\npunsubscribe\r\n$1\r\n-\r\n:0\r\n-MOVED 16287 "
                      "127.0.0.1:7814\r\n:0\r\n-MOVED 16287 127.0.0.1:7814\r\n+PONG\r\n"),
            (Events{"unsubscribed t{x} by 6 (shard)",
                    "reply 6: error \"MOVED 16287 127.0.0.1:7814\"",
                    "reply 7: error \"MOVED 16287 127.0.0.1:7814\"", "reply 8: 0",
                    "reply 9: error \"MOVED 16287 127.0.0.1:7814\"", "pong"}));
        EXPECT_EQ(session.pending_count(), 0U);
    }
}

TEST(RedisRecorded, a_slot_leaves_that_nobody_was_about_to_unsubscribe) {
    RedisConversation talk;
    talk.log_in_with_resp3();
    subscribe(talk.session(), {"t{x}"}, Scope::shard);
    EXPECT_EQ(talk.hear(">3\r\n$10\r\nssubscribe\r\n$4\r\nt{x}\r\n:1\r\n>3\r\n$12\r\nsunsubscribe"
                        "\r\n$4\r\nt{x}\r\n:0\r\n"),
              (Events{"subscribed t{x} by 1 (shard)", "unsubscribed t{x} by 0 (shard)"}));
}

}  // namespace
}  // namespace edgews::redis
