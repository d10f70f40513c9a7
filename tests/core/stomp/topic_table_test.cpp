// What a message costs to find its subscribers, whatever patterns there are.
#include <gtest/gtest.h>

#include "core/stomp/destination.hpp"
#include "core/stomp/outbox.hpp"
#include "core/stomp/topic_table.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "peers.hpp"

namespace edgews::stomp::test {
namespace {

constexpr Amounts no_limits{SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX};

// Subscriptions of one session, in a table without a broker.
class Table {
  public:
    ~Table() {
        while (outbox_.subscription_count() > 0) remove(outbox_.any());
        EXPECT_EQ(table.count(), 0U);
        EXPECT_EQ(table.shape_count(), 0U);
        for (const Common what : {Common::memory, Common::topics, Common::shapes}) {
            EXPECT_EQ(accounts_.total(what), 0U);
        }
    }
    void add(const std::string& destination) {
        const std::uint64_t number = ++last_number_;
        Subscription& subscription = outbox_.add(
            number,
            {.id = std::to_string(number), .destination = destination, .prefetch_count = 1});
        table.add(destination, subscription);
    }
    void remove(Subscription& subscription) {
        table.remove(subscription.setup().destination, subscription);
        outbox_.remove(subscription);
    }
    [[nodiscard]] Outbox& outbox() { return outbox_; }
    // Of the subscriptions that are found, in order.
    std::vector<std::string> find(const std::string& name) {
        std::vector<Subscription*> found;
        table.find(name, found);
        std::vector<std::string> names;
        for (const Subscription* const one : found) names.push_back(one->setup().destination);
        std::sort(names.begin(), names.end());
        return names;
    }

  private:
    Accounts accounts_{no_limits, false};
    Outbox outbox_;
    std::uint64_t last_number_ = 0;

  public:
    TopicTable table{accounts_};
};

// As destination.hpp says it, segment by segment.
bool matches(std::string_view pattern, std::string_view name) {
    if (pattern.empty()) return name.empty();
    SegmentReader patterns(pattern);
    const std::string_view segment = patterns.next();
    const std::string_view rest = pattern.substr(segment.size());
    if (name.empty()) return is_any_rest(segment);
    SegmentReader names(name);
    const std::string_view first = names.next();
    if (is_any_rest(segment)) return segment.front() == first.front();
    const bool is_same =
        is_any_segment(segment) ? segment.front() == first.front() : segment == first;
    return is_same && matches(rest, name.substr(first.size()));
}

TEST(StompTopicTable, a_message_looks_once_for_each_shape_however_many_patterns_there_are) {
    Table all;
    // Of 15 segments each may be a wildcard or not, but in few ways; and all end in another name.
    constexpr std::size_t shape_count = 64;
    for (std::size_t i = 0; i < 16'000; ++i) {
        std::string pattern = "/topic";
        for (std::size_t bit = 0; bit < 14; ++bit) {
            pattern += ((i % shape_count) >> bit) % 2 != 0 ? "/*" : "/a";
        }
        pattern += "/no-" + std::to_string(i);
        if (i % shape_count == 0) pattern += "/#";
        all.add(pattern);
    }
    EXPECT_EQ(all.table.shape_count(), shape_count);
    std::string name = "/topic";
    for (int i = 0; i < 14; ++i) name += "/a";
    std::vector<Subscription*> found;
    EXPECT_LE(all.table.find(name + "/zz", found), shape_count + 1);
    EXPECT_LE(all.table.find(name + "/zz/zz", found), 1U);
    EXPECT_EQ(all.table.find("/topic/other", found), 0U);
    EXPECT_TRUE(found.empty());
    EXPECT_EQ(all.table.find(name + "/no-1", found), shape_count + 1);
    EXPECT_EQ(found.size(), 1U);
}

TEST(StompTopicTable, it_finds_what_the_rules_say_and_nothing_else) {
    std::mt19937 random(7);
    const auto below = [&](std::size_t count) { return random() % count; };
    const auto make = [&](bool is_pattern) {
        std::string text = "/topic";
        for (std::size_t left = 1 + below(5); left > 0; --left) {
            text += below(3) == 0 ? '.' : '/';
            const bool is_any = is_pattern && below(3) == 0;
            if (is_any) text += '*';
            if (!is_any && below(12) != 0) text += below(2) == 0 ? "a" : "b";
        }
        if (is_pattern && below(3) == 0) {
            constexpr std::string_view rests[] = {"/#", ".#", "/**", ".**"};
            text += rests[below(4)];
        }
        return text;
    };
    for (int round = 0; round < 20; ++round) {
        Table all;
        std::vector<std::string> patterns;
        for (int i = 0; i < 100; ++i) {
            patterns.push_back(make(true));
            all.add(patterns.back());
        }
        for (int i = 0; i < 300; ++i) {
            const std::string name = make(false);
            std::vector<std::string> expected;
            for (const std::string& pattern : patterns) {
                if (matches(pattern, name)) expected.push_back(pattern);
            }
            std::sort(expected.begin(), expected.end());
            ASSERT_EQ(all.find(name), expected) << name;
        }
        // Half of them go, and no trace of those is left.
        for (int i = 0; i < 50; ++i) {
            Subscription& gone = all.outbox().any();
            patterns.erase(std::find(patterns.begin(), patterns.end(), gone.setup().destination));
            all.remove(gone);
        }
        for (int i = 0; i < 100; ++i) {
            const std::string name = make(false);
            const auto expected =
                std::count_if(patterns.begin(), patterns.end(),
                              [&](const std::string& pattern) { return matches(pattern, name); });
            ASSERT_EQ(all.find(name).size(), static_cast<std::size_t>(expected)) << name;
        }
    }
}

std::string pattern_of(std::size_t shape, std::string_view name = "a") {
    std::string pattern = "/topic/" + std::string(name);
    for (std::size_t bit = 0; bit < 10; ++bit) pattern += (shape >> bit) % 2 != 0 ? "/*" : "/a";
    return pattern + "/*";
}

void subscribe(Peer& peer, const std::string& destination) {
    peer.say("SUBSCRIBE\nid:" + destination + "\ndestination:" + destination + "\n\n");
}

TEST(StompTopicTable, one_client_leaves_shapes_of_patterns_to_the_others) {
    Peers peers;
    Peer& greedy = peers.connect("1.2", "greedy");
    std::size_t count = 0;
    while (!greedy.session().is_over() && count < 1'000) subscribe(greedy, pattern_of(count++));
    const Got error = greedy.take_error(Fault::too_many_shapes);
    EXPECT_NE(error.body.find("pattern_shape_count_max is 128"), std::string::npos) << error.body;
    EXPECT_EQ(count - 1, 128U / 3);
    EXPECT_EQ(peers.broker().topics().shape_count(), 0U);

    // As long as it is there: others have some, and all have those that are there.
    Peer& full = peers.connect("1.2", "greedy");
    for (std::size_t i = 0; i < 128 / 3; ++i) subscribe(full, pattern_of(i));
    Peer& other = peers.connect("1.2", "other");
    for (std::size_t i = 0; i < 20; ++i) subscribe(other, pattern_of(500 + i));
    for (std::size_t i = 0; i < 128 / 3; ++i) subscribe(other, pattern_of(i, "b"));
    for (std::size_t i = 0; i < 128 / 3; ++i) subscribe(full, pattern_of(i, "c"));
    EXPECT_TRUE(other.has_nothing());
    EXPECT_TRUE(full.has_nothing());
    EXPECT_LE(peers.broker().topics().shape_count(), 128U);
}

TEST(StompTopicTable, who_comes_to_a_topic_has_it_on_its_account_when_its_first_has_left) {
    Peers peers;
    Peer& first = peers.connect("1.2", "first");
    Peer& second = peers.connect("1.2", "second");
    for (Peer* const peer : {&first, &second}) subscribe(*peer, "/topic/a");
    const auto topics_of = [](Peer& peer) {
        return peer.session().outbox().account->held(Common::topics);
    };
    EXPECT_EQ(topics_of(first), 1U);
    EXPECT_EQ(topics_of(second), 0U);
    first.say("UNSUBSCRIBE\nid:/topic/a\n\n");
    EXPECT_EQ(topics_of(first), 0U);
    EXPECT_EQ(topics_of(second), 1U);
    second.vanish();
    EXPECT_EQ(peers.broker().accounts().total(Common::topics), 0U);
}

}  // namespace
}  // namespace edgews::stomp::test
