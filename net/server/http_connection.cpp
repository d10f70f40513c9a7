#include "net/server/http_connection.hpp"

#include "core/address/proxy_protocol.hpp"
#include "core/http/forwarded.hpp"
#include "core/http/request_host.hpp"
#include "core/websocket/output_queue.hpp"
#include "net/server/listener.hpp"
#include "net/server/shard.hpp"

#include <algorithm>
#include <cassert>
#include <exception>
#include <utility>
#include <vector>

namespace edgews {
namespace {

constexpr std::uint32_t linger_ms = 5'000;  // For a peer to read a refusal.
constexpr int receive_count_max = 4;        // In one turn, before others get theirs,
constexpr int turn_request_count_max = 64;  // and of what is received at once.
// Bytes of responses that are gathered before the socket is asked to take them.
constexpr std::size_t gathered_size_max = 64 * 1024;
constexpr std::size_t scratch_size_max = 64 * 1024;  // That a loop keeps for its answers.

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The answer to HEAD ends with its head, whatever it says (RFC 9110, section 9.3.2).
bool wants_content(const HttpHead& head) noexcept {
    return head.method() != "HEAD";
}

// Whether the requests of a peer have to be for a name of ServerOptions::hosts.
bool must_name_host(const Shard& shard, const ListenerSetup& listener, bool is_proxy) {
    if (!shard.options().hosts.empty()) return true;
    return listener.is_loopback && !listener.tls && !is_proxy;
}

// An answer of the engine's own words.
Response plain_text(unsigned status, std::string_view body) {
    Response response{.status = status, .body = std::string(body)};
    if (!body.empty()) response.headers.add("Content-Type", plain_text_type);
    return response;
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
    if (is_put_off_ && !go_on()) return;
    pull(*this);
}

// While a decision is pending, or the client does not read, what arrives waits in the socket.
Reading HttpConnection::reading(int receive_count) const noexcept {
    if (!is_open() || is_broken()) return Reading::over;
    if (pending_ || is_blocked() || is_put_off_) return Reading::wait;
    return receive_count == receive_count_max ? Reading::later : Reading::go_on;
}

bool HttpConnection::take(const Received& received, std::span<std::byte> bytes) {
    if (received.end == Received::End::would_block) return false;
    if (received.end != Received::End::open) {
        has_failed_transport() ? finish(Farewell::linger, linger_ms) : close();
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
            return answer_error(503, no_memory_left);
        }
        resumed->bytes.append(input);
        input = resumed->bytes.bytes();
    }
    HttpHead& head = resumed ? resumed->head : shard_.scratch_head();
    if (!resumed) head.reset();
    int count = 0;
    while (!input.empty() && is_open() && !is_broken() && !pending_) {
        switch (head.parse(as_text(input))) {
            case HttpHead::Progress::more: return keep(input, head);
            case HttpHead::Progress::failed: return refuse(head, head.fault());
            case HttpHead::Progress::complete: break;
        }
        input = input.subspan(head.size());
        serve(head, input);
        head.reset();
        if (output_size() > gathered_size_max) flush();
        if (input.empty() || !is_open() || pending_) continue;
        if (is_blocked() || ++count == turn_request_count_max) return put_off(input);
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
        refuse_proxy();
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
    refuse_proxy();
    return false;
}

// Nothing may be assumed about who does not send the header that is due: not even that it would
// understand an answer.
void HttpConnection::refuse_proxy() {
    shard_.counters().add(Counter::connections_refused);
    end_unanswered();
}

// As Shard::refuse(), of the client that a PROXY header named.
void HttpConnection::refuse_client() {
    shard_.counters().add(Counter::connections_refused);
    shard_.counters().add(Counter::bytes_received, receive(reactor().receive_space()).size);
    if (!tls_ && !is_broken()) (void)send_directly(std::as_bytes(std::span(one_too_many)));
    close();
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
// others have their turn.
void HttpConnection::put_off(std::span<const std::byte> input) {
    Buffer bytes = reactor().pool().try_take(input.size());
    if (!bytes) return finish(Farewell::linger, linger_ms);  // Behind the answers that wait.
    bytes.append(input);
    partial_ =
        std::make_unique<Partial>(Partial{HttpHead(shard_.options().http), std::move(bytes)});
    is_put_off_ = true;
    if (!is_blocked()) read_later();
}

// From the first byte of a head on, its time is limited.
void HttpConnection::keep(std::span<const std::byte> input, const HttpHead& head) {
    if (!is_head_begun_) reactor().schedule(*this, shard_.options().handshake_timeout_ms);
    is_head_begun_ = true;
    partial_ = std::make_unique<Partial>(Partial{head, reactor().pool().take(input.size())});
    partial_->bytes.append(input);
    partial_->head.rebase(as_text(partial_->bytes.bytes()));
}

void HttpConnection::serve(const HttpHead& head, std::span<std::byte> rest) {
    is_head_begun_ = false;
    if (is_from_proxy_) find_client(head);
    if (admission_.is_refused()) {
        shard_.counters().add(Counter::connections_refused);
        return answer_error(503, "There are too many connections.\n", wants_content(head));
    }
    // There are no tunnels here, and no options of all paths together.
    if (!is_known_method(head.method()) || head.method() == "CONNECT" || head.target() == "*") {
        return respond(head, plain_text(501, "There is no such method here.\n"));
    }
    if (checks_host_ && !is_for_us(head)) return refuse(head, HandshakeFault::host_forbidden);
    if (head.method() == "OPTIONS") return serve_options(head);
    PathParameters parameters;
    const HttpRoute* http = shard_.router().find_http(head.path(), parameters);
    // A path may have both; then what the request looks like decides.
    if (http == nullptr || wants_websocket(head)) {
        const WebSocketRoute* route = shard_.router().find_websocket(head.path(), parameters);
        // By HTTP/1.0 it is ignored (RFC 9110, section 7.8).
        const bool is_ignored = http != nullptr && head.is_http_1_0() &&
                                (route == nullptr || !route->options.http_1_0_upgrades);
        if (route != nullptr && !is_ignored) {
            return serve_websocket(head, *route, parameters, rest);
        }
    }
    if (http == nullptr) return respond(head, plain_text(404, "Not found.\n"));
    http = shard_.router().find_http(head.path(), parameters);
    serve_http(head, *http, parameters);
}

// Without a list, only browsers matter, and these say an Origin in each upgrade.
bool HttpConnection::is_for_us(const HttpHead& head) const {
    const std::vector<std::string>& hosts = shard_.options().hosts;
    const bool is_program = hosts.empty() && wants_websocket(head) && !head.header("Origin");
    return is_program || host_allowed(head.host(), hosts);
}

// What may be asked of a path. HAProxy asks so whether a server is well.
void HttpConnection::serve_options(const HttpHead& head) {
    PathParameters parameters;
    const bool is_http = shard_.router().find_http(head.path(), parameters) != nullptr;
    if (!is_http && shard_.router().find_websocket(head.path(), parameters) == nullptr) {
        return respond(head, plain_text(404, "Not found.\n"));
    }
    Response response{.status = 204};
    response.headers.add("Allow", is_http ? "GET, HEAD" : "GET");
    respond(head, response);
}

void HttpConnection::serve_http(const HttpHead& head, const HttpRoute& route,
                                const PathParameters& parameters) {
    Response response;
    if (head.method() != "GET" && head.method() != "HEAD") {
        response.status = 405;
        response.headers.add("Allow", "GET, HEAD");
        return respond(head, std::move(response));
    }
    try {
        route.handler(Request(head, parameters, admission_.address(), transport()), response);
    } catch (...) {
        shard_.counters().add(Counter::handler_failures);
        response = plain_text(500, "Internal server error.\n");
    }
    respond(head, std::move(response));
}

// The rest of a head may have waited for us: its time begins anew.
void HttpConnection::on_writable() {
    if (is_blocked()) return;
    if (is_head_begun_) reactor().schedule(*this, shard_.options().handshake_timeout_ms);
    read_later();
}

void HttpConnection::on_timer() {
    if (!is_open()) return on_finish_timer(linger_ms);
    // What the client is to say next is an answer to what we have not said.
    if (waits_for_handshake()) {
        return reactor().schedule(*this, shard_.options().handshake_timeout_ms);
    }
    if (awaits_proxy_header_) return refuse_proxy();
    if (pending_) {
        // One that was made is on its way here.
        if (!claim(pending_->deferred)) return reactor().schedule(*this, linger_ms);
        reject_pending(503, "The decision took too long.\n");
    } else if (is_head_begun_ && !is_blocked()) {  // Else it is us who do not read.
        const bool has_body = !partial_ || wants_content(partial_->head);
        answer_error(408, "The request took too long.\n", has_body);
    } else if (is_being_read()) {
        reactor().schedule(*this, shard_.options().keep_alive_timeout_ms);
    } else {
        close();
    }
}

void HttpConnection::shut_down() {
    if (!is_open()) return;
    if (pending_) {
        (void)claim(pending_->deferred);
        reject_pending(503, "The server is shutting down.\n");
    } else {
        finish(Farewell::linger, linger_ms);
    }
}

void HttpConnection::refuse(const HttpHead& head, HttpFault fault) {
    refuse_for(head, fault);
}

void HttpConnection::refuse(const HttpHead& head, HandshakeFault fault) {
    refuse_for(head, fault);
}

template <class Fault>
void HttpConnection::refuse_for(const HttpHead& head, Fault fault) {
    shard_.counters().add(Counter::handshakes_refused);
    std::string& text = shard_.scratch_text();
    text.clear();
    append_refusal(text, fault, {.date = shard_.date(), .has_content = wants_content(head)});
    send_scratch();
    finish(Farewell::linger, linger_ms);
}

// Answers a plain request; the connection goes on, if the client wants and may.
void HttpConnection::respond(const HttpHead& head, Response response) {
    shard_.counters().add(Counter::http_requests);
    // We do not read bodies: behind one we would not find the next request. Nor is there one behind
    // CONNECT, and HTTP/1.0 leaves it to the server.
    const bool is_followed =
        !head.has_body() && !head.is_http_1_0() && head.method() != "CONNECT" && head.keep_alive();
    const std::uint32_t request_count_max = shard_.options().requests_per_connection_max;
    const bool is_last = ++request_count_ == request_count_max && request_count_max > 0;
    const bool keep_alive = is_followed && !is_last;
    append_response(std::move(response), keep_alive, wants_content(head));
    if (!keep_alive) return finish(Farewell::linger, linger_ms);
    reactor().schedule(*this, shard_.options().keep_alive_timeout_ms);
    // Between its requests, a proxy's connection is for no client.
    if (is_from_proxy_) admission_.move_to(from_, false);
}

void HttpConnection::respond_and_finish(Response response, bool has_body) {
    append_response(std::move(response), false, has_body);
    finish(Farewell::linger, linger_ms);
}

void HttpConnection::answer_error(unsigned status, std::string_view body, bool has_body) {
    respond_and_finish(plain_text(status, body), has_body);
}

// The body is sent from where the handler put it, unless it is short.
void HttpConnection::append_response(Response response, bool keep_alive, bool has_body) {
    if (!reactor().pool().may_hold(output_size(), response.body.size())) {
        response = {.status = 503, .body = std::string(no_memory_left)};
    }
    const std::vector<HeaderField> headers = response.headers.fields();
    std::string& text = shard_.scratch_text();
    text.clear();
    const HeaderFault fault = append_response_head(text, {.status = response.status,
                                                          .headers = headers,
                                                          .content_length = response.body.size(),
                                                          .keep_alive = keep_alive,
                                                          .date = shard_.date()});
    if (fault != HeaderFault::none) {  // Of the status; headers were checked one by one.
        return append_response({.status = 500}, keep_alive, has_body);
    }
    const bool may_have_body = response.status != 204 && response.status != 304;
    const bool is_sent = has_body && may_have_body;
    const bool is_short = response.body.size() < OutputQueue::borrow_size_min;
    if (is_sent && is_short) text += response.body;
    send_scratch();
    if (is_sent && !is_short) output().own_text(std::move(response.body));
}

void HttpConnection::send_scratch() {
    std::string& text = shard_.scratch_text();
    output().append(std::as_bytes(std::span(text)));
    if (text.capacity() > scratch_size_max) text = std::string();
    request_flush();
}

void HttpConnection::count_sent(std::size_t size) noexcept {
    shard_.counters().add(Counter::bytes_sent, size);
}

}  // namespace edgews
