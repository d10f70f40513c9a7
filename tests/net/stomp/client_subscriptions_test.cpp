// What a STOMP client remembers of its subscriptions.
#include "net/stomp/client_subscriptions.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace edgews::stomp {
namespace {

class StompClientSubscriptionList : public testing::Test {
  protected:
    SubscriptionNumber add(const std::string& destination, const SubscribeOptions& options = {}) {
        return list
            .add(
                destination, [held = held](Client&, const Message&) {}, options)
            .number;
    }

    std::shared_ptr<int> held = std::make_shared<int>();
    ClientSubscriptions list{};
};

TEST_F(StompClientSubscriptionList, each_is_as_it_was_given) {
    std::string name = "k";
    std::string value = "v";
    const std::array<Header, 2> headers{{{name, value}, {"", "x"}}};
    ASSERT_EQ(add("/a", {.ack = AckMode::client_individual,
                         .headers = headers,
                         .confirmed = [](Client&, SubscriptionNumber, bool) {}}),
              1U);
    name = value = "z";
    ASSERT_EQ(add("/b"), 2U);
    const ClientSubscription* const first = list.find(1);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->number, 1U);
    EXPECT_EQ(first->destination, "/a");
    EXPECT_EQ(first->ack, AckMode::client_individual);
    EXPECT_TRUE(first->handler && first->confirmed);
    const std::vector<Header> views = first->headers.views();
    ASSERT_EQ(views.size(), 2U);
    EXPECT_EQ(views[0].name, "k");
    EXPECT_EQ(views[0].value, "v");
    EXPECT_EQ(views[1].value, "x");
    const ClientSubscription* const second = list.find(2);
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(second->ack, AckMode::automatic);
    EXPECT_FALSE(second->confirmed);
    EXPECT_TRUE(second->headers.views().empty());
}

TEST_F(StompClientSubscriptionList, numbers_are_not_used_twice_and_stay_in_order) {
    for (SubscriptionNumber i = 1; i <= 50; ++i) EXPECT_EQ(add("/a"), i);
    for (SubscriptionNumber i = 1; i <= 50; i += 2) EXPECT_TRUE(list.remove(i));
    EXPECT_EQ(add("/a"), 51U);
    std::vector<SubscriptionNumber> expected;
    for (SubscriptionNumber i = 2; i <= 50; i += 2) expected.push_back(i);
    expected.push_back(51);
    EXPECT_EQ(list.numbers(), expected);
    EXPECT_EQ(list.find(0), nullptr);
    EXPECT_EQ(list.find(1), nullptr);
    EXPECT_EQ(list.find(52), nullptr);
    EXPECT_FALSE(list.remove(0));
    EXPECT_FALSE(list.remove(1));
}

// Its handler may be running.
TEST_F(StompClientSubscriptionList, one_that_is_removed_stays_until_it_is_forgotten) {
    (void)add("/a");
    const ClientSubscription* const removed = list.find(1);
    EXPECT_EQ(held.use_count(), 2);
    EXPECT_TRUE(list.remove(1));
    EXPECT_EQ(list.find(1), nullptr);
    EXPECT_TRUE(list.numbers().empty());
    EXPECT_EQ(removed->destination, "/a");
    EXPECT_EQ(held.use_count(), 2);
    list.forget_removed();
    EXPECT_EQ(held.use_count(), 1);
}

TEST_F(StompClientSubscriptionList, one_stays_in_its_place_however_many_follow) {
    (void)add("/a");
    const ClientSubscription* const first = list.find(1);
    for (int i = 0; i < 1'000; ++i) (void)add("/b");
    EXPECT_EQ(list.find(1), first);
}

}  // namespace
}  // namespace edgews::stomp
