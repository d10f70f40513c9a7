#include "core/stomp/head_scanner.hpp"

#include "core/stomp/frame_reader.hpp"

#include <algorithm>
#include <cassert>
#include <string_view>

namespace edgews::stomp {
namespace {

// The first `byte` of `text`, or its end.
std::size_t find_byte(std::string_view text, char byte) noexcept {
    return std::min(text.find(byte), text.size());
}

// A line, and a CR and an LF behind it.
std::size_t line_size_max(const FrameLimits& limits) noexcept {
    constexpr std::size_t eol_size_max = 2;
    return std::min(limits.header_size_max, SIZE_MAX - eol_size_max) + eol_size_max;
}

}  // namespace

HeadScanner::Result HeadScanner::scan(std::span<const std::byte> input,
                                      const FrameLimits& limits) noexcept {
    using Outcome = Result::Outcome;
    assert(size_ <= limits.head_size_max);
    const auto* const text = reinterpret_cast<const char*>(input.data());
    std::size_t at = 0;
    for (;;) {
        const std::size_t line_room = line_size_max(limits) - (size_ - line_begin_);
        const std::size_t head_room = limits.head_size_max - size_;
        const std::size_t end = at + std::min({input.size() - at, line_room, head_room});
        const std::string_view rest(text + at, end - at);
        const std::size_t found = at + find_byte(rest.substr(0, find_byte(rest, '\n')), '\0');
        if (found > at) ends_with_cr_ = text[found - 1] == '\r';
        size_ += found - at;
        at = found;
        if (at == end) {
            const Fault fault = limit_fault(limits);
            return {fault == Fault::none ? Outcome::more : Outcome::failed, at, fault};
        }
        ++at;
        const bool is_blank = text[found] == '\n' && size_ == line_begin_ + (ends_with_cr_ ? 1 : 0);
        if (is_blank) {
            ++size_;
            line_begin_ = size_;
            return {line_count_ == 0 ? Outcome::eol : Outcome::complete, at, Fault::none};
        }
        const Fault fault = end_line(text[found], limits);
        if (fault != Fault::none) return {Outcome::failed, at, fault};
    }
}

// What is wrong with a line whose end is not in sight yet, at a limit or between two bytes.
Fault HeadScanner::limit_fault(const FrameLimits& limits) const noexcept {
    if (size_ - line_begin_ == line_size_max(limits)) {
        return line_count_ == 0 ? Fault::unknown_command : Fault::header_too_long;
    }
    return size_ == limits.head_size_max ? Fault::head_too_big : Fault::none;
}

// The line is not blank. Its length comes before anything else, as if bytes came one by one.
Fault HeadScanner::end_line(char terminator, const FrameLimits& limits) noexcept {
    const std::size_t line_size = size_ - line_begin_ - (ends_with_cr_ ? 1 : 0);
    const bool is_command = line_count_ == 0;
    if (line_size > limits.header_size_max) {
        return is_command ? Fault::unknown_command : Fault::header_too_long;
    }
    if (terminator == '\0') return Fault::head_has_nul;
    // The first line is no header.
    if (line_count_ > limits.header_count_max) return Fault::too_many_headers;
    ++size_;
    line_begin_ = size_;
    ++line_count_;
    ends_with_cr_ = false;
    return Fault::none;
}

}  // namespace edgews::stomp
