// The options of a Host. The defaults are those of npm's engine.io where that has one.
#pragma once

#include <edgews/options.hpp>
#include "core/engineio/heartbeat.hpp"
#include "core/engineio/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace edgews::engineio {

struct Options {
    // A session whose client owes a pong for longer than the time-out ends: also one that was
    // opened and never polled. Neither is 0.
    Heartbeat::Times heartbeat{};
    // Milliseconds in which a WebSocket that is to be a session's other transport has to say so.
    std::uint32_t upgrade_timeout_ms = 10'000;
    // Bytes of a payload in either direction, and of a WebSocket message. What is larger is
    // answered 413, or closes the WebSocket with 1009. Sent is one packet, however large it is.
    std::size_t payload_size_max = 1'000'000;
    // Transports that are served, and in which versions; and no client is told to upgrade to what
    // is not.
    Transports transports{};
    // Pages of other origins that may poll, and open WebSockets. Empty: none.
    CorsOptions cors{};
    // The name of a cookie that bears the session's id, as some load balancers want it: "io". Of a
    // token's characters. Empty: there is none.
    std::string cookie{};
    // Headers of the request that opens a session which Session::header() has.
    std::vector<std::string> kept_headers{};
    // Sessions at a time: one costs its client no connection, and some KiB here. One more is
    // answered 503. 0: any number.
    std::size_t session_count_max = 100'000;
    // Bytes that wait for a client that polls, 64 of each packet included. One more ends the
    // session, and so does what is more than ServerOptions::memory_max. One packet may always wait
    // by itself, within that, however large it is.
    std::size_t backlog_size_max = 1024 * 1024;
    // Of the WebSockets: their backlog, and their compression. What Engine.IO has itself is not
    // asked: pings, origins, subprotocols, message_size_max.
    RouteOptions websocket{};
};

}  // namespace edgews::engineio
