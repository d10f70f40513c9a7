#include "net/client/client_try.hpp"

#include "core/websocket/message_codec.hpp"
#include "crypto/random.hpp"

#include <cassert>
#include <cerrno>
#include <utility>
#include <vector>

namespace edgews {

namespace {

bool is_redirection(unsigned status) noexcept {
    return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

}  // namespace

std::string name_of_url(std::string_view url) {
    const std::size_t scheme_end = url.find("://");
    const std::size_t begin = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
    const std::size_t at = url.rfind('@');
    if (at == std::string_view::npos || at < begin) return std::string(url);
    return std::string(url.substr(0, begin)).append(url.substr(at + 1));
}

ClientTry::ClientTry(Reactor& reactor, const ClientOptions& options, Owner& owner)
    : reactor_(reactor),
      options_(options),
      owner_(owner),
      dialer_(reactor, {.resolve_timeout_ms = options.resolve_timeout_ms,
                        .connect_timeout_ms = options.connect_timeout_ms,
                        .lookup = options.lookup,
                        .watch = watch_of(options)}),
      limit_(reactor),
      failure_(reactor) {}

void ClientTry::begin(const std::string& url) {
    assert(!dialer_.is_dialing());
    assert(opening_ == nullptr);
    url_text_ = url;
    redirect_count_ = 0;
    is_elsewhere_ = false;
    why_not_followed_.clear();
    peer_ = Address();
    if (options_.open_timeout_ms > 0) {
        limit_.set(options_.open_timeout_ms,
                   [this] { fail(stage(), error_of(std::errc::timed_out, "not open in time")); });
    }
    dial();
}

// ---- To the server ---------------------------------------------------------

void ClientTry::dial() {
    if (const Error error = prepare()) return fail_later(ClientStage::options, error);
    auto done = [this](Dialed result) { dialed(std::move(result)); };
    if (!options_.unix_path.empty()) return dialer_.start_unix(options_.unix_path, done);
    const WebSocketUrl& target = is_proxied() ? proxy_ : url_;
    dialer_.start(target.dial_host(), target.port, done);
}

// What can be wrong before anybody is asked.
Error ClientTry::prepare() {
    url_ = parse_websocket_url(url_text_);
    name_ = name_of_url(url_text_);
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

OpeningRequestFault ClientTry::append_request() {
    std::vector<HeaderField> headers;
    for (const ClientHeader& header : options_.headers) {
        if (!is_elsewhere_) headers.push_back({header.name, header.value});
    }
    return append_opening_request(
        request_, url_, {.offer = offer(), .origin = options_.origin, .headers = headers});
}

OpeningOffer ClientTry::offer() const noexcept {
    return {.key = {key_.data(), key_.size()},
            .subprotocols = options_.subprotocols,
            .deflate_terms = deflate_terms_ ? &*deflate_terms_ : nullptr};
}

Error ClientTry::check_options() const {
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

void ClientTry::dialed(Dialed dialed) {
    if (dialed.error) {
        const bool is_resolved = dialed.is_resolved || !options_.unix_path.empty();
        dialed.error.message = "open " + name_ + ": " + dialed.error.message;
        return fail(is_resolved ? ClientStage::connect : ClientStage::resolve,
                    std::move(dialed.error));
    }
    peer_ = dialed.peer;
    start_opening(std::move(dialed.fd));
}

void ClientTry::start_opening(Fd fd) {
    ClientOpening::Setup setup{
        .options = options_, .url = url_, .offer = offer(), .request = request_};
    if (is_proxied()) append_connect_request(setup.connect_request, url_, proxy_.user_info);
    opening_ = ClientOpening::start(reactor_, std::move(fd), std::move(setup), *this);
    if (opening_ == nullptr) {
        fail(ClientStage::connect,
             error_of(static_cast<std::errc>(errno), "the system refuses to watch the socket"));
    }
}

// ---- The server's answer ---------------------------------------------------

bool ClientTry::leads_on(const HttpHead& head) {
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

// Why we do not go where a redirection leads; empty: we do.
std::string ClientTry::why_not(const HttpHead& head, const WebSocketUrl& target) const {
    const std::string count_max = std::to_string(options_.redirect_count_max);
    if (redirect_count_ == options_.redirect_count_max) {
        return "not followed: ClientOptions::redirect_count_max is " + count_max;
    }
    if (!head.header("Location")) return "it has no Location";
    if (target.fault != UrlFault::none) {
        return "its Location cannot be used: " + std::string(describe(target.fault));
    }
    const bool is_downgrade = url_.is_secure && !target.is_secure;
    return is_downgrade ? "not followed: it leads from wss to ws" : "";
}

void ClientTry::opened(ClientOpening& opening, const HttpHead& head,
                       const ReadOpeningResponse& response, std::span<std::byte> rest) {
    opening_ = nullptr;
    limit_.cancel();
    std::string().swap(request_);  // Of no more use, and it may be open for long.
    owner_.try_opened(opening, head, response, rest);
}

void ClientTry::opening_failed(ClientError error) {
    opening_ = nullptr;
    error.error.message = "open " + name_ + ": " + error.error.message + why_not_followed_;
    fail(error);
}

// ---- How it ends -----------------------------------------------------------

void ClientTry::give_up() {
    const ClientStage given_up = stage();
    cancel();
    fail_later(given_up, error_of(std::errc::operation_canceled, "closed before it was open"));
}

void ClientTry::cancel() noexcept {
    dialer_.cancel();
    if (opening_ != nullptr) std::exchange(opening_, nullptr)->cancel();
    limit_.cancel();
    failure_.cancel();
}

void ClientTry::fail(ClientStage stage, Error error) {
    fail(ClientError{.stage = stage, .error = std::move(error)});
}

void ClientTry::fail(const ClientError& error) {
    cancel();
    owner_.try_failed(error);
}

// Not from within what the application calls.
void ClientTry::fail_later(ClientStage stage, const Error& error) {
    failure_.set(1, [this, stage, error] { fail(stage, error); });
}

Error ClientTry::error_of(std::errc code, std::string_view what) const {
    return {std::make_error_code(code), "open " + name_ + ": " + std::string(what)};
}

// What it is doing.
ClientStage ClientTry::stage() const noexcept {
    if (opening_ != nullptr) return opening_->stage();
    return dialer_.is_resolving() ? ClientStage::resolve : ClientStage::connect;
}

}  // namespace edgews
