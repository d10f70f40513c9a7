// The Date header's value (RFC 9110, section 5.6.7).
#include "core/http/http_date.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <ctime>
#include <string>

namespace edgews {
namespace {

std::string date_of(std::int64_t seconds) {
    const auto date = http_date(seconds);
    return {date.data(), date.size()};
}

TEST(HttpDate, the_example_of_the_rfc_comes_out) {
    EXPECT_EQ(date_of(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpDate, leap_days_and_ends_of_years_are_right) {
    EXPECT_EQ(date_of(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(date_of(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
    EXPECT_EQ(date_of(951'782'400), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(date_of(4'107'542'399), "Sun, 28 Feb 2100 23:59:59 GMT");
    EXPECT_EQ(date_of(4'107'542'400), "Mon, 01 Mar 2100 00:00:00 GMT");
}

TEST(HttpDate, what_has_no_year_of_four_digits_is_the_last_that_has) {
    EXPECT_EQ(date_of(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    EXPECT_EQ(date_of(INT64_MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
}

// Two days in every three, over all of the years that the system's own can write so.
TEST(HttpDate, every_day_is_the_systems) {
    for (std::int64_t seconds = -62'167'219'200; seconds < 253'402'300'799; seconds += 129'601) {
        const std::time_t time = seconds;
        std::tm parts{};
        ASSERT_NE(::gmtime_r(&time, &parts), nullptr);
        char text[64];
        // strftime writes a year below 1000 without its zeros.
        std::strftime(text, sizeof text, "%a, %d %b ", &parts);
        std::string expected = text;
        const std::string year = std::to_string(parts.tm_year + 1900);
        std::strftime(text, sizeof text, " %H:%M:%S GMT", &parts);
        expected += std::string(4 - year.size(), '0') + year + text;
        ASSERT_EQ(date_of(seconds), expected) << seconds;
    }
}

}  // namespace
}  // namespace edgews
