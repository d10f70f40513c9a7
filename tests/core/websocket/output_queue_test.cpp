// The output queue: exactly the bytes, in order, however the socket takes them.
#include "tests/support/allocations.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/frames.hpp"

#include <sys/uio.h>

#include <gtest/gtest.h>

#include "core/websocket/output_queue.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <list>
#include <map>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace edgews {
namespace {

using test::allocation_count;
using test::Bytes;
using test::ExactBlock;
using test::server_frame;
using test::to_hex;
using test::operator+;

constexpr std::size_t list_size_max = 64 * 64 + 64;  // Of segments, which an empty queue keeps.
constexpr std::size_t large = OutputQueue::borrow_size_min;

// Bytes that differ from each other's and from another seed's.
Bytes pattern(std::size_t size, unsigned seed) {
    static const Bytes endless = [] {
        Bytes bytes(512 * 1024);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::byte>(i * i / 64);
        return bytes;
    }();
    const std::byte* const begin = endless.data() + std::size_t{seed} * 61 % 4096;
    return {begin, begin + size};
}

// With memcmp, for there is much to compare.
bool is_equal(std::span<const std::byte> left, std::span<const std::byte> right) {
    return left.size() == right.size() &&
           (left.empty() || std::memcmp(left.data(), right.data(), left.size()) == 0);
}

// What gather() names, at most `vector_count` pieces of it.
Bytes gathered(const OutputQueue& queue, std::size_t vector_count = 1024) {
    std::vector<iovec> vectors(vector_count);
    const std::size_t count = queue.gather(std::span<iovec>(vectors));
    EXPECT_LE(count, vector_count);
    Bytes bytes;
    for (const iovec& vector : std::span(vectors).first(count)) {
        const auto* data = static_cast<const std::byte*>(vector.iov_base);
        EXPECT_GT(vector.iov_len, 0U);
        bytes.insert(bytes.end(), data, data + vector.iov_len);
    }
    return bytes;
}

// A queue, what it should hold, and the memory that it may have borrowed.
class Model {
  public:
    explicit Model(std::size_t kept_size_max = 0) : pool(kept_size_max), queue(pool) {}

    void append_raw(std::size_t size) {
        const Bytes bytes = pattern(size, ++seed_);
        queue.append(ExactBlock(bytes).bytes());
        expect(bytes);
    }
    void append_frame(std::size_t size, bool borrow) {
        const Bytes payload = pattern(size, ++seed_);
        const FrameHeader header{.opcode = Opcode::binary, .payload_size = size};
        if (borrow) {
            queue.borrow_frame(header, lent_.emplace_back(payload).bytes());
        } else {
            queue.append_frame(header, ExactBlock(payload).bytes());
        }
        expect_frame(payload);
    }
    void append_shared(std::size_t size) {
        const Bytes payload = pattern(size, ++seed_);
        queue.append(PreparedMessage(Opcode::binary, payload));
        expect_frame(payload);
    }
    void consume(std::size_t count) {
        queue.consume(count);
        expected_.erase(expected_.begin(), expected_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    // As at the end of a turn: then the lenders want their memory back.
    void settle() {
        queue.settle();
        EXPECT_FALSE(queue.has_borrowed());
        lent_.clear();
    }
    void check() const {
        ASSERT_EQ(queue.size(), expected_.size());
        ASSERT_EQ(queue.is_empty(), expected_.empty());
        ASSERT_TRUE(is_equal(gathered(queue), expected_));  // Too much to print.
    }
    [[nodiscard]] const Bytes& expected() const { return expected_; }

    BufferPool pool;
    OutputQueue queue;

  private:
    void expect(std::span<const std::byte> bytes) {
        expected_.insert(expected_.end(), bytes.data(), bytes.data() + bytes.size());
    }
    void expect_frame(const Bytes& payload) {
        static std::map<std::size_t, Bytes> headers;  // By the payload's size.
        Bytes& header = headers[payload.size()];
        if (header.empty()) {
            header = server_frame(0x82, payload);
            header.resize(header.size() - payload.size());
        }
        expect(header);
        expect(payload);
    }

    std::list<ExactBlock> lent_;
    Bytes expected_;
    unsigned seed_ = 0;
};

// Every kind of segment, next to every other.
void append_mixture(Model& model) {
    model.append_frame(3, false);
    model.append_frame(large, true);
    model.append_frame(0, false);
    model.append_shared(5);
    model.append_shared(large);
    model.append_raw(1);
    model.append_frame(large + 1, true);
    model.append_frame(large, true);
    model.append_shared(large + 2);
    model.append_shared(large);
    model.append_frame(large, false);
    model.append_raw(700);
}

TEST(OutputQueue, an_empty_one_has_nothing_to_gather) {
    BufferPool pool;
    OutputQueue queue(pool);
    EXPECT_TRUE(queue.is_empty());
    EXPECT_EQ(queue.size(), 0U);
    EXPECT_FALSE(queue.has_borrowed());
    std::array<iovec, 4> vectors;
    EXPECT_EQ(queue.gather(std::span<iovec>(vectors)), 0U);
    queue.append(std::span<const std::byte>{});
    queue.append(PreparedMessage());
    queue.consume(0);
    queue.settle();
    EXPECT_TRUE(queue.is_empty());
    EXPECT_EQ(pool.lent_size(), 0U);
}

TEST(OutputQueue, frames_have_headers_of_every_size_and_count_with_them) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{125}, std::size_t{126}, large - 1, large,
          std::size_t{65535}, std::size_t{65536}, std::size_t{200'000}}) {
        for (const bool borrow : {false, true}) {
            SCOPED_TRACE(testing::Message() << size << (borrow ? " borrowed" : " copied"));
            Model model;
            model.append_frame(size, borrow);
            model.check();
            EXPECT_EQ(model.queue.has_borrowed(), borrow);
        }
    }
}

TEST(OutputQueue, the_header_says_what_the_caller_says) {
    BufferPool pool;
    OutputQueue queue(pool);
    const Bytes payload = test::bytes_of("Hel");
    queue.append_frame({.fin = false, .opcode = Opcode::text, .payload_size = 3}, payload);
    EXPECT_EQ(to_hex(gathered(queue)), "01 03 48 65 6c");  // RFC 6455, section 5.7.
}

TEST(OutputQueue, small_messages_are_gathered_in_a_few_pieces) {
    Model model;
    for (int i = 0; i < 100; ++i) {
        model.append_frame(20, false);
        model.append_shared(20);
    }
    std::array<iovec, 8> vectors;
    EXPECT_LT(model.queue.gather(std::span<iovec>(vectors)), vectors.size());
    model.check();
}

TEST(OutputQueue, large_ones_are_neither_copied_nor_do_they_take_memory) {
    BufferPool pool;
    OutputQueue queue(pool);
    const Bytes payload = pattern(large, 1);
    const PreparedMessage shared(Opcode::binary, payload);
    queue.borrow_frame({.opcode = Opcode::binary, .payload_size = large}, payload);
    queue.append(shared);
    std::array<iovec, 3> vectors;
    ASSERT_EQ(queue.gather(std::span<iovec>(vectors)), 3U);
    EXPECT_EQ(vectors[1].iov_base, payload.data());
    EXPECT_EQ(vectors[2].iov_base, shared.frame().data());
    EXPECT_LE(pool.lent_size(), 320U);  // The list of them.
}

TEST(OutputQueue, consumed_at_any_position_it_goes_on_where_it_was) {
    Model measured;
    append_mixture(measured);
    const std::size_t total = measured.expected().size();
    std::vector<iovec> vectors(64);
    vectors.resize(measured.queue.gather(std::span<iovec>(vectors)));
    // Every position near a border, and a stride through what lies between.
    std::set<std::size_t> cuts{total};
    for (std::size_t cut = 0; cut < total; cut += 131) cuts.insert(cut);
    std::size_t border = 0;
    for (const iovec& vector : vectors) {
        border += vector.iov_len;
        for (std::size_t cut = border < 20 ? 0 : border - 20; cut <= border + 20; ++cut) {
            cuts.insert(std::min(cut, total));
        }
    }
    for (const std::size_t cut : cuts) {
        SCOPED_TRACE(cut);
        Model model;
        append_mixture(model);
        model.consume(cut);
        model.check();
        model.settle();
        model.check();
        model.append_frame(10, false);  // The queue goes on behind it.
        model.append_frame(large, true);
        model.check();
        if (testing::Test::HasFatalFailure()) return;
    }
}

TEST(OutputQueue, consumed_in_steps_of_any_size_it_gives_each_byte_once) {
    for (const std::size_t step : {3U, 13U, 14U, 15U, 999U, 4096U, 5000U, 16384U}) {
        for (const bool copy : {false, true}) {
            SCOPED_TRACE(testing::Message() << step << (copy ? " copying" : ""));
            Model model;
            append_mixture(model);
            const Bytes expected = model.expected();
            Bytes sent;
            while (!model.queue.is_empty()) {
                // Three vectors, as a small sendmsg would take them.
                const Bytes piece = gathered(model.queue, 3);
                ASSERT_FALSE(piece.empty());
                const std::size_t count = std::min(step, piece.size());
                sent.insert(sent.end(), piece.begin(),
                            piece.begin() + static_cast<std::ptrdiff_t>(count));
                model.consume(count);
                if (copy) model.settle();
            }
            EXPECT_TRUE(is_equal(sent, expected));
        }
    }
}

TEST(OutputQueue, any_number_of_vectors_gets_a_beginning_of_it) {
    Model model;
    append_mixture(model);
    Bytes last;
    for (std::size_t vector_count = 1; vector_count < 32; ++vector_count) {
        SCOPED_TRACE(vector_count);
        const Bytes piece = gathered(model.queue, vector_count);
        EXPECT_TRUE(std::equal(piece.begin(), piece.end(), model.expected().begin()));
        EXPECT_TRUE(piece.size() > last.size() || piece == model.expected());
        last = piece;
    }
    EXPECT_TRUE(is_equal(last, model.expected()));
}

TEST(OutputQueue, settle_makes_it_independent_of_the_lenders) {
    BufferPool pool;
    OutputQueue queue(pool);
    Bytes payload = pattern(large * 2, 1);
    const Bytes expected = server_frame(0x82, payload);
    queue.borrow_frame({.opcode = Opcode::binary, .payload_size = payload.size()}, payload);
    EXPECT_TRUE(queue.has_borrowed());
    queue.consume(100);
    queue.settle();
    EXPECT_FALSE(queue.has_borrowed());
    std::fill(payload.begin(), payload.end(), std::byte{0xEE});
    EXPECT_TRUE(gathered(queue) == Bytes(expected.begin() + 100, expected.end()));
}

TEST(OutputQueue, adopted_memory_goes_back_when_the_last_that_lies_in_it_is_sent) {
    BufferPool pool(0);
    OutputQueue queue(pool);
    const Bytes lent = pattern(large, 2);
    Buffer memory = pool.take(3 * large);
    memory.append(pattern(3 * large, 1));
    const std::span<const std::byte> bytes = memory.bytes();
    const FrameHeader header{.opcode = Opcode::binary, .payload_size = large};
    queue.borrow_frame(header, bytes.first(large));
    queue.borrow_frame(header, lent);
    queue.borrow_frame(header, bytes.last(large));
    const Bytes expected = gathered(queue);
    queue.adopt(std::move(memory));
    EXPECT_TRUE(queue.has_borrowed());  // The one in between.
    queue.settle();
    EXPECT_FALSE(queue.has_borrowed());
    EXPECT_TRUE(gathered(queue) == expected);
    queue.consume(expected.size() - 1);
    EXPECT_GT(pool.lent_size(), 3 * large);
    queue.consume(1);
    EXPECT_LE(pool.lent_size(), list_size_max);
}

TEST(OutputQueue, adopted_memory_that_nothing_lies_in_goes_back_at_once) {
    BufferPool pool(0);
    OutputQueue queue(pool);
    const Bytes lent = pattern(large, 2);
    queue.borrow_frame({.opcode = Opcode::binary, .payload_size = large}, lent);
    const std::size_t lent_size = pool.lent_size();  // For its list of segments.
    queue.adopt(pool.take(large));
    EXPECT_EQ(pool.lent_size(), lent_size);
    EXPECT_TRUE(queue.has_borrowed());
}

TEST(OutputQueue, random_use_over_a_long_time_gives_exactly_the_bytes) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    Model model(1 << 20);
    for (int i = 0; i < 3000; ++i) {
        const std::size_t size = random() % 2 == 0 ? random() % 200 : random() % (3 * large);
        switch (random() % 6) {
            case 0: model.append_raw(size); break;
            case 1: model.append_shared(size); break;
            case 2: model.append_frame(size, false); break;
            case 3: model.append_frame(size, true); break;
            case 4: model.settle(); break;
            default: model.consume(random() % (model.expected().size() + 1)); break;
        }
        if (model.expected().size() > 100'000) model.consume(90'000);
        model.check();
        if (testing::Test::HasFatalFailure()) return;
    }
}

TEST(OutputQueue, one_that_never_runs_empty_does_not_grow) {
    BufferPool pool;
    OutputQueue queue(pool);
    const Bytes small = pattern(100, 1);
    const Bytes big = pattern(large, 2);
    const PreparedMessage shared(Opcode::binary, big);
    const auto turn = [&] {
        const std::size_t before = queue.size();
        for (int i = 0; i < 10; ++i) queue.append(small);
        queue.borrow_frame({.opcode = Opcode::binary, .payload_size = large}, big);
        queue.append(shared);
        queue.settle();
        queue.consume(queue.size() - before);
    };
    queue.append(pattern(50'000, 3));
    for (int i = 0; i < 1000; ++i) turn();
    const std::size_t lent_size = pool.lent_size();
    const std::size_t count = allocation_count();
    for (int i = 0; i < 10'000; ++i) turn();
    EXPECT_EQ(queue.size(), 50'000U);
    EXPECT_LE(pool.lent_size(), lent_size + 64 * 1024);
    EXPECT_LE(pool.lent_size(), 512U * 1024);
    EXPECT_LE(allocation_count() - count, 10U);
}

TEST(OutputQueue, what_was_sent_is_given_back_and_shared_bytes_are_let_go) {
    Model model;
    append_mixture(model);
    model.settle();
    EXPECT_GT(model.pool.lent_size(), 0U);
    model.consume(model.expected().size() - 1);
    const std::size_t of_last = model.pool.lent_size();
    EXPECT_LE(of_last, 17U * 1024);
    model.consume(1);
    EXPECT_LE(model.pool.lent_size(), list_size_max);
}

TEST(OutputQueue, clear_forgets_everything) {
    Model model;
    append_mixture(model);
    model.queue.clear();
    EXPECT_TRUE(model.queue.is_empty());
    EXPECT_FALSE(model.queue.has_borrowed());
    EXPECT_TRUE(gathered(model.queue).empty());
    EXPECT_LE(model.pool.lent_size(), list_size_max);
}

TEST(OutputQueue, its_only_chunk_stays_for_what_comes_next_until_it_is_released) {
    Model model;
    model.append_frame(20, false);
    model.consume(model.expected().size());
    EXPECT_TRUE(model.queue.is_empty());
    const std::size_t kept_size = model.pool.lent_size();
    EXPECT_GT(kept_size, 0U);
    EXPECT_TRUE(gathered(model.queue).empty());
    model.append_frame(20, false);
    model.check();
    EXPECT_EQ(model.pool.lent_size(), kept_size);
    model.append_frame(large, true);  // Behind it, and behind an empty one.
    model.consume(model.expected().size());
    model.append_frame(20, false);
    model.append_shared(large);
    model.check();
    model.consume(model.expected().size());
    model.queue.release();
    EXPECT_EQ(model.pool.lent_size(), 0U);
}

TEST(OutputQueue, what_waits_does_not_hold_a_chunk_that_is_mostly_empty) {
    Model model;
    model.queue.expect_batch();
    for (int i = 0; i < 20; ++i) model.append_frame(1000, false);
    EXPECT_GT(model.pool.lent_size(), 20'000U);
    model.consume(20'000);
    model.settle();
    EXPECT_LT(model.pool.lent_size(), 1'000U);
    model.append_frame(100, false);
    model.check();
}

TEST(OutputQueue, small_messages_that_wait_take_little_more_than_their_bytes) {
    BufferPool pool(0);
    OutputQueue queue(pool);
    queue.expect_batch();
    const Bytes payload = pattern(10, 1);
    for (int i = 0; i < 10'000; ++i) {  // Each in a turn of its own.
        queue.append_frame({.opcode = Opcode::text, .payload_size = 10}, payload);
        queue.settle();
    }
    EXPECT_LE(pool.lent_size(), 120'000U + 64 * 1024);
    std::array<iovec, 16> vectors;
    EXPECT_LT(queue.gather(std::span<iovec>(vectors)), vectors.size());
}

TEST(OutputQueue, a_small_part_of_adopted_memory_does_not_hold_all_of_it) {
    BufferPool pool(0);
    OutputQueue queue(pool);
    Buffer memory = pool.take(100 * large);
    memory.append(pattern(100 * large, 1));
    const std::span<const std::byte> bytes = memory.bytes();
    queue.borrow_frame({.opcode = Opcode::binary, .payload_size = large}, bytes.last(large));
    const Bytes expected = gathered(queue);
    queue.adopt(std::move(memory));
    EXPECT_LT(pool.lent_size(), 3 * large);
    EXPECT_TRUE(gathered(queue) == expected);
}

TEST(OutputQueue, a_chunk_for_a_huge_message_does_not_stay) {
    Model model;
    model.append_frame(400'000, false);
    model.consume(model.expected().size());
    EXPECT_LE(model.pool.lent_size(), list_size_max);
}

TEST(OutputQueue, in_steady_state_it_allocates_nothing) {
    BufferPool pool;
    OutputQueue queue(pool);
    const Bytes payload = pattern(125, 1);
    const auto turn = [&] {
        queue.append_frame({.opcode = Opcode::text, .payload_size = 125}, payload);
        queue.consume(queue.size());
    };
    turn();
    const std::size_t count = allocation_count();
    for (int i = 0; i < 1000; ++i) turn();
    EXPECT_EQ(allocation_count(), count);
}

}  // namespace
}  // namespace edgews
