// What rides on the sessions of Engine.IO: Socket.IO (net/socketio), or the echo of
// build/programs/engineio_echo.
//
// A session lives on one loop at a time, and all of this is called there. It begins on the loop of
// its first request, and moves once, when a client upgrades from polling to a WebSocket that
// another loop accepted:
//
//     on the new loop   Application::expect()   what is said to many must be kept from now on
//     on the old loop   Guest::leaving()        the last call there
//     on the new loop   Guest::arrived()        the first call there
//
// Between the last two nothing is called, and nobody may use the session. Nothing of this throws.
// Guest::leaving() may close the session: then Guest::ended() follows, on the old loop.
#pragma once

#include <edgews/message.hpp>
#include "core/engineio/dialect.hpp"
#include "core/engineio/packet.hpp"
#include "net/engineio/shared_packet.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace edgews {

class Address;
class Loop;

namespace engineio {

// How a session ended.
enum class EndReason : std::uint8_t {
    client_closed,     // By a packet that says so.
    transport_closed,  // Its WebSocket is gone, or its requests were.
    ping_timeout,      // No pong came in time (Heartbeat).
    packet_malformed,  // A rule of Engine.IO was broken, or one of its limits.
    server_closed,     // Session::close().
    shutting_down,     // The server does.
};

// One sentence, fit for a log.
[[nodiscard]] std::string_view describe(EndReason reason) noexcept;

// A session, as its guest sees it.
class Session {
  public:
    // Sends a message; for a client that polls, with its next answer. The result is that of
    // Connection::send(). For a client of Engine.IO 4 that polls, a text with a separator (U+001E)
    // is `invalid`, too: it would be two packets.
    virtual SendResult send(const Packet& message) = 0;
    virtual SendResult send(const SharedPacket& message) = 0;
    // Bytes that were accepted and have not left.
    [[nodiscard]] virtual std::size_t buffered_amount() const noexcept = 0;
    // A message that may be lost would leave at once: there is a WebSocket without a backlog, or a
    // request waits.
    [[nodiscard]] virtual bool is_writable() const noexcept = 0;
    // Ends the session. Guest::ended() follows at the end of the turn or soon after, once what was
    // sent before is on its way; what a client that polls has yet to fetch is kept for it. The
    // client's packets do not count any more.
    virtual void close(EndReason reason = EndReason::server_closed) = 0;

    [[nodiscard]] virtual std::string_view id() const noexcept = 0;
    [[nodiscard]] virtual bool is_websocket() const noexcept = 0;
    [[nodiscard]] virtual Dialect dialect() const noexcept = 0;
    [[nodiscard]] virtual Loop& loop() const noexcept = 0;
    // Of the request that opened it. The query is as it was sent. Of the headers, those that
    // Options::kept_headers names.
    [[nodiscard]] virtual const Address& remote_address() const noexcept = 0;
    [[nodiscard]] virtual std::string_view query() const noexcept = 0;
    [[nodiscard]] virtual std::optional<std::string_view> header(
        std::string_view name) const noexcept = 0;

  protected:
    ~Session() = default;
};

// What a loop keeps for a session that is on its way there. Destroyed on that loop, or with it:
// when the session has arrived, or will not come.
class Expected {
  public:
    virtual ~Expected() = default;
};

// An application's side of a session. It is destroyed on the session's loop, after ended().
class Guest {
  public:
    virtual ~Guest() = default;
    // A whole message; a view until it returns. It may call everything in Session.
    virtual void take(const Packet& message) = 0;
    // Called once. Nothing can be sent any more; of Session, only what is about its opening, and
    // its id, may be asked. Where the loops end before, it is called by whoever destroys them.
    virtual void ended(EndReason reason) = 0;
    // The session is about to leave its loop, and has come to another one. `expected`: what
    // Application::expect() made there.
    virtual void leaving() = 0;
    virtual void arrived(Expected& expected) = 0;
};

// Any thread; shared by all loops.
class Application {
  public:
    virtual ~Application() = default;
    // A session opens. It may send already, and what it sends follows the OPEN packet. Null: the
    // session is refused.
    [[nodiscard]] virtual std::unique_ptr<Guest> open(Session& session) = 0;
    // On the loop `here`, to which the session of that id is to move from the loop `from`.
    [[nodiscard]] virtual std::unique_ptr<Expected> expect(std::string_view id, Loop& from,
                                                           Loop& here) = 0;
};

}  // namespace engineio

}  // namespace edgews
