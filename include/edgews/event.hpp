// What the engine tells of itself to whoever operates it: refusals, limits, failures, slowness.
//
//     edgews::Server server({.on_event = edgews::log_to_stderr()});  // edgews/log.hpp
//
// ServerOptions, ClientOptions, StompOptions, BackplaneOptions and sio::Options have a hook
// `on_event` each. Where it is empty, nothing is made ready for it: no text, no look at a clock.
#pragma once

#include <edgews/address.hpp>
#include <edgews/function.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace edgews {

// How much it matters to whoever operates the service.
enum class EventLevel : std::uint8_t {
    info,     // The course of things.
    notice,   // A peer did what it may not, and had the consequence.
    warning,  // Somebody is not served as he would be with more room, more time or another peer.
    error,    // The application, the system or the set-up fails.
};

// What has happened. Each says what `code` is.
enum class EventKind : std::uint8_t {
    // A request for a WebSocket was refused: by the engine, for the text's reason, or by the
    // upgrade
    // handler. `code`: the status of the answer. notice; of 5xx, warning.
    handshake_refused,
    // The engine answered a request of plain HTTP by an error of its own: a malformed one, one
    // without a route, one whose answer did not come. What handlers answer, those of files and of
    // Engine.IO included, is not told. `code`: the status. notice; of 5xx, warning.
    request_refused,
    // A limit was reached. The text is the option's name: "ServerOptions::connections_max"; of a
    // STOMP broker a sentence. `code`: the status, or the close code, that the peer was told; 0:
    // none. warning.
    limit_reached,
    // A connection could not be accepted. `code`: the system's error number. error; where only that
    // connection's network had failed, notice.
    accept_failed,
    // An exception left a handler; the text is its what(). `code`: the status, or the close code,
    // that the peer was told; 0: nobody. error.
    handler_failed,
    // A handler ran for ServerOptions::slow_handler_ms or longer. The text names it: "upgrade",
    // "open", "message" (or "message_begin", …), "ping", "pong", "close"; of plain HTTP it is the
    // route's method. `code`: the milliseconds. warning.
    handler_slow,
    // TLS's handshake failed, or TLS did later. `code`: 0. notice.
    tls_failed,
    // A peer broke a rule of its protocol, and its connection ends. `code`: the close code, also of
    // a STOMP session over TCP, which would have it over a WebSocket. notice.
    protocol_error,
    // A peer was silent, or sent too slowly, for longer than it may. `code`: the close code, 1006
    // where no close frame was sent, or the status. notice.
    timed_out,
    // A peer does not read as fast as it is sent to. The text is the option's name. `code`: the
    // close code when its connection ends for that. 0: there is none: messages to it are dropped
    // (which is told once, and again only after all that waited has left), or its streamed answer
    // is
    // cut off. warning.
    consumer_slow,
    // The server shuts down. `code`: the grace, in milliseconds. info.
    shutdown_begun,
    // All of its connections are closed. `code`: how many were not when the grace ended. info.
    shutdown_done,
    // Of a client: it could not connect, or lost its connection. The text is the error's message.
    // `code`: the status of the answer that refused it; 0: there was none. warning.
    connect_failed,
    // Of a client: it is about to connect again. The text is the URL, without user information.
    // `code`: the milliseconds until then. info.
    reconnecting,
    // The broker that a relay or a backplane meets others at cannot be reached any more, or not
    // yet. The text says which one, and why. `code`: 0. error.
    upstream_lost,
    // It can be used. The text is its URL, without login and passcode. `code`: 0. info.
    upstream_found,
    // A STOMP session ends because its client may not have what it asks for: a hook, or a relay's
    // upstream broker, refused a CONNECT, a SEND or a SUBSCRIBE. `code`: the close code, as above.
    // notice.
    access_refused,
};
inline constexpr std::size_t event_kind_count =
    static_cast<std::size_t>(EventKind::access_refused) + 1;

// "handshake_refused".
[[nodiscard]] std::string_view name_of(EventKind kind) noexcept;
// "info".
[[nodiscard]] std::string_view name_of(EventLevel level) noexcept;

// All of it is valid until the hook returns.
struct EngineEvent {
    EventLevel level = EventLevel::info;
    EventKind kind = EventKind::shutdown_begun;
    std::uint32_t code = 0;
    // The peer's, as Connection::remote_address(). Of family `none`: it concerns no peer.
    Address address{};
    // The pattern of the route. Where the request found none it is the path of the request, which
    // the peer chose: any bytes but spaces and controls. Empty: there is neither.
    std::string_view route{};
    // One sentence, or a name, as the kind says. Where an application or a peer has a part in it
    // (handler_failed, tls_failed, connect_failed, upstream_lost) it may be of any bytes.
    std::string_view text{};
};

// Is called on the loop where it happened, on several at once where there are several. It must not
// block. What it tells of is done by then, and it may do all that a handler may: send, publish,
// close; what comes of that may be told before it returns. An exception is swallowed (a server
// counts it as handler_failures). The engine allocates nothing in order to call it, but for
// consumer_slow: that is told at the end of the loop's turn, for whoever calls send() may be
// walking over his connections.
using EventHook = Function<void(const EngineEvent&)>;

}  // namespace edgews
