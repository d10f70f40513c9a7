// The options of a Socket.IO server. The defaults are safe ones.
#pragma once

#include <edgews/event.hpp>
#include <edgews/options.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace edgews::sio {

// How packets are written, in both directions.
enum class Parser : std::uint8_t {
    standard,  // As protocol 5 says: text, and attachments behind it.
    // As npm's socket.io-msgpack-parser 3 does: each is one binary message, with its attachments in
    // it. Values are JSON here all the same, and what that has not is as JavaScript makes JSON of
    // it: a date is its text, `undefined` is null or not there.
    msgpack,
};

// What one client may have and send. Beyond that its session ends, unless it says otherwise.
struct Limits {
    // Namespaces that it is connected to, or waits to be. A further one is refused
    // (CONNECT_ERROR).
    std::size_t namespace_count_max = 32;
    std::size_t namespace_size_max = 256;  // Bytes of a namespace's name.
    // Bytes of what CONNECT brings (Handshake::auth()). With more it is refused (CONNECT_ERROR).
    std::size_t auth_size_max = 16 * 1024;
    // Arguments of an event or an acknowledgement, at most 4,095.
    std::size_t argument_count_max = 255;
    // Attachments of one packet, at most 64, and bytes of all of them. Each has to come within
    // ping_interval_ms and ping_timeout_ms, both together, of what came before it.
    std::size_t attachment_count_max = 10;
    std::size_t attachments_size_max = 10'000'000;
    // Rooms of one socket, and bytes of a room's name. Socket::join() refuses more.
    std::size_t room_count_max = 1'000;
    std::size_t room_size_max = 256;
    // Calls whose replies one client still owes. A further call is not sent, and dropped.
    std::size_t reply_count_max = 1'000;
    // Bytes of the replies of a call to many, all clients together. Those beyond count as missing.
    std::size_t gathered_size_max = 16 * 1024 * 1024;
};

// Connection state recovery: a client whose connection was lost comes back with its id, its rooms
// and its data, and gets the events that it missed (Socket::is_recovered()). It does so after a
// transport's end and after a ping's time-out; not when it left, was disconnected, or a handler
// threw.
//
// What was said to rooms is for it as it was in them when its connection was lost, and as it has
// been told to join and to leave since (Broadcast::join()).
//
// Events that ask for no acknowledgement then have a further argument at their end, by which a
// client says what it got last. Broadcast::unreliable() and Socket::emit_unreliable() are not sent
// again, nor are calls.
struct RecoveryOptions {
    // Milliseconds in which a client may come back. 0: none does, and none of this costs anything.
    std::uint32_t max_disconnection_ms = 0;
    // Bytes of what was said last, in all namespaces together, which is kept for that. Who has
    // missed more, or more than half of what may wait for it (backlog_size_max), is a new client.
    std::size_t ring_size_max = 16 * 1024 * 1024;
    // Sockets whose clients are away, with their rooms and their data. One more, and the one that
    // has been away for longest does not come back.
    std::size_t absent_count_max = 10'000;
    // A client that comes back is not asked anything by middleware: what that had said of it is
    // taken to hold still. It is asked by default, for it may have been locked out meanwhile; in
    // Node it is not.
    bool skips_middleware = false;
};

struct Options {
    // Milliseconds that a client has to connect to a first namespace, before its session ends.
    std::uint32_t connect_timeout_ms = 45'000;
    Limits limits{};
    RecoveryOptions recovery{};

    // Of Engine.IO, which carries it.

    // Milliseconds between a pong and the next ping, and those in which a pong has to come before
    // the session ends. Neither is 0.
    std::uint32_t ping_interval_ms = 25'000;
    std::uint32_t ping_timeout_ms = 20'000;
    // Milliseconds in which a WebSocket to which a client that polls changes has to say so.
    std::uint32_t upgrade_timeout_ms = 10'000;
    // Bytes of a payload of polling in either direction, and of a WebSocket message. What is larger
    // is answered 413, or closes the WebSocket with 1009.
    std::size_t payload_size_max = 1'000'000;
    // Transports that are served.
    bool has_polling = true;
    bool has_websocket = true;
    // Clients of Socket.IO 2 are served, too (protocol 4, over Engine.IO 3), but not by JSONP. They
    // bring their auth in a query, and what is secret otherwise is not with them: the id of such a
    // client's socket, which others may learn, is its session's.
    bool allows_eio3 = false;
    // All clients have to use this one: who uses another is ended by its first packet. With
    // msgpack, allows_eio3 has to be false, for clients of Socket.IO 2 write that in another way.
    Parser parser = Parser::standard;
    // Pages of other origins that may poll, and open WebSockets. Empty: none.
    CorsOptions cors{};
    // The name of a cookie that bears the session's id, as some load balancers want it: "io".
    // Empty: there is none.
    std::string cookie{};
    // Headers of the request that opens a session which Socket::header() has.
    std::vector<std::string> kept_headers{};
    // Sessions at a time: one costs its client no connection, and some KiB here. One more is
    // answered 503. 0: any number.
    std::size_t session_count_max = 100'000;
    // Bytes that wait for a client that polls, 64 of each packet included. One more ends the
    // session, and so does what is more than ServerOptions::memory_max. One packet may always wait
    // by itself, within that, however large it is.
    std::size_t backlog_size_max = 1024 * 1024;
    // Of the WebSockets: their backlog, and their compression. Pings, origins, subprotocols and
    // sizes of messages are not asked, for they are Engine.IO's own.
    RouteOptions websocket{};

    // Is told of handlers that throw, of clients that break a rule of Socket.IO or Engine.IO, and
    // of pongs that do not come: see edgews/event.hpp. Of what is below them the server's own hook
    // is told. Empty: nobody is told.
    EventHook on_event{};
};

}  // namespace edgews::sio
