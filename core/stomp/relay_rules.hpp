// What of a session's requests belongs to an upstream broker (net/stomp/relay_state.hpp).
#pragma once

#include "core/stomp/outbox.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp {

struct RelayRules {
    // Destinations that begin with one of these are the upstream broker's.
    std::vector<std::string> prefixes{};
    bool takes_users = false;  // And those that begin with "/user/".

    [[nodiscard]] bool takes(std::string_view destination) const noexcept {
        if (takes_users && destination.starts_with("/user/")) return true;
        return std::ranges::any_of(
            prefixes, [&](const std::string& prefix) { return destination.starts_with(prefix); });
    }
    // What is between relays, and no client's: neither by name nor by a pattern.
    // Exchanges may have the messages of topics, and are those of topics, too.
    [[nodiscard]] static bool is_reserved(std::string_view destination) noexcept {
        constexpr std::string_view topic = "/topic/";
        constexpr std::string_view exchange = "/exchange/";
        if (!destination.starts_with(exchange)) return destination.starts_with(user_topic_prefix);
        const std::size_t slash = destination.find('/', exchange.size());
        return slash != std::string_view::npos &&
               destination.substr(slash + 1).starts_with(user_topic_prefix.substr(topic.size()));
    }
    // Of topics upstream, each of which is a destination of one user's.
    static constexpr std::string_view user_topic_prefix = "/topic/edgews.user.";
};

// The part of a transaction that is the upstream broker's.
struct RelayedPart {
    std::string frames{};                    // SENDs, as frames of 1.2.
    std::vector<Outbox::Settled> settled{};  // Of relayed subscriptions.
};

}  // namespace edgews::stomp
