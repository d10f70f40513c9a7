// Invariants of what a client says of a file. A range lies within the file. A path has no segment
// that leads elsewhere. A tag that is put in front of a list is found, and what is the same
// strongly is so weakly. A date that is read is written, and read again. Data of any kind are one
// event.
//
// The input's first byte says which; the rest is the client's, and for events the application's.

#include "core/http/file_path.hpp"
#include "core/http/http_date.hpp"
#include "core/http/preconditions.hpp"
#include "core/http/requested_range.hpp"
#include "core/http/server_sent_event.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using edgews::RequestedRange;
using edgews::TagComparison;

void check(bool holds) {
    if (!holds) std::abort();
}

void check_range(std::string_view header) {
    for (const std::uint64_t size :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{10'000}, UINT64_MAX}) {
        const RequestedRange range = edgews::parse_range(header, size);
        if (range.kind != RequestedRange::Kind::part) continue;
        check(range.size > 0);
        check(range.first < size);
        check(range.size <= size - range.first);
    }
}

void check_path(std::string_view rest) {
    const auto path = edgews::file_path(rest, edgews::HiddenFiles::none);
    if (!path) return;
    check(path->find('\0') == std::string::npos);
    check(path->find('\\') == std::string::npos);
    check(path->find("//") == std::string::npos);
    check(("/" + *path).find("/.") == std::string::npos);
    check(!path->starts_with('/'));
    check(std::ranges::count(*path, '/') == std::ranges::count(rest, '/'));
    check(edgews::file_path(rest, edgews::HiddenFiles::well_known_only) == path);
}

void check_tags(std::string_view list) {
    const std::string_view tag = "\"a\"";
    const bool is_strong = edgews::lists_entity_tag(list, tag, TagComparison::strong);
    check(!is_strong || edgews::lists_entity_tag(list, tag, TagComparison::weak));
    check(!is_strong || list.find(tag) != std::string_view::npos || list.find('*') != list.npos);
    check(edgews::lists_entity_tag(std::string(tag) + ',' + std::string(list), tag,
                                   TagComparison::strong));
}

void check_date(std::string_view text) {
    constexpr std::int64_t now = 1'700'000'000;
    const auto seconds = edgews::parse_http_date(text, now);
    if (!seconds) return;
    const auto written = edgews::http_date(*seconds);
    check(edgews::parse_http_date({written.data(), written.size()}, now) == seconds);
}

void check_event(std::string_view text) {
    const std::string_view name = text.substr(0, text.find('|'));
    const std::string_view data = text.substr(std::min(name.size() + 1, text.size()));
    std::string event;
    if (!edgews::append_event(event, {.data = data, .name = name, .id = name})) {
        check(event.empty());
        check(name.find_first_of(std::string_view("\r\n\0", 3)) != name.npos);
        return;
    }
    check(event.find('\r') == std::string::npos);
    check(event.find("\n\n") == event.size() - 2);
    for (std::string_view rest = event; rest != "\n"; rest.remove_prefix(rest.find('\n') + 1)) {
        check(rest.starts_with("data: ") || rest.starts_with("event: ") ||
              rest.starts_with("id: "));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    switch (data[0] % 5) {
        case 0: check_range(text); break;
        case 1: check_path(text); break;
        case 2: check_tags(text); break;
        case 3: check_date(text); break;
        default: check_event(text); break;
    }
    return 0;
}
