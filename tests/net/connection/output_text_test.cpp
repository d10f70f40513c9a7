// Strings that a queue is handed: the bodies of HTTP answers.
#include <gtest/gtest.h>

#include "core/websocket/output_queue.hpp"

#include <sys/uio.h>

#include <array>
#include <string>
#include <utility>

#include "tests/support/bytes.hpp"

namespace edgews::test {
namespace {

constexpr std::size_t list_size_max = 64 * 64 + 64;  // Of segments, which an empty queue keeps.

TEST(OutputQueue, a_text_is_sent_from_where_it_lies_and_counts_until_it_is_sent) {
    BufferPool pool;
    OutputQueue queue(pool);
    std::string text(100'000, 't');
    const char* const place = text.data();
    queue.append(bytes_of(std::string(50, 'h')));
    const std::size_t before = pool.lent_size();
    queue.own_text(std::move(text));
    EXPECT_EQ(queue.size(), 100'050U);
    EXPECT_GE(pool.lent_size(), before + 100'000U);
    EXPECT_LE(pool.lent_size(), before + 100'064U);
    queue.consume(60);
    queue.settle();
    std::array<iovec, 2> vectors;
    ASSERT_EQ(queue.gather(std::span<iovec>(vectors)), 1U);
    EXPECT_EQ(vectors[0].iov_base, place + 10);
    EXPECT_EQ(vectors[0].iov_len, 99'990U);
    queue.consume(99'990);
    EXPECT_LE(pool.lent_size(), list_size_max);
}

TEST(OutputQueue, a_short_text_joins_what_is_before_it) {
    BufferPool pool;
    OutputQueue queue(pool);
    queue.append(bytes_of(std::string(50, 'h')));
    queue.own_text(std::string(100, 't'));
    std::array<iovec, 2> vectors;
    ASSERT_EQ(queue.gather(std::span<iovec>(vectors)), 1U);
    EXPECT_EQ(vectors[0].iov_len, 150U);
}

}  // namespace
}  // namespace edgews::test
