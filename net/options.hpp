// What a server and its routes can be told. The defaults are safe ones.
#pragma once

#include <edgews/core/close_code.hpp>
#include <edgews/core/forwarded.hpp>
#include <edgews/core/http_head.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace edgews {

class Compression;       // core/message_codec.hpp
class StreamProtocol;    // net/stream_protocol.hpp
class TransportFactory;  // net/transport.hpp

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
    std::uint32_t fragment_count_max = 128 * 1024;

    // Bytes that may wait for a slow peer. One message may always be sent when nothing
    // waits, however large; beyond that this is a hard limit.
    std::size_t backlog_size_max = 1024 * 1024;
    // The drain handler runs when the backlog has grown over this and is back below it.
    std::size_t drain_mark = 64 * 1024;
    Overflow overflow = Overflow::close;
    std::uint16_t overflow_close_code = close_code::try_again_later;

    // Milliseconds; 0 switches each off.
    // Silence of the peer after which it is pinged, at the latest: each connection takes up to a
    // quarter less, so that those who came together are not all pinged at once;
    std::uint32_t idle_ping_ms = 30'000;
    std::uint32_t ping_timeout_ms = 30'000;  // and further silence after which it is gone (1006).
    std::uint32_t message_timeout_ms = 60'000;  // From a message's first byte to its last (1008).
    std::uint32_t close_timeout_ms = 5'000;     // For the peer's close frame. Not 0.
    std::uint32_t lifetime_max_ms = 0;          // Then the connection is closed with 1001.

    // Origins of pages that may connect: "https://app.example", or "*" for any.
    // Empty: the page's own only (RFC 6455, section 10.2). Programs send no Origin
    // and always may.
    std::vector<std::string> origins{};
    // Subprotocols, the preferred first. The first that the client offers is
    // chosen, unless the upgrade handler chooses; none fits: none.
    std::vector<std::string> subprotocols{};

    // permessage-deflate (RFC 7692), for clients that offer it; null: none. Comes from an add-on,
    // deflate/deflate.hpp.
    std::shared_ptr<const Compression> compression{};
};

struct ServerOptions {
    // Loops, each with a thread. 0: one per CPU that the process may use.
    unsigned loops = 0;
    // Pin each loop's thread to a CPU of its own.
    bool pin_loops = false;
    // See LoopOptions.
    std::uint32_t busy_poll_us = 0;

    HttpLimits http{};
    // Milliseconds for a request head, from accept, or from its first byte; also
    // for an upgrade handler that defers.
    std::uint32_t handshake_timeout_ms = 5'000;
    // Milliseconds that a plain HTTP connection may idle between two requests.
    std::uint32_t keep_alive_timeout_ms = 30'000;

    // Connections, those still in the handshake included; more are answered 503.
    // 0: what the descriptor limit allows, less a reserve.
    std::size_t connections_max = 0;
    // From one address: the client's, where a trusted proxy names it. A trusted proxy's own
    // connections are not counted so. 0: no limit.
    std::size_t connections_per_address_max = 0;

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
    // when the server ends.
    std::string unix_path{};
    // A bound, listening stream socket (from a supervisor), in place of both. Becomes the server's.
    int adopted_fd = -1;
    int backlog = 4096;
    // Connections speak TLS; null: they do not. Comes from an add-on, tls/tls.hpp.
    std::shared_ptr<const TransportFactory> tls{};
    // TCP's congestion control for the connections: "bbr", "cubic", what the system has. Empty: the
    // system's choice; on a loopback address "reno", for there is no network to be careful of, and
    // the timers of bbr cost 1 to 16 % of an echo.
    std::string congestion_control{};
    // Connections of trusted proxies begin with a PROXY header, version 1 or 2
    // (core/proxy_protocol.hpp); one that does not is closed without an answer. It names the client
    // for all of the connection, so forwarded_header is read only if that client is a trusted proxy
    // itself. With `tls` the header comes before TLS begins. To all others the listener speaks HTTP
    // or TLS from the first byte on.
    bool proxy_protocol = false;
    // What connections speak; null: HTTP, and WebSocket from there. Comes from whoever serves it:
    // StompBroker::listen() does.
    std::shared_ptr<const StreamProtocol> protocol{};
};

}  // namespace edgews
