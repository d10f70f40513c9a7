// Histories that Redis keeps, when it refuses, forgets its script, or is away.
#include "hub.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/played_redis.hpp"

namespace edgews::test {
namespace {

using enum BackplaneCounter;
using Memory = PlayedRedis::Memory;

class RedisHistoryFaultsTest : public testing::TestWithParam<unsigned> {
  protected:
    [[nodiscard]] static BackplaneOptions options(std::uint32_t queue_ms = 20'000) {
        return {.heartbeat_ms = 50, .histories = {{.prefix = "news"}}, .queue_ms = queue_ms};
    }
    [[nodiscard]] static ServerOptions loops() { return {.loops = GetParam()}; }
    // Where a subscriber is told to be: "recovered 7", "not recovered 0", "not recovered, nowhere".
    std::string place_of(TestClient& client) {
        const std::string text = client.read_frame().text();
        const std::size_t space = text.rfind(' ');
        const std::size_t colon = text.rfind(':');
        const std::string told = text.substr(space + 1, colon - space - 1);
        if (told == "0") return text.substr(0, space) + ", nowhere";
        epoch = told;
        return text.substr(0, space) + " " + text.substr(colon + 1);
    }
    [[nodiscard]] std::string from(std::uint64_t place) const {
        return "news?from=" + epoch + ":" + std::to_string(place);
    }
    // With one message behind it.
    TestClient subscriber(Node& node) {
        TestClient client = node.listen(from(0));
        EXPECT_EQ(place_of(client), "not recovered 0");
        node.server->publish("news", "1");
        client.expect_text("1");
        return client;
    }

    PlayedRedis redis;
    std::string epoch = "0";
};

INSTANTIATE_TEST_SUITE_P(loops, RedisHistoryFaultsTest, testing::Values(1U, 2U));

// ---- Refusals ----------------------------------------------------------------------------------

TEST_P(RedisHistoryFaultsTest, a_message_that_is_refused_is_lost_to_all_and_told) {
    Node a(redis.url(), options(), loops());
    Node b(redis.url(), options(), loops());
    TestClient here = subscriber(a);
    TestClient there = b.listen(from(1));
    EXPECT_EQ(place_of(there), "recovered 1");
    std::uint64_t refused = 0;
    for (const char* error : {"OOM command not allowed", "MISCONF Redis is configured to save",
                              "NOPERM no permissions to run the 'xadd' command"}) {
        redis.refuse("EVALSHA", error);
        a.server->publish("news", "lost");
        a.await(unsent, ++refused);
        redis.refuse("EVALSHA", "");
        a.server->publish("news", "next");
        here.expect_text("next");
        there.expect_text("next");
    }
    const List gaps{"gap news 2-2", "gap news 4-4", "gap news 6-6"};
    EXPECT_EQ(a.notes.all(), gaps);
    // Whoever came later does not know that it was meant.
    EXPECT_EQ(b.notes.wait_for(2).back(), gaps.back());
    // Where nothing follows, a heart-beat tells.
    redis.refuse("EVALSHA", "OOM command not allowed");
    a.server->publish("news", "lost");
    EXPECT_EQ(a.notes.wait_for(4).back(), "gap news 8-8");
    // Offsets count what was kept.
    redis.refuse("EVALSHA", "");
    TestClient again = b.listen(from(3));
    EXPECT_EQ(place_of(again), "recovered 3");
    again.expect_text("next");
}

TEST_P(RedisHistoryFaultsTest, a_server_that_may_not_be_written_to_is_left) {
    Node a(redis.url(), options(), loops());
    TestClient stays = subscriber(a);
    for (const char* error : {"READONLY You can't write against a read only replica.",
                              "NOAUTH Authentication required.", "NOSCRIPT No matching script."}) {
        const std::uint64_t before = a[disconnects];
        redis.refuse("EVALSHA", error);
        a.server->publish("news", "lost");
        // Whatever is asked there is refused, too.
        a.server.wait_until([&] { return a[disconnects] > before + 1; });
        redis.refuse("EVALSHA", "");
        a.server.wait_until([&] { return a[is_available] == 1 && a[unconfirmed] == 0; });
        a.server->publish("news", "next");
        stays.expect_text("next");
    }
}

TEST_P(RedisHistoryFaultsTest, a_script_that_is_forgotten_is_given_again) {
    Node a(redis.url(), options(), loops());
    TestClient stays = subscriber(a);
    redis.forget_script();
    a.server->publish("news", "lost");
    a.await(connects, 2);
    a.await(unconfirmed, 0);
    a.server->publish("news", "3");
    stays.expect_text("3");
    EXPECT_EQ(a.notes.all(), List{"gap news 2-2"});
    TestClient again = a.listen(from(1));
    EXPECT_EQ(place_of(again), "recovered 1");
    again.expect_text("3");
}

TEST_P(RedisHistoryFaultsTest, one_that_does_not_take_the_script_is_not_available) {
    for (const char* command : {"SCRIPT", "INFO"}) {
        redis.refuse(command, "NOPERM no permissions");
        Node a(redis.url(), options(), loops());
        EXPECT_EQ(a.upstream.all().front(), "away");
        redis.refuse(command, "");
        a.await(is_available, 1);
        TestClient client = a.listen(from(0));
        (void)place_of(client);
        a.server->publish("news", "hello");
        client.expect_text("hello");
    }
}

TEST_P(RedisHistoryFaultsTest, what_is_asked_and_refused_is_not_recovered) {
    Node a(redis.url(), options(), loops());
    TestClient stays = subscriber(a);
    redis.refuse("EVALSHA", "OOM command not allowed");
    TestClient refused = a.listen(from(0));
    EXPECT_EQ(place_of(refused), "not recovered, nowhere");
    redis.refuse("EVALSHA", "");
    a.server->publish("news", "2");
    refused.expect_text("2");
    stays.expect_text("2");
}

// The node knows no more where it is. It does with the next message, or by whoever comes back, and
// tells those who count.
TEST_P(RedisHistoryFaultsTest, a_node_that_may_not_read_what_it_missed_tells_a_gap) {
    Node a(redis.url(), options(), loops());
    TestClient stays = subscriber(a);
    const auto miss = [&](std::uint64_t connection) {
        redis.refuse("EVALSHA", "OOM command not allowed");
        redis.cut();
        a.await(connects, connection);
        a.await(unconfirmed, 0);
        redis.refuse("EVALSHA", "");
    };
    miss(2);
    EXPECT_EQ(a.notes.all(), List{"gap news 0-0"});
    a.server->publish("news", "2");
    stays.expect_text("2");
    EXPECT_EQ(a.notes.all(), (List{"gap news 0-0", "gap news at 1"}));
    a.server->publish("news", "3");
    stays.expect_text("3");
    TestClient again = a.listen(from(1));
    EXPECT_EQ(place_of(again), "recovered 1");
    again.expect_text("2");
    again.expect_text("3");
    EXPECT_EQ(a.notes.all().size(), 2U);
    miss(3);
    TestClient late = a.listen(from(2));
    EXPECT_EQ(place_of(late), "recovered 2");
    EXPECT_EQ(a.notes.all().back(), "gap news at 3");
}

TEST_P(RedisHistoryFaultsTest, what_is_no_envelope_is_not_delivered) {
    Node a(redis.url(), options(), loops());
    TestClient stays = subscriber(a);
    for (const char* bytes : {"nonsense", "0123456789abcdef:x:y", "0123456789abcdef:0:y", ""}) {
        redis.publish("{edgews}:t:news", bytes);
    }
    a.await(malformed, 4);
    // Of an epoch that nobody knows: the history is asked, and nothing was missed.
    redis.publish("{edgews}:t:news", "0123456789abcdef:7:nonsense");
    a.server->publish("news", "2");
    stays.expect_text("2");
    EXPECT_EQ(a.notes.all(), List{});
}

// ---- Nobody there ------------------------------------------------------------------------------

TEST_P(RedisHistoryFaultsTest, who_comes_back_while_it_is_away_waits_for_it) {
    Node a(redis.url(), options(), loops());
    TestClient stays = subscriber(a);
    redis.stop();
    a.await(is_available, 0);
    TestClient waits = a.listen(from(0));
    TestClient goes = a.listen(from(0));
    goes.reset();
    redis.start(Memory::all);
    EXPECT_EQ(place_of(waits), "recovered 0");
    waits.expect_text("1");
    a.server->publish("news", "2");
    waits.expect_text("2");
    stays.expect_text("2");
}

TEST_P(RedisHistoryFaultsTest, and_not_for_ever) {
    Node a(redis.url(), options(100), loops());
    TestClient stays = subscriber(a);
    redis.stop();
    a.await(is_available, 0);
    TestClient early = a.listen(from(0));
    EXPECT_EQ(place_of(early), "not recovered, nowhere");
    TestClient late = a.listen(from(0));
    EXPECT_EQ(place_of(late), "not recovered, nowhere");
    EXPECT_EQ(a.server->publish("news", "refused"), PublishResult::refused);
    redis.start(Memory::all);
    a.await(is_available, 1);
    a.await(unconfirmed, 0);
    a.server->publish("news", "3");
    // Nobody got what was refused, on this node neither: there is one order.
    for (TestClient* client : {&stays, &early, &late}) client->expect_text("3");
    EXPECT_EQ(a.notes.all().back(), "gap news 2-2");
}

TEST_P(RedisHistoryFaultsTest, what_waits_meanwhile_is_published_when_it_is_back) {
    Node a(redis.url(), options(), loops());
    TestClient stays = subscriber(a);
    redis.stop();
    a.await(is_available, 0);
    EXPECT_EQ(a.server->publish("news", "2"), PublishResult::queued);
    EXPECT_EQ(a.server->publish("news", "3"), PublishResult::queued);
    redis.start(Memory::all);
    stays.expect_text("2");
    stays.expect_text("3");
    TestClient again = a.listen(from(1));
    EXPECT_EQ(place_of(again), "recovered 1");
    for (const char* text : {"2", "3"}) again.expect_text(text);
}

TEST_P(RedisHistoryFaultsTest, a_node_may_end_while_somebody_waits) {
    Node a(redis.url(), options(), loops());
    const TestClient stays = subscriber(a);
    redis.stop();
    a.await(is_available, 0);
    const TestClient waits = a.listen(from(0));
}

TEST_P(RedisHistoryFaultsTest, many_come_back_at_once_each_to_its_place) {
    Node a(redis.url(), options(), loops());
    TestClient stays = subscriber(a);
    constexpr std::uint64_t count = 30;
    for (std::uint64_t i = 2; i <= count; ++i) a.server->publish("news", std::to_string(i));
    for (std::uint64_t i = 2; i <= count; ++i) stays.expect_text(std::to_string(i));
    redis.stop();
    a.await(is_available, 0);
    std::vector<TestClient> clients;
    for (std::uint64_t i = 0; i < count; ++i) clients.push_back(a.listen(from(i)));
    redis.start(Memory::all);
    for (std::uint64_t i = 0; i < count; ++i) {
        EXPECT_EQ(place_of(clients[i]), "recovered " + std::to_string(i));
        for (std::uint64_t next = i + 1; next <= count; ++next) {
            clients[i].expect_text(std::to_string(next));
        }
    }
    a.server->publish("news", "end");
    for (TestClient& client : clients) client.expect_text("end");
}

}  // namespace
}  // namespace edgews::test
