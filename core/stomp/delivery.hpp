// One message for one subscription, and how the client names it when it acknowledges.
#pragma once

#include "core/stomp/content.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edgews::stomp {

class Account;

// What a client says about a delivery.
enum class Verdict : std::uint8_t { accepted, requeue, dead_letter };

struct Delivery {
    Content content{};
    // In its queue, in the order of arrival; of a relayed subscription: see Broker::give(); of a
    // topic: 0.
    std::uint64_t position = 0;
    Account* account = nullptr;  // Of a queue: whose memory it is; null: nobody's.
    std::uint32_t attempts = 0;  // How often it was delivered before.
    // Of a topic: its subscription may be sent it without acknowledging anything before.
    bool is_covered = false;
};

// What `ack` says in 1.2, and `message-id` before: "SUBSCRIPTION-SEQUENCE", unique within the
// broker's life, so that nobody can mistake another session's for its own; and beyond, see Broker.
struct DeliveryId {
    std::uint64_t subscription = 0;
    std::uint64_t sequence = 0;  // Counts from 1.

    void append_to(std::string& out) const;
    // As append_to() wrote it: no number begins with a 0.
    [[nodiscard]] static std::optional<DeliveryId> parse(std::string_view text) noexcept;
};

}  // namespace edgews::stomp
