#include "core/http/http_date.hpp"

#include "core/base/number.hpp"

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

// The inverse.
std::int64_t days_since_1970(const CalendarDay& date) noexcept {
    const std::int64_t year = date.year - (date.month >= 10 ? 1 : 0);  // That began in March.
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t day_of_year = (153 * date.month + 2) / 5 + date.day - 1;
    const std::int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * days_per_400_years + day_of_era - 719'468;
}

// -1: these are no digits alone.
int read_number(std::string_view text) noexcept {
    const auto number = parse_number<std::uint32_t>(text);
    return number ? static_cast<int>(*number) : -1;
}

// Of its form: "06", "Nov", "1994", "08:49:37". A leap second is the second before it.
std::optional<std::int64_t> seconds_of(int day, std::string_view month_name, int year,
                                       std::string_view time) noexcept {
    const std::size_t month = month_name.size() == 3 ? months.find(month_name) : months.npos;
    if (month == months.npos || month % 3 != 0 || year < 0 || time[2] != ':' || time[5] != ':')
        return std::nullopt;
    const CalendarDay date{.year = year, .month = static_cast<int>(month / 3), .day = day};
    const std::int64_t days = days_since_1970(date);
    if (day < 1 || calendar_day(days).day != day) return std::nullopt;
    const int hour = read_number(time.substr(0, 2));
    const int minute = read_number(time.substr(3, 2));
    const int second = read_number(time.substr(6, 2));
    const bool is_time =
        hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
    if (!is_time) return std::nullopt;
    return days * seconds_per_day + hour * 3'600 + minute * 60 + std::min(second, 59);
}

// "06-Nov-94 08:49:37 GMT"
std::optional<std::int64_t> parse_rfc850(std::string_view text, std::int64_t now) noexcept {
    constexpr std::int64_t year_seconds = 31'556'952;
    if (text.size() != 22 || text[2] != '-' || text[6] != '-' || text[9] != ' ') return {};
    const int last_digits = read_number(text.substr(7, 2));
    if (last_digits < 0 || text.substr(18) != " GMT") return {};
    const int latest = calendar_day(now / seconds_per_day).year + 50;
    int year = latest - latest % 100 + last_digits;
    if (year > latest) year -= 100;
    const auto seconds =
        seconds_of(read_number(text.substr(0, 2)), text.substr(3, 3), year, text.substr(10, 8));
    if (!seconds || *seconds <= now + 50 * year_seconds) return seconds;
    return seconds_of(read_number(text.substr(0, 2)), text.substr(3, 3), year - 100,
                      text.substr(10, 8));
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

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now) noexcept {
    const std::size_t comma = text.find(", ");
    if (comma == std::string_view::npos) {  // "Sun Nov  6 08:49:37 1994"
        if (text.size() != 24) return {};
        const std::size_t day_begin = text[8] == ' ' ? 9 : 8;
        return seconds_of(read_number(text.substr(day_begin, 10 - day_begin)), text.substr(4, 3),
                          read_number(text.substr(20, 4)), text.substr(11, 8));
    }
    if (comma != 3) return parse_rfc850(text.substr(comma + 2), now);
    if (text.size() != http_date_size || text.substr(25) != " GMT") return {};
    return seconds_of(read_number(text.substr(5, 2)), text.substr(8, 3),
                      read_number(text.substr(12, 4)), text.substr(17, 8));
}

}  // namespace edgews
