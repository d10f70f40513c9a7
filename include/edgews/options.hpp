// What a server and its routes can be told. The defaults are safe ones.
#pragma once

#include <edgews/close_code.hpp>
#include <edgews/http.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace edgews {

class Compression;       // core/websocket/message_codec.hpp
class StreamProtocol;    // net/server/stream_protocol.hpp
class TransportFactory;  // net/stream/transport.hpp

// What happens when a message would exceed a connection's backlog.
enum class Overflow : std::uint8_t {
    close,  // The connection is closed with `overflow_close_code`.
    drop,   // The message is dropped; send() says so.
    tell,   // It is dropped, and soon the overflow handler is told how many were.
};

struct RouteOptions {
    // Bytes of a received message, all fragments together; more is refused with 1009.
    std::size_t message_size_max = 1024 * 1024;
    // Bytes of a received frame (1009), and frames of a received message (1008).
    std::size_t frame_size_max = SIZE_MAX;
    // 0: one for each byte of message_size_max, at least 131,072: only empty ones are too many.
    std::uint32_t fragment_count_max = 0;

    // Bytes that may wait for a slow peer. One message may always be sent when nothing
    // waits, however large; beyond that this is a hard limit.
    std::size_t backlog_size_max = 1024 * 1024;
    // The drain handler runs when the backlog has grown over this and is back below it.
    std::size_t drain_mark = 64 * 1024;
    Overflow overflow = Overflow::close;
    std::uint16_t overflow_close_code = close_code::try_again_later;

    // Topics that a connection may be subscribed to at a time, and bytes of a topic's name: clients
    // may have a say in both. Beyond that Connection::subscribe() does nothing.
    std::size_t topic_count_max = 1'000;
    std::size_t topic_name_size_max = 1'024;

    // Milliseconds; 0 switches each off.
    // Silence of the peer after which it is pinged, at the latest: each connection takes up to a
    // quarter less, so that those who came together are not all pinged at once;
    std::uint32_t idle_ping_ms = 30'000;
    std::uint32_t ping_timeout_ms = 30'000;  // and further silence after which it is gone (1006).
    // In which a message that is not complete must bring `message_rate_min` bytes for each second,
    // and at least one: else the connection is closed with 1008. Anew as long as it does.
    std::uint32_t message_timeout_ms = 60'000;
    std::uint32_t close_timeout_ms = 5'000;  // For the peer's close frame. Not 0.
    std::uint32_t lifetime_max_ms = 0;       // Then the connection is closed with 1001.
    // Bytes of a message's payload in a second, on average over `message_timeout_ms`.
    std::uint32_t message_rate_min = 128;

    // Origins that may connect (RFC 6455, section 10.2), as browsers write them, with the port
    // unless it is the scheme's: "https://app.example", "http://localhost:3000", "null", "file://";
    // "same-origin" for pages of this server's own, or "*" for any. The list is the whole list; all
    // others are answered 403.
    // Empty: the server's own, which are http, https, ws and wss with the host and port of the Host
    // header. Programs that send no Origin always may; others do send one: what they make of the
    // URL is the server's own, but "file://", as some libraries for microcontrollers write it, is
    // refused, because pages from files send that, too.
    std::vector<std::string> origins{};
    // Subprotocols, the preferred first: tokens (RFC 9110, section 5.6.2). The first that the
    // client offers is chosen, unless the upgrade handler chooses; none fits: none.
    std::vector<std::string> subprotocols{};

    // A request of HTTP/1.0 may upgrade, too: SWI-Prolog's client sends one. RFC 9110, section 7.8,
    // has such an Upgrade ignored, and some proxies that speak 1.0 pass one on without knowing it.
    bool http_1_0_upgrades = false;

    // permessage-deflate (RFC 7692), for clients that offer it; null: none. Comes from an add-on,
    // edgews/deflate.hpp.
    std::shared_ptr<const Compression> compression{};
};

struct ServerOptions {
    // Loops, each with a thread. 0: one per CPU that the process may use.
    unsigned loops = 0;
    // Pin each loop's thread to a CPU of its own, as far as the system has it.
    bool pin_loops = false;
    // See LoopOptions.
    std::uint32_t busy_poll_us = 0;

    HttpLimits http{};
    // Milliseconds for a request head, from accept, TLS included, or from its first byte; also for
    // an upgrade handler that defers. A slow link takes some seconds for a certificate and two lost
    // packets; a client that waits for us to shake hands with others is given as long again.
    std::uint32_t handshake_timeout_ms = 8'000;
    // Milliseconds that a plain HTTP connection may idle between two requests.
    std::uint32_t keep_alive_timeout_ms = 30'000;

    // Plain requests that one connection may make: the answer to the last one says that it is
    // closed. 0: no limit.
    std::uint32_t requests_per_connection_max = 1'000;

    // Connections, those still in the handshake included. More are answered 503 and closed when
    // they are accepted (behind a PROXY header when that has come); with TLS they are closed
    // without a handshake. 0: what the descriptor limit allows, less a reserve.
    std::size_t connections_max = 0;
    // From one address: the client's, where a trusted proxy names it. A trusted proxy's own
    // connections are not counted so. What X-Forwarded-For or Forwarded names is refused request by
    // request. 0: no limit.
    std::size_t connections_per_address_max = 0;
    // How often one address may connect in a minute, or all at once after a minute of silence;
    // counted and refused in the same way. Of requests that a trusted proxy forwards, those count
    // that ask for a WebSocket. 0: no limit.
    std::uint32_t connects_per_minute_max = 0;
    // Bits of an IPv6 address by which limits tell one client from another, 1 to 128. Networks of
    // 64 bits are what one customer, and often one machine, has (RFC 6177). IPv4 addresses are
    // taken whole.
    unsigned ipv6_prefix_length = 64;

    // Names that requests may be for, in any case and at any port: "app.example", or "*" for any.
    // All others are answered 421. IP addresses, "localhost", what ends in ".localhost", names
    // without a dot, and requests of HTTP/1.0 without a name are always good.
    // Empty: any name; but at listeners on a loopback address none, since a page that has its name
    // lead there (DNS rebinding) would be of one origin with the server. Exempt from that are
    // trusted proxies, who pass names on, TLS, where such a name has no certificate, and upgrades
    // without an Origin, which no browser sends.
    std::vector<std::string> hosts{};

    // Bytes that peers may make the server hold, on all loops: parts of messages and requests, what
    // waits for slow readers, answers of HTTP handlers while they are sent. Beyond, whoever holds
    // more than 16 KiB gets no more: a message that is being received, and what is sent to one who
    // does not read (as with a full backlog), end with 1013, an answer becomes a 503, and whoever
    // connects gets one. Not counted are connections themselves, prepared messages, streams of
    // compression and TLS, and a StompBroker's messages. 0: half of what the process can have (of
    // the machine, its control group, RLIMIT_AS and RLIMIT_DATA the least); SIZE_MAX: no limit;
    // else at least 1 MiB.
    std::size_t memory_max = 0;

    // Who is believed when it says whose connection or request it forwards: addresses, networks
    // ("10.0.0.0/8", "fd00::/8"), or "unix" for whoever connects to a Unix socket. Anyone who can
    // reach the server from there can claim to be anyone. Empty: nobody is believed.
    std::vector<std::string> trusted_proxies{};
    // Where they say it of a request. Which one they write is for their configuration to know; the
    // other comes from the client, who may write there what it likes.
    ForwardedHeader forwarded_header = ForwardedHeader::x_forwarded_for;
};

struct ListenOptions {
    // An address, "localhost", or empty: all addresses, IPv6 and IPv4.
    std::string host{};
    // 0: a free one, see Server::port().
    std::uint16_t port = 0;
    // A Unix socket, in place of host and port. A stale file is replaced, and the file is removed
    // when the server ends. What begins with '@' or with a NUL is the rest of an abstract name,
    // which is no file ("./@x" is one).
    std::string unix_path{};
    // The file's permissions, 1 to 0777: 0660 lets its group connect. They hold before anyone can
    // connect, whatever the umask. 0: what the umask leaves of 0777. Abstract names have none.
    std::uint32_t unix_mode = 0;
    // A bound, listening stream socket (from a supervisor), in place of both. Becomes the server's.
    int adopted_fd = -1;
    int backlog = 4096;
    // Connections speak TLS; null: they do not. Comes from an add-on, edgews/tls.hpp.
    std::shared_ptr<const TransportFactory> tls{};
    // TCP's congestion control for the connections: "bbr", "cubic", what the system has. Empty: the
    // system's choice; on a loopback address "reno", for there is no network to be careful of, and
    // the timers of bbr cost 1 to 16 % of an echo.
    std::string congestion_control{};
    // Milliseconds of silence after which the system asks whether a connection's peer is still
    // there (TCP keep-alive, in whole seconds, at most 32,767), and asks again, four times in as
    // long; who does not answer has vanished. Pings and heart-beats, where there are any, say so
    // earlier. 0: the system's choice.
    std::uint32_t tcp_keep_alive_ms = 60'000;
    // Milliseconds that what was sent may wait for a peer's acknowledgement, or for a peer that is
    // there to read (TCP_USER_TIMEOUT), before the connection counts as broken. It does not tell
    // the one from the other: a consumer that is busy for longer is cut off, too. So it is for
    // those who know their consumers, and at least some minutes. 0: the system's choice, which is
    // about 15 minutes for a peer that does not answer, and for ever for one that does and reads
    // nothing (there RouteOptions::backlog_size_max and the broker's limits apply).
    std::uint32_t tcp_user_timeout_ms = 0;
    // Connections of trusted proxies begin with a PROXY header, version 1 or 2
    // (core/address/proxy_protocol.hpp); one that does not is closed without an answer. It names
    // the client for all of the connection, so forwarded_header is read only if that client is a
    // trusted proxy itself. With `tls` the header comes before TLS begins. To all others the
    // listener speaks HTTP or TLS from the first byte on.
    bool proxy_protocol = false;
    // What connections speak; null: HTTP, and WebSocket from there. Comes from whoever serves it:
    // StompBroker::listen() does.
    std::shared_ptr<const StreamProtocol> protocol{};
};

}  // namespace edgews
