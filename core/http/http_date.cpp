#include "core/http/http_date.hpp"

#include <algorithm>
#include <string_view>

namespace edgews {
namespace {

constexpr std::int64_t seconds_per_day = 86'400;
constexpr std::int64_t seconds_min = -62'167'219'200;  // 0000-01-01 00:00:00
constexpr std::int64_t seconds_max = 253'402'300'799;  // 9999-12-31 23:59:59
constexpr std::int64_t days_per_400_years = 146'097;
constexpr std::string_view weekdays = "ThuFriSatSunMonTueWed";  // 1970 began with a Thursday.
constexpr std::string_view months = "MarAprMayJunJulAugSepOctNovDecJanFeb";

struct CalendarDay {
    int year;
    int month;  // 0 is March: the leap day ends the year.
    int day;    // From 1.
};

CalendarDay calendar_day(std::int64_t days_since_1970) noexcept {
    const std::int64_t days = days_since_1970 + 719'468;  // Since 0000-03-01.
    const std::int64_t era =
        (days >= 0 ? days : days - days_per_400_years + 1) / days_per_400_years;
    const auto day_of_era = static_cast<int>(days - era * days_per_400_years);
    // Without the leap days before it, of 4, 100 and 400 years.
    const int year =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const int day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    const int month =
        (5 * day_of_year + 2) / 153;  // Five months have 153 days, wherever they begin.
    const int january_on = month >= 10 ? 1 : 0;
    return {.year = static_cast<int>(era) * 400 + year + january_on,
            .month = month,
            .day = day_of_year - (153 * month + 2) / 5 + 1};
}

void write_number(char* out, int value, int digits) noexcept {
    for (char* digit = out + digits; digit != out; value /= 10) {
        *--digit = static_cast<char>('0' + value % 10);
    }
}

}  // namespace

std::array<char, http_date_size> http_date(std::int64_t unix_seconds) noexcept {
    const std::int64_t seconds = std::clamp(unix_seconds, seconds_min, seconds_max);
    // Rounded down, before 1970, too.
    const std::int64_t second_of_day =
        (seconds % seconds_per_day + seconds_per_day) % seconds_per_day;
    const std::int64_t days = (seconds - second_of_day) / seconds_per_day;
    const CalendarDay date = calendar_day(days);
    const auto weekday = static_cast<std::size_t>((days % 7 + 7) % 7);
    const auto second = static_cast<int>(second_of_day);

    std::array<char, http_date_size> text;
    constexpr std::string_view form = "Thu, 01 Jan 1970 00:00:00 GMT";
    static_assert(form.size() == http_date_size);
    std::copy(form.begin(), form.end(), text.begin());
    char* const out = text.data();
    weekdays.copy(out, 3, 3 * weekday);
    write_number(out + 5, date.day, 2);
    months.copy(out + 8, 3, 3 * static_cast<std::size_t>(date.month));
    write_number(out + 12, date.year, 4);
    write_number(out + 17, second / 3'600, 2);
    write_number(out + 20, second / 60 % 60, 2);
    write_number(out + 23, second % 60, 2);
    return text;
}

}  // namespace edgews
