#include "net/stomp/client_state.hpp"
#include "core/stomp/heart_beat.hpp"

#include "net/client/back_off.hpp"
#include "net/client/tcp_carrier.hpp"
#include "net/stomp/websocket_carrier.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace edgews::stomp {

namespace {

// Bytes of an ERROR's body that are told.
constexpr std::size_t told_body_size_max = 4 * 1024;
// A dropped message's sender hears of it when so much of the limit is left.
constexpr std::size_t drain_part = 4;

void refuse(const std::string& what) {
    throw std::invalid_argument("stomp::ClientOptions::" + what);
}

std::vector<BrokerUrl> parse(const ClientOptions& options) {
    if (options.brokers.empty()) refuse("brokers: there is none");
    std::vector<BrokerUrl> brokers;
    for (const std::string& text : options.brokers) {
        brokers.push_back(parse_broker_url(text));
        const BrokerUrl& url = brokers.back();
        if (url.fault != BrokerUrlFault::none) {
            refuse("brokers: " + std::string(describe(url.fault)));
        }
        if (url.carrier == BrokerUrl::Carrier::tls && !options.connection.tls) {
            refuse("connection.tls is not set, and " + url.name + " needs it");
        }
    }
    return brokers;
}

}  // namespace

ClientState::ClientState(Reactor& reactor, ClientOptions options, ClientHandlers handlers)
    : reactor_(reactor),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      brokers_(parse(options_)),
      broker_(random_.next() % brokers_.size()) {
    check(options_);
}

void ClientState::check(const ClientOptions& options) {
    static_cast<void>(parse(options));
    if (options.disconnect_timeout_ms == 0) refuse("disconnect_timeout_ms must not be 0");
    if (!options.connection.lookup) refuse("connection.lookup is empty");
}

void ClientState::complete(const Completion& completion, const Receipt& receipt) noexcept {
    if (completion) guard([&] { completion(receipt); });
}

void ClientState::cancel(Token& timer) noexcept {
    if (timer != no_token) reactor_.cancel(std::exchange(timer, no_token));
}

// ---- One connection ----------------------------------------------------------------------------

void ClientState::connect(Client& client) {
    client_ = &client;
    is_unwanted_ = false;
    begin();
}

void ClientState::begin() {
    cancel(try_timer_);
    enter(Phase::opening);
    ++connection_;
    connected_ms_ = 0;
    unsent_at_end_ = 0;
    held_.reset();
    session_.emplace(options_.frame, reactor_.pool());
    carrier_ = start_carrier();
    if (options_.connection.open_timeout_ms > 0) {
        later(try_timer_, options_.connection.open_timeout_ms, [this] {
            fail(ClientStage::handshake, std::errc::timed_out, "not connected in time");
        });
    }
}

std::unique_ptr<Carrier> ClientState::start_carrier() {
    const BrokerUrl& url = brokers_[broker_];
    Carrier::Owner& owner = *this;
    if (url.carrier == BrokerUrl::Carrier::websocket) {
        return std::make_unique<StompWebSocketCarrier>(reactor_, url.text, options_.connection,
                                                       owner);
    }
    return std::make_unique<TcpCarrier>(
        reactor_,
        TcpCarrier::Target{
            .host = url.host, .port = url.port, .has_tls = url.carrier == BrokerUrl::Carrier::tls},
        options_.connection, owner);
}

void ClientState::carrier_opened() {
    enter(Phase::connecting);
    const BrokerUrl& url = brokers_[broker_];
    const auto either = [](const std::string& option, const std::string& of_url) {
        return std::string_view(option.empty() ? of_url : option);
    };
    std::vector<Header> headers;
    for (const ClientHeader& header : options_.headers) {
        headers.push_back({header.name, header.value});
    }
    std::string_view host = either(options_.host, url.virtual_host);
    if (host.empty()) host = url.host;
    session_->connect({.host = host,
                       .login = either(options_.login, url.login),
                       .passcode = either(options_.passcode, url.passcode),
                       .headers = headers},
                      options_.heart_beat);
    push();
    if (options_.connection.handshake_timeout_ms > 0) {
        later(try_timer_, options_.connection.handshake_timeout_ms, [this] {
            fail(ClientStage::handshake, std::errc::timed_out, "no CONNECTED in time");
        });
    }
}

void ClientState::carrier_received(std::span<const std::byte> bytes) {
    const auto self = shared_from_this();
    heard_ms_ = reactor_.listened_ms();
    process(bytes);
}

void ClientState::carrier_drained() {
    if (!was_dropped_ || unsent_size() > options_.backlog_size_max / drain_part) return;
    was_dropped_ = false;
    const auto self = shared_from_this();
    call(handlers_.drain);
}

void ClientState::carrier_lost(ClientError error) {
    const auto self = shared_from_this();
    error.error.message = brokers_[broker_].name + ": " + error.error.message;
    // Some brokers answer DISCONNECT by going (RabbitMQ over WebSocket).
    end(phase_ == Phase::leaving ? nullptr : &error, false, {});
}

bool ClientState::is_listening() const noexcept {
    const bool is_in_phase =
        phase_ == Phase::connecting || phase_ == Phase::connected || phase_ == Phase::leaving;
    return is_in_phase && carrier_ != nullptr;  // Null: terminated.
}

// Requires: somebody holds this.
void ClientState::process(std::span<const std::byte> bytes) {
    const std::uint64_t connection = connection_;
    const auto goes_on = [&] { return connection == connection_ && is_listening(); };
    while (goes_on() && !is_paused_) {
        const ServerFrame* const frame = session_->next(bytes);
        if (frame == nullptr) break;
        take(*frame);
        subscriptions_.forget_removed();
        if (thrown_ && goes_on()) {
            const std::string what = "a handler threw: " + *thrown_;
            fail(ClientStage::open, std::errc::operation_canceled, what);
        }
        thrown_.reset();
    }
    if (!goes_on() || bytes.empty()) return;
    reactor_.pool().reserve(held_, bytes.size());
    held_.append(bytes);
}

void ClientState::take(const ServerFrame& frame) {
    switch (frame.kind) {
        case ServerFrame::Kind::connected: return take_connected();
        case ServerFrame::Kind::message: return take_message(frame);
        case ServerFrame::Kind::receipt: {
            const Completion completion = receipts_.take(frame.number);
            return complete(completion, {});
        }
        case ServerFrame::Kind::error: return take_error(frame);
        case ServerFrame::Kind::fault:
            return fail(ClientStage::open, std::errc::protocol_error, describe(frame.fault));
    }
}

void ClientState::take_connected() {
    cancel(try_timer_);
    enter(Phase::connected);
    connected_ms_ = reactor_.now_ms();
    begin_heart_beats();
    for (const SubscriptionNumber number : subscriptions_.numbers()) {
        const ClientSubscription* const subscription = subscriptions_.find(number);
        if (subscription == nullptr) continue;  // A handler has unsubscribed it.
        if (!make(*subscription)) call(subscription->confirmed, number, false);
        if (!is_connected()) return;  // A handler ended it.
    }
    send_kept();
    call(handlers_.connected);
}

void ClientState::take_message(const ServerFrame& frame) {
    const ClientSubscription* const subscription = subscriptions_.find(frame.number);
    const Message message(*frame.frame, subscription == nullptr ? 0 : frame.number, connection_,
                          session_->ack_of(*frame.frame));
    if (subscription != nullptr) return call(subscription->handler, message);
    // One that came after its UNSUBSCRIBE had left is nobody's.
    if (frame.number == 0) call(handlers_.message, message);
}

void ClientState::take_error(const ServerFrame& frame) {
    const std::string_view what = frame.frame->find("message").value_or("the broker sent ERROR");
    const bool is_refusal = phase_ == Phase::connecting;
    ClientError error{.stage = is_refusal ? ClientStage::handshake : ClientStage::open,
                      .error = {std::make_error_code(std::errc::connection_refused),
                                brokers_[broker_].name + ": " + std::string(what)}};
    const auto* const text = reinterpret_cast<const char*>(frame.frame->body.data());
    error.body.assign(text, std::min(frame.frame->body.size(), told_body_size_max));
    const std::string reason(what);
    end(&error, false, {.completion = receipts_.take(frame.number), .reason = reason});
}

void ClientState::begin_heart_beats() {
    if (const std::uint32_t send_ms = session_->send_every_ms(); send_ms > 0) {
        beat_timer_ = reactor_.every(beat_period_ms(send_ms), make_job([this] {
                                         if (std::exchange(has_sent_, false)) return;
                                         session_->beat();
                                         push();
                                     }));
    }
    if (const std::uint32_t hear_ms = session_->hear_every_ms(); hear_ms > 0) {
        heard_timer_ =
            reactor_.every(hearing_period_ms(hear_ms), make_job([this] { check_heard(); }));
    }
}

void ClientState::check_heard() {
    if (is_paused_) heard_ms_ = reactor_.listened_ms();  // It is we who do not listen.
    const std::uint64_t silence_ms = reactor_.listened_ms() - heard_ms_;
    if (!is_too_silent(silence_ms, session_->hear_every_ms())) return;
    const auto self = shared_from_this();
    fail(ClientStage::open, std::errc::timed_out, "the broker is silent");
}

// ---- Its end -----------------------------------------------------------------------------------

void ClientState::fail(ClientStage stage, std::errc code, std::string_view what) {
    const ClientError error{
        .stage = stage,
        .error = {std::make_error_code(code), brokers_[broker_].name + ": " + std::string(what)}};
    end(&error, false, {});
}

void ClientState::stop_trying() {
    for (Token* const timer : {&try_timer_, &beat_timer_, &heard_timer_, &receipt_timer_}) {
        cancel(*timer);
    }
    if (carrier_) unsent_at_end_ = carrier_->unsent_size();
    carrier_.reset();
    transactions_.clear();
    held_.reset();
    is_paused_ = was_dropped_ = false;
}

// Whatever it came to: the handlers, in the order that the face promises. Each may connect again,
// or end the client.
void ClientState::end(const ClientError* error, bool is_orderly, const Refused& refused) {
    stop_trying();
    const bool was_connected = connected_ms_ != 0;
    const Disconnected event{.is_orderly = is_orderly, .unsent_size = unsent_at_end_};
    enter(Phase::closed);
    std::vector<Completion> lost;
    while (Completion completion = receipts_.take_oldest()) lost.push_back(std::move(completion));
    if (error != nullptr) call(handlers_.error, *error);
    complete(refused.completion, {.outcome = Receipt::Outcome::refused, .reason = refused.reason});
    for (const Completion& completion : lost) {
        complete(completion, {.outcome = Receipt::Outcome::lost});
    }
    if (was_connected) call(handlers_.disconnected, event);
    thrown_.reset();  // There is nothing left to end.
    if (phase_ != Phase::closed) return;
    if (is_unwanted_) return drop_kept(true);
    plan_retry();
}

void ClientState::plan_retry() {
    const ReconnectOptions& limits = options_.reconnect;
    if (client_ == nullptr) return;
    if (!limits.enabled) return drop_kept(true);
    const bool was_stable =
        connected_ms_ != 0 && reactor_.now_ms() - connected_ms_ >= limits.stable_ms;
    failure_count_ = was_stable ? 1 : failure_count_ + 1;
    broker_ = (broker_ + 1) % brokers_.size();
    Retry retry{.count = failure_count_,
                .delay_ms = back_off_ms(limits, failure_count_, random_.next()),
                .stop = false,
                .broker = brokers_[broker_].name};
    call(handlers_.reconnect, retry);
    thrown_.reset();
    if (client_ == nullptr || phase_ != Phase::closed) return;
    if (retry.stop || is_unwanted_) return drop_kept(true);
    enter(Phase::waiting);
    later(try_timer_, retry.delay_ms, [this] { begin(); });
}

void ClientState::disconnect() {
    is_unwanted_ = true;
    if (phase_ == Phase::leaving || phase_ == Phase::closed) return;
    if (phase_ != Phase::connected) return terminate();
    const std::uint64_t receipt = receipts_.add(
        [this](const Receipt& answer) {
            if (answer) end_orderly();
        },
        0);
    session_->disconnect(receipt);
    push();
    enter(Phase::leaving);
    later(try_timer_, options_.disconnect_timeout_ms, [this] {
        fail(ClientStage::open, std::errc::timed_out, "no answer to DISCONNECT in time");
    });
}

void ClientState::end_orderly() {
    carrier_->finish();
    carrier_.reset();
    end(nullptr, true, {});
}

// Not from in here: the handlers are called when this has returned.
void ClientState::terminate() {
    is_unwanted_ = true;
    if (phase_ == Phase::closed) return;
    stop_trying();
    enter(Phase::leaving);
    later(try_timer_, 1, [this] { end(nullptr, false, {}); });
}

void ClientState::detach() {
    client_ = nullptr;
    if (is_connected()) {
        session_->disconnect(0);
        push();
        carrier_->finish();
    }
    stop_trying();
    cancel(kept_timer_);
    enter(Phase::closed);
}

}  // namespace edgews::stomp
