// Names and patterns: one spelling for each, and what a pattern covers.
#include "core/stomp/destination.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "peers.hpp"

namespace edgews::stomp::test {
namespace {

std::string spelled(std::string_view destination) {
    EXPECT_EQ(check_send(destination), Fault::none) << destination;
    std::string storage;
    const CanonicalDestination found = canonical(destination, storage);
    EXPECT_EQ(found.fault, Fault::none) << destination;
    return std::string(found.text);
}

TEST(StompDestination, a_name_has_one_spelling) {
    struct Row {
        std::string_view said;
        std::string_view canonical;
    };
    for (const Row& row : std::vector<Row>{
             {"/app/admin", "/app/admin"},
             {"/app/%61dmin", "/app/admin"},
             {"/app/%61%64%6D%69%6e", "/app/admin"},
             {"/app/a%2eb/c", "/app/a.b/c"},
             {"/app/%2e%2e/admin", "/app/../admin"},
             {"/app/a%20b", "/app/a b"},
             {"/app/%C3%A9", "/app/\xC3\xA9"},
             {"/app/\xC3\xA9", "/app/\xC3\xA9"},
             {"/app/a%3fb%3d", "/app/a?b="},
             {"/app/a/", "/app/a/"},
             {"/app/a//b", "/app/a//b"},
             // What would be structure, or is decoded but once, stays encoded.
             {"/app/a%2fb", "/app/a%2Fb"},
             {"/app/a%2Fb", "/app/a%2Fb"},
             {"/app/%2561dmin", "/app/%2561dmin"},
             {"/app/%252F", "/app/%252F"},
             {"/app/%2A", "/app/%2A"},
             {"/app/a*b", "/app/a%2Ab"},
             {"/app/a%2ab", "/app/a%2Ab"},
             {"/app/%23", "/app/%23"},
             {"/app/%0a%7f%01", "/app/%0A%7F%01"},
             {"/app/%ff%41", "/app/%FFA"},
             {"/app/%c3%41", "/app/%C3A"},
             {"/app/%c3/%a9", "/app/%C3/%A9"},
             // Of a user only the name.
             {"/user/%61lice/queue/x", "/user/alice/queue/x"},
             {"/user/a%2Fb/queue/%61", "/user/a%2Fb/queue/%61"},
             {"/user/joe%40example.org/topic/x", "/user/joe@example.org/topic/x"},
             {"/user/%2a/queue/x", "/user/%2A/queue/x"},
             {"/user/50%25/queue/x", "/user/50%25/queue/x"},
             // Elsewhere a percent sign is one.
             {"/topic/%61", "/topic/%61"},
             {"/queue/%zz", "/queue/%zz"},
             {"/temp-queue/%", "/temp-queue/%"},
             {"/topic/a*b#", "/topic/a*b#"},
         }) {
        EXPECT_EQ(spelled(row.said), row.canonical) << row.said;
        EXPECT_EQ(spelled(row.canonical), row.canonical);
    }
}

TEST(StompDestination, what_cannot_be_decoded_is_a_fault) {
    for (const std::string_view destination :
         {"/app/%", "/app/a%", "/app/%6", "/app/%6/1", "/app/%zz", "/app/%%61", "/app/ok/%00",
          "/app/%u0061", "/user/%/queue/x", "/user/%6/queue/x", "/user/a%00/queue/x"}) {
        EXPECT_EQ(check_send(destination), Fault::none);
        std::string storage;
        EXPECT_EQ(canonical(destination, storage).fault, Fault::destination_escape_malformed)
            << destination;
    }
}

// Each byte, raw and in both spellings of its escape: all that mean the same are one.
TEST(StompDestination, all_spellings_of_a_byte_are_one_whatever_it_is) {
    for (int byte = 1; byte < 256; ++byte) {
        const std::string raw(1, static_cast<char>(byte));
        std::array<char, 4> escape{};
        for (const char* const format : {"%%%02x", "%%%02X"}) {
            std::snprintf(escape.data(), escape.size(), format, static_cast<unsigned>(byte));
            const std::string once = spelled("/app/a" + std::string(escape.data()) + "z");
            EXPECT_EQ(spelled(once), once);
            EXPECT_FALSE(is_pattern(once)) << once;
            EXPECT_EQ(std::count(once.begin(), once.end(), '/'), 2) << once;
            if (check_send("/app/a" + raw + "z") != Fault::none || raw == "/" || raw == "%") {
                continue;
            }
            EXPECT_EQ(spelled("/app/a" + raw + "z"), once) << byte;
        }
    }
}

TEST(StompDestination, a_user_is_sent_to_by_any_name) {
    EXPECT_EQ(user_destination("joe", "/queue/x"), "/user/joe/queue/x");
    for (const std::string user :
         {"a/queue/b", "50%", "%61lice", "*", "\xFF", "a\nb", "\xC3\xA9"}) {
        const std::string destination = user_destination(user, "/queue/x");
        EXPECT_EQ(spelled(destination), destination) << user;
        EXPECT_EQ(parse_user_destination(destination).rest, "/queue/x") << user;
    }
}

TEST(StompDestination, what_is_rabbitmqs_alone_is_a_relays_and_no_pattern) {
    for (const std::string name :
         {"/exchange/a", "/exchange/a/*", "/exchange/a/b.#.c", "/amq/queue/a", "/amq/queue/a.*"}) {
        EXPECT_EQ(check_send(name), Fault::destination_invalid) << name;
        EXPECT_EQ(check_subscribe(name), Fault::destination_invalid) << name;
        EXPECT_EQ(check_send(name, true), Fault::none) << name;
        EXPECT_EQ(check_subscribe(name, true), Fault::none) << name;
        EXPECT_FALSE(is_pattern(name)) << name;
        EXPECT_EQ(brings_others(name), name.starts_with("/exchange/")) << name;
        const std::string too_long = name + std::string(destination_size_max, 'x');
        EXPECT_EQ(check_subscribe(too_long, true), Fault::destination_too_long);
        EXPECT_EQ(check_send(name + '\n', true), Fault::destination_invalid);
    }
    for (const std::string_view name : {"/exchange/", "/amq/queue/", "/amq/a", "/exchanges/a"}) {
        EXPECT_EQ(check_send(name, true), Fault::destination_invalid) << name;
    }
    EXPECT_TRUE(brings_others("/topic/a.*"));
    EXPECT_FALSE(brings_others("/topic/a"));
}

TEST(StompDestination, a_pattern_covers_what_it_stands_for) {
    const Destination all("/topic/#");
    EXPECT_TRUE(all.is_pattern());
    EXPECT_TRUE(all.covers("/topic/private/salaries"));
    EXPECT_TRUE(all.covers("/topic"));
    EXPECT_FALSE(all.covers("/queue/private"));
    EXPECT_FALSE(all.covers("/topic.private"));
    const Destination any("/topic/*/salaries");
    EXPECT_TRUE(any.covers("/topic/private/salaries"));
    EXPECT_FALSE(any.covers("/topic/private/salaries/old"));
    EXPECT_FALSE(any.covers("/topic/private.salaries"));
    EXPECT_FALSE(any.covers("/topic/#"));
    const Destination name("/topic/a");
    EXPECT_FALSE(name.is_pattern());
    EXPECT_TRUE(name.covers("/topic/a"));
    EXPECT_FALSE(name.covers("/topic/a/b"));
    EXPECT_TRUE(name == "/topic/a");
    EXPECT_EQ(std::string_view(name), "/topic/a");
}

// covers() and the broker agree about every pair.
TEST(StompDestination, a_pattern_covers_just_what_its_subscriber_gets) {
    std::mt19937 random(4711);  // NOLINT: the same at every run.
    const auto pick = [&](std::vector<std::string_view> from) {
        return from[random() % from.size()];
    };
    Peers peers;
    Peer& sender = peers.connect();
    for (int i = 0; i < 2000; ++i) {
        std::string pattern = "/topic";
        std::string name = "/topic";
        for (std::size_t left = 1 + random() % 4; left > 0; --left) {
            pattern += pick({"/a", "/b", ".a", "/*", ".*"});
        }
        pattern += pick({"", "", "/#", ".#", "/**", ".**"});
        for (std::size_t left = 1 + random() % 4; left > 0; --left) {
            name += pick({"/a", "/b", ".a", ".b", "/"});
        }
        if (kind_of(pattern) != DestinationKind::topic || check_send(name) != Fault::none) continue;
        Peer& peer = peers.connect();
        peer.say("SUBSCRIBE\nid:1\ndestination:" + pattern + "\n\n");
        sender.say("SEND\ndestination:" + name + "\n\n");
        EXPECT_EQ(Destination(pattern).covers(name), peer.count() == 1) << pattern << " " << name;
        peer.vanish();
    }
}

// Of a session: the request and its frame, for hooks and handlers, now and at COMMIT.

TEST(StompDestination, a_pattern_may_cover_names_of_a_beginning) {
    struct Row {
        std::string_view pattern;
        std::string_view beginning;
        bool may;
    };
    constexpr Row rows[] = {
        {"/topic/*", "", true},
        {"/topic/*", "/", true},
        {"/topic/*", "/to", true},
        {"/topic/*", "/queue", false},
        {"/topic/*", "/topic", true},
        {"/topic/*", "/topic/", true},
        {"/topic/*", "/topic.", false},
        {"/topic/*", "/topic/news", true},
        // A further segment.
        {"/topic/*", "/topic/news.", false},
        {"/topic/*", "/topic/news/", false},
        {"/topic/*.*", "/topic/news.", true},
        {"/topic/*.*", "/topic/news/", false},
        {"/topic/*/*", "/topic/news/", true},
        {"/topic/*.x", "/topic/news.", true},
        {"/topic/*.x", "/topic/news.x", true},
        {"/topic/*.x", "/topic/news.y", false},
        {"/topic/*.x", "/topic/news.xy", false},
        {"/topic/*.xy", "/topic/news.x", true},
        {"/topic/*.x", "/topic/news.x.", false},
        // All that is left, with its own separator, or nothing of it.
        {"/topic/#", "/topic/news", true},
        {"/topic/#", "/topic/news.x/y", true},
        {"/topic/#", "/topic", true},
        {"/topic/**", "/topic/", true},
        {"/topic.#", "/topic/", false},
        {"/topic/a.#", "/topic/a", true},
        {"/topic/a.#", "/topic/a/", false},
        {"/topic/a.#", "/topic/b", false},
        {"/topic/a.#", "/topic/", true},
        {"/topic/news.*", "/topic/news", true},
        {"/topic/news.*", "/topic/new", true},
        {"/topic/news.*", "/topic/newspaper", false},
        {"/topic/news.*", "/topic/news.a", true},
        {"/topic/news.*", "/topic/olds", false},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(may_cover(row.pattern, row.beginning), row.may)
            << row.pattern << " and " << row.beginning;
    }
}

TEST(StompDestination, the_application_is_shown_the_one_spelling) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.say("SEND\ndestination:/app/%61dmin\nx:%61\ndestination:/app/other\n\nhi");
    peer.say("BEGIN\ntransaction:t\n\n");
    peer.say("SEND\ndestination:/app/%61dm%2fin\ntransaction:t\n\nlater");
    peer.say("COMMIT\ntransaction:t\n\n");
    EXPECT_EQ(peer.for_application, (std::vector<std::pair<std::string, std::string>>{
                                        {"/app/admin", "hi"}, {"/app/adm%2Fin", "later"}}));
}

TEST(StompDestination, a_malformed_escape_is_refused) {
    for (const std::string destination : {"/app/%6", "/user/%zz/queue/x"}) {
        Peers peers;
        peers.connect().expect_refused("SEND\ndestination:" + destination + "\n\n",
                                       Fault::destination_escape_malformed);
    }
}

TEST(StompDestination, a_user_gets_what_is_sent_by_any_spelling_of_the_name) {
    Peers peers;
    Peer& alice = peers.connect("1.2", "alice");
    alice.say("SUBSCRIBE\nid:1\ndestination:/user/queue/x\n\n");
    Peer& sender = peers.connect();
    for (const std::string user : {"alice", "%61lice", "%61%6C%69%63%65", "%2561lice"}) {
        sender.say("SEND\ndestination:/user/" + user + "/queue/x\n\n" + user);
    }
    EXPECT_EQ(alice.take_bodies(),
              (std::vector<std::string>{"alice", "%61lice", "%61%6C%69%63%65"}));
}

}  // namespace
}  // namespace edgews::stomp::test
