// A message that is encoded once for all its receivers.
#include "tests/support/allocations.hpp"
#include "tests/support/bytes.hpp"

#include <gtest/gtest.h>

#include "core/stomp/content.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace edgews::stomp {
namespace {

using edgews::test::allocation_count;
using edgews::test::text_of;

std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

TEST(StompContent, its_head_has_what_the_server_says_and_the_senders_headers) {
    ContentPool pool("p");
    const std::array headers{Header{"content-type", "text/plain"}, Header{"k", "1"},
                             Header{"k", "2"}};
    for (const std::string number : {"1", "2"}) {
        const Content content = pool.make({.destination = "/topic/a",
                                           .headers = headers,
                                           .body = as_bytes("hello"),
                                           .expires_ms = 7});
        const std::string rest =
            "destination:/topic/a\ncontent-type:text/plain\nk:1\nk:2\ncontent-length:5\n\n";
        for (const Version version : {Version::v1_0, Version::v1_1, Version::v1_2}) {
            EXPECT_EQ(content.head(version), "message-id:p-" + number + "\n" + rest);
            EXPECT_EQ(content.head_after_id(version), rest);
        }
        EXPECT_EQ(content.destination(), "/topic/a");
        EXPECT_EQ(text_of(content.body()), "hello");
        EXPECT_EQ(text_of(content.body_and_end()), std::string("hello\0", 6));
        EXPECT_EQ(content.expires_ms(), 7U);
        EXPECT_TRUE(content.is_text());
    }
}

// Whoever makes it says so, and no header of a sender's.
TEST(StompContent, only_what_is_a_gap_says_that_messages_may_be_missing) {
    ContentPool pool("p");
    const std::array headers{Header{"gap", "true"}, Header{"missing", "2"}};
    const std::string rest = "missing:2\ncontent-length:0\n\n";
    const Content forged = pool.make({.destination = "/topic/a", .headers = headers});
    EXPECT_EQ(forged.head_after_id(Version::v1_2), "destination:/topic/a\n" + rest);
    const Content gap = pool.make({.destination = "/topic/a", .headers = headers, .is_gap = true});
    EXPECT_EQ(gap.head_after_id(Version::v1_2), "destination:/topic/a\ngap:true\n" + rest);
}

// 1.0 escapes nothing, 1.1 has three escapes, 1.2 four.
TEST(StompContent, where_the_versions_differ_each_has_a_head_of_its_own) {
    struct Row {
        const char* name;
        ContentSource source;
        std::array<std::string_view, 3> lines;  // By version.
    };
    const Header colon[] = {{"k", "a:b"}};
    const Header name[] = {{"k:", "v"}};
    const Row rows[] = {
        {"a value",
         {.destination = "/topic/a", .headers = colon},
         {"k:a:b\n", "k:a\\cb\n", "k:a\\cb\n"}},
        {"a name", {.destination = "/topic/a", .headers = name}, {"", "k\\c:v\n", "k\\c:v\n"}},
        {"a destination",
         {.destination = "/topic/a:b"},
         {"destination:/topic/a:b\n", "destination:/topic/a\\cb\n", "destination:/topic/a\\cb\n"}},
        {"reply-to",
         {.destination = "/topic/a", .reply_to = "a:b"},
         {"reply-to:a:b\n", "reply-to:a\\cb\n", "reply-to:a\\cb\n"}},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        ContentPool pool("p");
        const Content content = pool.make(row.source);
        for (const Version version : {Version::v1_0, Version::v1_1, Version::v1_2}) {
            const std::string_view line = row.lines[static_cast<std::size_t>(version)];
            EXPECT_NE(content.head(version).find(line), std::string_view::npos)
                << content.head(version);
            EXPECT_TRUE(content.head(version).starts_with("message-id:p-1\ndestination:"));
            EXPECT_TRUE(content.head_after_id(version).starts_with("destination:"));
            EXPECT_TRUE(content.head(version).ends_with("\ncontent-length:0\n\n"));
        }
        EXPECT_TRUE(content.body().empty());
        EXPECT_EQ(text_of(content.body_and_end()), std::string(1, '\0'));
    }
}

TEST(StompContent, what_is_the_servers_to_say_is_left_out) {
    ContentPool pool("p");
    std::vector<Header> headers;
    for (const char* const name : {"destination", "content-length", "message-id", "subscription",
                                   "ack", "redelivered", "receipt", "receipt-id", "transaction"}) {
        headers.push_back({name, "forged"});
    }
    const Content content = pool.make({.destination = "/topic/a", .headers = headers});
    EXPECT_EQ(content.head(Version::v1_2),
              "message-id:p-1\ndestination:/topic/a\ncontent-length:0\n\n");
}

TEST(StompContent, a_reply_to_of_ours_takes_the_place_of_the_senders) {
    ContentPool pool("p");
    const Header headers[] = {{"reply-to", "/temp-queue/a"}, {"k", "v"}};
    EXPECT_EQ(
        pool.make({.destination = "/topic/a", .headers = headers}).head_after_id(Version::v1_2),
        "destination:/topic/a\nreply-to:/temp-queue/a\nk:v\ncontent-length:0\n\n");
    EXPECT_EQ(pool.make({.destination = "/topic/a", .headers = headers, .reply_to = "/q"})
                  .head_after_id(Version::v1_2),
              "destination:/topic/a\nreply-to:/q\nk:v\ncontent-length:0\n\n");
}

// RFC 6455, section 5.6: a text message is UTF-8, all of it.
TEST(StompContent, it_is_text_when_its_head_and_its_body_are) {
    ContentPool pool("p");
    const Header bad[] = {{"k", "\xFF"}};
    EXPECT_TRUE(pool.make({.destination = "/topic/a", .body = as_bytes("\u20AC")}).is_text());
    EXPECT_FALSE(pool.make({.destination = "/topic/a", .body = as_bytes("\xE2\x82")}).is_text());
    EXPECT_FALSE(pool.make({.destination = "/topic/a", .headers = bad}).is_text());
}

TEST(StompContent, copies_share_it_and_it_lives_as_long_as_any) {
    ContentPool pool("p");
    Content last;
    EXPECT_FALSE(last);
    {
        const Content first = pool.make({.destination = "/topic/a", .body = as_bytes("hello")});
        const std::size_t count = allocation_count();
        Content second = first;
        const Content third = std::move(second);
        EXPECT_FALSE(second);
        last = third;
        EXPECT_EQ(allocation_count(), count);
        EXPECT_EQ(last.body().data(), first.body().data());
    }
    EXPECT_EQ(text_of(last.body()), "hello");
    Content& itself = last;
    last = itself;
    EXPECT_EQ(text_of(last.body()), "hello");
}

TEST(StompContent, it_knows_when_the_first_begins_to_wait_and_the_last_ends) {
    ContentPool pool("p");
    const Content content = pool.make({.destination = "/topic/a"});
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(content.add_waiting());
        EXPECT_FALSE(content.add_waiting());
        EXPECT_FALSE(content.remove_waiting());
        EXPECT_TRUE(content.remove_waiting());
    }
}

// Bytes of a message with a body of so many.
std::size_t size_of(ContentPool& pool, std::size_t body_size) {
    return pool.make({.destination = "/topic/a", .body = as_bytes(std::string(body_size, 'x'))})
        .size();
}

TEST(StompContent, its_size_is_that_of_all_that_it_holds) {
    ContentPool pool("p");
    const std::size_t least = size_of(pool, 0);
    EXPECT_GT(least, std::string_view("message-id:p-1\ndestination:/topic/a\n\n/topic/a").size());
    EXPECT_LT(least, 320U);
    EXPECT_EQ(size_of(pool, 1), least + 1);
    EXPECT_EQ(size_of(pool, 10'000), least + 10'000 + 4);  // A longer content-length.
}

// What it takes beside the messages it has taken then.
void warm_up(ContentPool& pool) {
    const std::string body(10'000, 'x');
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(pool.make({.destination = "/topic/a", .body = as_bytes(body)}));
    }
}

// Blocks that it takes from the heap for so many messages at a time.
std::size_t blocks_for(ContentPool& pool, std::size_t count, std::string_view body) {
    std::vector<Content> contents(count);
    const std::size_t before = allocation_count();
    for (Content& content : contents) {
        content = pool.make({.destination = "/topic/a", .body = as_bytes(body)});
    }
    const std::size_t taken = allocation_count() - before;
    for (const Content& content : contents) EXPECT_EQ(text_of(content.body()), body);
    return taken;
}

TEST(StompContent, memory_that_is_given_back_serves_the_next_of_its_size) {
    for (const std::size_t size : {0U, 50U, 100U, 300U, 700U, 1500U, 3000U, 7000U}) {
        SCOPED_TRACE(size);
        ContentPool pool("p");
        warm_up(pool);
        const std::string body(size, 'x');
        EXPECT_EQ(blocks_for(pool, 10, body), 10U);
        EXPECT_EQ(blocks_for(pool, 10, body), 0U);
        EXPECT_EQ(blocks_for(pool, 12, body), 2U);
    }
}

// What is large goes back to the heap, and what is much does, too.
TEST(StompContent, not_all_memory_is_kept) {
    ContentPool pool("p");
    warm_up(pool);
    const std::string body(8192, 'x');
    for (int i = 0; i < 2; ++i) EXPECT_EQ(blocks_for(pool, 5, body), 5U);
    constexpr std::size_t kept_count = 4 * 1024 * 1024 / 8192;
    const std::string_view smaller = std::string_view(body).substr(0, 7000);
    EXPECT_EQ(blocks_for(pool, 2 * kept_count, smaller), 2 * kept_count);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(blocks_for(pool, 2 * kept_count, smaller), kept_count);
}

// A data race or a lost count shows under a sanitizer.
TEST(StompContent, it_may_be_let_go_on_any_thread) {
    ContentPool pool("p");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        Content content = pool.make({.destination = "/topic/a", .body = as_bytes("hello")});
        threads.emplace_back([content = std::move(content)]() mutable {
            for (int j = 0; j < 1000; ++j) {
                const Content copy = content;
                EXPECT_EQ(copy.body().size(), 5U);
            }
            content = {};
        });
    }
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(pool.make({.destination = "/topic/a"}));
    for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace edgews::stomp
