// What a pool gives back to the system, and what its budget says.
#include "tests/support/resident.hpp"

#include <gtest/gtest.h>

#include "core/base/buffer.hpp"
#include "core/base/memory_budget.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

namespace edgews {
namespace {

using test::resident_is_over;
using test::resident_is_under;
using test::resident_size;

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

// On loan, and written to.
std::vector<Buffer> take_all(BufferPool& pool, std::size_t count, std::size_t capacity) {
    std::vector<Buffer> buffers;
    for (std::size_t i = 0; i < count; ++i) {
        buffers.push_back(pool.take(capacity));
        const std::span<std::byte> space = buffers.back().free_space();
        std::memset(space.data(), 1, space.size());
        buffers.back().commit(space.size());
    }
    return buffers;
}

void round(BufferPool& pool) {
    while (pool.trim()) continue;
}

// All that is kept was unused for one of these.
void rounds(BufferPool& pool) {
    for (int i = 0; i < 3; ++i) round(pool);
}

TEST(BufferPoolTrim, what_nobody_needs_any_more_is_the_systems_again) {
    for (const std::size_t capacity : {512 * 1UL, 4 * kib, 32 * kib, mib}) {
        SCOPED_TRACE(capacity);
        constexpr std::size_t size = 64 * mib;
        BufferPool pool;
        const std::size_t before = resident_size();
        take_all(pool, size / capacity, capacity).clear();
        EXPECT_GT(pool.kept_size(), size);
        EXPECT_TRUE(resident_is_over(before + size / 4 * 3));
        EXPECT_TRUE(pool.wants_trim());
        rounds(pool);
        EXPECT_EQ(pool.kept_size(), 0U);
        EXPECT_FALSE(pool.wants_trim());
        EXPECT_TRUE(resident_is_under(before + size / 4));
    }
}

TEST(BufferPoolTrim, what_is_needed_in_each_round_stays) {
    BufferPool pool;
    take_all(pool, 100, 256 * kib).clear();
    for (int i = 0; i < 5; ++i) {
        take_all(pool, 10, 256 * kib).clear();
        round(pool);
    }
    EXPECT_EQ(pool.kept_size(), 10 * (256 * kib + 64));
    EXPECT_TRUE(pool.wants_trim());
}

TEST(BufferPoolTrim, a_few_on_loan_do_not_keep_their_neighbours) {
    constexpr std::size_t count = 2048;
    BufferPool pool;
    const std::size_t before = resident_size();
    std::vector<Buffer> buffers = take_all(pool, count, 32 * kib);
    std::vector<Buffer> staying;
    for (std::size_t i = 0; i < count; i += 16) staying.push_back(std::move(buffers[i]));
    buffers.clear();
    rounds(pool);
    EXPECT_TRUE(resident_is_under(before + count * 32 * kib / 3));
    EXPECT_EQ(pool.kept_size(), 0U);
    for (const Buffer& buffer : staying) {
        const auto bytes = buffer.bytes();
        EXPECT_EQ(std::count(bytes.begin(), bytes.end(), std::byte{1}), 32 * kib);
    }
    // They can be lent again.
    buffers = take_all(pool, count, 32 * kib);
    buffers.clear();
    staying.clear();
    EXPECT_EQ(pool.lent_size(), 0U);
    rounds(pool);
    EXPECT_EQ(pool.kept_size(), 0U);
}

TEST(BufferPoolTrim, one_call_gives_back_a_part_only) {
    BufferPool pool;
    take_all(pool, 2000, 32 * kib).clear();
    round(pool);
    for (std::size_t kept = pool.kept_size(); kept > 0; kept = pool.kept_size()) {
        const bool is_more = pool.trim();
        EXPECT_EQ(is_more, pool.kept_size() > 0);
        EXPECT_LT(pool.kept_size(), kept);
        EXPECT_LE(kept - pool.kept_size(), BufferPool::trim_size_max + mib);
    }
}

// Here, too, a call does a part; and what was used in the round that ends stays for one more.
TEST(BufferPoolTrim, neighbours_of_those_on_loan_go_in_parts_when_they_were_unused_for_a_round) {
    constexpr std::size_t count = 2048;
    BufferPool pool;
    std::vector<Buffer> buffers = take_all(pool, count, 32 * kib);
    std::vector<Buffer> staying;
    for (std::size_t i = 0; i < count; i += 16) staying.push_back(std::move(buffers[i]));
    buffers.clear();
    const std::size_t all = pool.kept_size();
    EXPECT_FALSE(pool.trim());
    EXPECT_EQ(pool.kept_size(), all);
    std::size_t kept = all;
    for (bool is_more = true; is_more; kept = pool.kept_size()) {
        is_more = pool.trim();
        EXPECT_LE(kept - pool.kept_size(), BufferPool::trim_size_max + mib);
    }
    EXPECT_EQ(kept, 0U);
}

TEST(BufferPoolTrim, a_little_is_kept_without_a_timer) {
    BufferPool pool;
    take_all(pool, 10, 32 * kib).clear();
    EXPECT_FALSE(pool.wants_trim());
}

// ---- The budget ------------------------------------------------------------

TEST(MemoryBudget, it_counts_what_is_lent_beyond_the_loops_own_to_a_step) {
    constexpr std::size_t step = 64 * kib;
    MemoryBudget budget(100 * mib);
    BufferPool pool;
    pool.count_against(budget, 2 * mib);
    const Buffer own = pool.take(mib);
    const Buffer own_too = pool.take(mib - 128);
    EXPECT_LE(budget.used(), step);
    std::vector<Buffer> buffers = take_all(pool, 100, 4 * kib);
    EXPECT_GE(budget.used() + step, 100 * 4 * kib);
    EXPECT_LE(budget.used(), 100 * (4 * kib + 64) + step);
    pool.count_held(10 * mib);
    EXPECT_GE(budget.used(), 10 * mib);
    pool.count_released(10 * mib);
    buffers.clear();
    EXPECT_LE(budget.used(), step);
    EXPECT_TRUE(budget.has_room_for(100 * mib - step));
    EXPECT_FALSE(budget.has_room_for(100 * mib + 1));
}

TEST(MemoryBudget, pools_share_it_and_leave_nothing_behind) {
    MemoryBudget budget(4 * mib);
    BufferPool first;
    first.count_against(budget, 0);
    {
        BufferPool second;
        second.count_against(budget, 0);
        const Buffer large = second.take(3 * mib);
        EXPECT_FALSE(first.try_take(2 * mib));
    }
    EXPECT_EQ(budget.used(), 0U);
    EXPECT_TRUE(first.try_take(2 * mib));
}

TEST(MemoryBudget, beyond_it_small_ones_are_given_and_large_ones_refused) {
    MemoryBudget budget(mib);
    BufferPool pool;
    pool.count_against(budget, 0);
    Buffer small = pool.take(256);
    small.commit(100);
    const Buffer all = pool.take(2 * mib);
    EXPECT_TRUE(pool.try_reserve(small, BufferPool::small_size - 100));
    EXPECT_FALSE(pool.try_reserve(small, BufferPool::small_size));
    EXPECT_EQ(small.size(), 100U);
    EXPECT_EQ(small.capacity(), BufferPool::small_size);
    EXPECT_TRUE(pool.may_hold(0, BufferPool::small_size));
    EXPECT_FALSE(pool.may_hold(1, BufferPool::small_size));
}

TEST(MemoryBudget, what_the_system_does_not_have_is_refused_too) {
    BufferPool pool;
    Buffer buffer;
    EXPECT_FALSE(pool.try_take(SIZE_MAX));
    EXPECT_FALSE(pool.try_take(PTRDIFF_MAX / 4));
    buffer = pool.take(1);
    buffer.commit(1);
    EXPECT_FALSE(pool.try_reserve(buffer, SIZE_MAX));
    EXPECT_FALSE(pool.try_reserve(buffer, PTRDIFF_MAX / 4));
    EXPECT_EQ(buffer.size(), 1U);
}

}  // namespace
}  // namespace edgews
