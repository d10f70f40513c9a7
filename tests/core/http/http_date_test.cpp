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

constexpr std::int64_t now_2023 = 1'700'000'000;

// The three examples of RFC 9110, section 5.6.7, are of one moment.
TEST(HttpDate, is_read_in_three_forms) {
    for (const std::string_view text :
         {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
          "Sun Nov  6 08:49:37 1994"}) {
        EXPECT_EQ(parse_http_date(text, now_2023), 784'111'777) << text;
    }
    EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", now_2023), 784'975'777);
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:60 GMT", now_2023), 784'111'799);
}

TEST(HttpDate, what_is_written_is_read) {
    for (std::int64_t seconds = -62'167'219'200; seconds < 253'402'300'800;
         seconds += 123'456'789) {
        const auto text = http_date(seconds);
        EXPECT_EQ(parse_http_date({text.data(), text.size()}, now_2023), seconds);
    }
}

// Section 5.6.7: no more than 50 years ahead.
TEST(HttpDate, two_digits_name_the_last_year_that_is_near) {
    EXPECT_EQ(parse_http_date("Friday, 06-Nov-20 08:49:37 GMT", now_2023),
              parse_http_date("Fri, 06 Nov 2020 08:49:37 GMT", now_2023));
    EXPECT_EQ(parse_http_date("Monday, 06-Nov-72 08:49:37 GMT", now_2023),
              parse_http_date("Sun, 06 Nov 2072 08:49:37 GMT", now_2023));
    EXPECT_EQ(parse_http_date("Monday, 31-Dec-73 08:49:37 GMT", now_2023),
              parse_http_date("Mon, 31 Dec 1973 08:49:37 GMT", now_2023));
    EXPECT_EQ(parse_http_date("Wednesday, 06-Nov-74 08:49:37 GMT", now_2023),
              parse_http_date("Wed, 06 Nov 1974 08:49:37 GMT", now_2023));
}

TEST(HttpDate, what_is_none_is_not_read) {
    for (const std::string_view text : {"",
                                        "yesterday",
                                        "0",
                                        "Sun, 06 Nov 1994 08:49:37",
                                        "Sun, 06 Nov 1994 08:49:37 UTC",
                                        "Sun, 6 Nov 1994 08:49:37 GMT",
                                        "Sun, 32 Oct 1994 08:49:37 GMT",
                                        "Sun, 00 Oct 1994 08:49:37 GMT",
                                        "Sun, 30 Feb 1994 08:49:37 GMT",
                                        "Sun, 06 Nvo 1994 08:49:37 GMT",
                                        "Sun, 06 rAp 1994 08:49:37 GMT",
                                        "Sun, 06 Nov 1994 24:49:37 GMT",
                                        "Sun, 06 Nov 1994 08:60:37 GMT",
                                        "Sun, 06 Nov 1994 08:49:61 GMT",
                                        "Sun, 06 Nov 1994 08-49-37 GMT",
                                        "Sun, -6 Nov 1994 08:49:37 GMT",
                                        "Sun, 06 Nov 19x4 08:49:37 GMT",
                                        "Sunday, 06 Nov 94 08:49:37 GMT",
                                        "Sunday, 06-Nov-9x 08:49:37 GMT",
                                        "Sunday, ",
                                        "Sun Nov 66 08:49:37 1994",
                                        "Sun Nov  x 08:49:37 1994",
                                        "Sun Nov  6 08:49:37 19x4",
                                        "Tue, 29 Feb 2100 00:00:00 GMT"}) {
        EXPECT_FALSE(parse_http_date(text, now_2023)) << text;
    }
    EXPECT_TRUE(parse_http_date("Tue, 29 Feb 2000 00:00:00 GMT", now_2023));
}

}  // namespace
}  // namespace edgews
