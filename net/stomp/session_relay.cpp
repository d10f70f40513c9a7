#include "net/stomp/session_relay.hpp"

#include "core/stomp/frame_reader.hpp"
#include "core/stomp/upstream_name.hpp"
#include "net/loop/reactor.hpp"
#include "net/stomp/relay.hpp"
#include "net/stomp/session_link.hpp"
#include "net/stomp/state.hpp"
#include "net/stomp/stomp_loop.hpp"
#include "net/stomp/upstream.hpp"

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

// Of a SUBSCRIBE: what is not said anew upstream, and is not ours alone.
bool is_passed_on(std::string_view header) noexcept {
    return header != "ack" && header != "gap" && header != "prefetch-count";
}

std::string_view prefetch_header(stomp::UpstreamKind kind) noexcept {
    return kind == stomp::UpstreamKind::activemq ? "activemq.prefetchSize" : "prefetch-count";
}

}  // namespace

StompSessionRelay::StompSessionRelay(StompSessionLink& link, StompRelayState& relay)
    : link_(link), relay_(relay), here_(std::make_shared<Here>(Here{this})) {}

StompSessionRelay::~StompSessionRelay() {
    here_->relay = nullptr;
    leave();
}

void StompSessionRelay::leave() {
    of_own_.clear();
    if (!own_) return;
    own_.reset();
    relay_.own_connections.fetch_sub(1, std::memory_order_relaxed);
}

bool StompSessionRelay::answer(const stomp::Request& request) {
    using Kind = stomp::Request::Kind;
    if (request.kind == Kind::subscribe) return subscribe(request);
    if (request.kind == Kind::commit) return commit();
    const bool is_of_transaction = request.frame->find("transaction").has_value();
    return is_of_transaction ? link_.carry_out() : send(request);
}

// ---- SEND --------------------------------------------------------------------------------------

bool StompSessionRelay::send(const stomp::Request& request) {
    StompUpstream* const upstream = link_.stomp_loop().upstream();
    stomp::Session& session = link_.session();
    if (upstream == nullptr) return session.refuse(stomp::Fault::upstream_unavailable), true;
    const std::optional<std::string> id = session.wanted_receipt();
    stomp::SendOptions options{.headers = request.frame->headers};
    // What is kept for the next connection, and is lost, is told, whether or not it asked.
    if (id || !upstream->is_available()) {
        options.receipt = [here = here_, id](const stomp::Receipt& receipt) {
            if (here->relay != nullptr) here->relay->receipt_came(receipt, id);
        };
    }
    switch (upstream->send(request.destination, request.frame->body, std::move(options))) {
        case SendResult::sent:
        case SendResult::queued: session.sent_up(); break;
        case SendResult::dropped:
        case SendResult::closed: session.refuse(stomp::Fault::upstream_unavailable); break;
        case SendResult::invalid: session.refuse(stomp::Fault::destination_not_relayed); break;
    }
    return true;
}

void StompSessionRelay::receipt_came(const stomp::Receipt& receipt,
                                     const std::optional<std::string>& id) {
    using Outcome = stomp::Receipt::Outcome;
    if (link_.session().is_over()) return;
    switch (receipt.outcome) {
        case Outcome::confirmed:
            if (!id) return;
            link_.session().confirm(*id);
            return link_.write_output();
        case Outcome::refused:
            return link_.end_here(stomp::Fault::upstream_refused, receipt.reason);
        case Outcome::unsent: return link_.end_here(stomp::Fault::upstream_unavailable, {});
        case Outcome::lost:
        case Outcome::late:
            relay_.in_doubt.fetch_add(1, std::memory_order_relaxed);
            return link_.end_here(stomp::Fault::upstream_in_doubt, {});
    }
}

// ---- SUBSCRIBE ---------------------------------------------------------------------------------

bool StompSessionRelay::subscribe(const stomp::Request& request) {
    stomp::Session& session = link_.session();
    stomp::SubscriptionSetup& setup = session.withhold_receipt();
    setup.is_relayed = !is_sharable(*request.frame);
    const std::string id = setup.id;
    const std::string destination = setup.destination;
    const bool is_own = setup.is_relayed;
    if (is_own) {
        // Before it is filed, while the frame is there: nothing comes of it from within the call.
        const stomp::Fault fault = subscribe_own(*request.frame, setup);
        if (fault != stomp::Fault::none) return session.refuse(fault), true;
    }
    static_cast<void>(link_.carry_out());
    if (session.is_over()) return true;
    if (!is_own) return await_interest(destination);
    of_own_[session.outbox().find(id)->number()] = {.upstream = subscribed_,
                                                    .destination = destination};
    link_.await_upstream(false);
    return false;
}

bool StompSessionRelay::await_interest(const std::string& destination) {
    link_.await_upstream(false);  // Before anybody may tell it to go on.
    StompLocked locked = link_.state_.lock();
    const auto found = relay_.interests.find(HashedView(destination));
    if (found != relay_.interests.end() && found->second->is_confirmed) {
        link_.stop_waiting();
        return true;
    }
    const std::string& session_id = link_.session().outbox().session_id;
    if (found != relay_.interests.end()) {
        found->second->waiting.push_back(session_id);
        return false;
    }
    auto made = std::make_unique<StompInterest>();
    made->destination = HashedName(HashedView(destination));
    made->waiting.push_back(session_id);
    auto& loops = locked.loops();
    made->home = loops[made->destination.hash() % loops.size()].get();
    made->home->subscribe_soon(destination);
    const HashedView key = made->destination;
    relay_.interests.emplace(key, std::move(made));
    return false;
}

stomp::Fault StompSessionRelay::subscribe_own(const stomp::Frame& frame,
                                              const stomp::SubscriptionSetup& setup) {
    const auto name = stomp::to_upstream(relay_.options.kind, setup.destination, name_);
    if (!name) return stomp::Fault::destination_not_relayed;
    if (!open_own()) return stomp::Fault::too_many_upstreams;
    std::vector<stomp::Header> headers;
    for (const stomp::Header& header : frame.headers) {
        if (is_passed_on(header.name)) headers.push_back(header);
    }
    const std::string prefetch = std::to_string(
        setup.prefetch_count == 0 ? relay_.options.prefetch_count : setup.prefetch_count);
    headers.push_back({prefetch_header(relay_.options.kind), prefetch});
    subscribed_ = own_->subscribe(
        *name,
        [this, id = setup.id](stomp::Client&, const stomp::Message& message) { take(id, message); },
        {.ack = stomp::AckMode::client_individual,
         .headers = headers,
         .confirmed = [this](stomp::Client&, stomp::SubscriptionNumber number, bool is_confirmed) {
             if (!is_confirmed) return own_is_lost();
             if (number == std::exchange(subscribed_, 0)) link_.go_on();
         }});
    return subscribed_ == 0 ? stomp::Fault::destination_not_relayed : stomp::Fault::none;
}

void StompSessionRelay::note_unsubscribe(const stomp::Request& request) {
    const stomp::Outbox& outbox = link_.session().outbox();
    const auto id = request.frame->find("id");
    const stomp::Subscription* const subscription = id ? outbox.find(*id) : nullptr;
    const bool is_own = subscription != nullptr && subscription->setup().is_relayed;
    unsubscribed_ = is_own ? subscription->number() : 0;
}

// ---- Its own connection ------------------------------------------------------------------------

bool StompSessionRelay::open_own() {
    if (own_) return true;
    std::atomic<std::size_t>& count = relay_.own_connections;
    if (count.fetch_add(1, std::memory_order_relaxed) >= relay_.options.own_connection_count_max) {
        count.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    stomp::ClientOptions options = relay_.options.upstream;
    options.kept_size_max = 0;
    if (relay_.hooks.upstream_login) {
        StompUpstreamLogin login = relay_.hooks.upstream_login(link_.client());
        if (!login.login.empty()) {
            options.login = std::move(login.login);
            options.passcode = std::move(login.passcode);
        }
    }
    // Each broker is tried twice. Once it was connected, what it had is lost with that.
    const std::size_t try_count_max = 2 * options.brokers.size();
    own_ = std::make_unique<stomp::Client>(
        link_.stomp_loop().reactor().loop(), std::move(options),
        stomp::ClientHandlers{
            .connected = [this](stomp::Client&) { send_commit(); },
            .error = [this](stomp::Client&,
                            const ClientError& error) { reason_ = error.error.message; },
            .disconnected = [this](stomp::Client&, const stomp::Disconnected&) { own_is_lost(); },
            .reconnect =
                [this, try_count_max](stomp::Client&, stomp::Retry& retry) {
                    if (retry.count < try_count_max) return;
                    retry.stop = true;
                    own_is_lost();
                }});
    return true;
}

void StompSessionRelay::own_is_lost() {
    if (link_.session().is_over()) return;
    if (is_committing_) relay_.in_doubt.fetch_add(1, std::memory_order_relaxed);
    link_.end_here(
        is_committing_ ? stomp::Fault::upstream_in_doubt : stomp::Fault::upstream_unavailable,
        reason_);
}

void StompSessionRelay::take(const std::string& id, const stomp::Message& message) {
    stomp::Outbox& outbox = link_.session().outbox();
    stomp::Subscription* const subscription = outbox.find(id);
    if (subscription == nullptr) return;
    Own& own = of_own_[subscription->number()];
    std::string name = own.destination;
    if (stomp::is_pattern(name)) {
        name = stomp::from_upstream(relay_.options.kind, message.destination());
    }
    const stomp::Content content = link_.stomp_loop().contents().make(
        {.destination = name, .headers = message.frame().headers, .body = message.body()});
    relay_.received.fetch_add(1, std::memory_order_relaxed);
    own.unsettled.emplace(++own.last_position, message);
    StompLocked locked = link_.state_.lock();
    locked.broker().give(*subscription,
                         {.content = content,
                          .position = own.last_position,
                          .is_redelivered = message.header("redelivered") == "true"});
    locked.hand_out();
    // Who reads slowly does not make the upstream broker's messages wait here.
    const std::size_t limit = locked.broker().options().backlog_size_max / 2;
    if (outbox.waiting_size <= limit || std::exchange(is_paused_, true)) return;
    own_->pause_reading();
}

void StompSessionRelay::settle() {
    if (!own_) return;
    std::vector<stomp::Outbox::Settled> settled;
    bool has_room = false;
    {
        const StompLocked locked = link_.state_.lock();
        stomp::Outbox& outbox = link_.session().outbox();
        settled.swap(outbox.settled);
        has_room = outbox.waiting_size <= locked.broker().options().backlog_size_max / 4;
    }
    for (const stomp::Outbox::Settled& one : settled) settle(one, 0);
    if (const std::uint64_t gone = std::exchange(unsubscribed_, 0)) {
        own_->unsubscribe(of_own_[gone].upstream);
        of_own_.erase(gone);
    }
    if (has_room && std::exchange(is_paused_, false)) own_->resume_reading();
}

// What RabbitMQ has given and hears nothing of stays its client's until the connection ends, after
// UNSUBSCRIBE, too: so it hears. To ActiveMQ a NACK means a dead letter, and UNSUBSCRIBE is enough.
void StompSessionRelay::settle(const stomp::Outbox::Settled& one,
                               stomp::TransactionNumber transaction) {
    const auto own = of_own_.find(one.subscription);
    if (own == of_own_.end()) return;
    const auto message = own->second.unsettled.extract(one.position);
    if (message.empty()) return;
    stomp::SendOptions options{.transaction = transaction};
    switch (one.verdict) {
        case stomp::Verdict::accepted: own_->ack(message.mapped(), std::move(options)); return;
        case stomp::Verdict::dead_letter: options.headers = do_not_requeue; break;
        case stomp::Verdict::requeue:
            if (unsubscribed_ == one.subscription &&
                relay_.options.kind == stomp::UpstreamKind::activemq) {
                return;
            }
            break;
    }
    own_->nack(message.mapped(), std::move(options));
}

// ---- COMMIT ------------------------------------------------------------------------------------

bool StompSessionRelay::commit() {
    stomp::RelayedPart part = link_.session().relayed_part();
    if (part.frames.empty() && part.settled.empty()) return link_.carry_out();
    if (!open_own()) {
        link_.session().refuse(stomp::Fault::too_many_upstreams);
        return true;
    }
    to_commit_ = std::move(part);
    link_.await_upstream(true);
    if (own_->is_connected()) send_commit();
    return false;
}

// As one burst; what is to happen here follows when it is confirmed.
void StompSessionRelay::send_commit() {
    if (!to_commit_) return;
    const stomp::RelayedPart part = *std::exchange(to_commit_, std::nullopt);
    is_committing_ = true;
    const stomp::TransactionNumber number = own_->begin();
    stomp::FrameReader frames(no_limits, link_.stomp_loop().reactor().pool());
    std::span<const std::byte> bytes = std::as_bytes(std::span(part.frames));
    while (const stomp::Frame* const frame = frames.next(bytes)) {
        const auto name =
            stomp::to_upstream(relay_.options.kind, frame->find("destination").value_or(""), name_);
        const SendResult result =
            name
                ? own_->send(*name, frame->body, {.headers = frame->headers, .transaction = number})
                : SendResult::invalid;
        if (result == SendResult::sent) continue;
        static_cast<void>(own_->abort(number));
        is_committing_ = false;
        return link_.end_here(stomp::Fault::destination_not_relayed, {});
    }
    for (const stomp::Outbox::Settled& one : part.settled) settle(one, number);
    static_cast<void>(own_->commit(number, [here = here_](const stomp::Receipt& receipt) {
        if (here->relay != nullptr) here->relay->committed(receipt);
    }));
}

void StompSessionRelay::committed(const stomp::Receipt& receipt) {
    if (link_.session().is_over()) return;
    if (!receipt) return own_is_lost();
    is_committing_ = false;
    link_.go_on();
}

}  // namespace edgews
