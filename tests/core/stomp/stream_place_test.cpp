// Where a stream's subscription goes on after a loss.
#include "core/stomp/stream_place.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Step = StreamPlace::Step;

std::optional<StreamPlace> asked(std::vector<Header> headers) {
    return StreamPlace::of({.command = Command::subscribe, .headers = headers});
}

Step take(StreamPlace& place, std::string_view number) {
    const std::array<Header, 1> headers{{{"x-stream-offset", number}}};
    return place.take({.command = Command::message, .headers = headers});
}

TEST(StompStreamPlace, a_subscribe_says_that_it_is_about_a_stream) {
    EXPECT_TRUE(asked({{"x-queue-type", "stream"}}));
    EXPECT_TRUE(asked({{"id", "1"}, {"x-stream-offset", "next"}}));
    EXPECT_FALSE(asked({}));
    EXPECT_FALSE(asked({{"x-queue-type", "quorum"}}));
    EXPECT_FALSE(asked({{"x-queue-type", "classic"}, {"x-queue-type", "stream"}}));
}

TEST(StompStreamPlace, it_goes_on_behind_the_last_message) {
    StreamPlace place = *asked({{"x-stream-offset", "first"}});
    EXPECT_EQ(place.resume(), "first");
    EXPECT_EQ(take(place, "0"), Step::next);
    EXPECT_EQ(place.resume(), "offset=1");
    EXPECT_EQ(place.resume(), "offset=1");
    EXPECT_EQ(take(place, "1"), Step::next);
    EXPECT_EQ(take(place, "41"), Step::next);
    EXPECT_EQ(place.resume(), "offset=42");
    EXPECT_EQ(take(place, "18446744073709551614"), Step::skips);
    EXPECT_EQ(place.resume(), "offset=18446744073709551615");
}

TEST(StompStreamPlace, only_the_first_after_a_loss_can_skip) {
    StreamPlace place = *asked({{"x-queue-type", "stream"}});
    EXPECT_EQ(take(place, "7"), Step::next);
    EXPECT_EQ(take(place, "9"), Step::next);
    EXPECT_EQ(place.resume(), "offset=10");
    EXPECT_EQ(take(place, "12"), Step::skips);
    EXPECT_EQ(take(place, "14"), Step::next);
}

TEST(StompStreamPlace, what_has_no_number_is_no_streams) {
    StreamPlace place = *asked({{"x-queue-type", "stream"}});
    EXPECT_EQ(place.take({.command = Command::message}), Step::unnumbered);
    for (const std::string_view number : {"", "-1", "x", "1 ", "18446744073709551616"}) {
        EXPECT_EQ(take(place, number), Step::unnumbered) << number;
    }
    EXPECT_EQ(place.resume(), "");
}

TEST(StompStreamPlace, what_moves_is_missed_until_something_came) {
    struct Row {
        std::string_view asked;
        bool has_to_miss;
    };
    for (const Row& row :
         {Row{"next", true}, Row{"last", true}, Row{"", true}, Row{"5m", true}, Row{"first", false},
          Row{"offset=0", false}, Row{"timestamp=9", false}}) {
        StreamPlace place = *asked({{"x-stream-offset", row.asked}});
        EXPECT_EQ(place.has_to_miss(), row.has_to_miss) << row.asked;
        EXPECT_EQ(place.resume(), row.asked);
        take(place, "3");
        EXPECT_FALSE(place.has_to_miss()) << row.asked;
    }
    EXPECT_TRUE(asked({{"x-queue-type", "stream"}})->has_to_miss());
}

}  // namespace
}  // namespace edgews::stomp::test
