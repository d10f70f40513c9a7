// What clients of protocol 4 say and are told otherwise.
#include "core/socketio/protocol_4.hpp"

#include "core/socketio/packet.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace edgews::sio {
namespace {

std::string object_of(std::string_view query) {
    std::string out = "before ";
    append_query_object(out, query);
    EXPECT_TRUE(out.starts_with("before "));
    out.erase(0, 7);
    EXPECT_EQ(scan_json(out).fault(), JsonFault::none) << out;
    return out;
}

TEST(SocketIoProtocol4, a_query_stands_behind_the_namespace) {
    EXPECT_EQ(split_query("/admin?token=1&x=?").name, "/admin");
    EXPECT_EQ(split_query("/admin?token=1&x=?").query, "token=1&x=?");
    EXPECT_EQ(split_query("/admin").name, "/admin");
    EXPECT_EQ(split_query("/admin").query, "");
    EXPECT_EQ(split_query("/?").name, "/");
    EXPECT_EQ(split_query("/?").query, "");
    std::array<std::string_view, 1> space;
    const Packet packet = decode_packet("0/admin?token=1%2C2,", {}, space);
    EXPECT_EQ(packet.fault, Fault::none);
    EXPECT_EQ(split_query(packet.namespace_name).query, "token=1%2C2");
}

TEST(SocketIoProtocol4, a_query_is_an_object_of_strings) {
    EXPECT_EQ(object_of(""), "{}");
    EXPECT_EQ(object_of("token=a+b%2Cc"), R"({"token":"a b,c"})");
    EXPECT_EQ(object_of("a=1&b=&c&d=x=y"), R"({"a":"1","b":"","c":"","d":"x=y"})");
    EXPECT_EQ(object_of("&&a=1&"), R"({"a":"1"})");
    EXPECT_EQ(object_of("a=1&b=2&a=3"), R"({"a":"3","b":"2"})") << "the last one counts";
    EXPECT_EQ(object_of("=x"), R"({"":"x"})");
    EXPECT_EQ(object_of("%22%5C=%22%7D%0A"), R"({"\"\\":"\"}\n"})");
    EXPECT_EQ(object_of("a=%F0%9F%A6%8A"), "{\"a\":\"\xF0\x9F\xA6\x8A\"}");
}

TEST(SocketIoProtocol4, what_is_badly_encoded_is_left_out) {
    EXPECT_EQ(object_of("a=%&b=1"), R"({"b":"1"})");
    EXPECT_EQ(object_of("a=%4&b=1&%zz=2"), R"({"b":"1"})");
    EXPECT_EQ(object_of("a=%FF&b=1&%C3=2"), R"({"b":"1"})");
    EXPECT_EQ(object_of("a=%00"), "{}");
}

TEST(SocketIoProtocol4, answers_have_no_session) {
    std::string out = "before ";
    append_connect_4(out, "/");
    append_connect_4(out, "/admin");
    EXPECT_EQ(out, "before 00/admin,");
}

TEST(SocketIoProtocol4, an_error_is_the_message_or_the_data) {
    std::string out;
    EXPECT_EQ(append_connect_error_4(out, "/", "say \"no\""), Fault::none);
    EXPECT_EQ(out, "4\"say \\\"no\\\"\"");
    out = "before ";
    EXPECT_EQ(append_connect_error_4(out, "/admin", "no",
                                     scan_json_elements("{\"code\":7}").elements_from(0)),
              Fault::none);
    EXPECT_EQ(out, "before 4/admin,{\"code\":7}");
    out = "before ";
    EXPECT_EQ(append_connect_error_4(out, "/admin", "\xFF"), Fault::text_not_utf8);
    EXPECT_EQ(out, "before ");
}

TEST(SocketIoProtocol4, ids_begin_as_clients_make_them_up) {
    EXPECT_EQ(id_prefix_4("/"), "");
    EXPECT_EQ(id_prefix_4("/admin"), "/admin#");
}

}  // namespace
}  // namespace edgews::sio
