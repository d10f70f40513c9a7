#include "core/backplane/publishers.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace edgews::backplane {
namespace {

using Kind = Envelope::Kind;

// "new", "old", and what is missing: "new 3-5".
class PublishersTest : public testing::Test {
  protected:
    std::string take(std::uint64_t sequence, NodeId node = 1, std::uint32_t run = 1,
                     Kind kind = Kind::text) {
        const auto verdict =
            publishers.take({.kind = kind, .node = node, .run = run, .sequence = sequence}, now_ms);
        std::string text = verdict.is_new ? "new" : "old";
        if (!verdict.missing) return text;
        EXPECT_EQ(verdict.missing->node, node);
        EXPECT_EQ(verdict.missing->count(), verdict.missing->last - verdict.missing->first + 1);
        return text + " " + std::to_string(verdict.missing->first) + "-" +
               std::to_string(verdict.missing->last);
    }
    std::string mark(std::uint64_t sequence, NodeId node = 1, std::uint32_t run = 1) {
        return take(sequence, node, run, Kind::mark);
    }

    Publishers publishers;
    std::uint64_t now_ms = 10;
};

TEST_F(PublishersTest, the_first_message_of_an_unknown_node_begins) {
    EXPECT_EQ(take(7), "new");
    EXPECT_EQ(take(8), "new");
    EXPECT_EQ(mark(5, 2), "old");
    EXPECT_EQ(take(6, 2), "new");
}

TEST_F(PublishersTest, nothing_comes_twice_nor_out_of_order) {
    EXPECT_EQ(take(7), "new");
    EXPECT_EQ(take(7), "old");
    EXPECT_EQ(take(6), "old");
    EXPECT_EQ(take(1), "old");
    EXPECT_EQ(take(8), "new");
    EXPECT_EQ(take(7), "old");
}

TEST_F(PublishersTest, a_hole_is_missing_once) {
    EXPECT_EQ(take(1), "new");
    EXPECT_EQ(take(5), "new 2-4");
    EXPECT_EQ(take(3), "old");  // It has been told that it is missing.
    EXPECT_EQ(take(6), "new");
    EXPECT_EQ(take(8), "new 7-7");
}

TEST_F(PublishersTest, a_mark_tells_what_is_missing_at_the_end) {
    EXPECT_EQ(take(1), "new");
    EXPECT_EQ(mark(1), "old");
    EXPECT_EQ(mark(3), "new 2-3");
    EXPECT_EQ(mark(3), "old");
    EXPECT_EQ(take(3), "old");
    EXPECT_EQ(take(4), "new");
}

TEST_F(PublishersTest, nodes_are_counted_each_by_itself) {
    EXPECT_EQ(take(1, 1), "new");
    EXPECT_EQ(take(1, 2), "new");
    EXPECT_EQ(take(3, 2), "new 2-2");
    EXPECT_EQ(take(2, 1), "new");
    EXPECT_EQ(publishers.count(), 2U);
}

TEST_F(PublishersTest, a_new_run_begins_at_1_and_the_old_one_is_over) {
    EXPECT_EQ(take(9, 1, 4), "new");
    EXPECT_EQ(take(1, 1, 5), "new");
    EXPECT_EQ(take(10, 1, 4), "old");
    EXPECT_EQ(mark(20, 1, 4), "old");
    EXPECT_EQ(take(2, 1, 5), "new");
    EXPECT_EQ(take(3, 1, 7), "new 1-2");
    EXPECT_EQ(mark(2, 1, 9), "new 1-2");
}

// It is told from one that began before by the age of its run.
TEST_F(PublishersTest, of_a_run_that_began_while_the_topic_was_heard_all_should_have_come) {
    constexpr std::uint64_t transit_ms = Publishers::transit_max_ms;
    const auto first = [&](NodeId node, std::uint32_t age_ms, Kind kind) {
        const auto verdict = publishers.take(
            {.kind = kind, .node = node, .run = 1, .age_ms = age_ms, .sequence = 5}, now_ms);
        return verdict.missing ? verdict.missing->count() : 0;
    };
    publishers.heard_since(100);
    now_ms = 99;
    EXPECT_EQ(first(1, 0, Kind::text), 0U);
    now_ms = 100 + transit_ms - 1;
    EXPECT_EQ(first(2, 0, Kind::text), 0U);
    now_ms = 100 + transit_ms;
    EXPECT_EQ(first(3, 0, Kind::text), 4U);
    EXPECT_EQ(first(4, 1, Kind::text), 0U);
    now_ms = 1'100 + transit_ms;
    EXPECT_EQ(first(5, 1'000, Kind::text), 4U);
    EXPECT_EQ(first(6, 1'000, Kind::mark), 5U);
    EXPECT_EQ(first(7, 1'001, Kind::text), 0U);
    EXPECT_EQ(first(8, UINT32_MAX, Kind::text), 0U);
    EXPECT_EQ(take(6, 7), "new");
    EXPECT_EQ(take(8, 4), "new 6-7");
}

TEST_F(PublishersTest, the_largest_sequence_is_the_last) {
    EXPECT_EQ(take(UINT64_MAX), "new");
    EXPECT_EQ(take(UINT64_MAX), "old");
    EXPECT_EQ(take(1), "old");
    publishers.heard_since(0);
    now_ms = 1'000;
    EXPECT_EQ(mark(UINT64_MAX, 2), "new 1-18446744073709551615");
    EXPECT_EQ(take(UINT64_MAX, 3), "new 1-18446744073709551614");
}

TEST_F(PublishersTest, the_one_that_was_silent_longest_is_forgotten) {
    for (NodeId node = 0; node < Publishers::count_max; ++node) {
        now_ms = 10 + node;
        EXPECT_EQ(take(5, node), "new");
    }
    now_ms = 5'000;
    EXPECT_EQ(take(6, 0), "new");
    EXPECT_EQ(take(5, 7'777), "new");
    EXPECT_EQ(publishers.count(), Publishers::count_max);
    EXPECT_EQ(take(6, 0), "old");
    EXPECT_EQ(take(4, 2), "old");
    EXPECT_EQ(take(3, 1), "new");  // It is unknown again.
}

// Whatever is lost, doubled or late on the way: each sequence is either new, or missing, once.
TEST_F(PublishersTest, what_is_new_and_what_is_missing_make_the_whole) {
    std::mt19937 random(7);  // NOLINT: the same at every run.
    publishers.heard_since(0);
    now_ms = 1'000;
    for (NodeId node = 1; node <= 200; ++node) {
        std::uint64_t last = 0;
        std::uint64_t new_count = 0;
        std::uint64_t missing_count = 0;
        for (std::uint64_t sent = 1; sent <= 100; ++sent) {
            const unsigned chance = random() % 8;
            if (chance == 0) continue;  // Lost.
            const std::uint64_t sequence = chance == 1 ? 1 + random() % sent : sent;
            const Kind kind = chance == 2 ? Kind::mark : Kind::text;
            const auto verdict = publishers.take(
                {.kind = kind, .node = node, .run = 1, .sequence = sequence}, now_ms);
            if (verdict.missing) {
                EXPECT_EQ(verdict.missing->first, last + 1);
                missing_count += verdict.missing->count();
                last = verdict.missing->last;
            }
            if (!verdict.is_new || kind == Kind::mark) continue;
            EXPECT_EQ(sequence, ++last);
            ++new_count;
        }
        EXPECT_EQ(new_count + missing_count, last);
    }
}

}  // namespace
}  // namespace edgews::backplane
