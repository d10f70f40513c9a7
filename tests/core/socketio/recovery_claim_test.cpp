// What is read from CONNECT of a client that comes back.
#include "core/socketio/recovery_claim.hpp"

#include <gtest/gtest.h>

#include "core/socketio/json_scan.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace edgews::sio {
namespace {

// "id offset", "id -" without an offset, or "none".
std::string claimed(std::string_view payload) {
    EXPECT_TRUE(payload.empty() || scan_json(payload).kind() == JsonScan::Kind::object);
    const std::optional<RecoveryClaim> claim = read_recovery_claim(payload);
    if (!claim) return "none";
    return claim->private_id + " " + (claim->offset ? std::to_string(*claim->offset) : "-");
}

TEST(SocketIoRecoveryClaim, is_found_among_what_the_application_says) {
    EXPECT_EQ(claimed(R"({"pid":"abc","offset":"12"})"), "abc 12");
    EXPECT_EQ(claimed(R"({"pid":"abc"})"), "abc -");
    EXPECT_EQ(claimed(" { \"token\" : \"x\" ,\n\"offset\"\t: \"0\" , \"pid\" : \"a\" } "), "a 0");
    EXPECT_EQ(
        claimed(R"({"a":{"pid":"no","b":[{}, "}"]},"pid":"yes","c":[["pid"],{"offset":"1"}]})"),
        "yes -");
    EXPECT_EQ(claimed(R"({"a":-1.5e3,"b":true,"c":null,"d":"\"pid\":\"x\"","pid":"y"})"), "y -");
}

TEST(SocketIoRecoveryClaim, is_read_as_javascript_reads_it) {
    EXPECT_EQ(claimed(R"({"pid":"first","offset":"1","pid":"last"})"), "last 1");
    EXPECT_EQ(claimed(R"({"\u0070id":"a\u0062c","off\u0073et":"\u0031"})"), "abc 1");
    EXPECT_EQ(claimed(R"({"pid":"a\"b\\"})"), "a\"b\\ -");
}

TEST(SocketIoRecoveryClaim, is_none_if_it_says_nothing_that_was_ever_said) {
    for (const std::string_view payload :
         {"", "{}", " {\n} ", R"({"token":"x"})", R"({"offset":"1"})", R"({"pid":1,"offset":"1"})",
          R"({"pid":null})", R"({"pid":["a"],"offset":"1"})", R"({"pid":{"a":"b"}})"}) {
        EXPECT_EQ(claimed(payload), "none") << payload;
    }
    for (const std::string_view offset :
         {"1", "null", "\"\"", "\"x\"", "\"-1\"", "\" 1\"", "\"1.0\"", "\"18446744073709551616\"",
          "[]", "{\"a\":1}", "true"}) {
        EXPECT_EQ(claimed(R"({"pid":"a","offset":)" + std::string(offset) + "}"), "none") << offset;
    }
}

}  // namespace
}  // namespace edgews::sio
