// The version of edgews (semver.org). The build reads it here: nothing else holds it.
#pragma once

#include <string_view>

namespace edgews {

inline constexpr std::string_view library_version = "0.1.0";

}  // namespace edgews
