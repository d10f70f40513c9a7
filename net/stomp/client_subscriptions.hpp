// The subscriptions of a STOMP client, which outlive its connections.
#pragma once

#include <edgews/stomp_client.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace edgews::stomp {

// Headers that are kept.
class KeptHeaders {
  public:
    KeptHeaders() = default;
    explicit KeptHeaders(std::span<const Header> headers);
    // Views, valid as long as this.
    [[nodiscard]] std::vector<Header> views() const;

  private:
    std::vector<std::pair<std::string, std::string>> headers_;
};

struct ClientSubscription {
    SubscriptionNumber number = 0;
    std::string destination{};
    AckMode ack = AckMode::automatic;
    KeptHeaders headers{};
    MessageHandler handler{};
    Function<void(Client&, SubscriptionNumber, bool)> confirmed{};
};

class ClientSubscriptions {
  public:
    ClientSubscription& add(std::string_view destination, MessageHandler handler,
                            const SubscribeOptions& options);
    // Null: there is none.
    [[nodiscard]] ClientSubscription* find(SubscriptionNumber number) const noexcept;
    // False: there is none. It stays where it is until forget_removed(): its handler may be
    // running.
    bool remove(SubscriptionNumber number);
    void forget_removed() noexcept { removed_.clear(); }
    // In the order in which they were added.
    [[nodiscard]] std::vector<SubscriptionNumber> numbers() const;

  private:
    SubscriptionNumber last_number_ = 0;
    std::unordered_map<SubscriptionNumber, std::unique_ptr<ClientSubscription>> by_number_;
    std::vector<std::unique_ptr<ClientSubscription>> removed_;
};

}  // namespace edgews::stomp
