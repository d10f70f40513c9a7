// Messages: views of what the application has.
#include "tests/support/bytes.hpp"

#include <gtest/gtest.h>

#include <edgews/message.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

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

template <class Range>
void expect_binary(Range range) {
    for (const Message message : {Message(range), Message::binary(range)}) {
        EXPECT_FALSE(message.is_text());
        EXPECT_EQ(message.size(), std::size(range));
        EXPECT_EQ(static_cast<const void*>(message.bytes().data()), std::data(range));
    }
}

TEST(Message, what_is_bytes_by_its_type_is_binary) {
    std::vector<std::uint8_t> octets{1, 2, 3};
    expect_binary<const std::vector<std::uint8_t>&>(octets);
    expect_binary(std::span(octets));
    expect_binary(std::span<const std::uint8_t>(octets));
    std::array<std::byte, 4> bytes{};
    expect_binary<const std::array<std::byte, 4>&>(bytes);
    expect_binary(std::span(bytes));
    expect_binary(std::as_bytes(std::span(bytes)));
    static_assert(!std::is_constructible_v<Message, std::vector<char>>);
    static_assert(!std::is_constructible_v<Message, std::vector<int>>);
}

TEST(Message, binary_in_a_string_is_so_by_name) {
    const std::string packed("\xff\0\1", 3);
    const Message message = Message::binary(packed);
    EXPECT_FALSE(message.is_text());
    EXPECT_EQ(message.text(), packed);
    EXPECT_EQ(Message::binary("x").kind(), Message::Kind::binary);
    EXPECT_EQ(Message::text("x").kind(), Message::Kind::text);
}

TEST(Message, only_text_of_the_application_is_unchecked) {
    const test::Bytes bytes = test::bytes_of("text");
    EXPECT_TRUE(Message("text").is_unchecked());
    EXPECT_TRUE(Message::text("text").is_unchecked());
    EXPECT_TRUE(Message(Message::Kind::text, bytes).is_unchecked());
    EXPECT_FALSE(Message(bytes).is_unchecked());
    EXPECT_FALSE(Message(Message::Kind::binary, bytes).is_unchecked());
    EXPECT_FALSE(Message::checked(Message::Kind::text, bytes).is_unchecked());
    EXPECT_TRUE(Message::checked(Message::Kind::text, bytes).is_text());
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
