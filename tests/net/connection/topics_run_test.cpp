// Messages of one turn for the same topic, and who is in which topic after much coming and going.
#include "net/connection/topics.hpp"

#include <malloc.h>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

class TopicsRun : public testing::Test {
  protected:
    void start(std::size_t count, RouteOptions options = {}) {
        server_->ws("/", {.open = [this](Connection& c) { connections_.push_back(&c); }}, options);
        server_.start();
        for (std::size_t i = 0; i < count; ++i) {
            clients_.push_back(server_.open());
            server_.wait_for(Counter::websockets_open, i + 1);
        }
    }
    [[nodiscard]] Connection& at(std::size_t index) const { return *connections_[index]; }
    // In one turn.
    template <class F>
    void act(F function) {
        server_.on_loop([&] { function(); });
    }
    void publish(std::string_view topic, std::string_view text) { server_->publish(topic, text); }
    void expect(std::size_t index, const List& texts) {
        SCOPED_TRACE("client " + std::to_string(index));
        for (const std::string& text : texts) clients_[index].expect_text(text);
    }
    // And nothing came in between.
    void expect_only(std::size_t index, const List& texts) {
        act([&] { at(index).send("no more"); });
        expect(index, texts);
        expect(index, {"no more"});
    }

    TestServer server_;
    std::vector<Connection*> connections_;
    std::vector<TestClient> clients_;
};

TEST_F(TopicsRun, who_publishes_one_of_them_gets_the_others) {
    start(2);
    act([&] {
        for (std::size_t i : {0U, 1U}) at(i).subscribe("t");
        at(0).publish("t", "first, of 0");
        publish("t", "second");
    });
    expect_only(0, {"second"});
    expect_only(1, {"first, of 0", "second"});
    act([&] { at(0).publish("t", "alone, of 0"); });
    expect_only(0, {});
    expect_only(1, {"alone, of 0"});
    act([&] {
        publish("t", "third");
        at(0).publish("t", "fourth, of 0");
        at(1).publish("t", "fifth, of 1");
    });
    expect_only(0, {"third", "fifth, of 1"});
    expect_only(1, {"third", "fourth, of 0"});
}

TEST_F(TopicsRun, each_message_is_counted_once_for_each_who_hears_it) {
    start(2);
    act([&] {
        for (std::size_t i : {0U, 1U}) at(i).subscribe("t");
        at(0).subscribe("u");
    });
    const auto sent = [&] { return server_->stats()[Counter::messages_sent]; };
    struct Row {
        const char* what;
        List topics;
        std::uint64_t count;
    };
    const Row rows[] = {
        {"one", {"t"}, 2},
        {"a run", {"t", "t", "t"}, 6},
        {"runs of several topics", {"t", "t", "u", "u", "t"}, 8},
        {"to nobody", {"v"}, 0},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what);
        const std::uint64_t before = sent();
        act([&] {
            for (const std::string& topic : row.topics) publish(topic, topic);
        });
        // A turn later all of them have left.
        EXPECT_EQ(server_.on_loop(sent) - before, row.count);
        expect(0, row.topics[0] == "v" ? List{} : row.topics);
    }
}

// Joined, they would be too much to copy; large ones are shared as they are.
TEST_F(TopicsRun, short_and_long_ones_arrive_in_their_order) {
    start(1);
    act([&] { at(0).subscribe("t"); });
    const std::string large(5'000, 'l');
    const std::string middle(4'000, 'm');
    const List runs[] = {
        {"a", "b"},     {"c", large, "d"}, {middle, middle, middle, middle, middle},
        {large, large}, {"e", "f", "g"},
    };
    for (const List& run : runs) {
        act([&] {
            for (const std::string& text : run) publish("t", text);
        });
        expect_only(0, run);
    }
}

TEST_F(TopicsRun, they_stay_behind_what_was_sent_before_them) {
    start(1);
    act([&] { at(0).subscribe("t"); });
    for (const std::size_t count : {1U, 3U}) {
        act([&] {
            at(0).send("before");
            for (std::size_t i = 0; i < count; ++i) publish("t", "published");
        });
        expect(0, {"before"});
        expect_only(0, List(count, "published"));
    }
}

TEST_F(TopicsRun, none_falls_between_the_fragments_of_a_message) {
    start(1);
    act([&] {
        for (const char* const topic : {"t", "u"}) at(0).subscribe(topic);
        EXPECT_EQ(at(0).send_fragment("be", Fragment::first), SendResult::sent);
    });
    clients_[0].expect_frame(0x01, "be");
    act([&] { publish("t", "lost"); });
    act([&] {
        for (int i = 0; i < 3; ++i) publish("t", "lost");
    });
    act([&] {
        for (const char* const topic : {"t", "t", "u", "u"}) publish(topic, "lost");
    });
    act([&] { EXPECT_EQ(at(0).send_fragment("gun", Fragment::last), SendResult::sent); });
    clients_[0].expect_frame(0x80, "gun");
    act([&] { publish("t", "heard"); });
    expect_only(0, {"heard"});
}

TEST_F(TopicsRun, much_does_not_wait_for_the_end_of_the_turn) {
    start(1, {.backlog_size_max = 1'000'000});
    act([&] { at(0).subscribe("t"); });
    const std::string text(100'000, 'x');
    for (int round = 0; round < 2; ++round) {
        act([&] {
            for (int i = 0; i < 2; ++i) publish("t", text);
            EXPECT_EQ(at(0).buffered_amount(), 0U);
            publish("t", text);
            EXPECT_GT(at(0).buffered_amount(), 0U);
        });
        expect_only(0, {text, text, text});
    }
}

TEST_F(TopicsRun, a_topic_of_others_is_not_ones_own) {
    start(3);
    act([&] {
        at(0).subscribe("t");
        at(1).subscribe("u");
        EXPECT_FALSE(at(1).is_subscribed("t"));
        EXPECT_FALSE(at(1).unsubscribe("t"));
        EXPECT_FALSE(at(2).is_subscribed("t"));  // Which has never had any.
        EXPECT_FALSE(at(2).unsubscribe("t"));
        EXPECT_FALSE(at(2).is_subscribed("none"));
        EXPECT_FALSE(at(1).unsubscribe("none"));
        EXPECT_TRUE(at(0).is_subscribed("t"));
        publish("t", "for 0");
        publish("u", "for 1");
    });
    expect_only(0, {"for 0"});
    expect_only(1, {"for 1"});
    expect_only(2, {});
}

TEST_F(TopicsRun, a_topic_that_nobody_is_in_any_more_takes_no_memory) {
    start(1);
    const auto held_size = [] { return ::mallinfo2().uordblks; };
    act([&] {
        EXPECT_TRUE(at(0).subscribe("t"));
        const std::size_t before = held_size();
        for (int i = 0; i < 5'000; ++i) {
            const std::string name = std::string(500, 'n') + std::to_string(i);
            EXPECT_TRUE(at(0).subscribe(name));
            EXPECT_TRUE(at(0).unsubscribe(name));
        }
        EXPECT_LT(held_size(), before + 500'000);
    });
}

// Against a model: few topics, so that who leaves has others before and behind itself.
TEST_F(TopicsRun, who_comes_and_goes_in_any_order_hears_what_is_meant_for_it) {
    constexpr std::size_t client_count = 6;
    constexpr std::array topics{"t", "u", "v", "w"};
    std::mt19937 random(7);  // NOLINT: the same at every run.
    start(client_count);
    std::array<std::array<bool, topics.size()>, client_count> is_in{};
    for (std::size_t gone = 0; gone < client_count; ++gone) {
        for (int round = 0; round < 20; ++round) {
            act([&] {
                for (int step = 0; step < 10; ++step) {
                    const std::size_t who = gone + random() % (client_count - gone);
                    const std::size_t topic = random() % topics.size();
                    bool& is = is_in[who][topic];
                    EXPECT_EQ(at(who).is_subscribed(topics[topic]), is);
                    EXPECT_TRUE(is ? at(who).unsubscribe(topics[topic])
                                   : at(who).subscribe(topics[topic]));
                    is = !is;
                }
                for (const char* const topic : topics) publish(topic, topic);
            });
            for (std::size_t who = gone; who < client_count; ++who) {
                List expected;
                for (std::size_t i = 0; i < topics.size(); ++i) {
                    if (is_in[who][i]) expected.emplace_back(topics[i]);
                }
                expect_only(who, expected);
            }
        }
        clients_[gone].close_cleanly();  // And with it all that it was in.
    }
}

}  // namespace
}  // namespace edgews::test
