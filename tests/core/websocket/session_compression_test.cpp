// A session's compressed messages (RFC 7692), whole and in steps. The codec stands for DEFLATE:
// each pair of bytes, a count and a value, means so many of that value.
#include <gtest/gtest.h>

#include "core/websocket/session.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/compressed_session_pair.hpp"

namespace edgews {
namespace {

using test::both_roles;
using test::Bytes;
using test::Entries;
using test::frame_to;
using test::heard_of;
using test::other;
using test::packed_runs;
using test::Pieces;
using test::runs;
using test::said_of;
using test::SessionSide;
using test::operator+;

class SessionCompression : public test::CompressedSessionPair {};

// ---- What is sent

TEST_F(SessionCompression, a_message_is_compressed_where_that_was_agreed_on) {
    for (const Role role : both_roles) {
        connect();
        SessionSide& one = side(role);
        EXPECT_EQ(one.session.compression(), nullptr);
        EXPECT_FALSE(one.session.compresses(1'000, Compress::always));
        one.send("aaaa", Compress::always);
        EXPECT_EQ(one.said(), Entries{"81: aaaa"});
        agree(one);
        ASSERT_NE(one.session.compression(), nullptr);
        EXPECT_EQ(one.session.compression()->agreed.server_max_window_bits, 12);
        EXPECT_TRUE(one.session.compresses(1'000, Compress::by_size));
        one.send("aaaa");
        one.send(Message::binary("bbbbb"));
        EXPECT_EQ(one.said(), (Entries{"c1: \x04"
                                       "a",
                                       "c2: \x05"
                                       "b"}));
    }
}

TEST_F(SessionCompression, small_messages_are_sent_as_they_are_unless_the_sender_says_otherwise) {
    for (const Role role : both_roles) {
        connect_compressed({}, 5);
        SessionSide& one = side(role);
        const Entries plain{"81: aaaa"};
        const Entries packed{
            "c1: \x04"
            "a"};
        one.send("aaaa");
        EXPECT_EQ(one.said(), plain);
        one.send("aaaa", Compress::always);
        EXPECT_EQ(one.said(), packed);
        one.send("aaaaa");
        EXPECT_EQ(one.said(), Entries{"c1: \x05"
                                      "a"});
        one.send("aaaaa", Compress::never);
        EXPECT_EQ(one.said(), Entries{"81: aaaaa"});
        EXPECT_EQ(count.compressed, 2U);
    }
}

// Section 7.2.3: nobody needs to. But where messages build on each other, each one that was
// compressed must be sent.
TEST_F(SessionCompression, what_does_not_get_shorter_is_sent_as_it_is) {
    for (const Role role : both_roles) {
        connect_compressed();
        SessionSide& one = side(role);
        one.send("ab");
        one.send("aa");
        one.send("");
        EXPECT_EQ(one.said(), (Entries{"81: ab", "81: aa", "81: "}));
        EXPECT_EQ(count.compressed, 3U);
        agree(one, 0, true);
        one.send("ab");
        EXPECT_EQ(one.said(), Entries{"c1: \x01"
                                      "a\x01"
                                      "b"});
    }
}

TEST_F(SessionCompression, what_is_not_sent_is_not_compressed) {
    for (const Role role : both_roles) {
        connect_compressed();
        SessionSide& one = side(role);
        EXPECT_EQ(one.send("aaa\xFF"), SendResult::invalid);
        one.send_fragment("aaaa", Fragment::first);
        EXPECT_EQ(one.send("aaaa"), SendResult::dropped);
        one.send_fragment("aaaa", Fragment::last);
        one.close(1000);
        EXPECT_EQ(one.send("aaaa"), SendResult::closed);
        EXPECT_EQ(one.said(), (Entries{"01: aaaa", "80: aaaa", "close 1000: "}));
        EXPECT_EQ(count.compressed, 0U);
    }
}

TEST_F(SessionCompression, messages_of_all_sizes_go_both_ways) {
    for (const bool is_streaming : {false, true}) {
        connect_compressed({.reader = {.streaming = is_streaming}});
        for (const Role role : both_roles) {
            Entries expected;
            for (const std::size_t size : {1U, 10U, 1'000U, 2'000U, 5'000U, 9'000U, 40'000U}) {
                const std::string text = runs(size, 3);
                SCOPED_TRACE(size);
                EXPECT_EQ(side(other(role)).send(text), SendResult::sent);
                exchange();
                if (!is_streaming) {
                    expected.push_back("text: " + text);
                } else {
                    expected.insert(expected.end(),
                                    {"begin text", "chunk text: " + text, "end text"});
                }
            }
            EXPECT_EQ(side(role).heard(), expected);
        }
        EXPECT_EQ(count.compressed, 14U);
    }
}

// A client's too: what was compressed is masked where it lies.
TEST_F(SessionCompression, a_large_compressed_message_is_sent_as_it_should_be) {
    for (const Role role : both_roles) {
        connect_compressed();
        for (const std::size_t size : {10U, 2'047U, 2'048U, 3'000U, 5'000U, 40'000U}) {
            side(role).send(runs(size, 3));
            side(role).send("Hi", Compress::never);
            EXPECT_EQ(side(role).said(), (Entries{"c1: " + packed_runs(size, 3), "81: Hi"}));
            expect_no_memory_held();
        }
    }
}

// However large the message was: a small part of a block is copied.
TEST_F(SessionCompression, what_was_compressed_well_holds_little_memory) {
    for (const Role role : both_roles) {
        for (const std::size_t times : {10U, 100U}) {
            connect_compressed();
            side(role).send(runs(60'000 / times, times));
            EXPECT_LE(side(role).pool.lent_size(), 4 * side(role).queue.size() + 1'024);
            EXPECT_EQ(side(role).said(), Entries{"c1: " + packed_runs(60'000 / times, times)});
        }
    }
}

// ---- What is heard

struct Row {
    const char* name;
    std::vector<std::pair<unsigned, std::string>> frames;
    Entries whole;
    Entries streamed;
    Entries said = {};
};

const std::vector<Row> rows = {
    {"a text",
     {{0xC1,
       "\x03"
       "a\x01"
       "b"}},
     {"text: aaab"},
     {"begin text", "chunk text: aaab", "end text"}},
    {"empty", {{0xC2, ""}}, {"binary: "}, {"begin binary", "end binary"}},
    {"it is text, not its compressed form, that is UTF-8",
     {{0xC1, "\x01\xC3\x01\xA9"}},
     {"text: \xC3\xA9"},
     {"begin text", "chunk text: \xC3\xA9", "end text"}},
    // Section 6.1: RSV1 is of the first fragment. Fragments may be cut anywhere.
    {"fragments around a ping",
     {{0x42, "\x03"}, {0x89, "p"}, {0x00, "a\x02"}, {0x00, ""}, {0x80, "b"}},
     {"ping: p", "binary: aaabb"},
     {"begin binary", "ping: p", "chunk binary: aaabb", "end binary"},
     {"8a: p"}},
    {"plain ones between",
     {{0xC1,
       "\x02"
       "a"},
      {0x81, "plain"},
      {0xC1,
       "\x02"
       "b"}},
     {"text: aa", "text: plain", "text: bb"},
     {"begin text", "chunk text: aa", "end text", "begin text", "chunk text: plain", "end text",
      "begin text", "chunk text: bb", "end text"}},
    {"a close behind it",
     {{0xC1,
       "\x02"
       "a"},
      {0x88, "\x03\xE8"}},
     {"text: aa", "close 1000: "},
     {"begin text", "chunk text: aa", "end text", "close 1000: "},
     {"close 1000: "}},
    {"more than one buffer holds at first",
     {{0xC2, packed_runs(30, 100)}},
     {"binary: " + runs(30, 100)},
     {"begin binary", "chunk binary: " + runs(30, 100), "end binary"}},
    {"more than one step",
     {{0xC2, packed_runs(1'500, 2)}},
     {"binary: " + runs(1'500, 2)},
     {"begin binary", "chunk binary: " + runs(1'500, 2), "end binary"}},
};

TEST_F(SessionCompression, a_message_is_restored_however_it_is_cut) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        for (const Role role : both_roles) {
            Bytes bytes;
            for (const auto& [first_byte, payload] : row.frames) {
                bytes = bytes + frame_to(role, first_byte, payload);
            }
            expect_events({}, role, bytes, row.whole, row.said);
            SCOPED_TRACE("streaming");
            expect_events({.streaming = true}, role, bytes, row.streamed, row.said);
        }
    }
    EXPECT_LE(count.slice_size_max, 2'048U);
}

struct Bad {
    const char* name;
    std::string packed;
    Fault fault;
};

const std::vector<Bad> bad_rows = {
    {"malformed", std::string("\0x", 2), Fault::compression_malformed},
    {"malformed behind something",
     std::string("\x02"
                 "a\0x",
                 4),
     Fault::compression_malformed},
    {"no UTF-8", "\x01\xFF", Fault::invalid_utf8},
    {"a cut character", "\x01\xE2\x01\x82", Fault::invalid_utf8},
    {"too large", packed_runs(11, 100), Fault::message_too_big},
};

// Sections 7.2.2 of RFC 7692 and 7.1.7 of RFC 6455.
TEST_F(SessionCompression, what_cannot_be_restored_is_a_fault_and_then_there_is_silence) {
    for (const Bad& bad : bad_rows) {
        SCOPED_TRACE(bad.name);
        for (const Role role : both_roles) {
            const Bytes bytes = frame_to(role, 0xC1, bad.packed) + frame_to(role, 0x81, "late") +
                                frame_to(role, 0x88, "");
            expect_events({.message_size_max = 1'000}, role, bytes, {heard_of(bad.fault)},
                          {said_of(bad.fault)});
            // Of a streamed one, some may be told before.
            test::for_each_split(bytes, [&](const Pieces& pieces) {
                SessionSide one(role, {.reader = {.streaming = true, .message_size_max = 1'000}});
                agree(one);
                one.receive(pieces);
                EXPECT_EQ(one.heard().back(), heard_of(bad.fault));
                EXPECT_EQ(one.said(), Entries{said_of(bad.fault)});
                EXPECT_TRUE(one.session.has_ended());
                EXPECT_EQ(one.pool.lent_size(), 0U);
            });
        }
    }
}

TEST_F(SessionCompression, not_one_byte_more_is_restored_than_is_needed_to_refuse_a_message) {
    for (const Role role : both_roles) {
        for (const bool is_streaming : {false, true}) {
            for (const std::size_t size_max : {0U, 1U, 511U, 512U, 999U, 100'000U}) {
                SCOPED_TRACE(size_max);
                connect_compressed(
                    {.reader = {.streaming = is_streaming, .message_size_max = size_max}});
                SessionSide& one = side(role);
                std::string packed;
                for (std::size_t i = 0; i <= size_max / 100; ++i) packed += "\x64x";
                if (size_max < 100) packed = "\xFFx";
                one.receive(0xC2, packed);
                EXPECT_EQ(one.heard().back(), heard_of(Fault::message_too_big));
                EXPECT_EQ(one.said(), Entries{said_of(Fault::message_too_big)});
                EXPECT_EQ(count.restored_size, size_max + 1);
                EXPECT_LE(one.session.restored_size(), size_max);
                expect_no_memory_held();
            }
        }
    }
}

TEST_F(SessionCompression, a_message_of_just_the_size_that_is_allowed_is_restored) {
    for (const Role role : both_roles) {
        for (const std::size_t size : {1U, 2U, 8U, 50U, 100U, 900U}) {
            connect_compressed({.reader = {.message_size_max = 100 * size}});
            SessionSide& one = side(role);
            one.receive(0xC1, packed_runs(size, 100));
            EXPECT_EQ(one.heard(), Entries{"text: " + runs(size, 100)});
            EXPECT_EQ(one.session.restored_size(), 100 * size);
            expect_no_memory_held();
        }
    }
}

// The first one has no memory to begin with, the second one to go on.
TEST_F(SessionCompression, without_memory_a_message_is_a_fault_with_1013) {
    for (const Role role : both_roles) {
        for (const std::size_t count_of_runs : {3'000U, 1'000U}) {
            connect_compressed();
            SessionSide& one = side(role);
            one.limit_memory(24 * 1024);
            one.receive(0xC2, packed_runs(8, 100));  // There is enough for this one.
            EXPECT_EQ(one.heard(), Entries{"binary: " + runs(8, 100)});
            Buffer others = one.pool.take(64 * 1024);
            one.receive(0xC2, packed_runs(count_of_runs, 100));
            EXPECT_EQ(one.heard().back(), heard_of(Fault::no_memory));
            EXPECT_EQ(one.said(), Entries{said_of(Fault::no_memory)});
            others.reset();
            expect_no_memory_held();
        }
    }
}

}  // namespace
}  // namespace edgews
