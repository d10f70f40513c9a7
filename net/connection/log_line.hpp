// The lines of a log: whatever peers wrote, each stays one line, and of a bounded size.
#pragma once

#include <edgews/event.hpp>
#include <edgews/log.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace edgews {

class LogLine {
  public:
    // `stamp`: not `automatic`. `time_ms`: since 1970.
    LogLine(LogFormat format, LogStamp stamp, EventLevel level, std::uint64_t time_ms) noexcept;

    void add(std::string_view name, std::uint64_t number) noexcept;
    // Requires: letters, digits and punctuation that needs no quotation marks.
    void add(std::string_view name, std::string_view word) noexcept;
    // Any bytes, of which at most about `size_max` bytes are written.
    void add_quoted(std::string_view name, std::string_view text, std::size_t size_max) noexcept;
    // With its end. Valid as long as the line. Requires: it is called once.
    [[nodiscard]] std::string_view finish() noexcept;

    static constexpr std::size_t size_max = 2048;
    static constexpr std::size_t route_size_max = 256;
    static constexpr std::size_t text_size_max = 1024;

  private:
    void append(std::string_view text) noexcept;
    void append_time(std::uint64_t time_ms) noexcept;
    void append_digits(std::uint64_t number, std::size_t digit_count) noexcept;
    void append_escape(unsigned code_point) noexcept;
    void append_character(std::string_view character) noexcept;
    void begin_member(std::string_view name) noexcept;

    std::array<char, size_max> bytes_;
    std::size_t size_ = 0;
    bool is_json_;
    bool is_first_ = true;
};

}  // namespace edgews
