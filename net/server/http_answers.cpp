// How a request is answered: at once, later by whoever has the answer, or by why there is none.
#include "core/http/http_response.hpp"
#include "core/websocket/handshake_refusal.hpp"
#include "core/websocket/output_queue.hpp"
#include "net/server/cors.hpp"
#include "net/server/http_connection.hpp"
#include "net/server/shard.hpp"

#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

namespace edgews {

namespace {

constexpr std::size_t scratch_size_max = 64 * 1024;  // That a loop keeps for its answers.

}  // namespace

// The answer to HEAD ends with its head, whatever it says (RFC 9110, section 9.3.2).
bool HttpConnection::wants_content(const HttpHead& head) noexcept {
    return head.method() != "HEAD";
}

// An answer of the engine's own words.
Response HttpConnection::plain_text(unsigned status, std::string_view body) {
    Response response{.status = status, .body = std::string(body)};
    if (!body.empty()) response.headers.add("Content-Type", plain_text_type);
    return response;
}

// ---- The handler -------------------------------------------------------------------------------

void HttpConnection::serve_http(const HttpHead& head, const HttpRoute& route,
                                const PathParameters& parameters, std::span<const std::byte> body) {
    Exchange exchange = exchange_of(head, true);
    exchange.cors = cors_of(head, route);
    Response response = shard_.take_response();
    handled_ = &exchange;
    try {
        const HandlerTimer timer(shard_.events(), [&](std::uint32_t time_ms) {
            report(EventKind::handler_slow, time_ms, route.pattern.text(), route.method);
        });
        route.handler(Request(head, parameters, admission_.address(), transport(), body, this),
                      response);
    } catch (...) {
        shard_.counters().add(Counter::handler_failures);
        response = plain_text(500, "Internal server error.\n");
        // What somebody answers all the same is too late.
        if (const auto awaited = std::move(awaiting_)) (void)awaited->deferred.claim();
        if (streaming_) cut_off({});
        report_failure(500, route.pattern.text());
    }
    handled_ = nullptr;
    if (exchange.is_answered) {
        go_on_answering();
    } else if (awaiting_) {
        await_answer(std::move(exchange), route.options.answer_timeout_ms);
    } else {
        respond(exchange, response);
    }
    shard_.give_back(std::move(response));
}

// Those that take their time have begun. A file may be read to where the next request lies.
void HttpConnection::go_on_answering() {
    if (file_) read_later();
    if (streaming_) go_on_streaming();
}

// ---- Later -------------------------------------------------------------------------------------

DeferredResponse HttpConnection::defer(Function<void()> gone) {
    if (awaiting_ || handled_->is_answered) {
        throw std::logic_error("Request::defer(): the answer was deferred or streamed already");
    }
    DeferredResponse deferred(reactor().link(), token());
    awaiting_ = std::make_unique<Awaiting>(Awaiting{.deferred = deferred, .gone = std::move(gone)});
    return deferred;
}

// The end of the client's side may have come before its request was read.
void HttpConnection::await_answer(Exchange exchange, std::uint32_t timeout_ms) {
    awaiting_->exchange = std::move(exchange);
    awaiting_->timeout_ms = timeout_ms;
    if (timeout_ms > 0) reactor().schedule(*this, timeout_ms);
    note_end();
}

void HttpConnection::answer_deferred(const DeferredResponse& deferred, Response response) {
    // Its request may have been answered by a handler's failure.
    if (!awaiting_ || !is_open()) return;
    if (awaiting_->deferred.is_claimed_ != deferred.is_claimed_) return;
    const std::unique_ptr<Awaiting> awaited = std::move(awaiting_);
    respond(awaited->exchange, response);
    go_on_behind_answer();
}

void HttpConnection::on_answer_timeout() {
    if (awaiting_->timeout_ms == 0) return;
    // One that was given is on its way here.
    if (!awaiting_->deferred.claim()) return reactor().schedule(*this, linger_ms);
    tell_gone();
    const DeferredResponse deferred = awaiting_->deferred;
    answer_deferred(deferred, plain_text(503, "The answer took too long.\n"));
    report(EventKind::request_refused, 503, {}, "the answer took too long");
}

// A client that sends nothing more may still want its answer.
void HttpConnection::note_end() {
    if (!has_ended()) return;
    if (streaming_) return note_stream_end();
    if (awaiting_->deferred.is_awaited()) tell_gone();
}

void HttpConnection::tell_gone() noexcept {
    tell(shard_, std::exchange(awaiting_->gone, {}));
}

bool HttpConnection::tell(Shard& shard, const Function<void()>& whom) noexcept {
    if (!whom) return true;
    try {
        whom();
        return true;
    } catch (...) {
        shard.counters().add(Counter::handler_failures);
        report_failure(shard);
        return false;
    }
}

// ---- Now ---------------------------------------------------------------------------------------

// What is known of a head that is none is not much.
void HttpConnection::refuse(const HttpHead& head, HttpFault fault) {
    refuse_for(head, fault);
    report(EventKind::request_refused, status_code(fault), {}, describe(fault));
}

void HttpConnection::refuse_host(const HttpHead& head) {
    constexpr HandshakeFault fault = HandshakeFault::host_forbidden;
    refuse_for(head, fault);
    report_refusal(head, status_code(fault), describe(fault));
}

void HttpConnection::refuse(const HttpHead& head, const WebSocketRoute& route,
                            HandshakeFault fault) {
    refuse_for(head, fault);
    report(EventKind::handshake_refused, status_code(fault), route.pattern.text(), describe(fault));
}

void HttpConnection::refuse(const HttpHead& head, const HttpRoute& route, HttpFault fault) {
    refuse_for(head, fault, cors_of(head, route));
    report(EventKind::request_refused, status_code(fault), route.pattern.text(), describe(fault));
}

void HttpConnection::refuse(const HttpHead& head, const HttpRoute& route, EventKind kind,
                            unsigned status, std::string_view why) {
    Response response = plain_text(status, why);
    response.headers.add(cors_of(head, route));
    respond_and_finish(std::move(response), wants_content(head));
    if (kind == EventKind::limit_reached) return report_no_memory(status, route.pattern.text());
    report(kind, status, route.pattern.text(), why.substr(0, why.find('\n')));
}

ResponseHeaders HttpConnection::cors_of(const HttpHead& head, const HttpRoute& route) const {
    return cors_headers(head, transport() != nullptr, route.options.cors);
}

template <class Fault>
void HttpConnection::refuse_for(const HttpHead& head, Fault fault, const ResponseHeaders& cors) {
    shard_.counters().add(Counter::handshakes_refused);
    std::string& text = shard_.scratch_text();
    text.clear();
    const std::vector<HeaderField> headers = cors.fields();
    append_refusal(text, fault,
                   {.date = shard_.date(), .has_content = wants_content(head), .headers = headers});
    send_scratch();
    finish(Farewell::linger, linger_ms);
}

HttpConnection::Exchange HttpConnection::exchange_of(const HttpHead& head,
                                                     bool is_body_read) noexcept {
    // Behind a body that is not read nobody finds the next request. Nor is there one behind
    // CONNECT, and HTTP/1.0 leaves it to the server.
    const bool is_end_known = is_body_read || !head.has_body();
    return {.is_followed = is_end_known && !head.is_http_1_0() && head.method() != "CONNECT" &&
                           head.keep_alive(),
            .wants_content = wants_content(head),
            .knows_chunks = !head.is_http_1_0()};
}

void HttpConnection::respond(const HttpHead& head, Response response) {
    respond(exchange_of(head, false), response);
}

// Answers a plain request; the connection goes on, if the client wants and may.
void HttpConnection::respond(const Exchange& exchange, Response& response) {
    const bool keep_alive = count_answer(exchange);
    const bool is_affordable = make_affordable(response);
    response.headers.add(exchange.cors);
    append_response(response, keep_alive, exchange.wants_content);
    end_answer(keep_alive);
    if (!is_affordable) report_no_memory(503, {});
}

// Another one. Whether the connection goes on behind it.
bool HttpConnection::count_answer(const Exchange& exchange) {
    shard_.counters().add(Counter::http_requests);
    const std::uint32_t request_count_max = shard_.options().requests_per_connection_max;
    const bool is_last = ++request_count_ == request_count_max && request_count_max > 0;
    return exchange.is_followed && !is_last && !shard_.is_shutting_down();
}

// Of an answer whose content follows. Headers were checked one by one, and the status before.
void HttpConnection::append_head(unsigned status, const ResponseHeaders& headers,
                                 const Exchange& exchange,
                                 std::optional<std::uint64_t> content_length, bool keep_alive) {
    ResponseHeaders all = headers;
    all.add(exchange.cors);
    std::string& text = shard_.scratch_text();
    text.clear();
    (void)append_response_head(text, {.status = status,
                                      .lines = all.lines(),
                                      .content_length = content_length,
                                      .is_chunked = !content_length && exchange.knows_chunks,
                                      .keep_alive = keep_alive,
                                      .date = shard_.date()});
    send_scratch();
}

// All of it is written.
void HttpConnection::end_answer(bool keep_alive) {
    is_watched_ = false;
    if (!keep_alive) return finish(Farewell::linger, linger_ms);
    reactor().schedule(*this, shard_.options().keep_alive_timeout_ms);
    // Between its requests, a proxy's connection is for no client.
    if (is_from_proxy_) admission_.move_to(from_, false);
}

// Of an answer that took its time.
void HttpConnection::go_on_behind_answer() {
    if (!is_open()) return;
    if (has_ended()) flush();  // What comes may be the end.
    read_later();              // What waits in the socket made its edge while nobody read.
}

void HttpConnection::on_blocked() {
    if (!streaming_ && !file_) return;
    if (streaming_) note_backlog();
    watch_reader();
}

// While an answer that takes its time is being sent.
void HttpConnection::watch_reader() {
    if (std::exchange(is_watched_, true)) return;
    reactor().schedule(*this, shard_.options().keep_alive_timeout_ms);
}

// A client may read slowly; who reads nothing is given up.
void HttpConnection::on_reader_timer() {
    is_watched_ = is_blocked();
    if (!is_blocked()) return comment();
    const bool is_in_socket = file_ && output_size() == 0;
    if (is_in_socket ? is_being_read(file_->untaken_size) : is_being_read())
        return reactor().schedule(*this, shard_.options().keep_alive_timeout_ms);
    on_lost();
    report(EventKind::timed_out, 0, {}, "the client does not read the answer");
}

void HttpConnection::respond_and_finish(Response response, bool has_body) {
    const bool is_affordable = make_affordable(response);
    append_response(response, false, has_body);
    finish(Farewell::linger, linger_ms);
    if (!is_affordable) report_no_memory(503, {});
}

void HttpConnection::answer_error(unsigned status, std::string_view body, bool has_body) {
    respond_and_finish(plain_text(status, body), has_body);
}

// It says that there is no memory for it, where there is none.
bool HttpConnection::make_affordable(Response& response) const {
    if (reactor().pool().may_hold(output_size(), response.body.size())) return true;
    response = {.status = 503, .body = std::string(no_memory_left)};
    return false;
}

// The body is taken, and sent from where the handler put it, unless it is short.
void HttpConnection::append_response(Response& response, bool keep_alive, bool has_body) {
    std::string& text = shard_.scratch_text();
    text.clear();
    const HeaderFault fault = append_response_head(text, {.status = response.status,
                                                          .lines = response.headers.lines(),
                                                          .content_length = response.body.size(),
                                                          .keep_alive = keep_alive,
                                                          .date = shard_.date()});
    if (fault != HeaderFault::none) {  // Of the status; headers were checked one by one.
        response = {.status = 500};
        append_response(response, keep_alive, has_body);
        return report(EventKind::handler_failed, 500, {}, describe(fault));
    }
    const bool is_sent = has_body && may_have_content(response.status);
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

}  // namespace edgews
