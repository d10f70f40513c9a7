#include "net/stomp/session_relay.hpp"

#include "core/stomp/frame_reader.hpp"
#include "core/stomp/upstream_name.hpp"
#include "net/loop/reactor.hpp"
#include "net/stomp/broker_state.hpp"
#include "net/stomp/relay_state.hpp"
#include "net/stomp/session_link.hpp"
#include "net/stomp/stomp_loop.hpp"
#include "net/stomp/upstream.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace edgews {

namespace {

// Of what was read once, by its limits.
constexpr stomp::FrameLimits no_limits{.header_count_max = SIZE_MAX,
                                       .header_size_max = SIZE_MAX,
                                       .head_size_max = SIZE_MAX,
                                       .body_size_max = SIZE_MAX};
constexpr std::array<stomp::Header, 1> do_not_requeue{{{"requeue", "false"}}};
constexpr std::string_view named_elsewhere =
    "x-queue-name and x-dead-letter-… name what the destination does not: a policy of the upstream"
    " broker may.";

}  // namespace

StompSessionRelay::StompSessionRelay(StompSessionLink& link, StompRelayState& relay)
    : link_(link), relay_(relay), here_(std::make_shared<Here>(Here{this})) {}

StompSessionRelay::~StompSessionRelay() {
    here_->relay = nullptr;
    leave();
}

void StompSessionRelay::leave() {
    of_own_.clear();
    to_commit_.reset();
    close_own();
}

bool StompSessionRelay::answer(const stomp::Request& request) {
    using Kind = stomp::Request::Kind;
    switch (request.kind) {
        case Kind::send:
            if (request.is_relayed) return send(request);
            break;
        case Kind::subscribe:
            if (request.is_relayed) return subscribe(request);
            break;
        case Kind::unsubscribe:
            note(request);
            // With the connection the receipts would be lost that are awaited there.
            if (awaited_count_ > 0 && ends_own(unsubscribed_)) return await_receipts();
            break;
        case Kind::ack:
        case Kind::nack: note(request); break;
        case Kind::commit: return commit();
        case Kind::disconnect: return disconnect();
        case Kind::connect:
        case Kind::application:
        case Kind::begin:
        case Kind::abort: break;
    }
    return link_.carry_out();
}

void StompSessionRelay::await_upstream(bool is_undone) {
    link_.await_upstream(is_undone, relay_.options.upstream.receipt_timeout_ms);
}

stomp::Fault StompSessionRelay::give_up() {
    const bool is_in_doubt = commit_awaited_count_ > 0 || waits_for_receipts_;
    if (!is_in_doubt) return stomp::Fault::upstream_unavailable;
    relay_.in_doubt.fetch_add(1, std::memory_order_relaxed);
    return stomp::Fault::upstream_in_doubt;
}

// ---- SEND --------------------------------------------------------------------------------------

bool StompSessionRelay::send(const stomp::Request& request) {
    stomp::Session& session = link_.session();
    const stomp::Frame& frame = *request.frame;
    const stomp::UpstreamKind kind = relay_.options.kind;
    if (names_elsewhere(kind, frame)) return refuse_elsewhere();
    const bool is_of_transaction = frame.find("transaction").has_value();
    if (is_of_transaction || !relay_.is_harmless(frame)) {
        // What cannot be sent is told before others depend on it.
        if (!upstream_name(kind, request.destination, name_)) {
            return session.refuse(stomp::Fault::destination_not_relayed), true;
        }
        return is_of_transaction ? link_.carry_out() : send_alone();
    }
    StompUpstream* const upstream = link_.stomp_loop().upstream();
    if (upstream == nullptr) return session.refuse(stomp::Fault::upstream_unavailable), true;
    const std::optional<std::string> id = session.wanted_receipt();
    // What is kept for the next connection, and is lost, is told, whether or not it asked.
    const bool is_told = id || !upstream->is_available();
    // What its own connection is to send must not come before this.
    const bool is_awaited = is_told || own_ != nullptr;
    stomp::SendOptions options{.headers = frame.headers};
    if (is_awaited) {
        options.receipt = [here = here_, id, is_told](const stomp::Receipt& receipt) {
            if (here->relay != nullptr) here->relay->receipt_came(receipt, id, is_told);
        };
    }
    switch (upstream->send(request.destination, frame.body, std::move(options))) {
        case SendResult::sent:
        case SendResult::queued:
            session.sent_up();
            if (is_awaited) ++awaited_count_;
            break;
        case SendResult::dropped:
        case SendResult::closed: session.refuse(stomp::Fault::upstream_unavailable); break;
        case SendResult::invalid: session.refuse(stomp::Fault::destination_not_relayed); break;
    }
    return true;
}

bool StompSessionRelay::refuse_elsewhere() {
    return link_.session().refuse(stomp::Fault::access_refused, named_elsewhere), true;
}

// By a transaction of its own connection, which nobody else suffers from.
bool StompSessionRelay::send_alone() {
    stomp::Session& session = link_.session();
    session.withhold_receipt();
    return commit_part({.frames = session.relayed_frame()}, false);
}

void StompSessionRelay::receipt_came(const stomp::Receipt& receipt,
                                     const std::optional<std::string>& id, bool is_told) {
    using Outcome = stomp::Receipt::Outcome;
    --awaited_count_;
    if (link_.session().is_over()) return;
    const bool is_confirmed = receipt.outcome == Outcome::confirmed;
    if (is_confirmed && id) {
        link_.session().confirm(*id);
        link_.write_output();
    }
    if (is_confirmed || !is_told) return go_on_if_confirmed();
    switch (receipt.outcome) {
        case Outcome::refused:
            return link_.end_here(stomp::Fault::upstream_refused, receipt.reason);
        case Outcome::confirmed:
        case Outcome::unsent: return link_.end_here(stomp::Fault::upstream_unavailable, {});
        case Outcome::lost:
        case Outcome::late:
            relay_.in_doubt.fetch_add(1, std::memory_order_relaxed);
            return link_.end_here(stomp::Fault::upstream_in_doubt, {});
    }
}

// What had to come after all that was sent before.
void StompSessionRelay::go_on_if_confirmed() {
    if (awaited_count_ > 0) return;
    if (std::exchange(waits_for_receipts_, false)) return link_.go_on();
    send_commit();
}

// Nothing follows DISCONNECT's RECEIPT, so those of what came before come first.
bool StompSessionRelay::disconnect() {
    return awaited_count_ == 0 ? link_.carry_out() : await_receipts();
}

// The request is carried out when all have come.
bool StompSessionRelay::await_receipts() {
    waits_for_receipts_ = true;
    await_upstream(true);
    return false;
}

// ---- SUBSCRIBE ---------------------------------------------------------------------------------

bool StompSessionRelay::subscribe(const stomp::Request& request) {
    stomp::Session& session = link_.session();
    if (names_elsewhere(relay_.options.kind, *request.frame)) return refuse_elsewhere();
    session.withhold_receipt();
    stomp::SubscriptionSetup& setup = session.setup_asked();
    const std::string id = setup.id;
    const std::string destination = setup.destination;
    const std::string key = stomp::Broker::subscription_key(session.outbox(), destination);
    if (!upstream_name(relay_.options.kind, key, name_)) {
        return session.refuse(stomp::Fault::destination_not_relayed), true;
    }
    const bool is_own = !is_sharable(*request.frame) || !may_share(key);
    setup.is_relayed = is_own;
    Begun begun;
    if (is_own) {
        // Before it is filed, while the frame is there: nothing comes of it from within the call.
        begun = subscribe_own(*request.frame, setup);
        if (begun.fault != stomp::Fault::none) return session.refuse(begun.fault), true;
    }
    static_cast<void>(link_.carry_out());
    if (session.is_over()) return true;
    if (!is_own) return await_interest(key);
    of_own_[session.outbox().find(id)->number()] = std::move(begun.own);
    read_on();
    await_upstream(false);
    return false;
}

bool StompSessionRelay::may_share(const std::string& key) {
    StompLocked locked = link_.state_.lock();
    return relay_.may_share(locked, key, asker(), now_ms());
}

// Those without a name are one user for each address, as for all that users share.
StompAsker StompSessionRelay::asker() const {
    const stomp::Outbox& outbox = link_.session().outbox();
    const bool is_anonymous = outbox.user.empty();
    return {.session_id = outbox.session_id,
            .user = is_anonymous ? "from " + outbox.origin : "user " + outbox.user};
}

std::uint64_t StompSessionRelay::now_ms() const noexcept {
    return link_.stomp_loop().reactor().now_ms();
}

bool StompSessionRelay::await_interest(const std::string& key) {
    await_upstream(false);  // Before anybody may tell it to go on.
    StompRelayState::Awaited awaited;
    {
        StompLocked locked = link_.state_.lock();
        awaited = relay_.await(locked, key, asker(), now_ms());
    }
    if (awaited.has_to_wait) return false;
    if (awaited.refusal) {
        return link_.session().end(stomp::Fault::upstream_refused, *awaited.refusal), true;
    }
    if (!awaited.is_there) {
        return link_.session().refuse(stomp::Fault::upstream_unavailable), true;
    }
    link_.stop_waiting();
    return true;
}

// An UNSUBSCRIBE, ACK or NACK of its own connection: the upstream broker hears of it, and says when
// it has.
void StompSessionRelay::note(const stomp::Request& request) {
    stomp::Session& session = link_.session();
    const stomp::Subscription* const subscription = session.subscription_asked();
    if (subscription == nullptr || !subscription->setup().is_relayed) return;
    session.withhold_receipt();
    is_noted_ = true;
    if (request.kind == stomp::Request::Kind::unsubscribe) unsubscribed_ = subscription->number();
}

// ---- ACK, NACK and UNSUBSCRIBE ------------------------------------------------------------------

void StompSessionRelay::settle() {
    if (!own_ || link_.session().is_over()) return;
    std::vector<stomp::Outbox::Settled> settled;
    std::size_t waiting = 0;
    bool is_carried_out = true;
    {
        const StompLocked locked = link_.state_.lock();
        stomp::Outbox& outbox = link_.session().outbox();
        settled.swap(outbox.settled);
        waiting = waiting_size();
        is_carried_out = unsubscribed_ == 0 || outbox.find(unsubscribed_) == nullptr;
    }
    std::optional<std::string> receipt;
    std::uint64_t gone = 0;
    if (is_carried_out && std::exchange(is_noted_, false)) {
        receipt = link_.session().take_receipt();
        gone = std::exchange(unsubscribed_, 0);
    }
    for (std::size_t i = 0; i < settled.size(); ++i) {
        const bool is_left = settled[i].verdict == stomp::Verdict::requeue;
        if (is_left && settled[i].subscription == gone && !has_to_hear_what_is_left()) continue;
        const bool is_last = i + 1 == settled.size() && gone == 0;
        const SendResult result = settle(settled[i], 0, is_last ? receipt : std::nullopt);
        // Too much of it waits for a broker that does not read.
        if (result == SendResult::dropped) {
            return link_.session().end(stomp::Fault::upstream_unavailable);
        }
        if (result == SendResult::sent && is_last) receipt.reset();
    }
    if (gone != 0) unsubscribe(gone, std::exchange(receipt, std::nullopt));
    if (receipt) link_.session().confirm(*receipt);  // There was nothing to say.
    pause_or_resume(waiting);
}

// UNSUBSCRIBE gives back what was not acknowledged, but not at RabbitMQ, and in front of it a NACK
// is more than that: another attempt, or a dead letter.
bool StompSessionRelay::has_to_hear_what_is_left() const noexcept {
    return relay_.options.kind == stomp::UpstreamKind::rabbitmq && of_own_.size() > 1;
}

// RabbitMQ keeps what was given until its connection ends: what is on the way, too, of which nobody
// here will ever hear. So where nothing else needs the connection, it ends.
bool StompSessionRelay::ends_own(std::uint64_t number) const noexcept {
    return relay_.options.kind == stomp::UpstreamKind::rabbitmq && of_own_.size() == 1 &&
           of_own_.contains(number);
}

void StompSessionRelay::unsubscribe(std::uint64_t gone, const std::optional<std::string>& receipt) {
    const bool is_last = ends_own(gone);
    const auto own = of_own_.find(gone);
    const stomp::SubscriptionNumber number = own->second.upstream;
    of_own_.erase(own);
    if (is_last) {
        close_own();
        if (receipt) link_.session().confirm(*receipt);
        return;
    }
    const bool is_said = own_->is_connected();
    own_->unsubscribe(number, is_said ? completion_of(receipt) : stomp::Completion{});
    if (!is_said && receipt) link_.session().confirm(*receipt);
}

SendResult StompSessionRelay::settle(const stomp::Outbox::Settled& one,
                                     stomp::TransactionNumber transaction,
                                     const std::optional<std::string>& receipt) {
    const auto own = of_own_.find(one.subscription);
    if (own == of_own_.end()) return SendResult::closed;
    const auto message = own->second.unsettled.extract(one.position);
    if (message.empty()) return SendResult::closed;
    stomp::SendOptions options{.transaction = transaction};
    if (one.verdict == stomp::Verdict::dead_letter) options.headers = do_not_requeue;
    options.receipt = completion_of(receipt);
    const SendResult result = one.verdict == stomp::Verdict::accepted
                                  ? own_->ack(message.mapped(), std::move(options))
                                  : own_->nack(message.mapped(), std::move(options));
    if (result != SendResult::sent && receipt) {
        --awaited_count_;
        --own_awaited_count_;
    }
    return result;
}

stomp::Completion StompSessionRelay::completion_of(const std::optional<std::string>& receipt) {
    if (!receipt) return {};
    ++awaited_count_;
    ++own_awaited_count_;
    return [here = here_, receipt](const stomp::Receipt& answer) {
        if (here->relay == nullptr) return;
        --here->relay->own_awaited_count_;
        here->relay->receipt_came(answer, receipt, true);
    };
}

// ---- COMMIT ------------------------------------------------------------------------------------

bool StompSessionRelay::commit() {
    stomp::RelayedPart part = link_.session().relayed_part();
    if (part.frames.empty() && part.settled.empty()) return link_.carry_out();
    return commit_part(std::move(part), true);
}

bool StompSessionRelay::commit_part(stomp::RelayedPart part, bool is_undone) {
    if (!open_own()) return link_.session().refuse(stomp::Fault::too_many_upstreams), true;
    to_commit_ = std::move(part);
    // What was sent with a RECEIPT is not to be lost. Those of a transaction come with the COMMIT.
    awaits_each_send_ = relay_.options.kind == stomp::UpstreamKind::rabbitmq &&
                        (is_undone || link_.session().wanted_receipt());
    read_on();
    await_upstream(is_undone);
    if (awaited_count_ == 0) send_commit();
    return false;
}

// As one burst; what is to happen here follows when it is confirmed. RabbitMQ confirms a COMMIT
// when it has taken it, and a SEND of it when that is on disk: in any order.
void StompSessionRelay::send_commit() {
    if (!to_commit_ || !own_->is_connected()) return;
    const stomp::RelayedPart part = *std::exchange(to_commit_, std::nullopt);
    const stomp::TransactionNumber number = own_->begin();
    bool is_sent = true;
    stomp::FrameReader frames(no_limits, link_.stomp_loop().reactor().pool());
    std::span<const std::byte> bytes = std::as_bytes(std::span(part.frames));
    while (const stomp::Frame* const frame = frames.next(bytes)) {
        const auto name =
            upstream_name(relay_.options.kind, frame->find("destination").value_or(""), name_);
        stomp::SendOptions options{.headers = frame->headers, .transaction = number};
        if (awaits_each_send_) options.receipt = completion_of_commit();
        is_sent = is_sent && name &&
                  own_->send(*name, frame->body, std::move(options)) == SendResult::sent;
    }
    for (const stomp::Outbox::Settled& one : part.settled) {
        is_sent = is_sent && settle(one, number, std::nullopt) != SendResult::dropped;
    }
    if (!is_sent) return give_up_commit(number);
    static_cast<void>(own_->commit(number, completion_of_commit()));
}

stomp::Completion StompSessionRelay::completion_of_commit() {
    ++commit_awaited_count_;
    return [here = here_](const stomp::Receipt& receipt) {
        if (here->relay != nullptr) here->relay->committed(receipt);
    };
}

// Too much of it waits for a broker that does not read.
void StompSessionRelay::give_up_commit(stomp::TransactionNumber number) {
    static_cast<void>(own_->abort(number));
    commit_awaited_count_ = 0;
    link_.end_here(stomp::Fault::upstream_unavailable, {});
}

void StompSessionRelay::committed(const stomp::Receipt& receipt) {
    if (link_.session().is_over()) return;
    if (receipt.outcome == stomp::Receipt::Outcome::refused) {
        return link_.end_here(stomp::Fault::upstream_refused, receipt.reason);
    }
    if (!receipt) return own_is_lost();
    if (--commit_awaited_count_ == 0) link_.go_on();
}

}  // namespace edgews
