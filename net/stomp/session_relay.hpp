// What a session of a relay has to do with the upstream broker: what it sends there, and its own
// connection, once it needs one.
//
// Its SENDs and its subscriptions to topics are the shared connection's (net/stomp/upstream.hpp).
// All else is its own's, which begins with the first such request and ends with the session: so
// what the session leaves unacknowledged goes to others.
//
// A SUBSCRIBE is filed here at once, and its RECEIPT waits for the upstream broker's; a COMMIT
// happens upstream first. The session waits meanwhile: what it says next may be about that.
#pragma once

#include <edgews/stomp_relay.hpp>
#include "core/stomp/session.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace edgews {

class StompSessionLink;
struct StompRelayState;

class StompSessionRelay {
  public:
    // Both are borrowed.
    StompSessionRelay(StompSessionLink& link, StompRelayState& relay);
    StompSessionRelay(const StompSessionRelay&) = delete;
    StompSessionRelay& operator=(const StompSessionRelay&) = delete;
    ~StompSessionRelay();

    // Answers a send or subscribe that is relayed, or a commit. False: the session waits, until its
    // link is told to go on.
    [[nodiscard]] bool answer(const stomp::Request& request);
    // Of an unsubscribe, before it is carried out.
    void note_unsubscribe(const stomp::Request& request);
    // Something was carried out, or taken from the broker: the upstream broker hears of it.
    void settle();
    // The session ends, and its own connection with it.
    void leave();

  private:
    // Who is told of a receipt may outlive this.
    struct Here {
        StompSessionRelay* relay;
    };
    // A subscription of its own connection.
    struct Own {
        stomp::SubscriptionNumber upstream = 0;  // As the client knows it.
        std::string destination{};
        std::uint64_t last_position = 0;
        std::unordered_map<std::uint64_t, stomp::Unacknowledged> unsettled{};  // By position.
    };

    [[nodiscard]] bool send(const stomp::Request& request);
    void receipt_came(const stomp::Receipt& receipt, const std::optional<std::string>& id);
    [[nodiscard]] bool subscribe(const stomp::Request& request);
    [[nodiscard]] bool await_interest(const std::string& destination);
    [[nodiscard]] stomp::Fault subscribe_own(const stomp::Frame& frame,
                                             const stomp::SubscriptionSetup& setup);
    [[nodiscard]] bool open_own();
    void own_is_lost();
    void take(const std::string& id, const stomp::Message& message);
    void settle(const stomp::Outbox::Settled& one, stomp::TransactionNumber transaction);
    [[nodiscard]] bool commit();
    void send_commit();
    void committed(const stomp::Receipt& receipt);

    StompSessionLink& link_;
    StompRelayState& relay_;
    std::shared_ptr<Here> here_;
    std::unique_ptr<stomp::Client> own_{};             // Null: it needs none.
    std::unordered_map<std::uint64_t, Own> of_own_{};  // By the broker's number.
    stomp::SubscriptionNumber subscribed_ = 0;         // That the session waits for.
    std::uint64_t unsubscribed_ = 0;                   // Of note_unsubscribe(); 0: none.
    std::optional<stomp::RelayedPart> to_commit_{};    // When its own connection is there.
    bool is_committing_ = false;
    bool is_paused_ = false;  // Nothing is read from its own connection.
    std::string reason_{};    // Of the last failure.
    std::string name_{};      // Of a destination, as it is called upstream.
};

}  // namespace edgews
