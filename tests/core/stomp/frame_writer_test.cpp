// Frames that are written: escapes of each version, what no version can say, and that nothing in a
// header makes another header or frame of it.
#include "tests/support/stomp_frames.hpp"

#include <gtest/gtest.h>

#include "core/stomp/frame_reader.hpp"
#include "core/stomp/frame_writer.hpp"
#include "core/stomp/value_encoding.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp {
namespace {

using namespace std::literals;

constexpr Version all_versions[] = {Version::v1_0, Version::v1_1, Version::v1_2};

std::string header_line(const Header& header, Version version) {
    std::string out = "before\n";
    append_header(out, header, version);
    return out.substr("before\n"sv.size());
}

std::string frame_text(Command command, const std::vector<Header>& headers, std::string_view body,
                       Version version) {
    std::string out;
    append_frame(out, command, headers, std::as_bytes(std::span(body)), version);
    return out;
}

struct Row {
    const char* name;
    Header header;
    std::array<std::string, 3> lines;  // In 1.0, 1.1 and 1.2. "": left out.
};

TEST(StompFrameWriter, A12_headers_are_escaped_as_the_version_says) {
    const Row rows[] = {
        {"plain", {"foo", "bar"}, {"foo:bar\n", "foo:bar\n", "foo:bar\n"}},
        {"empty", {"foo", ""}, {"foo:\n", "foo:\n", "foo:\n"}},
        {"blanks", {" a ", " b "}, {" a : b \n", " a : b \n", " a : b \n"}},
        {"tabs and controls",
         {"\t\x01", "\x1F\x7F"},
         {"\t\x01:\x1F\x7F\n", "\t\x01:\x1F\x7F\n", "\t\x01:\x1F\x7F\n"}},
        {"UTF-8", {"é", "🐙"}, {"é:🐙\n", "é:🐙\n", "é:🐙\n"}},
        {"colon in a value", {"a", "b:c:"}, {"a:b:c:\n", "a:b\\cc\\c\n", "a:b\\cc\\c\n"}},
        {"colon in a name", {"a:b", "c"}, {"", "a\\cb:c\n", "a\\cb:c\n"}},
        {"backslash", {"a\\", "\\n"}, {"a\\:\\n\n", "a\\\\:\\\\n\n", "a\\\\:\\\\n\n"}},
        {"LF in a value", {"a", "b\nc"}, {"", "a:b\\nc\n", "a:b\\nc\n"}},
        {"LF in a name", {"a\nb", "c"}, {"", "a\\nb:c\n", "a\\nb:c\n"}},
        {"CR in a value", {"a", "b\r"}, {"", "", "a:b\\r\n"}},
        {"CR in a name", {"\ra", "b"}, {"", "", "\\ra:b\n"}},
        {"all in a long one",
         {"name-of-a-header", "0123456789\n\\:\r0123456789:"},
         {"", "", "name-of-a-header:0123456789\\n\\\\\\c\\r0123456789\\c\n"}},
        {"NUL in a value", {"a", "b\0"sv}, {"", "", ""}},
        {"NUL in a name", {"\0"sv, "b"}, {"", "", ""}},
        {"no name", {"", "b"}, {"", "", ""}},
    };
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < 3; ++i) {
            SCOPED_TRACE(std::string(row.name) + ", " + std::string(to_string(all_versions[i])));
            EXPECT_EQ(header_line(row.header, all_versions[i]), row.lines[i]);
            EXPECT_EQ(is_expressible(row.header, all_versions[i]), !row.lines[i].empty());
        }
    }
}

TEST(StompFrameWriter, A13_connecting_frames_are_not_escaped) {
    for (const Version version : all_versions) {
        EXPECT_EQ(
            frame_text(Command::connected, {{"server", "a\\b:c"}, {"x", "a\nb"}}, "", version),
            "CONNECTED\nserver:a\\b:c\n\n\0"s);
        EXPECT_EQ(frame_text(Command::connect, {{"passcode", "\\:"}, {"x:y", "a"}}, "", version),
                  "CONNECT\npasscode:\\:\n\n\0"s);
    }
}

TEST(StompFrameWriter, A15_what_the_receivers_version_cannot_say_is_left_out) {
    const std::vector<Header> headers = {{"a", "1"}, {"b", "2\nc:3"}, {"d", "4\re:5"}, {"f", "6"}};
    EXPECT_EQ(frame_text(Command::message, headers, "", Version::v1_0), "MESSAGE\na:1\nf:6\n\n\0"s);
    EXPECT_EQ(frame_text(Command::message, headers, "", Version::v1_1),
              "MESSAGE\na:1\nb:2\\nc\\c3\nf:6\n\n\0"s);
    EXPECT_EQ(frame_text(Command::message, headers, "", Version::v1_2),
              "MESSAGE\na:1\nb:2\\nc\\c3\nd:4\\re\\c5\nf:6\n\n\0"s);
}

TEST(StompFrameWriter, A27_A28_a_body_has_its_content_length_in_octets) {
    for (const Version version : all_versions) {
        EXPECT_EQ(frame_text(Command::message, {{"a", "b"}}, "\0é"sv, version),
                  "MESSAGE\na:b\ncontent-length:3\n\n\0é\0"s);
        EXPECT_EQ(frame_text(Command::receipt, {{"receipt-id", "1"}}, "", version),
                  "RECEIPT\nreceipt-id:1\n\n\0"s);
        EXPECT_EQ(frame_text(Command::error, {}, "why", version),
                  "ERROR\ncontent-length:3\n\nwhy\0"s);
    }
}

TEST(StompFrameWriter, a_content_length_among_the_headers_does_not_count) {
    EXPECT_EQ(frame_text(Command::message, {{"content-length", "9"}}, "ab", Version::v1_2),
              "MESSAGE\ncontent-length:2\n\nab\0"s);
    EXPECT_EQ(frame_text(Command::message, {{"content-length", "9"}}, "", Version::v1_2),
              "MESSAGE\n\n\0"s);
}

TEST(StompFrameWriter, appends_and_leaves_what_was_there) {
    std::string out = "SEND\n\n\0"s;
    append_frame(out, Command::begin, {}, {}, Version::v1_2);
    EXPECT_EQ(out, "SEND\n\n\0BEGIN\n\n\0"s);
}

TEST(StompFrameWriter, plain_is_what_looks_the_same_in_all_versions) {
    for (int i = 0; i < 256; ++i) {
        const char c = static_cast<char>(i);
        const bool is_special = c == '\0' || c == '\r' || c == '\n' || c == ':' || c == '\\';
        for (std::size_t size = 1; size < 20; ++size) {
            for (std::size_t at = 0; at < size; ++at) {
                std::string text(size, 'x');
                text[at] = c;
                ASSERT_EQ(is_plain(text), !is_special) << i << " at " << at << " of " << size;
                ASSERT_EQ(find_special(text), is_special ? at : size);
            }
        }
    }
    EXPECT_TRUE(is_plain(""));
}

TEST(StompValueEncoding, unescape_takes_back_what_append_escaped_did) {
    const std::string text = "a\\b:c\n\\n\\";
    for (const Version version : all_versions) {
        std::string escaped;
        append_escaped(escaped, text, version);
        std::string back(escaped.size(), '?');
        const std::optional<std::size_t> size = unescape(escaped, version, back.data());
        ASSERT_TRUE(size.has_value());
        EXPECT_EQ(back.substr(0, *size), text);
    }
}

// A text of the characters that matter, and a few that do not.
std::string random_text(std::mt19937& random) {
    constexpr std::string_view alphabet = "\r\n:\\\0nrc a\t\x01é"sv;
    std::string text(random() % 12, '\0');
    for (char& c : text) c = alphabet[random() % (alphabet.size() - 2)];  // Not half of the last.
    if (random() % 4 == 0) text += "é";
    return text;
}

TEST(StompFrameWriter, no_header_makes_another_header_or_frame_of_it) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    BufferPool pool;
    const FrameLimits limits;
    for (int round = 0; round < 20'000; ++round) {
        const Version version = all_versions[random() % 3];
        const bool is_connecting = random() % 4 == 0;
        std::vector<std::array<std::string, 2>> texts(random() % 5);
        std::vector<Header> headers;
        std::string expected = is_connecting ? "CONNECTED" : "MESSAGE";
        const Version encoding = is_connecting ? Version::v1_0 : version;
        const bool is_trimmed = !is_connecting && version == Version::v1_0;
        for (auto& [name, value] : texts) {
            name = random_text(random);
            value = random_text(random);
            headers.push_back({name, value});
            if (!is_expressible(headers.back(), encoding)) continue;
            std::string_view read = value;
            while (is_trimmed && read.find_last_of(" \t") == read.size() - 1 && !read.empty()) {
                read.remove_suffix(1);
            }
            while (is_trimmed && read.find_first_of(" \t") == 0) read.remove_prefix(1);
            expected += " [" + name + ": " + std::string(read) + "]";
        }
        const std::string text =
            frame_text(is_connecting ? Command::connected : Command::message, headers, "", version);
        EXPECT_EQ(std::ranges::count(text, '\0'), 1);
        FrameReader reader(limits, pool);
        reader.set_version(version);
        std::vector<std::string> frames;
        test::read_stomp(reader, std::as_bytes(std::span(text)), frames);
        ASSERT_EQ(frames, std::vector{expected}) << text;
    }
}

TEST(StompFrameWriter, every_version_reads_back_what_it_wrote) {
    const std::vector<Header> headers = {{"destination", "/topic/a:b"},
                                         {"back\\slash", "\\n\\"},
                                         {"empty", ""},
                                         {"x", "1"},
                                         {"x", "2"}};
    const std::string body = "a\0b\n\0"s;
    for (const Version version : all_versions) {
        const std::string text = frame_text(Command::send, headers, body, version);
        test::for_each_split(test::bytes_of(text), [&](const test::Pieces& pieces) {
            BufferPool pool(0);
            const FrameLimits limits;
            FrameReader reader(limits, pool);
            reader.set_version(version);
            std::vector<std::string> frames;
            for (const test::ExactBlock& piece : pieces) {
                test::read_stomp(reader, piece.bytes(), frames);
            }
            EXPECT_EQ(frames, std::vector{"SEND [destination: /topic/a:b] [back\\slash: \\n\\] "
                                          "[empty: ] [x: 1] [x: 2] [content-length: 5] | " +
                                          body});
        });
    }
}

}  // namespace
}  // namespace edgews::stomp
