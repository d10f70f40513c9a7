// The path of a file beneath a directory that the path of a request names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace edgews {

enum class HiddenFiles : unsigned char {
    none,             // No segment begins with a dot.
    well_known_only,  // But the first may be ".well-known" (RFC 8615).
};

// `rest`: of a request's path, percent-encoded, without a '/' in front. It is decoded once, segment
// by segment. Without a value it names nothing that is served: a segment is empty, but for the
// last; begins with a dot (so neither "." nor ".." is one); or has an escape that is none, a NUL, a
// slash that was encoded, or a backslash, which others take for one.
// Empty text, or a '/' at the end: a directory.
[[nodiscard]] std::optional<std::string> file_path(std::string_view rest, HiddenFiles hidden);

}  // namespace edgews
