#include "net/server/http_connection.hpp"

#include "core/address/proxy_protocol.hpp"
#include "core/http/forwarded.hpp"
#include "core/http/request_host.hpp"
#include "core/websocket/output_queue.hpp"
#include "net/server/cors.hpp"
#include "net/server/listener.hpp"
#include "net/server/shard.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

namespace edgews {
namespace {

constexpr int receive_count_max = 4;        // In one turn, before others get theirs,
constexpr int turn_request_count_max = 64;  // and of what is received at once.
// Bytes of responses that are gathered before the socket is asked to take them.
constexpr std::size_t gathered_size_max = 64 * 1024;

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Whether the requests of a peer have to be for a name of ServerOptions::hosts.
bool must_name_host(const Shard& shard, const ListenerSetup& listener, bool is_proxy) {
    if (!shard.options().hosts.empty()) return true;
    return listener.is_loopback && !listener.tls && !is_proxy;
}

}  // namespace

HttpConnection::HttpConnection(Shard& shard, Admission admission, const ListenerSetup& listener)
    : Stream(shard.streams()),
      shard_(shard),
      from_(admission.address()),
      admission_(std::move(admission)),
      tls_(listener.tls),
      is_from_proxy_(shard.is_trusted(from_)),
      checks_host_(must_name_host(shard, listener, is_from_proxy_)),
      awaits_proxy_header_(is_from_proxy_ && listener.proxy_protocol) {}

HttpConnection::~HttpConnection() = default;

bool HttpConnection::start(Fd fd) noexcept {
    if (!awaits_proxy_header_ && !start_tls()) return false;
    if (open(std::move(fd)) != 0) return false;
    reactor().schedule(*this, shard_.options().handshake_timeout_ms);
    return true;
}

// False: there is no memory for it.
bool HttpConnection::start_tls() noexcept {
    if (!tls_) return true;
    std::unique_ptr<Transport> transport = tls_->accept(reactor().pool(), from_);
    tls_.reset();
    if (!transport) return false;
    speak_through(std::move(transport));
    return true;
}

void HttpConnection::on_readable() {
    if (awaits_proxy_header_ && !take_proxy_header()) return;
    if (file_) return send_file_on();
    if (awaiting_ || streaming_) return note_end();
    if (is_put_off_ && !go_on()) return;
    pull(*this);
}

// While a decision or an answer is pending, or is being sent, or the client does not read, what
// arrives waits in the socket.
Reading HttpConnection::reading(int receive_count) const noexcept {
    if (!is_open() || is_broken()) return Reading::over;
    if (pending_ || is_being_answered() || is_blocked() || is_put_off_) return Reading::wait;
    return receive_count == receive_count_max ? Reading::later : Reading::go_on;
}

bool HttpConnection::take(const Received& received, std::span<std::byte> bytes) {
    if (received.end == Received::End::would_block) return false;
    if (received.end != Received::End::open) {
        if (!has_failed_transport()) return close(), false;
        finish(Farewell::linger, linger_ms);
        report(EventKind::tls_failed, 0, {}, transport()->failure());
        return false;
    }
    shard_.counters().add(Counter::bytes_received, received.size);

    begin_dispatch();
    process(bytes);
    end_dispatch();
    if (may_bring_more()) flush();  // What comes may be the end.
    return may_bring_more();
}

// With what was put off. True: there may be more to receive.
bool HttpConnection::go_on() {
    if (is_blocked()) return false;
    begin_dispatch();
    process({});
    finish_dispatch();  // What comes may be the end.
    return is_open() && !is_put_off_;
}

// Serves all requests in `input` (pipelining), and keeps the beginning of a next one.
void HttpConnection::process(std::span<std::byte> input) {
    const std::unique_ptr<Partial> resumed = std::move(partial_);
    is_put_off_ = false;
    if (resumed) {
        if (!reactor().pool().try_reserve(resumed->bytes, input.size())) {
            answer_error(503, no_memory_left);
            return report_no_memory(503, {});
        }
        resumed->bytes.append(input);
        input = resumed->bytes.bytes();
    }
    if (receiving_ && !go_on_with_body(input)) return;
    HttpHead& head = resumed ? resumed->head : shard_.scratch_head();
    if (!resumed) head.reset();
    int count = 0;
    while (!input.empty() && is_open() && !is_broken() && !pending_) {
        if (is_being_answered() && !may_be_followed()) return;
        if (is_being_answered() || is_blocked() || count++ == turn_request_count_max)
            return put_off(input);
        switch (head.parse(as_text(input))) {
            case HttpHead::Progress::more: return keep(input, head);
            case HttpHead::Progress::failed: return refuse(head, head.fault());
            case HttpHead::Progress::complete: break;
        }
        input = input.subspan(head.size());
        serve(head, input);
        head.reset();
        if (output_size() > gathered_size_max) flush();
    }
}

// True: the header was received, and there is more. What follows is only peeked at: it may be for a
// transport, and waits in the socket for its turn. So does a header that is not complete.
bool HttpConnection::take_proxy_header() {
    const Received arrived = peek(reactor().receive_space().first(proxy_header_size_max));
    const std::span<std::byte> space = reactor().receive_space().first(arrived.size);
    if (arrived.end == Received::End::would_block) return false;
    // Behind urgent data, where no peek looks, or behind the largest header there is.
    const bool may_be_more = !is_drained();
    const ParsedProxyHeader header = parse_proxy_header(space);
    if (header.fault != ProxyFault::none || (header.size == 0 && may_be_more)) {
        refuse_proxy(EventKind::protocol_error,
                     "the connection does not begin with a PROXY header");
        return false;
    }
    if (header.size == 0) {
        if (arrived.end != Received::End::open || has_ended()) end_unanswered();
        return false;
    }
    shard_.counters().add(Counter::bytes_received, receive(space.first(header.size)).size);
    awaits_proxy_header_ = false;
    if (header.source) from_ = Address(header.source);
    admission_.move_to(from_, true);
    if (admission_.is_refused()) {
        refuse_client();
        return false;
    }
    // What forwards a connection does not look into the requests: what they say is the word of
    // whom the header names, and of nobody we know when it names no one.
    is_from_proxy_ = header.source && shard_.is_trusted(from_);
    if (start_tls()) return space.size() > header.size || may_be_more || has_ended();
    refuse_proxy(EventKind::limit_reached, "there is no memory for TLS");
    return false;
}

// Nothing may be assumed about who does not send the header that is due: not even that it would
// understand an answer.
void HttpConnection::refuse_proxy(EventKind kind, std::string_view why) {
    shard_.counters().add(Counter::connections_refused);
    end_unanswered();
    report(kind, 0, {}, why);
}

// As Shard::refuse(), of the client that a PROXY header named.
void HttpConnection::refuse_client() {
    shard_.counters().add(Counter::connections_refused);
    shard_.counters().add(Counter::bytes_received, receive(reactor().receive_space()).size);
    if (!tls_ && !is_broken()) (void)send_directly(std::as_bytes(std::span(one_too_many)));
    close();
    report(EventKind::limit_reached, 503, {}, option_of(admission_.limit()));
}

// What was only peeked at would reset the connection.
void HttpConnection::end_unanswered() {
    shard_.counters().add(Counter::bytes_received, receive(reactor().receive_space()).size);
    close();
}

// Whom the request is for: it is the proxy's own, as all is between requests, if it does not say.
void HttpConnection::find_client(const HttpHead& head) {
    const IpAddress client = edgews::find_client(head, shard_.options().forwarded_header,
                                                 shard_.trusted_proxies().networks());
    if (client) admission_.move_to(Address(client), wants_websocket(head));
}

// Keeps what is not to be served yet: the client does not read the answers to what came before, or
// one of them is deferred, or others have their turn.
void HttpConnection::put_off(std::span<const std::byte> input) {
    Buffer bytes = reactor().pool().try_take(input.size());
    if (!bytes && is_being_answered()) {  // What is awaited is still answered, and is the last.
        may_be_followed() = false;
        return;
    }
    if (!bytes) {
        finish(Farewell::linger, linger_ms);  // Behind the answers that wait.
        return report_no_memory(0, {});
    }
    bytes.append(input);
    partial_ =
        std::make_unique<Partial>(Partial{HttpHead(shard_.options().http), std::move(bytes)});
    is_put_off_ = true;
    if (!is_blocked() && !is_being_answered()) read_later();
}

// From the first byte of a head on, its time is limited.
void HttpConnection::keep(std::span<const std::byte> input, const HttpHead& head) {
    if (!is_head_begun_) reactor().schedule(*this, shard_.options().handshake_timeout_ms);
    is_head_begun_ = true;
    partial_ = std::make_unique<Partial>(Partial{head, reactor().pool().take(input.size())});
    partial_->bytes.append(input);
    partial_->head.rebase(as_text(partial_->bytes.bytes()));
}

void HttpConnection::serve(const HttpHead& head, std::span<std::byte>& rest) {
    is_head_begun_ = false;
    if (is_from_proxy_) find_client(head);
    if (admission_.is_refused()) {
        shard_.counters().add(Counter::connections_refused);
        answer_error(503, "There are too many connections.\n", wants_content(head));
        return report(EventKind::limit_reached, 503, head.path(), option_of(admission_.limit()));
    }
    // There are no tunnels here.
    const Router& router = shard_.router();
    const bool is_known = is_known_method(head.method()) || router.knows(head.method());
    if (!is_known || head.method() == "CONNECT") {
        respond(head, plain_text(501, "There is no such method here.\n"));
        return report_refusal(head, 501, "There is no such method here.");
    }
    if (checks_host_ && !is_for_us(head)) return refuse_host(head);
    // Only OPTIONS has that target, and asks no more than whether we are there (RFC 9110, 9.3.7).
    if (head.target() == "*") return respond(head, {.status = 204});
    PathParameters parameters;
    const HttpRoute* const http = router.find_http(head.method(), head.path(), parameters);
    // A path may have both; then what the request looks like decides.
    if (http == nullptr || wants_websocket(head)) {
        PathParameters of_websocket;
        const WebSocketRoute* route = router.find_websocket(head.path(), of_websocket);
        // By HTTP/1.0 it is ignored (RFC 9110, section 7.8).
        const bool is_ignored = http != nullptr && head.is_http_1_0() &&
                                (route == nullptr || !route->options.http_1_0_upgrades);
        const bool is_asked = wants_websocket(head) || head.method() == "GET";
        if (route != nullptr && !is_ignored && is_asked) {
            return serve_websocket(head, *route, of_websocket, rest);
        }
    }
    if (http != nullptr) return receive_body(head, *http, parameters, rest);
    head.method() == "OPTIONS" ? serve_options(head) : refuse_path(head);
}

// Without a list, only browsers matter, and these say an Origin in each upgrade.
bool HttpConnection::is_for_us(const HttpHead& head) const {
    const std::vector<std::string>& hosts = shard_.options().hosts;
    if (host_allowed(head.host(), hosts)) return true;
    return hosts.empty() && wants_websocket(head) && !head.header("Origin");
}

// What may be asked of a path. HAProxy asks so whether a server is well.
void HttpConnection::serve_options(const HttpHead& head) {
    const std::string methods = shard_.router().methods_of(head.path());
    if (methods.empty()) return refuse_path(head);
    Exchange exchange = exchange_of(head, false);
    std::string_view method;
    PathParameters parameters;
    if (is_preflight(head, method)) {
        const HttpRoute* const route = shard_.router().find_http(method, head.path(), parameters);
        if (route != nullptr) {
            exchange.cors =
                preflight_headers(head, transport() != nullptr, route->options.cors, methods);
        }
    }
    Response response{.status = 204};
    response.headers.add("Allow", methods);
    respond(exchange, response);
}

void HttpConnection::refuse_path(const HttpHead& head) {
    const std::string methods = shard_.router().methods_of(head.path());
    if (methods.empty()) {
        respond(head, plain_text(404, "Not found.\n"));
        return report_refusal(head, 404, "Nothing is there.");
    }
    Exchange exchange = exchange_of(head, false);
    const HttpRoute* const other = shard_.router().find_any(head.path());
    if (other != nullptr) exchange.cors = cors_of(head, *other);
    Response response = plain_text(405, "There is no such method of this path.\n");
    response.headers.add("Allow", methods);
    respond(exchange, response);
    report_refusal(head, 405, "There is no such method of this path.");
}

// The rest of a head, or of a body, may have waited for us: its time begins anew.
void HttpConnection::on_writable() {
    if (streaming_) return go_on_writing();
    if (file_) return send_file_on();
    if (is_blocked()) return;
    if (is_head_begun_) reactor().schedule(*this, shard_.options().handshake_timeout_ms);
    if (receiving_) begin_body_time();
    read_later();
}

void HttpConnection::on_timer() {
    if (!is_open()) return on_finish_timer(linger_ms);
    // What the client is to say next is an answer to what we have not said.
    if (waits_for_handshake()) {
        return reactor().schedule(*this, shard_.options().handshake_timeout_ms);
    }
    if (awaits_proxy_header_) return refuse_proxy(EventKind::timed_out, "no PROXY header came");
    if (awaiting_) return on_answer_timeout();
    if (streaming_ || file_) return on_reader_timer();
    if (receiving_) return on_body_timeout();
    if (pending_) {
        // One that was made is on its way here.
        if (!claim(pending_->deferred)) return reactor().schedule(*this, linger_ms);
        reject_pending(503, "The decision took too long.\n", "the decision took too long");
    } else if (is_head_begun_ && !is_blocked()) {  // Else it is us who do not read.
        const bool has_body = !partial_ || wants_content(partial_->head);
        answer_error(408, "The request took too long.\n", has_body);
        report(EventKind::timed_out, 408, {}, "the request's head took too long");
    } else if (is_being_read()) {
        reactor().schedule(*this, shard_.options().keep_alive_timeout_ms);
    } else {
        const bool is_opening =
            transport() != nullptr && transport()->state() == Transport::State::opening;
        close();
        if (is_opening) report(EventKind::timed_out, 0, {}, "TLS's handshake took too long");
    }
}

void HttpConnection::on_lost() {
    if (awaiting_ && awaiting_->deferred.claim()) tell_gone();
    if (streaming_) lose_stream();
    file_.reset();
    close();
}

// What was asked is answered, if that comes within the grace.
void HttpConnection::shut_down() {
    if (!is_open() || awaiting_ || receiving_ || file_) return;
    if (streaming_) {
        if (streaming_->options.is_endless) note_stream_end();
    } else if (pending_) {
        (void)claim(pending_->deferred);
        reject_pending(503, "The server is shutting down.\n", "the server is shutting down");
    } else {
        finish(Farewell::linger, linger_ms);
    }
}

}  // namespace edgews
