#include "core/backplane/follower.hpp"

#include <gtest/gtest.h>

namespace edgews::backplane {
namespace {

using enum Follower::Verdict;

TEST(Follower, the_first_message_begins_and_each_one_on_is_next) {
    Follower follower;
    EXPECT_FALSE(follower.is_known());
    EXPECT_EQ(follower.take({7, 41}), next);
    EXPECT_TRUE(follower.is_known());
    EXPECT_EQ(follower.take({7, 42}), next);
    EXPECT_EQ(follower.place(), (Follower::Place{7, 42}));
}

TEST(Follower, what_came_before_has_passed) {
    Follower follower;
    follower.arrive({7, 42});
    EXPECT_EQ(follower.take({7, 42}), passed);
    EXPECT_EQ(follower.take({7, 1}), passed);
    EXPECT_EQ(follower.take({7, 43}), next);
}

TEST(Follower, a_jump_and_another_epoch_are_missed_and_change_nothing) {
    Follower follower;
    follower.arrive({7, 42});
    for (const Follower::Place place : {Follower::Place{7, 44}, {8, 43}, {8, 1}, {6, 42}}) {
        EXPECT_EQ(follower.take(place), missed);
        EXPECT_EQ(follower.place(), (Follower::Place{7, 42}));
    }
    EXPECT_EQ(follower.take({7, 43}), next);
}

TEST(Follower, while_it_is_filling_all_come_by_what_is_read) {
    Follower follower;
    follower.arrive({7, 42});
    follower.begin_filling();
    EXPECT_TRUE(follower.is_filling());
    EXPECT_EQ(follower.take({7, 43}), passed);
    EXPECT_EQ(follower.take({8, 1}), passed);
    EXPECT_EQ(follower.place(), (Follower::Place{7, 42}));
    follower.arrive({8, 2});
    EXPECT_FALSE(follower.is_filling());
    EXPECT_EQ(follower.take({8, 3}), next);
}

TEST(Follower, one_that_has_forgotten_begins_again) {
    Follower follower;
    follower.arrive({7, 42});
    follower.begin_filling();
    follower.forget();
    EXPECT_FALSE(follower.is_filling());
    EXPECT_FALSE(follower.is_known());
    EXPECT_EQ(follower.take({7, 50}), next);
}

}  // namespace
}  // namespace edgews::backplane
