// Subscribers who come back to a topic with a history, at the place where they were.
#include "hub.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "topic_place.hpp"

namespace edgews::test {
namespace {

using enum BackplaneCounter;

class TopicHistoryTest : public testing::TestWithParam<unsigned>, protected TopicPlace {
  protected:
    [[nodiscard]] static BackplaneOptions options(BackplaneMode mode = BackplaneMode::local_first) {
        return {.mode = mode, .histories = {{.prefix = "news", .message_count_max = 1'000}}};
    }

    BackplaneHub hub;
};

INSTANTIATE_TEST_SUITE_P(loops, TopicHistoryTest, testing::Values(1U, 2U));

TEST_P(TopicHistoryTest, what_was_missed_follows_and_then_what_comes) {
    for (const BackplaneMode mode : {BackplaneMode::local_first, BackplaneMode::through}) {
        Node a(hub.url(), options(mode), {.loops = GetParam()});
        Node b(hub.url(), options(mode), {.loops = GetParam()});
        epoch = "0";
        TestClient first = a.listen(from(0));
        EXPECT_EQ(place_of(first), "not recovered");
        EXPECT_EQ(offset, 0U);
        a.server->publish("news", "1");
        b.server->publish("news", "2");
        for (int i = 0; i < 2; ++i) (void)first.read_frame();
        first.close_cleanly();
        TestClient stays = a.listen("news");
        a.server->publish("news", "3");
        stays.expect_text("3");
        TestClient again = a.listen(from(2));
        EXPECT_EQ(place_of(again), "recovered");
        EXPECT_EQ(offset, 2U);
        again.expect_text("3");
        b.server->publish("news", "4");
        again.expect_text("4");
        TestClient later = a.listen(from(4));
        EXPECT_EQ(place_of(later), "recovered");
        a.server->publish("news", "5");
        later.expect_text("5");
        // Another node has another epoch.
        TestClient elsewhere = b.listen(from(4));
        EXPECT_EQ(place_of(elsewhere), "not recovered");
    }
}

TEST_P(TopicHistoryTest, nothing_is_missed_or_doubled_while_others_publish) {
    Node a(hub.url(), options(), {.loops = GetParam()});
    Node b(hub.url(), options(), {.loops = GetParam()});
    TestClient stays = a.listen(from(0));
    (void)place_of(stays);
    constexpr int count = 900;
    std::thread here([&] {
        for (int i = 0; i < count / 2; ++i) {
            a.server->publish("news", "a");
            std::this_thread::yield();
        }
    });
    std::thread there([&] {
        for (int i = 0; i < count / 2; ++i) {
            b.server->publish("news", "b");
            std::this_thread::yield();
        }
    });
    std::string all;
    std::vector<std::string> heard;
    std::uint64_t place = 0;
    std::string parts;
    while (parts.size() < count) {
        TestClient visitor = a.listen(from(place));
        ASSERT_EQ(place_of(visitor), "recovered");
        ASSERT_EQ(offset, place);
        for (int i = 0; i < 30 && parts.size() < count; ++i) parts += visitor.read_frame().text();
        place = parts.size();
    }
    here.join();
    there.join();
    for (int i = 0; i < count; ++i) all += stays.read_frame().text();
    EXPECT_EQ(parts, all);
}

TEST_P(TopicHistoryTest, its_publisher_does_not_get_its_own) {
    Node a(hub.url(), options(), {.loops = GetParam()});
    TestClient publisher = a.listen("news");
    TestClient other = a.listen("news");
    publisher.send_text("mine");
    other.expect_text("mine");
    other.send_text("yours");
    publisher.expect_text("yours");
}

TEST_P(TopicHistoryTest, what_is_refused_is_delivered_here_still) {
    BackplaneOptions small = options();
    small.message_size_max = 10;
    Node a(hub.url(), small, {.loops = GetParam()});
    TestClient here = a.listen("news");
    const std::string large(11, 'x');
    EXPECT_EQ(a.server->publish("news", large), PublishResult::refused);
    a.server->publish("news", "small");
    here.expect_text(large);
    here.expect_text("small");
}

TEST_P(TopicHistoryTest, over_a_gap_nothing_is_recovered) {
    BackplaneOptions small = options();
    small.message_size_max = 10;
    Node a(hub.url(), small, {.loops = GetParam()});
    Node b(hub.url(), options(), {.loops = GetParam()});
    TestClient there = b.listen(from(0));
    (void)place_of(there);
    a.server->publish("news", "1");
    there.expect_text("1");
    a.server->publish("news", std::string(11, 'x'));
    a.server->publish("news", "2");
    there.expect_text("2");
    TestClient behind = b.listen(from(0));
    EXPECT_EQ(place_of(behind), "not recovered");
    EXPECT_EQ(offset, 2U);
    TestClient in_front = b.listen(from(1));
    EXPECT_EQ(place_of(in_front), "recovered");
    in_front.expect_text("2");
}

TEST_P(TopicHistoryTest, a_topic_without_one_is_subscribed_to) {
    Node a(hub.url(), options(), {.loops = GetParam()});
    for (const std::string topic : {"a", "local"}) {
        TestClient client = a.listen(topic + "?from=1:1");
        EXPECT_EQ(place_of(client), "not recovered");
        EXPECT_EQ(epoch, "0");
        a.server->publish(topic, "hello");
        client.expect_text("hello");
    }
}

TEST_P(TopicHistoryTest, whoever_has_gone_meanwhile_is_told_nothing) {
    Node a(hub.url(), options(), {.loops = GetParam()});
    for (int i = 0; i < 20; ++i) {
        TestClient client = a.listen(from(0));
        client.reset();
    }
    a.server.wait_for(Counter::websockets_open, 0);
    TestClient client = a.listen("news");
    a.server->publish("news", "end");
    client.expect_text("end");
}

}  // namespace
}  // namespace edgews::test
