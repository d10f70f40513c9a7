#include "net/connection/log_line.hpp"

#include "core/kernels/utf8.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>
#include <span>
#include <utility>

namespace edgews {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view ellipsis = "\xE2\x80\xA6";     // U+2026

// As syslog(3) counts them.
char priority_of(EventLevel level) noexcept {
    switch (level) {
        case EventLevel::info: return '6';
        case EventLevel::notice: return '5';
        case EventLevel::warning: return '4';
        case EventLevel::error: return '3';
    }
    return '3';
}

// The first character of `text`, which is not empty. Nothing: no character begins there.
std::string_view first_character(std::string_view text) noexcept {
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t size = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    const std::string_view character = text.substr(0, size);
    return character.size() == size && is_utf8(character) ? character : std::string_view();
}

// Requires: UTF-8.
unsigned code_point_of(std::string_view character) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    if (character.size() == 1) return byte(0);
    unsigned code_point = byte(0) & (0x7FU >> character.size());
    for (std::size_t i = 1; i < character.size(); ++i) {
        code_point = (code_point << 6) | (byte(i) & 0x3FU);
    }
    return code_point;
}

// What a terminal would obey, what ends a line, and what turns the direction of text (UAX #9).
bool is_dangerous(unsigned code_point) noexcept {
    const auto is_in = [&](unsigned first, unsigned last) {
        return code_point >= first && code_point <= last;
    };
    return is_in(0, 0x1F) || is_in(0x7F, 0x9F) || is_in(0x2028, 0x202E) || is_in(0x2066, 0x2069) ||
           is_in(0x200E, 0x200F) || code_point == 0x61C;
}

}  // namespace

LogLine::LogLine(LogFormat format, LogStamp stamp, EventLevel level, std::uint64_t time_ms) noexcept
    : is_json_(format == LogFormat::json) {
    const bool has_time = stamp == LogStamp::time;
    if (!has_time) {
        const std::array prefix{'<', priority_of(level), '>'};
        append({prefix.data(), prefix.size()});
    }
    if (is_json_) append("{");
    if (has_time && is_json_) append("\"time\":\"");
    if (has_time) append_time(time_ms);
    if (has_time && is_json_) append("\"");
    is_first_ = !has_time;
    add("level", name_of(level));
}

void LogLine::add(std::string_view name, std::uint64_t number) noexcept {
    begin_member(name);
    append_digits(number, 1);
}

void LogLine::add(std::string_view name, std::string_view word) noexcept {
    begin_member(name);
    if (is_json_) append("\"");
    append(word);
    if (is_json_) append("\"");
}

void LogLine::add_quoted(std::string_view name, std::string_view text,
                         std::size_t size_max_of_it) noexcept {
    begin_member(name);
    append("\"");
    const std::size_t end = size_ + size_max_of_it;
    while (!text.empty() && size_ < end) {
        const std::string_view character = first_character(text);
        character.empty() ? append(replacement) : append_character(character);
        text.remove_prefix(std::max<std::size_t>(character.size(), 1));
    }
    if (!text.empty()) append(ellipsis);
    append("\"");
}

std::string_view LogLine::finish() noexcept {
    append(is_json_ ? "}\n" : "\n");
    return {bytes_.data(), size_};
}

void LogLine::append(std::string_view text) noexcept {
    assert(text.size() <= bytes_.size() - size_);  // What may be long is bounded one by one.
    std::memcpy(bytes_.data() + size_, text.data(), text.size());
    size_ += text.size();
}

// "2026-11-30T21:00:00.123Z"
void LogLine::append_time(std::uint64_t time_ms) noexcept {
    using std::chrono::days;
    using std::chrono::milliseconds;
    const std::chrono::sys_time<milliseconds> time{milliseconds(time_ms)};
    const auto midnight = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date(midnight);
    const std::chrono::hh_mm_ss<milliseconds> of_day(time - midnight);
    append_digits(static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
    append("-");
    append_digits(static_cast<unsigned>(date.month()), 2);
    append("-");
    append_digits(static_cast<unsigned>(date.day()), 2);
    append("T");
    append_digits(static_cast<std::uint64_t>(of_day.hours().count()), 2);
    append(":");
    append_digits(static_cast<std::uint64_t>(of_day.minutes().count()), 2);
    append(":");
    append_digits(static_cast<std::uint64_t>(of_day.seconds().count()), 2);
    append(".");
    append_digits(static_cast<std::uint64_t>(of_day.subseconds().count()), 3);
    append("Z");
}

// With zeros in front of it, if it has fewer.
void LogLine::append_digits(std::uint64_t number, std::size_t digit_count) noexcept {
    std::array<char, 20> digits;
    std::size_t begin = digits.size();
    while (number > 0 || digits.size() - begin < digit_count) {
        digits[--begin] = static_cast<char>('0' + number % 10);
        number /= 10;
    }
    append({digits.data() + begin, digits.size() - begin});
}

// Requires: of the basic plane.
void LogLine::append_escape(unsigned code_point) noexcept {
    constexpr std::string_view hex = "0123456789abcdef";
    append("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) append(hex.substr((code_point >> shift) & 15, 1));
}

void LogLine::append_character(std::string_view character) noexcept {
    const unsigned code_point = code_point_of(character);
    if (is_dangerous(code_point)) return append_escape(code_point);
    if (character == "\"" || character == "\\") append("\\");
    append(character);
}

void LogLine::begin_member(std::string_view name) noexcept {
    if (!std::exchange(is_first_, false)) append(is_json_ ? "," : " ");
    if (is_json_) append("\"");
    append(name);
    append(is_json_ ? "\":" : "=");
}

}  // namespace edgews
