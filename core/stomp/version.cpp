#include <edgews/core/http_token.hpp>
#include <edgews/core/stomp/version.hpp>

#include <algorithm>

namespace edgews::stomp {

std::string_view to_string(Version version) noexcept {
    switch (version) {
        case Version::v1_0: return "1.0";
        case Version::v1_1: return "1.1";
        case Version::v1_2: return "1.2";
    }
    return {};
}

std::optional<Version> negotiate(std::string_view accept_version) noexcept {
    std::optional<Version> best;
    while (!accept_version.empty()) {
        const std::size_t size = std::min(accept_version.find(','), accept_version.size());
        const std::string_view entry = trim(accept_version.substr(0, size));
        for (const Version ours : {Version::v1_0, Version::v1_1, Version::v1_2}) {
            if (entry == to_string(ours) && (!best || ours > *best)) best = ours;
        }
        accept_version.remove_prefix(std::min(size + 1, accept_version.size()));
    }
    return best;
}

}  // namespace edgews::stomp
