// Invariants: of any bytes, the scanner says what the grammar says, read a second time: whether it
// is JSON, where the elements of an array are, and whether a "_placeholder" is in it. Elements are
// JSON wherever they are put: alone, and behind others in another array. A string, read and written
// again, says the same.
#include "tests/support/json_reference.hpp"

#include "core/kernels/utf8.hpp"
#include "core/socketio/json_scan.hpp"
#include "core/socketio/json_string.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace edgews::sio;

void check(bool holds) {
    if (!holds) std::abort();
}

void check_string(std::string_view string) {
    std::string scratch;
    const std::string text(json_string_text(string, scratch));
    check(edgews::is_utf8(text));
    check(json_string_says(string, text));
    check(!json_string_says(string, text + 'x'));
    std::string again;
    check(append_json_string(again, text));
    check(scan_json(again).fault() == JsonFault::none);
    check(json_string_text(again, scratch) == text);
}

void check_elements(const JsonScan& scan) {
    const JsonElements elements = scan.elements_from(0);
    check(elements.count() == scan.element_count());
    const JsonScan alone = scan_json_elements(elements.text());
    check(alone.fault() == JsonFault::none);
    check(alone.element_count() == scan.element_count());
    check(alone.has_placeholder() == scan.has_placeholder());
    std::string array = "[\"name\"";
    if (!elements.is_empty()) array.append(",").append(elements.text());
    const JsonScan spliced = scan_json(array.append("]"));
    check(spliced.fault() == JsonFault::none);
    check(spliced.element_count() == scan.element_count() + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto block = std::make_unique<char[]>(size);
    std::copy_n(reinterpret_cast<const char*>(data), size, block.get());
    const std::string_view text(block.get(), size);
    if (std::ranges::count(text, '[') + std::ranges::count(text, '{') > 2000)
        return 0;  // Its stack.

    std::array<std::string_view, 16> elements;
    const JsonScan scan = scan_json(text, elements);
    const edgews::test::JsonReference reference(text);
    const bool is_json = reference.is_valid() && reference.depth() <= json_depth_max;
    check((scan.fault() == JsonFault::none) == is_json);
    if (scan_json_elements(text).fault() == JsonFault::none && !text.empty()) {
        std::string array = "[";
        check(scan_json(array.append(text).append("]")).fault() == JsonFault::none);
    }
    if (!is_json) return 0;
    check(scan.has_placeholder() == reference.has_placeholder());
    check(scan.element_count() == reference.elements().size());
    for (std::size_t i = 0; i < std::min(scan.element_count(), elements.size()); ++i) {
        check(elements[i] == reference.elements()[i]);
    }
    if (scan.kind() == JsonScan::Kind::array) check_elements(scan);
    if (scan.kind() == JsonScan::Kind::string) {
        const std::size_t begin = text.find('"');
        check_string(text.substr(begin, text.rfind('"') + 1 - begin));
    }
    return 0;
}
