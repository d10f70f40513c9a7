// Compressed messages are restored within limits, and text is checked (RFC 7692, section 7.2.2).
#include "tests/support/bytes.hpp"
#include "tests/support/run_length_codec.hpp"

#include <gtest/gtest.h>

#include "core/websocket/message_inflater.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace edgews {
namespace {

using Part = MessageCodec::Part;
using Result = MessageInflater::Result;
using test::bytes_of;
using test::from_hex;

// The messages of one connection: how each ended, and what was restored of it.
class Inflating {
  public:
    explicit Inflating(std::size_t message_size_max) : setup_{} {
        setup_.message_size_max = message_size_max;
    }

    struct Restored {
        Result result = Result::hungry;
        std::string text{};
        friend bool operator==(const Restored&, const Restored&) = default;
    };
    // In pieces; the output has room for `room` bytes at a time.
    Restored restore(Opcode opcode, const test::Pieces& pieces, std::size_t room) {
        inflater_.begin(opcode);
        Restored restored;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            const Part part = i + 1 == pieces.size() ? Part::last : Part::more;
            std::span<const std::byte> input = pieces[i].bytes();
            restored.result = Result::full;
            while (restored.result == Result::full) {
                restored.result = restore_once(input, part, room, restored.text);
            }
            if (restored.result != Result::hungry) return restored;
            EXPECT_TRUE(input.empty());
        }
        return restored;
    }
    Restored restore(Opcode opcode, std::string_view hex) {
        return restore(opcode, test::split_at(from_hex(hex), {}), 4096);
    }
    [[nodiscard]] Fault fault() const { return inflater_.fault(); }

  private:
    // A block of which only `room` bytes are free.
    Result restore_once(std::span<const std::byte>& input, Part part, std::size_t room,
                        std::string& text) {
        Buffer output = pool_.take(room);
        const std::size_t used = output.capacity() - std::min(room, output.capacity());
        output.commit(used);
        const Result result = inflater_.restore(input, part, output);
        text += test::text_of(output.bytes().subspan(used));
        EXPECT_LE(output.size() - used, room);
        return result;
    }

    BufferPool pool_;
    ReaderSetup setup_;
    MessageInflater inflater_{std::make_unique<test::RunLengthCodec>(), setup_};
};

constexpr std::string_view hello = "01 48 01 65 02 6C 01 6F";  // As pairs of a count and a letter.

TEST(MessageInflater, a_message_is_restored_however_it_is_cut_and_whatever_room_there_is) {
    for (const std::size_t room : {1U, 2U, 3U, 4U, 5U, 6U, 4096U}) {
        SCOPED_TRACE(room);
        test::for_each_split(from_hex(hello), [&](const test::Pieces& pieces) {
            Inflating inflating(5);
            const Inflating::Restored expected{Result::complete, "Hello"};
            EXPECT_EQ(inflating.restore(Opcode::text, pieces, room), expected);
            EXPECT_EQ(inflating.restore(Opcode::binary, pieces, room), expected);
            EXPECT_EQ(inflating.fault(), Fault::none);
        });
    }
}

TEST(MessageInflater, no_more_is_restored_than_a_message_may_have) {
    const std::string_view many = "FF 61 FF 61";  // 510 letters.
    for (const std::size_t room : {1U, 100U, 509U, 510U, 511U, 4096U}) {
        SCOPED_TRACE(room);
        test::for_each_split(from_hex(many), [&](const test::Pieces& pieces) {
            Inflating enough(510);
            EXPECT_EQ(enough.restore(Opcode::text, pieces, room).text, std::string(510, 'a'));
            Inflating one_too_few(509);
            const auto restored = one_too_few.restore(Opcode::text, pieces, room);
            EXPECT_EQ(restored.result, Result::failed);
            EXPECT_EQ(one_too_few.fault(), Fault::message_too_big);
            EXPECT_LE(restored.text.size(), 509U);
        });
    }
}

TEST(MessageInflater, an_empty_message_is_complete_whatever_the_limit) {
    Inflating inflating(0);
    EXPECT_EQ(inflating.restore(Opcode::text, ""), (Inflating::Restored{Result::complete, ""}));
    EXPECT_EQ(inflating.restore(Opcode::text, "01 61").result, Result::failed);
    EXPECT_EQ(inflating.fault(), Fault::message_too_big);
}

// RFC 6455, section 8.1.
TEST(MessageInflater, text_is_utf_8_and_binary_is_anything) {
    for (const std::string_view hex :
         {"01 FF 01 61", "01 C3 01 61", "01 C3", "01 61 01 E2 01 82"}) {
        SCOPED_TRACE(hex);
        for (const std::size_t room : {1U, 2U, 4096U}) {
            test::for_each_split(from_hex(hex), [&](const test::Pieces& pieces) {
                Inflating inflating(100);
                EXPECT_EQ(inflating.restore(Opcode::binary, pieces, room).result, Result::complete);
                EXPECT_EQ(inflating.restore(Opcode::text, pieces, room).result, Result::failed);
                EXPECT_EQ(inflating.fault(), Fault::invalid_utf8);
            });
        }
    }
    Inflating inflating(100);
    EXPECT_EQ(inflating.restore(Opcode::text, "01 E2 01 82 01 AC").text, "\u20AC");
}

// The one that comes first in the message, however it was cut.
TEST(MessageInflater, of_two_faults_the_first_is_named) {
    for (const std::size_t room : {1U, 4096U}) {
        Inflating late(3);
        EXPECT_EQ(
            late.restore(Opcode::text, test::split_at(from_hex("03 61 01 FF"), {}), room).result,
            Result::failed);
        EXPECT_EQ(late.fault(), Fault::message_too_big);
        Inflating early(3);
        EXPECT_EQ(
            early.restore(Opcode::text, test::split_at(from_hex("02 61 05 FF"), {}), room).result,
            Result::failed);
        EXPECT_EQ(early.fault(), Fault::invalid_utf8);
    }
}

TEST(MessageInflater, what_the_codec_cannot_read_is_malformed) {
    Inflating inflating(100);
    EXPECT_EQ(inflating.restore(Opcode::text, "02 61 00 61"),
              (Inflating::Restored{Result::failed, "aa"}));
    EXPECT_EQ(inflating.fault(), Fault::compression_malformed);
}

TEST(MessageInflater, a_message_knows_nothing_of_the_one_before) {
    Inflating inflating(4);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(inflating.restore(Opcode::binary, "01 61 01 C3").result, Result::complete);
        EXPECT_EQ(inflating.restore(Opcode::text, "04 61").text, "aaaa");
    }
}

}  // namespace
}  // namespace edgews
