// A relay's shared connection upstream, one on each loop: it makes the subscriptions of the
// interests whose home this loop is, hands out what they bring, and sends what sessions of this
// loop send.
//
// An ERROR does not always say what it is about (RabbitMQ's never does). After such a one, the
// subscriptions that were not confirmed yet are made again one by one, when all others have been:
// the one at which there is an ERROR again is refused, and nobody else suffers from it. For a while
// that answer is remembered, so that who says it again costs nobody a connection, and a user who
// was refused several has new ones tried by connections of his sessions' own.
#pragma once

#include <edgews/stomp_relay.hpp>
#include "net/loop/registered.hpp"
#include "net/stomp/relay_state.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace edgews {

class Reactor;
class StompLocked;
class StompLoop;

class StompUpstream final : public Registered {
  public:
    // Of that loop, whose reactor owns it.
    StompUpstream(StompLoop& loop, StompRelayState& relay);
    ~StompUpstream() override;
    // The loop ends, and the connection with it.
    void let_go() noexcept override;

    [[nodiscard]] bool is_available() const { return client_ && client_->is_connected(); }
    // As stomp::Client::send(); `destination` as the broker files it. `invalid`: there can be none
    // there.
    SendResult send(std::string_view destination, std::span<const std::byte> body,
                    stomp::SendOptions options);
    // Makes the subscription of an interest whose home this is. `is_moved`: its home was another
    // loop before, and what came meanwhile was missed.
    void subscribe(const std::string& destination, bool is_moved);

    // Requires: the mutex is held.
    [[nodiscard]] const StompUpstreamStats& stats(const StompLocked&) const noexcept {
        return stats_;
    }

  private:
    struct Made {
        std::string destination{};  // As the broker files it,
        std::string shown{};        // and as MESSAGEs call it, unless it brings others.
        bool brings_others = false;
        bool is_confirmed = false;  // By the present connection.
        bool owes_gap = false;      // It was lost, and nobody was told yet.
    };
    // False: it was refused.
    bool make(std::unique_ptr<Made> made);
    void connected();
    void failed(const ClientError& error);
    // Tells StompOptions::on_event, if there is one.
    void report(EventKind kind, std::string_view text) const noexcept;
    void disconnected();
    void take(Made& made, const stomp::Message& message);
    void confirmed(stomp::SubscriptionNumber number, bool is_confirmed);
    void let_go_on(StompLocked& locked, StompInterest& interest);
    void tell_gap(Made& made);
    void blame(const std::string& guilty);
    void suspect();
    void probe_next();
    void refuse(const std::string& destination, std::string_view reason);
    void remember_refused(const std::string& destination);
    void drop_unused();
    [[nodiscard]] bool is_to_go(StompLocked& locked, const Made& made, std::size_t& left);

    StompLoop& loop_;
    StompRelayState& relay_;
    std::string name_{};  // Of a destination, as it is called upstream.
    std::unordered_map<stomp::SubscriptionNumber, std::unique_ptr<Made>> made_;
    std::set<stomp::SubscriptionNumber> unconfirmed_;  // Of the present connection.
    std::deque<std::unique_ptr<Made>> suspects_;
    std::string probed_{};         // Empty: none is.
    bool has_to_suspect_ = false;  // There was an ERROR, and who is to blame is not known yet.
    std::string reason_{};         // Of the last failure.
    std::uint64_t connected_ms_ = 0;
    bool is_resubscribing_ = false;  // Not all of what was there before is confirmed again.
    Token sweep_timer_ = no_token;
    StompUpstreamStats stats_{};             // Guarded by the broker's mutex.
    std::optional<stomp::Client> client_{};  // Nothing: the loop has ended.
};

}  // namespace edgews
