// What a StompBroker does with topics of other nodes: it hands out what comes from them, and tells
// its subscribers what does not. All of it happens on the loop of the backplane's node.
#pragma once

#include "core/stomp/topic_carrier.hpp"
#include "net/stomp/broker_state.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace edgews {

class StompTopicsFromAbroad final : public stomp::TopicReceiver {
  public:
    // `state` is borrowed. `pool_name`: see stomp::ContentPool.
    StompTopicsFromAbroad(StompBroker::State& state, std::string pool_name)
        : state_(state), contents_(std::move(pool_name)) {}

    [[nodiscard]] bool arrived(std::string_view topic, std::span<const std::byte> bytes) override;
    void missed(std::string_view topic, std::uint64_t count) override;

  private:
    StompBroker::State& state_;
    stomp::ContentPool contents_;
};

}  // namespace edgews
