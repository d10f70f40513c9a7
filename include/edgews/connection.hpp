// A WebSocket connection as its handlers see it: a server's, or the one behind a Client.
#pragma once

#include <edgews/address.hpp>
#include <edgews/close_code.hpp>
#include <edgews/handle.hpp>
#include <edgews/message.hpp>
#include <edgews/prepared_message.hpp>
#include <edgews/route.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace edgews {

class Loop;
struct DeflateParameters;

// A reference is valid inside a handler, on the connection's own loop. Code that wants to keep one
// keeps the connection's handle(). All functions must be called on that loop's thread.
//
// All messages that handlers send while one batch of input is dispatched leave in one write, and so
// do all that other code sends within one turn of the loop. There is nothing to cork.
//
// This class has neither data nor virtual functions. The engine has its own class behind it
// (net/connection/websocket_connection.hpp), which it makes and deletes.
class Connection {
  public:
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Sends a text or binary message. Its bytes are copied unless they leave at once. Text that is
    // not UTF-8 is not sent, and the result is `invalid`: no peer would accept it.
    SendResult send(Message message);
    SendResult send(Message message, Compress how);
    // The same for a message that lies in pieces. Its text is not checked.
    SendResult send(Message::Kind kind, std::span<const std::span<const std::byte>> pieces);
    // Sends a message that was framed once for many connections. Its bytes are shared, not copied.
    SendResult send(const PreparedMessage& message);
    // Sends one piece of a message whose size is not known yet. It is never compressed. The first
    // piece decides the kind, and later pieces have the same. Control frames may be sent in
    // between; other messages may not, and are dropped. Text may be cut anywhere, and is not
    // checked.
    SendResult send_fragment(Message piece, Fragment which);
    // True: the first piece of a message was sent, and the last was not.
    [[nodiscard]] bool is_sending_fragments() const noexcept;
    // Sends a ping or a pong with at most 125 bytes; one with more is dropped (RFC 6455, section
    // 5.5). The engine answers the peer's pings by itself.
    SendResult ping(std::span<const std::byte> payload = {});
    SendResult pong(std::span<const std::byte> payload = {});

    // Starts the closing handshake. The close handler follows when the peer has answered (for a
    // client: and TCP has ended), or after RouteOptions::close_timeout_ms. False: nothing happens,
    // because the connection is closing already, the code may not be on the wire
    // (edgews/close_code.hpp), or the reason has more than 123 bytes or is not UTF-8. Code 1005
    // sends a close frame without a code.
    bool close(std::uint16_t code = close_code::normal, std::string_view reason = {});
    // True: a close frame can have this code and this reason.
    [[nodiscard]] static bool may_close_with(std::uint16_t code, std::string_view reason) noexcept;
    // Drops the connection without a closing handshake. The close handler follows at the end of the
    // turn.
    void terminate();

    // True: messages can be sent. Neither side has begun to close, and the connection was neither
    // terminated nor lost.
    [[nodiscard]] bool is_open() const noexcept;
    // Bytes that send() accepted and that the system has not taken yet, frame headers included.
    [[nodiscard]] std::size_t buffered_amount() const noexcept;
    // The client's address, as the opening request showed it (Request::remote_address()). For a
    // client's connection, family `none`: Client::remote_address() has the server's.
    [[nodiscard]] const Address& remote_address() const noexcept;
    // The subprotocol that the handshake agreed on. Empty: none.
    [[nodiscard]] std::string_view subprotocol() const noexcept;
    // The parameters of compression that the handshake agreed on. Null: there is no compression.
    [[nodiscard]] const DeflateParameters* compression() const noexcept;
    // The moment when the connection was opened: milliseconds of Loop::now_ms(), modulo 2^32.
    [[nodiscard]] std::uint32_t opened_ms() const noexcept;

    // Stops reading after the message or part that is being delivered. Later bytes wait here, then
    // in the socket, and then at the peer. Pings and a close frame among them wait, too, and the
    // peer is not given up for its silence. resume_reading() goes on in the next turn. Reading goes
    // on by itself once closing begins or the peer has reset the connection.
    void pause_reading() noexcept;
    void resume_reading();
    [[nodiscard]] bool is_paused() const noexcept;

    // The route's user data. Throws std::logic_error if the route has no T; in a handler, that
    // closes the connection with 1011.
    template <class T>
    [[nodiscard]] T& data() {
        if (T* const own = data_if<T>()) return *own;
        UserData::throw_other_type();
    }
    // The same for code that meets connections of several routes. Null: the route has no T.
    template <class T>
    [[nodiscard]] T* data_if() noexcept {
        return static_cast<T*>(find_data(UserData::type_of<T>()));
    }
    // A value that names this connection, for other threads and for later.
    [[nodiscard]] Handle handle() const noexcept;
    // The loop on whose thread all of this belongs.
    [[nodiscard]] Loop& loop() const noexcept;

    // A topic is a named group of connections on all loops of the server. These functions take the
    // same time however many topics a connection and however many connections a topic has. False:
    // nothing changed. Either it was so already, or the connection has ended or is a client's, or
    // RouteOptions allow no further topic (topic_count_max) or no such name (topic_name_size_max);
    // is_subscribed() tells whether it is subscribed.
    bool subscribe(std::string_view topic);
    bool unsubscribe(std::string_view topic);
    [[nodiscard]] bool is_subscribed(std::string_view topic) const noexcept;
    // Sends the message to every subscriber of the topic but this connection.
    PublishResult publish(std::string_view topic, Message message);
    PublishResult publish(std::string_view topic, const PreparedMessage& message);

  protected:
    Connection() = default;
    ~Connection() = default;

  private:
    // The user data of that type. Null: the route has none.
    [[nodiscard]] void* find_data(const void* type) noexcept;
};

}  // namespace edgews
