// What is written: the specification's examples, what is refused, and that it is read as it was
// meant.
#include "core/socketio/packet_writer.hpp"

#include "tests/support/socketio_packets.hpp"

#include <gtest/gtest.h>

#include "core/socketio/placeholders.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace edgews::sio {
namespace {

JsonElements checked(std::string_view text) {
    const JsonScan scan = scan_json_elements(text);
    EXPECT_EQ(scan.fault(), JsonFault::none) << text;
    return scan.elements_from(0);
}

// What is in front stays.
template <class Write>
std::string written(Write write) {
    std::string out = "before ";
    EXPECT_EQ(write(out), Fault::none);
    EXPECT_EQ(out.substr(0, 7), "before ");
    return out.substr(7);
}

template <class Write>
void expect_refused(Fault fault, Write write) {
    std::string out = "before";
    EXPECT_EQ(write(out), fault);
    EXPECT_EQ(out, "before");
}

std::string event(const PacketHead& head, std::string_view name, std::string_view arguments = "") {
    return written(
        [&](std::string& out) { return append_event(out, head, name, checked(arguments)); });
}

std::string acknowledgement(const PacketHead& head, std::string_view arguments) {
    return written(
        [&](std::string& out) { return append_acknowledgement(out, head, checked(arguments)); });
}

TEST(SocketIoPacketWriter, writes_the_examples_of_the_specification) {
    EXPECT_EQ(event({}, "foo"), R"(2["foo"])");
    EXPECT_EQ(event({.namespace_name = "/admin"}, "bar"), R"(2/admin,["bar"])");
    EXPECT_EQ(event({.id = 12}, "foo"), R"(212["foo"])");
    EXPECT_EQ(event({.attachment_count = 1}, "baz", R"({"_placeholder":true,"num":0})"),
              R"(51-["baz",{"_placeholder":true,"num":0}])");
    EXPECT_EQ(event({.namespace_name = "/admin", .attachment_count = 2}, "baz",
                    R"({"_placeholder":true,"num":0},{"_placeholder":true,"num":1})"),
              R"(52-/admin,["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
    EXPECT_EQ(acknowledgement({.namespace_name = "/admin", .id = 13}, R"("bar")"),
              R"(3/admin,13["bar"])");
    EXPECT_EQ(acknowledgement({.id = 15, .attachment_count = 1},
                              R"("bar",{"_placeholder":true,"num":0})"),
              R"(61-15["bar",{"_placeholder":true,"num":0}])");
    EXPECT_EQ(acknowledgement({.id = 12}, ""), "312[]");
}

TEST(SocketIoPacketWriter, an_offset_is_the_last_argument) {
    EXPECT_EQ(event({.offset = 1}, "a"), R"(2["a","1"])");
    EXPECT_EQ(event({.offset = 18'446'744'073'709'551'615U}, "a", "1,{}"),
              R"(2["a",1,{},"18446744073709551615"])");
    EXPECT_EQ(event({.namespace_name = "/b", .attachment_count = 1, .offset = 7}, "a",
                    R"({"_placeholder":true,"num":0})"),
              R"(51-/b,["a",{"_placeholder":true,"num":0},"7"])");
}

TEST(SocketIoPacketWriter, writes_answers_to_connect_and_its_end) {
    std::string out;
    append_connect(out, "/", "wZX3oN0bSVIhsaknAAAI");
    EXPECT_EQ(out, R"(0{"sid":"wZX3oN0bSVIhsaknAAAI"})");
    out.clear();
    append_connect(out, "/admin", "oSO0OpakMV_3jnilAAAA");
    EXPECT_EQ(out, R"(0/admin,{"sid":"oSO0OpakMV_3jnilAAAA"})");
    out.clear();
    append_connect(out, "/", "wZX3oN0bSVIhsaknAAAI", "YHcX2sdAF1z452-HAAAW");
    EXPECT_EQ(out, R"(0{"sid":"wZX3oN0bSVIhsaknAAAI","pid":"YHcX2sdAF1z452-HAAAW"})");
    out.clear();
    append_disconnect(out, "/");
    EXPECT_EQ(out, "1");
    out.clear();
    append_disconnect(out, "/admin");
    EXPECT_EQ(out, "1/admin,");
    EXPECT_EQ(written([](std::string& text) {
                  return append_connect_error(text, "/", "Not authorized");
              }),
              R"(4{"message":"Not authorized"})");
    EXPECT_EQ(written([](std::string& text) {
                  return append_connect_error(text, "/a", "\"no\"\n", checked(R"({"code":7})"));
              }),
              R"(4/a,{"message":"\"no\"\n","data":{"code":7}})");
}

TEST(SocketIoPacketWriter, escapes_the_name) {
    EXPECT_EQ(event({}, "a\"],[\"b\x1E", "1"), R"(2["a\"],[\"b\u001e",1])");
    EXPECT_EQ(event({}, ""), R"(2[""])");
}

TEST(SocketIoPacketWriter, placeholders_without_attachments_are_data) {
    EXPECT_EQ(event({}, "a", R"({"_placeholder":true,"num":7})"),
              R"(2["a",{"_placeholder":true,"num":7}])");
}

TEST(SocketIoPacketWriter, there_may_be_64_attachments) {
    std::string arguments;
    for (std::size_t i = 0; i < attachment_count_bound; ++i) {
        if (i > 0) arguments += ',';
        append_placeholder(arguments, i);
    }
    EXPECT_EQ(event({.attachment_count = attachment_count_bound}, "a", arguments),
              "564-[\"a\"," + arguments + ']');
}

TEST(SocketIoPacketWriter, refuses_what_no_packet_may_say) {
    const auto event_of = [](PacketHead head, std::string_view name, std::string_view arguments) {
        return [=](std::string& out) { return append_event(out, head, name, checked(arguments)); };
    };
    for (const std::string_view name : {"connect", "connect_error", "disconnect", "disconnecting",
                                        "newListener", "removeListener"}) {
        expect_refused(Fault::event_name_reserved, event_of({}, name, ""));
    }
    expect_refused(Fault::text_not_utf8, event_of({.namespace_name = "/a", .id = 1}, "a\xFF", "1"));
    expect_refused(Fault::id_too_large, event_of({.id = packet_id_max + 1}, "a", ""));
    expect_refused(Fault::too_many_attachments, event_of({.attachment_count = 65}, "a", ""));
    expect_refused(Fault::placeholder_missing, event_of({.attachment_count = 1}, "a", "1"));
    expect_refused(Fault::placeholder_out_of_range,
                   event_of({.attachment_count = 1}, "a", R"({"_placeholder":true,"num":1})"));
    expect_refused(Fault::placeholder_malformed,
                   event_of({.attachment_count = 1}, "a", R"({"_placeholder":true})"));
    expect_refused(Fault::id_missing,
                   [](std::string& out) { return append_acknowledgement(out, {}, checked("1")); });
    expect_refused(Fault::placeholder_missing, [](std::string& out) {
        return append_acknowledgement(out, {.id = 1, .attachment_count = 1}, {});
    });
    expect_refused(Fault::text_not_utf8,
                   [](std::string& out) { return append_connect_error(out, "/a", "\xFF"); });
}

// One client's arguments on their way to others, whatever it had written around them.
TEST(SocketIoPacketWriter, arguments_of_a_packet_that_came_go_into_another_as_they_are) {
    for (const std::string_view arguments :
         {"", "1", R"("a",[1,{"b":"]"}],null)", R"( {"_placeholder":true} , "\u0000" )"}) {
        std::string text = R"(2/from,7["name")";
        if (!arguments.empty()) text.append(",").append(arguments);
        text += ']';
        test::ElementSpace space;
        const Packet packet = decode_packet(text, {}, space);
        ASSERT_EQ(packet.fault, Fault::none) << text;
        std::string out;
        ASSERT_EQ(append_event(out, {.namespace_name = "/to"}, "other", packet.argument_text),
                  Fault::none);
        test::ElementSpace again_space;
        const Packet again = decode_packet(out, {}, again_space);
        ASSERT_EQ(again.fault, Fault::none) << out;
        EXPECT_EQ(again.namespace_name, "/to");
        EXPECT_EQ(again.name, R"("other")");
        ASSERT_EQ(again.arguments.size(), packet.arguments.size());
        for (std::size_t i = 0; i < packet.arguments.size(); ++i) {
            EXPECT_EQ(again.arguments[i], packet.arguments[i]);
        }
    }
}

}  // namespace
}  // namespace edgews::sio
