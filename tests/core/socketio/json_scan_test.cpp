// What is JSON and what is none, by the kinds that JSON test suites have: what every reader takes,
// what none may, and what RFC 8259 leaves to each. All of it cut everywhere, and beside a second
// reading of the grammar.
#include "core/socketio/json_scan.hpp"

#include "tests/support/bytes.hpp"
#include "tests/support/json_reference.hpp"
#include "tests/support/json_texts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {
namespace {

using namespace std::literals;
using test::json_accepted;
using test::json_refused;
using RefusedRow = test::RefusedJson;

struct Scanned {
    JsonFault fault = JsonFault::none;
    JsonScan::Kind kind{};
    std::size_t count = 0;
    std::vector<std::string> elements{};
    bool has_placeholder = false;
    std::string all{};  // The elements as one text.
};

// In a heap block of exactly the text's size.
Scanned scan(std::string_view text) {
    const test::ExactBlock block(std::as_bytes(std::span(text)));
    const std::string_view exact = {reinterpret_cast<const char*>(block.bytes().data()),
                                    text.size()};
    std::array<std::string_view, 32> space;
    const JsonScan scan = scan_json(exact, space);
    if (scan.fault() != JsonFault::none) return {.fault = scan.fault()};
    Scanned result{.kind = scan.kind(),
                   .count = scan.element_count(),
                   .has_placeholder = scan.has_placeholder(),
                   .all = std::string(scan.elements_from(0).text())};
    const std::size_t stored = std::min(scan.element_count(), space.size());
    result.elements.assign(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(stored));
    return result;
}

TEST(SocketIoJsonScan, takes_what_every_reader_takes) {
    for (const std::string_view text : json_accepted) {
        EXPECT_EQ(scan(text).fault, JsonFault::none) << text;
        EXPECT_TRUE(test::JsonReference(text).is_valid()) << text;
    }
}

TEST(SocketIoJsonScan, refuses_what_every_reader_refuses) {
    for (const RefusedRow& row : json_refused) {
        EXPECT_EQ(scan(row.text).fault, row.fault) << row.text;
        EXPECT_FALSE(test::JsonReference(row.text).is_valid()) << row.text;
    }
}

// RFC 8259 leaves these to each reader.
TEST(SocketIoJsonScan, takes_what_javascript_takes_of_what_is_left_open) {
    for (const std::string_view text : {
             "[123123e100000]"sv,
             "[-1e-999999999999]"sv,
             "[0.4e00669999999999999999999999999999999999999999999999999999999999]"sv,
             "[100000000000000000000]"sv,
             R"("\uDADA")"sv,
             R"("\uDd1e\uD834")"sv,
             R"("\uD800\n")"sv,
             R"({"\uDFAA":0})"sv,
             R"({"a":1,"a":1})"sv,
         }) {
        EXPECT_EQ(scan(text).fault, JsonFault::none) << text;
    }
    EXPECT_EQ(scan("\xEF\xBB\xBF{}").fault, JsonFault::character_unexpected);  // A byte order mark,
    EXPECT_EQ(scan("[\0\"\0a\0\"\0]\0"sv).fault, JsonFault::character_unexpected);  // and UTF-16.
}

std::string nested(std::size_t depth, std::string_view begin, std::string_view end) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += begin;
    text += "1";
    for (std::size_t i = 0; i < depth; ++i) text += end;
    return text;
}

TEST(SocketIoJsonScan, values_are_at_most_512_deep) {
    EXPECT_EQ(scan(nested(512, "[", "]")).fault, JsonFault::none);
    EXPECT_EQ(scan(nested(513, "[", "]")).fault, JsonFault::too_deep);
    EXPECT_EQ(scan(nested(512, "{\"a\":", "}")).fault, JsonFault::none);
    EXPECT_EQ(scan(nested(513, "{\"a\":", "}")).fault, JsonFault::too_deep);
    EXPECT_EQ(scan(nested(256, "[{\"a\":", "}]")).fault, JsonFault::none);
    EXPECT_EQ(scan(std::string(512, '[')).fault, JsonFault::cut);
    EXPECT_EQ(scan(std::string(1'000'000, '[')).fault, JsonFault::too_deep);
    // Beside each other they are not deep.
    std::string wide = "[1";
    for (int i = 0; i < 10'000; ++i) wide += ",[{\"a\":[]}]";
    EXPECT_EQ(scan(wide + "]").count, 10'001U);
}

// Each kind of bracket is closed by its own, at every depth.
TEST(SocketIoJsonScan, brackets_match_at_every_depth) {
    for (const std::size_t depth : {1U, 2U, 62U, 63U, 64U, 65U, 127U, 128U, 129U, 511U, 512U}) {
        std::string text;
        std::string ends;
        for (std::size_t i = 0; i < depth; ++i) {
            const bool is_object = i * 7 % 3 == 1;
            text += is_object ? "{\"a\":" : "[";
            ends.insert(ends.begin(), is_object ? '}' : ']');
        }
        const std::string right = text + "1" + ends;
        EXPECT_EQ(scan(right).fault, JsonFault::none) << depth;
        for (std::size_t i = 0; i < depth; ++i) {
            std::string wrong = right;
            char& end = wrong[text.size() + 1 + i];
            end = end == ']' ? '}' : ']';
            ASSERT_EQ(scan(wrong).fault, JsonFault::character_unexpected) << depth << ", " << i;
        }
    }
}

TEST(SocketIoJsonScan, a_text_that_is_cut_anywhere_is_named_so) {
    for (const std::string_view text : json_accepted) {
        for (std::size_t size = 0; size < text.size(); ++size) {
            const std::string_view front = text.substr(0, size);
            // A number may end anywhere, and white space behind a value is no part of it.
            const bool is_valid = test::JsonReference(front).is_valid();
            const JsonFault fault = scan(front).fault;
            ASSERT_EQ(fault, is_valid ? JsonFault::none : JsonFault::cut) << text << ", " << size;
        }
    }
    for (const RefusedRow& row : json_refused) {
        for (std::size_t size = 0; size < row.text.size(); ++size) {
            const std::string_view front = row.text.substr(0, size);
            ASSERT_EQ(scan(front).fault == JsonFault::none, test::JsonReference(front).is_valid())
                << row.text << ", " << size;
        }
    }
}

void expect_as_reference(std::string_view text) {
    const test::JsonReference reference(text);
    const Scanned ours = scan(text);
    const bool is_valid = reference.is_valid() && reference.depth() <= json_depth_max;
    ASSERT_EQ(ours.fault == JsonFault::none, is_valid) << text;
    if (!is_valid) return;
    ASSERT_EQ(ours.count, reference.elements().size()) << text;
    ASSERT_EQ(ours.has_placeholder, reference.has_placeholder()) << text;
    for (std::size_t i = 0; i < ours.elements.size(); ++i) {
        ASSERT_EQ(ours.elements[i], reference.elements()[i]) << text;
    }
}

// Every byte of each text, by every other of some: one is deleted, replaced and inserted.
TEST(SocketIoJsonScan, says_what_the_grammar_says_of_texts_with_an_error) {
    constexpr std::string_view bytes = "[]{},:\"\\u019-+.eE tfn/\n\0\x1F\x7F\x80\xC3\xFF"sv;
    for (const std::string_view text : json_accepted) {
        for (std::size_t at = 0; at <= text.size(); ++at) {
            for (const char byte : bytes) {
                std::string changed(text);
                changed.insert(at, 1, byte);
                expect_as_reference(changed);
                if (at == text.size()) continue;
                changed.erase(at + 1, 1);
                expect_as_reference(changed);
                changed.erase(at, 1);
                expect_as_reference(changed);
            }
        }
    }
}

TEST(SocketIoJsonScan, says_what_the_grammar_says_of_texts_with_several_errors) {
    std::mt19937 random(20261130);
    const auto below = [&random](std::size_t limit) { return random() % limit; };
    const std::string_view texts[] = {
        R"(["a",1,-0.5e+3,{"k":[true,false,null,"\u00e9\n"],"":{}},[]])",
        R"([[[]],{"a":{"b":{"c":[1,2,{"d":"x y z 0123456789 0123456789"}]}}}])",
        R"(["message",{"_placeholder":true,"num":0}, "\ud83d\ude39" ])",
        "[\"h\xC3\xA9llo \xE2\x82\xAC \xF0\x9F\x98\x80\", 1e5 ]",
    };
    constexpr std::string_view bytes = "[]{},:\"\\u0123eE+-. tfn\x01\xC3\xA9\xFFx";
    for (int i = 0; i < 20'000; ++i) {
        std::string text(texts[below(std::size(texts))]);
        for (std::size_t count = 1 + below(4); count > 0; --count) {
            const std::size_t at = below(text.size());
            const char byte = bytes[below(bytes.size())];
            switch (below(3)) {
                case 0: text[at] = byte; break;
                case 1: text.insert(at, 1, byte); break;
                default: text.erase(at, 1); break;
            }
        }
        expect_as_reference(text);
    }
}

TEST(SocketIoJsonScan, says_what_kind_of_value_it_is) {
    using Kind = JsonScan::Kind;
    EXPECT_EQ(scan(" {\"a\":[1]}").kind, Kind::object);
    EXPECT_EQ(scan("[1]").kind, Kind::array);
    EXPECT_EQ(scan("\n\"a\"").kind, Kind::string);
    EXPECT_EQ(scan("-1").kind, Kind::number);
    EXPECT_EQ(scan("0").kind, Kind::number);
    EXPECT_EQ(scan("true").kind, Kind::literal);
    EXPECT_EQ(scan("false").kind, Kind::literal);
    EXPECT_EQ(scan("null").kind, Kind::literal);
}

TEST(SocketIoJsonScan, shows_the_elements_of_an_array) {
    const Scanned all = scan(R"( [ "a" ,1,[2,"b]"],{"c":[3]}, null ] )");
    EXPECT_EQ(all.elements,
              (std::vector<std::string>{R"("a")", "1", R"([2,"b]"])", R"({"c":[3]})", "null"}));
    EXPECT_EQ(all.all, R"( "a" ,1,[2,"b]"],{"c":[3]}, null )");
    EXPECT_EQ(scan("[]").count, 0U);
    EXPECT_EQ(scan("[ ]").all, "");
    EXPECT_EQ(scan(R"({"a":[1,2]})").count, 0U);
    EXPECT_EQ(scan(R"("a")").count, 0U);
}

TEST(SocketIoJsonScan, elements_from_one_on_are_one_text) {
    std::array<std::string_view, 3> space;
    const JsonScan scan = scan_json(R"(["a", 1,{"b":2} ])", space);
    ASSERT_EQ(scan.fault(), JsonFault::none);
    EXPECT_EQ(scan.elements_from(0).text(), R"("a", 1,{"b":2} )");
    EXPECT_EQ(scan.elements_from(1).text(), R"(1,{"b":2} )");
    EXPECT_EQ(scan.elements_from(1).count(), 2U);
    EXPECT_EQ(scan.elements_from(2).text(), R"({"b":2} )");
    EXPECT_TRUE(scan.elements_from(3).is_empty());
    EXPECT_EQ(scan.elements_from(3).text(), "");
}

TEST(SocketIoJsonScan, elements_without_room_are_counted) {
    std::array<std::string_view, 2> space{"-", "-"};
    const JsonScan scan = scan_json("[1,2,3]", std::span(space).first(1));
    EXPECT_EQ(scan.element_count(), 3U);
    EXPECT_EQ(space[0], "1");
    EXPECT_EQ(space[1], "-");
    EXPECT_EQ(scan.elements_from(0).text(), "1,2,3");
    EXPECT_EQ(scan_json("[1,2,3]").element_count(), 3U);
}

TEST(SocketIoJsonScan, finds_the_names_of_placeholders_however_they_are_escaped) {
    for (const std::string_view text :
         {R"({"_placeholder":true,"num":0})"sv, R"([1,[{"a":{"_placeholder":1}}]])"sv,
          R"({"\u005fplaceholder":true})"sv, R"({"_placeholde\u0072":true})"sv,
          R"({"\u005F\u0070\u006c\u0061\u0063\u0065\u0068\u006f\u006c\u0064\u0065\u0072":0})"sv}) {
        EXPECT_TRUE(scan(text).has_placeholder) << text;
    }
    for (const std::string_view text :
         {R"(["_placeholder"])"sv, R"({"a":"_placeholder"})"sv, R"({"_placeholders":1})"sv,
          R"({"_placeholde":1})"sv, R"({"":1})"sv, R"({"_Placeholder":1})"sv,
          R"({"\\u005fplaceholder":1})"sv, R"({"_placeholder\u0000":1})"sv}) {
        EXPECT_FALSE(scan(text).has_placeholder) << text;
    }
}

// Where a string ends is found in steps of sixteen bytes, and then in fewer.
TEST(SocketIoJsonScan, strings_of_every_length_are_read_at_every_place) {
    for (std::size_t before = 0; before <= 17; ++before) {
        for (std::size_t size = 0; size <= 70; ++size) {
            const std::string text =
                "[\"" + std::string(before, 'b') + "\",\"" + std::string(size, 'x') + "\"]";
            const Scanned good = scan(text);
            ASSERT_EQ(good.fault, JsonFault::none) << before << ", " << size;
            ASSERT_EQ(good.elements[1].size(), size + 2);
            for (std::size_t at = 0; at < size; ++at) {
                std::string bad = text;
                bad[before + 5 + at] = '\x1F';
                ASSERT_EQ(scan(bad).fault, JsonFault::control_character) << before << ", " << at;
                bad[before + 5 + at] = '\x80';
                ASSERT_EQ(scan(bad).fault, JsonFault::not_utf8) << before << ", " << at;
            }
        }
    }
}

TEST(SocketIoJsonElements, need_no_brackets) {
    const struct {
        std::string_view text;
        std::size_t count;
    } rows[] = {{"", 0},   {" \n", 0},        {"1", 1},       {" \"a\" , [1,2] ", 2},
                {"[]", 1}, {"{},{},null", 3}, {"\"],[\"", 1}, {"1,2,3,4,5,6,7,8,9,10", 10}};
    for (const auto& row : rows) {
        const JsonScan scan = scan_json_elements(row.text);
        EXPECT_EQ(scan.fault(), JsonFault::none) << row.text;
        EXPECT_EQ(scan.kind(), JsonScan::Kind::array);
        EXPECT_EQ(scan.element_count(), row.count);
        const JsonElements elements = scan.elements_from(0);
        EXPECT_EQ(elements.count(), row.count);
        EXPECT_EQ(elements.text(), row.count == 0 ? "" : row.text);
    }
    EXPECT_TRUE(
        scan_json_elements(R"(1,{"_placeholder":true})").elements_from(0).has_placeholder());
    EXPECT_FALSE(scan_json_elements("1").elements_from(0).has_placeholder());
}

// Spliced into a packet they would end it, and begin what their sender likes.
TEST(SocketIoJsonElements, that_would_leave_their_array_are_refused) {
    const RefusedRow rows[] = {
        {R"(1],["x")", JsonFault::character_unexpected},
        {"]", JsonFault::character_unexpected},
        {"1]", JsonFault::character_unexpected},
        {"1}", JsonFault::character_unexpected},
        {",1", JsonFault::character_unexpected},
        {"1,", JsonFault::cut},
        {"1 2", JsonFault::character_unexpected},
        {"[1", JsonFault::cut},
        {"[1]]", JsonFault::character_unexpected},
        {"{\"a\":1", JsonFault::cut},
        {"\"a", JsonFault::cut},
        {"\"\xFF\"", JsonFault::not_utf8},
        {"\"a\":1", JsonFault::character_unexpected},
    };
    for (const RefusedRow& row : rows) {
        EXPECT_EQ(scan_json_elements(row.text).fault(), row.fault) << row.text;
    }
    // As deep as they would be in their array.
    EXPECT_EQ(scan_json_elements(nested(511, "[", "]")).fault(), JsonFault::none);
    EXPECT_EQ(scan_json_elements(nested(512, "[", "]")).fault(), JsonFault::too_deep);
}

TEST(SocketIoJsonElements, are_those_that_an_array_of_them_has) {
    for (const std::string_view text : json_accepted) {
        std::string array = "[";
        array.append(text).append(",").append(text).append("]");
        const JsonScan with = scan_json(array);
        const JsonScan without =
            scan_json_elements(std::string_view(array).substr(1, array.size() - 2));
        EXPECT_EQ(with.fault(), JsonFault::none) << text;
        EXPECT_EQ(without.fault(), JsonFault::none) << text;
        EXPECT_EQ(with.element_count(), without.element_count());
        EXPECT_EQ(with.elements_from(0).text(), without.elements_from(0).text());
    }
}

TEST(SocketIoJsonFault, each_has_a_sentence_of_its_own) {
    std::vector<std::string_view> seen;
    for (int i = 0; i <= static_cast<int>(JsonFault::not_utf8); ++i) {
        const std::string_view text = describe(static_cast<JsonFault>(i));
        EXPECT_TRUE(text.ends_with('.')) << i;
        EXPECT_EQ(std::ranges::count(seen, text), 0) << "said twice: " << text;
        seen.push_back(text);
    }
}

}  // namespace
}  // namespace edgews::sio
