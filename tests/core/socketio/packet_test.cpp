// Packets as text: what the specification shows, what each type has to have, and each rule that can
// be broken.
#include "core/socketio/packet.hpp"

#include "tests/support/allocations.hpp"
#include "tests/support/socketio_packets.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace edgews::sio {
namespace {

using namespace std::literals;
using test::decode_socketio;

struct Row {
    std::string_view text;
    std::string_view packet;
};

// Protocol 5, Packet encoding and Sample session.
const Row examples[] = {
    {"0", "connect /"},
    {R"(0/admin,{"sid":"oSO0OpakMV_3jnilAAAA"})",
     R"(connect /admin {"sid":"oSO0OpakMV_3jnilAAAA"})"},
    {R"(4{"message":"Not authorized"})", R"(connect_error / {"message":"Not authorized"})"},
    {R"(2["foo"])", R"(event / "foo" ())"},
    {R"(2/admin,["bar"])", R"(event /admin "bar" ())"},
    {R"(51-["baz",{"_placeholder":true,"num":0}])",
     R"(binary_event+1 / "baz" ({"_placeholder":true,"num":0}))"},
    {R"(52-/admin,["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])",
     R"(binary_event+2 /admin "baz" ({"_placeholder":true,"num":0}, )"
     R"({"_placeholder":true,"num":1}))"},
    {R"(212["foo"])", R"(event / 12 "foo" ())"},
    {R"(3/admin,13["bar"])", R"(ack /admin 13 ("bar"))"},
    {R"(61-15["bar",{"_placeholder":true,"num":0}])",
     R"(binary_ack+1 / 15 ("bar", {"_placeholder":true,"num":0}))"},
    {"1", "disconnect /"},
    {"1/admin,", "disconnect /admin"},
    {"0/admin,", "connect /admin"},
    {R"(2/admin,1["tellme"])", R"(event /admin 1 "tellme" ())"},
    {R"(61-/admin,1[{"_placeholder":true,"num":0}])",
     R"(binary_ack+1 /admin 1 ({"_placeholder":true,"num":0}))"},
};

TEST(SocketIoPacket, the_examples_of_the_specification) {
    for (const Row& row : examples) EXPECT_EQ(decode_socketio(row.text), row.packet) << row.text;
}

const Row accepted[] = {
    {R"(0{"token":"123"})", R"(connect / {"token":"123"})"},
    {"0{}", "connect / {}"},
    {"0/", "connect /"},
    {"0/,", "connect /"},
    {"0/admin", "connect /admin"},
    {"1/a/b?c=d", "disconnect /a/b?c=d"},
    {R"(2/,["a"])", R"(event / "a" ())"},
    {R"(2/r\u00e9:{}"[,0["a"])", R"(event /r\u00e9:{}"[ 0 "a" ())"},
    {"2/\xC3\xA9,[\"a\"]", "event /\xC3\xA9 \"a\" ()"},
    {R"(2["a",1,"b",[2,[3]],{"c":null},true])",
     R"(event / "a" (1, "b", [2,[3]], {"c":null}, true))"},
    {R"(2[ "a" , 1 ] )", R"(event / "a" (1))"},
    {R"(20["a"])", R"(event / 0 "a" ())"},
    {R"(2007["a"])", R"(event / 7 "a" ())"},
    {R"(29007199254740991["a"])", R"(event / 9007199254740991 "a" ())"},
    {R"(20000000000000012["a"])", R"(event / 12 "a" ())"},
    {R"(2[1,2])", R"(event / 1 (2))"},
    {R"(2[-1.5e3])", R"(event / -1.5e3 ())"},
    {R"(2[""])", R"(event / "" ())"},
    {R"(2["Connect"])", R"(event / "Connect" ())"},
    {R"(2["connecting"])", R"(event / "connecting" ())"},
    {R"(2["connect "])", R"(event / "connect " ())"},
    {R"(2["a",{"_placeholder":true,"num":0}])", R"(event / "a" ({"_placeholder":true,"num":0}))"},
    {"312[]", "ack / 12 ()"},
    {R"(30["connect"])", R"(ack / 0 ("connect"))"},
    {R"(50-["a",1])", R"(binary_event+0 / "a" (1))"},
    {R"(60-7[])", "binary_ack+0 / 7 ()"},
    {R"(501-["a",{"num":0,"_placeholder":true}])",
     R"(binary_event+1 / "a" ({"num":0,"_placeholder":true}))"},
    {R"(4/a,{})", "connect_error /a {}"},
};

TEST(SocketIoPacket, what_the_specification_leaves_open) {
    for (const Row& row : accepted) EXPECT_EQ(decode_socketio(row.text), row.packet) << row.text;
}

struct FaultRow {
    std::string_view text;
    Fault fault;
};

const FaultRow fault_rows[] = {
    {"", Fault::packet_empty},
    {"7", Fault::type_unknown},
    {"4abc"sv.substr(1), Fault::type_unknown},
    {"/2", Fault::type_unknown},
    {"[\"a\"]", Fault::type_unknown},
    {"5", Fault::attachments_malformed},
    {"5[\"a\"]", Fault::attachments_malformed},
    {"5-[\"a\"]", Fault::attachments_malformed},
    {"51[\"a\"]", Fault::attachments_malformed},
    {"5-1-[\"a\"]", Fault::attachments_malformed},
    {"51.0-[\"a\"]", Fault::attachments_malformed},
    {"5/a,1-[\"a\"]", Fault::attachments_malformed},
    {"6", Fault::attachments_malformed},
    {"61", Fault::attachments_malformed},
    {"511-[\"a\"]", Fault::too_many_attachments},
    {"599999999999999999999999-[\"a\"]", Fault::too_many_attachments},
    {"21-[\"a\"]", Fault::payload_malformed},
    {"0/a\n,", Fault::namespace_malformed},
    {"0/a\x1E", Fault::namespace_malformed},
    {"0/\0"sv, Fault::namespace_malformed},
    {"0/\x7F", Fault::namespace_malformed},
    {"2/\xFF,[\"a\"]", Fault::namespace_malformed},
    {"2/\xE2\x82,[\"a\"]", Fault::namespace_malformed},
    {"3[]", Fault::id_missing},
    {"3", Fault::id_missing},
    {"3/a,[]", Fault::id_missing},
    {"60-[]", Fault::id_missing},
    {"012", Fault::id_unexpected},
    {"00{}", Fault::id_unexpected},
    {"11", Fault::id_unexpected},
    {"1/a,1", Fault::id_unexpected},
    {"41{}", Fault::id_unexpected},
    {"29007199254740992[\"a\"]", Fault::id_too_large},
    {"299999999999999999[\"a\"]", Fault::id_too_large},
    {"200000000000000001[\"a\"]", Fault::id_too_large},
    {"2", Fault::payload_missing},
    {"2/a,", Fault::payload_missing},
    {"2/a", Fault::payload_missing},
    {"212", Fault::payload_missing},
    {"312", Fault::payload_missing},
    {"51-", Fault::payload_missing},
    {"4", Fault::payload_missing},
    {"1{}", Fault::payload_unexpected},
    {"1/a,[]", Fault::payload_unexpected},
    {"1 ", Fault::payload_unexpected},
    {"0[]", Fault::payload_not_object},
    {"0\"a\"", Fault::payload_not_object},
    {"0null", Fault::payload_not_object},
    {"4\"a\"", Fault::payload_not_object},
    {"4[]", Fault::payload_not_object},
    {"2{}", Fault::payload_not_array},
    {"2\"a\"", Fault::payload_not_array},
    {"2null", Fault::payload_not_array},
    {"31{}", Fault::payload_not_array},
    {"50-{}", Fault::payload_not_array},
    {"2-1", Fault::payload_not_array},  // An id has no sign.
    {"2[\"a\",1,2,3,4,5,6,7,8]", Fault::too_many_elements},
    {"31[1,2,3,4,5,6,7,8,9]", Fault::too_many_elements},
    {"2[]", Fault::event_name_missing},
    {"2[ ]", Fault::event_name_missing},
    {"50-[]", Fault::event_name_missing},
    {"2[null]", Fault::event_name_malformed},
    {"2[true]", Fault::event_name_malformed},
    {"2[[\"a\"]]", Fault::event_name_malformed},
    {"2[{},\"a\"]", Fault::event_name_malformed},
    {"2[\"connect\"]", Fault::event_name_reserved},
    {"2[\"connect_error\"]", Fault::event_name_reserved},
    {"2[\"disconnect\",1]", Fault::event_name_reserved},
    {"2/a,1[\"disconnecting\"]", Fault::event_name_reserved},
    {"2[\"newListener\"]", Fault::event_name_reserved},
    {"50-[\"removeListener\"]", Fault::event_name_reserved},
    {R"(2["\u0063onnect"])", Fault::event_name_reserved},
    {R"(2["dis\u0063onnec\u0074"])", Fault::event_name_reserved},
};

TEST(SocketIoPacket, each_broken_rule_is_named) {
    for (const FaultRow& row : fault_rows) {
        test::ElementSpace space;
        EXPECT_EQ(decode_packet(row.text, {}, space).fault, row.fault) << row.text;
    }
}

TEST(SocketIoPacket, what_is_no_json_is_named_too) {
    const struct {
        std::string_view text;
        JsonFault fault;
    } rows[] = {
        {"2abc", JsonFault::character_unexpected},
        {R"(2abc["message-with-ack","1"])", JsonFault::character_unexpected},
        {R"(2["a")", JsonFault::cut},
        {R"(2["a"]x)", JsonFault::text_behind},
        {"2[\"a\xFF\"]", JsonFault::not_utf8},
        {R"(0{"a":01})", JsonFault::number_malformed},
        {R"(31["\x"])", JsonFault::escape_malformed},
        {"4{\"message\":\"\n\"}", JsonFault::control_character},
    };
    for (const auto& row : rows) {
        test::ElementSpace space;
        const Packet packet = decode_packet(row.text, {}, space);
        EXPECT_EQ(packet.fault, Fault::payload_malformed) << row.text;
        EXPECT_EQ(packet.json_fault, row.fault) << row.text;
    }
    EXPECT_EQ(decode_socketio("2" + std::string(10'000, '[')),
              "! " + std::string(describe(JsonFault::too_deep)));
}

// Each front of a packet is a fault, or a packet that is told as such: never a packet with a part
// of it.
TEST(SocketIoPacket, a_text_that_is_cut_anywhere_is_no_part_of_a_packet) {
    const auto is_cut_well = [](std::string_view text) {
        // Nothing has to follow the name of a namespace, nor a CONNECT or DISCONNECT.
        return (text.starts_with('0') || text.starts_with('1')) &&
               text.find('{') == std::string_view::npos;
    };
    for (const auto rows : {std::span<const Row>(examples), std::span<const Row>(accepted)}) {
        for (const Row& row : rows) {
            const std::string_view text = row.text.substr(0, row.text.find_last_not_of(' ') + 1);
            for (std::size_t size = 0; size < text.size(); ++size) {
                const std::string told = decode_socketio(text.substr(0, size));
                EXPECT_EQ(told.starts_with('!'), size == 0 || !is_cut_well(text.substr(0, size)))
                    << text << ", " << size << ": " << told;
            }
        }
    }
}

TEST(SocketIoPacket, limits_are_kept) {
    const PacketLimits limits{.attachment_count_max = 1, .namespace_size_max = 4};
    EXPECT_EQ(decode_socketio("0/abc,", limits), "connect /abc");
    EXPECT_EQ(decode_socketio("0/abc", limits), "connect /abc");
    EXPECT_EQ(decode_socketio("0/abcd,", limits), test::sentence(Fault::namespace_too_long));
    EXPECT_EQ(decode_socketio("0/abcd", limits), test::sentence(Fault::namespace_too_long));
    EXPECT_EQ(decode_socketio("0/", {.namespace_size_max = 0}),
              test::sentence(Fault::namespace_too_long));
    EXPECT_EQ(decode_socketio("50-[\"a\"]", limits), "binary_event+0 / \"a\" ()");
    EXPECT_EQ(decode_socketio("51-[\"a\"]", limits), test::sentence(Fault::placeholder_missing));
    EXPECT_EQ(decode_socketio("52-[\"a\"]", limits), test::sentence(Fault::too_many_attachments));
    // However many the option allows.
    EXPECT_EQ(decode_socketio("564-[\"a\"]", {.attachment_count_max = 1000}),
              test::sentence(Fault::placeholder_missing));
    EXPECT_EQ(decode_socketio("565-[\"a\"]", {.attachment_count_max = 1000}),
              test::sentence(Fault::too_many_attachments));
    EXPECT_EQ(decode_socketio(R"(2["a",1,2,3,4,5,6,7])"), R"(event / "a" (1, 2, 3, 4, 5, 6, 7))");
}

TEST(SocketIoPacket, arguments_are_one_text_too) {
    const struct {
        std::string_view text;
        std::string_view arguments;
        std::size_t count;
    } rows[] = {
        {R"(2["a"])", "", 0},
        {R"(2["a", 1,[2] ])", "1,[2] ", 2},
        {R"(31[ 1,"b"])", R"( 1,"b")", 2},
        {"31[]", "", 0},
        {"31[ ]", "", 0},
    };
    for (const auto& row : rows) {
        test::ElementSpace space;
        const Packet packet = decode_packet(row.text, {}, space);
        EXPECT_EQ(packet.argument_text.text(), row.arguments) << row.text;
        EXPECT_EQ(packet.argument_text.count(), row.count);
        EXPECT_EQ(packet.arguments.size(), row.count);
        EXPECT_FALSE(packet.argument_text.has_placeholder());
    }
    test::ElementSpace space;
    EXPECT_TRUE(
        decode_packet(R"(2["a",{"_placeholder":0}])", {}, space).argument_text.has_placeholder());
}

TEST(SocketIoPacket, an_event_is_called_by_what_its_name_says) {
    const Row rows[] = {
        {R"(2["message"])", "message"},
        {R"(2["\u006d\u00e9\n"])", "m\xC3\xA9\n"},
        {R"(2[""])", ""},
        {"2[17]", "17"},
        {"2[-1e3]", "-1e3"},
    };
    for (const Row& row : rows) {
        test::ElementSpace space;
        const Packet packet = decode_packet(row.text, {}, space);
        std::string scratch;
        EXPECT_EQ(event_name(packet, scratch), row.packet) << row.text;
    }
}

TEST(SocketIoPacket, decoding_takes_no_memory) {
    const std::string text =
        R"(51-/admin,12["\u0063hat",{"_placeholder":true,"num":0},[1,{"a":2}]])";
    test::ElementSpace space;
    const std::size_t before = test::allocation_count();
    const Packet packet = decode_packet(text, {}, space);
    EXPECT_EQ(test::allocation_count(), before);
    EXPECT_EQ(packet.fault, Fault::none);
}

TEST(SocketIoPacket, namespaces_that_can_be_said) {
    for (const std::string_view name : {"/", "/admin", "/a/b?c", "/\xE2\x82\xAC", "/ \"[{"}) {
        EXPECT_TRUE(is_namespace(name)) << name;
    }
    for (const std::string_view name :
         {""sv, "admin"sv, " /"sv, "/a,b"sv, "/a\x1E"sv, "/\0"sv, "/\x7F"sv, "/\xFF"sv}) {
        EXPECT_FALSE(is_namespace(name)) << name;
    }
}

}  // namespace
}  // namespace edgews::sio
