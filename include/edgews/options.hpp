// The options of a server, of its routes and of its listeners. The defaults are safe ones.
#pragma once

#include <edgews/address.hpp>
#include <edgews/close_code.hpp>
#include <edgews/event.hpp>
#include <edgews/http.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace edgews {

// The engine's, which add-ons implement.
class BufferPool;
class Compression;
class StreamProtocol;
class Transport;

// The ways to deal with a message that would exceed a connection's backlog: see
// RouteOptions::backlog_size_max.
enum class Overflow : std::uint8_t {
    close,  // The connection is closed with `overflow_close_code`.
    drop,   // The message is dropped, and send() returns `dropped`.
    tell,   // The message is dropped, and the overflow handler is told how many were.
};

struct RouteOptions {
    // The largest message that is received, in bytes, all its fragments together. A larger one
    // closes the connection with 1009.
    std::size_t message_size_max = 1024 * 1024;
    // The largest frame that is received, in bytes. A larger one closes the connection with 1009.
    std::size_t frame_size_max = SIZE_MAX;
    // The most frames that a received message may have. One more closes the connection with 1008.
    // 0: one for each byte of message_size_max, and at least 131,072, so that only empty frames can
    // be too many.
    std::uint32_t fragment_count_max = 0;

    // Bytes that may wait for a peer that reads slowly. It is a hard limit, with two exceptions: a
    // message may always be sent when nothing waits, however large it is, and a burst may have
    // time, as follows.
    std::size_t backlog_size_max = 1024 * 1024;
    // Milliseconds for which more than that may wait, but no more than `backlog_size_cap`: a burst
    // of what is published is not slowness, and whoever reads has it in a while. A message that
    // comes when the backlog has been over its limit for so long is an overflow, and so are those
    // that follow, until half of backlog_size_max is free. 5'000 suits topics; what their link does
    // not carry in that time is then too large a burst. 0: no time. Then send() says at once that a
    // peer does not keep up, and no connection takes more memory than backlog_size_max.
    std::uint32_t overflow_after_ms = 0;
    // Bytes, the same. Not asked when overflow_after_ms is 0.
    std::size_t backlog_size_cap = 32 * 1024 * 1024;
    // Bytes. The drain handler runs when the backlog has grown beyond this and is back below it.
    std::size_t drain_mark = 64 * 1024;
    // The way to deal with a message that would exceed these.
    Overflow overflow = Overflow::close;
    // The close code of Overflow::close.
    std::uint16_t overflow_close_code = close_code::try_again_later;

    // Topics that a connection may be subscribed to at a time. Beyond that
    // Connection::subscribe() returns false. Clients may have a say in it, hence the limit.
    std::size_t topic_count_max = 1'000;
    // Bytes of a topic's name. Connection::subscribe() returns false for a longer one.
    std::size_t topic_name_size_max = 1'024;

    // Milliseconds of silence after which the peer is pinged. Each connection waits up to a quarter
    // less, so that peers that came together are not pinged together. 0: nobody is pinged.
    std::uint32_t idle_ping_ms = 30'000;
    // Milliseconds of further silence after which the peer is given up (close code 1006). 0: never.
    std::uint32_t ping_timeout_ms = 30'000;
    // Milliseconds in which a message that is not complete yet must bring at least one byte, and
    // `message_rate_min` bytes for each second. Then the time begins anew; otherwise the connection
    // is closed with 1008. 0: a message may take any time.
    std::uint32_t message_timeout_ms = 60'000;
    // Milliseconds that the closing handshake waits for the peer's close frame. Not 0.
    std::uint32_t close_timeout_ms = 5'000;
    // Milliseconds after which a connection is closed with 1001, however well it does. 0: never.
    std::uint32_t lifetime_max_ms = 0;
    // Bytes of payload that a message must bring in a second, on average over message_timeout_ms.
    std::uint32_t message_rate_min = 128;

    // Origins that may connect (RFC 6455, section 10.2). All others are answered 403. An entry is
    // what browsers write, with the port unless it is the scheme's: "https://app.example",
    // "http://localhost:3000", "null", "file://". "same-origin" stands for pages of this server,
    // and "*" for any origin.
    // Empty: pages of this server only. Their origin has the scheme http, https, ws or wss, and the
    // host and port of the Host header. A program that sends no Origin may always connect. Some
    // libraries for programs make an Origin out of the URL, and that is the server's own; but
    // "file://", which some libraries for microcontrollers send, is refused, because pages that
    // were opened from files send it, too.
    std::vector<std::string> origins{};
    // Subprotocols, the preferred first. Each is a token (RFC 9110, section 5.6.2). The first that
    // the client offers is chosen, unless the upgrade handler chooses; if it offers none of them,
    // none is chosen.
    std::vector<std::string> subprotocols{};

    // A request of HTTP/1.0 may upgrade, too. SWI-Prolog's client sends such requests. RFC 9110,
    // section 7.8, has them ignored, and some proxies that speak 1.0 pass an Upgrade header on
    // without knowing what it is.
    bool http_1_0_upgrades = false;

    // permessage-deflate (RFC 7692), for clients that offer it. It comes from an add-on,
    // edgews/deflate.hpp. Null: nothing is compressed.
    std::shared_ptr<const Compression> compression{};
};

// Pages of other origins that may ask a route of plain HTTP (the Fetch standard's CORS protocol).
// An answer to an Origin that is none of them has no header of this kind, and so a browser keeps it
// from the page. The handler is called all the same.
struct CorsOptions {
    // Origins, as in RouteOptions::origins, but for "same-origin"; "*" stands for any. Empty: there
    // is none, and a preflight is answered like any OPTIONS.
    std::vector<std::string> origins{};
    // Headers that a page may send beside the simple ones. Empty: those that it asks for.
    std::vector<std::string> request_headers{};
    // Headers of answers that a page may see beside the simple ones.
    std::vector<std::string> exposed_headers{};
    // The browser sends cookies and credentials along. "*" in `origins` is then not "*" in the
    // answer, but the Origin: any page may act as the user who visits it.
    bool has_credentials = false;
    // Seconds for which a browser may keep the answer to its preflight.
    std::uint32_t max_age_s = 600;
};

// Of a route of plain HTTP.
struct HttpRouteOptions {
    // The largest body of a request, in bytes. A larger one is answered 413, as soon as its size is
    // known. 0: a request with a body is answered 413.
    std::size_t body_size_max = 1024 * 1024;
    // Milliseconds in which a body that is not complete yet must bring at least one byte, and
    // `body_rate_min` bytes for each second. Then the time begins anew; otherwise the request is
    // answered 408. 0: a body may take any time.
    std::uint32_t body_timeout_ms = 30'000;
    // Bytes of a body that must come in a second, on average over body_timeout_ms.
    std::uint32_t body_rate_min = 128;
    // Milliseconds that a deferred answer may take. Then the client is answered 503. 0: any time.
    std::uint32_t answer_timeout_ms = 30'000;
    CorsOptions cors{};
};

// Of files beneath a directory: Server::files().
struct FileOptions {
    // The file that a directory is answered with: a path that ends in '/'. Empty: none, and it is
    // answered 404.
    std::string index = "index.html";
    // The value of Cache-Control: "max-age=3600", "no-cache". Empty: none is sent, and caches guess
    // from the time of the last change.
    std::string cache_control{};
    // Media types by extension, in front of those that are known: {"wasm", "application/wasm"}.
    // What is neither here nor known is "application/octet-stream".
    std::vector<std::pair<std::string, std::string>> types{};
    // Files in /.well-known/ are served (RFC 8615). No other whose path has a segment that begins
    // with a dot ever is.
    bool well_known = false;
    // Files over 16 KiB that may be open at a time, on all loops together: each is as long as its
    // client takes to read it. One more is answered 503.
    std::size_t open_count_max = 256;
    CorsOptions cors{};
};

struct ServerOptions {
    // Loops, each of which has a thread. 0: one for each CPU that the process may use.
    unsigned loops = 0;
    // Each loop's thread is pinned to a CPU of its own, as far as the system has CPUs.
    bool pin_loops = false;
    // Microseconds: see LoopOptions.
    std::uint32_t busy_poll_us = 0;

    // Limits of a request's head. A larger one is answered 431 or 414.
    HttpLimits http{};
    // Milliseconds in which a request's head has to be complete, from the moment when the
    // connection was accepted, or from the head's first byte. TLS's handshake is included, and so
    // is an upgrade handler's deferred decision. A slow link needs some seconds for a certificate
    // and two lost packets. A client that waits because the server shakes hands with others is
    // given as long again.
    std::uint32_t handshake_timeout_ms = 8'000;
    // Milliseconds that a connection of plain HTTP may be idle between two requests.
    std::uint32_t keep_alive_timeout_ms = 30'000;

    // Plain requests that one connection may make. The last answer says that the connection is
    // closed. 0: no limit.
    std::uint32_t requests_per_connection_max = 1'000;

    // Connections, those in the handshake included. One more is answered 503 and closed when it is
    // accepted, or behind a PROXY header when that has come; over TLS it is closed without a
    // handshake. 0: what the limit on descriptors allows, less a reserve.
    std::size_t connections_max = 0;
    // Connections from one address, which is the client's where a trusted proxy names it. A trusted
    // proxy's own connections are not counted. Where X-Forwarded-For or Forwarded names the client,
    // single requests are refused. 0: no limit.
    std::size_t connections_per_address_max = 0;
    // Connections that one address may make in a minute, or all at once after a minute of silence.
    // They are counted and refused as above; of requests that a trusted proxy forwards, those that
    // ask for a WebSocket count. 0: no limit.
    std::uint32_t connects_per_minute_max = 0;
    // Bits of an IPv6 address by which limits tell one client from another, 1 to 128. A network of
    // 64 bits is what one customer has, and often one machine (RFC 6177). IPv4 addresses are taken
    // whole.
    unsigned ipv6_prefix_length = 64;

    // Host names that requests may be for, in any case and at any port: "app.example", or "*" for
    // any name. A request for another one is answered 421. IP addresses, "localhost", names that
    // end in ".localhost", names without a dot, and requests of HTTP/1.0 without a name are always
    // accepted.
    // Empty: any name, but at listeners on a loopback address none. A page could otherwise let its
    // own name lead there (DNS rebinding), and would have the same origin as the server. Three are
    // exempt from that: trusted proxies, which pass names on; TLS, where such a name has no
    // certificate; and upgrades without an Origin, which no browser sends.
    std::vector<std::string> hosts{};

    // Bytes that peers may make the server hold, on all loops together: parts of messages and
    // requests, output that waits for slow readers, and answers of HTTP handlers while they are
    // sent. Beyond that a peer that holds more than 16 KiB gets no more: a message that is being
    // received ends with 1013, and so does a connection that does not read what is sent to it (as
    // with a full backlog); an answer becomes a 503, and a newcomer gets a 503. Not counted are
    // connections themselves, prepared messages, the streams of compression and TLS, and messages
    // of a StompBroker. At least 1 MiB. 0: half of what the process can have, which is the least
    // of the machine's memory, its control group's, RLIMIT_AS and RLIMIT_DATA. SIZE_MAX: no limit.
    std::size_t memory_max = 0;

    // Proxies whose word about a client's address is taken: addresses, networks ("10.0.0.0/8",
    // "fd00::/8"), or "unix" for everybody who connects to a Unix socket. Whoever can reach the
    // server from such an address can claim to be anyone. Empty: nobody is believed.
    std::vector<std::string> trusted_proxies{};
    // The header in which these proxies name a request's client. It must be the one that they
    // write: the other one comes from the client, who may write there what it likes.
    ForwardedHeader forwarded_header = ForwardedHeader::x_forwarded_for;

    // What operators want to know is told to this: see edgews/event.hpp. Empty: nobody is told.
    EventHook on_event{};
    // Milliseconds after which a handler is slow (EventKind::handler_slow), and on_event is told so
    // when it has returned. All others of its loop have waited meanwhile. 0: no handler's time is
    // taken.
    std::uint32_t slow_handler_ms = 0;
};

// Makes the transports of a listener's connections: what `ListenOptions::tls` is. Any thread;
// shared by all loops.
class TransportFactory {
  public:
    virtual ~TransportFactory() = default;
    // `pool`: of the connection's loop. `peer`: who connected, or whom a PROXY header names in its
    // place. Null: there is no memory for one.
    [[nodiscard]] virtual std::unique_ptr<Transport> accept(BufferPool& pool,
                                                            const Address& peer) const noexcept = 0;
};

struct ListenOptions {
    // An address, or "localhost". Empty: all addresses, of IPv6 and IPv4.
    std::string host{};
    // 0: a free port, which Server::port() returns.
    std::uint16_t port = 0;
    // The path of a Unix socket, in place of host and port. A stale file is replaced, and the file
    // is removed when the server ends. A path that begins with '@' or with a NUL is an abstract
    // name, which is no file ("./@x" is one).
    std::string unix_path{};
    // The permissions of that file, 1 to 0777. 0660 lets its group connect. They hold before anyone
    // can connect, whatever the umask is. Abstract names have none. 0: what the umask leaves of
    // 0777.
    std::uint32_t unix_mode = 0;
    // A bound stream socket that listens (a supervisor's), in place of all of these. The server
    // owns it from then on. -1: none.
    int adopted_fd = -1;
    // Connections that the system keeps until they are accepted.
    int backlog = 4096;
    // TLS. It comes from an add-on, edgews/tls.hpp. Null: connections speak plain text.
    std::shared_ptr<const TransportFactory> tls{};
    // The congestion control of TCP for the connections: "bbr", "cubic", or what else the system
    // has. Empty: the system's choice; but on a loopback address "reno", for there is no network to
    // be careful of, and the timers of bbr cost 1 to 16 % of an echo.
    std::string congestion_control{};
    // Milliseconds of silence after which the system asks whether a connection's peer is still
    // there (TCP keep-alive; whole seconds, at most 32,767 of them). It asks four times in as long
    // again, and then the peer counts as gone. Pings and heart-beats tell earlier, where there are
    // any. 0: the system's choice.
    std::uint32_t tcp_keep_alive_ms = 60'000;
    // Milliseconds that bytes may wait for the peer's acknowledgement, or for a peer that is there
    // to read them, before the connection counts as broken (TCP_USER_TIMEOUT). The system cannot
    // tell the two apart, so a consumer that is busy for longer is cut off, too. It is an option
    // for people who know their consumers, and should be some minutes at least. 0: the system's
    // choice, which is about 15 minutes for a peer that does not answer, and no limit for one that
    // answers and does not read (RouteOptions::backlog_size_max and the broker's limits apply
    // there).
    std::uint32_t tcp_user_timeout_ms = 0;
    // Connections of trusted proxies begin with a PROXY header, version 1 or 2
    // (core/address/proxy_protocol.hpp). One that does not is closed without an answer. The header
    // names the client for all of the connection; `forwarded_header` is then read only if that
    // client is a trusted proxy itself. With `tls` the header comes before TLS begins. Connections
    // of others speak HTTP or TLS from the first byte on.
    bool proxy_protocol = false;
    // The protocol of the connections. It comes from the object that serves it:
    // StompBroker::listen() sets it. Null: HTTP, and WebSocket from there.
    std::shared_ptr<const StreamProtocol> protocol{};
};

}  // namespace edgews
