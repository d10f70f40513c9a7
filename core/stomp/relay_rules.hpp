// What of a session's requests belongs to an upstream broker (net/stomp/relay.hpp).
#pragma once

#include "core/stomp/outbox.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp {

struct RelayRules {
    // Destinations that begin with one of these are the upstream broker's.
    std::vector<std::string> prefixes{};

    [[nodiscard]] bool takes(std::string_view destination) const noexcept {
        return std::ranges::any_of(
            prefixes, [&](const std::string& prefix) { return destination.starts_with(prefix); });
    }
};

// The part of a transaction that is the upstream broker's.
struct RelayedPart {
    std::string frames{};                    // SENDs, as frames of 1.2.
    std::vector<Outbox::Settled> settled{};  // Of relayed subscriptions.
};

}  // namespace edgews::stomp
