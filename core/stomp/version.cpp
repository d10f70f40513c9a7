#include "core/stomp/version.hpp"

#include "core/base/ascii.hpp"

namespace edgews::stomp {

std::string_view to_string(Version version) noexcept {
    switch (version) {
        case Version::v1_0: return "1.0";
        case Version::v1_1: return "1.1";
        case Version::v1_2: return "1.2";
    }
    return {};
}

bool lists(std::string_view accept_version, Version version) noexcept {
    ListReader entries(accept_version);
    for (std::string_view entry = entries.next(); !entry.empty(); entry = entries.next()) {
        if (entry == to_string(version)) return true;
    }
    return false;
}

std::optional<Version> negotiate(std::string_view accept_version) noexcept {
    for (const Version version : {Version::v1_2, Version::v1_1, Version::v1_0}) {
        if (lists(accept_version, version)) return version;
    }
    return std::nullopt;
}

}  // namespace edgews::stomp
