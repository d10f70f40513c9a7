#include "net/client/client_state.hpp"

#include "crypto/random.hpp"
#include "net/connection/websocket_connection.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

namespace edgews {

namespace {

std::uint64_t now_us() noexcept {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

bool is_redirection(unsigned status) noexcept {
    return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

// Whether another try would come to the same: the request itself is what is wrong.
bool is_final(const ClientError& error) noexcept {
    constexpr std::array statuses{400U, 401U, 403U, 404U, 405U, 407U, 410U, 426U};
    return error.stage == ClientStage::options ||
           std::find(statuses.begin(), statuses.end(), error.status) != statuses.end();
}

// For errors. Of a URL that could not be parsed: what is before any "@" may be secret.
std::string without_user_info(std::string_view url) {
    const std::size_t scheme_end = url.find("://");
    const std::size_t begin = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
    const std::size_t at = url.rfind('@');
    if (at == std::string_view::npos || at < begin) return std::string(url);
    return std::string(url.substr(0, begin)).append(url.substr(at + 1));
}

PeerWatch watch_of(const ClientOptions& options) noexcept {
    return {.keep_alive_ms = options.tcp_keep_alive_ms,
            .user_timeout_ms = options.tcp_user_timeout_ms};
}

RouteOptions route_options(const ClientOptions& options) {
    return {.message_size_max = options.message_size_max,
            .frame_size_max = options.frame_size_max,
            .fragment_count_max = options.fragment_count_max,
            .backlog_size_max = options.backlog_size_max,
            .drain_mark = options.drain_mark,
            .overflow = options.overflow,
            .idle_ping_ms = 0,  // Ours are another's work: ping().
            .message_timeout_ms = options.message_timeout_ms,
            .close_timeout_ms = options.close_timeout_ms,
            .message_rate_min = options.message_rate_min,
            .compression = options.compression};
}

}  // namespace

ClientState::ClientState(Reactor& reactor, std::string url, ClientHandlers handlers,
                         ClientOptions options)
    : reactor_(reactor),
      handlers_(std::move(handlers)),
      options_(std::move(options)),
      route_{.pattern = PathPattern("/"), .handlers = {}, .options = {}, .user_data = {}},
      route_on_loop_{},
      dialer_(reactor, {.resolve_timeout_ms = options_.resolve_timeout_ms,
                        .connect_timeout_ms = options_.connect_timeout_ms,
                        .lookup = options_.lookup,
                        .watch = watch_of(options_)}),
      wanted_url_(std::move(url)),
      open_timer_(reactor),
      ping_timer_(reactor),
      pong_timer_(reactor),
      reconnect_timer_(reactor) {
    make_route();
}

// Calls a handler, if there is one and somebody to be told. An exception is the connection's, as on
// a server.
template <class Handler, class... Arguments>
void ClientState::call(const Handler& handler, Arguments&&... arguments) {
    if (handler && client_ != nullptr) handler(*client_, std::forward<Arguments>(arguments)...);
}

// The same at the end of a connection, where there is nothing left that could be closed.
template <class Handler, class... Arguments>
void ClientState::tell(const Handler& handler, Arguments&&... arguments) noexcept {
    try {
        call(handler, std::forward<Arguments>(arguments)...);
    } catch (...) {
        ConnectionsOnLoop::of_clients(reactor_).counters.add(Counter::handler_failures);
    }
}

// ---- A try -----------------------------------------------------------------

void ClientState::connect(Client& client) {
    client_ = &client;
    begin();
}

void ClientState::begin() {
    phase_ = Phase::connecting;
    url_text_ = wanted_url_;
    redirect_count_ = 0;
    why_not_followed_.clear();
    is_elsewhere_ = is_unwanted_ = false;
    failure_.clear();
    peer_ = Address();
    protocol_.clear();
    extensions_.clear();
    latency_us_.reset();
    unsent_size_ = 0;
    opened_ms_ = 0;
    if (options_.open_timeout_ms > 0) {
        open_timer_.set(options_.open_timeout_ms, [this] {
            fail(stage(), error_of(std::errc::timed_out, "not open in time"));
        });
    }
    dial();
}

// What can be wrong before anybody is asked.
Error ClientState::prepare() {
    url_ = parse_websocket_url(url_text_);
    name_ = without_user_info(url_text_);
    if (url_.fault != UrlFault::none) {
        return error_of(std::errc::invalid_argument, describe(url_.fault));
    }
    name_ = (url_.is_secure ? "wss://" : "ws://") + url_.host_header() + url_.target;
    if (is_proxied()) proxy_ = parse_websocket_url(options_.proxy);
    std::array<std::byte, websocket_nonce_size> nonce;
    fill_random(nonce);
    key_ = make_websocket_key(nonce);
    if (options_.compression) deflate_terms_ = options_.compression->terms();
    request_.clear();
    if (const OpeningRequestFault fault = append_request(); fault != OpeningRequestFault::none) {
        return error_of(std::errc::invalid_argument, describe(fault));
    }
    return check_options();
}

Error ClientState::check_options() const {
    constexpr std::errc invalid = std::errc::invalid_argument;
    if (options_.close_timeout_ms == 0) {
        return error_of(invalid, "ClientOptions::close_timeout_ms must not be 0");
    }
    if (!is_in_range(watch_of(options_))) {
        return error_of(invalid,
                        "ClientOptions::tcp_keep_alive_ms or tcp_user_timeout_ms is "
                        "more than the system knows");
    }
    if (!options_.lookup) return error_of(invalid, "ClientOptions::lookup is empty");
    if (url_.is_secure && !options_.tls) return error_of(invalid, "ClientOptions::tls is not set");
    if (proxy_.fault != UrlFault::none) {
        return error_of(invalid, "ClientOptions::proxy: " + std::string(describe(proxy_.fault)));
    }
    return proxy_.is_secure ? error_of(invalid, "ClientOptions::proxy must be http") : Error{};
}

void ClientState::dial() {
    if (Error error = prepare()) {
        // Not from within the constructor.
        return reconnect_timer_.set(1, [this, error] { fail(ClientStage::options, error); });
    }
    auto done = [this](Dialed result) { dialed(std::move(result)); };
    if (!options_.unix_path.empty()) return dialer_.start_unix(options_.unix_path, done);
    const WebSocketUrl& target = is_proxied() ? proxy_ : url_;
    dialer_.start(target.dial_host(), target.port, done);
}

void ClientState::dialed(Dialed dialed) {
    if (dialed.error) {
        const bool is_resolved = dialed.is_resolved || !options_.unix_path.empty();
        dialed.error.message = "open " + name_ + ": " + dialed.error.message;
        return fail(is_resolved ? ClientStage::connect : ClientStage::resolve,
                    std::move(dialed.error));
    }
    peer_ = dialed.peer;
    start_opening(std::move(dialed.fd));
}

OpeningOffer ClientState::offer() const noexcept {
    return {.key = {key_.data(), key_.size()},
            .subprotocols = options_.subprotocols,
            .deflate_terms = deflate_terms_ ? &*deflate_terms_ : nullptr};
}

OpeningRequestFault ClientState::append_request() {
    std::vector<HeaderField> headers;
    for (const ClientHeader& header : options_.headers) {
        if (!is_elsewhere_) headers.push_back({header.name, header.value});
    }
    return append_opening_request(
        request_, url_, {.offer = offer(), .origin = options_.origin, .headers = headers});
}

void ClientState::start_opening(Fd fd) {
    ClientOpening::Setup setup{
        .options = options_, .url = url_, .offer = offer(), .request = request_};
    if (is_proxied()) append_connect_request(setup.connect_request, url_, proxy_.user_info);
    opening_ = ClientOpening::start(reactor_, std::move(fd), std::move(setup), *this);
    if (opening_ == nullptr) {
        fail(ClientStage::connect,
             error_of(static_cast<std::errc>(errno), "the system refuses to watch the socket"));
    }
}

void ClientState::opened(ClientOpening& opening, const HttpHead& head,
                         const ReadOpeningResponse& response, std::span<std::byte> rest) {
    opening_ = nullptr;
    open_timer_.cancel();
    std::string().swap(request_);  // Of no more use, and it may be open for long.
    protocol_ = response.subprotocol;
    extensions_ = head.header("Sec-WebSocket-Extensions").value_or("");
    auto connection = WebSocketConnection::create(route_on_loop_);
    connection->data<Link>().state = shared_from_this();
    if (response.deflate_agreed) {
        connection->agree_on_compression({.agreed = *response.deflate_agreed});
    }
    connection->set_subprotocol(protocol_);
    connection_ = connection.release();
    connection_->start(opening, Admission(), rest, {});
}

void ClientState::opening_failed(ClientError error) {
    const auto self = shared_from_this();
    opening_ = nullptr;
    error.error.message = "open " + name_ + ": " + error.error.message + why_not_followed_;
    end(&error, {});
}

// Why we do not go where a redirection leads; empty: we do.
std::string ClientState::why_not(const HttpHead& head, const WebSocketUrl& target) const {
    const std::string count_max = std::to_string(options_.redirect_count_max);
    if (redirect_count_ == options_.redirect_count_max) {
        return "not followed: ClientOptions::redirect_count_max is " + count_max;
    }
    if (!head.header("Location")) return "it has no Location";
    if (target.fault != UrlFault::none) {
        return "its Location cannot be used: " + std::string(edgews::describe(target.fault));
    }
    const bool is_downgrade = url_.is_secure && !target.is_secure;
    return is_downgrade ? "not followed: it leads from wss to ws" : "";
}

bool ClientState::leads_on(const HttpHead& head) {
    if (!is_redirection(head.status())) return false;
    const WebSocketUrl target = resolve_location(url_, head.header("Location").value_or(""));
    const std::string why = why_not(head, target);
    if (!why.empty()) {
        why_not_followed_ = " (" + why + ")";
        return false;
    }
    std::exchange(opening_, nullptr)->cancel();
    ++redirect_count_;
    is_elsewhere_ |= !is_same_origin(url_, target);
    url_text_ = target.to_string();
    dial();
    return true;
}

Error ClientState::error_of(std::errc code, std::string_view what) const {
    return {std::make_error_code(code), "open " + name_ + ": " + std::string(what)};
}

// What a try is doing.
ClientStage ClientState::stage() const noexcept {
    if (opening_ != nullptr) return opening_->stage();
    return dialer_.is_resolving() ? ClientStage::resolve : ClientStage::connect;
}

void ClientState::fail(ClientStage stage, Error error) {
    const auto self = shared_from_this();
    const ClientError told{.stage = stage, .error = std::move(error)};
    end(&told, {});
}

// Nothing of a try goes on.
void ClientState::stop_trying() {
    dialer_.cancel();
    if (opening_ != nullptr) std::exchange(opening_, nullptr)->cancel();
    for (Alarm* timer : {&open_timer_, &ping_timer_, &pong_timer_, &reconnect_timer_}) {
        timer->cancel();
    }
}

// The end of a try, whatever it came to: the events, in the order of the standard.
void ClientState::end(const ClientError* error, const CloseEvent& event) {
    stop_trying();
    phase_ = Phase::closed;
    connection_ = nullptr;
    unsent_size_ = event.unsent_size;
    if (error != nullptr) tell(handlers_.error, *error);
    tell(handlers_.close, event);
    if (phase_ == Phase::closed) plan_reconnecting(error != nullptr && is_final(*error));
}

// ---- While it is open ------------------------------------------------------

void ClientState::make_route() {
    route_.options = route_options(options_);
    route_.user_data = UserData::of<Link>();
    Handlers& to = route_.handlers;
    to.open = [this](Connection&) {
        phase_ = Phase::open;
        opened_ms_ = reactor_.now_ms();
        answered_us_ = pinged_us_ = now_us();
        if (options_.ping_ms > 0) ping_timer_.set(options_.ping_ms, [this] { ping(); });
        call(handlers_.open);
    };
    to.pong = [this](Connection&, std::span<const std::byte> payload) { on_pong(payload); };
    to.close = [this](Connection&, const CloseEvent& event) { on_close(event); };
    to.error = [this](Connection&, std::string_view what) { failure_ = what; };
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
    to.drain = [this](Connection&) { call(handlers_.drain); };
    route_on_loop_ = RouteOnLoop::make(route_, ConnectionsOnLoop::of_clients(reactor_));
}

void ClientState::on_close(const CloseEvent& event) {
    const auto self = shared_from_this();
    is_unwanted_ |= connection_->is_unwanted();
    if (failure_.empty() && (event.clean || is_unwanted_)) return end(nullptr, event);
    if (failure_.empty()) failure_ = "the connection was lost";
    const ClientError error{
        .stage = ClientStage::open,
        .error = {std::make_error_code(std::errc::connection_aborted), name_ + ": " + failure_}};
    end(&error, event);
}

// The payload says when it left, so that pings of the application's do not disturb, and one that is
// answered after the next has left still measures.
void ClientState::ping() {
    if (!connection_->is_open()) return;  // It is closing, in a time of its own.
    if (options_.pong_timeout_ms > 0 && (!pong_timer_.is_set() || is_ping_answered())) {
        pinged_ms_ = static_cast<std::uint32_t>(reactor_.listened_ms());
        pong_timer_.set(options_.pong_timeout_ms, [this] { check_pong(); });
    }
    pinged_us_ = now_us();
    connection_->mark_taken();
    connection_->ping(std::as_bytes(std::span(&pinged_us_, 1)));
    ping_timer_.set(options_.ping_ms, [this] { ping(); });
}

void ClientState::on_pong(std::span<const std::byte> payload) {
    std::uint64_t left_us = 0;
    if (payload.size() == sizeof left_us) std::memcpy(&left_us, payload.data(), sizeof left_us);
    if (left_us > answered_us_ && left_us <= pinged_us_) {
        answered_us_ = left_us;
        latency_us_ =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(now_us() - left_us, UINT32_MAX));
    }
    call(handlers_.pong, payload);
}

void ClientState::check_pong() {
    // It is us who do not listen; but a server that takes nothing is not excused.
    if (connection_->is_paused() && connection_->buffered_amount() == 0) return;
    if (is_ping_answered() || !connection_->is_open()) return;
    // A standstill was no silence of the server's.
    const auto passed_ms = static_cast<std::uint32_t>(reactor_.listened_ms()) - pinged_ms_;
    if (passed_ms < options_.pong_timeout_ms ||
        connection_->is_still_taking(options_.ping_ms + options_.pong_timeout_ms)) {
        return pong_timer_.set(options_.pong_timeout_ms, [this] { check_pong(); });
    }
    failure_ = "the server does not answer";
    connection_->break_off();
}

// Anything that was heard is as good as the pong. In the millisecond of the ping, too: an answer
// may be as fast, and if it was none, there is another ping.
bool ClientState::is_ping_answered() const noexcept {
    return static_cast<std::int32_t>(connection_->last_heard_ms() - pinged_ms_) >= 0;
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
    if (phase_ == Phase::open) {
        if (!connection_->close(code, reason)) return false;
        ping_timer_.cancel();
        pong_timer_.cancel();
        return true;
    }
    return give_up();
}

void ClientState::terminate() {
    if (phase_ != Phase::open) return (void)give_up();
    connection_->terminate();
}

// Before it is open.
bool ClientState::give_up() {
    if (phase_ == Phase::waiting) {
        reconnect_timer_.cancel();
        phase_ = Phase::closed;
        return true;
    }
    // Closed, the handlers of its end may be running, and it would be opened again after them.
    const bool was_unwanted = std::exchange(is_unwanted_, true);
    if (phase_ == Phase::closed || was_unwanted) return false;
    const ClientStage given_up = stage();
    stop_trying();
    assert(connection_ == nullptr);  // Open from the moment that it is there.
    // Not from in here.
    open_timer_.set(1, [this, given_up] {
        fail(given_up, error_of(std::errc::operation_canceled, "closed before it was open"));
    });
    return true;
}

void ClientState::reconnect() {
    assert(ready_state() == ReadyState::closed);
    reconnect_timer_.cancel();
    begin();
}

void ClientState::plan_reconnecting(bool is_vain) {
    const ReconnectOptions& limits = options_.reconnect;
    if (!limits.enabled || is_unwanted_ || client_ == nullptr) return;
    const bool was_stable = opened_ms_ != 0 && reactor_.now_ms() - opened_ms_ >= limits.stable_ms;
    failure_count_ = was_stable ? 1 : failure_count_ + 1;
    const unsigned doublings = std::min(failure_count_ - 1, 31U);
    const std::uint64_t limit_ms =
        std::min<std::uint64_t>(std::uint64_t{limits.delay_ms} << doublings, limits.delay_max_ms);
    const auto random = std::uint64_t{ConnectionsOnLoop::of_clients(reactor_).masks->next()};
    Reconnecting plan{.count = failure_count_,
                      .delay_ms = static_cast<std::uint32_t>(random * (limit_ms + 1) >> 32),
                      .stop = is_vain,
                      .url = wanted_url_,
                      .headers = options_.headers};
    tell(handlers_.reconnect, plan);
    if (plan.stop || is_unwanted_ || client_ == nullptr || phase_ != Phase::closed) return;
    wanted_url_ = std::move(plan.url);
    options_.headers = std::move(plan.headers);
    phase_ = Phase::waiting;
    reconnect_timer_.set(plan.delay_ms, [this] { begin(); });
}

void ClientState::detach() {
    client_ = nullptr;
    stop_trying();
    if (phase_ == Phase::open) connection_->close(close_code::going_away);
}

}  // namespace edgews
