// What a client can be told, and what it tells.
#pragma once

#include <edgews/error.hpp>
#include <edgews/function.hpp>
#include <edgews/http.hpp>
#include <edgews/message.hpp>
#include <edgews/options.hpp>
#include <edgews/route.hpp>
#include "net/client/resolver.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

class Client;
class ClientTransportFactory;  // net/stream/transport.hpp

struct ClientHeader {
    std::string name{};
    std::string value{};
};

// Connecting again after the connection could not be opened, was lost, or was closed by anyone but
// the application: Client::close() and terminate(), or those of its handle() or connection(). Each
// wait is random, between 0 and a limit that doubles from try to try: those who lost a server
// together do not come back together.
//
// What another try would not mend ends it, unless the reconnect handler wills otherwise
// (Reconnecting::stop): options that cannot be used, and a refusal by the server or the proxy with
// 400, 401, 403, 404, 405, 407, 410 or 426. All else may pass, a certificate that is not accepted
// included: it can be renewed, and the clock be set.
struct ReconnectOptions {
    bool enabled = false;
    // Milliseconds.
    std::uint32_t delay_ms = 500;         // The first limit,
    std::uint32_t delay_max_ms = 30'000;  // and the last.
    std::uint32_t stable_ms = 10'000;     // Open for so long, the next loss begins with the first.
};

struct ClientOptions {
    // Subprotocols to offer, the preferred first. The server must choose one of them, as browsers
    // have it.
    std::vector<std::string> subprotocols{};
    // Of the opening request, beside those of the handshake. An Authorization header replaces what
    // the URL's user information would say. None of them goes along to another origin by a
    // redirection.
    std::vector<ClientHeader> headers{};
    std::string origin{};  // Empty: none, as programs do.

    // A Unix socket to connect to, in place of the URL's host. '@' or a NUL begins an abstract
    // name.
    std::string unix_path{};
    // An HTTP proxy to ask for a tunnel (CONNECT): "http://user:password@proxy:3128". Empty: none.
    std::string proxy{};
    // For wss. From an add-on, edgews/tls.hpp.
    std::shared_ptr<const ClientTransportFactory> tls{};
    // permessage-deflate to offer; null: none. From an add-on, edgews/deflate.hpp.
    std::shared_ptr<const Compression> compression{};
    // 301, 302, 303, 307, 308 to follow; never from wss to ws. What `tls` proves us with, it proves
    // us with to whomever they lead to.
    unsigned redirect_count_max = 0;

    // Milliseconds; 0: no limit. Each step has its own, and all together theirs.
    std::uint32_t resolve_timeout_ms = 5'000;
    std::uint32_t connect_timeout_ms = 5'000;
    std::uint32_t tls_timeout_ms = 10'000;
    std::uint32_t handshake_timeout_ms = 10'000;  // The proxy's answer, and the server's, each.
    std::uint32_t open_timeout_ms = 30'000;
    // Who is asked for addresses; not empty.
    Lookup lookup = look_up;
    HttpLimits http{};  // Of the response's head,
    // and, refused, bytes of its body. What the head announces is waited for, for a second at most,
    // and a tenth of one where the head does not say how long it is.
    std::size_t body_size_max = 4 * 1024;

    // As in RouteOptions.
    std::size_t message_size_max = 16 * 1024 * 1024;
    std::size_t frame_size_max = SIZE_MAX;
    std::uint32_t fragment_count_max = 0;
    std::size_t backlog_size_max = 16 * 1024 * 1024;
    std::size_t drain_mark = 64 * 1024;
    Overflow overflow = Overflow::drop;
    std::uint32_t message_timeout_ms = 60'000;
    std::uint32_t message_rate_min = 128;
    // From the first close frame to the end of TCP, which is the server's to begin. It begins anew
    // as long as the server takes what waits in front of ours.
    std::uint32_t close_timeout_ms = 5'000;

    // Milliseconds between pings, which keep the connection alive and measure Client::latency_us();
    // 0: none.
    std::uint32_t ping_ms = 30'000;
    // Milliseconds after a ping in which something has to be heard, or the connection is lost. 0:
    // no limit.
    std::uint32_t pong_timeout_ms = 10'000;

    // As in ListenOptions: how the system finds out that the server has vanished, where no pings
    // do.
    std::uint32_t tcp_keep_alive_ms = 60'000;
    std::uint32_t tcp_user_timeout_ms = 0;

    ReconnectOptions reconnect{};
};

// Where an error happened.
enum class ClientStage : std::uint8_t {
    options,    // An option or the URL cannot be used.
    resolve,    // The host's name has no address, or nobody says in time.
    connect,    // TCP, or the Unix socket.
    proxy,      // The proxy's answer.
    tls,        // The handshake of TLS: a certificate, for instance.
    handshake,  // The opening handshake (RFC 6455, section 4.1).
    open,       // Later: the peer broke a rule or fell silent, a handler threw.
};

struct ClientError {
    ClientStage stage = ClientStage::open;
    // What happened, and a sentence that says what was tried and where.
    Error error{};
    // Of an answer that was not the one hoped for; 0: there was none.
    unsigned status = 0;
    std::vector<ClientHeader> headers{};
    std::string body{};  // The first bytes of it, see ClientOptions::body_size_max.
};

// About to connect again: what may be changed for the next try.
struct Reconnecting {
    unsigned count = 1;          // Tries since the connection was stable, with this one.
    std::uint32_t delay_ms = 0;  // Until then.
    bool stop = false;           // True: do not. As ReconnectOptions say, unless it is changed.
    std::string url{};
    std::vector<ClientHeader> headers{};
};

// What happens to a client. All are optional and run on its loop. A handler that throws closes the
// connection with 1011. What they are given is valid until they return. They may destroy the
// client.
struct ClientHandlers {
    Function<void(Client&)> open{};
    Function<void(Client&, Message)> message{};
    // In place of `message`, as in Handlers.
    Function<void(Client&, Message::Kind)> message_begin{};
    Function<void(Client&, std::span<const std::byte>)> message_chunk{};
    Function<void(Client&)> message_end{};
    Function<void(Client&, std::span<const std::byte>)> ping{};
    Function<void(Client&, std::span<const std::byte>)> pong{};
    // The backlog was over ClientOptions::drain_mark, and has fallen below it. Certain to follow a
    // send() that said `queued` and left more than that in buffered_amount(); what was `sent` may
    // all leave with its turn, without a word.
    Function<void(Client&)> drain{};
    // The connection cannot be opened, or fails. `close` follows.
    Function<void(Client&, const ClientError&)> error{};
    // The end: once for each try, when TCP has ended or was given up, not when a close frame comes.
    // Code 1006: there was no close frame; 1005: it bore no code.
    Function<void(Client&, const CloseEvent&)> close{};
    // After `close`, with ReconnectOptions::enabled. To throw is as good as to return, here and in
    // `error` and `close`: there is nothing left to close.
    Function<void(Client&, Reconnecting&)> reconnect{};
};

}  // namespace edgews
