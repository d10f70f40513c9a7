// How a text is read.
//
//     value ──▶ behind a value ──▶ value …       [1, 2]
//     value ──▶ key ──▶ value …                  {"a": 1}
//
// A value that holds others is one bit of a stack, which says whether it is an object. A text
// without brackets is read as if it stood in an array that never ends.
#include "core/socketio/json_scan.hpp"

#include "core/base/ascii.hpp"
#include "core/kernels/utf8.hpp"
#include "core/socketio/json_plain.hpp"
#include "core/socketio/json_string.hpp"

#include <array>
#include <cassert>
#include <cstdint>

namespace edgews::sio {
namespace {

constexpr std::string_view placeholder_key = "_placeholder";

constexpr bool is_space(char c) noexcept {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace

std::string_view describe(JsonFault fault) noexcept {
    switch (fault) {
        case JsonFault::none: return "No rule was broken.";
        case JsonFault::cut: return "The JSON text ends too early.";
        case JsonFault::character_unexpected: return "A character must not stand there in JSON.";
        case JsonFault::number_malformed: return "A number is not as JSON has them.";
        case JsonFault::control_character: return "A string has a control character in it.";
        case JsonFault::escape_malformed: return "A backslash in a string begins no escape.";
        case JsonFault::too_deep: return "The JSON text is nested deeper than the limit.";
        case JsonFault::text_behind: return "Something follows the JSON value.";
        case JsonFault::not_utf8: return "The JSON text is not UTF-8.";
    }
    assert(false);
    return {};
}

class JsonScanner {
  public:
    // `scan` is borrowed, and as it is made.
    JsonScanner(std::string_view text, std::span<std::string_view> elements,
                JsonScan& scan) noexcept
        : text_(text), at_(text.data()), end_(at_ + text.size()), scan_(scan) {
        scan_.elements_ = elements;
    }

    void scan_value() noexcept {
        skip_space();
        note_kind();
        const char* const begin = at_;
        scan_.fault_ = read_values();
        if (scan_.fault_ != JsonFault::none) return;
        if (scan_.kind_ == JsonScan::Kind::array) {
            scan_.content_ = {begin + 1, static_cast<std::size_t>(at_ - begin) - 2};
        }
        skip_space();
        if (at_ != end_) scan_.fault_ = JsonFault::text_behind;
        check_utf8();
    }

    void scan_elements() noexcept {
        scan_.kind_ = JsonScan::Kind::array;
        scan_.content_ = text_;
        has_brackets_ = false;
        element_depth_ = depth_ = 1;
        skip_space();
        if (at_ != end_) scan_.fault_ = read_values();
        check_utf8();
    }

  private:
    enum class Step : std::uint8_t { value, key, behind_value, end };

    void note_kind() noexcept {
        using Kind = JsonScan::Kind;
        if (at_ == end_) return;
        switch (*at_) {
            case '{': scan_.kind_ = Kind::object; return;
            case '[':
                scan_.kind_ = Kind::array;
                element_depth_ = 1;
                return;
            case '"': scan_.kind_ = Kind::string; return;
            case 't':
            case 'f':
            case 'n': scan_.kind_ = Kind::literal; return;
            default: scan_.kind_ = Kind::number; return;
        }
    }

    // Outside strings all is ASCII.
    void check_utf8() noexcept {
        if (scan_.fault_ != JsonFault::none || !has_more_than_ascii_) return;
        if (!is_utf8(text_)) scan_.fault_ = JsonFault::not_utf8;
    }

    [[nodiscard]] JsonFault read_values() noexcept {
        JsonFault fault = JsonFault::none;
        step_ = Step::value;
        while (fault == JsonFault::none && step_ != Step::end) {
            switch (step_) {
                case Step::value: fault = read_value(); break;
                case Step::key: fault = read_key(); break;
                case Step::behind_value: fault = read_behind_value(); break;
                case Step::end: break;
            }
        }
        return fault;
    }

    [[nodiscard]] JsonFault read_value() noexcept {
        skip_space();
        if (at_ == end_) return JsonFault::cut;
        if (depth_ == element_depth_) element_ = at_;
        step_ = Step::behind_value;
        switch (*at_) {
            case '"': return read_string();
            case '[': return begin_aggregate(false);
            case '{': return begin_aggregate(true);
            case 't': return read_word("true");
            case 'f': return read_word("false");
            case 'n': return read_word("null");
            default: return read_number();
        }
    }

    [[nodiscard]] JsonFault begin_aggregate(bool is_object) noexcept {
        if (depth_ == json_depth_max) return JsonFault::too_deep;
        const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
        std::uint64_t& bits = objects_[depth_ / 64];
        bits = is_object ? bits | bit : bits & ~bit;
        ++depth_;
        ++at_;
        skip_space();
        if (at_ == end_) return JsonFault::cut;
        if (*at_ == (is_object ? '}' : ']')) {
            end_aggregate();
        } else {
            step_ = is_object ? Step::key : Step::value;
        }
        return JsonFault::none;
    }

    void end_aggregate() noexcept {
        ++at_;
        --depth_;
        step_ = Step::behind_value;
    }

    [[nodiscard]] JsonFault read_behind_value() noexcept {
        if (depth_ == element_depth_) add_element();
        if (depth_ == 0) {
            step_ = Step::end;
            return JsonFault::none;
        }
        skip_space();
        const bool is_bare = depth_ == 1 && !has_brackets_;
        if (at_ == end_) {
            step_ = Step::end;
            return is_bare ? JsonFault::none : JsonFault::cut;
        }
        const bool is_object = (objects_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64) & 1) != 0;
        if (*at_ == ',') {
            ++at_;
            step_ = is_object ? Step::key : Step::value;
            return JsonFault::none;
        }
        if (*at_ != (is_object ? '}' : ']') || is_bare) return JsonFault::character_unexpected;
        end_aggregate();
        return JsonFault::none;
    }

    void add_element() noexcept {
        if (scan_.element_count_ < scan_.elements_.size()) {
            scan_.elements_[scan_.element_count_] = {element_,
                                                     static_cast<std::size_t>(at_ - element_)};
        }
        ++scan_.element_count_;
    }

    [[nodiscard]] JsonFault read_key() noexcept {
        skip_space();
        if (at_ == end_) return JsonFault::cut;
        if (*at_ != '"') return JsonFault::character_unexpected;
        const char* const begin = at_;
        const JsonFault fault = read_string();
        if (fault != JsonFault::none) return fault;
        const std::string_view key(begin, static_cast<std::size_t>(at_ - begin));
        if (json_string_says(key, placeholder_key)) scan_.has_placeholder_ = true;
        skip_space();
        if (at_ == end_) return JsonFault::cut;
        if (*at_ != ':') return JsonFault::character_unexpected;
        ++at_;
        step_ = Step::value;
        return JsonFault::none;
    }

    // At its first quotation mark.
    [[nodiscard]] JsonFault read_string() noexcept {
        ++at_;
        for (;;) {
            at_ = find_special_in_json(text_.data(), at_, end_, has_more_than_ascii_);
            if (at_ == end_) return JsonFault::cut;
            const char c = *at_++;
            if (c == '"') return JsonFault::none;
            if (c != '\\') return JsonFault::control_character;
            const JsonFault fault = read_escape();
            if (fault != JsonFault::none) return fault;
        }
    }

    // Behind its backslash.
    [[nodiscard]] JsonFault read_escape() noexcept {
        constexpr std::string_view simple = "\"\\/bfnrt";
        if (at_ == end_) return JsonFault::cut;
        const char c = *at_++;
        if (c != 'u') {
            return simple.find(c) == simple.npos ? JsonFault::escape_malformed : JsonFault::none;
        }
        for (int i = 0; i < 4; ++i, ++at_) {
            if (at_ == end_) return JsonFault::cut;
            if (hex_value(*at_) < 0) return JsonFault::escape_malformed;
        }
        return JsonFault::none;
    }

    [[nodiscard]] JsonFault read_word(std::string_view word) noexcept {
        for (const char c : word) {
            if (at_ == end_) return JsonFault::cut;
            if (*at_ != c) return JsonFault::character_unexpected;
            ++at_;
        }
        return JsonFault::none;
    }

    // Section 6: an integer, and perhaps a fraction and an exponent.
    [[nodiscard]] JsonFault read_number() noexcept {
        if (*at_ != '-' && !is_digit(*at_)) return JsonFault::character_unexpected;
        if (*at_ == '-') ++at_;
        const bool begins_with_zero = at_ != end_ && *at_ == '0';
        const char* const begin = at_;
        JsonFault fault = read_digits();
        if (begins_with_zero && at_ - begin > 1) fault = JsonFault::number_malformed;
        if (fault == JsonFault::none && at_ != end_ && *at_ == '.') {
            ++at_;
            fault = read_digits();
        }
        if (fault == JsonFault::none && at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
            ++at_;
            if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
            fault = read_digits();
        }
        return fault;
    }

    // One at least.
    [[nodiscard]] JsonFault read_digits() noexcept {
        if (at_ == end_) return JsonFault::cut;
        if (!is_digit(*at_)) return JsonFault::number_malformed;
        while (at_ != end_ && is_digit(*at_)) ++at_;
        return JsonFault::none;
    }

    void skip_space() noexcept {
        while (at_ != end_ && is_space(*at_)) ++at_;
    }

    static constexpr std::size_t no_depth = SIZE_MAX;

    std::string_view text_;
    const char* at_;
    const char* end_;
    const char* element_ = nullptr;         // Where the element began that is being read.
    std::size_t depth_ = 0;                 // Arrays and objects that are open.
    std::size_t element_depth_ = no_depth;  // Where a value is an element that is asked for.
    Step step_ = Step::value;
    bool has_brackets_ = true;
    bool has_more_than_ascii_ = false;
    JsonScan& scan_;
    std::array<std::uint64_t, json_depth_max / 64> objects_{};  // One bit for each that is open.
};

JsonElements JsonScan::elements_from(std::size_t index) const noexcept {
    assert(fault_ == JsonFault::none);
    JsonElements result;
    if (index >= element_count_) return result;
    result.text_ = content_;
    if (index > 0) {
        assert(index < elements_.size());
        const char* const begin = elements_[index].data();
        result.text_.remove_prefix(static_cast<std::size_t>(begin - content_.data()));
    }
    result.count_ = element_count_ - index;
    result.has_placeholder_ = has_placeholder_;
    return result;
}

JsonScan scan_json(std::string_view text, std::span<std::string_view> elements) noexcept {
    JsonScan scan;
    JsonScanner(text, elements, scan).scan_value();
    return scan;
}

JsonScan scan_json_elements(std::string_view text) noexcept {
    JsonScan scan;
    JsonScanner(text, {}, scan).scan_elements();
    return scan;
}

}  // namespace edgews::sio
