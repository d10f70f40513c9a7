#include "callback_caller.hpp"

#include <array>
#include <stdexcept>

namespace edgews::sim::test {

CallbackCaller::CallbackCaller(Scene& scene, Loop& loop, std::uint32_t number, Manner manner)
    : Caller(scene, number, manner, true),
      loop_(loop),
      window_(choices().once_in(2) ? 1 : 100),
      rests_(choices().once_in(may_forget() ? 2 : 8)) {}

// ---- From the other thread -------------------------------------------------

void CallbackCaller::begin() {
    const std::uint32_t delay_ms = rest(100);
    loop_.post([this, delay_ms] { loop_.after(delay_ms, [this] { connect(); }); });
    if (manner() != Manner::wild || !scene().may_interrupt) return;
    const std::uint32_t time_ms = delay_ms + rest(choices().once_in(2) ? 600 : 60);
    loop_.post([this, time_ms] { loop_.after(time_ms, [this] { interrupt(); }); });
}

void CallbackCaller::meddle() {
    if (manner() != Manner::wild) return;
    may_be_unwanted_ = true;
    switch (choices().below(4)) {
        case 0: (void)handle_.close(close_code::normal, "from afar"); break;
        case 1: (void)handle_.terminate(); break;
        case 2: (void)handle_.post([](Connection& connection) { connection.terminate(); }); break;
        default: (void)handle_.post([](Connection&) { throw std::runtime_error("from afar"); });
    }
}

void CallbackCaller::leave() {
    loop_.post([this] {
        if (client_) close(close_code::normal);
    });
}

bool CallbackCaller::is_idle() const {
    return is_gone_ || phase_ == Phase::idle || phase_ == Phase::closed;
}

void CallbackCaller::destroy(Place place) {
    if (place == Place::here) return go();
    loop_.post([this] { go(); });
}

// ---- Its life --------------------------------------------------------------

void CallbackCaller::connect() {
    begin_attempt();
    ++record().connections;
    client_ = std::make_unique<Client>(loop_, url(), handlers(), options());
}

void CallbackCaller::begin_attempt() {
    talk().begin_attempt();
    phase_ = Phase::connecting;
    has_error_ = is_unwanted_ = may_be_unwanted_ = owes_drain_ = false;
    handle_ = {};
    message_.clear();
    dials_by_ns_ = world().now_ns();
}

// A name is known at once where no thread is refused, and no time is lost.
void CallbackCaller::check_limit(const ClientError& error) const {
    constexpr std::uint64_t at_once_ms = 1'000;
    const Faults& faults = world().faults();
    const bool may_take_longer =
        faults.refused > 0 || faults.descriptors_max < 1'000 || faults.standstill > 0;
    if (error.stage != ClientStage::connect || may_take_longer) return;
    const std::uint64_t limit_ns = (at_once_ms + options().connect_timeout_ms) * 1'000'000;
    record().require(world().now_ns() <= dials_by_ns_ + limit_ns,
                     "it tries to connect for longer than it may");
}

ClientHandlers CallbackCaller::handlers() {
    ClientHandlers handlers;
    handlers.open = [this](Client&) { on_open(); };
    handlers.drain = [this](Client&) {
        enter("drain");
        owes_drain_ = false;
        say_more();
        act();
    };
    handlers.ping = [this](Client&, std::span<const std::byte>) {
        enter("ping");
        act();
    };
    handlers.pong = [this](Client&, std::span<const std::byte> payload) { on_pong(payload); };
    handlers.error = [this](Client&, const ClientError& error) { on_error(error); };
    handlers.close = [this](Client&, const CloseEvent& event) { on_close(event); };
    handlers.reconnect = [this](Client&, Reconnecting& plan) { on_reconnect(plan); };
    add_message_handlers(handlers);
    return handlers;
}

void CallbackCaller::add_message_handlers(ClientHandlers& handlers) {
    if (!choices().once_in(3)) {
        handlers.message = [this](Client&, Message message) { on_message(message); };
        return;
    }
    handlers.message_begin = [this](Client&, Message::Kind kind) {
        enter("message_begin");
        kind_ = kind;
        act();
    };
    handlers.message_chunk = [this](Client&, std::span<const std::byte> chunk) {
        enter("message_chunk");
        record().require(!chunk.empty(), "a chunk is empty");
        message_.append(reinterpret_cast<const char*>(chunk.data()), chunk.size());
        act();
    };
    handlers.message_end = [this](Client&) {
        const std::string whole = std::exchange(message_, {});
        on_message({kind_, std::as_bytes(std::span(whole))});
    };
}

void CallbackCaller::enter(std::string_view what) {
    record().require(!is_gone_, "a handler of a client that was destroyed is called");
    const bool is_of_end = what == "error" || what == "close";
    const bool is_in_order =
        what == "open" ? phase_ == Phase::connecting
                       : phase_ == Phase::open || (is_of_end && phase_ == Phase::connecting);
    record().require(is_in_order, "handlers are called out of order");
}

void CallbackCaller::on_open() {
    enter("open");
    phase_ = Phase::open;
    talk().attempt().was_opened = true;
    opened_ns_ = world().now_ns();
    record().require(client_ == nullptr || client_->ready_state() == ReadyState::open,
                     "it opens, and is not open");
    if (client_) handle_ = client_->handle();
    if (manner() == Manner::wild) leave_later();
    say_more();
    act();
}

// Wild ones forget to, and ping for ever.
void CallbackCaller::leave_later() {
    loop_.after(rest(2'000), [this, attempt = talk().attempt_count()] {
        const bool is_same = client_ && phase_ == Phase::open && talk().attempt_count() == attempt;
        if (is_same) close(close_code::normal);
    });
}

void CallbackCaller::on_message(const Message& message) {
    enter("message");
    talk().hear(message);
    if (talk().is_done()) {
        record().require(!owes_drain_, "all has left, and no drain was told");
        if (manner() != Manner::wild || choices().once_in(2)) close(close_code::normal);
        return;
    }
    say_more();
    act();
}

void CallbackCaller::on_pong(std::span<const std::byte> payload) {
    enter("pong");
    if (payload.size() == sizeof(std::uint64_t)) {  // The engine's own.
        const auto latency_us = client_->latency_us();
        const std::uint64_t age_us = (world().now_ns() - opened_ns_) / 1'000 + 1;
        record().require(latency_us && *latency_us <= age_us, "a pong, and no latency of it");
    }
    act();
}

void CallbackCaller::on_error(const ClientError& error) {
    enter("error");
    record().require(!has_error_, "an attempt fails twice");
    has_error_ = true;
    check_error(error, talk().attempt().was_opened);
    check_limit(error);
    record().require(!is_unwanted_ || !talk().attempt().was_opened || manner() == Manner::wild,
                     "one that was closed by us fails");
    act();
}

void CallbackCaller::on_close(const CloseEvent& event) {
    enter("close");
    const bool was_opened = talk().attempt().was_opened;
    const bool owes_error = !was_opened || (!event.clean && !is_unwanted_ && !may_be_unwanted_);
    record().require(has_error_ || !owes_error, "a connection is lost, and no error is told");
    record().require(was_opened || (event.code == close_code::abnormal && !event.clean),
                     "one that was not opened is closed with a code");
    phase_ = Phase::closed;
    talk().closed(event);
    record().require(client_ == nullptr || client_->ready_state() == ReadyState::closed,
                     "it closes, and is not closed");
    act();
}

void CallbackCaller::on_reconnect(Reconnecting& plan) {
    record().require(!is_gone_ && phase_ == Phase::closed, "reconnect comes before close");
    record().require(!is_unwanted_, "one that was closed connects again");
    record().require(plan.delay_ms <= options().reconnect.delay_max_ms, "it is to wait for longer");
    if (manner() == Manner::wild && choices().once_in(6)) {
        perform(choices().once_in(2) ? Act::closes : Act::goes);
        return;
    }
    if (!may_try_again() || talk().is_done()) {
        plan.stop = true;
        return;
    }
    rest_for(plan.delay_ms);
    begin_attempt();
    dials_by_ns_ += plan.delay_ms * 1'000'000ULL;
    if (manner() == Manner::wild && choices().once_in(8)) throw std::runtime_error("in reconnect");
}

// ---- What it does ----------------------------------------------------------

void CallbackCaller::say_more() {
    while (client_ && phase_ == Phase::open && !is_resting_ && talk().unanswered() < window_) {
        if (rests_ && choices().once_in(4)) {
            is_resting_ = true;
            loop_.after(rest(3'000), [this] {
                is_resting_ = false;
                say_more();
            });
            return;
        }
        const Piece* const piece = talk().next();
        if (piece == nullptr) return;
        const SendResult result = send(*piece);
        record().require(result != SendResult::invalid, "what is UTF-8 is invalid");
        if (result == SendResult::dropped) {
            record().require(client_->buffered_amount() > options().drain_mark,
                             "a message is dropped, and no drain will follow");
        }
        if (result != SendResult::sent && result != SendResult::queued) return;
        talk().accepted();
        const bool is_over_mark = client_->buffered_amount() > options().drain_mark;
        owes_drain_ |= result == SendResult::queued && is_over_mark;
    }
}

SendResult CallbackCaller::send(const Piece& piece) {
    const Message message = piece.message();
    if (piece.part) return client_->send_fragment(message, *piece.part);
    switch (choices().below(4)) {
        case 0: return client_->send(message);
        case 1: return client_->send(message, Compress::always);
        case 2: return client_->send(message, Compress::never);
        default: return client_->send(PreparedMessage(message));
    }
}

// True: it waits to connect again, and nothing more will be heard of that.
bool CallbackCaller::note_unwanted() {
    is_unwanted_ = true;
    return phase_ == Phase::connecting && !has_error_ &&
           client_->ready_state() == ReadyState::closed;
}

void CallbackCaller::close(std::uint16_t code) {
    const bool is_waiting = note_unwanted();
    const bool begins = client_->close(code, "done");
    if (phase_ == Phase::open && begins) {
        talk().attempt().is_closed_by_us = code == close_code::normal;
    }
    if (is_waiting) phase_ = Phase::closed;
}

void CallbackCaller::act() {
    if (manner() != Manner::wild || client_ == nullptr || !choices().once_in(6)) return;
    perform(static_cast<Act>(choices().between(1, 6)));
}

// Wherever it is by then.
void CallbackCaller::interrupt() {
    static constexpr std::array acts{Act::closes, Act::terminates, Act::goes, Act::pauses};
    if (client_) perform(choices().one_of(acts));
}

void CallbackCaller::perform(Act act) {
    static constexpr std::array codes{close_code::normal, std::uint16_t{4'000},
                                      close_code::going_away};
    switch (act) {
        case Act::none: break;
        case Act::closes: close(choices().one_of(codes)); break;
        case Act::terminates:
            if (note_unwanted()) phase_ = Phase::closed;
            client_->terminate();
            break;
        case Act::throws: throw std::runtime_error("a handler's own");
        case Act::goes: go(); break;
        case Act::pings: (void)client_->ping(std::as_bytes(std::span("app", 3))); break;
        case Act::pauses: pause(); break;
    }
}

void CallbackCaller::go() {
    is_gone_ = true;
    client_.reset();
}

// Closed, it begins anew instead.
void CallbackCaller::pause() {
    if (phase_ == Phase::closed) {
        if (!may_try_again()) return;
        begin_attempt();
        return client_->reconnect();
    }
    if (client_->connection() == nullptr) return;
    client_->connection()->pause_reading();
    loop_.after(rest(50), [this] {
        if (client_ && client_->connection() != nullptr) client_->connection()->resume_reading();
    });
}

}  // namespace edgews::sim::test
