// Frames that break a rule, and limits: which fault it is, what could be read beside it, and that
// neither depends on how the input is cut.
#include "tests/support/stomp_frames.hpp"

#include <gtest/gtest.h>

#include "core/stomp/frame_reader.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp {
namespace {

using namespace std::literals;
using test::Pieces;
using Frames = std::vector<std::string>;

constexpr Version all_versions[] = {Version::v1_0, Version::v1_1, Version::v1_2};

struct Row {
    const char* name;
    std::string text;  // With its NULs. A good frame that must not be read is put behind it.
    std::string seen;  // What can be read of it.
    Fault fault;
};

Frames read(const Pieces& pieces, Version version, const FrameLimits& limits) {
    BufferPool pool(0);
    Frames frames;
    FrameReader reader(limits, pool);
    reader.set_version(version);
    for (const test::ExactBlock& piece : pieces) test::read_stomp(reader, piece.bytes(), frames);
    return frames;
}

std::string seen_with(std::string_view seen, Fault fault) {
    return std::string(seen) + " ! " + std::string(describe(fault));
}

void expect_row(const Row& row, Version version, const FrameLimits& limits = {}) {
    SCOPED_TRACE(std::string(row.name) + ", " + std::string(to_string(version)));
    const Frames expected{seen_with(row.seen, row.fault)};
    const std::string text = row.text + "SEND\n\nnot read\0"s;
    test::for_each_split(test::bytes_of(text), [&](const Pieces& pieces) {
        EXPECT_EQ(read(pieces, version, limits), expected);
    });
}

void expect_in_all_versions(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        for (const Version version : all_versions) expect_row(row, version);
    }
}

// The fault is known when the last byte of `text` came, and not before.
void expect_as_soon_as(std::string_view text, Fault fault, const FrameLimits& limits = {}) {
    SCOPED_TRACE(describe(fault));
    const Frames before = read(test::byte_by_byte(test::bytes_of(text.substr(0, text.size() - 1))),
                               Version::v1_2, limits);
    EXPECT_EQ(before, Frames{});
    const Frames after = read(test::byte_by_byte(test::bytes_of(text)), Version::v1_2, limits);
    ASSERT_EQ(after.size(), 1U);
    EXPECT_TRUE(after[0].ends_with(describe(fault))) << after[0];
}

TEST(StompFrameReader, A5_a_command_in_another_case_is_unknown) {
    expect_in_all_versions({
        {"lower case", "send\nreceipt:1\n\nbody\0"s, "unknown [receipt: 1]",
         Fault::unknown_command},
        {"a blank behind", "SEND \nreceipt:1\n\n\0"s, "unknown [receipt: 1]",
         Fault::unknown_command},
        {"HTTP", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", "unknown [Host: a]", Fault::unknown_command},
    });
}

TEST(StompFrameReader, a_lone_CR_between_frames_begins_a_command_line) {
    const std::vector<Row> rows = {
        {"before a command", "\rSEND\n\n\0"s, "unknown", Fault::unknown_command},
        {"two", "\r\r\n\n\0"s, "unknown", Fault::unknown_command},
    };
    expect_in_all_versions(rows);
}

TEST(StompFrameReader, A7_a_header_that_is_not_UTF_8_is_a_fault) {
    expect_in_all_versions({
        {"a value", "SEND\nx:\xC0\x80\nreceipt:\xC3\xA9\n\n\0"s, "SEND [receipt: é]",
         Fault::header_not_utf8},
        {"a name", "SEND\nreceipt:1\n\xFF:a\n\n\0"s, "SEND [receipt: 1]", Fault::header_not_utf8},
        {"a character cut by the line's end", "SEND\nx:\xC3\n\xA9:y\n\n\0"s, "SEND",
         Fault::header_not_utf8},
        {"a character cut by the colon", "SEND\nx\xC3:\xA9\n\n\0"s, "SEND", Fault::header_not_utf8},
        {"a surrogate", "CONNECT\nx:\xED\xA0\x80\n\n\0"s, "CONNECT", Fault::header_not_utf8},
        {"a command", "SEND\xC3\nx:y\n\n\0"s, "unknown [x: y]", Fault::unknown_command},
    });
}

TEST(StompFrameReader, A10_another_escape_is_a_fault) {
    const std::vector<Row> rows = {
        {"\\t", "SEND\nx:a\\tb\nreceipt:1\n\n\0"s, "SEND [receipt: 1]",
         Fault::header_escape_undefined},
        {"\\x in a name", "SEND\na\\x:b\nreceipt:1\n\n\0"s, "SEND [receipt: 1]",
         Fault::header_escape_undefined},
        {"\\N", "SEND\nreceipt:1\nx:\\N\n\n\0"s, "SEND [receipt: 1]",
         Fault::header_escape_undefined},
        {"\\0", "SEND\nx:\\0\n\n\0"s, "SEND", Fault::header_escape_undefined},
        {"a lone one at the line's end", "SEND\nx:a\\\nreceipt:1\n\n\0"s, "SEND [receipt: 1]",
         Fault::header_escape_undefined},
        {"a lone one before CR LF", "SEND\nx:a\\\r\nreceipt:1\n\n\0"s, "SEND [receipt: 1]",
         Fault::header_escape_undefined},
        {"a lone one before the colon", "SEND\nx\\:a\n\n\0"s, "SEND",
         Fault::header_escape_undefined},
        {"three of them", "SEND\nx:\\\\\\\ny:\\\\\n\n\0"s, "SEND [y: \\]",
         Fault::header_escape_undefined},
        {"a frame that is unknown", "SENT\nx:\\t\nreceipt:\\n\n\n\0"s, "unknown [receipt: \n]",
         Fault::unknown_command},
    };
    for (const Row& row : rows) {
        expect_row(row, Version::v1_1);
        expect_row(row, Version::v1_2);
    }
}

TEST(StompFrameReader, A11_the_escape_of_CR_is_undefined_in_1_1) {
    expect_row({"\\r", "SEND\nx:a\\rb\nreceipt:\\n\n\n\0"s, "SEND [receipt: \n]",
                Fault::header_escape_undefined},
               Version::v1_1);
}

TEST(StompFrameReader, A18_a_line_without_a_name_or_without_a_colon_is_a_fault) {
    expect_in_all_versions({
        {"no colon", "SEND\nreceipt\ndestination:/a\nreceipt:1\n\nx\0"s,
         "SEND [destination: /a] [receipt: 1]", Fault::header_without_colon},
        {"a blank", "SEND\n \n\n\0"s, "SEND", Fault::header_without_colon},
        {"only a CR", "SEND\n\r\r\n\n\0"s, "SEND", Fault::header_without_colon},
        {"no name", "SEND\n:/a\r\nreceipt:1\r\n\r\n\0"s, "SEND [receipt: 1]",
         Fault::header_name_empty},
        {"only a colon", "SEND\n:\n\n\0"s, "SEND", Fault::header_name_empty},
    });
}

TEST(StompFrameReader, the_first_of_many_faults_counts) {
    const std::vector<Row> rows = {
        {"names first", "SEND\n:a\nb\nx:\\t\ncontent-length:x\n\n\0"s, "SEND [content-length: x]",
         Fault::header_name_empty},
        {"length first", "SEND\ncontent-length:x\n:a\nb\n\n\0"s, "SEND [content-length: x]",
         Fault::content_length_malformed},
        {"then a NUL", "SEND\nb\na:b\nc\0"s, "SEND [a: b]", Fault::header_without_colon},
    };
    for (const Row& row : rows) expect_row(row, Version::v1_2);
}

TEST(StompFrameReader, a_NUL_in_the_head_is_a_fault_at_once) {
    expect_in_all_versions({
        {"in place of the blank line", "DISCONNECT\nreceipt:77\n\0"s, "DISCONNECT [receipt: 77]",
         Fault::head_has_nul},
        {"in a header", "SEND\nreceipt:77\na:b\0\n\n\0"s, "SEND [receipt: 77]",
         Fault::head_has_nul},
        {"behind the command", "SEND\0"s, "unknown", Fault::head_has_nul},
        {"alone", "\n\0"s, "unknown", Fault::head_has_nul},
        {"behind a CR", "SEND\na:b\n\r\0"s, "SEND [a: b]", Fault::head_has_nul},
    });
    expect_as_soon_as("SEND\na:b\0"sv, Fault::head_has_nul);
}

TEST(StompFrameReader, A24_a_NUL_must_follow_what_content_length_counts) {
    expect_in_all_versions({
        {"too short", "SEND\nreceipt:1\ncontent-length:1\n\nab\0"s,
         "SEND [receipt: 1] [content-length: 1] | a", Fault::body_end_missing},
        {"none", "SEND\ncontent-length:0\n\na\0"s, "SEND [content-length: 0]",
         Fault::body_end_missing},
    });
    expect_as_soon_as("SEND\ncontent-length:1\n\nab", Fault::body_end_missing);
}

TEST(StompFrameReader, A26_a_content_length_is_a_decimal_number_that_fits) {
    const char* const values[] = {
        "abc",
        "-1",
        "+3",
        "",
        "1x",
        "1.0",
        "0x10",
        "1,1",
        "1 1",
        "18446744073709551616",
        "99999999999999999999999999999999",
        "\xD9\xA3" /* ARABIC-INDIC DIGIT THREE */,
    };
    for (const std::string value : values) {
        const std::string header = "content-length:" + value;
        expect_in_all_versions({{"a malformed one", "SEND\n" + header + "\nreceipt:1\n\nbody\0"s,
                                 "SEND [content-length: " + value + "] [receipt: 1]",
                                 Fault::content_length_malformed}});
    }
    // Blanks are only dropped in 1.0.
    const Row padded{"padded", "SEND\ncontent-length: 3\n\nabc\0"s, "SEND [content-length:  3]",
                     Fault::content_length_malformed};
    expect_row(padded, Version::v1_1);
    expect_row(padded, Version::v1_2);
}

TEST(StompFrameReader, A33_more_headers_than_the_limit_are_a_fault) {
    const FrameLimits limits{.header_count_max = 2};
    expect_row({"three", "SEND\na:1\na:2\nb:3\nc:4\n\nx\0"s, "SEND [a: 1] [a: 2]",
                Fault::too_many_headers},
               Version::v1_2, limits);
    expect_row(
        {"bad ones count", "SEND\na\na:2\nb:3\n\nx\0"s, "SEND [a: 2]", Fault::header_without_colon},
        Version::v1_2, limits);
    expect_as_soon_as("SEND\na:1\na:2\nb:3\n", Fault::too_many_headers, limits);
    EXPECT_EQ(
        read(test::byte_by_byte(test::stomp_bytes("SEND\na:1\nb:2\n\n")), Version::v1_2, limits),
        Frames{"SEND [a: 1] [b: 2]"});
    expect_row({"none is allowed", "SEND\na:1\n\n\0"s, "SEND", Fault::too_many_headers},
               Version::v1_2, {.header_count_max = 0});
}

TEST(StompFrameReader, A33_a_line_longer_than_the_limit_is_a_fault) {
    const FrameLimits limits{.header_size_max = 7};
    const std::vector<Row> rows = {
        {"by one", "SEND\na:1\nb:345678\nc:3\n\nx\0"s, "SEND [a: 1]", Fault::header_too_long},
        {"before CR LF", "SEND\na:1\r\nb:345678\r\n\r\nx\0"s, "SEND [a: 1]",
         Fault::header_too_long},
        {"with a CR within", "SEND\na:1\nb:34567\r8\n\nx\0"s, "SEND [a: 1]",
         Fault::header_too_long},
        {"then a NUL", "SEND\na:1\nb:345678\0"s, "SEND [a: 1]", Fault::header_too_long},
        {"a NUL just in time", "SEND\na:1\nb:34567\0"s, "SEND [a: 1]", Fault::head_has_nul},
        {"and behind a CR", "SEND\na:1\nb:34567\r\0"s, "SEND [a: 1]", Fault::head_has_nul},
        {"a command", "SEND5678\nreceipt:1\n\n\0"s, "unknown", Fault::unknown_command},
        {"after another fault", "SEND\na\nb:3456789\n\n\0"s, "SEND", Fault::header_without_colon},
    };
    for (const Row& row : rows) expect_row(row, Version::v1_2, limits);
    // Known one byte behind the limit, unless that might be a CR LF, and reported at the next one.
    expect_as_soon_as("SEND\nb:3456789", Fault::header_too_long, limits);
    const Frames good{"SEND [b: 34567] [c: 34567]"};
    const std::string text = "SEND\nb:34567\r\nc:34567\n\r\n";
    EXPECT_EQ(read(test::byte_by_byte(test::stomp_bytes(text)), Version::v1_2, limits), good);
}

TEST(StompFrameReader, A33_a_head_larger_than_the_limit_is_a_fault) {
    const std::string head = "SEND\na:1\nb:2\n\n";
    for (std::size_t size = 1; size < head.size(); ++size) {
        SCOPED_TRACE(size);
        const FrameLimits limits{.head_size_max = size};
        const std::string seen = size < 5    ? "unknown"
                                 : size < 9  ? "SEND"
                                 : size < 13 ? "SEND [a: 1]"
                                             : "SEND [a: 1] [b: 2]";
        expect_row({"a small limit", head + '\0', seen, Fault::head_too_big}, Version::v1_2,
                   limits);
        expect_as_soon_as(head.substr(0, size), Fault::head_too_big, limits);
    }
    const FrameLimits limits{.head_size_max = head.size()};
    test::for_each_split(test::stomp_bytes("\n\n" + head + "a body"), [&](const Pieces& pieces) {
        EXPECT_EQ(read(pieces, Version::v1_2, limits), Frames{"SEND [a: 1] [b: 2] | a body"});
    });
}

TEST(StompFrameReader, A33_a_body_larger_than_the_limit_is_a_fault) {
    const FrameLimits limits{.body_size_max = 3};
    const std::vector<Row> rows = {
        {"by content-length", "SEND\ncontent-length:4\nreceipt:1\n\nabcd\0"s,
         "SEND [content-length: 4] [receipt: 1]", Fault::body_too_big},
        {"by a large one", "SEND\ncontent-length:18446744073709551615\n\nabcd\0"s,
         "SEND [content-length: 18446744073709551615]", Fault::body_too_big},
        {"by growth", "SEND\nreceipt:1\n\nabcd\0"s, "SEND [receipt: 1]", Fault::body_too_big},
    };
    for (const Row& row : rows) expect_row(row, Version::v1_2, limits);
    expect_as_soon_as("SEND\ncontent-length:4\n\n", Fault::body_too_big, limits);
    expect_as_soon_as("SEND\n\nabcd", Fault::body_too_big, limits);
    test::for_each_split(test::bytes_of("SEND\n\nabc\0SEND\ncontent-length:3\n\n\0\0\0\0"s),
                         [&](const Pieces& pieces) {
                             EXPECT_EQ(
                                 read(pieces, Version::v1_2, limits),
                                 (Frames{"SEND | abc", "SEND [content-length: 3] | \0\0\0"s}));
                         });
}

TEST(StompFrameReader, limits_may_be_as_large_as_numbers_are) {
    const FrameLimits limits{SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX};
    const std::string text = "SEND\na:b\n\nc\0SEND\ncontent-length:18446744073709551615\n\nabc"s;
    test::for_each_split(test::bytes_of(text), [&](const Pieces& pieces) {
        EXPECT_EQ(read(pieces, Version::v1_2, limits), Frames{"SEND [a: b] | c"});
    });
}

TEST(StompFrameReader, a_reader_that_failed_discards_and_says_nothing_more) {
    BufferPool pool(0);
    const FrameLimits limits;
    FrameReader reader(limits, pool);
    const test::Bytes bytes = test::bytes_of("SEND\n:\n\n\0SEND\n\n\0"s);
    std::span<const std::byte> input = bytes;
    const Frame* const frame = reader.next(input);
    ASSERT_NE(frame, nullptr);
    EXPECT_EQ(frame->fault, Fault::header_name_empty);
    EXPECT_FALSE(reader.is_inside_frame());
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(reader.next(input), nullptr);
        EXPECT_TRUE(input.empty());
        EXPECT_EQ(pool.lent_size(), 0U);
        input = bytes;
    }
}

}  // namespace
}  // namespace edgews::stomp
