// What a FrameReader takes of the input and of the pool: no copy of a whole frame, no memory on a
// header's word, nothing while it is idle.
#include "tests/support/allocations.hpp"
#include "tests/support/stomp_frames.hpp"

#include <gtest/gtest.h>

#include "core/stomp/frame_reader.hpp"

#include <algorithm>
#include <string>

namespace edgews::stomp {
namespace {

using namespace std::literals;
using test::Bytes;

class StompFrameMemory : public testing::Test {
  protected:
    BufferPool pool_;
    FrameLimits limits_{};
    FrameReader reader_{limits_, pool_};
};

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

TEST_F(StompFrameMemory, a_frame_that_lies_whole_in_the_input_is_shown_where_it_lies) {
    const Bytes bytes = test::stomp_bytes("SEND\ndestination:/a\nx\\c:y\n\nbody");
    std::span<const std::byte> input = bytes;
    const Frame* const frame = reader_.next(input);
    ASSERT_NE(frame, nullptr);
    EXPECT_TRUE(contains(bytes, frame->body));
    ASSERT_EQ(frame->headers.size(), 2U);
    EXPECT_TRUE(contains(bytes, bytes_of(frame->headers[0].name)));
    EXPECT_TRUE(contains(bytes, bytes_of(frame->headers[0].value)));
    EXPECT_FALSE(contains(bytes, bytes_of(frame->headers[1].name)));
    EXPECT_TRUE(contains(bytes, bytes_of(frame->headers[1].value)));
    EXPECT_TRUE(input.empty());
}

TEST_F(StompFrameMemory, of_the_input_a_held_frame_takes_only_what_it_needs) {
    for (const std::string head : {"SEND\n\n", "SEND\ncontent-length:4\n\n"}) {
        const Bytes bytes = test::bytes_of(head + "body\0\nSEND\n\nnext\0"s);
        for (std::size_t cut = 1; cut < head.size() + 5; ++cut) {
            std::span<const std::byte> input = std::span(bytes).first(cut);
            ASSERT_EQ(reader_.next(input), nullptr);
            EXPECT_TRUE(reader_.is_inside_frame());
            input = std::span(bytes).subspan(cut);
            const Frame* frame = reader_.next(input);
            ASSERT_NE(frame, nullptr);
            EXPECT_EQ(test::text_of(frame->body), "body");
            EXPECT_FALSE(contains(bytes, frame->body));
            EXPECT_EQ(test::text_of(input), "\nSEND\n\nnext\0"s);
            frame = reader_.next(input);
            ASSERT_NE(frame, nullptr);
            EXPECT_EQ(test::text_of(frame->body), "next");
            EXPECT_TRUE(contains(bytes, frame->body));
            EXPECT_EQ(reader_.next(input), nullptr);
            EXPECT_EQ(pool_.lent_size(), 0U);
        }
    }
}

TEST_F(StompFrameMemory, an_idle_reader_has_nothing_on_loan) {
    EXPECT_LE(sizeof(FrameReader), 80U);
    for (const std::string& text :
         {""s, "\n\r\n\n"s, "SEND\n\nx\0\n"s, "SEND\nx:\\n\n\n\0SEND\n\n\0"s}) {
        const Bytes bytes = test::bytes_of(text);
        std::span<const std::byte> input = bytes;
        while (reader_.next(input) != nullptr) {
        }
        EXPECT_EQ(pool_.lent_size(), 0U);
    }
}

TEST_F(StompFrameMemory, grows_with_what_arrived_and_not_with_what_is_announced) {
    limits_.body_size_max = std::size_t{1} << 40;
    const Bytes head = test::bytes_of("SEND\ncontent-length:1000000000000\n\n");
    std::span<const std::byte> input = head;
    EXPECT_EQ(reader_.next(input), nullptr);
    EXPECT_LE(pool_.lent_size(), 320U);
    const Bytes piece(1000, std::byte{'x'});
    for (std::size_t arrived = head.size() + 1000; arrived < 1'000'000; arrived += 1000) {
        input = piece;
        EXPECT_EQ(reader_.next(input), nullptr);
        ASSERT_LE(pool_.lent_size(), 2 * arrived + 320);
    }
}

TEST_F(StompFrameMemory, steady_traffic_allocates_nothing) {
    std::string headers;
    for (int i = 0; i < 30; ++i) headers += "y" + std::to_string(i) + ":\\n\n";
    const Bytes bytes = test::bytes_of("SEND\n" + headers + "\n" + std::string(3000, 'x') + '\0');
    std::size_t allocation_count = 0;
    for (int round = 0; round < 3; ++round) {
        const std::size_t before = test::allocation_count();
        for (const std::size_t piece_size : {bytes.size(), std::size_t{700}, std::size_t{1}}) {
            std::size_t frame_count = 0;
            for (std::size_t at = 0; at < bytes.size(); at += piece_size) {
                std::span<const std::byte> input =
                    std::span(bytes).subspan(at, std::min(piece_size, bytes.size() - at));
                while (reader_.next(input) != nullptr) ++frame_count;
            }
            ASSERT_EQ(frame_count, 1U);
        }
        allocation_count = test::allocation_count() - before;
    }
    EXPECT_EQ(allocation_count, 0U);
}

TEST_F(StompFrameMemory, many_headers_stay_valid_while_their_list_grows) {
    std::string text = "SEND\n";
    for (int i = 0; i < 100; ++i) text += "n\\c" + std::to_string(i) + ":v\\n\n";
    const Bytes bytes = test::stomp_bytes(text + "\n");
    std::span<const std::byte> input = bytes;
    const Frame* const frame = reader_.next(input);
    ASSERT_NE(frame, nullptr);
    ASSERT_EQ(frame->headers.size(), 100U);
    for (std::size_t i = 0; i < 100; ++i) {
        EXPECT_EQ(frame->headers[i].name, "n:" + std::to_string(i));
        EXPECT_EQ(frame->headers[i].value, "v\n");
    }
}

}  // namespace
}  // namespace edgews::stomp
