#include "net/stomp/session_link.hpp"

#include <edgews/close_code.hpp>
#include "core/stomp/heart_beat.hpp"
#include "net/connection/admission.hpp"
#include "net/connection/event_teller.hpp"
#include "net/loop/reactor.hpp"
#include "net/stomp/broker_state.hpp"
#include "net/stomp/relay_state.hpp"
#include "net/stomp/session_relay.hpp"
#include "net/stomp/stomp_loop.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>

namespace edgews {

namespace {

// What is taken from the broker in one go: the next turn brings more.
constexpr std::size_t taken_size_max = 64 * 1024;
// What a session may do in one turn of its loop, before others get theirs: so many requests, in so
// much time, of which the clock is asked now and then.
constexpr unsigned request_count_max = 256;
constexpr unsigned timed_request_count = 16;
constexpr std::chrono::milliseconds share_time_max{1};

constexpr std::string_view no_handler = "No handler is there for it.";

// Clients without a name are one user for each address, or network, that counts as one.
std::string origin_of(const Address& limited_as) {
    const auto* const bytes = reinterpret_cast<const char*>(limited_as.bytes().data());
    std::string origin(bytes, limited_as.bytes().size());
    origin += static_cast<char>(limited_as.family());
    return origin;
}

}  // namespace

StompSessionLink::StompSessionLink(StompLoop& loop, const Admission& admission)
    : loop_(loop),
      state_(loop.state()),
      session_(state_.options.session, state_.broker_of_sessions(), loop.contents(),
               loop.reactor().pool(), state_.new_session_id()),
      address_(admission.address()),
      limited_as_(admission.limited_as()),
      began_ms_(loop.reactor().listened_ms()),
      heard_ms_(began_ms_) {
    if (state_.relay) {
        relay_ = std::make_unique<StompSessionRelay>(*this, *state_.relay);
        session_.set_relay(state_.relay->rules);
    }
    StompLocked locked = state_.lock();
    session_.outbox().owner = this;
    session_.outbox().watch = &loop_.watch();
    session_.outbox().origin = origin_of(limited_as_);
    session_.outbox().is_taking = true;
    locked.sessions().emplace(HashedView(session_.outbox().session_id), this);
    if (locked.is_ending()) end(locked, stomp::Fault::server_shutting_down, {});
    await_connect(state_.options.connect_timeout_ms);
}

StompSessionLink::~StompSessionLink() {
    leave();
}

StompClient StompSessionLink::client() const noexcept {
    return {.session_id = session_.outbox().session_id,
            .user = session_.outbox().user,
            .version = session_.version(),
            .address = &address_};
}

void StompSessionLink::received(std::span<const std::byte> bytes) {
    heard_ms_ = loop_.reactor().listened_ms();
    if (is_finished_) return;
    if (!is_blocked_) return process(bytes);
    hold(bytes);
    finish_if_over();
}

// Where there is no memory for what has to wait, the session ends.
void StompSessionLink::hold(std::span<const std::byte> bytes) {
    if (loop_.reactor().pool().try_reserve(held_, bytes.size())) return held_.append(bytes);
    session_.refuse(stomp::Fault::memory_full);
}

void StompSessionLink::process(std::span<const std::byte> input) {
    const auto begin = std::chrono::steady_clock::now();
    unsigned count = 0;
    while (const stomp::Request* const request = session_.next(input)) {
        is_blocked_ = !answer(*request);
        ++count;
        const bool has_used_share = count == request_count_max ||
                                    (count % timed_request_count == 0 &&
                                     std::chrono::steady_clock::now() - begin >= share_time_max);
        if (!is_blocked_ && !has_used_share) continue;
        hold(input);
        pause();
        if (!is_blocked_) rest();
        if (is_undone_ && !waits_for_upstream_) await_room();
        break;
    }
    write_output();
    finish_if_over();
}

// Others have their turn; in the next one it goes on.
void StompSessionLink::rest() {
    is_blocked_ = is_resting_ = true;
    is_undone_ = false;
    loop_.try_again_soon(*this);
}

void StompSessionLink::finish_rest() {
    while (is_resting_ && !is_finished_) try_again();
}

// False: it waits for room in a queue, or for those who get what it sent.
bool StompSessionLink::answer(const stomp::Request& request) {
    using Kind = stomp::Request::Kind;
    bool is_done = true;
    guard([&] {
        if (request.kind == Kind::connect) {
            answer_connect(request);
        } else if (!request.is_of_commit && !is_allowed(request)) {
            session_.refuse(stomp::Fault::access_refused);
        } else if (request.kind == Kind::application) {
            answer_application(request);
        } else if (is_for_nobody(request)) {
            session_.refuse(stomp::Fault::destination_invalid, no_handler);
        } else {
            is_done = answer_other(request);
        }
    });
    return is_done;
}

bool StompSessionLink::answer_other(const stomp::Request& request) {
    if (relay_) return relay_->answer(request);
    const bool is_subscribe = request.kind == stomp::Request::Kind::subscribe;
    return is_subscribe && state_.carrier != nullptr ? subscribe_abroad(request) : carry_out();
}

void StompSessionLink::await_upstream(bool is_undone, std::uint64_t limit_ms) {
    waits_for_upstream_ = true;
    is_undone_ = is_undone;
    session_.postpone();
    {
        const StompLocked locked = state_.lock();
        session_.outbox().may_try_again = false;
    }
    if (limit_ms > 0) refuse_in_time(limit_ms);
}

void StompSessionLink::stop_waiting() noexcept {
    waits_for_upstream_ = false;
    cancel(block_timer_);
    session_.give_receipt();
}

void StompSessionLink::go_on() {
    if (waits_for_upstream_ && !session_.is_over()) try_again();
}

template <class F>
void StompSessionLink::guard(F&& call) {
    const auto tell = [this](std::string_view what) {
        session_.refuse(stomp::Fault::handler_failed);
        report(EventKind::handler_failed, close_code::internal_error, what);
        if (!state_.hooks.error) return;
        try {
            state_.hooks.error(client(), what);
        } catch (...) {  // The session has been ended already.
            report(EventKind::handler_failed, 0, text_of_exception());
        }
    };
    try {
        call();
    } catch (const StompRefusal& refusal) {
        session_.refuse(stomp::Fault::handler_failed, refusal.what());
        report(EventKind::access_refused, close_code::internal_error, refusal.what());
    } catch (const std::exception& exception) {
        tell(exception.what());
    } catch (...) {
        tell("It threw something that is no std::exception.");
    }
}

void StompSessionLink::answer_connect(const stomp::Request& request) {
    const StompAccess access = authenticate(*request.frame);
    if (!access.is_granted) return session_.refuse(stomp::Fault::access_refused, access.reason);
    session_.accept(access.user);
    cancel(connect_timer_);
    begin_heart_beats();
    give_time(access.valid_for_ms);
    if (state_.hooks.connected) state_.hooks.connected(client());
}

StompAccess StompSessionLink::authenticate(const stomp::Frame& connect) {
    if (!state_.hooks.authenticate) return {};
    if (!state_.failed_logins.has(limited_as_, loop_.reactor().now_ms())) {
        return {.is_granted = false,
                .reason = "Too many logins from this address have failed. Try again later."};
    }
    try {
        StompAccess access = state_.hooks.authenticate(client(), connect);
        if (!access.is_granted) note_failed_login();
        return access;
    } catch (const StompRefusal&) {
        note_failed_login();
        throw;
    }
}

void StompSessionLink::note_failed_login() {
    if (limited_as_.family() == Address::Family::none) return;
    static_cast<void>(state_.failed_logins.take(limited_as_, loop_.reactor().now_ms()));
}

bool StompSessionLink::is_allowed(const stomp::Request& request) {
    using Kind = stomp::Request::Kind;
    const bool is_send = request.kind == Kind::send || request.kind == Kind::application;
    if (!is_send && request.kind != Kind::subscribe) return true;
    const StompHooks& hooks = state_.hooks;
    const StompAction action = is_send ? StompAction::send : StompAction::subscribe;
    const stomp::Destination destination(request.destination);
    if (hooks.authorise && !hooks.authorise(client(), action, destination)) return false;
    return !is_send || !hooks.message || hooks.message(client(), *request.frame);
}

void StompSessionLink::answer_application(const stomp::Request& request) {
    PathParameters parameters;
    const StompApplication* const application = find_application(request.destination, parameters);
    if (application == nullptr) {
        return session_.refuse(stomp::Fault::destination_invalid, no_handler);
    }
    std::string reply_to;
    {
        const StompLocked locked = state_.lock();
        reply_to = session_.open_reply_queue();
    }
    if (session_.is_over()) return;
    if (!may_reply_to(reply_to)) return session_.refuse(stomp::Fault::access_refused);
    const StompClient from = client();
    StompRequest asked(state_.broker_face, from, *request.frame, request.destination, parameters,
                       reply_to);
    application->handler(asked);
    session_.answered();
}

const StompApplication* StompSessionLink::find_application(std::string_view destination,
                                                           PathParameters& parameters) const {
    for (const StompApplication& application : state_.applications) {
        if (application.pattern.match(destination, parameters)) return &application;
    }
    return nullptr;
}

// A SEND in a transaction that no handler would take: at COMMIT it would be too late to say so.
bool StompSessionLink::is_for_nobody(const stomp::Request& request) const {
    const bool is_for_application =
        request.kind == stomp::Request::Kind::send &&
        stomp::kind_of(request.destination) == stomp::DestinationKind::application;
    if (!is_for_application) return false;
    PathParameters parameters;
    return find_application(request.destination, parameters) == nullptr;
}

// What a reply says is the client's to choose, so it goes only where a SEND of the client's could.
// A temporary queue is where replies belong.
bool StompSessionLink::may_reply_to(std::string_view reply_to) const {
    const auto& authorise = state_.hooks.authorise;
    return reply_to.empty() || !authorise ||
           stomp::kind_of(reply_to) == stomp::DestinationKind::temp_queue ||
           authorise(client(), StompAction::send, stomp::Destination(reply_to));
}

// What a pattern brings may be what its subscriber could not have subscribed to by name.
bool StompSessionLink::may_have(const stomp::Outgoing& message) {
    if (!message.subscription->setup().brings_others) return true;
    if (!state_.hooks.authorise || !state_.options.authorise_deliveries) return true;
    const HashedView name(message.content.destination());
    if (const auto known = verdicts_.find(name)) return *known;
    std::optional<bool> is_allowed;
    guard([&] {
        is_allowed = state_.hooks.authorise(client(), StompAction::subscribe,
                                            stomp::Destination(name.text()));
    });
    if (is_allowed) verdicts_.add(name, *is_allowed);
    return is_allowed.value_or(false);  // It threw, and the session is over.
}

bool StompSessionLink::carry_out() noexcept {
    bool has_to_wait = false;
    {
        StompLocked locked = state_.lock();
        is_undone_ = session_.carry_out() == stomp::Outcome::blocked;
        locked.hand_out();
        has_to_wait = session_.outbox().has_to_wait();
    }
    if (relay_) relay_->settle();
    return !has_to_wait;
}

bool StompSessionLink::take(StompLocked& locked, std::vector<stomp::Outgoing>& out) {
    session_.attend();
    is_cut_off_ = !may_send();
    may_try_again_ = session_.outbox().may_try_again;
    if (is_slow_) locked.broker().set_taking(session_.outbox(), false);
    if (session_.is_over() || is_slow_ || is_cut_off_) return false;
    return locked.broker().collect(session_.outbox(), taken_size_max, out);
}

void StompSessionLink::deliver(std::span<const stomp::Outgoing> messages) {
    if (is_finished_) return;
    if (is_cut_off_) return cut_off();
    write_output();
    std::vector<stomp::Outgoing> withheld;
    for (const stomp::Outgoing& message : messages) {
        const bool is_allowed = may_have(message);
        if (is_finished_) return;  // The hook closed the connection.
        if (session_.is_over()) break;
        if (is_allowed) {
            send_message(message);
        } else {
            withheld.push_back(message);
        }
    }
    if (!withheld.empty()) withhold(withheld);
    if (relay_) relay_->settle();
    // Who rests does so until the next turn: it may be told to try again from an earlier wait.
    const bool waits_for_room = is_blocked_ && !is_resting_;
    if (waits_for_room && may_try_again_ && !session_.is_over()) try_again();
    write_output();
    finish_if_over();
}

// The connection is about to end. What rests is carried out first, and then its end is read.
void StompSessionLink::cut_off() {
    if (is_resting_) return;
    leave();
    resume();
}

void StompSessionLink::send_message(const stomp::Outgoing& message) {
    std::string& front = loop_.scratch();
    front.clear();
    const std::string_view head = session_.append_front(message, front);
    const Pieces pieces{.front = front,
                        .head = head,
                        .body = message.content.body_and_end(),
                        .is_text = message.content.is_text()};
    has_sent_ = true;
    if (!send(pieces)) is_slow_ = true;
}

void StompSessionLink::withhold(std::span<const stomp::Outgoing> messages) noexcept {
    StompLocked locked = state_.lock();
    for (const stomp::Outgoing& message : messages) {
        locked.broker().withhold(session_.outbox(), message.id, message.dropped_count);
    }
    locked.hand_out();
}

void StompSessionLink::drained() {
    if (!std::exchange(is_slow_, false) || is_finished_) return;
    StompLocked locked = state_.lock();
    locked.broker().set_taking(session_.outbox(), true);
    loop_.serve_soon(locked, *this);
}

void StompSessionLink::try_again() {
    if (is_finished_) return;
    if (waits_for_upstream_) stop_waiting();
    is_resting_ = false;
    is_blocked_ = is_undone_ && !carry_out();
    if (!is_undone_) cancel(block_timer_);
    if (is_undone_ && block_timer_ == no_token) await_room();  // It waited upstream before.
    write_output();
    if (is_blocked_) return;
    const Buffer rest = std::move(held_);
    process(rest.bytes());
    if (!is_blocked_ && !is_finished_) resume();
}

void StompSessionLink::end_here(stomp::Fault fault, std::string_view detail) {
    session_.end(fault, detail);
    write_output();
    finish_if_over();
}

void StompSessionLink::end(StompLocked& locked, stomp::Fault fault,
                           std::string_view reason) noexcept {
    locked.broker().end(session_.outbox(), fault, reason);
    locked.hand_out();
}

// One frame is one message, as the oldest clients want it. None of these has a NUL in its body.
void StompSessionLink::write_output() {
    std::string_view rest = session_.output();
    while (!rest.empty()) {
        const std::string_view frame = rest.substr(0, rest.find('\0') + 1);
        rest.remove_prefix(frame.size());
        has_sent_ = true;
        static_cast<void>(send({.front = frame}));
    }
    session_.output().clear();
}

void StompSessionLink::finish_if_over() {
    if (!session_.is_over() || is_finished_) return;
    leave();
    finish(session_.fault());
    report_end(session_.fault());
}

// Nothing of the broker's refers to it any more.
void StompSessionLink::leave() noexcept {
    if (std::exchange(is_finished_, true)) return;
    for (Token* const timer :
         {&connect_timer_, &beat_timer_, &heard_timer_, &valid_timer_, &block_timer_}) {
        cancel(*timer);
    }
    {
        StompLocked locked = state_.lock();
        session_.leave();
        loop_.forget(locked, *this);
        locked.sessions().erase(HashedView(session_.outbox().session_id));
        locked.hand_out();
    }
    session_.forget();
    if (relay_) relay_->leave();
    if (!state_.hooks.disconnected || !was_connected_) return;
    try {
        state_.hooks.disconnected(client(), session_.fault());
    } catch (...) {  // There is no session left to end.
        report(EventKind::handler_failed, 0, text_of_exception());
    }
}

void StompSessionLink::give_time(std::uint32_t valid_for_ms) noexcept {
    if (valid_for_ms == 0) return;
    valid_timer_ = loop_.reactor().after(valid_for_ms, make_job([this] {
                                             valid_timer_ = no_token;
                                             renew();
                                         }));
}

void StompSessionLink::renew() {
    StompAccess access{.is_granted = false};
    guard([&] {
        if (state_.hooks.renew) access = state_.hooks.renew(client());
    });
    verdicts_.forget();
    if (access.is_granted) return give_time(access.valid_for_ms);
    end_here(stomp::Fault::session_expired, access.reason);
}

void StompSessionLink::authorise_again() {
    verdicts_.forget();
    // Aside: a hook may close the connection.
    std::vector<std::string> destinations;
    session_.outbox().visit([&](const stomp::Subscription& subscription) {
        const stomp::SubscriptionSetup& setup = subscription.setup();
        if (!setup.is_for_replies) destinations.push_back(setup.destination);
    });
    bool is_allowed = true;
    guard([&] {
        is_allowed = std::ranges::all_of(destinations, [this](const std::string& destination) {
            return state_.hooks.authorise(client(), StompAction::subscribe,
                                          stomp::Destination(destination));
        });
    });
    if (!is_allowed) session_.end(stomp::Fault::access_refused);
    write_output();
    finish_if_over();
}

void StompSessionLink::cancel(Token& timer) noexcept {
    if (timer != no_token) static_cast<void>(loop_.reactor().cancel(timer));
    timer = no_token;
}

}  // namespace edgews
