// Range headers (RFC 9110, section 14).
#include "core/http/requested_range.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace edgews {
namespace {

struct Row {
    std::string_view header;
    std::uint64_t whole_size;
    RequestedRange range;
};

constexpr RequestedRange whole{};
constexpr RequestedRange none{.kind = RequestedRange::Kind::unsatisfiable};
constexpr RequestedRange part(std::uint64_t first, std::uint64_t size) {
    return {.kind = RequestedRange::Kind::part, .first = first, .size = size};
}

void expect_row(const Row& row) {
    const RequestedRange range = parse_range(row.header, row.whole_size);
    EXPECT_EQ(range.kind, row.range.kind) << row.header;
    EXPECT_EQ(range.first, row.range.first) << row.header;
    EXPECT_EQ(range.size, row.range.size) << row.header;
}

// The examples of section 14.1.2 are of a representation of 10,000 bytes.
TEST(RequestedRange, a_single_range_is_a_part) {
    const Row rows[] = {
        {"bytes=0-499", 10'000, part(0, 500)},
        {"bytes=500-999", 10'000, part(500, 500)},
        {"bytes=-500", 10'000, part(9'500, 500)},
        {"bytes=9500-", 10'000, part(9'500, 500)},
        {"bytes=0-0", 10'000, part(0, 1)},
        {"bytes=-1", 10'000, part(9'999, 1)},
        {"bytes=0-", 1, part(0, 1)},
        {"BYTES=0-1", 10'000, part(0, 2)},
        {"bytes= 0-1 ", 10'000, part(0, 2)},
        {"bytes=000-0001", 10'000, part(0, 2)},
    };
    for (const Row& row : rows) expect_row(row);
}

TEST(RequestedRange, what_is_beyond_the_end_is_cut_off_there) {
    const Row rows[] = {
        {"bytes=9999-20000", 10'000, part(9'999, 1)},
        {"bytes=-20000", 10'000, part(0, 10'000)},
        {"bytes=1-18446744073709551615", 10'000, part(1, 9'999)},
        {"bytes=1-99999999999999999999999", 10'000, part(1, 9'999)},
        {"bytes=0-18446744073709551615", UINT64_MAX, part(0, UINT64_MAX)},
        {"bytes=-99999999999999999999999", 10'000, part(0, 10'000)},
    };
    for (const Row& row : rows) expect_row(row);
}

TEST(RequestedRange, one_that_begins_beyond_the_end_cannot_be_satisfied) {
    const Row rows[] = {
        {"bytes=10000-", 10'000, none},
        {"bytes=10000-10001", 10'000, none},
        {"bytes=99999999999999999999999-", 10'000, none},
        {"bytes=-0", 10'000, none},
        {"bytes=0-", 0, none},
        {"bytes=0-0", 0, none},
    };
    for (const Row& row : rows) expect_row(row);
}

TEST(RequestedRange, what_is_no_single_range_of_bytes_is_ignored) {
    for (const std::string_view header :
         {"",          "bytes",       "bytes=",        "bytes=-",      "bytes=a-b",  "bytes=1",
          "bytes=5-4", "bytes=1-2-3", "bytes=0-1,3-4", "bytes=0-1,",   "bytes=,0-1", "bytes=0-x",
          "bytes=x-0", "bytes=--1",   "bytes=+1-2",    "bytes=0x1-2",  "bytes=1 -2", "bytes=1- 2",
          "lines=0-1", "bytes 0-1",   "bytes=-x",      "bytes=0-1;q=1"}) {
        expect_row({header, 10'000, whole});
    }
    expect_row({"bytes=-5", 0, whole});  // There is nothing that Content-Range could say.
}

}  // namespace
}  // namespace edgews
