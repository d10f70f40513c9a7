#include "net/client/client_state.hpp"

#include "net/client/back_off.hpp"
#include "net/connection/websocket_connection.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace edgews {

namespace {

RouteOptions route_options(const ClientOptions& options) {
    return {.message_size_max = options.message_size_max,
            .frame_size_max = options.frame_size_max,
            .fragment_count_max = options.fragment_count_max,
            .backlog_size_max = options.backlog_size_max,
            .drain_mark = options.drain_mark,
            .overflow = options.overflow,
            .idle_ping_ms = 0,  // Ours are another's work: ClientPings.
            .message_timeout_ms = options.message_timeout_ms,
            .close_timeout_ms = options.close_timeout_ms,
            .message_rate_min = options.message_rate_min,
            .compression = options.compression};
}

// Whether another try would come to the same: the request itself is what is wrong.
bool is_final(const ClientError& error) noexcept {
    constexpr std::array statuses{400U, 401U, 403U, 404U, 405U, 407U, 410U, 426U};
    return error.stage == ClientStage::options ||
           std::find(statuses.begin(), statuses.end(), error.status) != statuses.end();
}

}  // namespace

ClientState::ClientState(Reactor& reactor, std::string url, ClientHandlers handlers,
                         ClientOptions options)
    : reactor_(reactor),
      handlers_(std::move(handlers)),
      options_(std::move(options)),
      wanted_url_(std::move(url)),
      try_(reactor, options_, *this),
      route_{.pattern = PathPattern("/"), .handlers = {}, .options = {}, .user_data = {}},
      pings_(reactor, options_, *this),
      next_try_(reactor) {
    make_route();
}

// ---- A try -----------------------------------------------------------------

void ClientState::connect(Client& client) {
    client_ = &client;
    begin();
}

void ClientState::begin() {
    phase_ = Phase::connecting;
    is_unwanted_ = false;
    pings_.forget_latency();
    protocol_.clear();
    extensions_.clear();
    failure_.clear();
    unsent_size_ = 0;
    opened_ms_ = 0;
    try_.begin(wanted_url_);
}

void ClientState::try_opened(ClientOpening& opening, const HttpHead& head,
                             const ReadOpeningResponse& response, std::span<std::byte> rest) {
    protocol_ = response.subprotocol;
    extensions_ = head.header("Sec-WebSocket-Extensions").value_or("");
    auto connection = WebSocketConnection::create(route_on_loop_);
    connection->data<Link>().state = shared_from_this();
    if (response.deflate_agreed) {
        connection->agree_on_compression({.agreed = *response.deflate_agreed});
    }
    connection->set_subprotocol(protocol_);
    connection_ = connection.release();
    connection_->start(opening, Admission(try_.peer()), rest, {});
}

void ClientState::try_failed(const ClientError& error) {
    const auto self = shared_from_this();  // A handler may destroy the client.
    end(&error, {});
}

// ---- While it is open ------------------------------------------------------

void ClientState::make_route() {
    route_.options = route_options(options_);
    route_.user_data = UserData::of<Link>();
    Handlers& to = route_.handlers;
    to.open = [this](Connection&) { on_open(); };
    to.message = [this](Connection&, Message message) { call(handlers_.message, message); };
    if (handlers_.message_begin || handlers_.message_chunk || handlers_.message_end) {
        to.message_begin = [this](Connection&, Message::Kind kind) {
            call(handlers_.message_begin, kind);
        };
        to.message_chunk = [this](Connection&, std::span<const std::byte> chunk) {
            call(handlers_.message_chunk, chunk);
        };
        to.message_end = [this](Connection&) { call(handlers_.message_end); };
    }
    to.ping = [this](Connection&, std::span<const std::byte> payload) {
        call(handlers_.ping, payload);
    };
    to.pong = [this](Connection&, std::span<const std::byte> payload) {
        pings_.take_pong(payload);
        call(handlers_.pong, payload);
    };
    to.drain = [this](Connection&) { call(handlers_.drain); };
    to.error = [this](Connection&, std::string_view what) { failure_ = what; };
    to.close = [this](Connection&, const CloseEvent& event) { on_close(event); };
    ConnectionsOnLoop& connections = ConnectionsOnLoop::of_clients(reactor_);
    route_on_loop_ = RouteOnLoop::make(route_, connections);
    route_on_loop_.events = EventTeller(options_.on_event, &connections.counters);
}

void ClientState::on_open() {
    phase_ = Phase::open;
    opened_ms_ = reactor_.now_ms();
    pings_.start(*connection_);
    call(handlers_.open);
}

void ClientState::server_is_silent() {
    failure_ = "the server does not answer";
    connection_->break_off();
}

void ClientState::on_close(const CloseEvent& event) {
    const auto self = shared_from_this();
    is_unwanted_ |= connection_->is_unwanted();
    if (failure_.empty() && (event.clean || is_unwanted_)) return end(nullptr, event);
    if (failure_.empty()) failure_ = "the connection was lost";
    const ClientError error{.stage = ClientStage::open,
                            .error = {std::make_error_code(std::errc::connection_aborted),
                                      try_.name() + ": " + failure_}};
    end(&error, event);
}

// Calls a handler, if there is one and somebody to be told. An exception is the connection's, as on
// a server.
template <class Handler, class... Arguments>
void ClientState::call(const Handler& handler, Arguments&&... arguments) {
    if (handler && client_ != nullptr) handler(*client_, std::forward<Arguments>(arguments)...);
}

// ---- The end of a try, and the next one ------------------------------------

// The events, in the order of the standard, whatever the try came to.
void ClientState::end(const ClientError* error, const CloseEvent& event) {
    pings_.stop();
    phase_ = Phase::closed;
    connection_ = nullptr;
    unsent_size_ = event.unsent_size;
    if (error != nullptr && !is_unwanted_) {
        report(EventKind::connect_failed, error->status, error->error.message);
    }
    if (error != nullptr) tell(handlers_.error, *error);
    tell(handlers_.close, event);
    if (phase_ == Phase::closed) plan_reconnecting(error != nullptr && is_final(*error));
}

void ClientState::plan_reconnecting(bool is_vain) {
    const ReconnectOptions& limits = options_.reconnect;
    if (!limits.enabled || is_unwanted_ || client_ == nullptr) return;
    const bool was_stable = opened_ms_ != 0 && reactor_.now_ms() - opened_ms_ >= limits.stable_ms;
    failure_count_ = was_stable ? 1 : failure_count_ + 1;
    const std::uint32_t random = ConnectionsOnLoop::of_clients(reactor_).masks->next();
    Reconnecting plan{.count = failure_count_,
                      .delay_ms = back_off_ms(limits, failure_count_, random),
                      .stop = is_vain,
                      .url = wanted_url_,
                      .headers = options_.headers};
    tell(handlers_.reconnect, plan);
    if (plan.stop || is_unwanted_ || client_ == nullptr || phase_ != Phase::closed) return;
    wanted_url_ = std::move(plan.url);
    options_.headers = std::move(plan.headers);
    phase_ = Phase::waiting;
    next_try_.set(plan.delay_ms, [this] { begin(); });
    if (!route_on_loop_.events) return;
    report(EventKind::reconnecting, plan.delay_ms, name_of_url(wanted_url_));
}

// The same as call() where there is nothing left that could be closed.
template <class Handler, class... Arguments>
void ClientState::tell(const Handler& handler, Arguments&&... arguments) noexcept {
    try {
        call(handler, std::forward<Arguments>(arguments)...);
    } catch (...) {
        ConnectionsOnLoop::of_clients(reactor_).counters.add(Counter::handler_failures);
        report(EventKind::handler_failed, 0, text_of_exception());
    }
}

// As long as the client is there.
void ClientState::report(EventKind kind, std::uint32_t code, std::string_view text) noexcept {
    const EventTeller events = route_on_loop_.events;
    if (events) events.tell({.kind = kind, .code = code, .address = try_.peer(), .text = text});
}

// ---- The application's wishes ----------------------------------------------

ReadyState ClientState::ready_state() const noexcept {
    switch (phase_) {
        case Phase::connecting: return is_unwanted_ ? ReadyState::closing : ReadyState::connecting;
        case Phase::open: break;
        case Phase::closed:
        case Phase::waiting: return ReadyState::closed;
    }
    return connection_->is_open() ? ReadyState::open : ReadyState::closing;
}

bool ClientState::close(std::uint16_t code, std::string_view reason) {
    if (!Connection::may_close_with(code, reason)) return false;
    if (phase_ != Phase::open) return give_up();
    if (!connection_->close(code, reason)) return false;
    pings_.stop();
    return true;
}

void ClientState::terminate() {
    if (phase_ != Phase::open) return (void)give_up();
    connection_->terminate();
}

// Before it is open.
bool ClientState::give_up() {
    if (phase_ == Phase::waiting) {
        next_try_.cancel();
        phase_ = Phase::closed;
        return true;
    }
    // Closed, the handlers of its end may be running, and it would be opened again after them.
    const bool was_unwanted = std::exchange(is_unwanted_, true);
    if (phase_ == Phase::closed || was_unwanted) return false;
    assert(connection_ == nullptr);  // Open from the moment that it is there.
    try_.give_up();
    return true;
}

void ClientState::reconnect() {
    assert(ready_state() == ReadyState::closed);
    next_try_.cancel();
    begin();
}

void ClientState::detach() {
    client_ = nullptr;
    route_on_loop_.events = {};
    try_.cancel();
    pings_.stop();
    next_try_.cancel();
    if (phase_ == Phase::open) connection_->close(close_code::going_away);
}

}  // namespace edgews
