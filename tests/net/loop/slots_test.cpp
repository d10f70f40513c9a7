// Tokens: each names one object for as long as it lives, and never another one.
#include <gtest/gtest.h>

#include "net/loop/slots.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace edgews {
namespace {

struct Idle final : Registered {};

TEST(Slots, no_token_and_what_was_never_handed_out_name_nothing) {
    Slots slots;
    for (const Token token : {no_token, Token{1}, Token{1} << 24, ~Token{0}}) {
        SCOPED_TRACE(token);
        EXPECT_EQ(slots.find(token), nullptr);
        EXPECT_FALSE(slots.is_live(token));
    }
    Idle object;
    const Token token = slots.insert(object);
    EXPECT_NE(token, no_token);
    EXPECT_EQ(slots.find(no_token), nullptr);
    EXPECT_FALSE(slots.is_live(no_token));
    EXPECT_EQ(slots.find(token + 1), nullptr);
    EXPECT_FALSE(slots.is_live(token + 1));
}

TEST(Slots, a_token_names_its_source_until_it_is_erased) {
    Slots slots;
    Idle first;
    Idle second;
    const Token token_1 = slots.insert(first);
    const Token token_2 = slots.insert(second);
    EXPECT_NE(token_1, token_2);
    EXPECT_EQ(slots.find(token_1), &first);
    EXPECT_EQ(slots.find(token_2), &second);
    slots.erase(token_1);
    EXPECT_EQ(slots.find(token_1), nullptr);
    EXPECT_FALSE(slots.is_live(token_1));
    EXPECT_EQ(slots.find(token_2), &second);
    EXPECT_TRUE(slots.is_live(token_2));
}

TEST(Slots, replacing_keeps_the_token_and_changes_what_it_names) {
    Slots slots;
    Idle before;
    Idle after;
    const Token token = slots.insert(before);
    slots.replace(token, after);
    EXPECT_TRUE(slots.is_live(token));
    EXPECT_EQ(slots.find(token), &after);
}

TEST(Slots, a_slot_that_is_reused_never_gives_a_token_twice) {
    Slots slots;
    Idle object;
    std::unordered_set<Token> seen;
    Token last = no_token;
    for (int i = 0; i < 100'000; ++i) {
        const Token token = slots.insert(object);
        ASSERT_TRUE(seen.insert(token).second);
        ASSERT_EQ(slots.find(last), nullptr);
        ASSERT_FALSE(slots.is_live(last));
        slots.erase(token);
        last = token;
    }
    EXPECT_EQ(slots.count(), 1U);  // It was one slot all the time.
}

TEST(Slots, over_random_runs_they_do_what_a_map_does) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    Slots slots;
    std::vector<std::unique_ptr<Idle>> objects;
    for (int i = 0; i < 64; ++i) objects.push_back(std::make_unique<Idle>());
    std::unordered_map<Token, Registered*> expected;
    std::vector<Token> tokens;  // All that there ever were.
    std::size_t most = 0;
    for (int i = 0; i < 100'000; ++i) {
        Registered& object = *objects[random() % objects.size()];
        const Token any = tokens.empty() ? no_token : tokens[random() % tokens.size()];
        if (random() % 2 == 0 && expected.size() < 6000) {
            tokens.push_back(slots.insert(object));
            ASSERT_TRUE(expected.emplace(tokens.back(), &object).second);
            most = std::max(most, expected.size());
        } else if (expected.contains(any) && random() % 4 == 0) {
            slots.replace(any, object);
            expected[any] = &object;
        } else if (expected.erase(any) > 0) {
            slots.erase(any);
        }
        const Token probe = tokens.empty() ? no_token : tokens[random() % tokens.size()];
        const auto found = expected.find(probe);
        ASSERT_EQ(slots.find(probe), found == expected.end() ? nullptr : found->second);
        ASSERT_EQ(slots.is_live(probe), found != expected.end());
    }
    EXPECT_EQ(slots.count(), most);  // Free slots are taken before new ones.
}

TEST(Slots, a_visit_sees_each_source_once_and_nothing_where_a_slot_is_free) {
    constexpr std::size_t source_count = 10'000;  // More than one chunk of the table.
    Slots slots;
    EXPECT_EQ(slots.count(), 0U);
    std::vector<Idle> objects(source_count);
    std::vector<Token> tokens;
    for (Idle& object : objects) tokens.push_back(slots.insert(object));
    std::set<Registered*> expected;
    for (std::size_t i = 0; i < source_count; ++i) {
        if (i % 3 == 0) {
            slots.erase(tokens[i]);
        } else {
            expected.insert(&objects[i]);
        }
    }
    EXPECT_EQ(slots.count(), source_count);
    std::set<Registered*> seen;
    std::size_t free_count = 0;
    for (std::size_t i = 0; i < slots.count(); ++i) {
        Registered* object = slots.at(i);
        if (object == nullptr) {
            ++free_count;
        } else {
            EXPECT_TRUE(seen.insert(object).second);
        }
    }
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(free_count, source_count - expected.size());
}

TEST(Slots, any_thread_may_ask_who_lives_while_the_owner_changes_the_table) {
    Slots slots;
    Idle object;
    const Token lasting = slots.insert(object);
    const Token dead = slots.insert(object);
    slots.erase(dead);
    std::atomic<Token> latest{lasting};
    std::atomic<bool> is_over = false;
    std::atomic<int> asked_count = 0;
    std::atomic<int> wrong_count = 0;
    std::vector<std::thread> askers;
    for (int i = 0; i < 3; ++i) {
        askers.emplace_back([&] {
            while (!is_over) {
                if (!slots.is_live(lasting) || slots.is_live(dead)) ++wrong_count;
                (void)slots.is_live(latest);  // May be either, and in a chunk that is new.
                ++asked_count;
            }
        });
    }
    std::vector<Token> tokens;
    for (int round = 0; round < 20 || asked_count < 1000; ++round) {
        for (int i = 0; i < 5000; ++i) {
            tokens.push_back(slots.insert(object));
            latest = tokens.back();
        }
        for (const Token token : tokens) slots.erase(token);
        tokens.clear();
    }
    is_over = true;
    for (std::thread& asker : askers) asker.join();
    EXPECT_EQ(wrong_count, 0);
}

}  // namespace
}  // namespace edgews
