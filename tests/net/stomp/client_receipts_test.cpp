// Who waits for which receipt of a STOMP client's frames.
#include "net/stomp/client_receipts.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace edgews::stomp {
namespace {

class StompClientReceiptList : public testing::Test {
  protected:
    std::uint64_t add(const std::string& name, std::uint64_t due_ms = 0) {
        return receipts.add([this, name](const Receipt&) { told.push_back(name); }, due_ms);
    }
    // Whose it is. "": nobody's.
    std::string tell(const Completion& completion) {
        if (!completion) return {};
        completion({});
        return std::exchange(told, {}).at(0);
    }

    ClientReceipts receipts{};
    std::vector<std::string> told{};
};

TEST_F(StompClientReceiptList, each_number_is_one_of_a_kind) {
    EXPECT_EQ(add("a"), 1U);
    EXPECT_EQ(add("b"), 2U);
    EXPECT_EQ(tell(receipts.take(1)), "a");
    EXPECT_EQ(tell(receipts.take(2)), "b");
    EXPECT_EQ(add("c"), 3U);
    EXPECT_EQ(tell(receipts.take(1)), "");
    EXPECT_EQ(tell(receipts.take(2)), "");
    EXPECT_EQ(tell(receipts.take(3)), "c");
    EXPECT_EQ(tell(receipts.take(3)), "");
}

TEST_F(StompClientReceiptList, who_does_not_want_to_be_told_has_no_number) {
    EXPECT_EQ(receipts.add({}, 0), 0U);
    EXPECT_EQ(add("a"), 1U);
    EXPECT_EQ(receipts.add({}, 0), 0U);
    EXPECT_EQ(add("b"), 2U);
}

TEST_F(StompClientReceiptList, a_number_that_was_never_given_is_nobodys) {
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
        EXPECT_EQ(tell(receipts.take(number)), "");
    }
    EXPECT_EQ(add("a"), 1U);
    EXPECT_EQ(add("b"), 2U);
    EXPECT_EQ(tell(receipts.take(1)), "a");
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{3}, UINT64_MAX}) {
        EXPECT_EQ(tell(receipts.take(number)), "");
    }
    EXPECT_EQ(tell(receipts.take(2)), "b");
}

TEST_F(StompClientReceiptList, they_are_taken_in_any_order) {
    const int count = 200;
    for (int i = 1; i <= count; ++i) (void)add(std::to_string(i));
    for (int i = count; i >= 1; --i) {
        if (i % 3 == 0) continue;
        EXPECT_EQ(tell(receipts.take(static_cast<std::uint64_t>(i))), std::to_string(i));
    }
    for (int i = 3; i <= count; i += 3) EXPECT_EQ(tell(receipts.take_oldest()), std::to_string(i));
    EXPECT_FALSE(receipts.take_oldest());
    EXPECT_FALSE(receipts.take(1));
    EXPECT_EQ(add("next"), 201U);
    EXPECT_EQ(tell(receipts.take_oldest()), "next");
}

TEST_F(StompClientReceiptList, the_oldest_that_waits_is_due_first) {
    EXPECT_EQ(receipts.due_ms(), 0U);
    (void)add("a", 100);
    (void)add("b", 200);
    (void)add("c", 300);
    EXPECT_EQ(receipts.due_ms(), 100U);
    EXPECT_EQ(tell(receipts.take(2)), "b");
    EXPECT_EQ(receipts.due_ms(), 100U);
    EXPECT_EQ(tell(receipts.take(1)), "a");
    EXPECT_EQ(receipts.due_ms(), 300U);
    EXPECT_EQ(tell(receipts.take(3)), "c");
    EXPECT_EQ(receipts.due_ms(), 0U);
}

TEST_F(StompClientReceiptList, what_was_given_goes_with_the_list_or_when_it_was_taken) {
    const auto held = std::make_shared<int>();
    {
        ClientReceipts list;
        for (int i = 0; i < 3; ++i) (void)list.add([held](const Receipt&) {}, 0);
        EXPECT_EQ(held.use_count(), 4);
        (void)list.take(2);
        EXPECT_EQ(held.use_count(), 3);
        (void)list.take_oldest();
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace edgews::stomp
