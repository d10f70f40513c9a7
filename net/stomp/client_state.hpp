// The state behind a stomp::Client, from one connection to the next.
//
//     opening ──carrier is open──▶ connecting ──CONNECTED──▶ connected ──disconnect()──▶ leaving
//        ▲                             │ lost, refused           │ lost, ERROR              │
//        RECEIPT │                             ▼                         ▼ ▼
//     waiting ◀──it tries again──── ending ◀────────────────────────────────────────────────┘
//                                      └──it does not──▶ closed
//
// Lives as long as its Client, and as the call of a handler that destroys that.
#pragma once

#include <edgews/stomp_client.hpp>
#include "core/base/buffer.hpp"
#include "core/stomp/broker_url.hpp"
#include "core/stomp/client_session.hpp"
#include "crypto/random.hpp"
#include "net/client/carrier.hpp"
#include "net/loop/reactor.hpp"
#include "net/stomp/client_receipts.hpp"
#include "net/stomp/client_subscriptions.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::stomp {

class ClientState final : public std::enable_shared_from_this<ClientState>, private Carrier::Owner {
  public:
    // Throws std::invalid_argument for an option that cannot be used.
    ClientState(Reactor& reactor, ClientOptions options, ClientHandlers handlers);
    ~ClientState() = default;

    // Of `client`, whom the handlers are given.
    void connect(Client& client);
    // It goes: says goodbye, and calls no handler any more.
    void detach();

    SubscriptionNumber subscribe(std::string_view destination, MessageHandler handler,
                                 const SubscribeOptions& options);
    bool unsubscribe(SubscriptionNumber number, Completion receipt,
                     std::span<const Header> headers);
    bool set_headers(SubscriptionNumber number, std::span<const Header> headers);
    SendResult send(std::string_view destination, std::span<const std::byte> body,
                    SendOptions options);
    SendResult acknowledge(Command command, const Unacknowledged& message, SendOptions options);
    TransactionNumber begin_transaction();
    SendResult end_transaction(Command command, TransactionNumber number, Completion receipt);
    void disconnect();
    void terminate();
    void pause();
    void resume();

    [[nodiscard]] bool is_connected() const noexcept { return phase_ == Phase::connected; }
    [[nodiscard]] bool is_closed() const noexcept {
        return phase_ == Phase::closed || phase_ == Phase::ending;
    }
    [[nodiscard]] std::size_t unsent_size() const noexcept;
    [[nodiscard]] Version version() const noexcept { return session_->version(); }
    [[nodiscard]] std::string_view broker() const noexcept { return brokers_[broker_].name; }
    [[nodiscard]] const Address& peer() const noexcept;
    [[nodiscard]] Loop& loop() const noexcept { return reactor_.loop(); }

  private:
    enum class Phase : std::uint8_t {
        waiting,  // To try again.
        opening,
        connecting,
        connected,
        leaving,
        ending,  // The handlers are told.
        closed,
    };
    void enter(Phase phase) noexcept { phase_ = phase; }

    // One connection.
    void begin();
    [[nodiscard]] std::unique_ptr<Carrier> start_carrier();
    void carrier_opened() override;
    void carrier_received(std::span<const std::byte> bytes) override;
    void carrier_drained() override;
    void carrier_lost(ClientError error) override;
    void process(std::span<const std::byte> bytes);
    void hold(std::span<const std::byte> bytes);
    [[nodiscard]] bool is_listening() const noexcept;
    void take(const ServerFrame& frame);
    void take_connected();
    void take_message(const ServerFrame& frame);
    void take_error(const ServerFrame& frame);
    void take_fault(const ServerFrame& frame);
    void begin_heart_beats();
    void check_heard();
    struct Question {
        std::uint64_t since_ms = 0;
        std::uint32_t limit_ms = 0;
        std::size_t untaken_size = 0;  // Bytes in front of it, with it. 0: it has one limit.
        std::string_view missing{};    // For the error: a literal.
    };
    void await_answer(const Question& question);
    [[nodiscard]] ClientStage stage() const noexcept;
    void fail(std::errc code, std::string_view what);
    void heed_throw();
    // A frame that the ERROR named, which is the connection's end.
    struct Refused {
        Completion completion{};
        std::string_view reason{};
    };
    void end(const ClientError* error, bool is_orderly, const Refused& refused);
    void stop_trying();
    void plan_retry();
    void give_up();
    void end_orderly();

    // What is sent.
    struct Kept {
        std::string destination{};
        KeptHeaders headers{};
        std::vector<std::byte> body{};
        Completion receipt{};
        std::size_t size = 0;  // That counts for kept_size_max.
        std::uint64_t since_ms = 0;
    };
    void push();
    [[nodiscard]] SendResult push_if_room(std::uint64_t receipt);
    [[nodiscard]] bool has_room_for(std::size_t size);
    [[nodiscard]] std::uint64_t await_receipt(Completion completion);
    [[nodiscard]] bool make(const ClientSubscription& subscription);
    void tell_unsent(Completion completion);
    [[nodiscard]] bool may_be_connected() const noexcept;
    SendResult keep(std::string_view destination, std::span<const std::byte> body,
                    SendOptions options);
    [[nodiscard]] std::vector<Completion> send_kept();
    void drop_kept(bool is_all);
    void check_receipts();
    void complete(const Completion& completion, const Receipt& receipt) noexcept;

    template <class F>
    void guard(F&& run) noexcept;
    template <class Handler, class... Arguments>
    void call(const Handler& handler, Arguments&&... arguments) noexcept;
    template <class F>
    void later(Token& timer, std::uint64_t delay_ms, F&& function);
    void report(EventKind kind, std::uint32_t code, std::string_view text) const noexcept;
    void cancel(Token& timer) noexcept;

    Reactor& reactor_;
    Client* client_ = nullptr;  // Null: it is gone.
    ClientOptions options_;
    ClientHandlers handlers_;
    Random random_{};
    std::vector<BrokerUrl> brokers_;
    std::size_t broker_;  // The present one, or the last.

    Phase phase_ = Phase::closed;
    bool is_unwanted_ = false;  // The application ended it: it is not connected again.
    bool is_paused_ = false;
    bool was_dropped_ = false;             // The drain handler is to be called.
    std::optional<std::string> thrown_{};  // By a handler that has just been called.
    std::uint64_t connection_ = 0;         // Its number.
    std::unique_ptr<Carrier> carrier_{};
    std::optional<ClientSession> session_{};
    Buffer held_{};  // What came behind a message whose handler paused.

    ClientReceipts receipts_;
    ClientSubscriptions subscriptions_;
    std::set<TransactionNumber> transactions_;  // Those that are open.
    TransactionNumber last_transaction_ = 0;
    std::vector<Kept> kept_;
    std::size_t kept_size_ = 0;

    unsigned failure_count_ = 0;                   // Since a connection was stable.
    std::optional<std::uint64_t> connected_ms_{};  // Empty: its end was told, if it had begun.
    std::size_t unsent_at_end_ = 0;
    std::uint64_t heard_ms_ = 0;
    bool has_sent_ = false;  // Since the last heart-beat.
    Token open_timer_ = no_token;
    Token try_timer_ = no_token;
    Token beat_timer_ = no_token;
    Token heard_timer_ = no_token;
    Token receipt_timer_ = no_token;
    Token kept_timer_ = no_token;
};

// Runs what is the application's. What it throws ends the connection.
template <class F>
void ClientState::guard(F&& run) noexcept {
    if (client_ == nullptr) return;
    try {
        run();
    } catch (const std::exception& exception) {
        thrown_ = exception.what();
    } catch (...) {
        thrown_ = "something that is no std::exception";
    }
}

template <class Handler, class... Arguments>
void ClientState::call(const Handler& handler, Arguments&&... arguments) noexcept {
    if (!handler) return;
    guard([&] { handler(*client_, std::forward<Arguments>(arguments)...); });
}

template <class F>
void ClientState::later(Token& timer, std::uint64_t delay_ms, F&& function) {
    cancel(timer);
    auto run = [this, &timer, call = std::forward<F>(function)]() mutable {
        timer = no_token;
        const auto self = shared_from_this();  // A handler may destroy the client.
        call();
        heed_throw();
    };
    timer = reactor_.after(delay_ms, make_job(std::move(run)));
}

}  // namespace edgews::stomp
