// The brokers of a STOMP client, and whether its options can be used.
#pragma once

#include <edgews/stomp_client.hpp>
#include "core/stomp/broker_url.hpp"

#include <vector>

namespace edgews::stomp {

// The brokers that `options` name. Of each, `host` is there. Throws std::invalid_argument for an
// option that cannot be used: it would fail at each try.
[[nodiscard]] std::vector<BrokerUrl> usable_brokers(const ClientOptions& options);

}  // namespace edgews::stomp
