// Each attachment has one placeholder, and each placeholder an attachment.
#include "core/socketio/placeholders.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace edgews::sio {
namespace {

Fault check(std::string_view elements, std::size_t attachment_count) {
    const JsonScan scan = scan_json_elements(elements);
    EXPECT_EQ(scan.fault(), JsonFault::none) << elements;
    return check_placeholders(scan.elements_from(0), attachment_count);
}

std::string placeholder(std::size_t index) {
    std::string out;
    append_placeholder(out, index);
    return out;
}

TEST(SocketIoPlaceholders, are_found_wherever_they_are) {
    EXPECT_EQ(placeholder(12), R"({"_placeholder":true,"num":12})");
    const std::string one = placeholder(0);
    for (const std::string& elements :
         {one, "1," + one, '[' + one + ']', "{\"a\":" + one + '}', "[[{\"a\":[" + one + "]}],{}]",
          one + ",\"_placeholder\"", "{\"a\":\"_placeholder\"}," + one,
          "\"{\\\"\"," + one + ",\"}\"", "\"\\\\\"," + one}) {
        EXPECT_EQ(check(elements, 1), Fault::none) << elements;
        EXPECT_EQ(check(elements, 0), Fault::placeholder_out_of_range) << elements;
        EXPECT_EQ(check(elements, 2), Fault::placeholder_missing) << elements;
        EXPECT_EQ(check(elements + ',' + placeholder(1), 2), Fault::none) << elements;
        EXPECT_EQ(check(elements + ',' + placeholder(0), 2), Fault::placeholder_repeated);
        EXPECT_EQ(check(placeholder(1) + ',' + elements, 2), Fault::none) << elements;
        EXPECT_EQ(check(placeholder(2) + ',' + elements, 2), Fault::placeholder_out_of_range);
    }
}

TEST(SocketIoPlaceholders, may_be_written_in_any_way_that_json_has) {
    for (const std::string_view text :
         {R"({"num":0,"_placeholder":true})", R"( { "_placeholder" : true , "num" : 0 } )",
          R"({"\u005fplaceholder":true,"n\u0075m":0})",
          "{\n\t\"num\":0,\r\n\t\"_placeholder\":true\n}"}) {
        EXPECT_EQ(check(text, 1), Fault::none) << text;
    }
}

TEST(SocketIoPlaceholders, have_one_form) {
    for (const std::string_view text : {
             R"({"_placeholder":true})",
             R"({"_placeholder":false,"num":0})",
             R"({"_placeholder":1,"num":0})",
             R"({"_placeholder":"true","num":0})",
             R"({"_placeholder":[true],"num":0})",
             R"({"_placeholder":true,"num":-1})",
             R"({"_placeholder":true,"num":0.0})",
             R"({"_placeholder":true,"num":1e0})",
             R"({"_placeholder":true,"num":"0"})",
             R"({"_placeholder":true,"num":null})",
             R"({"_placeholder":true,"num":[0]})",
             R"({"_placeholder":true,"num":99999999999999999999})",
             R"({"_placeholder":true,"num":0,"a":1})",
             R"({"a":1,"_placeholder":true,"num":0})",
             R"({"_placeholder":true,"a":1,"num":0})",
             R"({"_placeholder":true,"num":0,"num":1})",
             R"({"_placeholder":true,"_placeholder":true})",
             R"({"_placeholder":true,"a":0})",
             R"({"num":0,"num":0,"_placeholder":true})",
             R"({"a":{},"_placeholder":true,"num":0})",
             R"({"a":{"_placeholder":true,"num":0},"_placeholder":true})",
             R"({"_placeholder":{"_placeholder":true,"num":0},"num":0})",
             R"({"num":{"_placeholder":true,"num":0},"_placeholder":true})",
         }) {
        EXPECT_EQ(check(text, 1), Fault::placeholder_malformed) << text;
    }
}

TEST(SocketIoPlaceholders, there_may_be_64) {
    std::string elements;
    for (std::size_t i = attachment_count_bound; i > 0; --i) {
        elements += placeholder(i - 1);
        if (i > 1) elements += ',';
    }
    EXPECT_EQ(check(elements, attachment_count_bound), Fault::none);
    EXPECT_EQ(check(elements, attachment_count_bound - 1), Fault::placeholder_out_of_range);
    EXPECT_EQ(check(elements + ',' + placeholder(64), 64), Fault::placeholder_out_of_range);
    EXPECT_EQ(check(elements + ',' + placeholder(63), 64), Fault::placeholder_repeated);
}

TEST(SocketIoPlaceholders, none_are_needed_for_nothing) {
    EXPECT_EQ(check("", 0), Fault::none);
    EXPECT_EQ(check("1,{\"num\":0}", 0), Fault::none);
    EXPECT_EQ(check("", 1), Fault::placeholder_missing);
    EXPECT_EQ(check("\"_placeholder\"", 1), Fault::placeholder_missing);
}

}  // namespace
}  // namespace edgews::sio
