// The media types of files, by the ends of their names.
#pragma once

#include <string_view>

namespace edgews {

// Of a file without a type.
inline constexpr std::string_view unknown_media_type = "application/octet-stream";

// What follows the last dot of a file's name: "html". Empty: there is none, or nothing before it.
[[nodiscard]] std::string_view extension_of(std::string_view path) noexcept;

// A value for Content-Type; `extension` in any case. Empty: it is not known.
[[nodiscard]] std::string_view media_type_of(std::string_view extension) noexcept;

}  // namespace edgews
