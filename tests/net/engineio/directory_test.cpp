// Where sessions are, and which requests of theirs there may be at a time.
#include "net/engineio/directory.hpp"

#include <gtest/gtest.h>

namespace edgews::engineio {
namespace {

using Result = Directory::Result;

constexpr Place here{.token = 7};

TEST(EngineIoDirectory, tells_where_a_session_is_until_it_is_removed) {
    Directory directory;
    EXPECT_EQ(directory.find("one").result, Result::unknown);
    EXPECT_TRUE(directory.add("one", here, false, 0));
    EXPECT_EQ(directory.find("one").result, Result::found);
    EXPECT_EQ(directory.find("one").place, here);
    EXPECT_EQ(directory.find("two").result, Result::unknown);
    EXPECT_EQ(directory.count(), 1U);
    directory.remove("one");
    directory.remove("one");
    EXPECT_EQ(directory.find("one").result, Result::unknown);
    EXPECT_EQ(directory.count(), 0U);
}

TEST(EngineIoDirectory, has_as_many_as_it_may) {
    Directory directory;
    EXPECT_TRUE(directory.add("one", here, false, 2));
    EXPECT_TRUE(directory.add("two", here, true, 2));
    EXPECT_FALSE(directory.add("three", here, false, 2));
    EXPECT_EQ(directory.find("three").result, Result::unknown);
    directory.remove("one");
    EXPECT_TRUE(directory.add("three", here, false, 2));
}

TEST(EngineIoDirectory, lets_one_post_of_a_session_be_under_way) {
    Directory directory;
    EXPECT_TRUE(directory.add("one", here, false, 0));
    EXPECT_EQ(directory.begin_post("one").result, Result::found);
    EXPECT_EQ(directory.begin_post("one").result, Result::is_busy);
    EXPECT_EQ(directory.begin_post("one").place, here);
    EXPECT_EQ(directory.find("one").result, Result::found) << "a poll may be, too";
    directory.end_post("one");
    EXPECT_EQ(directory.begin_post("one").result, Result::found);
    directory.end_post("two");
    EXPECT_EQ(directory.begin_post("two").result, Result::unknown);
}

TEST(EngineIoDirectory, lets_one_websocket_be_tried) {
    Directory directory;
    EXPECT_EQ(directory.claim("one").result, Result::unknown);
    EXPECT_TRUE(directory.add("one", here, false, 0));
    EXPECT_EQ(directory.claim("one").result, Result::found);
    EXPECT_EQ(directory.claim("one").result, Result::is_websocket);
    EXPECT_EQ(directory.find("one").result, Result::found) << "it still polls";
    directory.release("one");
    EXPECT_EQ(directory.claim("one").result, Result::found);
    directory.leave_polling("one");
    directory.release("one");
    EXPECT_EQ(directory.claim("one").result, Result::is_websocket) << "for good";
}

TEST(EngineIoDirectory, knows_who_does_not_poll) {
    Directory directory;
    EXPECT_TRUE(directory.add("one", here, true, 0));
    EXPECT_TRUE(directory.add("two", here, false, 0));
    directory.leave_polling("two");
    directory.moved("two", {.token = 8});
    directory.moved("three", {.token = 8});
    for (const char* const id : {"one", "two"}) {
        EXPECT_EQ(directory.find(id).result, Result::is_websocket);
        EXPECT_EQ(directory.begin_post(id).result, Result::is_websocket);
        EXPECT_EQ(directory.claim(id).result, Result::is_websocket);
    }
    EXPECT_EQ(directory.find("three").result, Result::unknown);
}

}  // namespace
}  // namespace edgews::engineio
