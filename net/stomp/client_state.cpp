#include "net/stomp/client_state.hpp"

#include "core/stomp/heart_beat.hpp"
#include "net/client/back_off.hpp"
#include "net/client/tcp_carrier.hpp"
#include "net/connection/event_teller.hpp"
#include "net/stomp/client_brokers.hpp"
#include "net/stomp/websocket_carrier.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edgews::stomp {

namespace {

// Bytes of an ERROR's body that are told.
constexpr std::size_t told_body_size_max = 4 * 1024;
// Bytes that a broker takes, and does not read in passing.
constexpr std::size_t taken_size_min = 16 * 1024;

}  // namespace

ClientState::ClientState(Reactor& reactor, ClientOptions options, ClientHandlers handlers)
    : reactor_(reactor),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      brokers_(usable_brokers(options_)),
      broker_(random_.next() % brokers_.size()) {}

void ClientState::complete(const Completion& completion, const Receipt& receipt) noexcept {
    if (completion) guard([&] { completion(receipt); });
}

void ClientState::cancel(Token& timer) noexcept {
    if (timer != no_token) reactor_.cancel(std::exchange(timer, no_token));
}

// ---- One connection ----------------------------------------------------------------------------

void ClientState::connect(Client& client) {
    assert(is_closed());
    client_ = &client;
    is_unwanted_ = false;
    begin();
}

void ClientState::begin() {
    cancel(try_timer_);
    enter(Phase::opening);
    broker_ = (broker_ + 1) % brokers_.size();
    ++connection_;
    unsent_at_end_ = 0;
    session_.emplace(options_.frame, reactor_.pool());
    carrier_ = start_carrier();
    if (options_.connection.open_timeout_ms > 0) {
        later(open_timer_, options_.connection.open_timeout_ms,
              [this] { fail(std::errc::timed_out, "not connected in time"); });
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
        await_answer({.since_ms = reactor_.listened_ms(),
                      .limit_ms = options_.connection.handshake_timeout_ms,
                      .missing = "no CONNECTED in time"});
    }
}

// In the time that this loop has listened to the broker. It begins anew as long as the broker takes
// what waits in front of the question: of much, or of what is not all yet.
void ClientState::await_answer(const Question& question) {
    const std::uint64_t due_ms = question.since_ms + question.limit_ms;
    later(try_timer_, due_ms - reactor_.listened_ms(), [this, question] {
        const std::uint64_t now_ms = reactor_.listened_ms();
        if (now_ms < question.since_ms + question.limit_ms) return await_answer(question);
        Question next = question;
        next.since_ms = now_ms;
        next.untaken_size = std::min(question.untaken_size, carrier_->untaken_size());
        const std::size_t taken_size = question.untaken_size - next.untaken_size;
        const bool is_taking =
            taken_size >= taken_size_min || (taken_size > 0 && next.untaken_size > 0);
        is_taking ? await_answer(next) : fail(std::errc::timed_out, question.missing);
    });
}

void ClientState::carrier_received(std::span<const std::byte> bytes) {
    const auto self = shared_from_this();
    heard_ms_ = reactor_.listened_ms();
    // What came before is read first, as soon as reading goes on.
    held_ ? hold(bytes) : process(bytes);
}

void ClientState::carrier_drained() {
    if (!was_dropped_ || unsent_size() > 0) return;
    was_dropped_ = false;
    const auto self = shared_from_this();
    call(handlers_.drain);
    heed_throw();
}

void ClientState::carrier_lost(ClientError error) {
    const auto self = shared_from_this();
    error.error.message = brokers_[broker_].name + ": " + error.error.message;
    if (error.stage == ClientStage::open) error.stage = stage();
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
    while (goes_on() && (!is_paused_ || phase_ == Phase::connecting)) {
        const ServerFrame* const frame = session_->next(bytes);
        if (frame == nullptr) break;
        take(*frame);
        subscriptions_.forget_removed();
        heed_throw();
    }
    if (goes_on() && !bytes.empty()) hold(bytes);
}

void ClientState::hold(std::span<const std::byte> bytes) {
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
        case ServerFrame::Kind::fault: return take_fault(frame);
    }
}

// First all that belongs in front of what the application says from here on.
void ClientState::take_connected() {
    cancel(open_timer_);
    cancel(try_timer_);
    enter(Phase::connected);
    connected_ms_ = reactor_.now_ms();
    begin_heart_beats();
    std::vector<SubscriptionNumber> unsaid;
    for (const SubscriptionNumber number : subscriptions_.numbers()) {
        if (!make(*subscriptions_.find(number))) unsaid.push_back(number);
    }
    const std::vector<Completion> unsent = send_kept();
    if (is_paused_) carrier_->pause();
    for (const SubscriptionNumber number : unsaid) {
        const ClientSubscription* const subscription = subscriptions_.find(number);
        if (subscription != nullptr) call(subscription->confirmed, number, false);
    }
    for (const Completion& completion : unsent) {
        complete(completion, {.outcome = Receipt::Outcome::unsent});
    }
    if (is_connected()) call(handlers_.connected);
}

void ClientState::take_message(const ServerFrame& frame) {
    const ClientSubscription* const subscription = subscriptions_.find(frame.number);
    const bool is_automatic = subscription == nullptr || subscription->ack == AckMode::automatic;
    const Message message(*frame.frame, subscription == nullptr ? 0 : frame.number, connection_,
                          is_automatic ? "" : session_->ack_of(*frame.frame));
    if (subscription != nullptr) return call(subscription->handler, message);
    // One that came after its UNSUBSCRIBE had left is nobody's.
    if (frame.number == 0) call(handlers_.message, message);
}

void ClientState::take_error(const ServerFrame& frame) {
    const std::string_view what = frame.frame->find("message").value_or("the broker sent ERROR");
    ClientError error{.stage = stage(),
                      .error = {std::make_error_code(std::errc::connection_refused),
                                brokers_[broker_].name + ": " + std::string(what)}};
    const auto* const text = reinterpret_cast<const char*>(frame.frame->body.data());
    error.body.assign(text, std::min(frame.frame->body.size(), told_body_size_max));
    const std::string reason(what);
    end(&error, false, {.completion = receipts_.take(frame.number), .reason = reason});
}

void ClientState::take_fault(const ServerFrame& frame) {
    std::string what(describe(frame.fault));
    if (frame.fault == ServerFault::frame_malformed) {
        what.append(" ").append(describe(frame.frame->fault));
    }
    fail(std::errc::protocol_error, what);
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
    if (!session_->is_too_silent(silence_ms)) return;
    const auto self = shared_from_this();
    fail(std::errc::timed_out, "the broker is silent");
}

// ---- Its end -----------------------------------------------------------------------------------

// What goes on.
ClientStage ClientState::stage() const noexcept {
    if (phase_ == Phase::opening) return carrier_->stage();
    return phase_ == Phase::connecting ? ClientStage::handshake : ClientStage::open;
}

void ClientState::fail(std::errc code, std::string_view what) {
    const ClientError error{
        .stage = stage(),
        .error = {std::make_error_code(code), brokers_[broker_].name + ": " + std::string(what)}};
    end(&error, false, {});
}

// What the application's code, which has just run, threw ends the connection, if there is one.
void ClientState::heed_throw() {
    if (!thrown_) return;
    const std::string thrown = *std::exchange(thrown_, std::nullopt);
    report(EventKind::handler_failed, 0, thrown);
    const std::string what = "a handler threw: " + thrown;
    if (is_listening() && phase_ != Phase::connecting) fail(std::errc::operation_canceled, what);
}

void ClientState::stop_trying() {
    for (Token* const timer :
         {&open_timer_, &try_timer_, &beat_timer_, &heard_timer_, &receipt_timer_}) {
        cancel(*timer);
    }
    if (carrier_) unsent_at_end_ = carrier_->unsent_size();
    carrier_.reset();
    transactions_.clear();
    held_.reset();
    was_dropped_ = false;
}

// Whatever it came to: the handlers, in the order that the face promises. Each may connect again,
// or end the client.
void ClientState::end(const ClientError* error, bool is_orderly, const Refused& refused) {
    stop_trying();
    session_.reset();  // It may hold a large frame.
    const auto connected_ms = std::exchange(connected_ms_, std::nullopt);
    if (connected_ms && reactor_.now_ms() - *connected_ms >= options_.reconnect.stable_ms) {
        failure_count_ = 0;
    }
    const Disconnected event{.is_orderly = is_orderly, .unsent_size = unsent_at_end_};
    enter(Phase::ending);
    if (error != nullptr && !is_unwanted_) {
        report(EventKind::connect_failed, error->status, error->error.message);
    }
    std::vector<Completion> lost;
    while (Completion completion = receipts_.take_oldest()) lost.push_back(std::move(completion));
    if (error != nullptr) call(handlers_.error, *error);
    complete(refused.completion, {.outcome = Receipt::Outcome::refused, .reason = refused.reason});
    for (const Completion& completion : lost) {
        complete(completion, {.outcome = Receipt::Outcome::lost});
    }
    if (connected_ms) call(handlers_.disconnected, event);
    if (phase_ == Phase::ending) plan_retry();
    if (!thrown_) return;  // There is nothing left to end.
    const std::string thrown = *std::exchange(thrown_, std::nullopt);
    report(EventKind::handler_failed, 0, thrown);
}

// As long as the client is there.
void ClientState::report(EventKind kind, std::uint32_t code, std::string_view text) const noexcept {
    const EventTeller events(options_.connection.on_event);
    if (events && client_ != nullptr) events.tell({.kind = kind, .code = code, .text = text});
}

void ClientState::plan_retry() {
    const ReconnectOptions& limits = options_.reconnect;
    if (is_unwanted_ || !limits.enabled) return give_up();
    ++failure_count_;
    Retry retry{.count = failure_count_,
                .delay_ms = back_off_ms(limits, failure_count_, random_.next()),
                .stop = false,
                .broker = brokers_[(broker_ + 1) % brokers_.size()].name};
    call(handlers_.reconnect, retry);
    if (phase_ != Phase::ending) return;
    if (retry.stop || is_unwanted_) return give_up();
    enter(Phase::waiting);
    later(try_timer_, retry.delay_ms, [this] { begin(); });
    report(EventKind::reconnecting, retry.delay_ms, retry.broker);
}

void ClientState::give_up() {
    enter(Phase::closed);
    drop_kept(true);
}

void ClientState::disconnect() {
    is_unwanted_ = true;
    if (phase_ == Phase::leaving || is_closed()) return;
    if (phase_ != Phase::connected) return terminate();
    resume();  // To hear the answer.
    const std::uint64_t receipt = receipts_.add(
        [this](const Receipt& answer) {
            if (answer) end_orderly();
        },
        0);
    session_->disconnect(receipt);
    push();
    enter(Phase::leaving);
    await_answer({.since_ms = reactor_.listened_ms(),
                  .limit_ms = options_.disconnect_timeout_ms,
                  .untaken_size = carrier_->untaken_size(),
                  .missing = "no answer to DISCONNECT in time"});
}

void ClientState::end_orderly() {
    carrier_->finish();
    carrier_.reset();
    end(nullptr, true, {});
}

// Not from in here: the handlers are called when this has returned.
void ClientState::terminate() {
    is_unwanted_ = true;
    if (is_closed()) return;
    stop_trying();
    enter(Phase::leaving);
    later(try_timer_, 1, [this] { end(nullptr, false, {}); });
}

void ClientState::detach() {
    client_ = nullptr;
    if (is_connected()) {
        session_->disconnect(0);
        push();
        carrier_->flush();  // The loop may have no turn more.
    }
    const bool has_said_all = is_connected() || phase_ == Phase::leaving;
    if (has_said_all && carrier_) carrier_->finish();
    stop_trying();
    cancel(kept_timer_);
    enter(Phase::closed);
}

}  // namespace edgews::stomp
