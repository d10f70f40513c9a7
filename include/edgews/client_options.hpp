// The options of a client, its handlers, and what it tells them.
#pragma once

#include <edgews/address.hpp>
#include <edgews/error.hpp>
#include <edgews/event.hpp>
#include <edgews/function.hpp>
#include <edgews/http.hpp>
#include <edgews/message.hpp>
#include <edgews/options.hpp>
#include <edgews/route.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

class Client;

// The answer to a look-up of a host's name: its addresses, in the order in which to try them, at
// least one; or the error, "resolve example.invalid: Name or service not known".
using Resolved = Made<std::vector<SocketAddress>>;

// A function that looks a name up, and blocks meanwhile. It is called on another thread than the
// loop's, perhaps after the loop is gone, and destroyed there, before its answer arrives. One that
// was never called may be destroyed on the loop's thread. It must not throw.
using Lookup = Function<Resolved(const std::string& host, std::uint16_t port)>;

// Any thread. Asks as the system is configured to: files, name servers. Only for families of which
// this machine has an address.
[[nodiscard]] Resolved look_up(const std::string& host, std::uint16_t port);

// Makes the transports of a client's connections: what `ClientOptions::tls` is. Any thread; shared
// by loops.
class ClientTransportFactory {
  public:
    virtual ~ClientTransportFactory() = default;
    // `pool`: of the connection's loop. `host`: who the peer has to prove it is, a name or an
    // address without brackets. Null: there is no memory for one.
    [[nodiscard]] virtual std::unique_ptr<Transport> connect(
        BufferPool& pool, std::string_view host) const noexcept = 0;
};

struct ClientHeader {
    std::string name{};
    std::string value{};
};

// How a client connects again. It does so after the connection could not be opened, was lost, or
// was closed by anyone but the application (by Client::close() or terminate(), or by those of its
// handle() or connection()). Each wait is random, between 0 and a limit that doubles from try to
// try, so that clients that lost a server together do not come back together.
//
// A failure that another try would not mend ends it, unless the reconnect handler decides otherwise
// (Reconnecting::stop). Such failures are options that cannot be used, and a refusal by the server
// or the proxy with 400, 401, 403, 404, 405, 407, 410 or 426. All other failures may pass. A
// certificate that is not accepted is one of these: it can be renewed, and a clock can be set.
struct ReconnectOptions {
    bool enabled = false;
    // Milliseconds: the first limit of a wait.
    std::uint32_t delay_ms = 500;
    // Milliseconds: the largest limit of a wait.
    std::uint32_t delay_max_ms = 30'000;
    // Milliseconds. When a connection was open for so long, the next loss begins with delay_ms.
    std::uint32_t stable_ms = 10'000;
};

struct ClientOptions {
    // Subprotocols to offer, the preferred first. The server must choose one of them, as browsers
    // require it.
    std::vector<std::string> subprotocols{};
    // Headers of the opening request, beside those of the handshake. An Authorization header
    // replaces the one that the URL's user information would make. A redirection to another origin
    // takes none of them along.
    std::vector<ClientHeader> headers{};
    // The Origin header. Empty: none is sent, as usual for programs.
    std::string origin{};

    // A Unix socket to connect to, in place of the URL's host. A path that begins with '@' or a NUL
    // is an abstract name. Empty: TCP.
    std::string unix_path{};
    // An HTTP proxy that is asked for a tunnel (CONNECT): "http://user:password@proxy:3128". Empty:
    // none.
    std::string proxy{};
    // TLS for wss. It comes from an add-on, edgews/tls.hpp. Null: wss URLs are an error.
    std::shared_ptr<const ClientTransportFactory> tls{};
    // permessage-deflate to offer. It comes from an add-on, edgews/deflate.hpp. Null: none.
    std::shared_ptr<const Compression> compression{};
    // Redirections (301, 302, 303, 307, 308) to follow. One from wss to ws is never followed. A
    // certificate of our own in `tls` is shown to every server that they lead to.
    unsigned redirect_count_max = 0;

    // Milliseconds for each step, 0: no limit.

    // The look-up of the host's name.
    std::uint32_t resolve_timeout_ms = 5'000;
    // The connection, to whichever of the addresses answers first.
    std::uint32_t connect_timeout_ms = 5'000;
    // TLS's handshake.
    std::uint32_t tls_timeout_ms = 10'000;
    // The answer to a request: the proxy's, and the server's, each.
    std::uint32_t handshake_timeout_ms = 10'000;
    // All steps together.
    std::uint32_t open_timeout_ms = 30'000;

    // The function that looks names up. Not empty.
    Lookup lookup = look_up;
    // Limits of the head of an answer.
    HttpLimits http{};
    // Bytes of an answer's body that are kept when the server refuses. The body that the head
    // announces is waited for, for a second at most; if the head does not say its length, for a
    // tenth of a second.
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
    // Milliseconds from the first close frame to the end of TCP, which the server has to begin. The
    // time begins anew as long as the server takes bytes that wait in front of our close frame.
    std::uint32_t close_timeout_ms = 5'000;

    // Milliseconds between pings. They keep the connection alive and measure Client::latency_us().
    // 0: none are sent.
    std::uint32_t ping_ms = 30'000;
    // Milliseconds after a ping in which the server has to be heard. Otherwise the connection is
    // lost. 0: no limit.
    std::uint32_t pong_timeout_ms = 10'000;

    // As in ListenOptions: the system finds out by these that the server has vanished, where no
    // pings do.
    std::uint32_t tcp_keep_alive_ms = 60'000;
    std::uint32_t tcp_user_timeout_ms = 0;

    ReconnectOptions reconnect{};

    // What operators want to know is told to this, on the client's loop, as long as the client is
    // there: see edgews/event.hpp. It may destroy the client. Empty: nobody is told.
    EventHook on_event{};
};

// The step at which an error happened.
enum class ClientStage : std::uint8_t {
    options,    // An option or the URL cannot be used.
    resolve,    // The host's name has no address, or no name server answers in time.
    connect,    // TCP, or the Unix socket.
    proxy,      // The proxy's answer.
    tls,        // TLS's handshake: a certificate, for instance.
    handshake,  // The opening handshake (RFC 6455, section 4.1).
    open,       // Later: the peer broke a rule or fell silent, or a handler threw.
};

struct ClientError {
    ClientStage stage = ClientStage::open;
    // The code, and a sentence that says what was tried and where.
    Error error{};
    // The status of an answer that refuses. 0: there was no answer.
    unsigned status = 0;
    // The headers of that answer.
    std::vector<ClientHeader> headers{};
    // The first bytes of its body: see ClientOptions::body_size_max.
    std::string body{};
};

// The next try to connect. A reconnect handler may change all of it but `count`.
struct Reconnecting {
    // Tries since the connection was stable, this one included.
    unsigned count = 1;
    // Milliseconds until it begins.
    std::uint32_t delay_ms = 0;
    // True: the client does not connect again. It is set where another try would not mend the
    // failure (ReconnectOptions).
    bool stop = false;
    std::string url{};
    std::vector<ClientHeader> headers{};
};

// A client's handlers. All are optional, and run on its loop. A handler that throws closes the
// connection with 1011. References and views that a handler is given are valid until it returns. A
// handler may destroy the client.
struct ClientHandlers {
    Function<void(Client&)> open{};
    Function<void(Client&, Message)> message{};
    // These three are in place of `message`, as in Handlers.
    Function<void(Client&, Message::Kind)> message_begin{};
    Function<void(Client&, std::span<const std::byte>)> message_chunk{};
    Function<void(Client&)> message_end{};
    Function<void(Client&, std::span<const std::byte>)> ping{};
    Function<void(Client&, std::span<const std::byte>)> pong{};
    // The backlog was beyond ClientOptions::drain_mark, and is back below it. It follows every
    // send() that returned `queued` and left more than that in buffered_amount(). After a send()
    // that returned `sent` all may leave with its turn, and nothing is told.
    Function<void(Client&)> drain{};
    // The connection cannot be opened, or fails. `close` follows.
    Function<void(Client&, const ClientError&)> error{};
    // The end, once for each try. It comes when TCP has ended or was given up, not with a close
    // frame. Code 1006: there was no close frame. Code 1005: the close frame had no code.
    Function<void(Client&, const CloseEvent&)> close{};
    // The client is about to connect again. It comes after `close`, with ReconnectOptions::enabled.
    // To throw here, in `error` or in `close` is the same as to return: nothing is left to close.
    Function<void(Client&, Reconnecting&)> reconnect{};
};

}  // namespace edgews
