// One pass over a JSON text, which says whether it is JSON (RFC 8259), where the elements of an
// array are, and whether a "_placeholder" is in it.
//
// Nothing is parsed: whoever wants a value reads it from its text. But nothing goes unchecked
// either, for the text of one client becomes a part of what others are sent, and `1],["x"` among
// the arguments of an event would end it early, for everyone. So text gets into a packet as
// JsonElements only, which only come from here.
//
// No allocation and no recursion. Texts that JSON leaves to its readers:
// - Values may be 512 deep.
// - Numbers may be of any size, for they are not converted. Names may be there twice.
// - A surrogate without its other half may be escaped; JavaScript writes those.
// - No byte order mark.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace edgews::sio {

// Arrays and objects inside each other.
inline constexpr std::size_t json_depth_max = 512;

// What can be wrong with a text: one enumerator for each rule.
enum class JsonFault : std::uint8_t {
    none,
    cut,                   // It ends inside a value, or before one.
    character_unexpected,  // None that may stand there.
    number_malformed,      // RFC 8259, section 6: digits missing, or a zero before them.
    control_character,     // Section 7: in a string they are escaped.
    escape_malformed,      // Section 7: a backslash begins no escape.
    too_deep,              // More than json_depth_max.
    text_behind,           // Something follows the value.
    not_utf8,              // Section 8.1
};

// One sentence, fit for a log.
[[nodiscard]] std::string_view describe(JsonFault fault) noexcept;

// JSON values with commas between them, as in an array, that were checked. Or none.
class JsonElements {
  public:
    JsonElements() = default;

    [[nodiscard]] bool is_empty() const noexcept { return count_ == 0; }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    // Some object in them has a "_placeholder".
    [[nodiscard]] bool has_placeholder() const noexcept { return has_placeholder_; }

  private:
    friend class JsonScan;
    std::string_view text_{};
    std::size_t count_ = 0;
    bool has_placeholder_ = false;
};

// What was found in a text. All views are of the text.
class JsonScan {
  public:
    enum class Kind : std::uint8_t { object, array, string, number, literal };

    [[nodiscard]] JsonFault fault() const noexcept { return fault_; }
    // All below require: no fault.
    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool has_placeholder() const noexcept { return has_placeholder_; }
    // Of an array, else 0; also those for which there was no room.
    [[nodiscard]] std::size_t element_count() const noexcept { return element_count_; }
    // Those of an array from that one on, to its end. Requires: there was room for that one, or it
    // is the first.
    [[nodiscard]] JsonElements elements_from(std::size_t index) const noexcept;

  private:
    friend class JsonScanner;
    JsonFault fault_ = JsonFault::none;
    Kind kind_ = Kind::literal;
    bool has_placeholder_ = false;
    std::size_t element_count_ = 0;
    std::span<std::string_view> elements_{};  // Where they were written to.
    std::string_view content_{};              // Of an array: without its brackets.
};

// Checks a whole text, white space around it included. Of an array, the elements are written to
// `elements`, as many as it has room for.
[[nodiscard]] JsonScan scan_json(std::string_view text,
                                 std::span<std::string_view> elements = {}) noexcept;
// Checks elements without the brackets of their array, or white space, which is none. The result's
// kind is that of an array.
[[nodiscard]] JsonScan scan_json_elements(std::string_view text) noexcept;

}  // namespace edgews::sio
