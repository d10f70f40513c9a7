// What frames say, however they are cut, and in which version: checklist A of STOMP's framing
// (stomp-1.0, -1.1, -1.2). Faults and limits are in frame_faults_test.cpp, memory in
// frame_memory_test.cpp.
#include "tests/support/stomp_frames.hpp"

#include <gtest/gtest.h>

#include "core/stomp/frame_reader.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp {
namespace {

using namespace std::literals;
using test::Bytes;
using test::Pieces;
using Frames = std::vector<std::string>;

constexpr Version all_versions[] = {Version::v1_0, Version::v1_1, Version::v1_2};

// The pool keeps no block, so that a sanitizer sees a view that is used too late.
Frames read(const Pieces& pieces, Version version) {
    BufferPool pool(0);
    const FrameLimits limits;
    Frames frames;
    FrameReader reader(limits, pool);
    reader.set_version(version);
    for (const test::ExactBlock& piece : pieces) {
        test::read_stomp(reader, piece.bytes(), frames);
    }
    EXPECT_FALSE(reader.is_inside_frame());
    return frames;
}

// However it is cut. `text` holds the NULs, too.
void expect_frames(std::string_view text, const Frames& expected, Version version) {
    SCOPED_TRACE(to_string(version));
    test::for_each_split(test::bytes_of(text),
                         [&](const Pieces& pieces) { EXPECT_EQ(read(pieces, version), expected); });
}

void expect_in_all_versions(std::string_view text, const Frames& expected) {
    for (const Version version : all_versions) expect_frames(text, expected, version);
}

TEST(StompFrameReader, A1_a_frame_is_a_command_headers_a_blank_line_a_body_and_a_NUL) {
    expect_in_all_versions("SEND\ndestination:/a\nx:y\n\nhello\0"s,
                           {"SEND [destination: /a] [x: y] | hello"});
    expect_in_all_versions("DISCONNECT\n\n\0"s, {"DISCONNECT"});
    expect_in_all_versions("SEND\n\n\n\n\0"s, {"SEND | \n\n"});
}

TEST(StompFrameReader, A2_lines_may_end_in_CR_LF_and_no_CR_leaks) {
    expect_frames("SEND\r\ndestination:/a\r\nx:\r\n\r\n\r\nb\r\0"s,
                  {"SEND [destination: /a] [x: ] | \r\nb\r"}, Version::v1_2);
    // Mixed.
    expect_frames("SEND\ndestination:/a\r\nx:y\n\r\nb\0"s, {"SEND [destination: /a] [x: y] | b"},
                  Version::v1_2);
}

TEST(StompFrameReader, A3_a_CR_before_LF_belongs_to_the_line_end_in_every_version) {
    expect_in_all_versions("SEND\r\ndestination:/a\r\n\r\nb\0"s, {"SEND [destination: /a] | b"});
}

TEST(StompFrameReader, a_CR_elsewhere_belongs_to_the_value) {
    expect_in_all_versions("SEND\na\rb:c\rd\r\r\n\nx\0"s, {"SEND [a\rb: c\rd\r] | x"});
}

TEST(StompFrameReader, A4_EOLs_between_frames_are_skipped) {
    expect_in_all_versions("\n\r\n\n"s, {});
    expect_in_all_versions("\nSEND\n\na\0\n\n\r\n\nSEND\n\nb\0\r\n\r\n\n"s,
                           {"SEND | a", "SEND | b"});
}

TEST(StompFrameReader, A5_case_matters) {
    expect_in_all_versions("SUBSCRIBE\nDestination:/a\nCONTENT-LENGTH:x\n\n\0"s,
                           {"SUBSCRIBE [Destination: /a] [CONTENT-LENGTH: x]"});
    expect_in_all_versions("send\na:b\n\n"s,
                           {"unknown [a: b] ! " + std::string(describe(Fault::unknown_command))});
}

TEST(StompFrameReader, A6_names_and_values_are_UTF_8) {
    expect_in_all_versions("SEND\n\xC3\xA9t\xC3\xA9:\xF0\x9F\x90\x99\xE6\x97\xA5\n\n\xFF\xFE\0"s,
                           {"SEND [été: 🐙日] | \xFF\xFE"});
}

TEST(StompFrameReader, A8_version_1_2_has_four_escapes_in_names_and_values) {
    expect_frames("SEND\n\\r\\n\\c\\\\:a\\rb\\nc\\cd\\\\\n\n\0"s, {"SEND [\r\n:\\: a\rb\nc:d\\]"},
                  Version::v1_2);
    expect_frames("SEND\nplain:p\nx:\\\\n\ny\\c:\nz:z\n\n\\n\0"s,
                  {"SEND [plain: p] [x: \\n] [y:: ] [z: z] | \\n"}, Version::v1_2);
}

TEST(StompFrameReader, A9_version_1_1_has_three_escapes) {
    expect_frames("SEND\na\\nb:\\c\\\\\n\n\0"s, {"SEND [a\nb: :\\]"}, Version::v1_1);
}

TEST(StompFrameReader, A13_connecting_frames_have_no_escapes) {
    for (const Version version : all_versions) {
        expect_frames("CONNECT\npasscode:a\\b\\n\\\n\n\0"s, {"CONNECT [passcode: a\\b\\n\\]"},
                      version);
        expect_frames("STOMP\npasscode:a\\c\n\n\0"s, {"CONNECT [passcode: a\\c]"}, version);
        expect_frames("CONNECTED\nserver:a\\t\n\n\0"s, {"CONNECTED [server: a\\t]"}, version);
    }
}

TEST(StompFrameReader, A14_version_1_0_has_no_escapes) {
    expect_frames("SEND\na\\n:\\t\\\n\n\0"s, {"SEND [a\\n: \\t\\]"}, Version::v1_0);
}

TEST(StompFrameReader, A16_blanks_belong_to_the_value) {
    for (const Version version : {Version::v1_1, Version::v1_2}) {
        expect_frames("SEND\n a : b\t\nc:  \n\n\0"s, {"SEND [ a :  b\t] [c:   ]"}, version);
    }
}

TEST(StompFrameReader, A17_version_1_0_drops_blanks_around_a_value) {
    expect_frames("SEND\ndestination: \t/a b \nx: \t\ncontent-length: 1\n\nb\0"s,
                  {"SEND [destination: /a b] [x: ] [content-length: 1] | b"}, Version::v1_0);
}

TEST(StompFrameReader, A17_so_does_a_CONNECT_that_asks_for_no_other_version) {
    expect_in_all_versions("CONNECT\nlogin: joe \n\n\0"s, {"CONNECT [login: joe]"});
    expect_in_all_versions("CONNECT\nlogin: joe\naccept-version: 1.0,0.9\r\n\n\0"s,
                           {"CONNECT [login: joe] [accept-version: 1.0,0.9]"});
    for (const std::string list : {"1.1", "1.0,1.2", "7"}) {
        expect_in_all_versions("CONNECT\nlogin: joe \naccept-version:" + list + "\n\n\0"s,
                               {"CONNECT [login:  joe ] [accept-version: " + list + "]"});
    }
    // The first of repeated headers counts.
    expect_in_all_versions("CONNECT\na: b\naccept-version:1.0\naccept-version:1.2\n\n\0"s,
                           {"CONNECT [a: b] [accept-version: 1.0] [accept-version: 1.2]"});
}

TEST(StompFrameReader, A19_the_first_colon_ends_the_name) {
    expect_in_all_versions("SEND\na:b:c::\n\n\0"s, {"SEND [a: b:c::]"});
}

TEST(StompFrameReader, A20_a_value_may_be_empty) {
    expect_in_all_versions("SEND\nfoo:\nbar:\r\n\n\0"s, {"SEND [foo: ] [bar: ]"});
}

TEST(StompFrameReader, A21_of_repeated_headers_all_are_there_and_the_first_counts) {
    expect_in_all_versions("SEND\nfoo:World\nfoo:Hello\n\n\0"s, {"SEND [foo: World] [foo: Hello]"});
    expect_in_all_versions("SEND\ncontent-length:1\ncontent-length:x\n\n\0\0"s,
                           {"SEND [content-length: 1] [content-length: x] | "s + '\0'});
}

TEST(StompFrameReader, A23_content_length_counts_the_body_with_its_NULs) {
    expect_in_all_versions("SEND\ncontent-length:5\n\na\0b\0\n\0BEGIN\n\n\0"s,
                           {"SEND [content-length: 5] | a\0b\0\n"s, "BEGIN"});
    expect_in_all_versions("SEND\ncontent-length:0\n\n\0"s, {"SEND [content-length: 0]"});
    expect_in_all_versions("SEND\ncontent-length:0002\n\n\0\0\0"s,
                           {"SEND [content-length: 0002] | \0\0"s});
}

TEST(StompFrameReader, a_name_that_needed_an_escape_is_as_good_as_one_that_did_not) {
    // There is no letter among the escapes, so content-length cannot be hidden.
    expect_frames("SEND\na\\cb:1\ncontent-length:1\n\n\0\0"s,
                  {"SEND [a:b: 1] [content-length: 1] | "s + '\0'}, Version::v1_2);
}

TEST(StompFrameReader, A25_without_content_length_the_first_NUL_ends_the_body) {
    expect_in_all_versions("SEND\n\na\0SEND\n\nb\0\n"s, {"SEND | a", "SEND | b"});
}

TEST(StompFrameReader, A31_a_body_is_read_of_every_frame) {
    expect_in_all_versions("SUBSCRIBE\nid:1\n\nbody\0BEGIN\ncontent-length:2\n\n\0x\0"s,
                           {"SUBSCRIBE [id: 1] | body", "BEGIN [content-length: 2] | \0x"s});
}

TEST(StompFrameReader, A32_a_body_of_SUBSCRIBE_is_there_to_be_ignored_in_1_0) {
    expect_frames("SUBSCRIBE\ndestination: /a\n\nx\0"s, {"SUBSCRIBE [destination: /a] | x"},
                  Version::v1_0);
}

TEST(StompFrameReader, A34_frames_may_be_cut_anywhere_and_many_come_at_once) {
    std::string text;
    Frames expected;
    for (int i = 0; i < 20; ++i) {
        const std::string number = std::to_string(i);
        text += "SEND\nx\\c:" + number + "\ncontent-length:1\n\n\0\0\n"s;
        expected.push_back("SEND [x:: " + number + "] [content-length: 1] | " + '\0');
    }
    expect_frames(text, expected, Version::v1_2);
}

TEST(StompFrameReader, every_command_is_known) {
    for (const char* name :
         {"CONNECT", "SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "BEGIN", "COMMIT", "ABORT",
          "DISCONNECT", "CONNECTED", "MESSAGE", "RECEIPT", "ERROR"}) {
        expect_in_all_versions(name + "\n\n\0"s, {name});
    }
}

TEST(StompFrameReader, the_version_may_change_between_frames) {
    BufferPool pool(0);
    const FrameLimits limits;
    FrameReader reader(limits, pool);
    const Bytes bytes = test::bytes_of("SEND\na: \\n\n\n\0SEND\na: \\n\n\n\0"s);
    std::span<const std::byte> input = bytes;
    EXPECT_EQ(test::everything(*reader.next(input)), "SEND [a:  \n]");
    reader.set_version(Version::v1_0);
    EXPECT_EQ(test::everything(*reader.next(input)), "SEND [a: \\n]");
    EXPECT_EQ(reader.next(input), nullptr);
}

TEST(StompFrameReader, knows_whether_a_part_of_a_frame_has_arrived) {
    BufferPool pool(0);
    const FrameLimits limits;
    FrameReader reader(limits, pool);
    struct Row {
        std::string_view text;
        bool is_frame;
        bool is_inside;
    };
    const Row rows[] = {{"", false, false},
                        {"\n\n", false, false},
                        {"\r", false, false},
                        {"\n", false, false},
                        {"S", false, true},
                        {"END\n\n", false, true},
                        {"body", false, true},
                        {"\0"sv, true, false},
                        {"\n", false, false},
                        {"SEND\nco", false, true},
                        {"ntent-length:1\n\n", false, true},
                        {"\0"sv, false, true},
                        {"\0"sv, true, false}};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        const Bytes bytes = test::bytes_of(row.text);
        std::span<const std::byte> input = bytes;
        EXPECT_EQ(reader.next(input) != nullptr, row.is_frame);
        EXPECT_EQ(reader.is_inside_frame(), row.is_inside);
        EXPECT_TRUE(input.empty());
    }
}

}  // namespace
}  // namespace edgews::stomp
