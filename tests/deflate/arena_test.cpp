// All memory of one stream, in one piece.
#include <malloc.h>

#include <gtest/gtest.h>

#include "deflate/arena.hpp"
#include "deflate/zlib_stream.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace edgews {
namespace {

constexpr std::size_t alignment = alignof(std::max_align_t);

TEST(Arena, pieces_lie_side_by_side_zeroed_and_aligned_for_any_type) {
    Arena arena(4096);
    const std::byte* next = nullptr;
    for (const std::size_t size : {std::size_t{1}, alignment - 1, alignment, alignment + 1}) {
        SCOPED_TRACE(size);
        auto* const place = static_cast<std::byte*>(arena.take(size));
        ASSERT_NE(place, nullptr);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(place) % alignment, 0U);
        if (next != nullptr) {
            EXPECT_EQ(place, next);
        }
        EXPECT_EQ(std::count(place, place + size, std::byte{0}), static_cast<std::ptrdiff_t>(size));
        std::memset(place, 1, size);
        next = place + (size + alignment - 1) / alignment * alignment;
    }
}

TEST(Arena, it_gives_what_it_has_and_no_more) {
    Arena arena(1000);  // The last piece need not be rounded up.
    EXPECT_EQ(arena.take(1001), nullptr);
    auto* const place = static_cast<std::byte*>(arena.take(1000));
    ASSERT_NE(place, nullptr);
    std::memset(place, 1, 1000);
    EXPECT_EQ(arena.take(1), nullptr);
    EXPECT_EQ(arena.take(SIZE_MAX), nullptr);
    Arena halves(1000);
    EXPECT_NE(halves.take(500), nullptr);
    EXPECT_EQ(halves.take(489), nullptr);  // 512 are taken.
    EXPECT_NE(halves.take(488), nullptr);
    EXPECT_EQ(halves.take(1), nullptr);
}

TEST(Arena, all_that_zlib_takes_for_a_stream_fits) {
    for (std::uint8_t bits = 8; bits <= 15; ++bits) {
        for (int level = 1; level <= 9; ++level) {
            const std::size_t before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
            const Deflater deflater({.window_bits = bits, .level = 6, .memory_level = level});
            const Inflater inflater(bits);
            EXPECT_LT(::mallinfo2().uordblks + ::mallinfo2().hblkhd, before + 1'000)
                << int{bits} << ' ' << level;
        }
    }
}

TEST(Arena, it_knows_what_is_its_own) {
    Arena arena(4096);
    auto* const place = static_cast<std::byte*>(arena.take(4096));
    EXPECT_TRUE(arena.owns(place));
    EXPECT_TRUE(arena.owns(place + 4095));
    EXPECT_FALSE(arena.owns(place + 4096));
    EXPECT_FALSE(arena.owns(place - 1));
    EXPECT_FALSE(arena.owns(nullptr));
}

TEST(Arena, where_the_system_has_no_memory_it_is_full) {
    Arena arena(SIZE_MAX / 2);
    EXPECT_EQ(arena.take(1), nullptr);
    EXPECT_FALSE(arena.owns(&arena));
}

}  // namespace
}  // namespace edgews
