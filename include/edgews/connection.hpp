// A WebSocket connection, as its handlers see it: of a server, or what is behind a Client.
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

// Whether a message is compressed, where the peer agreed on it (RFC 7692).
enum class Compress : std::uint8_t {
    by_size,  // When it is at least as long as the route's compression says.
    always,
    never,
};

// Which part of a fragmented message (RFC 6455, section 5.4).
enum class Fragment : std::uint8_t { first, middle, last };

// A reference is valid inside a handler, on the connection's own loop; to keep
// one, take its handle(). All functions belong to that loop's thread.
//
// What handlers send while one batch of input is dispatched leaves in one write, and so does all
// that other code sends within one turn of the loop: there is nothing to cork.
//
// It has neither data nor virtual functions: the engine's class behind it has
// (net/connection/websocket_connection.hpp), and makes and deletes it.
class Connection {
  public:
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // A text or binary message; copied where it cannot leave at once. Text that is not UTF-8 is
    // `invalid`: no peer would accept it.
    SendResult send(Message message);
    SendResult send(Message message, Compress how);
    // The same of a message that lies in pieces, whose text is not checked.
    SendResult send(Message::Kind kind, std::span<const std::span<const std::byte>> pieces);
    // A message framed once for many; shared, not copied.
    SendResult send(const PreparedMessage& message);
    // A message in pieces, when its size is not known yet, never compressed. `first` says the kind,
    // which the later pieces repeat; control frames may pass in between, other messages may not
    // (dropped). Text may be cut anywhere, and is not checked.
    SendResult send_fragment(Message piece, Fragment which);
    // The first piece was sent, the last was not.
    [[nodiscard]] bool is_sending_fragments() const noexcept;
    // At most 125 bytes, else dropped (section 5.5). Pings of the peer are answered without help.
    SendResult ping(std::span<const std::byte> payload = {});
    SendResult pong(std::span<const std::byte> payload = {});

    // Starts the closing handshake. The close handler follows when the peer answers (a client's:
    // when TCP has ended, too), or after RouteOptions::close_timeout_ms. A code that may not be on
    // the wire (edgews/close_code.hpp), a reason of more than 123 bytes or not UTF-8: false,
    // nothing happens; nor when the connection is closing already. 1005 sends a close frame without
    // a code.
    bool close(std::uint16_t code = close_code::normal, std::string_view reason = {});
    [[nodiscard]] static bool may_close_with(std::uint16_t code, std::string_view reason) noexcept;
    // Drops the connection without a goodbye; the close handler follows at the end of the turn.
    void terminate();

    // Messages can be sent: neither side has begun to close, and it was not terminated.
    [[nodiscard]] bool is_open() const noexcept;
    // Bytes accepted by send() that the system has not taken yet, with their frame headers.
    [[nodiscard]] std::size_t buffered_amount() const noexcept;
    // The client's, as the opening request showed it (Request::remote_address()).
    [[nodiscard]] const Address& remote_address() const noexcept;
    // What the handshake agreed on; empty: none.
    [[nodiscard]] std::string_view subprotocol() const noexcept;
    // What the handshake agreed on about compression; null: there is none.
    [[nodiscard]] const DeflateParameters* compression() const noexcept;
    // Milliseconds of Loop::now_ms() at the opening, modulo 2^32.
    [[nodiscard]] std::uint32_t opened_ms() const noexcept;

    // Stops reading after the message or part that is being delivered: what comes later waits here,
    // in the socket, and then at the peer. Pings and a close frame behind it wait, too, and the
    // peer's silence counts no more than our own. resume_reading() goes on, in the next turn.
    // Once closing begins, or the peer has reset the connection, reading goes on by itself.
    void pause_reading() noexcept;
    void resume_reading();
    [[nodiscard]] bool is_paused() const noexcept;

    // The route's user data. Throws std::logic_error where the route was given no T: in a handler,
    // that closes the connection with 1011.
    template <class T>
    [[nodiscard]] T& data() {
        if (T* const own = data_if<T>()) return *own;
        UserData::throw_other_type();
    }
    // Null: the route was given no T. For whoever meets connections of several routes.
    template <class T>
    [[nodiscard]] T* data_if() noexcept {
        return static_cast<T*>(find_data(UserData::type_of<T>()));
    }
    [[nodiscard]] Handle handle() const noexcept;
    // Whose thread all of this is for.
    [[nodiscard]] Loop& loop() const noexcept;

    // Topics: named groups of connections on all loops of the server. These take no longer when
    // this connection has many topics, or the topic many connections. False: nothing changed. It
    // was so already, or the connection has ended, or is a client's; or RouteOptions allow no
    // further topic (topic_count_max) or no such name (topic_name_size_max), and then
    // is_subscribed() tells that it is not.
    bool subscribe(std::string_view topic);
    bool unsubscribe(std::string_view topic);
    [[nodiscard]] bool is_subscribed(std::string_view topic) const noexcept;
    // To every subscriber but this connection.
    void publish(std::string_view topic, Message message);
    void publish(std::string_view topic, const PreparedMessage& message);

  protected:
    Connection() = default;
    ~Connection() = default;

  private:
    // The user data, if the route was given that type; null: it was not.
    [[nodiscard]] void* find_data(const void* type) noexcept;
};

}  // namespace edgews
