#include "core/http/media_type.hpp"

#include "core/base/ascii.hpp"

#include <array>

namespace edgews {

namespace {

struct Row {
    std::string_view extension;
    std::string_view type;
};

// What the web is made of. JavaScript's is that of RFC 9239.
constexpr std::array rows{
    Row{"html", "text/html; charset=utf-8"},
    Row{"htm", "text/html; charset=utf-8"},
    Row{"css", "text/css; charset=utf-8"},
    Row{"js", "text/javascript; charset=utf-8"},
    Row{"mjs", "text/javascript; charset=utf-8"},
    Row{"json", "application/json"},
    Row{"map", "application/json"},
    Row{"webmanifest", "application/manifest+json"},
    Row{"wasm", "application/wasm"},
    Row{"txt", "text/plain; charset=utf-8"},
    Row{"md", "text/markdown; charset=utf-8"},
    Row{"csv", "text/csv; charset=utf-8"},
    Row{"xml", "application/xml"},
    Row{"svg", "image/svg+xml"},
    Row{"png", "image/png"},
    Row{"jpg", "image/jpeg"},
    Row{"jpeg", "image/jpeg"},
    Row{"gif", "image/gif"},
    Row{"webp", "image/webp"},
    Row{"avif", "image/avif"},
    Row{"ico", "image/x-icon"},
    Row{"woff", "font/woff"},
    Row{"woff2", "font/woff2"},
    Row{"ttf", "font/ttf"},
    Row{"otf", "font/otf"},
    Row{"mp4", "video/mp4"},
    Row{"webm", "video/webm"},
    Row{"mp3", "audio/mpeg"},
    Row{"ogg", "audio/ogg"},
    Row{"wav", "audio/wav"},
    Row{"pdf", "application/pdf"},
    Row{"zip", "application/zip"},
    Row{"gz", "application/gzip"},
};

}  // namespace

std::string_view extension_of(std::string_view path) noexcept {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::size_t dot = name.rfind('.');
    const bool is_none = dot == std::string_view::npos || dot == 0;
    return is_none ? std::string_view{} : name.substr(dot + 1);
}

std::string_view media_type_of(std::string_view extension) noexcept {
    for (const Row& row : rows) {
        if (equals_ignoring_case(row.extension, extension)) return row.type;
    }
    return {};
}

}  // namespace edgews
