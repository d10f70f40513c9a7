// Messages: views of what the application has.
#include "../support/bytes.hpp"

#include <gtest/gtest.h>

#include <edgews/core/message.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace edgews {
namespace {

using namespace std::string_view_literals;

TEST(Message, strings_of_every_kind_are_text_and_bytes_are_binary) {
    const std::string string = "text";
    const char* const pointer = "text";
    const test::Bytes bytes = test::bytes_of("text");
    for (const Message message : {Message("text"), Message("text"sv), Message(string),
                                  Message(pointer), Message(Message::Kind::text, bytes)}) {
        EXPECT_TRUE(message.is_text());
        EXPECT_EQ(message.kind(), Message::Kind::text);
        EXPECT_EQ(message.text(), "text");
        EXPECT_EQ(message.size(), 4U);
    }
    for (const Message message : {Message(bytes), Message(Message::Kind::binary, bytes)}) {
        EXPECT_FALSE(message.is_text());
        EXPECT_EQ(message.kind(), Message::Kind::binary);
        EXPECT_EQ(test::text_of(message.bytes()), "text");
    }
}

TEST(Message, it_is_a_view_that_copies_nothing) {
    const std::string string = "some text";
    const Message message(string);
    EXPECT_EQ(message.text().data(), string.data());
    EXPECT_EQ(static_cast<const void*>(message.bytes().data()), string.data());
    static_assert(std::is_trivially_copyable_v<Message>);
}

TEST(Message, it_may_be_empty_or_have_zeros_inside) {
    EXPECT_EQ(Message("").size(), 0U);
    EXPECT_TRUE(Message(""sv).text().empty());
    EXPECT_TRUE(Message(std::string_view()).bytes().empty());
    EXPECT_EQ(Message("a\0b"sv).size(), 3U);
    EXPECT_EQ(Message(std::string("a\0b", 3)).text(), "a\0b"sv);
}

}  // namespace
}  // namespace edgews
