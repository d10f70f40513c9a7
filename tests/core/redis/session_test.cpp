// The rules of a session with a Redis server: logging in, what answers what, faults, memory. What a
// real server says is in recorded_session_test.cpp.
#include "core/redis/session.hpp"

#include "tests/support/allocations.hpp"
#include "tests/support/redis_session.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::redis {
namespace {

using test::RedisConversation;
using Events = RedisConversation::Events;

std::uint64_t subscribe(Session& session, std::initializer_list<std::string_view> channels,
                        Scope scope = Scope::cluster) {
    return session.subscribe(std::span(channels.begin(), channels.size()), scope);
}

std::uint64_t unsubscribe(Session& session, std::initializer_list<std::string_view> channels,
                          Scope scope = Scope::cluster) {
    return session.unsubscribe(std::span(channels.begin(), channels.size()), scope);
}

std::uint64_t command(Session& session, std::initializer_list<std::string_view> arguments) {
    return session.command(std::span(arguments.begin(), arguments.size()));
}

// A push of strings: `words`, split at blanks. Numbers follow as they are.
std::string push(std::string_view words, char type = '>') {
    std::string text;
    int count = 0;
    while (!words.empty()) {
        const std::string_view word = words.substr(0, words.find(' '));
        words.remove_prefix(std::min(words.size(), word.size() + 1));
        text += (word.front() == ':' ? "" : "+") + std::string(word) + "\r\n";
        ++count;
    }
    return type + std::to_string(count) + "\r\n" + text;
}

std::string sentence(Fault fault) {
    return "! " + std::string(describe(fault));
}

// ---- Logging in

TEST(RedisSession, is_not_ready_before_the_server_has_said_so) {
    RedisConversation talk;
    EXPECT_FALSE(talk.session().is_ready());
    talk.session().begin({.database = 5});
    EXPECT_FALSE(talk.session().may_publish_here());
    EXPECT_EQ(talk.hear("%0\r\n"), Events{});
    EXPECT_FALSE(talk.session().is_ready());
    EXPECT_EQ(talk.hear("+OK\r\n"), Events{"ready"});
    EXPECT_TRUE(talk.session().is_ready());
    EXPECT_TRUE(talk.session().may_publish_here());
    EXPECT_FALSE(talk.session().is_over());
}

TEST(RedisSession, a_server_without_RESP3_is_logged_in_to_in_RESP2) {
    for (const std::string_view answer :
         {"-NOPROTO unsupported protocol version\r\n",
          "-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n"}) {
        SCOPED_TRACE(answer);
        RedisConversation talk;
        talk.session().begin({.user = "joe", .password = "pw", .database = 3});
        static_cast<void>(talk.sent());
        EXPECT_EQ(talk.hear(answer), Events{});
        EXPECT_EQ(talk.sent(), "*3\r\n$4\r\nAUTH\r\n$3\r\njoe\r\n$2\r\npw\r\n");
        EXPECT_EQ(talk.hear("+OK\r\n"), Events{});
        EXPECT_EQ(talk.sent(), "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n");
        EXPECT_EQ(talk.hear("+OK\r\n"), Events{"ready"});
    }
}

TEST(RedisSession, any_step_of_the_login_may_be_refused) {
    const std::string_view refusals[] = {
        "-LOADING Redis is loading the dataset in memory\r\n",
        "%0\r\n-ERR DB index is out of range\r\n",
        "-NOPROTO x\r\n-WRONGPASS y\r\n",
        "-NOPROTO x\r\n+OK\r\n-ERR DB index is out of range\r\n",
    };
    for (const std::string_view text : refusals) {
        SCOPED_TRACE(text);
        RedisConversation talk;
        talk.session().begin({.password = "pw", .database = 99});
        const Events events = talk.hear(std::string(text) + "+OK\r\n+OK\r\n");
        ASSERT_EQ(events.size(), 1U);
        EXPECT_TRUE(events[0].starts_with("refused: error ")) << events[0];
        EXPECT_TRUE(talk.session().is_over());
        EXPECT_FALSE(talk.session().is_ready());
        EXPECT_EQ(talk.pool().lent_size(), 0U);
    }
}

TEST(RedisSession, an_answer_of_another_kind_is_a_fault) {
    struct Row {
        std::string_view text;
        Fault fault;
    };
    const Row rows[] = {
        {"+OK\r\n", Fault::hello_malformed},
        {"+NOPROTO\r\n", Fault::hello_malformed},
        {"*2\r\n+proto\r\n:3\r\n", Fault::hello_malformed},
        {"%0\r\n:1\r\n", Fault::reply_unexpected},
        {"-NOPROTO\r\n_\r\n", Fault::reply_unexpected},
        {"-NOPROTO\r\n+OK\r\n*0\r\n", Fault::reply_unexpected},
        {"HTTP/1.1 400 Bad Request\r\n", Fault::type_unknown},
    };
    for (const Row& row : rows) {
        RedisConversation talk;
        talk.session().begin({.password = "pw", .database = 1});
        EXPECT_EQ(talk.hear(row.text), Events{sentence(row.fault)}) << row.text;
        EXPECT_TRUE(talk.session().is_over());
    }
}

TEST(RedisSession, pushes_before_the_greeting_mean_nothing) {
    RedisConversation talk;
    talk.session().begin({});
    EXPECT_EQ(
        talk.hear(push("invalidate x") + push("message a b") + push("subscribe a :1") + "%0\r\n"),
        Events{"ready"});
}

// ---- What answers what

TEST(RedisSession, messages_and_answers_interleave_however_they_are_cut) {
    const std::string bytes = ":1\r\n" + push("message a one") + push("subscribe a :1") + "*1\r\n" +
                              ":5\r\n" + push("message a two") + push("smessage s three") +
                              push("subscribe b :2") + "-ERR no\r\n" + "+PONG\r\n" +
                              push("message b four") + push("unsubscribe a :1") + "_\r\n";
    const Events expected = {"reply 1: 1",
                             "message a: one",
                             "subscribed a by 2",
                             "reply 3: [5]",
                             "message a: two",
                             "message s: three (shard)",
                             "subscribed b by 4",
                             "reply 5: error \"ERR no\"",
                             "pong",
                             "message b: four",
                             "unsubscribed a by 6",
                             "reply 7: null"};
    const auto ask = [](RedisConversation& talk) {
        talk.log_in_with_resp3();
        Session& session = talk.session();
        EXPECT_EQ(session.publish("x", "y", Scope::cluster), 1U);
        EXPECT_EQ(subscribe(session, {"a"}), 2U);
        EXPECT_EQ(command(session, {"LRANGE", "l", "0", "1"}), 3U);
        EXPECT_EQ(subscribe(session, {"b"}), 4U);
        EXPECT_EQ(session.publish("x", "y", Scope::shard), 5U);
        session.ping();
        EXPECT_EQ(unsubscribe(session, {"a"}), 6U);
        EXPECT_EQ(command(session, {"GET", "k"}), 7U);
        EXPECT_EQ(session.pending_count(), 8U);
    };
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        SCOPED_TRACE(cut);
        RedisConversation talk;
        ask(talk);
        Events events = talk.hear(std::string_view(bytes).substr(0, cut));
        const Events rest = talk.hear(std::string_view(bytes).substr(cut));
        events.insert(events.end(), rest.begin(), rest.end());
        EXPECT_EQ(events, expected);
        EXPECT_EQ(talk.session().pending_count(), 0U);
    }
    RedisConversation slowly(1);
    ask(slowly);
    EXPECT_EQ(slowly.hear(bytes), expected);
}

TEST(RedisSession, an_error_names_its_command_and_its_kind) {
    BufferPool pool;
    const ReplyLimits limits;
    Session session(limits, pool);
    session.begin({});
    std::string_view text =
        "%0\r\n-MOVED 1 a:1\r\n-READONLY x\r\n-NOPERM x\r\n-NOAUTH x\r\n-ASK 1 a:1\r\n";
    std::span<const std::byte> input = std::as_bytes(std::span(text));
    EXPECT_EQ(session.next(input).kind, Event::Kind::ready);
    subscribe(session, {"a"}, Scope::shard);
    command(session, {"SET", "a", "b"});
    session.publish("a", "b", Scope::cluster);
    unsubscribe(session, {"a"});
    session.publish("a", "b", Scope::shard);
    std::uint64_t number = 0;
    for (const CommandError error :
         {CommandError::slot_moved, CommandError::read_only, CommandError::not_permitted,
          CommandError::login_required, CommandError::slot_migrating}) {
        const Event event = session.next(input);
        EXPECT_EQ(event.kind, Event::Kind::reply);
        EXPECT_EQ(event.number, ++number);
        EXPECT_EQ(event.error, error);
        EXPECT_TRUE(event.value.is_error());
    }
    EXPECT_FALSE(session.next(input));
    EXPECT_FALSE(session.is_over());
}

TEST(RedisSession, a_push_of_a_kind_that_is_not_known_is_ignored) {
    RedisConversation talk;
    talk.log_in_with_resp3();
    command(talk.session(), {"GET", "k"});
    EXPECT_EQ(
        talk.hear(push("invalidate :1") + push("pmessage * a b") + ">0\r\n" +
                  ">1\r\n*1\r\n+message\r\n" + push("Message a b") + ">1\r\n_\r\n" + ":1\r\n"),
        Events{"reply 1: 1"});
}

TEST(RedisSession, a_payload_may_come_in_pieces_and_hold_anything) {
    RedisConversation talk;
    talk.log_in_with_resp3();
    const std::array<std::string_view, 3> pieces = {"head\r\n", "", "body"};
    talk.session().publish("c", pieces, Scope::shard);
    EXPECT_EQ(talk.sent(), "*3\r\n$8\r\nSPUBLISH\r\n$1\r\nc\r\n$10\r\nhead\r\nbody\r\n");
    EXPECT_EQ(talk.hear(">3\r\n$7\r\nmessage\r\n$2\r\n\r\n\r\n$0\r\n\r\n"),
              Events{"message \r\n: "});
}

TEST(RedisSession, a_ping_that_the_server_refuses_is_answered_all_the_same) {
    RedisConversation talk;
    talk.log_in_with_resp3();
    talk.session().ping();
    talk.session().ping();
    EXPECT_EQ(
        talk.hear("-NOPERM this user has no permissions to run the 'ping' command\r\n+PONG\r\n"),
        (Events{"pong", "pong"}));
}

// ---- A cluster's slots, which leave when they like

TEST(RedisSession, SUNSUBSCRIBE_ends_where_its_PUNSUBSCRIBE_is_confirmed) {
    struct Row {
        std::string_view name;
        std::string bytes;
        Events events;
    };
    const std::string confirmed = push("sunsubscribe a :0");
    const std::string end = push("punsubscribe - :0");
    const Row rows[] = {
        {"confirmed", confirmed + end, {"unsubscribed a by 1 (shard)"}},
        {"refused", "-MOVED 1 h:1\r\n" + end, {"reply 1: error \"MOVED 1 h:1\""}},
        {"by the server first, then refused",
         confirmed + "-MOVED 1 h:1\r\n" + end,
         {"unsubscribed a by 1 (shard)", "reply 1: error \"MOVED 1 h:1\""}},
        {"by the server first, then confirmed",
         confirmed + confirmed + end,
         {"unsubscribed a by 1 (shard)", "unsubscribed a by 0 (shard)"}},
        {"refused, and then by the server",
         "-TRYAGAIN\r\n" + confirmed + end,
         {"reply 1: error \"TRYAGAIN\"", "unsubscribed a by 0 (shard)"}},
        {"another's slot leaves, too",
         push("sunsubscribe b :1") + confirmed + end,
         {"unsubscribed b by 1 (shard)", "unsubscribed a by 0 (shard)"}},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        RedisConversation talk;
        talk.log_in_with_resp3();
        unsubscribe(talk.session(), {"a"}, Scope::shard);
        command(talk.session(), {"GET", "k"});
        Events expected = row.events;
        expected.emplace_back("reply 2: 7");
        EXPECT_EQ(talk.hear(row.bytes + ":7\r\n"), expected);
        EXPECT_EQ(talk.session().pending_count(), 0U);
        EXPECT_FALSE(talk.session().is_over());
    }
}

TEST(RedisSession, what_the_server_unsubscribes_behind_other_commands_has_no_number) {
    RedisConversation talk;
    talk.log_in_with_resp3();
    command(talk.session(), {"GET", "k"});
    unsubscribe(talk.session(), {"a"}, Scope::shard);
    subscribe(talk.session(), {"a"}, Scope::shard);
    EXPECT_EQ(
        talk.hear(push("sunsubscribe a :0") + ":1\r\n" + push("sunsubscribe a :0") +
                  push("punsubscribe - :0") + push("sunsubscribe a :0") + push("ssubscribe a :1")),
        (Events{"unsubscribed a by 0 (shard)", "reply 1: 1", "unsubscribed a by 2 (shard)",
                "unsubscribed a by 0 (shard)", "subscribed a by 3 (shard)"}));
}

// ---- Faults

TEST(RedisSession, what_nobody_asked_for_is_a_fault) {
    struct Row {
        std::string_view name;
        void (*ask)(Session&);
        std::string bytes;
        Fault fault;
        Events before{};
    };
    const auto nothing = [](Session&) {};
    const auto a_command = [](Session& s) { command(s, {"GET", "k"}); };
    const auto a_ping = [](Session& s) { s.ping(); };
    const auto a_subscription = [](Session& s) { subscribe(s, {"a"}); };
    const auto of_a_shard = [](Session& s) { subscribe(s, {"a"}, Scope::shard); };
    const auto its_end = [](Session& s) { unsubscribe(s, {"a"}); };
    const auto the_end_of_a_shards = [](Session& s) { unsubscribe(s, {"a"}, Scope::shard); };
    const Row rows[] = {
        {"a reply", nothing, ":1\r\n", Fault::reply_unexpected},
        {"an error", nothing, "-ERR x\r\n", Fault::reply_unexpected},
        {"one for a ping", a_ping, ":1\r\n", Fault::reply_unexpected},
        {"another text", a_ping, "+OK\r\n", Fault::reply_unexpected},
        {"one for SUBSCRIBE", a_subscription, "+OK\r\n", Fault::reply_unexpected},
        {"an array", a_subscription, push("subscribe a :1", '*'), Fault::reply_unexpected},
        {"one for UNSUBSCRIBE", its_end, ":1\r\n", Fault::reply_unexpected},
        {"two errors for SUNSUBSCRIBE",
         the_end_of_a_shards,
         "-ERR 1\r\n-ERR 2\r\n",
         Fault::reply_unexpected,
         {"reply 1: error \"ERR 1\""}},
        {"a confirmation", nothing, push("subscribe a :1"), Fault::confirmation_unexpected},
        {"in place of a reply", a_command, push("subscribe a :1"), Fault::confirmation_unexpected},
        {"of a shard", a_subscription, push("ssubscribe a :1"), Fault::confirmation_unexpected},
        {"not of a shard", of_a_shard, push("subscribe a :1"), Fault::confirmation_unexpected},
        {"of the end", a_subscription, push("unsubscribe a :1"), Fault::confirmation_unexpected},
        {"of a pattern", nothing, push("punsubscribe - :1"), Fault::confirmation_unexpected},
        {"of a pattern too soon", its_end, push("punsubscribe - :1"),
         Fault::confirmation_unexpected},
        {"not of a shard's end", the_end_of_a_shards, push("unsubscribe a :1"),
         Fault::confirmation_unexpected},
        {"one too many",
         a_subscription,
         push("subscribe a :1") + push("subscribe a :1"),
         Fault::confirmation_unexpected,
         {"subscribed a by 1"}},
        {"a message of nothing", nothing, push("message a"), Fault::push_malformed},
        {"of nowhere", nothing, push("message"), Fault::push_malformed},
        {"a payload that is none", nothing, push("smessage a :1"), Fault::push_malformed},
        {"a channel that is none", nothing, push("message :1 a"), Fault::push_malformed},
        {"a confirmation of nothing", a_subscription, push("subscribe"), Fault::push_malformed},
        {"of a null", its_end, ">3\r\n+unsubscribe\r\n_\r\n:0\r\n", Fault::push_malformed},
        {"a byte", a_command, "?", Fault::type_unknown},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        for (const std::size_t piece_size : {SIZE_MAX, std::size_t{1}}) {
            RedisConversation talk(piece_size);
            talk.log_in_with_resp3();
            row.ask(talk.session());
            Events expected = row.before;
            expected.push_back(sentence(row.fault));
            EXPECT_EQ(talk.hear(row.bytes + ":1\r\n" + push("message a b")), expected);
            EXPECT_TRUE(talk.session().is_over());
            EXPECT_FALSE(talk.session().is_ready());
            EXPECT_EQ(talk.pool().lent_size(), 0U);
        }
    }
}

TEST(RedisSession, in_RESP2_arrays_of_another_kind_are_a_fault) {
    for (const std::string& text :
         {push("pong :1", '*'), push("invalidate a", '*'), std::string("*0\r\n")}) {
        SCOPED_TRACE(text);
        RedisConversation talk;
        talk.log_in_with_resp2();
        subscribe(talk.session(), {"a"});
        EXPECT_EQ(talk.hear(push("subscribe a :1", '*') + text),
                  (Events{"subscribed a by 1", sentence(Fault::reply_unexpected)}));
    }
}

TEST(RedisSession, in_RESP2_an_array_without_a_subscription_is_a_reply) {
    RedisConversation talk;
    talk.log_in_with_resp2();
    command(talk.session(), {"LRANGE", "l", "0", "2"});
    EXPECT_EQ(talk.hear(push("message a b", '*')), Events{"reply 1: [\"message\", \"a\", \"b\"]"});
    EXPECT_TRUE(talk.session().may_publish_here());
    EXPECT_EQ(talk.hear(push("message a b", '*')), Events{sentence(Fault::reply_unexpected)});
}

TEST(RedisSession, in_RESP2_a_subscription_that_is_refused_leaves_pings_as_they_were) {
    RedisConversation talk;
    talk.log_in_with_resp2();
    subscribe(talk.session(), {"a"});
    talk.session().ping();
    EXPECT_EQ(talk.hear("-NOPERM x\r\n+PONG\r\n"), (Events{"reply 1: error \"NOPERM x\"", "pong"}));
}

// ---- Memory

TEST(RedisSession, twenty_thousand_channels_are_one_command) {
    RedisConversation talk;
    talk.log_in_with_resp3();
    std::vector<std::string> names;
    std::vector<std::string_view> channels;
    std::string bytes;
    for (int i = 0; i < 20'000; ++i) names.push_back("topic/" + std::to_string(i));
    for (const std::string& name : names) {
        channels.push_back(name);
        bytes += push("subscribe " + name + " :1");
    }
    EXPECT_EQ(talk.session().subscribe(channels, Scope::cluster), 1U);
    EXPECT_EQ(talk.session().pending_count(), 1U);
    EXPECT_TRUE(talk.sent().starts_with("*20001\r\n$9\r\nSUBSCRIBE\r\n$7\r\ntopic/0\r\n"));
    const Events events = talk.hear(bytes);
    ASSERT_EQ(events.size(), names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        ASSERT_EQ(events[i], "subscribed " + names[i] + " by 1");
    }
    EXPECT_EQ(talk.session().pending_count(), 0U);
}

TEST(RedisSession, steady_traffic_allocates_nothing) {
    BufferPool pool;
    const ReplyLimits limits;
    Session session(limits, pool);
    session.begin({});
    const std::string_view hello = "%0\r\n";
    std::span<const std::byte> input = std::as_bytes(std::span(hello));
    EXPECT_TRUE(session.next(input));
    const std::string payload(500, 'x');
    const std::string bytes = ">3\r\n+message\r\n+c\r\n$500\r\n" + payload + "\r\n:1\r\n+PONG\r\n";
    std::size_t allocation_count = 0;
    for (int round = 0; round < 3; ++round) {
        const std::size_t before = test::allocation_count();
        for (int i = 0; i < 50; ++i) {
            session.publish("c", payload, Scope::cluster);
            session.ping();
        }
        session.output().clear();
        int event_count = 0;
        for (int i = 0; i < 50; ++i) {
            // The second half comes later.
            for (const auto part :
                 {std::string_view(bytes).substr(0, 200), std::string_view(bytes).substr(200)}) {
                input = std::as_bytes(std::span(part));
                while (session.next(input)) ++event_count;
            }
        }
        EXPECT_EQ(event_count, 150);
        allocation_count = test::allocation_count() - before;
    }
    EXPECT_EQ(allocation_count, 0U);
}

TEST(RedisSession, a_session_that_is_over_has_nothing_on_loan) {
    BufferPool pool;
    const ReplyLimits limits;
    Session session(limits, pool);
    session.begin({});
    for (const std::string_view part : {"-NOAUTH ", "x\r\n"}) {
        std::span<const std::byte> input = std::as_bytes(std::span(part));
        const Event event = session.next(input);
        EXPECT_EQ(event.kind == Event::Kind::refused, part == "x\r\n");
        EXPECT_GT(pool.lent_size(), 0U);
    }
    std::span<const std::byte> nothing{};
    EXPECT_FALSE(session.next(nothing));
    EXPECT_EQ(pool.lent_size(), 0U);
}

}  // namespace
}  // namespace edgews::redis
