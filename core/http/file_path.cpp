#include "core/http/file_path.hpp"

#include "core/http/url.hpp"

#include <algorithm>

namespace edgews {

namespace {

constexpr std::string_view well_known = ".well-known";
constexpr std::string_view not_in_names{"/\\\0", 3};

}  // namespace

std::optional<std::string> file_path(std::string_view rest, HiddenFiles hidden) {
    std::string path;
    while (!rest.empty()) {
        const std::size_t begin = path.size();
        const std::size_t end = std::min(rest.find('/'), rest.size());
        if (end == 0 || !percent_decode(rest.substr(0, end), path)) return std::nullopt;
        const std::string_view segment = std::string_view(path).substr(begin);
        if (segment.find_first_of(not_in_names) != std::string_view::npos) return std::nullopt;
        const bool is_well_known =
            hidden == HiddenFiles::well_known_only && begin == 0 && segment == well_known;
        if (segment.front() == '.' && !is_well_known) return std::nullopt;
        if (end < rest.size()) path += '/';
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return path;
}

}  // namespace edgews
