#include <edgews/core/stomp/frame_reader.hpp>
#include <edgews/core/stomp/head_scanner.hpp>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace edgews::stomp {
namespace {

// Of LF and NUL, the first offset in [begin, end), or `end`. Eight bytes at once: a header line
// is too short for two calls of memchr (bench/micro/stomp_frame_bench.cpp).
std::size_t find_terminator(const char* text, std::size_t begin, std::size_t end) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t tops = ones * 0x80;
    while (end - begin >= sizeof(std::uint64_t)) {
        std::uint64_t word;
        std::memcpy(&word, text + begin, sizeof word);
        const std::uint64_t feeds = word ^ (ones * '\n');
        const std::uint64_t bits = (((word - ones) & ~word) | ((feeds - ones) & ~feeds)) & tops;
        if (bits != 0) {
            // The lowest bit is right, those above it may be no more than a borrow.
            if constexpr (std::endian::native != std::endian::little) break;
            return begin + static_cast<std::size_t>(std::countr_zero(bits)) / 8;
        }
        begin += sizeof word;
    }
    while (begin < end && text[begin] != '\n' && text[begin] != '\0') ++begin;
    return begin;
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
        const std::size_t found = find_terminator(text, at, end);
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
