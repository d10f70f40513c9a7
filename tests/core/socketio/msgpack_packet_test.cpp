// Packets of MessagePack. The bytes are those of npm's socket.io-msgpack-parser 3.0.2, which
// refuses whatever is refused here, but for what is said to be ours.
#include "core/socketio/msgpack_packet.hpp"

#include <gtest/gtest.h>

#include "core/socketio/packet_writer.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/socketio_packets.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {
namespace {

using test::Bytes;
using test::bytes_of;
using test::describe_packet;
using test::ElementSpace;
using test::from_hex;
using test::sentence;
using test::to_hex;

// As describe_packet() has it, and the attachments; `reader` may have read others before.
std::string read(MsgpackPacketReader& reader, const Bytes& message) {
    const test::ExactBlock block(message);
    ElementSpace space;
    const Assembled made = reader.take(block.bytes(), space);
    EXPECT_EQ(made.kind == Assembled::Kind::fault, made.packet.fault != Fault::none);
    EXPECT_NE(made.kind, Assembled::Kind::none);
    std::string said = describe_packet(made.packet);
    if (made.kind == Assembled::Kind::fault) return said;
    EXPECT_EQ(made.attachments.size(), made.packet.attachment_count);
    for (const Attachment& each : made.attachments) said += " <" + to_hex(each.bytes()) + ">";
    return said;
}

std::string read(const Bytes& message, const PacketLimits& limits = {}) {
    MsgpackPacketReader reader(limits);
    return read(reader, message);
}

// The map that a JSON text says, with its attachments.
Bytes message_of(std::string_view json, const Attachments& attachments = {}) {
    EXPECT_EQ(scan_json(json).fault(), JsonFault::none) << json;
    std::string bytes;
    append_msgpack_of_json(bytes, json, attachments);
    return bytes_of(bytes);
}

std::string read_json(std::string_view json, const PacketLimits& limits = {}) {
    return read(message_of(json), limits);
}

TEST(SocketIoMsgpackPacket, each_type_is_read) {
    struct Row {
        std::string_view hex;
        std::string_view packet;
    };
    for (const auto& [hex, packet] : {
             Row{"83 a4 74 79 70 65 00 a3 6e 73 70 a1 2f a4 64 61 74 61 d4 00 00", "connect /"},
             Row{"83 a4 74 79 70 65 00 a3 6e 73 70 a6 2f 61 64 6d 69 6e a4 64 61 74 61 81 a5 74 6f"
                 " 6b 65 6e a1 78",
                 R"(connect /admin {"token":"x"})"},
             Row{"82 a4 74 79 70 65 01 a3 6e 73 70 a6 2f 61 64 6d 69 6e", "disconnect /admin"},
             Row{"84 a4 74 79 70 65 02 a4 64 61 74 61 92 a5 68 65 6c 6c 6f a3 79 6f 75 a7 6f 70 74"
                 " 69 6f 6e 73 81 a8 63 6f 6d 70 72 65 73 73 c3 a3 6e 73 70 a1 2f",
                 R"(event / "hello" ("you"))"},
             Row{"85 a4 74 79 70 65 02 a4 64 61 74 61 92 a3 62 61 7a c4 03 01 02 03 a7 6f 70 74 69"
                 " 6f 6e 73 81 a8 63 6f 6d 70 72 65 73 73 c3 a2 69 64 0c a3 6e 73 70 a6 2f 61 64 6d"
                 " 69 6e",
                 R"(binary_event+1 /admin 12 "baz" ({"_placeholder":true,"num":0}) <01 02 03>)"},
             Row{"84 a4 74 79 70 65 03 a2 69 64 07 a4 64 61 74 61 92 01 c7 01 00 05 a3 6e 73 70 a1"
                 " 2f",
                 R"(binary_ack+1 / 7 (1, {"_placeholder":true,"num":0}) <05>)"},
             Row{"83 a4 74 79 70 65 04 a3 6e 73 70 a2 2f 78 a4 64 61 74 61 81 a7 6d 65 73 73 61 67"
                 " 65 a2 6e 6f",
                 R"(connect_error /x {"message":"no"})"},
         }) {
        EXPECT_EQ(read(from_hex(hex)), packet);
    }
}

TEST(SocketIoMsgpackPacket, each_type_is_written) {
    struct Row {
        std::string_view text;
        std::string_view hex;
    };
    const Bytes bytes = from_hex("01 02 03");
    const Attachments one{bytes};
    const auto write = [](std::string_view text, const Attachments& attachments) {
        std::string out = "before ";
        append_msgpack_packet(out, text, attachments);
        EXPECT_TRUE(out.starts_with("before "));
        return to_hex(bytes_of(std::string_view(out).substr(7)));
    };
    for (const auto& [text, hex] : {
             Row{"0{\"sid\":\"x\"}",
                 "83 a4 74 79 70 65 00 a3 6e 73 70 a1 2f a4 64 61 74 61 81 a3 73 69 64 a1 78"},
             Row{"1/admin,", "82 a4 74 79 70 65 01 a3 6e 73 70 a6 2f 61 64 6d 69 6e"},
             Row{"2[\"hello\",\"you\"]",
                 "83 a4 74 79 70 65 02 a3 6e 73 70 a1 2f a4 64 61 74 61 92 a5 68 65 6c 6c 6f a3 79"
                 " 6f 75"},
             Row{"2/admin,12[\"a\"]",
                 "84 a4 74 79 70 65 02 a3 6e 73 70 a6 2f 61 64 6d 69 6e a4 64 61 74 61 91 a1 61 a2"
                 " 69 64 0c"},
             Row{"39007199254740991[]",
                 "84 a4 74 79 70 65 03 a3 6e 73 70 a1 2f a4 64 61 74 61 90 a2 69 64 cf 00 1f ff ff"
                 " ff ff ff ff"},
             Row{"4/x,{\"message\":\"no\"}",
                 "83 a4 74 79 70 65 04 a3 6e 73 70 a2 2f 78 a4 64 61 74 61 81 a7 6d 65 73 73 61 67"
                 " 65 a2 6e 6f"},
         }) {
        EXPECT_EQ(write(text, {}), hex) << text;
    }
    EXPECT_EQ(write(R"(51-/a,["b",{"_placeholder":true,"num":0}])", one),
              "83 a4 74 79 70 65 02 a3 6e 73 70 a2 2f 61 a4 64 61 74 61 92 a1 62 c4 03 01 02 03");
    EXPECT_EQ(write(R"(61-7[{"_placeholder":true,"num":0}])", one),
              "84 a4 74 79 70 65 03 a3 6e 73 70 a1 2f a4 64 61 74 61 91 c4 03 01 02 03 a2 69 64 07")
        << "of their types there is none for bytes";
    EXPECT_EQ(write("1/\"\\\xC3\xBC,", {}), "82 a4 74 79 70 65 01 a3 6e 73 70 a5 2f 22 5c c3 bc");
}

TEST(SocketIoMsgpackPacket, what_breaks_a_rule_names_the_rule) {
    struct Row {
        std::string_view json;
        Fault fault;
    };
    for (const auto& [json, fault] : {
             Row{"5", Fault::type_unknown},
             Row{"null", Fault::type_unknown},
             Row{"[]", Fault::type_unknown},
             Row{"\"2[\\\"x\\\"]\"", Fault::type_unknown},
             Row{"{}", Fault::type_unknown},
             Row{R"({"nsp":"/","data":["a"]})", Fault::type_unknown},
             Row{R"({"type":5,"nsp":"/","data":["a"]})", Fault::type_unknown},
             Row{R"({"type":-1,"nsp":"/","data":["a"]})", Fault::type_unknown},
             Row{R"({"type":2.5,"nsp":"/","data":["a"]})", Fault::type_unknown},
             Row{R"({"type":"2","nsp":"/","data":["a"]})", Fault::type_unknown},
             Row{R"({"type":null,"nsp":"/","data":["a"]})", Fault::type_unknown},
             Row{R"({"type":22,"nsp":"/","data":["a"]})", Fault::type_unknown},
             Row{R"({"type":2,"data":["a"]})", Fault::namespace_malformed},
             Row{R"({"type":2,"nsp":1,"data":["a"]})", Fault::namespace_malformed},
             Row{R"({"type":2,"nsp":["/"],"data":["a"]})", Fault::namespace_malformed},
             Row{R"({"type":2,"nsp":"/"})", Fault::payload_missing},
             Row{R"({"type":2,"nsp":"/","data":{}})", Fault::payload_not_array},
             Row{R"({"type":2,"nsp":"/","data":null})", Fault::payload_not_array},
             Row{R"({"type":2,"nsp":"/","data":5})", Fault::payload_not_array},
             Row{R"({"type":3,"nsp":"/","data":-5,"id":1})", Fault::payload_not_array},
             Row{R"({"type":0,"nsp":"/","data":null})", Fault::payload_not_object},
             Row{R"({"type":0,"nsp":"/","data":[]})", Fault::payload_not_object},
             Row{R"({"type":0,"nsp":"/","data":"x"})", Fault::payload_not_object},
             Row{R"({"type":0,"nsp":"/","data":12})", Fault::payload_not_object},
             Row{R"({"type":1,"nsp":"/","data":null})", Fault::payload_unexpected},
             Row{R"({"type":1,"nsp":"/","data":7})", Fault::payload_unexpected},
             Row{R"({"type":4,"nsp":"/"})", Fault::payload_missing},
             Row{R"({"type":4,"nsp":"/","data":1})", Fault::payload_not_object},
             Row{R"({"type":2,"nsp":"/","data":["a"],"id":"1"})", Fault::id_malformed},
             Row{R"({"type":2,"nsp":"/","data":["a"],"id":1.5})", Fault::id_malformed},
             Row{R"({"type":2,"nsp":"/","data":["a"],"id":null})", Fault::id_malformed},
             // Ours, as of the other parser.
             Row{R"({"type":2,"nsp":"/","data":["a"],"id":-1})", Fault::id_malformed},
             Row{R"({"type":2,"nsp":"/","data":["a"],"id":9007199254740992})", Fault::id_too_large},
             Row{R"({"type":2,"nsp":"/","data":["a"],"id":18446744073709551615})",
                 Fault::id_too_large},
             Row{R"({"type":3,"nsp":"/","data":[]})", Fault::id_missing},
             Row{R"({"type":0,"nsp":"/","id":1})", Fault::id_unexpected},
             Row{R"({"type":1,"nsp":"/","id":1})", Fault::id_unexpected},
             Row{R"({"type":4,"nsp":"/","data":"x"})", Fault::payload_not_object},
             Row{R"({"type":2,"nsp":"","data":["a"]})", Fault::namespace_malformed},
             Row{R"({"type":2,"nsp":"x","data":["a"]})", Fault::namespace_malformed},
             Row{R"({"type":2,"nsp":"/a,12","data":["a"]})", Fault::namespace_malformed},
             Row{R"({"type":2,"nsp":"/a\n","data":["a"]})", Fault::namespace_malformed},
             Row{R"({"type":2,"nsp":"/","data":[]})", Fault::event_name_missing},
             Row{R"({"type":2,"nsp":"/","data":[null]})", Fault::event_name_malformed},
             Row{R"({"type":2,"nsp":"/","data":["disconnect"]})", Fault::event_name_reserved},
             Row{R"({"type":2,"nsp":"/","data":["a",1,2,3,4,5,6,7,8]})", Fault::too_many_elements},
         }) {
        EXPECT_EQ(read_json(json), sentence(fault)) << json;
    }
    EXPECT_EQ(read({}), sentence(Fault::msgpack_malformed));
    EXPECT_EQ(read(from_hex("83 a4 74 79 70 65 02")), sentence(Fault::msgpack_malformed));
    EXPECT_EQ(read(bytes_of("2[\"x\"]")), sentence(Fault::msgpack_malformed));
    EXPECT_EQ(read(bytes_of("0")), sentence(Fault::type_unknown)) << "the number 48";
}

TEST(SocketIoMsgpackPacket, each_cut_and_each_byte_behind_is_a_fault) {
    const Bytes whole = message_of(R"({"type":2,"nsp":"/a","data":["b",{"c":[1.5]}],"id":1})");
    EXPECT_EQ(read(whole), R"(event /a 1 "b" ({"c":[1.5]}))");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(read(part), sentence(Fault::msgpack_malformed)) << size;
    }
    Bytes more = whole;
    more.push_back(std::byte{0xC0});
    EXPECT_EQ(read(more), sentence(Fault::msgpack_malformed));
}

TEST(SocketIoMsgpackPacket, of_two_members_the_last_counts_and_others_say_nothing) {
    EXPECT_EQ(read_json(R"({"type":0,"type":2,"x":["/"],"nsp":"/b","nsp":"/","y":{"type":1},)"
                        R"("data":{},"data":["a"],"options":null,"":0})"),
              R"(event / "a" ())");
    EXPECT_EQ(read(from_hex("83 a4 74 79 70 65 cb 40 00 00 00 00 00 00 00 a3 6e 73 70 a1 2f a4 64"
                            " 61 74 61 91 a1 61")),
              R"(event / "a" ())")
        << "a number is one in whichever form";
    EXPECT_EQ(read_json(R"({"type":2,"nsp":"/\"\\\\","data":["a\n\"",7]})"),
              R"(event /"\\ "a\n\"" (7))");
}

// No part of a packet can be read as another one.
TEST(SocketIoMsgpackPacket, nothing_gets_out_of_its_place) {
    EXPECT_EQ(read_json(R"({"type":2,"nsp":"/1","data":["a"],"id":2})"), R"(event /1 2 "a" ())");
    EXPECT_EQ(read_json(R"({"type":2,"nsp":"/","data":["1-","\"],[\"x"],"id":0})"),
              R"(event / 0 "1-" ("\"],[\"x"))");
    EXPECT_EQ(read_json(R"({"type":2,"nsp":"//x","data":[1]})"), "event //x 1 ()");
}

TEST(SocketIoMsgpackPacket, bytes_are_for_events_and_acknowledgements) {
    const Bytes bytes = from_hex("01"), more = from_hex("02 03");
    const Attachments two{bytes, more};
    const std::string a = R"({"_placeholder":true,"num":0})",
                      b = R"({"_placeholder":true,"num":1})";
    EXPECT_EQ(
        read(message_of(R"({"type":2,"nsp":"/","data":["x",)" + b + ",{\"y\":" + a + "}]}", two)),
        R"(binary_event+2 / "x" ()" + a + R"(, {"y":)" + b + "}) <02 03> <01>");
    for (const std::string_view rest :
         {R"("type":0,"data":{"token":)", R"("type":4,"data":{"message":)"}) {
        EXPECT_EQ(read(message_of(R"({"nsp":"/",)" + std::string(rest) + a + "}}", {bytes})),
                  sentence(Fault::attachment_unexpected));
    }
    EXPECT_EQ(read(message_of(R"({"nsp":"/","type":1,"x":)" + a + "}", {bytes})),
              sentence(Fault::attachment_unexpected));
    EXPECT_EQ(read(message_of(R"({"nsp":"/","type":2,"data":["x"],"options":)" + a + "}", {bytes})),
              sentence(Fault::placeholder_missing));
    EXPECT_EQ(read(message_of(R"({"nsp":"/","type":2,"data":[)" + a + "]}", {bytes})),
              sentence(Fault::event_name_malformed));
}

TEST(SocketIoMsgpackPacket, what_only_looks_like_a_placeholder_is_data_where_there_are_no_bytes) {
    const std::string json = R"({"type":2,"nsp":"/","data":["x",{"_placeholder":true,"num":0}]})";
    EXPECT_EQ(read_json(json), R"(event / "x" ({"_placeholder":true,"num":0}))");
    const Bytes bytes = from_hex("01");
    const auto beside_bytes = [&bytes](std::string_view data) {
        return read(message_of(R"({"type":2,"nsp":"/","data":["x",{"_placeholder":true,"num":0},)" +
                                   std::string(data) + "]}",
                               {bytes}));
    };
    EXPECT_EQ(beside_bytes(R"({"_placeholder":true,"num":1})"),
              sentence(Fault::placeholder_out_of_range));
    EXPECT_EQ(beside_bytes(R"({"_placeholder":1})"), sentence(Fault::placeholder_malformed));
}

TEST(SocketIoMsgpackPacket, limits_are_kept) {
    const Bytes three = from_hex(
        "84 a4 74 79 70 65 02 a3 6e 73 70 a2 2f 61 a4 64 61 74 61 93 a1 62"
        " c4 02 01 02 c4 01 03 a2 69 64 01");
    EXPECT_NE(read(three, {.attachment_count_max = 2, .attachments_size_max = 3}).find("<03>"),
              std::string::npos);
    EXPECT_EQ(read(three, {.attachment_count_max = 1}), sentence(Fault::too_many_attachments));
    EXPECT_EQ(read(three, {.attachments_size_max = 2}), sentence(Fault::attachments_too_big));
    EXPECT_EQ(read(three, {.namespace_size_max = 1}), sentence(Fault::namespace_too_long));
    const auto nested = [](std::size_t depth) {
        Bytes bytes = message_of(R"({"type":2,"nsp":"/","data":["a",0]})");
        bytes.pop_back();
        bytes.resize(bytes.size() + depth, std::byte{0x91});
        bytes.back() = std::byte{0x90};
        return bytes;
    };
    constexpr std::size_t left = json_depth_max - 2;  // For the map, and its data.
    EXPECT_EQ(read(nested(left)),
              "event / \"a\" (" + std::string(left, '[') + std::string(left, ']') + ")");
    EXPECT_EQ(read(nested(left + 1)), sentence(Fault::msgpack_malformed));
    EXPECT_EQ(read(nested(100'000)), sentence(Fault::msgpack_malformed));
}

TEST(SocketIoMsgpackPacket, a_reader_goes_on_with_the_next_message) {
    const PacketLimits limits;
    MsgpackPacketReader reader(limits);
    const Bytes bytes = from_hex("01");
    const Bytes binary =
        message_of(R"({"type":2,"nsp":"/","data":["a",{"_placeholder":true,"num":0}]})", {bytes});
    const std::string large(200'000, 'x');
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(read(reader, binary),
                  R"(binary_event+1 / "a" ({"_placeholder":true,"num":0}) <01>)");
        EXPECT_EQ(read(reader, from_hex("c1")), sentence(Fault::msgpack_malformed));
        EXPECT_EQ(read(reader, message_of(R"({"type":2,"nsp":"/","data":["b"]})")),
                  R"(event / "b" ())");
        EXPECT_EQ(read(reader, message_of(R"({"type":2,"nsp":"/","data":[")" + large + "\"]}")),
                  "event / \"" + large + "\" ()");
    }
}

TEST(SocketIoMsgpackPacket, what_is_written_is_read_as_the_same) {
    const Bytes bytes = from_hex("01 ff"), none;
    const Attachments two{bytes, none};
    std::string text;
    const JsonScan scan =
        scan_json_elements(R"([{"_placeholder":true,"num":1}],"x",{"_placeholder":true,"num":0})");
    ASSERT_EQ(append_event(text, {.namespace_name = "/n", .id = 3, .attachment_count = 2}, "e\"",
                           scan.elements_from(0)),
              Fault::none);
    std::string message;
    append_msgpack_packet(message, text, two);
    EXPECT_EQ(read(bytes_of(message)),
              R"(binary_event+2 /n 3 "e\"" ([{"_placeholder":true,"num":0}], "x", )"
              R"({"_placeholder":true,"num":1}) <> <01 ff>)")
        << "numbered anew";
    text.clear();
    ASSERT_EQ(append_event(text, {.offset = 12}, "e", {}), Fault::none);
    message.clear();
    append_msgpack_packet(message, text, {});
    EXPECT_EQ(read(bytes_of(message)), R"(event / "e" ("12"))");
}

}  // namespace
}  // namespace edgews::sio
