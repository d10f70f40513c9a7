// JSON strings: what one says, and how one is written (RFC 8259, section 7).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace edgews::sio {

// What a checked JSON string, given with its quotation marks, says: a view into it if nothing is
// escaped, else into `scratch`, which is overwritten. UTF-8: a surrogate without its other half,
// which JSON can say, is U+FFFD. Requires: scan_json() was content with it.
[[nodiscard]] std::string_view json_string_text(std::string_view string, std::string& scratch);

// Whether it says `text`: the same, without allocation. Requires: the same.
[[nodiscard]] bool json_string_says(std::string_view string, std::string_view text) noexcept;

// Appends `text` as a JSON string, with its quotation marks. False: it is not UTF-8, and nothing is
// written.
[[nodiscard]] bool append_json_string(std::string& out, std::string_view text);

}  // namespace edgews::sio
