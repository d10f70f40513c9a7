// An intrusive list is a list: it goes beside a deque.
#include <gtest/gtest.h>

#include "core/stomp/list.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <random>
#include <string>

namespace edgews::stomp {
namespace {

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
