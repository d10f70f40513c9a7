// A ring is a deque, and an intrusive list is a list: each beside the one of the library.
#include "tests/support/allocations.hpp"

#include <gtest/gtest.h>

#include "core/stomp/list.hpp"
#include "core/stomp/ring.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace edgews::stomp {
namespace {

using edgews::test::allocation_count;

TEST(StompRing, it_is_a_deque) {
    for (unsigned seed = 0; seed < 20; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        Ring<int> ring;
        std::deque<int> deque;
        for (int step = 0; step < 2000; ++step) {
            const bool is_growing = step / 200 % 2 == 0;
            if (deque.empty() || random() % 100 < (is_growing ? 70 : 40)) {
                ring.push_back(step);
                deque.push_back(step);
            } else {
                ASSERT_EQ(ring.pop_front(), deque.front());
                deque.pop_front();
            }
            ASSERT_EQ(ring.size(), deque.size());
            ASSERT_EQ(ring.is_empty(), deque.empty());
            for (std::size_t i = 0; i < deque.size(); i += 1 + random() % 20) {
                ASSERT_EQ(std::as_const(ring)[i], deque[i]);
            }
            if (!deque.empty()) {
                ASSERT_EQ(ring.front(), deque.front());
            }
            if (step % 500 == 499) {
                Ring<int> other = std::move(ring);
                EXPECT_TRUE(ring.is_empty());
                ring.push_back(-1);  // What was moved from is an empty one.
                EXPECT_EQ(ring.pop_front(), -1);
                ring = std::move(other);
                EXPECT_TRUE(other.is_empty());
            }
        }
        ring.clear();
        EXPECT_TRUE(ring.is_empty());
    }
}

TEST(StompRing, what_was_taken_is_not_held_any_more) {
    Ring<std::shared_ptr<int>> ring;
    const auto shared = std::make_shared<int>(1);
    ring.push_back(shared);
    ring.push_back(shared);
    EXPECT_EQ(shared.use_count(), 3);
    static_cast<void>(ring.pop_front());
    EXPECT_EQ(shared.use_count(), 2);
    ring.clear();
    EXPECT_EQ(shared.use_count(), 1);
}

// Blocks that it takes for `count` more, when it has had `before` at a time.
std::size_t taken_after(std::size_t before, std::size_t count) {
    Ring<int> ring;
    for (std::size_t i = 0; i < before; ++i) ring.push_back(1);
    while (!ring.is_empty()) static_cast<void>(ring.pop_front());
    const std::size_t taken = allocation_count();
    for (std::size_t i = 0; i < count; ++i) ring.push_back(1);
    return allocation_count() - taken;
}

TEST(StompRing, an_empty_one_keeps_what_the_next_burst_needs_and_nothing_huge) {
    EXPECT_EQ(taken_after(1024, 1024), 0U);
    EXPECT_GT(taken_after(1025, 1), 0U);
}

struct Element {
    ListLink<Element> link;
};

TEST(StompList, it_is_a_list_that_any_element_may_leave) {
    for (unsigned seed = 0; seed < 20; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        List<Element, &Element::link> list;
        std::array<Element, 6> elements;
        std::deque<Element*> deque;
        for (int step = 0; step < 500; ++step) {
            Element& element = elements[random() % elements.size()];
            if (random() % 4 == 0) {
                Element* const first = list.pop_front();
                ASSERT_EQ(first, deque.empty() ? nullptr : deque.front());
                if (first != nullptr) deque.pop_front();
            } else if (random() % 2 == 0) {
                list.remove(element);  // It may be in none.
                std::erase(deque, &element);
            } else if (!element.link.is_linked) {
                list.push_back(element);
                deque.push_back(&element);
            }
            ASSERT_EQ(list.front(), deque.empty() ? nullptr : deque.front());
            ASSERT_EQ(list.is_empty(), deque.empty());
            const Element* previous = nullptr;
            const Element* each = list.front();
            for (const Element* const expected : deque) {
                ASSERT_EQ(each, expected);
                ASSERT_TRUE(each->link.is_linked);
                ASSERT_EQ(each->link.previous, previous);
                previous = each;
                each = each->link.next;
            }
            ASSERT_EQ(each, nullptr);
        }
        while (list.pop_front() != nullptr) continue;
        for (const Element& element : elements) EXPECT_FALSE(element.link.is_linked);
    }
}

}  // namespace
}  // namespace edgews::stomp
