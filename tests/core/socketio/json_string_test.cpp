// Strings: read, compared and written; and the searches that all of it rests on.
#include "core/socketio/json_string.hpp"

#include "tests/support/bytes.hpp"

#include <gtest/gtest.h>

#include "core/socketio/json_plain.hpp"
#include "core/socketio/json_scan.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace edgews::sio {
namespace {

using namespace std::literals;

struct Row {
    std::string_view string;
    std::string_view text;
};

const Row rows[] = {
    {R"("")", ""},
    {R"("message")", "message"},
    {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
    {R"("\u0061\u00e9\u20AC\uFFFF")", "a\xC3\xA9\xE2\x82\xAC\xEF\xBF\xBF"},
    {R"("\u007f\u0080\u07ff\u0800")", "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80"},
    {R"("\u0000a\u0000")", "\0a\0"sv},
    {R"("\ud83d\ude39")", "\xF0\x9F\x98\xB9"},
    {R"("\uD800\uDC00\uDBFF\uDFFF")", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"},
    {R"("a\u0062c\nd")", "abc\nd"},
    {R"("\\u0061")", "\\u0061"},
    {R"("\\\\n")", "\\\\n"},
    {"\"\xE2\x82\xAC\\n\xE2\x82\xAC\"", "\xE2\x82\xAC\n\xE2\x82\xAC"},
    // Halves without the other.
    {R"("\ud800")", "\xEF\xBF\xBD"},
    {R"("\udc00")", "\xEF\xBF\xBD"},
    {R"("\ud800x")", "\xEF\xBF\xBDx"},
    {R"("\ud800\n")", "\xEF\xBF\xBD\n"},
    {R"("\ud800\u0041")",
     "\xEF\xBF\xBD"
     "A"},
    {R"("\ud800\ud800\udc00")", "\xEF\xBF\xBD\xF0\x90\x80\x80"},
    {R"("\udc00\ud800")", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {R"("\ud83d\udbff")", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {R"("\ud83d\ue000")", "\xEF\xBF\xBD\xEE\x80\x80"},
};

TEST(SocketIoJsonString, says_what_its_escapes_mean) {
    for (const Row& row : rows) {
        ASSERT_EQ(scan_json(row.string).fault(), JsonFault::none) << row.string;
        const test::ExactBlock block(std::as_bytes(std::span(row.string)));
        const std::string_view exact(reinterpret_cast<const char*>(block.bytes().data()),
                                     row.string.size());
        std::string scratch = "old";
        EXPECT_EQ(json_string_text(exact, scratch), row.text) << row.string;
        EXPECT_TRUE(json_string_says(exact, row.text)) << row.string;
    }
}

TEST(SocketIoJsonString, without_escapes_is_shown_where_it_stands) {
    const std::string_view string = R"("message")";
    std::string scratch = "old";
    EXPECT_EQ(json_string_text(string, scratch).data(), string.data() + 1);
    EXPECT_EQ(scratch, "old");
}

TEST(SocketIoJsonString, says_nothing_else) {
    for (const Row& one : rows) {
        for (const Row& other : rows) {
            EXPECT_EQ(json_string_says(one.string, other.text), one.text == other.text)
                << one.string << " and " << other.string;
        }
        std::string text(one.text);
        EXPECT_FALSE(json_string_says(one.string, text + "x"));
        EXPECT_FALSE(json_string_says(one.string, text + '\0'));
        if (text.empty()) continue;
        text.back() = static_cast<char>(text.back() ^ 1);
        EXPECT_FALSE(json_string_says(one.string, text));
        text.pop_back();
        EXPECT_FALSE(json_string_says(one.string, text));
    }
    EXPECT_FALSE(json_string_says(R"("\n")", "\\n"));
}

TEST(SocketIoJsonString, is_written_with_what_has_to_be_escaped) {
    const Row written[] = {
        {R"("")", ""},
        {R"("message")", "message"},
        {R"("\"\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
        {R"("\u0000\u0001\u001e\u001f )", "\0\x01\x1E\x1F "sv},
        {"\"\x7F\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\xB9", "\x7F\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\xB9"},
    };
    for (const Row& row : written) {
        std::string expected = "before " + std::string(row.string);
        if (!expected.ends_with('"')) expected += '"';
        std::string out = "before ";
        EXPECT_TRUE(append_json_string(out, row.text));
        EXPECT_EQ(out, expected);
    }
}

TEST(SocketIoJsonString, what_is_written_is_read_again) {
    std::string text;
    for (int byte = 0; byte < 128; ++byte) text += static_cast<char>(byte);
    text += "\xC2\x80\xE0\xA0\x80\xF4\x8F\xBF\xBF";
    for (std::size_t begin = 0; begin < 128; ++begin) {
        const std::string_view part = std::string_view(text).substr(begin);
        std::string out;
        ASSERT_TRUE(append_json_string(out, part));
        ASSERT_EQ(scan_json(out).fault(), JsonFault::none) << out;
        std::string scratch;
        ASSERT_EQ(json_string_text(out, scratch), part);
    }
}

TEST(SocketIoJsonString, nothing_is_written_of_what_is_not_utf_8) {
    for (const std::string_view text :
         {"\xFF"sv, "a\"b\x80"sv, "\xED\xA0\x80"sv, "\xE2\x82"sv,
          "a text that has more than sixteen bytes, and then \xC3"sv}) {
        std::string out = "before";
        EXPECT_FALSE(append_json_string(out, text));
        EXPECT_EQ(out, "before");
    }
}

struct Found {
    std::size_t offset;
    bool has_more_than_ascii;
};

Found by_bytes(std::string_view text) {
    const auto special = std::ranges::find_if(text, is_special_in_json);
    const auto is_high = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
    return {static_cast<std::size_t>(special - text.begin()),
            std::any_of(text.begin(), special, is_high)};
}

// Of a heap block of exactly the size, from `begin` on.
void expect_found(const std::string& text, std::size_t begin) {
    const test::ExactBlock block(std::as_bytes(std::span(text)));
    const char* const data = reinterpret_cast<const char*>(block.bytes().data());
    const char* const end = data + text.size();
    const Found expected = by_bytes(std::string_view(text).substr(begin));
    bool has_more_by_words = false;
    bool has_more = false;
    const char* const words = find_special_by_words(data + begin, end, has_more_by_words);
    const char* const best = find_special_in_json(data, data + begin, end, has_more);
    ASSERT_EQ(words - data, static_cast<std::ptrdiff_t>(begin + expected.offset));
    ASSERT_EQ(best - data, static_cast<std::ptrdiff_t>(begin + expected.offset));
    if (expected.has_more_than_ascii) {
        ASSERT_TRUE(has_more_by_words);
        ASSERT_TRUE(has_more);
    }
}

TEST(SocketIoJsonPlain, each_way_finds_the_first_special_byte_wherever_it_stands) {
    for (int byte = 0; byte < 256; ++byte) {
        for (const std::size_t size : {1U, 7U, 8U, 9U, 15U, 16U, 17U, 31U, 33U, 40U}) {
            for (std::size_t at = 0; at < size; ++at) {
                std::string text(size, 'x');
                text[at] = static_cast<char>(byte);
                for (const std::size_t begin : {std::size_t{0}, at / 2, at}) {
                    expect_found(text, begin);
                }
            }
        }
    }
}

TEST(SocketIoJsonPlain, each_way_finds_the_first_of_several) {
    const std::string_view bytes("\0\x1F !\"#[\\]\x7F\x80\xA2\xDC\xFF", 14);
    for (const char first : bytes) {
        for (const char second : bytes) {
            for (std::size_t gap = 1; gap < 18; gap += 3) {
                for (std::size_t before = 0; before < 18; before += 2) {
                    std::string text(before + gap + 9, 'x');
                    text[before] = first;
                    text[before + gap] = second;
                    expect_found(text, 0);
                    expect_found(text, before);
                }
            }
        }
    }
}

TEST(SocketIoJsonPlain, ascii_alone_is_known_to_be_so) {
    for (std::size_t size = 0; size < 50; ++size) {
        const std::string text = std::string(size, 'x') + '"' + std::string(size % 20, 'y');
        bool has_more = false;
        (void)find_special_in_json(text.data(), text.data(), text.data() + text.size(), has_more);
        EXPECT_FALSE(has_more);
        (void)find_special_by_words(text.data(), text.data() + text.size(), has_more);
        EXPECT_FALSE(has_more);
    }
}

}  // namespace
}  // namespace edgews::sio
