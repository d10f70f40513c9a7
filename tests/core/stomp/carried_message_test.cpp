// A message on its way from one node's broker to another's.
#include "core/stomp/carried_message.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tests/support/allocations.hpp"
#include "tests/support/bytes.hpp"

namespace edgews::stomp {
namespace {

using edgews::test::allocation_count;
using edgews::test::text_of;

class CarriedMessage : public testing::Test {
  protected:
    // In a block of just their size.
    Content parse(std::string_view text, std::string_view topic = "/topic/a") {
        const auto bytes = std::as_bytes(std::span(text));
        const auto block = std::make_unique<std::byte[]>(bytes.size());
        std::copy(bytes.begin(), bytes.end(), block.get());
        return parse_carried({block.get(), bytes.size()}, topic, there, buffers);
    }
    static std::string carried(const Content& content) {
        std::string bytes;
        append_carried(bytes, content);
        EXPECT_EQ(bytes.size(), carried_size(content));
        return bytes;
    }

    BufferPool buffers{0};
    ContentPool here{"here"};
    ContentPool there{"there"};
};

TEST_F(CarriedMessage, it_has_the_senders_headers_and_body_and_nothing_of_its_broker) {
    const std::array headers{Header{"content-type", "text/plain"}, Header{"k", "1"},
                             Header{"receipt", "r"}, Header{"k", "2"}};
    const std::string body("a\0b", 3);
    const std::string bytes = carried(here.make(
        {.destination = "/topic/a", .headers = headers, .body = std::as_bytes(std::span(body))}));
    EXPECT_EQ(bytes,
              "MESSAGE\ndestination:/topic/a\ncontent-type:text/plain\nk:1\nk:2\n"
              "content-length:3\n\n" +
                  body + '\0');
    const Content content = parse(bytes);
    EXPECT_EQ(content.head(Version::v1_2),
              "message-id:there-1\ndestination:/topic/a\ncontent-type:text/plain\nk:1\nk:2\n"
              "content-length:3\n\n");
    EXPECT_EQ(text_of(content.body()), body);
    EXPECT_EQ(content.expires_ms(), 0U);
}

TEST_F(CarriedMessage, names_and_values_may_have_anything) {
    const std::array headers{Header{"a:b", "c:d\r\n\\"}, Header{"ä", "ö"}, Header{"empty", ""}};
    const Content sent = here.make({.destination = "/topic/:\\ä", .headers = headers});
    const Content content = parse(carried(sent), "/topic/:\\ä");
    for (const Version version : {Version::v1_0, Version::v1_1, Version::v1_2}) {
        EXPECT_EQ(content.head_after_id(version), sent.head_after_id(version));
    }
    EXPECT_EQ(content.destination(), "/topic/:\\ä");
}

TEST_F(CarriedMessage, it_goes_to_the_topic_that_it_came_by) {
    const Content sent = here.make({.destination = "/topic/a"});
    EXPECT_EQ(parse(carried(sent), "/topic/b").head_after_id(Version::v1_2),
              "destination:/topic/b\ncontent-length:0\n\n");
}

TEST_F(CarriedMessage, it_expires_there_as_it_does_here) {
    const std::array headers{Header{"expires", "1234"}};
    const Content sent =
        here.make({.destination = "/topic/a", .headers = headers, .expires_ms = 1234});
    EXPECT_EQ(parse(carried(sent)).expires_ms(), 1234U);
    EXPECT_EQ(parse("MESSAGE\nexpires:soon\n\n" + std::string(1, '\0')).expires_ms(), 0U);
}

TEST_F(CarriedMessage, what_is_none_is_empty) {
    const std::string bytes = carried(here.make({.destination = "/topic/a"}));
    EXPECT_TRUE(parse(bytes));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(parse(bytes.substr(0, size))) << size;
    }
    const std::string nul(1, '\0');
    for (const std::string& wrong :
         {bytes + "x", bytes + bytes, std::string("\n"), "SEND\n\n" + nul, "\n\n" + nul,
          "MESSAGE\nno colon\n\n" + nul, "MESSAGE\na:\\x\n\n" + nul, "MESSAGE\na:\xFF\n\n" + nul,
          "MESSAGE\ncontent-length:2\n\na" + nul,
          "MESSAGE\ncontent-length:18446744073709551615\n\n" + nul}) {
        EXPECT_FALSE(parse(wrong)) << wrong;
    }
}

TEST_F(CarriedMessage, it_takes_no_block_from_the_heap) {
    BufferPool pool;
    const std::array headers{Header{"k", "v"}, Header{"escaped", "a:b"}};
    std::string bytes;
    std::size_t before = 0;
    for (int i = 0; i < 200; ++i) {
        if (i == 100) before = allocation_count();
        const Content sent = here.make({.destination = "/topic/a", .headers = headers});
        bytes.clear();
        append_carried(bytes, sent);
        ASSERT_TRUE(parse_carried(std::as_bytes(std::span(bytes)), "/topic/a", there, pool));
    }
    EXPECT_EQ(allocation_count(), before);
}

}  // namespace
}  // namespace edgews::stomp
