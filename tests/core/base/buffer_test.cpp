// Buffers on loan from a pool.
#include "tests/support/allocations.hpp"
#include "tests/support/bytes.hpp"

#include <gtest/gtest.h>

#include "core/base/buffer.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace edgews {
namespace {

using test::allocation_count;
using test::bytes_of;
using test::text_of;

TEST(Buffer, without_a_block_it_is_empty_and_the_size_of_a_pointer) {
    static_assert(sizeof(Buffer) == sizeof(void*));
    Buffer buffer;
    EXPECT_FALSE(buffer);
    EXPECT_EQ(buffer.size(), 0U);
    EXPECT_EQ(buffer.capacity(), 0U);
    EXPECT_TRUE(buffer.bytes().empty());
    EXPECT_TRUE(buffer.free_space().empty());
    buffer.append({});
    buffer.commit(0);
    buffer.clear();
    buffer.reset();
    EXPECT_FALSE(buffer);
}

TEST(Buffer, what_was_appended_and_committed_is_in_its_bytes_in_order) {
    BufferPool pool;
    Buffer buffer = pool.take(10);
    EXPECT_TRUE(buffer);
    EXPECT_EQ(buffer.size(), 0U);
    buffer.append(bytes_of("one "));
    buffer.free_space()[0] = std::byte{'2'};
    buffer.commit(1);
    EXPECT_EQ(text_of(buffer.bytes()), "one 2");
    EXPECT_EQ(buffer.size() + buffer.free_space().size(), buffer.capacity());
    buffer.clear();
    EXPECT_TRUE(buffer);
    EXPECT_EQ(buffer.size(), 0U);
}

TEST(Buffer, moving_moves_the_block_and_gives_back_the_one_in_its_place) {
    BufferPool pool(0);
    Buffer first = pool.take(1);
    first.append(bytes_of("first"));
    Buffer second = std::move(first);
    EXPECT_FALSE(first);
    EXPECT_EQ(text_of(second.bytes()), "first");
    const std::size_t one_block = pool.lent_size();
    Buffer third = pool.take(1);
    EXPECT_EQ(pool.lent_size(), 2 * one_block);
    third = std::move(second);
    EXPECT_EQ(text_of(third.bytes()), "first");
    EXPECT_EQ(pool.lent_size(), one_block);
    Buffer& itself = third;
    third = std::move(itself);
    EXPECT_EQ(text_of(third.bytes()), "first");
}

TEST(BufferPool, a_block_fits_what_was_asked_for_and_wastes_less_than_half) {
    BufferPool pool(0);
    std::vector<std::size_t> sizes{0, 1, 2, 255, 256, 257};
    for (std::size_t size = 512; size <= std::size_t{8} << 20; size *= 2) {
        for (const std::size_t near : {size - 1, size, size + 1}) sizes.push_back(near);
    }
    for (const std::size_t size : sizes) {
        SCOPED_TRACE(size);
        const Buffer buffer = pool.take(size);
        EXPECT_GE(buffer.free_space().size(), size);
        EXPECT_LT(buffer.capacity(), 2 * std::max<std::size_t>(size, 129));
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.free_space().data()) % 64, 0U);
        // All of it is there: a sanitizer looks on.
        for (std::byte& byte : buffer.free_space()) byte = std::byte{1};
    }
    const Buffer exact = pool.take(64 * 1024);
    EXPECT_EQ(exact.capacity(), 64U * 1024);
}

TEST(BufferPool, reserve_keeps_the_bytes_and_at_least_doubles) {
    BufferPool pool;
    Buffer buffer;
    pool.reserve(buffer, 0);
    EXPECT_TRUE(buffer);
    std::string expected;
    for (std::size_t i = 0; i < 5000; ++i) {
        const std::size_t before = buffer.capacity();
        const std::string piece(i % 97, static_cast<char>('a' + i % 26));
        pool.reserve(buffer, piece.size());
        ASSERT_GE(buffer.free_space().size(), piece.size());
        EXPECT_TRUE(buffer.capacity() == before || buffer.capacity() >= 2 * before);
        buffer.append(bytes_of(piece));
        expected += piece;
    }
    EXPECT_EQ(text_of(buffer.bytes()), expected);
}

TEST(BufferPool, reserve_takes_nothing_when_there_is_room) {
    BufferPool pool;
    Buffer buffer = pool.take(100);
    const std::byte* const place = buffer.free_space().data();
    pool.reserve(buffer, buffer.free_space().size());
    EXPECT_EQ(buffer.free_space().data(), place);
}

TEST(BufferPool, a_returned_block_is_taken_again_the_last_one_first) {
    BufferPool pool;
    Buffer first = pool.take(300);
    Buffer second = pool.take(300);
    const std::byte* const last = first.free_space().data();
    second.reset();
    first.reset();
    const std::size_t count = allocation_count();
    const Buffer again = pool.take(512);
    EXPECT_EQ(again.free_space().data(), last);
    EXPECT_EQ(again.size(), 0U);
    const Buffer and_again = pool.take(400);
    EXPECT_EQ(allocation_count(), count);
    EXPECT_EQ(pool.kept_size(), 0U);
}

TEST(BufferPool, blocks_of_another_class_are_left_alone) {
    BufferPool pool;
    pool.take(256).reset();
    const std::size_t kept = pool.kept_size();
    EXPECT_GT(kept, 0U);
    const Buffer larger = pool.take(257);
    EXPECT_EQ(pool.kept_size(), kept);
    EXPECT_EQ(larger.capacity(), 512U);
}

TEST(BufferPool, what_is_hoped_for_is_given_where_it_is_kept_already) {
    BufferPool pool;
    constexpr std::size_t large = 1 << 20;
    Buffer buffer = pool.take(256);
    const std::byte byte{7};
    buffer.append(std::span(&byte, 1));
    pool.reserve(buffer, 300, large - 1);
    EXPECT_EQ(buffer.capacity(), 512U);  // Nothing is kept: no more than must be.
    pool.take(large).reset();
    pool.reserve(buffer, 600, large);  // With the byte that is in use, too much for it.
    EXPECT_EQ(buffer.capacity(), 1024U);
    pool.reserve(buffer, 1200, large - 1);
    EXPECT_EQ(buffer.capacity(), large);
    EXPECT_EQ(buffer.bytes()[0], byte);
    pool.reserve(buffer, large, UINT64_MAX);  // Claims are not counted with.
    EXPECT_EQ(buffer.capacity(), 2 * large);
}

TEST(BufferPool, it_keeps_no_more_than_its_limit_and_nothing_huge) {
    constexpr std::size_t size = 256 * 1024;  // Not side by side with others.
    BufferPool probe;
    probe.take(size).reset();
    const std::size_t one_block = probe.kept_size();
    EXPECT_GE(one_block, size);
    EXPECT_LE(one_block, size + 64);

    struct Row {
        const char* name;
        std::size_t limit;
        std::size_t expected;
    };
    for (const Row& row : {Row{"one byte below three", 3 * one_block - 1, 2 * one_block},
                           Row{"three", 3 * one_block, 3 * one_block}, Row{"none", 0, 0},
                           Row{"one byte below one", one_block - 1, 0}}) {
        SCOPED_TRACE(row.name);
        BufferPool pool(row.limit);
        std::vector<Buffer> buffers;
        for (int i = 0; i < 5; ++i) buffers.push_back(pool.take(size));
        EXPECT_EQ(pool.lent_size(), 5 * one_block);
        buffers.clear();
        EXPECT_EQ(pool.kept_size(), row.expected);
        EXPECT_EQ(pool.lent_size(), 0U);
    }

    BufferPool pool;
    pool.take(std::size_t{2} << 20).reset();
    const std::size_t largest = pool.kept_size();
    EXPECT_GT(largest, std::size_t{2} << 20);
    pool.take((std::size_t{2} << 20) + 1).reset();
    EXPECT_EQ(pool.kept_size(), largest);
}

TEST(BufferPoolDeathTest, out_of_memory_ends_the_process_and_says_so) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    BufferPool pool;
    EXPECT_DEATH((void)pool.take(SIZE_MAX), "out of memory");
    EXPECT_DEATH((void)pool.take(PTRDIFF_MAX), "out of memory");
    Buffer buffer = pool.take(1);
    buffer.append(bytes_of("x"));
    EXPECT_DEATH(pool.reserve(buffer, SIZE_MAX), "out of memory");
}

TEST(BufferDeathTest, more_than_fits_is_a_bug_of_the_caller) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    BufferPool pool;
    Buffer buffer = pool.take(1);
    const std::vector<std::byte> too_many(buffer.capacity() + 1);
    EXPECT_DEATH(buffer.append(too_many), "free_space");
    EXPECT_DEATH(buffer.commit(too_many.size()), "free_space");
}

}  // namespace
}  // namespace edgews
