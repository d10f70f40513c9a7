// What all share: how much of it anyone may hold.
#include <gtest/gtest.h>

#include "core/stomp/accounts.hpp"

#include <cstddef>
#include <vector>

namespace edgews::stomp {
namespace {

constexpr std::size_t max = 100'000;
constexpr Amounts all_max{max * 1024, max, max, max, max, max};

// As many queues as it gets.
std::size_t take_all(Accounts& accounts, Account& account) {
    std::size_t count = 0;
    while (accounts.may_take(&account, Common::queues, 1)) {
        accounts.take(&account, Common::queues, 1);
        ++count;
    }
    return count;
}

void give_back_all(Accounts& accounts, Account& account) {
    accounts.give_back(&account, Common::queues, account.held(Common::queues));
}

TEST(StompAccounts, a_lone_session_gets_a_third_and_its_user_half) {
    Accounts accounts(all_max, true);
    std::vector<Account*> sessions;
    for (int i = 0; i < 40; ++i) {
        sessions.push_back(&accounts.open("joe"));
        const std::size_t count = take_all(accounts, *sessions.back());
        if (i == 0) {
            EXPECT_EQ(count, max / 3);
        }
        // Each leaves something for the next.
        if (i < 5) {
            EXPECT_GT(count, 100U);
        }
    }
    EXPECT_EQ(accounts.total(Common::queues), max / 2);
    for (Account* const account : sessions) {
        give_back_all(accounts, *account);
        accounts.close(*account);
    }
    EXPECT_EQ(accounts.user_count(), 0U);
}

TEST(StompAccounts, each_user_leaves_half_of_what_it_finds_to_the_next) {
    Accounts accounts(all_max, true);
    std::vector<Account*> sessions;
    std::size_t left = max;
    for (int i = 0; i < 10; ++i) {
        // By fifty sessions, one after another.
        for (int j = 0; j < 50; ++j) {
            sessions.push_back(&accounts.open("user " + std::to_string(i)));
            static_cast<void>(take_all(accounts, *sessions.back()));
        }
        EXPECT_GE(accounts.left(Common::queues), left / 2);
        left = accounts.left(Common::queues);
    }
    for (Account* const account : sessions) {
        give_back_all(accounts, *account);
        accounts.close(*account);
    }
    EXPECT_EQ(accounts.user_count(), 0U);
    EXPECT_EQ(accounts.total(Common::queues), 0U);
}

TEST(StompAccounts, what_a_session_leaves_behind_stays_its_users) {
    Accounts accounts(all_max, true);
    Account& gone = accounts.open("joe");
    accounts.take(&gone, Common::queues, max / 3);
    accounts.close(gone);
    EXPECT_EQ(accounts.user_count(), 1U);
    Account& next = accounts.open("joe");
    Account& other = accounts.open("ann");
    EXPECT_FALSE(accounts.may_take(&next, Common::queues, max / 4));
    EXPECT_TRUE(accounts.may_take(&other, Common::queues, max / 5));
    accounts.give_back(&gone, Common::queues, max / 3);
    EXPECT_TRUE(accounts.may_take(&next, Common::queues, max / 4));
    accounts.close(next);
    accounts.close(other);
    EXPECT_EQ(accounts.user_count(), 0U);
}

TEST(StompAccounts, limits_that_are_next_to_nothing_are_for_whoever_comes_first) {
    Accounts accounts({1000, 2, 2, 2, 1000, 1000}, true);
    Account& account = accounts.open("joe");
    EXPECT_EQ(take_all(accounts, account), 2U);
    EXPECT_TRUE(accounts.may_take(&account, Common::memory, 1000));
    EXPECT_FALSE(accounts.may_take(&account, Common::memory, 1001));
    give_back_all(accounts, account);
    accounts.close(account);
}

TEST(StompAccounts, without_shares_and_for_the_application_all_of_it_is_there) {
    Accounts accounts(all_max, false);
    Account& account = accounts.open("joe");
    EXPECT_TRUE(accounts.may_take(&account, Common::queues, max));
    EXPECT_FALSE(accounts.may_take(&account, Common::queues, max + 1));
    Accounts shared(all_max, true);
    EXPECT_TRUE(shared.may_take(nullptr, Common::queues, max));
    EXPECT_FALSE(shared.may_take(nullptr, Common::queues, max + 1));
    accounts.close(account);
}

}  // namespace
}  // namespace edgews::stomp
