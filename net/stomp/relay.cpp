#include "net/stomp/relay.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace edgews {

namespace {

void refuse(const char* what) {
    throw std::invalid_argument(std::string("StompRelayOptions::") + what);
}

bool is_known(std::string_view header) noexcept {
    constexpr std::array names{"id", "destination", "ack", "receipt", "gap", "content-length"};
    return std::ranges::find(names, header) != names.end();
}

}  // namespace

StompRelayState::StompRelayState(StompRelayOptions relay_options, StompRelayHooks relay_hooks)
    : options(std::move(relay_options)),
      hooks(std::move(relay_hooks)),
      rules{.prefixes = options.prefixes} {
    if (options.prefetch_count == 0) refuse("prefetch_count must not be 0");
    for (const std::string& prefix : options.prefixes) {
        const bool is_ours = prefix.starts_with("/topic/") || prefix.starts_with("/queue/");
        if (!is_ours) refuse("prefixes: each begins with /topic/ or /queue/");
    }
}

bool is_sharable(const stomp::Frame& subscribe) noexcept {
    const std::string_view destination = subscribe.find("destination").value_or("");
    if (!destination.starts_with("/topic/")) return false;
    if (subscribe.find("ack").value_or("auto") != "auto") return false;
    return std::ranges::all_of(subscribe.headers,
                               [](const stomp::Header& header) { return is_known(header.name); });
}

}  // namespace edgews
