// Compressed messages as a reader shows them: RSV1 where it was agreed on, nothing checked that is
// not yet restored (RFC 7692, section 6).
#include "tests/support/frames.hpp"
#include "tests/support/transcript.hpp"

#include <gtest/gtest.h>

#include "core/websocket/message_reader.hpp"

#include <string>
#include <vector>

namespace edgews {
namespace {

using test::Bytes;
using test::client_frame;
using test::operator+;
using test::Pieces;

using Entries = std::vector<std::string>;

struct Frame {
    unsigned first_byte;
    std::string payload;
};

struct Row {
    const char* name;
    std::vector<Frame> frames;
    Entries whole;
    Entries streamed;
};

std::string text_of(Fault fault) {
    return "fault: " + std::string(describe(fault));
}

Entries read(ReaderSetup setup, const Pieces& pieces) {
    BufferPool pool(0);
    setup.pool = &pool;
    MessageReader reader(setup);
    reader.allow_compressed();
    test::Transcript transcript;
    for (const test::ExactBlock& piece : pieces) transcript.read(reader, piece.bytes());
    return transcript.entries();
}

void expect_row(const Row& row, ReaderSetup setup = {}) {
    SCOPED_TRACE(row.name);
    Bytes bytes;
    for (const Frame& frame : row.frames) {
        bytes = bytes + client_frame(frame.first_byte, frame.payload);
    }
    test::for_each_split(bytes,
                         [&](const Pieces& pieces) { EXPECT_EQ(read(setup, pieces), row.whole); });
    setup.streaming = true;
    test::for_each_split(
        bytes, [&](const Pieces& pieces) { EXPECT_EQ(read(setup, pieces), row.streamed); });
}

TEST(CompressedMessages, they_are_shown_as_they_came) {
    const Row rows[] = {
        {"whole, and no UTF-8",
         {{0xC1, "\xFF\xFE"}},
         {"compressed text: \xFF\xFE"},
         {"begin compressed text", "chunk compressed text: \xFF\xFE", "end compressed text"}},
        {"empty",
         {{0xC2, ""}},
         {"compressed binary: "},
         {"begin compressed binary", "end compressed binary"}},
        {"fragments around a ping",
         {{0x41, "a\xFF"}, {0x89, "p"}, {0x80, "b"}},
         {"ping: p",
          "compressed text: a\xFF"
          "b"},
         {"begin compressed text", "chunk compressed text: a\xFF", "ping: p",
          "chunk compressed text: b", "end compressed text"}},
        {"the next one is plain, whose text is checked",
         {{0x42, "a"}, {0x80, "b"}, {0x81, "x"}, {0xC2, "y"}, {0x01, "z"}, {0x80, "\xFF"}},
         {"compressed binary: ab", "text: x", "compressed binary: y", text_of(Fault::invalid_utf8)},
         {"begin compressed binary", "chunk compressed binary: ab", "end compressed binary",
          "begin text", "chunk text: x", "end text", "begin compressed binary",
          "chunk compressed binary: y", "end compressed binary", "begin text", "chunk text: z",
          text_of(Fault::invalid_utf8)}},
    };
    for (const Row& row : rows) expect_row(row);
}

TEST(CompressedMessages, rsv1_elsewhere_is_a_fault) {
    const std::string fault = text_of(Fault::reserved_bits);
    for (const unsigned first_byte : {0xC9U, 0xCAU, 0xC8U, 0xE1U, 0xD1U, 0xC0U}) {
        expect_row({"alone", {{first_byte, "x"}}, {fault}, {fault}});
    }
    expect_row({"on a continuation",
                {{0x41, "x"}, {0xC0, "y"}},
                {fault},
                {"begin compressed text", "chunk compressed text: x", fault}});
}

// What cannot be compressed becomes a little longer by it.
TEST(CompressedMessages, the_limit_on_messages_leaves_room_for_what_is_incompressible) {
    const std::string most(1000 + 1000 / 16 + 64, 'x');
    const std::string fault = text_of(Fault::message_too_big);
    expect_row(
        {"as much",
         {{0xC2, most}},
         {"compressed binary: " + most},
         {"begin compressed binary", "chunk compressed binary: " + most, "end compressed binary"}},
        {.message_size_max = 1000});
    expect_row({"one more", {{0xC2, most + "x"}}, {fault}, {fault}}, {.message_size_max = 1000});
    expect_row({"one more in the last fragment",
                {{0x42, most}, {0x80, "x"}},
                {fault},
                {"begin compressed binary", "chunk compressed binary: " + most, fault}},
               {.message_size_max = 1000});
    expect_row({"a plain one", {{0x82, most}}, {fault}, {fault}}, {.message_size_max = 1000});
}

}  // namespace
}  // namespace edgews
