// What a session of a relay has to do with the upstream broker: what it sends there, and its own
// connection, once it needs one.
//
// Its SENDs and its subscriptions to topics are the shared connection's (net/stomp/upstream.hpp).
// All else is its own's, which begins with the first such request and ends with the session: so
// what the session leaves unacknowledged goes to others.
//
// Subscriptions to streams of RabbitMQ's survive it: where nothing else is on it, it is made again.
//
// A SUBSCRIBE is filed here at once, and its RECEIPT waits for the upstream broker's; a COMMIT
// happens upstream first. The session waits meanwhile: what it says next may be about that.
#pragma once

#include <edgews/message.hpp>
#include <edgews/stomp_relay.hpp>
#include "core/stomp/session.hpp"
#include "core/stomp/stream_place.hpp"
#include "net/stomp/client_subscriptions.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace edgews {

class StompSessionLink;
struct StompAsker;
struct StompRelayState;

class StompSessionRelay {
  public:
    // Both are borrowed.
    StompSessionRelay(StompSessionLink& link, StompRelayState& relay);
    StompSessionRelay(const StompSessionRelay&) = delete;
    StompSessionRelay& operator=(const StompSessionRelay&) = delete;
    ~StompSessionRelay();

    // Answers all but what is the application's. False: the session waits, until its link is told
    // to go on.
    [[nodiscard]] bool answer(const stomp::Request& request);
    // It has waited for too long; why that is its end.
    [[nodiscard]] stomp::Fault give_up();
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
        // Nothing: it is lost with its connection.
        std::optional<stomp::StreamPlace> stream{};
        stomp::KeptHeaders headers{};  // Of a stream's SUBSCRIBE, but for the place.
        bool is_confirmed = false;     // By the present connection.
        bool owes_gap = false;         // Messages may have been missed, and nobody was told yet.
    };
    // A subscription of its own that is to be filed, or why not.
    struct Begun {
        stomp::Fault fault = stomp::Fault::none;
        Own own{};
    };

    void await_upstream(bool is_undone);
    [[nodiscard]] bool send(const stomp::Request& request);
    bool refuse_elsewhere();
    [[nodiscard]] bool send_alone();
    // `id`: of the RECEIPT that is due then. `is_told`: what did not arrive is the session's end.
    void receipt_came(const stomp::Receipt& receipt, const std::optional<std::string>& id,
                      bool is_told);
    void go_on_if_confirmed();
    [[nodiscard]] bool disconnect();
    [[nodiscard]] bool await_receipts();
    [[nodiscard]] bool subscribe(const stomp::Request& request);
    [[nodiscard]] bool may_share(const std::string& key);
    [[nodiscard]] StompAsker asker() const;
    [[nodiscard]] std::uint64_t now_ms() const noexcept;
    [[nodiscard]] bool await_interest(const std::string& key);
    [[nodiscard]] Begun subscribe_own(const stomp::Frame& frame,
                                      const stomp::SubscriptionSetup& setup);
    void own_is_confirmed(stomp::SubscriptionNumber upstream);
    void note(const stomp::Request& request);
    // False: it may have no connection more.
    [[nodiscard]] bool open_own();
    void close_own();
    void own_failed(const ClientError& error);
    // The connection has ended: it is lost, or will be made again.
    void own_went();
    void own_is_lost();
    [[nodiscard]] bool has_unconfirmed() const noexcept;
    void note_place(Own& own, const stomp::Message& message);
    void tell_gap(stomp::Subscription& subscription, Own& own);
    void take(const std::string& id, const stomp::Message& message);
    // Bytes of messages that wait for its client. Requires: the mutex is held.
    [[nodiscard]] std::size_t waiting_size() const noexcept;
    // Whether something is to come by its own connection that is no message.
    [[nodiscard]] bool awaits_own() const noexcept;
    void pause_or_resume(std::size_t waiting);
    void read_on();
    [[nodiscard]] bool has_to_hear_what_is_left() const noexcept;
    // Whether without that subscription its own connection is to end.
    [[nodiscard]] bool ends_own(std::uint64_t number) const noexcept;
    void unsubscribe(std::uint64_t gone, const std::optional<std::string>& receipt);
    // `receipt`: the id of the RECEIPT that is due when it is confirmed. `closed`: there is nothing
    // to say, since it is a gap, or its connection has ended.
    [[nodiscard]] SendResult settle(const stomp::Outbox::Settled& one,
                                    stomp::TransactionNumber transaction,
                                    const std::optional<std::string>& receipt);
    // Nothing, if there is no receipt. To be given to something that is sent.
    [[nodiscard]] stomp::Completion completion_of(const std::optional<std::string>& receipt);
    [[nodiscard]] bool commit();
    [[nodiscard]] bool commit_part(stomp::RelayedPart part, bool is_undone);
    void send_commit();
    // Of one more receipt that it waits for.
    [[nodiscard]] stomp::Completion completion_of_commit();
    void give_up_commit(stomp::TransactionNumber number);
    void committed(const stomp::Receipt& receipt);

    StompSessionLink& link_;
    StompRelayState& relay_;
    std::shared_ptr<Here> here_;
    std::unique_ptr<stomp::Client> own_{};             // Null: it needs none.
    std::unordered_map<std::uint64_t, Own> of_own_{};  // By the broker's number.
    stomp::SubscriptionNumber subscribed_ = 0;         // That the session waits for.
    std::size_t awaited_count_ = 0;                    // Receipts, but for a COMMIT's.
    std::size_t own_awaited_count_ = 0;                // Of those, its own connection's.
    // When its own connection is there, and what was sent before is confirmed.
    std::optional<stomp::RelayedPart> to_commit_{};
    std::size_t commit_awaited_count_ = 0;  // A COMMIT's receipts; 0: none is under way.
    bool awaits_each_send_ = false;         // Each of its SENDs has to be confirmed, too.
    bool waits_for_receipts_ = false;       // Its request does: a DISCONNECT, or an UNSUBSCRIBE.
    bool is_noted_ = false;                 // Of note(), for settle():
    std::uint64_t unsubscribed_ = 0;        // and what it unsubscribed from; 0: nothing.
    bool is_paused_ = false;                // Nothing is read from its own connection.
    bool is_resuming_ = false;    // Streams wait for the next connection, or its RECEIPTs.
    unsigned refused_count_ = 0;  // ERRORs since all streams were confirmed.
    bool is_refused_ = false;     // The last failure was an ERROR that is the session's end,
    bool may_resume_ = false;     // or is nothing that would be the same again.
    std::string reason_{};        // Of the last failure.
    std::string name_{};          // Of a destination, as it is called upstream.
};

}  // namespace edgews
