// Histories that Redis keeps: subscribers who come back on any node, and nodes that were away.
#include "hub.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/played_redis.hpp"
#include "topic_place.hpp"

namespace edgews::test {
namespace {

using enum BackplaneCounter;
using Memory = PlayedRedis::Memory;

class RedisHistoryTest : public testing::TestWithParam<unsigned>, protected TopicPlace {
  protected:
    [[nodiscard]] static BackplaneOptions options(TopicHistory history = {}) {
        history.prefix = "news";
        return {.heartbeat_ms = 50, .histories = {history}};
    }
    [[nodiscard]] static ServerOptions loops() { return {.loops = GetParam()}; }
    // A subscriber who has just been told where it is.
    TestClient newcomer(Node& node) {
        TestClient client = node.listen("news?from=0:0");
        EXPECT_EQ(place_of(client), "not recovered");
        return client;
    }
    // What the node's gaps are, of those without a number.
    [[nodiscard]] static List places(Node& node) {
        List places;
        for (const std::string& note : node.notes.all()) {
            if (note.find(" at ") != std::string::npos) places.push_back(note);
        }
        return places;
    }
    static void await_back(Node& node, std::uint64_t connects_count) {
        node.await(connects, connects_count);
        node.await(unconfirmed, 0);
    }

    const std::string channel = "{edgews}:t:news";
    PlayedRedis redis;
};

INSTANTIATE_TEST_SUITE_P(loops, RedisHistoryTest, testing::Values(1U, 2U));

TEST_P(RedisHistoryTest, a_subscriber_goes_on_at_another_node) {
    Node a(redis.url(), options(), loops());
    Node b(redis.url(), options(), loops());
    TestClient first = newcomer(a);
    EXPECT_EQ(offset, 0U);
    a.server->publish("news", "1");
    b.server->publish("news", "2");
    EXPECT_EQ(first.read_frame().text().size() + first.read_frame().text().size(), 2U);
    first.close_cleanly();
    TestClient stays = b.listen("news");
    a.server->publish("news", "3");
    stays.expect_text("3");
    TestClient again = b.listen(from(2));
    EXPECT_EQ(place_of(again), "recovered");
    EXPECT_EQ(offset, 2U);
    again.expect_text("3");
    a.server->publish("news", "4");
    again.expect_text("4");
    stays.expect_text("4");
    TestClient at_the_end = a.listen(from(4));
    EXPECT_EQ(place_of(at_the_end), "recovered");
    b.server->publish("news", "5");
    for (TestClient* client : {&again, &stays, &at_the_end}) client->expect_text("5");
    const TestClient stranger = newcomer(a);
    EXPECT_EQ(offset, 5U);
    for (const char* place : {"?from=1:2", "?from=0:5"}) {
        TestClient client = a.listen(std::string("news") + place);
        EXPECT_EQ(place_of(client), "not recovered");
    }
    TestClient beyond = a.listen(from(6));
    EXPECT_EQ(place_of(beyond), "not recovered");
    EXPECT_TRUE(places(a).empty() && places(b).empty());
}

TEST_P(RedisHistoryTest, all_nodes_have_one_order_and_the_same_offsets) {
    Node a(redis.url(), options(), loops());
    Node b(redis.url(), options(), loops());
    TestClient one = newcomer(a);
    TestClient other = newcomer(b);
    constexpr int count = 300;
    std::thread there([&] {
        for (int i = 0; i < count; ++i) b.server->publish("news", "b" + std::to_string(i));
    });
    for (int i = 0; i < count; ++i) a.server->publish("news", "a" + std::to_string(i));
    there.join();
    List order;
    for (int i = 0; i < 2 * count; ++i) order.push_back(one.read_frame().text());
    for (const std::string& text : order) other.expect_text(text);
    for (Node* const node : {&a, &b}) {
        TestClient late = node->listen(from(100));
        ASSERT_EQ(place_of(late), "recovered");
        for (std::size_t i = 100; i < order.size(); ++i) late.expect_text(order[i]);
    }
}

TEST_P(RedisHistoryTest, nothing_is_missed_or_doubled_by_whoever_wanders) {
    Node a(redis.url(), options(), loops());
    Node b(redis.url(), options(), loops());
    TestClient stays = newcomer(a);
    constexpr std::size_t count = 600;
    const auto publish = [](Node& node, const char* text) {
        for (std::size_t i = 0; i < count / 2; ++i) {
            node.server->publish("news", text);
            std::this_thread::yield();
        }
    };
    std::thread here([&] { publish(a, "a"); });
    std::thread there([&] { publish(b, "b"); });
    std::string parts;
    std::string all;
    while (parts.size() < count) {
        TestClient visitor = (parts.size() % 2 == 0 ? a : b).listen(from(parts.size()));
        ASSERT_EQ(place_of(visitor), "recovered");
        ASSERT_EQ(offset, parts.size());
        for (int i = 0; i < 31 && parts.size() < count; ++i) parts += visitor.read_frame().text();
    }
    here.join();
    there.join();
    for (std::size_t i = 0; i < count; ++i) all += stays.read_frame().text();
    EXPECT_EQ(parts, all);
}

TEST_P(RedisHistoryTest, a_publisher_does_not_get_its_own) {
    Node a(redis.url(), options(), loops());
    Node b(redis.url(), options(), loops());
    TestClient publisher = a.listen("news");
    TestClient beside = a.listen("news");
    TestClient there = b.listen("news");
    for (const char* text : {"1", "2"}) {
        publisher.send_text(text);
        beside.expect_text(text);
        there.expect_text(text);
    }
    there.send_text("answer");
    publisher.expect_text("answer");
    beside.expect_text("answer");
}

TEST_P(RedisHistoryTest, binary_messages_and_empty_ones_are_recovered_as_they_were) {
    Node a(redis.url(), options(), loops());
    TestClient first = newcomer(a);
    a.server->publish("news", Message::binary(std::string_view("\r\n\0:", 4)));
    a.server->publish("news", "");
    first.expect_frame(0x82, std::string_view("\r\n\0:", 4));
    first.expect_text("");
    TestClient again = a.listen(from(0));
    EXPECT_EQ(place_of(again), "recovered");
    again.expect_frame(0x82, std::string_view("\r\n\0:", 4));
    again.expect_text("");
}

// ---- What is not there any more ----------------------------------------------------------------

TEST_P(RedisHistoryTest, what_is_trimmed_is_not_recovered) {
    for (const TopicHistory& history :
         {TopicHistory{.message_count_max = 2}, TopicHistory{.size_max = 60}}) {  // Of 27 each.
        redis.drop(channel);
        Node a(redis.url(), options(history), loops());
        TestClient first = newcomer(a);
        for (const char* text : {"1", "2", "3"}) a.server->publish("news", text);
        for (const char* text : {"1", "2", "3"}) first.expect_text(text);
        TestClient behind = a.listen(from(0));
        EXPECT_EQ(place_of(behind), "not recovered");
        EXPECT_EQ(offset, 3U);
        TestClient in_front = a.listen(from(1));
        EXPECT_EQ(place_of(in_front), "recovered");
        for (const char* text : {"2", "3"}) in_front.expect_text(text);
    }
}

TEST_P(RedisHistoryTest, what_has_expired_is_not_recovered) {
    Node a(redis.url(), options({.ttl_ms = 1'000}), loops());
    TestClient first = newcomer(a);
    a.server->publish("news", "1");
    first.expect_text("1");
    redis.pass(600);
    a.server->publish("news", "2");
    first.expect_text("2");
    redis.pass(600);
    TestClient behind = a.listen(from(0));
    EXPECT_EQ(place_of(behind), "not recovered");
    EXPECT_EQ(offset, 2U);
    TestClient in_front = a.listen(from(1));
    EXPECT_EQ(place_of(in_front), "recovered");
    in_front.expect_text("2");
    redis.pass(600);
    TestClient at_the_end = a.listen(from(2));  // Nothing is missing there.
    EXPECT_EQ(place_of(at_the_end), "recovered");
}

// ---- Connections that are lost -----------------------------------------------------------------

TEST_P(RedisHistoryTest, a_node_that_was_away_reads_what_it_missed) {
    Node a(redis.url(), options(), loops());
    Node b(redis.url(), options(), loops());
    TestClient stays = newcomer(a);
    TestClient there = b.listen("news");
    b.server->publish("news", "1");
    stays.expect_text("1");
    there.expect_text("1");
    for (std::uint64_t i = 0; i < 3; ++i) {
        redis.refuse("HELLO", "ERR not now");
        redis.cut_oldest();
        a.await(is_available, 0);
        for (const char* text : {"2", "3"}) b.server->publish("news", text);
        for (const char* text : {"2", "3"}) there.expect_text(text);
        redis.refuse("HELLO", "");
        for (const char* text : {"2", "3"}) stays.expect_text(text);
        await_back(a, i + 2);
        // The next to be cut is the oldest.
        redis.cut_oldest();
        b.await(disconnects, i + 1);
        await_back(b, i + 2);
    }
    EXPECT_EQ(a.notes.all(), List{});
    EXPECT_EQ(b.notes.all(), List{});
    TestClient again = a.listen(from(6));
    EXPECT_EQ(place_of(again), "recovered");
    again.expect_text("3");
}

TEST_P(RedisHistoryTest, connections_that_are_cut_leave_one_order) {
    Node a(redis.url(), options(), loops());
    Node b(redis.url(), options(), loops());
    TestClient stays = newcomer(a);
    int published = 0;
    const auto publish = [&](int count) {
        for (; count > 0; --count) b.server->publish("news", std::to_string(published++));
    };
    for (std::uint64_t i = 1; i < 6; ++i) {
        publish(50);
        redis.cut();
        publish(50);  // What is on its way is lost with the connection,
        b.await(disconnects, i);
        publish(10);  // and what waits is not.
        a.await(connects, i + 1);
        b.await(connects, i + 1);
    }
    b.server->publish("news", "end");
    List heard;
    while (heard.empty() || heard.back() != "end") heard.push_back(stays.read_frame().text());
    for (std::size_t i = 1; heard[i] != "end"; ++i) {
        ASSERT_GT(std::stoi(heard[i]), std::stoi(heard[i - 1]));
    }
    EXPECT_EQ(places(a), List{});
    TestClient again = b.listen(from(0));
    ASSERT_EQ(place_of(again), "recovered");
    for (const std::string& text : heard) again.expect_text(text);
}

TEST_P(RedisHistoryTest, a_node_that_missed_what_is_trimmed_tells_where_it_is) {
    Node a(redis.url(), options({.message_count_max = 2}), loops());
    Node b(redis.url(), options({.message_count_max = 2}), loops());
    TestClient stays = newcomer(a);
    TestClient there = b.listen("news");
    b.server->publish("news", "1");
    stays.expect_text("1");
    redis.refuse("HELLO", "ERR not now");
    redis.cut_oldest();
    a.await(is_available, 0);
    for (const char* text : {"2", "3", "4", "5"}) b.server->publish("news", text);
    for (const char* text : {"1", "2", "3", "4", "5"}) there.expect_text(text);
    redis.refuse("HELLO", "");
    for (const char* text : {"4", "5"}) stays.expect_text(text);
    // The one says where those are who count, the other what is missing.
    EXPECT_EQ(a.notes.all(), (List{"gap news at 3", "gap news 2-3"}));
    for (Node* const node : {&a, &b}) {
        TestClient again = node->listen(from(4));
        EXPECT_EQ(place_of(again), "recovered");
        again.expect_text("5");
    }
}

// ---- Servers that begin again ------------------------------------------------------------------

TEST_P(RedisHistoryTest, where_all_is_forgotten_another_epoch_begins) {
    Node a(redis.url(), options(), loops());
    TestClient stays = newcomer(a);
    const std::string old = epoch;
    a.server->publish("news", "1");
    stays.expect_text("1");
    redis.restart(Memory::nothing);
    await_back(a, 2);
    EXPECT_EQ(places(a), List{"gap news at 0"});
    a.server->publish("news", "2");
    stays.expect_text("2");
    TestClient again = a.listen("news?from=" + old + ":1");
    EXPECT_EQ(place_of(again), "not recovered");
    EXPECT_NE(epoch, old);
    EXPECT_EQ(offset, 1U);
    TestClient told = a.listen(from(0));
    EXPECT_EQ(place_of(told), "recovered");
    told.expect_text("2");
}

TEST_P(RedisHistoryTest, where_all_is_remembered_places_still_are) {
    Node a(redis.url(), options(), loops());
    TestClient stays = newcomer(a);
    const std::string old = epoch;
    for (const char* text : {"1", "2"}) a.server->publish("news", text);
    for (const char* text : {"1", "2"}) stays.expect_text(text);
    redis.restart(Memory::all);
    await_back(a, 2);
    EXPECT_EQ(places(a), List{"gap news at 2"});  // By another epoch's name.
    a.server->publish("news", "3");
    stays.expect_text("3");
    TestClient again = a.listen("news?from=" + old + ":1");
    EXPECT_EQ(place_of(again), "recovered");
    EXPECT_NE(epoch, old);
    EXPECT_EQ(offset, 1U);
    for (const char* text : {"2", "3"}) again.expect_text(text);
    // Of an epoch that has ended there is nothing more.
    TestClient counted = a.listen("news?from=" + old + ":3");
    EXPECT_EQ(place_of(counted), "not recovered");
    redis.restart(Memory::all);
    await_back(a, 3);
    TestClient twice = a.listen("news?from=" + old + ":1");
    EXPECT_EQ(place_of(twice), "not recovered");
}

TEST_P(RedisHistoryTest, what_the_server_has_forgotten_is_nobodys_place) {
    Node a(redis.url(), options(), loops());
    TestClient stays = newcomer(a);
    const std::string old = epoch;
    for (const char* text : {"1", "2", "3"}) a.server->publish("news", text);
    for (const char* text : {"1", "2", "3"}) stays.expect_text(text);
    redis.restart(Memory::all, 2);
    await_back(a, 2);
    EXPECT_EQ(places(a), List{"gap news at 1"});
    for (const char* text : {"4", "5", "6"}) a.server->publish("news", text);
    for (const char* text : {"4", "5", "6"}) stays.expect_text(text);
    TestClient knew_more = a.listen("news?from=" + old + ":3");
    EXPECT_EQ(place_of(knew_more), "not recovered");
    EXPECT_EQ(offset, 4U);
    TestClient knew_less = a.listen("news?from=" + old + ":1");
    EXPECT_EQ(place_of(knew_less), "recovered");
    for (const char* text : {"4", "5", "6"}) knew_less.expect_text(text);
}

TEST_P(RedisHistoryTest, a_topic_that_is_dropped_meanwhile_is_noticed) {
    Node a(redis.url(), options(), loops());
    TestClient stays = newcomer(a);
    a.server->publish("news", "1");
    stays.expect_text("1");
    redis.drop(channel);  // FLUSHALL, or for want of memory.
    a.server->publish("news", "2");
    stays.expect_text("2");
    EXPECT_EQ(places(a), List{"gap news at 0"});
    redis.drop(channel);
    TestClient other = a.listen(from(1));
    EXPECT_EQ(place_of(other), "not recovered");
    EXPECT_EQ(offset, 0U);
    EXPECT_EQ(places(a), (List{"gap news at 0", "gap news at 0"}));  // It has noticed by then.
    a.server->publish("news", "3");
    other.expect_text("3");
    stays.expect_text("3");
    EXPECT_EQ(places(a).size(), 2U);
}

}  // namespace
}  // namespace edgews::test
