// Conditional requests (RFC 9110, section 13).
#include "core/http/preconditions.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace edgews {
namespace {

constexpr std::int64_t now = 1'700'000'000;
constexpr std::int64_t modified = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr Validators strong{
    .entity_tag = "\"a\"", .modified = modified, .is_modified_strong = true};
constexpr Validators weak{.entity_tag = "W/\"a\"", .modified = modified};

class Asked {
  public:
    explicit Asked(const std::string& lines)
        : text_("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n") {
        EXPECT_EQ(head_.parse(text_), HttpHead::Progress::complete) << lines;
    }
    [[nodiscard]] const HttpHead& head() const { return head_; }

  private:
    std::string text_;
    HttpHead head_{HttpLimits{}};
};

struct Row {
    const char* lines;
    Precondition of_strong;
    Precondition of_weak;
};

constexpr Precondition holds = Precondition::holds;
constexpr Precondition fails = Precondition::fails;
constexpr Precondition not_modified = Precondition::not_modified;

void expect_rows(std::span<const Row> rows) {
    for (const Row& row : rows) {
        const Asked asked(row.lines);
        EXPECT_EQ(check_preconditions(asked.head(), strong, now), row.of_strong) << row.lines;
        EXPECT_EQ(check_preconditions(asked.head(), weak, now), row.of_weak) << row.lines;
    }
}

TEST(Preconditions, of_entity_tags) {
    const Row rows[] = {
        {"", holds, holds},
        {"If-None-Match: \"a\"\r\n", not_modified, not_modified},
        {"If-None-Match: W/\"a\"\r\n", not_modified, not_modified},
        {"If-None-Match: *\r\n", not_modified, not_modified},
        {"If-None-Match: \"b\", \"a\"\r\n", not_modified, not_modified},
        {"If-None-Match: \"b\",,\t\"a\"\r\n", not_modified, not_modified},
        {"If-None-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n", not_modified, not_modified},
        {"If-None-Match: \"b\"\r\n", holds, holds},
        {"If-None-Match: a\r\n", holds, holds},
        {"If-None-Match: \"a\r\n", holds, holds},
        {"If-None-Match:\r\n", holds, holds},
        {"If-None-Match: \"b,\"a\"\r\n", holds, holds},
        {"If-None-Match: w/\"a\"\r\n", holds, holds},
        {"If-Match: \"a\"\r\n", holds, fails},
        {"If-Match: W/\"a\"\r\n", fails, fails},
        {"If-Match: *\r\n", holds, holds},
        {"If-Match: \"b\"\r\n", fails, fails},
        {"If-Match: \"b\", \"a\"\r\n", holds, fails},
        {"If-Match: \"a\"\r\nIf-None-Match: \"a\"\r\n", not_modified, fails},
        {"If-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n", fails, fails},
    };
    expect_rows(rows);
}

TEST(Preconditions, of_dates) {
    const Row rows[] = {
        {"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", not_modified, not_modified},
        {"If-Modified-Since: Sun, 06 Nov 1994 08:49:38 GMT\r\n", not_modified, not_modified},
        {"If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", holds, holds},
        {"If-Modified-Since: yesterday\r\n", holds, holds},
        {"If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", not_modified, not_modified},
        {"If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n", not_modified, not_modified},
        {"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", holds, holds},
        {"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", fails, fails},
        {"If-Unmodified-Since: yesterday\r\n", holds, holds},
    };
    expect_rows(rows);
}

// Section 13.2.2.
TEST(Preconditions, a_date_counts_only_without_a_tag) {
    const Row rows[] = {
        {"If-None-Match: \"b\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", holds,
         holds},
        {"If-None-Match: \"a\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n",
         not_modified, not_modified},
        {"If-Match: *\r\nIf-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", holds, holds},
    };
    expect_rows(rows);
}

TEST(Preconditions, without_validators_only_the_star_says_something) {
    const auto check = [](const char* lines) {
        return check_preconditions(Asked(lines).head(), {}, now);
    };
    EXPECT_EQ(check("If-None-Match: \"a\"\r\n"), holds);
    EXPECT_EQ(check("If-None-Match: *\r\n"), not_modified);
    EXPECT_EQ(check("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), holds);
    EXPECT_EQ(check("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), holds);
}

TEST(Preconditions, a_part_is_sent_to_who_has_others_of_the_same) {
    struct RangeRow {
        const char* lines;
        bool of_strong, of_weak;
    };
    const RangeRow rows[] = {
        {"", true, true},
        {"If-Range: \"a\"\r\n", true, false},
        {"If-Range: W/\"a\"\r\n", false, false},
        {"If-Range: \"b\"\r\n", false, false},
        {"If-Range: *\r\n", false, false},
        {"If-Range: \"a\", \"b\"\r\n", false, false},
        {"If-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n", true, false},
        {"If-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n", false, false},
        {"If-Range: Sun, 06 Nov 1994 08:49:36 GMT\r\n", false, false},
        {"If-Range: yesterday\r\n", false, false},
        {"If-Range: \"a\"\r\nIf-Range: \"a\"\r\n", false, false},
    };
    for (const RangeRow& row : rows) {
        const Asked asked(row.lines);
        EXPECT_EQ(range_may_be_sent(asked.head(), strong, now), row.of_strong) << row.lines;
        EXPECT_EQ(range_may_be_sent(asked.head(), weak, now), row.of_weak) << row.lines;
    }
}

}  // namespace
}  // namespace edgews
