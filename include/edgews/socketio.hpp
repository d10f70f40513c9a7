// A Socket.IO server (protocol 5) inside a server: events with names, acknowledgements, rooms and
// namespaces, over HTTP long-polling and WebSocket.
//
//     edgews::sio::Hub hub;
//     hub.of("/").on("chat", [](sio::Socket& socket, const sio::Event& event) {
//         socket.to("lobby").emit("chat", event.raw());
//     });
//     edgews::Server server;
//     hub.attach(server);
//     return server.run({.port = 3000});
//
// One hub serves all loops of a server, or of several servers: what is said to a room on one loop
// reaches its sockets on all. It must outlive its servers, so declare it first.
//
// Handlers run on the loop of their socket. One that throws ends its client's session.
#pragma once

#include <edgews/function.hpp>
#include <edgews/message.hpp>
#include <edgews/route.hpp>
#include <edgews/socketio_event.hpp>
#include <edgews/socketio_options.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews {

class Address;
class Loop;
class Server;

namespace sio {

class Hub;
class HubState;  // The engine's, as those below: net/socketio.
class PendingConnect;
class SocketOnLoop;
class HandshakeVerdict;
struct NamespaceState;
struct Spoken;
enum class SpokenAct : std::uint8_t;

// How a socket ended.
enum class Reason : std::uint8_t {
    transport_close,       // The client is gone, or it closed the whole session.
    ping_timeout,          // No pong came in time.
    client_disconnect,     // The client left the namespace.
    server_disconnect,     // Socket::disconnect(), or Broadcast::disconnect().
    parse_error,           // The client broke a rule of the protocol, or a limit.
    handler_error,         // A handler threw.
    server_shutting_down,  // Server::shutdown().
};

// As Node's server calls them: "transport close", "client namespace disconnect".
[[nodiscard]] std::string_view describe(Reason reason) noexcept;

// The answers to a call to many.
class Replies {
  public:
    // Of the clients that answered, in the order in which they did.
    [[nodiscard]] std::size_t size() const noexcept { return texts_.size(); }
    // What one answered: JSON values with commas between them. Attachments are not kept.
    [[nodiscard]] std::string_view operator[](std::size_t index) const noexcept {
        return texts_[index];
    }
    // All that got the event have answered.
    [[nodiscard]] bool is_complete() const noexcept { return is_complete_; }

  private:
    friend class Gathering;
    std::vector<std::string> texts_;
    bool is_complete_ = false;
};

// Whom an event is for: everybody in a namespace, or in some of its rooms. Each gets it once,
// however many of the rooms it is in. A value, for one thread; what it does may be done on any.
//
// Events that one thread says reach each socket in their order, also while it moves from polling to
// a WebSocket.
class Broadcast {
  public:
    // Only those in that room, or in one of several. A socket's id is a room in which it is, and
    // which others can join as they can join any.
    Broadcast& to(std::string_view room);
    // But those in that room.
    Broadcast& except(std::string_view room);
    // It may be lost: whoever is not ready to take it at once does not get it.
    Broadcast& unreliable();

    // Encodes it once, and sends it. `sent`, or `invalid`: an argument is not JSON, or the event
    // or the namespace has a name that may not be sent.
    template <class... Values>
    SendResult emit(std::string_view event, const Values&... values) {
        return emit_all(event, arguments_of(values...));
    }
    // The same, and gathers what they answer: `gathered` is called once, when all have, or after
    // `timeout_ms`. On the loop that called this; from a thread that is none of the hub's, on one
    // of them.
    // NOLINTBEGIN(performance-unnecessary-value-param): it is moved on.
    template <class... Values>
    SendResult call(std::string_view event, std::uint32_t timeout_ms,
                    Function<void(const Replies&)> gathered, const Values&... values) {
        return call_all(event, timeout_ms, std::move(gathered), arguments_of(values...));
    }
    // NOLINTEND(performance-unnecessary-value-param)
    // As these functions of Socket, for all of them.
    void join(std::string_view room);
    void leave(std::string_view room);
    void disconnect(bool close = false);

    SendResult emit_all(std::string_view event, std::span<const Argument> arguments);
    SendResult call_all(std::string_view event, std::uint32_t timeout_ms,
                        Function<void(const Replies&)> gathered,
                        std::span<const Argument> arguments);

  private:
    friend class Hub;
    friend class Namespace;
    friend class SocketOnLoop;
    friend class Socket;
    Broadcast(HubState& hub, std::string_view namespace_name, std::string_view except_id = {});
    [[nodiscard]] Spoken& own();
    void act(SpokenAct act, std::string_view room);

    HubState* hub_;
    std::shared_ptr<Spoken> spoken_;  // Whom it is for, and what was sent last.
};

// A client's connection to a namespace. A reference is valid inside a handler, on the socket's
// loop; code that wants to keep one keeps its id(), which is a room. All functions must be called
// on that loop's thread.
class Socket {
  public:
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    // 20 random characters; of a client of Socket.IO 2 those of its session's id, in another
    // namespace than "/" behind that one's name: "/admin#…", which is what such clients call it.
    [[nodiscard]] std::string_view id() const noexcept;
    [[nodiscard]] std::string_view namespace_name() const noexcept;
    // The parameter of that name in the namespace's pattern. Nothing: there is none.
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
    // The JSON object that the client connected with.
    [[nodiscard]] std::string_view auth() const noexcept;
    // False: the client has left, was disconnected, or is gone.
    [[nodiscard]] bool is_connected() const noexcept;
    // It was here before, and was told of as disconnected: it has come back with its id, its rooms
    // and its data, and has been sent what it missed (RecoveryOptions).
    [[nodiscard]] bool is_recovered() const noexcept;

    // Sends an event. `invalid`: an argument is not JSON, or the event has a name that may not be
    // sent.
    template <class... Values>
    SendResult emit(std::string_view event, const Values&... values) {
        return emit_all(event, arguments_of(values...));
    }
    // The same, but `dropped` where it could not leave at once.
    template <class... Values>
    SendResult emit_unreliable(std::string_view event, const Values&... values) {
        return emit_unreliably(event, arguments_of(values...));
    }
    // Sends an event that asks for an acknowledgement: `reply` is called once, when it comes, after
    // `timeout_ms` (0: never), or when the socket ends. It is not called when the result is neither
    // `sent` nor `queued`.
    // NOLINTBEGIN(performance-unnecessary-value-param): it is moved on.
    template <class... Values>
    SendResult call(std::string_view event, std::uint32_t timeout_ms,
                    Function<void(const Reply&)> reply, const Values&... values) {
        return call_all(event, timeout_ms, std::move(reply), arguments_of(values...));
    }
    // NOLINTEND(performance-unnecessary-value-param)
    SendResult emit_all(std::string_view event, std::span<const Argument> arguments);
    SendResult emit_unreliably(std::string_view event, std::span<const Argument> arguments);
    SendResult call_all(std::string_view event, std::uint32_t timeout_ms,
                        Function<void(const Reply&)> reply, std::span<const Argument> arguments);

    // Rooms are of the namespace. False: nothing changed. Either it was so already, or the socket
    // has ended, or Limits allow no further room or no such name.
    bool join(std::string_view room);
    bool leave(std::string_view room);
    [[nodiscard]] bool is_in(std::string_view room) const noexcept;
    // To the others in a room, or in the namespace, but not to this socket.
    [[nodiscard]] Broadcast to(std::string_view room) const;
    [[nodiscard]] Broadcast broadcast() const;

    // Ends the connection to the namespace; the disconnected handler follows at the end of the
    // turn. `close`: ends the client's whole session.
    void disconnect(bool close = false);

    // A T of the application's, made when it is asked for first. Throws std::logic_error if another
    // type was asked for before. It goes with the socket; one that may be recovered leaves it
    // behind, and if its client does not come back it is destroyed on any loop, or with the hub.
    template <class T>
    [[nodiscard]] T& data() {
        return *static_cast<T*>(find_data(UserData::of<T>()));
    }
    // Of the request that opened the session.
    [[nodiscard]] const Address& remote_address() const noexcept;
    [[nodiscard]] std::string_view query() const noexcept;
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
    // The loop on whose thread all of this belongs, until the client moves to another one.
    [[nodiscard]] Loop& loop() const noexcept;

  protected:
    Socket() = default;
    ~Socket() = default;

  private:
    [[nodiscard]] void* find_data(const UserData& kind);
};

// A decision about a client that wants to connect to a namespace, which may be made on any thread.
// Copies are of the same decision. If the last copy goes without one, the client is refused.
class DeferredHandshake {
  public:
    DeferredHandshake() = default;

    // The first decision counts. False: it was made before, or the client is gone. `data`: one JSON
    // value, or nothing; as with Handshake::refuse().
    bool accept() const;
    bool refuse(std::string_view message, std::string_view data = {}) const;

  private:
    friend class Handshake;
    explicit DeferredHandshake(std::shared_ptr<HandshakeVerdict> verdict) noexcept
        : verdict_(std::move(verdict)) {}

    std::shared_ptr<HandshakeVerdict> verdict_;
};

// A client that wants to connect to a namespace, as middleware sees it. Valid until that returns.
// If it does nothing, the next one is asked; after the last, the client is connected.
class Handshake {
  public:
    Handshake(const Handshake&) = delete;
    Handshake& operator=(const Handshake&) = delete;

    // The JSON object that the client sent along. "{}": none.
    [[nodiscard]] std::string_view auth() const noexcept;
    [[nodiscard]] std::string_view namespace_name() const noexcept;
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
    // Of the request that opened the session.
    [[nodiscard]] const Address& remote_address() const noexcept;
    [[nodiscard]] std::string_view query() const noexcept;
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;

    // Refuses with CONNECT_ERROR. `data`: one JSON value for the application there, or nothing.
    // Throws std::invalid_argument if it is none, or if the message is not UTF-8.
    void refuse(std::string_view message, std::string_view data = {});
    // Leaves the decision to whoever has the result. After an acceptance the next middleware is
    // asked.
    [[nodiscard]] DeferredHandshake defer();

  private:
    friend class PendingConnect;
    explicit Handshake(PendingConnect& pending) noexcept : pending_(pending) {}

    PendingConnect& pending_;
};

// The handlers of a namespace's sockets. All are optional.
struct Handlers {
    // Also of one that has come back (Socket::is_recovered()).
    Function<void(Socket&)> connected{};
    // The socket has ended, and is in no room any more. Called once for each that was connected.
    Function<void(Socket&, Reason)> disconnected{};
    // Events that have no handler of their own.
    Function<void(Socket&, const Event&, Ack)> any{};
};

// What there is of a room, of a namespace and of a hub, on all loops together.
struct RoomStats {
    std::string name{};
    std::size_t socket_count = 0;
};
struct NamespaceStats {
    std::string name{};
    std::size_t socket_count = 0;
    // The largest rooms, those first. A socket's own room is not among them.
    std::vector<RoomStats> rooms{};
    std::size_t room_count = 0;  // Of all.
    // Events and acknowledgements that came, and that were sent, each to one socket. They are
    // counted on each loop for as long as the namespace has sockets there.
    std::uint64_t received_total = 0;
    std::uint64_t sent_total = 0;
};
struct HubStats {
    std::size_t session_count = 0;  // Of Engine.IO.
    // Sockets that have ended, and whose clients may come back (Options::recovery). They are in no
    // other of these figures.
    std::size_t absent_count = 0;
    std::vector<NamespaceStats> namespaces{};  // That have sockets, in the order of their names.
};

// A namespace, or all those whose names fit a pattern.
class Namespace {
  public:
    Namespace(const Namespace&) = delete;
    Namespace& operator=(const Namespace&) = delete;
    ~Namespace();

    // These set it up, before the first server runs. They throw std::logic_error once a client has
    // come, and std::invalid_argument for an empty function, a second handler of an event, and an
    // event that no client sends ("connect").

    // Middleware is asked in this order.
    Namespace& use(Function<void(Handshake&)> middleware);
    Namespace& on(std::string_view event, Function<void(Socket&, const Event&)> handler);
    Namespace& on(std::string_view event, Function<void(Socket&, const Event&, Ack)> handler);

    // Any thread. Requires: it is no pattern (Hub::in() is for those).
    [[nodiscard]] Broadcast to(std::string_view room) const;
    [[nodiscard]] Broadcast broadcast() const;
    template <class... Values>
    SendResult emit(std::string_view event, const Values&... values) const {
        return broadcast().emit(event, values...);
    }

  private:
    friend class HubState;
    explicit Namespace(std::unique_ptr<NamespaceState> state) noexcept;

    std::unique_ptr<NamespaceState> state_;
};

class Hub {
  public:
    explicit Hub(Options options = {});
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;
    // Requires: the servers that it was attached to are gone.
    ~Hub();

    // These set the hub up, before the first server runs.

    // The namespace of that name, or of that pattern: "/rooms/:id" is for all names like that
    // (core/http/path_pattern.hpp). A name that is one counts before patterns. It is made when it
    // is asked for first. Throws std::invalid_argument for a malformed one, and std::logic_error
    // for a new one once a client has come.
    Namespace& of(std::string_view name);
    // The same with handlers. Those that are set take the place of earlier ones.
    Namespace& of(std::string_view name, Handlers handlers);
    // Serves Socket.IO at a path of the server's, with and without a slash at its end. It comes
    // before Server::listen(). Throws what Server's routes do, and std::invalid_argument for an
    // option out of its range.
    void attach(Server& server, std::string_view path = "/socket.io/");

    // Any thread. Everybody in the namespace of that name, also in one that a pattern has made.
    [[nodiscard]] Broadcast in(std::string_view namespace_name) const;
    // Any thread. Asks all loops what there is, and calls `told` once, on one of them; it must not
    // throw. Of each namespace at most `room_count_max` rooms are named. It costs time for each
    // room that there is. False: there are no loops, or none any more, and it is not called.
    bool stats(Function<void(const HubStats&)> told, std::size_t room_count_max = 100) const;

  private:
    friend class HubState;
    std::unique_ptr<HubState> state_;
};

}  // namespace sio
}  // namespace edgews
