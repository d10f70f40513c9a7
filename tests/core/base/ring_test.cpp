// A ring is a deque: it goes beside the one of the library.
#include "tests/support/allocations.hpp"

#include <gtest/gtest.h>

#include "core/base/ring.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>

namespace edgews {
namespace {

using test::allocation_count;

TEST(Ring, it_is_a_deque) {
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

TEST(Ring, what_was_taken_is_not_held_any_more) {
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

TEST(Ring, an_empty_one_keeps_what_the_next_burst_needs_and_nothing_huge) {
    EXPECT_EQ(taken_after(1024, 1024), 0U);
    EXPECT_EQ(taken_after(1025, 512), 0U);
    EXPECT_GT(taken_after(1025, 1024), 0U);
    EXPECT_GT(taken_after(1 << 20, 1025), 0U);
}

// Counts its places, used or not.
struct Place {
    Place() noexcept { ++count; }
    Place(const Place&) noexcept { ++count; }
    Place& operator=(const Place&) = default;
    ~Place() { --count; }
    static inline std::size_t count = 0;
};

// Of a burst a few are left, for a long time: they keep no more than a few times what they take.
TEST(StompRing, a_burst_gives_back_what_it_needed_while_it_is_taken) {
    Ring<Place> ring;
    for (int i = 0; i < 10'000; ++i) ring.push_back({});
    EXPECT_GE(Place::count, 10'000U);
    while (ring.size() > 200) static_cast<void>(ring.pop_front());
    EXPECT_LE(Place::count, 2'048U);
    // And it does not do so again and again, where as many come as go.
    const std::size_t taken = allocation_count();
    for (int i = 0; i < 1'000; ++i) {
        for (int j = 0; j < 300; ++j) ring.push_back({});
        for (int j = 0; j < 300; ++j) static_cast<void>(ring.pop_front());
    }
    EXPECT_EQ(allocation_count(), taken);
}

}  // namespace
}  // namespace edgews
