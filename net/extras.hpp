// What few connections have, and none that is idle: allocated when it is needed first.
#pragma once

#include <edgews/core/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace edgews {

struct Topic;

struct Subscription {
    Topic* topic;
    std::size_t index;  // In the topic's subscribers.
};

struct Extras {
    std::vector<Subscription> subscriptions;
    std::string subprotocol;          // Empty: none.
    Buffer held_pong;                 // The newest ping's payload, while pongs are held back.
    std::uint32_t dropped_count = 0;  // Messages, of this turn: to be told.
};

}  // namespace edgews
