// What a STOMP client's application has it say.
#include "core/stomp/frame_writer.hpp"
#include "net/stomp/client_state.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace edgews::stomp {

namespace {

// What a SEND that is kept takes beside what the application gave, about, and each of its headers.
constexpr std::size_t head_size = 256;
constexpr std::size_t header_size = sizeof(std::pair<std::string, std::string>);
// Bytes of memory that are kept for the next frame.
constexpr std::size_t kept_output_size_max = 64 * 1024;

std::size_t size_when_kept(std::string_view destination, std::span<const std::byte> body,
                           std::span<const Header> headers) noexcept {
    std::size_t size = head_size + destination.size() + body.size();
    for (const Header& header : headers) {
        size += header_size + header.name.size() + header.value.size();
    }
    return size;
}

}  // namespace

std::size_t ClientState::unsent_size() const noexcept {
    return carrier_ ? carrier_->unsent_size() : unsent_at_end_;
}

const Address& ClientState::peer() const noexcept {
    static const Address none;
    return carrier_ ? carrier_->peer() : none;
}

// One frame at a time: over a WebSocket each is a message.
void ClientState::push() {
    std::string& output = session_->output();
    carrier_->send(output);
    output.clear();
    if (output.capacity() > kept_output_size_max) output.shrink_to_fit();
    has_sent_ = true;
}

// Its frame that asks for that receipt, or else takes both back.
SendResult ClientState::push_if_room(std::uint64_t receipt) {
    if (!has_room_for(session_->output().size())) {
        session_->output().clear();
        static_cast<void>(receipts_.take(receipt));
        was_dropped_ = true;
        return SendResult::dropped;
    }
    push();
    return SendResult::sent;
}

// One frame may always wait. What waits now may only be this turn's: the system is asked before
// anything is refused, and will say when it takes more.
bool ClientState::has_room_for(std::size_t size) {
    const auto has_room = [&] {
        const std::size_t waiting = unsent_size();
        return waiting == 0 || waiting + size <= options_.backlog_size_max;
    };
    if (has_room()) return true;
    carrier_->flush();
    return has_room();
}

// ---- Receipts ----------------------------------------------------------------------------------

std::uint64_t ClientState::await_receipt(Completion completion) {
    if (!completion) return 0;
    const std::uint64_t limit_ms = options_.receipt_timeout_ms;
    const std::uint64_t due_ms = limit_ms == 0 ? 0 : reactor_.listened_ms() + limit_ms;
    const std::uint64_t number = receipts_.add(std::move(completion), due_ms);
    if (limit_ms > 0 && receipt_timer_ == no_token) {
        later(receipt_timer_, limit_ms, [this] { check_receipts(); });
    }
    return number;
}

// As this loop has listened to the broker.
void ClientState::check_receipts() {
    const std::uint64_t connection = connection_;
    const std::uint64_t now_ms = reactor_.listened_ms();
    while (receipts_.due_ms() != 0 && receipts_.due_ms() <= now_ms) {
        complete(receipts_.take_oldest(), {.outcome = Receipt::Outcome::late});
        if (connection != connection_ || !carrier_ || thrown_) return;  // Who was told ended it.
    }
    if (receipts_.due_ms() == 0) return;
    later(receipt_timer_, receipts_.due_ms() - now_ms, [this] { check_receipts(); });
}

// ---- Subscriptions -----------------------------------------------------------------------------

SubscriptionNumber ClientState::subscribe(std::string_view destination, MessageHandler handler,
                                          const SubscribeOptions& options) {
    if (!handler) throw_empty_callable("stomp::Client::subscribe()");
    const ClientSubscription& made = subscriptions_.add(destination, std::move(handler), options);
    if (!is_connected() || make(made)) return made.number;
    subscriptions_.remove(made.number);
    return 0;
}

// False: the version cannot say its destination.
bool ClientState::make(const ClientSubscription& subscription) {
    const SubscriptionNumber number = subscription.number;
    Completion told;
    if (subscription.confirmed) {
        told = [this, number](const Receipt& receipt) {
            if (receipt.outcome == Receipt::Outcome::lost) return;  // It is made again.
            const ClientSubscription* const known = subscriptions_.find(number);
            if (known != nullptr) call(known->confirmed, number, static_cast<bool>(receipt));
        };
    }
    const std::vector<Header> headers = subscription.headers.views();
    const std::uint64_t receipt = await_receipt(std::move(told));
    if (!session_->subscribe(number, subscription.destination, subscription.ack, headers,
                             receipt)) {
        static_cast<void>(receipts_.take(receipt));
        return false;
    }
    push();
    return true;
}

bool ClientState::unsubscribe(SubscriptionNumber number, Completion receipt,
                              std::span<const Header> headers) {
    if (!subscriptions_.remove(number)) return false;
    if (!is_connected()) {
        if (receipt) tell_unsent(std::move(receipt));
        return true;
    }
    session_->unsubscribe(number, headers, await_receipt(std::move(receipt)));
    push();
    return true;
}

// Not from in here.
void ClientState::tell_unsent(Completion completion) {
    reactor_.post(make_job([weak = weak_from_this(), completion = std::move(completion)] {
        const auto self = weak.lock();
        if (!self) return;
        self->complete(completion, {.outcome = Receipt::Outcome::unsent});
        self->heed_throw();
    }));
}

bool ClientState::set_headers(SubscriptionNumber number, std::span<const Header> headers) {
    ClientSubscription* const subscription = subscriptions_.find(number);
    if (subscription == nullptr) return false;
    subscription->headers = KeptHeaders(headers);
    return true;
}

// ---- Messages ----------------------------------------------------------------------------------

SendResult ClientState::send(std::string_view destination, std::span<const std::byte> body,
                             SendOptions options) {
    if (!is_connected()) return keep(destination, body, std::move(options));
    if (options.transaction != 0 && !transactions_.contains(options.transaction)) {
        return SendResult::closed;
    }
    const std::uint64_t receipt = await_receipt(std::move(options.receipt));
    if (!session_->send({.destination = destination,
                         .headers = options.headers,
                         .body = body,
                         .transaction = options.transaction,
                         .receipt = receipt})) {
        static_cast<void>(receipts_.take(receipt));
        return SendResult::invalid;
    }
    return push_if_room(receipt);
}

// Later, without the application's asking.
bool ClientState::may_be_connected() const noexcept {
    switch (phase_) {
        case Phase::waiting:
        case Phase::opening:
        case Phase::connecting: return true;
        case Phase::ending: return options_.reconnect.enabled && !is_unwanted_;
        case Phase::connected:
        case Phase::leaving:
        case Phase::closed: return false;
    }
    return false;
}

SendResult ClientState::keep(std::string_view destination, std::span<const std::byte> body,
                             SendOptions options) {
    const std::size_t size = size_when_kept(destination, body, options.headers);
    if (!may_be_connected() || options.transaction != 0 || size > options_.kept_size_max ||
        kept_size_ > options_.kept_size_max - size) {
        return SendResult::closed;
    }
    kept_size_ += size;
    kept_.push_back({.destination = std::string(destination),
                     .headers = KeptHeaders(options.headers),
                     .body = {body.begin(), body.end()},
                     .receipt = std::move(options.receipt),
                     .size = size,
                     .since_ms = reactor_.now_ms()});
    if (kept_timer_ == no_token) later(kept_timer_, options_.kept_ms, [this] { drop_kept(false); });
    return SendResult::queued;
}

// Returns who is to be told that theirs was not sent.
std::vector<Completion> ClientState::send_kept() {
    cancel(kept_timer_);
    kept_size_ = 0;
    const std::uint64_t now_ms = reactor_.now_ms();
    std::vector<Completion> unsent;
    for (Kept& kept : std::exchange(kept_, {})) {
        const bool is_too_old = kept.since_ms + options_.kept_ms <= now_ms;
        const std::vector<Header> headers = kept.headers.views();
        const std::uint64_t receipt = await_receipt(std::move(kept.receipt));
        if (!is_too_old && session_->send({.destination = kept.destination,
                                           .headers = headers,
                                           .body = kept.body,
                                           .receipt = receipt})) {
            push();
        } else {
            unsent.push_back(receipts_.take(receipt));
        }
    }
    return unsent;
}

// Those that were kept for too long, or all.
void ClientState::drop_kept(bool is_all) {
    const std::uint64_t now_ms = reactor_.now_ms();
    std::vector<Kept> dropped;
    std::size_t count = 0;
    while (count < kept_.size() && (is_all || kept_[count].since_ms + options_.kept_ms <= now_ms)) {
        kept_size_ -= kept_[count].size;
        dropped.push_back(std::move(kept_[count++]));
    }
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(count));
    cancel(kept_timer_);
    if (!kept_.empty()) {
        const std::uint64_t due_ms = kept_.front().since_ms + options_.kept_ms;
        later(kept_timer_, due_ms - now_ms, [this] { drop_kept(false); });
    }
    for (const Kept& kept : dropped) {
        complete(kept.receipt, {.outcome = Receipt::Outcome::unsent});
    }
}

SendResult ClientState::acknowledge(Command command, const Unacknowledged& message,
                                    SendOptions options) {
    if (!is_connected() || message.connection != connection_) return SendResult::closed;
    if (options.transaction != 0 && !transactions_.contains(options.transaction)) {
        return SendResult::closed;
    }
    if (message.ack.empty()) return SendResult::invalid;
    const std::uint64_t receipt = await_receipt(std::move(options.receipt));
    if (!session_->acknowledge(command, {.ack = message.ack, .subscription = message.subscription},
                               options.headers, options.transaction, receipt)) {
        static_cast<void>(receipts_.take(receipt));
        return SendResult::invalid;
    }
    return push_if_room(receipt);
}

// ---- Transactions ------------------------------------------------------------------------------

TransactionNumber ClientState::begin_transaction() {
    if (!is_connected()) return 0;
    transactions_.insert(++last_transaction_);
    session_->transact(Command::begin, last_transaction_, 0);
    push();
    return last_transaction_;
}

SendResult ClientState::end_transaction(Command command, TransactionNumber number,
                                        Completion receipt) {
    if (!is_connected() || transactions_.erase(number) == 0) return SendResult::closed;
    session_->transact(command, number, await_receipt(std::move(receipt)));
    push();
    return SendResult::sent;
}

// ---- Reading -----------------------------------------------------------------------------------

// What a broker answers to CONNECT is read nevertheless.
void ClientState::pause() {
    if (std::exchange(is_paused_, true) || !is_listening()) return;
    if (phase_ != Phase::connecting) carrier_->pause();
}

// What came meanwhile is read first, and not from in here.
void ClientState::resume() {
    if (!std::exchange(is_paused_, false)) return;
    reactor_.post(make_job([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self || self->is_paused_ || !self->is_listening()) return;
        self->heard_ms_ = self->reactor_.listened_ms();
        const Buffer held = std::move(self->held_);
        self->process(held.bytes());
        if (!self->is_paused_ && self->is_listening()) self->carrier_->resume();
    }));
}

}  // namespace edgews::stomp
