// Messages framed once: the bytes of RFC 6455, shared by all copies.
#include "tests/support/allocations.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/run_length_codec.hpp"

#include <gtest/gtest.h>

#include <edgews/prepared_message.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace edgews {
namespace {

using test::allocation_count;
using test::Bytes;
using test::bytes_of;
using test::ExactBlock;
using test::server_frame;
using test::to_hex;

TEST(PreparedMessage, an_empty_one_has_no_frame) {
    const PreparedMessage empty;
    EXPECT_FALSE(empty);
    EXPECT_TRUE(empty.frame().empty());
    EXPECT_EQ(empty.payload_size(), 0U);
    const PreparedMessage copy = empty;
    EXPECT_FALSE(copy);
}

// RFC 6455, section 5.7: "A single-frame unmasked text message", and others.
TEST(PreparedMessage, its_frame_is_the_one_of_the_rfcs_examples) {
    EXPECT_EQ(to_hex(PreparedMessage("Hello").frame()), "81 05 48 65 6c 6c 6f");
    EXPECT_EQ(to_hex(PreparedMessage(Opcode::ping, bytes_of("Hello")).frame()),
              "89 05 48 65 6c 6c 6f");
    const Bytes binary(256, std::byte{7});
    EXPECT_EQ(to_hex(PreparedMessage(Message(binary)).frame().first(4)), "82 7e 01 00");
    const Bytes more(65536, std::byte{7});
    EXPECT_EQ(to_hex(PreparedMessage(Message(more)).frame().first(10)),
              "82 7f 00 00 00 00 00 01 00 00");
}

TEST(PreparedMessage, around_every_border_of_the_length_the_frame_is_whole) {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U, 65537U}) {
        SCOPED_TRACE(size);
        Bytes payload(size);
        for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::byte>(i * 13);
        PreparedMessage message;
        {
            const ExactBlock block(payload);
            message = PreparedMessage(Opcode::binary, block.bytes());
        }  // It was copied.
        EXPECT_TRUE(message);
        EXPECT_EQ(message.payload_size(), size);
        const Bytes expected = server_frame(0x82, payload);
        EXPECT_TRUE(Bytes(message.frame().begin(), message.frame().end()) == expected);
    }
}

TEST(PreparedMessage, copies_share_the_bytes_and_allocate_nothing) {
    const PreparedMessage first("shared");
    const std::size_t count = allocation_count();
    const PreparedMessage second = first;
    PreparedMessage third;
    third = second;
    EXPECT_EQ(allocation_count(), count);
    EXPECT_EQ(second.frame().data(), first.frame().data());
    EXPECT_EQ(third.frame().data(), first.frame().data());
}

TEST(PreparedMessage, it_takes_one_allocation) {
    const std::string text(1000, 'x');
    const std::size_t count = allocation_count();
    const PreparedMessage message(text);
    EXPECT_EQ(allocation_count(), count + 1);
}

TEST(PreparedMessage, its_bytes_live_as_long_as_any_copy) {
    PreparedMessage last;
    {
        const PreparedMessage first("Hello");
        const PreparedMessage second = first;
        last = second;
    }
    EXPECT_EQ(to_hex(last.frame()), "81 05 48 65 6c 6c 6f");
    PreparedMessage& itself = last;
    last = itself;
    EXPECT_EQ(to_hex(last.frame()), "81 05 48 65 6c 6c 6f");
}

TEST(PreparedMessage, moving_leaves_an_empty_one) {
    PreparedMessage first("Hello");
    const std::byte* const bytes = first.frame().data();
    PreparedMessage second = std::move(first);
    EXPECT_FALSE(first);
    EXPECT_EQ(second.frame().data(), bytes);
    first = std::move(second);
    EXPECT_FALSE(second);
    EXPECT_EQ(first.frame().data(), bytes);
}

// RFC 6455, section 5.6.
TEST(PreparedMessage, a_text_that_is_not_utf_8_is_none) {
    EXPECT_FALSE(PreparedMessage(std::string_view("\xFF")));
    EXPECT_TRUE(PreparedMessage("\u20AC"));
    EXPECT_TRUE(PreparedMessage(Message(bytes_of("\xFF"))));
}

// RFC 7692, section 6: RSV1 says that it is compressed.
TEST(PreparedMessage, it_is_compressed_once_for_all_who_have_the_same_window) {
    test::RunLengthCodec codec(15);
    test::RunLengthCodec other(15);
    test::RunLengthCodec smaller(9);
    const PreparedMessage message("aaaaaaaaaa");
    const PreparedMessage copy = message;
    EXPECT_FALSE(message.is_compressed());
    const PreparedMessage compressed = message.compressed(codec);
    EXPECT_TRUE(compressed.is_compressed());
    EXPECT_EQ(to_hex(compressed.frame()), "c1 02 0a 61");
    EXPECT_EQ(to_hex(compressed.payload()), "0a 61");
    EXPECT_EQ(compressed.opcode(), Opcode::text);
    EXPECT_EQ(copy.compressed(other).frame().data(), compressed.frame().data());
    EXPECT_EQ(other.compressed_count, 0);
    const PreparedMessage for_smaller = message.compressed(smaller);
    EXPECT_NE(for_smaller.frame().data(), compressed.frame().data());
    EXPECT_EQ(copy.compressed(smaller).frame().data(), for_smaller.frame().data());
    EXPECT_EQ(copy.compressed(codec).frame().data(), compressed.frame().data());
    EXPECT_EQ(codec.compressed_count, 1);
    EXPECT_EQ(smaller.compressed_count, 1);
    const Bytes binary(10, std::byte{7});
    EXPECT_EQ(to_hex(PreparedMessage(Message(binary)).compressed(codec).frame()), "c2 02 0a 07");
}

TEST(PreparedMessage, where_compression_makes_it_no_shorter_it_is_sent_as_it_is) {
    for (const char* const text : {"aa", "abc", ""}) {
        SCOPED_TRACE(text);
        test::RunLengthCodec codec;
        const PreparedMessage message{std::string_view(text)};
        for (int i = 0; i < 2; ++i) {
            const PreparedMessage same = message.compressed(codec);
            EXPECT_FALSE(same.is_compressed());
            EXPECT_EQ(same.frame().data(), message.frame().data());
        }
        EXPECT_EQ(codec.compressed_count, 1);
    }
    test::RunLengthCodec codec;
    EXPECT_TRUE(PreparedMessage("aaa").compressed(codec).is_compressed());
    EXPECT_FALSE(PreparedMessage().compressed(codec));
    EXPECT_FALSE(PreparedMessage().is_compressed());
}

// A data race or a lost count shows under a sanitizer.
TEST(PreparedMessage, copies_may_be_made_and_dropped_on_any_thread) {
    PreparedMessage message(std::string(100, 'x'));
    std::vector<std::thread> threads;
    std::vector<std::size_t> sums(4, 0);
    for (std::size_t thread = 0; thread < sums.size(); ++thread) {
        threads.emplace_back([copy = message, &sum = sums[thread]] {
            for (int i = 0; i < 10'000; ++i) {
                const PreparedMessage another = copy;
                sum += another.frame().size();
            }
        });
    }
    message = PreparedMessage();  // The last copy to go is one of the threads'.
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(sums, std::vector<std::size_t>(4, 10'000 * 102));
}

}  // namespace
}  // namespace edgews
