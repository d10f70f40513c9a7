// The line that is being typed into wsc: keys in, lines out, and what the terminal is to show.
//
// In the kernel's own line editing nobody but the kernel knows that line, and what is printed
// meanwhile tears it apart. No I/O here; wsc_terminal.hpp makes the terminal hand over keys.
#pragma once

#include <wchar.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wsc {

class LineEditor {
  public:
    // Takes keys as a terminal sends them; calls take(line) for each that Enter ends. True: Ctrl-D
    // on an empty line, which ends the input; what follows is left out.
    template <class F>
    [[nodiscard]] bool feed(std::string_view keys, F&& take) {
        for (const char key : keys) {
            if (state_ != State::plain) {
                escape(key);
            } else if (key == '\n' || key == '\r') {
                remember();
                take(std::string_view(line_));
                replace({});
            } else if (key == control('D') && line_.empty()) {
                return true;
            } else {
                press(key);
            }
        }
        return false;
    }

    struct View {
        std::string text{};      // As much of the line as there is room for.
        std::size_t cursor = 0;  // The column in it.
    };
    [[nodiscard]] View view(std::size_t column_count) const {
        std::size_t begin = 0;
        while (begin < cursor_ && width(begin, cursor_) >= column_count) begin = after(begin);
        View view{.cursor = width(begin, cursor_)};
        std::size_t end = begin;
        while (end < line_.size() && width(begin, after(end)) < column_count) end = after(end);
        view.text = line_.substr(begin, end - begin);
        std::replace(view.text.begin(), view.text.end(), '\t', ' ');
        return view;
    }

  private:
    enum class State : std::uint8_t { plain, escape, sequence };

    static constexpr std::size_t history_count_max = 1'000;
    static constexpr std::size_t line_size_max = 64 * 1024;  // Further keys do nothing.
    static constexpr char control(char letter) noexcept { return static_cast<char>(letter & 0x1F); }

    void press(char key) {
        switch (key) {
            case '\x1b': state_ = State::escape; return;
            case '\x7f':
            case control('H'): return erase(before(cursor_), cursor_);
            case control('D'): return erase(cursor_, after(cursor_));
            case control('U'): return erase(0, cursor_);
            case control('K'): return erase(cursor_, line_.size());
            case control('W'): return erase(word_before(cursor_), cursor_);
            case control('A'): cursor_ = 0; return;
            case control('E'): cursor_ = line_.size(); return;
            case control('B'): cursor_ = before(cursor_); return;
            case control('F'): cursor_ = after(cursor_); return;
            case control('P'): return recall(history_index_ - 1);
            case control('N'): return recall(history_index_ + 1);
            default: break;
        }
        if (static_cast<unsigned char>(key) < 0x20 && key != '\t') return;
        if (line_.size() == line_size_max) return;
        line_.insert(cursor_++, 1, key);
    }

    // ESC [ A and the like; what is not known is passed over to its end.
    void escape(char key) {
        if (state_ == State::escape) {
            state_ = key == '[' || key == 'O' ? State::sequence : State::plain;
            parameter_ = '\0';
            return;
        }
        if (key >= '0' && key <= '?') {
            parameter_ = key;
            return;
        }
        state_ = State::plain;
        switch (key) {
            case 'A': return press(control('P'));
            case 'B': return press(control('N'));
            case 'C': return press(control('F'));
            case 'D': return press(control('B'));
            case 'H': return press(control('A'));
            case 'F': return press(control('E'));
            case '~':
                if (parameter_ == '3') press(control('D'));  // Delete.
                if (parameter_ == '1' || parameter_ == '7') press(control('A'));
                if (parameter_ == '4' || parameter_ == '8') press(control('E'));
                return;
            default: return;
        }
    }

    void replace(std::string line) {
        line_ = std::move(line);
        cursor_ = line_.size();
    }

    void erase(std::size_t begin, std::size_t end) {
        line_.erase(begin, end - begin);
        cursor_ = begin;
    }

    void remember() {
        if (!line_.empty() && (history_.empty() || history_.back() != line_)) {
            if (history_.size() == history_count_max) history_.erase(history_.begin());
            history_.push_back(line_);
        }
        history_index_ = history_.size();
    }

    // The one behind the last is what was being typed. An index out of range (-1 is one) is none.
    void recall(std::size_t index) {
        if (index > history_.size()) return;
        if (history_index_ == history_.size()) draft_ = line_;
        history_index_ = index;
        replace(index == history_.size() ? draft_ : history_[index]);
    }

    // Characters are what begins with no 10xxxxxx byte; combined ones are taken one by one.
    [[nodiscard]] bool is_inside(std::size_t at) const {
        return at < line_.size() && (line_[at] & 0xC0) == 0x80;
    }
    [[nodiscard]] std::size_t before(std::size_t at) const {
        if (at > 0) --at;
        while (at > 0 && is_inside(at)) --at;
        return at;
    }
    [[nodiscard]] std::size_t after(std::size_t at) const {
        if (at < line_.size()) ++at;
        while (is_inside(at)) ++at;
        return at;
    }
    [[nodiscard]] std::size_t word_before(std::size_t at) const {
        while (at > 0 && line_[at - 1] == ' ') --at;
        while (at > 0 && line_[at - 1] != ' ') --at;
        return at;
    }

    // Columns that a piece of the line takes.
    [[nodiscard]] std::size_t width(std::size_t begin, std::size_t end) const {
        std::size_t columns = 0;
        for (std::size_t at = begin; at < end; at = after(at)) columns += width_of(at);
        return columns;
    }
    [[nodiscard]] std::size_t width_of(std::size_t at) const {
        const auto first = static_cast<unsigned char>(line_[at]);
        if (first < 0x80) return 1;
        std::uint32_t point =
            first >= 0xF0 ? first & 0x07U : first & (first >= 0xE0 ? 0x0FU : 0x1FU);
        for (std::size_t i = at + 1; is_inside(i); ++i) {
            point = point << 6 | (static_cast<unsigned char>(line_[i]) & 0x3FU);
        }
        const int columns = ::wcwidth(static_cast<wchar_t>(point));
        return columns < 0 ? 1 : static_cast<std::size_t>(columns);
    }

    std::string line_{};
    std::size_t cursor_ = 0;  // A byte of the line.
    State state_ = State::plain;
    char parameter_ = '\0';  // The last of the sequence.
    std::vector<std::string> history_{};
    std::size_t history_index_ = 0;  // Their count: the line is a new one.
    std::string draft_{};
};

}  // namespace wsc
