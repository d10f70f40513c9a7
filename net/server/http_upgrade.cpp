// How an HTTP connection becomes a WebSocket, or is told that it does not: the opening handshake's
// checks, the application's decision, now or later, and the answer (RFC 6455, section 4.2).
#include "core/http/http_response.hpp"
#include "core/websocket/handshake.hpp"
#include "net/server/http_connection.hpp"
#include "net/server/shard.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace edgews {

// What it leaves is the memory of WebSockets that come: were it larger, each would waste the rest.
static_assert(sizeof(HttpConnection) <= sizeof(WebSocketConnection));

void HttpConnection::serve_websocket(const HttpHead& head, const WebSocketRoute& route,
                                     const PathParameters& parameters, std::span<std::byte> rest) {
    const OpeningRequest opening =
        read_opening_request(head, {.http_1_0_allowed = route.options.http_1_0_upgrades,
                                    .extensions_served = route.options.compression != nullptr});
    if (opening.fault != HandshakeFault::none) return refuse(head, route, opening.fault);
    if (!origin_allowed({.origin = head.header("Origin"),
                         .host = head.host(),
                         .secure = transport() != nullptr},
                        route.options.origins)) {
        return refuse(head, route, HandshakeFault::origin_forbidden);
    }
    if (shard_.is_over_memory()) {
        answer_error(503, no_memory_left);
        return report_no_memory(503, route.pattern.text());
    }
    try {
        auto connection = WebSocketConnection::create(shard_.on_loop(route));
        connection->negotiate_compression(head);
        const Request request(head, parameters, admission_.address(), transport());
        Upgrade upgrade(request, *connection, DeferredUpgrade(reactor().link(), token()));
        upgrade.choose_preferred(route.options.subprotocols);
        if (route.handlers.upgrade) call_upgrade(route, request, upgrade);
        decide(opening.key, upgrade, std::move(connection), rest);
    } catch (...) {
        shard_.counters().add(Counter::handler_failures);
        answer_error(500);
        report_failure(500, route.pattern.text());
    }
}

void HttpConnection::call_upgrade(const WebSocketRoute& route, const Request& request,
                                  Upgrade& upgrade) const {
    const HandlerTimer timer(shard_.events(), [&](std::uint32_t time_ms) {
        report(EventKind::handler_slow, time_ms, route.pattern.text(), "upgrade");
    });
    route.handlers.upgrade(request, upgrade);
}

void HttpConnection::decide(std::string_view key, Upgrade& upgrade,
                            std::unique_ptr<WebSocketConnection> connection,
                            std::span<std::byte> rest) {
    switch (upgrade.decision()) {
        case Upgrade::Decision::accept:
            return accept(key, upgrade.answer(), std::move(connection), rest);
        case Upgrade::Decision::reject:
            reject(upgrade.status(), upgrade.answer().headers, upgrade.body());
            return report(EventKind::handshake_refused, upgrade.status(), connection->pattern(),
                          refused_by_application);
        case Upgrade::Decision::defer: break;
    }
    Buffer input = reactor().pool().try_take(rest.size());
    if (!input) {
        answer_error(503, no_memory_left);
        return report_no_memory(503, connection->pattern());
    }
    input.append(rest);
    pending_ = std::make_unique<Pending>();
    pending_->connection = std::move(connection);
    std::copy_n(key.begin(), websocket_key_size, pending_->key.begin());
    pending_->answer = std::move(upgrade.answer());
    pending_->deferred = upgrade.take_deferred();
    reactor().schedule(*this, shard_.options().handshake_timeout_ms);
    if (!rest.empty()) pending_->input = std::move(input);
}

// The connection becomes a WebSocket: the response, what the handlers send, and the
// answers to what `rest` holds leave together.
void HttpConnection::accept(std::string_view key, const UpgradeAnswer& answer,
                            std::unique_ptr<WebSocketConnection> connection,
                            std::span<std::byte> rest) {
    std::string& text = shard_.scratch_text();
    text.clear();
    const std::vector<HeaderField> headers = answer.headers.fields();
    std::string extensions;
    connection->append_extensions(extensions);
    const HeaderFault fault = append_opening_response(text, {.key = key,
                                                             .subprotocol = answer.subprotocol,
                                                             .extensions = extensions,
                                                             .headers = headers});
    if (fault != HeaderFault::none) {  // Of the subprotocol: headers were checked when added.
        shard_.counters().add(Counter::handler_failures);
        answer_error(500);
        return report(EventKind::handler_failed, 500, connection->pattern(), describe(fault));
    }
    send_scratch();
    connection->set_subprotocol(answer.subprotocol);
    connection.release()->start(*this, std::move(admission_), rest, answer.prepare);
}

void HttpConnection::reject(unsigned status, const ResponseHeaders& headers,
                            std::string_view body) {
    shard_.counters().add(Counter::handshakes_refused);
    Response response{.status = status, .headers = headers, .body = std::string(body)};
    if (!body.empty() && !headers.has("Content-Type")) {
        response.headers.add("Content-Type", plain_text_type);
    }
    respond_and_finish(response);
}

void HttpConnection::accept_pending(UpgradeAnswer answer) {
    if (!pending_) return;
    const std::unique_ptr<Pending> decided = std::move(pending_);
    decided->answer.headers.add(answer.headers);
    if (!answer.subprotocol.empty()) decided->answer.subprotocol = std::move(answer.subprotocol);
    decided->answer.prepare = std::move(answer.prepare);
    // What waits in the socket made its edge while nobody read.
    WebSocketConnection& connection = *decided->connection;
    accept({decided->key.data(), decided->key.size()}, decided->answer,
           std::move(decided->connection), decided->input.bytes());
    if (is_closed()) connection.read_again();  // Else it was refused after all, and is gone.
}

void HttpConnection::reject_pending(unsigned status, std::string_view body, std::string_view why) {
    if (!pending_) return;
    const std::unique_ptr<Pending> decided = std::move(pending_);
    reject(status, decided->answer.headers, body);
    report(EventKind::handshake_refused, status, decided->connection->pattern(), why);
}

}  // namespace edgews
