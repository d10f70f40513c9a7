// Messages and faults: what every input means, however it is cut, to a client and
// to a server (RFC 6455, sections 5.4 to 5.7, 7.4 and 8.1).
//
// Memory, direct receiving and the questions that a reader answers are in
// message_reader_memory_test.cpp.
#include "tests/support/frames.hpp"
#include "tests/support/transcript.hpp"

#include <gtest/gtest.h>

#include "core/websocket/message_reader.hpp"

#include <string>
#include <vector>

namespace edgews {
namespace {

using test::Bytes;
using test::bytes_of;
using test::frame;
using test::from_hex;
using test::operator+;
using test::Pieces;
using test::Transcript;

using Entries = std::vector<std::string>;

struct Frame {
    unsigned first_byte;
    std::string payload;
};

Bytes wire(const std::vector<Frame>& frames, Role receiver) {
    Bytes bytes;
    for (const Frame& f : frames) {
        bytes = bytes + frame(f.first_byte, bytes_of(f.payload), receiver == Role::server);
    }
    return bytes;
}

// The pool keeps no block, so that a sanitizer sees a payload that is used too late.
Entries read(ReaderSetup setup, const Pieces& pieces) {
    BufferPool pool(0);
    setup.pool = &pool;
    MessageReader reader(setup);
    Transcript transcript;
    for (const test::ExactBlock& piece : pieces) transcript.read(reader, piece.bytes());
    return transcript.entries();
}

void expect_however_split(const ReaderSetup& setup, std::span<const std::byte> bytes,
                          const Entries& expected) {
    test::for_each_split(bytes,
                         [&](const Pieces& pieces) { EXPECT_EQ(read(setup, pieces), expected); });
}

struct Golden {
    const char* name;
    Role receiver;
    const char* hex;
    std::size_t zero_count;  // Payload that the RFC does not print.
    std::string expected;
};

// RFC 6455, section 5.7.
TEST(MessageReader, the_examples_of_the_rfc_mean_what_it_says) {
    const std::vector<Golden> rows = {
        {"unmasked text", Role::client, "81 05 48 65 6c 6c 6f", 0, "text: Hello"},
        {"masked text", Role::server, "81 85 37 fa 21 3d 7f 9f 4d 51 58", 0, "text: Hello"},
        {"fragments", Role::client, "01 03 48 65 6c 80 02 6c 6f", 0, "text: Hello"},
        {"ping", Role::client, "89 05 48 65 6c 6c 6f", 0, "ping: Hello"},
        {"pong", Role::server, "8a 85 37 fa 21 3d 7f 9f 4d 51 58", 0, "pong: Hello"},
        {"not of the RFC: a key that looks like a frame", Role::server,
         "82 85 82 80 00 00 ca e5 6c 6c ed", 0, "binary: Hello"},
        {"256", Role::client, "82 7e 01 00", 256, "binary: " + std::string(256, '\0')},
    };
    for (const Golden& row : rows) {
        SCOPED_TRACE(row.name);
        const Bytes bytes = from_hex(row.hex) + Bytes(row.zero_count);
        expect_however_split({.role = row.receiver}, bytes, {row.expected});
    }
    // 64 KiB: too long to cut everywhere.
    const Bytes bytes = from_hex("82 7f 0000000000010000") + Bytes(65536);
    const Entries expected{"binary: " + std::string(65536, '\0')};
    EXPECT_EQ(read({.role = Role::client}, test::split_at(bytes, {})), expected);
    EXPECT_EQ(read({.role = Role::client}, test::byte_by_byte(bytes)), expected);
}

struct Row {
    const char* name;
    std::vector<Frame> frames;
    Entries whole;     // Events when messages are delivered whole.
    Entries streamed;  // And when they are streamed.
};

std::string text_of(Fault fault) {
    return "fault: " + std::string(describe(fault));
}

void expect_row(const Row& row, ReaderSetup setup) {
    SCOPED_TRACE(row.name);
    for (const Role role : {Role::server, Role::client}) {
        SCOPED_TRACE(role == Role::server ? "as server" : "as client");
        setup.role = role;
        const Bytes bytes = wire(row.frames, role);
        setup.streaming = false;
        expect_however_split(setup, bytes, row.whole);
        SCOPED_TRACE("streaming");
        setup.streaming = true;
        expect_however_split(setup, bytes, row.streamed);
    }
}

const std::string long_payload(200, 'x');  // A length of two bytes.
const std::string ping_of_125(125, 'p');

const std::vector<Row> good_rows = {
    {"nothing", {}, {}, {}},
    {"a text", {{0x81, "Hello"}}, {"text: Hello"}, {"begin text", "chunk text: Hello", "end text"}},
    {"empty messages",
     {{0x81, ""}, {0x82, ""}},
     {"text: ", "binary: "},
     {"begin text", "end text", "begin binary", "end binary"}},
    {"two messages",
     {{0x82, "one"}, {0x81, "two"}},
     {"binary: one", "text: two"},
     {"begin binary", "chunk binary: one", "end binary", "begin text", "chunk text: two",
      "end text"}},
    {"a length of two bytes",
     {{0x82, long_payload}, {0x81, "next"}},
     {"binary: " + long_payload, "text: next"},
     {"begin binary", "chunk binary: " + long_payload, "end binary", "begin text",
      "chunk text: next", "end text"}},
    {"three fragments",
     {{0x02, "one "}, {0x00, "two "}, {0x80, "three"}},
     {"binary: one two three"},
     {"begin binary", "chunk binary: one two three", "end binary"}},
    {"empty fragments around",
     {{0x01, ""}, {0x00, "a"}, {0x00, ""}, {0x80, ""}},
     {"text: a"},
     {"begin text", "chunk text: a", "end text"}},
    {"only empty fragments",
     {{0x01, ""}, {0x00, ""}, {0x80, ""}, {0x82, "b"}},
     {"text: ", "binary: b"},
     {"begin text", "end text", "begin binary", "chunk binary: b", "end binary"}},
    {"an empty first fragment",
     {{0x02, ""}, {0x80, "all"}},
     {"binary: all"},
     {"begin binary", "chunk binary: all", "end binary"}},
    // Section 5.4: control frames may be injected in the middle of a fragmented message.
    {"control frames inside a message",
     {{0x01, "a"}, {0x89, "ping"}, {0x8a, ""}, {0x00, "b"}, {0x8a, ping_of_125}, {0x80, "c"}},
     {"ping: ping", "pong: ", "pong: " + ping_of_125, "text: abc"},
     {"begin text", "chunk text: a", "ping: ping", "pong: ", "chunk text: b",
      "pong: " + ping_of_125, "chunk text: c", "end text"}},
    {"pings between messages",
     {{0x89, ""}, {0x82, "m"}, {0x89, ping_of_125}},
     {"ping: ", "binary: m", "ping: " + ping_of_125},
     {"ping: ", "begin binary", "chunk binary: m", "end binary", "ping: " + ping_of_125}},
    {"characters cut by fragments",
     {{0x01, "\xc3"}, {0x00, "\xa9\xf0\x9f"}, {0x80, "\x98\x80"}},
     {"text: \xc3\xa9\xf0\x9f\x98\x80"},
     {"begin text", "chunk text: \xc3\xa9\xf0\x9f\x98\x80", "end text"}},
    {"a character cut by a ping",
     {{0x01, "\xe2\x82"}, {0x89, "!"}, {0x80, "\xac"}, {0x81, "x"}},
     {"ping: !", "text: \xe2\x82\xac", "text: x"},
     {"begin text", "chunk text: \xe2\x82", "ping: !", "chunk text: \xac", "end text", "begin text",
      "chunk text: x", "end text"}},
    {"binary is not text",
     {{0x02, "\xff"}, {0x80, "\xc3"}, {0x82, "\xfe"}},
     {"binary: \xff\xc3", "binary: \xfe"},
     {"begin binary", "chunk binary: \xff\xc3", "end binary", "begin binary", "chunk binary: \xfe",
      "end binary"}},
    // Section 5.5.1.
    {"close without a code", {{0x88, ""}}, {"close 1005: "}, {"close 1005: "}},
    {"close with a code", {{0x88, "\x03\xe8"}}, {"close 1000: "}, {"close 1000: "}},
    {"close with a reason",
     {{0x88, "\x0f\xa0g\xc3\xb6ne"}},
     {"close 4000: g\xc3\xb6ne"},
     {"close 4000: g\xc3\xb6ne"}},
    {"the longest close",
     {{0x88, "\x03\xe9" + std::string(123, 'r')}},
     {"close 1001: " + std::string(123, 'r')},
     {"close 1001: " + std::string(123, 'r')}},
    {"nothing counts after a close",
     {{0x88, ""}, {0x81, "late"}, {0x83, ""}, {0x88, ""}},
     {"close 1005: "},
     {"close 1005: "}},
    {"a close inside a message",
     {{0x01, "a"}, {0x88, "\x03\xe8"}, {0x80, "b"}},
     {"close 1000: "},
     {"begin text", "chunk text: a", "close 1000: "}},
};

TEST(MessageReader, frames_make_messages_however_they_are_cut) {
    for (const Row& row : good_rows) expect_row(row, {});
}

// What a fault comes from; `before`: what was said until then, whole and streamed.
struct Bad {
    const char* name;
    std::vector<Frame> frames;
    Fault fault;
    Entries whole = {};
    Entries streamed = {};
};

const std::vector<Bad> bad_rows = {
    // Section 5.2 and 5.5; frame_test.cpp has them all.
    {"a reserved bit", {{0xc1, "x"}}, Fault::reserved_bits},
    {"a reserved opcode", {{0x83, "x"}}, Fault::reserved_opcode},
    {"a fragmented ping", {{0x09, "x"}}, Fault::fragmented_control_frame},
    {"a ping of 126", {{0x89, std::string(126, 'p')}}, Fault::control_frame_too_long},
    // Section 5.4.
    {"a continuation of nothing", {{0x80, "x"}}, Fault::unexpected_continuation},
    {"a continuation after the end",
     {{0x82, "a"}, {0x00, "x"}},
     Fault::unexpected_continuation,
     {"binary: a"},
     {"begin binary", "chunk binary: a", "end binary"}},
    {"a message inside a message",
     {{0x01, "a"}, {0x81, "x"}},
     Fault::expected_continuation,
     {},
     {"begin text", "chunk text: a"}},
    {"a first fragment twice",
     {{0x02, "a"}, {0x89, ""}, {0x02, "x"}},
     Fault::expected_continuation,
     {"ping: "},
     {"begin binary", "chunk binary: a", "ping: "}},
    // Section 8.1.
    {"a cut character at a text's end",
     {{0x81, "ab\xc3"}},
     Fault::invalid_utf8,
     {},
     {"begin text", "chunk text: ab\xc3"}},
    {"a cut character at the last fragment's end",
     {{0x01, "a"}, {0x80, "\xe2\x82"}},
     Fault::invalid_utf8,
     {},
     {"begin text", "chunk text: a\xe2\x82"}},
    {"a cut character before an empty end",
     {{0x01, "\xf0"}, {0x80, ""}},
     Fault::invalid_utf8,
     {},
     {"begin text", "chunk text: \xf0"}},
    // Section 5.5.1 and 7.4.
    {"a close of one byte", {{0x88, "\x03"}}, Fault::close_payload_of_one},
    {"code 999", {{0x88, "\x03\xe7"}}, Fault::close_code_invalid},
    {"code 1004", {{0x88, "\x03\xec"}}, Fault::close_code_invalid},
    {"code 1005", {{0x88, "\x03\xedreason"}}, Fault::close_code_invalid},
    {"code 1006", {{0x88, "\x03\xee"}}, Fault::close_code_invalid},
    {"code 1015", {{0x88, "\x03\xf7"}}, Fault::close_code_invalid},
    {"code 2999", {{0x88, "\x0b\xb7"}}, Fault::close_code_invalid},
    {"code 65535", {{0x88, "\xff\xff"}}, Fault::close_code_invalid},
    {"a reason that is not UTF-8",
     {{0x88,
       "\x03\xe8"
       "a\xff"}},
     Fault::invalid_utf8},
    {"a reason that is cut",
     {{0x88,
       "\x03\xe8"
       "a\xe2\x82"}},
     Fault::invalid_utf8},
    {"a bad close inside a message",
     {{0x02, "a"}, {0x88, "x"}},
     Fault::close_payload_of_one,
     {},
     {"begin binary", "chunk binary: a"}},
};

TEST(MessageReader, an_input_that_breaks_a_rule_is_a_fault_and_then_there_is_silence) {
    for (const Bad& bad : bad_rows) {
        Row row{bad.name, bad.frames, bad.whole, bad.streamed};
        row.frames.push_back({0x81, "late"});
        row.frames.push_back({0x88, ""});
        row.whole.push_back(text_of(bad.fault));
        row.streamed.push_back(text_of(bad.fault));
        expect_row(row, {});
    }
}

TEST(MessageReader, the_other_roles_masking_is_a_fault) {
    for (const std::string& payload : {std::string("Hello"), std::string(), long_payload}) {
        for (const unsigned first_byte : {0x81U, 0x02U, 0x89U, 0x88U}) {
            const Bytes bytes = bytes_of(payload.substr(0, first_byte > 0x87 ? 5 : 200));
            expect_however_split({.role = Role::server}, frame(first_byte, bytes, false),
                                 {text_of(Fault::unmasked_client_frame)});
            expect_however_split({.role = Role::client}, frame(first_byte, bytes, true),
                                 {text_of(Fault::masked_server_frame)});
        }
    }
}

struct BadText {
    const char* name;
    std::string text;  // Its last byte is the first bad one.
};

const BadText bad_texts[] = {
    {"no first byte", "good\xff"},  {"a continuation byte alone", "\x80"},
    {"overlong", "good\xc0"},       {"a surrogate", "good\xed\xa0"},
    {"above U+10FFFF", "\xf4\x90"}, {"a character cut by ASCII", "good\xe2\x82x"},
};

// Section 8.1. The rest of the frame, and of the message, never comes.
TEST(MessageReader, bad_text_is_a_fault_at_its_first_bad_byte) {
    for (const BadText& row : bad_texts) {
        SCOPED_TRACE(row.name);
        for (const bool continues : {false, true}) {
            for (const Role role : {Role::server, Role::client}) {
                std::vector<Frame> frames{{0x01, row.text + std::string(1000, 'x')}};
                if (continues) frames = {{0x01, "a"}, {0x00, frames[0].payload}};
                Bytes bytes = wire(frames, role);
                bytes.erase(bytes.end() - 1000, bytes.end());
                test::for_each_split(bytes, [&](const Pieces& pieces) {
                    EXPECT_EQ(read({.role = role}, pieces), Entries{text_of(Fault::invalid_utf8)});
                    const Entries streamed = read({.role = role, .streaming = true}, pieces);
                    EXPECT_EQ(streamed.back(), text_of(Fault::invalid_utf8));
                });
                bytes.pop_back();
                EXPECT_EQ(read({.role = role}, test::byte_by_byte(bytes)), Entries{});
            }
        }
    }
}

struct Limit {
    const char* name;
    ReaderSetup setup;
    std::vector<Frame> frames;  // Sent with and without the payload of the last one.
    Fault fault;                // none: it is accepted.
};

const std::vector<Limit> limit_rows = {
    {"message below", {.message_size_max = 10}, {{0x82, std::string(9, 'm')}}, Fault::none},
    {"message at", {.message_size_max = 10}, {{0x82, std::string(10, 'm')}}, Fault::none},
    {"message above",
     {.message_size_max = 10},
     {{0x82, std::string(11, 'm')}},
     Fault::message_too_big},
    {"no message but empty ones", {.message_size_max = 0}, {{0x82, ""}}, Fault::none},
    {"message above 0", {.message_size_max = 0}, {{0x81, "a"}}, Fault::message_too_big},
    {"long message above",
     {.message_size_max = 199},
     {{0x81, long_payload}},
     Fault::message_too_big},
    {"fragments at", {.message_size_max = 10}, {{0x02, "123456"}, {0x80, "7890"}}, Fault::none},
    {"fragments above",
     {.message_size_max = 10},
     {{0x02, "123456"}, {0x00, "78901"}},
     Fault::message_too_big},
    {"a message after a message",
     {.message_size_max = 10},
     {{0x82, "123456"}, {0x82, "123456"}},
     Fault::none},
    {"a message after fragments",
     {.message_size_max = 10},
     {{0x02, "12345"}, {0x80, "67890"}, {0x82, "1234567890"}},
     Fault::none},
    {"control frames do not count",
     {.message_size_max = 1, .frame_size_max = 1},
     {{0x89, "ping"}, {0x82, "1"}},
     Fault::none},
    {"frame at", {.frame_size_max = 5}, {{0x81, "12345"}}, Fault::none},
    {"frame above", {.frame_size_max = 5}, {{0x81, "123456"}}, Fault::frame_too_big},
    {"second frame above",
     {.frame_size_max = 5},
     {{0x01, "12345"}, {0x80, "123456"}},
     Fault::frame_too_big},
    {"three frames of three",
     {.fragment_count_max = 3},
     {{0x01, ""}, {0x00, ""}, {0x80, ""}},
     Fault::none},
    {"four frames of three",
     {.fragment_count_max = 3},
     {{0x01, "a"}, {0x00, ""}, {0x00, ""}, {0x80, ""}},
     Fault::too_many_fragments},
    {"one of one", {.fragment_count_max = 1}, {{0x01, ""}}, Fault::none},
    {"two of one", {.fragment_count_max = 1}, {{0x01, ""}, {0x80, ""}}, Fault::too_many_fragments},
    {"fragments are counted per message",
     {.fragment_count_max = 2},
     {{0x01, ""}, {0x80, ""}, {0x81, "a"}, {0x01, "b"}, {0x80, "c"}},
     Fault::none},
};

TEST(MessageReader, fragments_are_as_many_as_bytes_unless_a_limit_says_otherwise) {
    EXPECT_EQ(fragment_limit({.fragment_count_max = 3}), 3U);
    EXPECT_EQ(fragment_limit({.message_size_max = 1}), 128U * 1024);
    EXPECT_EQ(fragment_limit({.message_size_max = 16 << 20}), 16U << 20);
    EXPECT_EQ(fragment_limit({.message_size_max = UINT32_MAX}), UINT32_MAX);
    EXPECT_EQ(fragment_limit({.message_size_max = SIZE_MAX}), UINT32_MAX);
}

// Streaming, and not; each is the fault of the header, no byte of payload is needed.
TEST(MessageReader, a_limit_allows_what_is_at_it_and_refuses_more_at_the_header) {
    for (const Limit& row : limit_rows) {
        SCOPED_TRACE(row.name);
        for (const Role role : {Role::server, Role::client}) {
            for (const bool streaming : {false, true}) {
                ReaderSetup setup = row.setup;
                setup.role = role;
                setup.streaming = streaming;
                const Bytes bytes = wire(row.frames, role);
                const std::size_t unsent = row.frames.back().payload.size();
                for (const std::size_t size : {bytes.size(), bytes.size() - unsent}) {
                    test::for_each_split(std::span(bytes).first(size), [&](const Pieces& pieces) {
                        const Entries entries = read(setup, pieces);
                        const std::string last = entries.empty() ? "" : entries.back();
                        const bool is_refused = row.fault != Fault::none;
                        EXPECT_EQ(last == text_of(row.fault), is_refused) << last;
                        EXPECT_EQ(last.starts_with("fault"), is_refused) << last;
                    });
                }
            }
        }
    }
}

TEST(MessageReader, lengths_near_the_end_of_64_bits_neither_wrap_nor_allocate) {
    struct Huge {
        const char* name;
        const char* hex;
        std::size_t message_size_max;
        std::string fault;  // Empty: there is none.
    };
    const Huge rows[] = {
        {"2^63 - 1, no limit", "82 7f 7fffffffffffffff aa", SIZE_MAX, ""},
        {"2^63 - 1, at the limit", "82 7f 7fffffffffffffff aa", INT64_MAX, ""},
        {"2^63 - 1, above it", "82 7f 7fffffffffffffff", INT64_MAX - 1,
         text_of(Fault::message_too_big)},
        {"1 and 2^63 - 1, above", "02 01 aa 00 7f 7fffffffffffffff", INT64_MAX,
         text_of(Fault::message_too_big)},
        {"1 and 2^63 - 1, at", "02 01 aa 00 7f 7fffffffffffffff", std::size_t{1} << 63, ""},
        {"2^63", "82 7f 8000000000000000", SIZE_MAX, text_of(Fault::length_top_bit)},
    };
    for (const Huge& row : rows) {
        SCOPED_TRACE(row.name);
        test::for_each_split(from_hex(row.hex), [&](const Pieces& pieces) {
            BufferPool pool(0);
            const ReaderSetup setup{
                .role = Role::client, .message_size_max = row.message_size_max, .pool = &pool};
            MessageReader reader(setup);
            Transcript transcript;
            for (const test::ExactBlock& piece : pieces) transcript.read(reader, piece.bytes());
            const Entries expected = row.fault.empty() ? Entries{} : Entries{row.fault};
            EXPECT_EQ(transcript.entries(), expected);
            EXPECT_LE(pool.lent_size(), 512U);
        });
    }
}

}  // namespace
}  // namespace edgews
