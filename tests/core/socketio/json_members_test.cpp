// The members of objects.
#include "core/socketio/json_members.hpp"

#include <gtest/gtest.h>

#include "core/socketio/json_scan.hpp"

#include <string>
#include <string_view>

namespace edgews::sio {
namespace {

// Each as "name=value", with a bar behind it.
std::string members_of(std::string_view object) {
    EXPECT_EQ(scan_json(object).kind(), JsonScan::Kind::object) << object;
    std::string out;
    JsonMembers members(object);
    for (auto each = members.next(); !each.name.empty(); each = members.next()) {
        out.append(each.name).append("=").append(each.value).append("|");
    }
    return out;
}

TEST(SocketIoJsonMembers, are_names_and_values_as_they_stand) {
    EXPECT_EQ(members_of("{}"), "");
    EXPECT_EQ(members_of(" {\n} "), "");
    EXPECT_EQ(members_of(R"({"a":1})"), R"("a"=1|)");
    EXPECT_EQ(members_of("{ \"a\" : -1.5e3 ,\n\"b\"\t: \"x\" , \"a\" : null }"),
              R"("a"=-1.5e3|"b"="x"|"a"=null|)");
    EXPECT_EQ(members_of(R"({"":true,"\"}":"{\"\\"})"), R"(""=true|"\"}"="{\"\\"|)");
    EXPECT_EQ(members_of(R"({"\\":"\\\"\\\\","\\\\":"x\\"})"), R"("\\"="\\\"\\\\"|"\\\\"="x\\"|)");
}

TEST(SocketIoJsonMembers, have_arrays_and_objects_as_a_whole) {
    EXPECT_EQ(members_of(R"({"a":{"b":[{}, "}"]},"c":[["x"],{"d":"]"} ],"e":{},"f":[]})"),
              R"("a"={"b":[{}, "}"]}|"c"=[["x"],{"d":"]"} ]|"e"={}|"f"=[]|)");
    const std::string deep = std::string(511, '[') + std::string(511, ']');
    EXPECT_EQ(members_of("{\"a\":" + deep + "}"), "\"a\"=" + deep + "|");
}

}  // namespace
}  // namespace edgews::sio
