// MessagePack and JSON. The vectors are those of the specification, and what notepack.io 2.2 makes
// of the same values.
#include "core/socketio/msgpack.hpp"

#include "tests/support/bytes.hpp"
#include "tests/support/json_texts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {
namespace {

using test::Bytes;
using test::from_hex;
using test::to_hex;

struct Value {
    std::string json{};
    std::vector<std::string> attachments{};

    bool operator==(const Value&) const = default;
};

// "! " and a sentence for a fault.
Value read(const Bytes& bytes, const MsgpackLimits& limits = {}) {
    const test::ExactBlock block(bytes);
    std::string json = "before ";
    const Bytes first = from_hex("AA");
    Attachments attachments{first};
    const MsgpackFault fault = append_json_of_msgpack(block.bytes(), limits, json, attachments);
    if (fault != MsgpackFault::none) {
        EXPECT_EQ(json, "before ");
        EXPECT_EQ(attachments.size(), 1U);
        return {"! " + std::string(describe(fault)), {}};
    }
    EXPECT_TRUE(json.starts_with("before "));
    Value value{json.substr(7), {}};
    EXPECT_EQ(scan_json(value.json).fault(), JsonFault::none) << value.json;
    for (std::size_t i = 1; i < attachments.size(); ++i) {
        value.attachments.push_back(to_hex(attachments[i]));
    }
    return value;
}

std::string json_of(std::string_view hex) {
    return read(from_hex(hex)).json;
}

std::string sentence(MsgpackFault fault) {
    return "! " + std::string(describe(fault));
}

std::string write(std::string_view json, const Attachments& attachments = {}) {
    EXPECT_EQ(scan_json(json).fault(), JsonFault::none) << json;
    std::string out = "before ";
    append_msgpack_of_json(out, json, attachments);
    EXPECT_TRUE(out.starts_with("before "));
    return to_hex(test::bytes_of(std::string_view(out).substr(7)));
}

// A value, and the shortest that stands for it.
struct Pair {
    std::string_view json;
    std::string_view hex;
};

constexpr Pair pairs[] = {
    {"null", "c0"},
    {"false", "c2"},
    {"true", "c3"},
    {"0", "00"},
    {"127", "7f"},
    {"128", "cc 80"},
    {"255", "cc ff"},
    {"256", "cd 01 00"},
    {"65535", "cd ff ff"},
    {"65536", "ce 00 01 00 00"},
    {"4294967295", "ce ff ff ff ff"},
    {"4294967296", "cf 00 00 00 01 00 00 00 00"},
    {"9007199254740991", "cf 00 1f ff ff ff ff ff ff"},
    {"18446744073709551615", "cf ff ff ff ff ff ff ff ff"},
    {"-1", "ff"},
    {"-32", "e0"},
    {"-33", "d0 df"},
    {"-128", "d0 80"},
    {"-129", "d1 ff 7f"},
    {"-32768", "d1 80 00"},
    {"-32769", "d2 ff ff 7f ff"},
    {"-2147483648", "d2 80 00 00 00"},
    {"-2147483649", "d3 ff ff ff ff 7f ff ff ff"},
    {"-9223372036854775808", "d3 80 00 00 00 00 00 00 00"},
    {"0.1", "cb 3f b9 99 99 99 99 99 9a"},
    {"-0.5", "cb bf e0 00 00 00 00 00 00"},
    {"-0", "cb 80 00 00 00 00 00 00 00"},
    {"1e+22", "cb 44 80 f0 cf 06 4d d5 92"},
    {"\"\"", "a0"},
    {"\"a\\\"\\n\"", "a3 61 22 0a"},
    {"\"\xC3\xBC\xF0\x9F\xA6\x8A\"", "a6 c3 bc f0 9f a6 8a"},
    {"[]", "90"},
    {"{}", "80"},
    {"[[],{},[1,[2]]]", "93 90 80 92 01 91 02"},
    {R"({"a":1,"b":{"c":[null,true]}})", "82 a1 61 01 a1 62 81 a1 63 92 c0 c3"},
    {R"({"":[{"":""}]})", "81 a0 91 81 a0 a0"},
};

TEST(SocketIoMsgpack, has_one_shortest_form_for_each_value) {
    for (const auto& [json, hex] : pairs) {
        EXPECT_EQ(json_of(hex), json) << hex;
        EXPECT_EQ(write(json), hex) << json;
    }
}

TEST(SocketIoMsgpack, is_read_in_longer_forms_too) {
    for (const Pair& pair : {
             Pair{"5", "cc 05"},
             Pair{"5", "cf 00 00 00 00 00 00 00 05"},
             Pair{"5", "d0 05"},
             Pair{"-5", "d3 ff ff ff ff ff ff ff fb"},
             Pair{"5", "d3 00 00 00 00 00 00 00 05"},
             Pair{"\"a\"", "d9 01 61"},
             Pair{"\"a\"", "da 00 01 61"},
             Pair{"\"a\"", "db 00 00 00 01 61"},
             Pair{"[1]", "dc 00 01 01"},
             Pair{"[1]", "dd 00 00 00 01 01"},
             Pair{R"({"a":1})", "de 00 01 d9 01 61 01"},
             Pair{R"({"a":1})", "df 00 00 00 01 db 00 00 00 01 61 01"},
             Pair{"0.5", "ca 3f 00 00 00"},
             Pair{"0.10000000149011612", "ca 3d cc cc cd"},
         }) {
        EXPECT_EQ(json_of(pair.hex), pair.json) << pair.hex;
    }
}

TEST(SocketIoMsgpack, long_things_have_their_length_in_the_fewest_bytes) {
    const auto head = [](std::size_t size) {
        return write('"' + std::string(size, 'a') + '"').substr(0, 17);
    };
    EXPECT_EQ(head(31).substr(0, 5), "bf 61");
    EXPECT_EQ(head(32).substr(0, 8), "d9 20 61");
    EXPECT_EQ(head(255).substr(0, 8), "d9 ff 61");
    EXPECT_EQ(head(256).substr(0, 11), "da 01 00 61");
    EXPECT_EQ(head(65'535).substr(0, 11), "da ff ff 61");
    EXPECT_EQ(head(65'536), "db 00 01 00 00 61");
    for (const std::size_t count : {15U, 16U, 65'535U, 65'536U}) {
        std::string array = "[", map = "{";
        for (std::size_t i = 0; i < count; ++i) {
            array += i == 0 ? "0" : ",0";
            map += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
        }
        array += ']';
        map += '}';
        const std::string array_hex = write(array), map_hex = write(map);
        const std::string_view heads[] = {"9f", "dc 00 10", "dc ff ff", "dd 00 01 00 00"};
        const std::string_view map_heads[] = {"8f", "de 00 10", "de ff ff", "df 00 01 00 00"};
        const std::size_t row = count == 15 ? 0 : (count == 16 ? 1 : (count == 65'535 ? 2 : 3));
        EXPECT_TRUE(array_hex.starts_with(heads[row])) << count;
        EXPECT_TRUE(map_hex.starts_with(map_heads[row])) << count;
        EXPECT_EQ(read(from_hex(array_hex)).json, array);
        EXPECT_EQ(read(from_hex(map_hex)).json, map);
    }
}

TEST(SocketIoMsgpack, bytes_are_attachments) {
    EXPECT_EQ(read(from_hex("92 a1 66 c4 03 01 02 ff")),
              (Value{R"(["f",{"_placeholder":true,"num":1}])", {"01 02 ff"}}));
    EXPECT_EQ(read(from_hex("93 c7 03 00 01 02 ff c5 00 01 05 c9 00 00 00 00 00")),
              (Value{R"([{"_placeholder":true,"num":1},{"_placeholder":true,"num":2},)"
                     R"({"_placeholder":true,"num":3}])",
                     {"01 02 ff", "05", ""}}))
        << "ArrayBuffers, too";
    const Bytes a = from_hex("01 02"), b = from_hex("");
    EXPECT_EQ(
        write(R"([{"_placeholder":true,"num":1},{ "num" : 0, "_placeholder":true }])", {a, b}),
        "92 c4 00 c4 02 01 02");
    const Bytes large(256, std::byte{7}), huge(65'536, std::byte{7});
    const std::string_view one = R"({"_placeholder":true,"num":0})";
    EXPECT_TRUE(write(one, {large}).starts_with("c5 01 00 07"));
    EXPECT_TRUE(write(one, {huge}).starts_with("c6 00 01 00 00 07"));
}

// What a peer calls so takes nobody's attachment: that is for check_placeholders() to see.
TEST(SocketIoMsgpack, what_only_looks_like_a_placeholder_is_data) {
    const std::string json = R"([{"_placeholder":true,"num":0}])";
    EXPECT_EQ(json_of("91 82 ac 5f 70 6c 61 63 65 68 6f 6c 64 65 72 c3 a3 6e 75 6d 00"), json);
    EXPECT_EQ(write(json), "91 82 ac 5f 70 6c 61 63 65 68 6f 6c 64 65 72 c3 a3 6e 75 6d 00");
    const Bytes bytes = from_hex("01");
    EXPECT_EQ(
        write(R"([{"_placeholder":true,"num":1},{"_placeholder":true,"num":0,"x":1}])", {bytes})
            .substr(0, 5),
        "92 82");
}

TEST(SocketIoMsgpack, what_json_has_not_is_as_javascript_writes_it) {
    EXPECT_EQ(json_of("93 d4 00 00 01 d4 00 00"), "[null,1,null]");
    EXPECT_EQ(json_of("d4 00 00"), "null");
    EXPECT_EQ(json_of("83 a1 61 d4 00 00 a1 62 01 a1 63 d4 00 00"), R"({"b":1})");
    EXPECT_EQ(json_of("81 a1 61 d4 00 00"), "{}");
    EXPECT_EQ(json_of("82 a1 61 01 a1 62 81 a1 63 d4 00 00"), R"({"a":1,"b":{}})");
    EXPECT_EQ(json_of("93 cb 7f f8 00 00 00 00 00 00 cb 7f f0 00 00 00 00 00 00 ca ff 80 00 00"),
              "[null,null,null]");
    EXPECT_EQ(json_of("97 d7 00 00 00 00 00 00 00 00 00 d7 00 00 00 01 a2 2d 7e 00 8b"
                      " d7 00 ff ff ff ff ff ff ff ff d7 00 ff ff c7 6e 39 4a 74 00"
                      " d7 00 00 1e b2 08 c2 dc 00 00 d7 00 00 00 e6 77 d2 1f dc 00"
                      " d7 00 00 00 00 dd 9a a6 e0 00"),
              R"(["1970-01-01T00:00:00.000Z","2026-11-30T17:26:02.123Z",)"
              R"("1969-12-31T23:59:59.999Z","-000001-01-01T00:00:00.000Z",)"
              R"("+275760-09-13T00:00:00.000Z","+010000-01-01T00:00:00.000Z",)"
              R"("2000-02-29T00:00:00.000Z"])");
    EXPECT_EQ(json_of("92 d7 00 00 1e b2 08 c2 dc 00 01 d7 00 80 00 00 00 00 00 00 00"),
              "[null,null]")
        << "no times of ECMAScript";
}

TEST(SocketIoMsgpack, a_number_that_no_double_holds_is_nil) {
    EXPECT_EQ(write("[1e999,-1e999]"), "92 c0 c0");
    EXPECT_EQ(write("18446744073709551616"), "cb 43 f0 00 00 00 00 00 00");
    EXPECT_EQ(write("-9223372036854775809"), "cb c3 e0 00 00 00 00 00 00");
    EXPECT_EQ(write("1.0"), "cb 3f f0 00 00 00 00 00 00");
}

TEST(SocketIoMsgpack, what_breaks_a_rule_names_the_rule) {
    struct Row {
        std::string_view hex;
        MsgpackFault fault;
    };
    for (const auto& [hex, fault] : {
             Row{"", MsgpackFault::cut},
             Row{"91", MsgpackFault::cut},
             Row{"81 a1 61", MsgpackFault::cut},
             Row{"cd 01", MsgpackFault::cut},
             Row{"a2 61", MsgpackFault::cut},
             Row{"db ff ff ff ff 61", MsgpackFault::cut},
             Row{"c6 ff ff ff ff 61", MsgpackFault::cut},
             Row{"dd ff ff ff ff", MsgpackFault::cut},
             Row{"df ff ff ff ff a0 00", MsgpackFault::cut},
             Row{"d4 00", MsgpackFault::cut},
             Row{"d7 00 00", MsgpackFault::cut},
             Row{"c7 02 00 01", MsgpackFault::cut},
             Row{"00 00", MsgpackFault::bytes_behind},
             Row{"90 c0", MsgpackFault::bytes_behind},
             Row{"c1", MsgpackFault::type_unknown},
             Row{"d4 01 00", MsgpackFault::type_unknown},
             Row{"d5 00 00 00", MsgpackFault::type_unknown},
             Row{"d6 ff 00 00 00 00", MsgpackFault::type_unknown},
             Row{"d7 ff 00 00 00 00 00 00 00 00", MsgpackFault::type_unknown},
             Row{"d8 00 00", MsgpackFault::type_unknown},
             Row{"c7 01 01 00", MsgpackFault::type_unknown},
             Row{"81 01 00", MsgpackFault::key_not_string},
             Row{"81 c4 01 61 00", MsgpackFault::key_not_string},
             Row{"81 90 00", MsgpackFault::key_not_string},
             Row{"a1 ff", MsgpackFault::text_not_utf8},
             Row{"a3 ed a0 80", MsgpackFault::text_not_utf8},
             Row{"81 a1 ff 00", MsgpackFault::text_not_utf8},
             Row{"92 c4 01 61 c1", MsgpackFault::type_unknown},
         }) {
        EXPECT_EQ(json_of(hex), sentence(fault)) << hex;
    }
}

TEST(SocketIoMsgpack, each_cut_is_a_fault) {
    for (const auto& [json, hex] : pairs) {
        const Bytes whole = from_hex(hex);
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_EQ(read(part).json, sentence(MsgpackFault::cut)) << hex;
        }
    }
}

TEST(SocketIoMsgpack, limits_are_kept) {
    const auto nested = [](std::size_t depth) {
        Bytes bytes(depth, std::byte{0x91});
        bytes.back() = std::byte{0x90};
        return bytes;
    };
    const std::string deep = std::string(json_depth_max, '[') + std::string(json_depth_max, ']');
    EXPECT_EQ(read(nested(json_depth_max)).json, deep);
    EXPECT_EQ(write(deep), to_hex(nested(json_depth_max)));
    EXPECT_EQ(read(nested(json_depth_max + 1)).json, sentence(MsgpackFault::too_deep));
    EXPECT_EQ(read(nested(100'000)).json, sentence(MsgpackFault::too_deep));
    const Bytes two = from_hex("92 c4 00 c4 00");
    EXPECT_EQ(read(two, {.attachment_count_max = 2}).attachments.size(), 2U);
    EXPECT_EQ(read(two, {.attachment_count_max = 1}).json,
              sentence(MsgpackFault::too_many_attachments));
    const Bytes nils = from_hex("92 c0 c0");
    EXPECT_EQ(read(nils, {.json_size_max = 11}).json, "[null,null]");
    EXPECT_EQ(read(nils, {.json_size_max = 10}).json, sentence(MsgpackFault::json_too_big));
    Bytes many(1'000'000, std::byte{0xC0});
    const Bytes head = from_hex("dd 00 0f 42 3b");
    std::copy(head.begin(), head.end(), many.begin());
    EXPECT_EQ(read(many).json, sentence(MsgpackFault::json_too_big));
}

TEST(SocketIoMsgpack, all_json_is_written_and_read_again_as_the_same_value) {
    for (const std::string_view text : test::json_accepted) {
        const Value once = read(from_hex(write(text)));
        ASSERT_FALSE(once.json.starts_with('!')) << text << " " << once.json;
        EXPECT_EQ(read(from_hex(write(once.json))), once) << text;
    }
}

TEST(SocketIoMsgpack, each_fault_has_a_sentence_of_its_own) {
    std::set<std::string_view> seen;
    for (int i = 0; i <= static_cast<int>(MsgpackFault::json_too_big); ++i) {
        const std::string_view text = describe(static_cast<MsgpackFault>(i));
        EXPECT_TRUE(text.ends_with('.')) << i;
        EXPECT_TRUE(seen.insert(text).second) << "said twice: " << text;
    }
}

// The packet that npm's parser makes of an event.
TEST(SocketIoMsgpack, a_packet_is_a_map) {
    const std::string_view hex =
        "85 a4 74 79 70 65 02 a4 64 61 74 61 99 a1 78 01 ff cb 3f f8 00 00 00 00 00 00 c0 c3 c2"
        " a6 c3 bc f0 9f a6 8a 81 a1 61 90 a7 6f 70 74 69 6f 6e 73 81 a8 63 6f 6d 70 72 65 73 73"
        " c3 a2 69 64 d4 00 00 a3 6e 73 70 a1 2f";
    EXPECT_EQ(json_of(hex),
              "{\"type\":2,\"data\":[\"x\",1,-1,1.5,null,true,false,\"\xC3\xBC\xF0\x9F\xA6\x8A\","
              "{\"a\":[]}],\"options\":{\"compress\":true},\"nsp\":\"/\"}");
}

}  // namespace
}  // namespace edgews::sio
