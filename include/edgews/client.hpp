// The browser's WebSocket in C++: a client of ws:// and wss:// servers.
//
//     edgews::Loop loop;
//     edgews::Client client(loop, "ws://localhost:9001/echo", {
//         .open = [](edgews::Client& c) { c.send("hello"); },
//         .message = [](edgews::Client& c, edgews::Message m) { … c.close(); },
//         .close = [&](edgews::Client&, const edgews::CloseEvent&) { loop.stop(); },
//     });
//     loop.run();
//
// It behaves as the WHATWG standard (WebSockets, section 3) requires: the same states, and the same
// events in the same order. An error comes before close, close comes when TCP has ended, and the
// code is 1006 where no close frame came.
#pragma once

#include <edgews/client_options.hpp>
#include <edgews/close_code.hpp>
#include <edgews/connection.hpp>
#include <edgews/handle.hpp>
#include <edgews/message.hpp>
#include <edgews/prepared_message.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

class ClientState;

enum class ReadyState : std::uint8_t { connecting, open, closing, closed };

// All functions must be called on its loop's thread. Other threads use handle() and Loop::post().
class Client {
  public:
    // Begins to connect. The handlers are told later whatever happens. `loop` must outlive the
    // client.
    Client(Loop& loop, std::string url, ClientHandlers handlers = {}, ClientOptions options = {});
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    // No handler is called any more. The loop closes an open connection with 1001.
    ~Client();

    [[nodiscard]] ReadyState ready_state() const noexcept;
    // As Connection's. The result is `closed` unless the client is open.
    SendResult send(Message message);
    SendResult send(Message message, Compress how);
    SendResult send(const PreparedMessage& message);
    SendResult send_fragment(Message piece, Fragment which);
    SendResult ping(std::span<const std::byte> payload = {});
    // Starts the closing handshake. A client that is still connecting gives up, which ends as any
    // failure does; one that waits to connect again waits no more; in the close handler, the client
    // stays closed. The close handler follows when the server has ended TCP, or after
    // ClientOptions::close_timeout_ms. False: the code or the reason cannot be sent, or the client
    // is closing or closed already. A browser allows the codes 1000 and 3000 to 4999; here all are
    // allowed that may be on the wire (RFC 6455, section 7.4), and 1005 for a frame without a code.
    bool close(std::uint16_t code = close_code::normal, std::string_view reason = {});
    // Drops the connection without a closing handshake. The close handler follows. The client does
    // not connect again.
    void terminate();
    // Connects once more, now. Requires: the client is closed.
    void reconnect();

    // Bytes that send() accepted and that the system has not taken yet, frame headers included.
    // After the end: bytes that never left.
    [[nodiscard]] std::size_t buffered_amount() const noexcept;
    // The subprotocol that the server chose. Empty: none.
    [[nodiscard]] std::string_view protocol() const noexcept;
    // The value of the server's Sec-WebSocket-Extensions. Empty: none.
    [[nodiscard]] std::string_view extensions() const noexcept;
    // The URL that it connects to; after redirections, the last one.
    [[nodiscard]] std::string_view url() const noexcept;
    // Microseconds from the last ping of ClientOptions::ping_ms that was answered to its pong.
    // Empty: none was answered yet.
    [[nodiscard]] std::optional<std::uint32_t> latency_us() const noexcept;
    // The address of the server or the proxy. Family `none`: there is no connection.
    [[nodiscard]] const Address& remote_address() const noexcept;
    [[nodiscard]] Loop& loop() const noexcept;
    // Names the present connection, for other threads, until it closes. To close it by its handle
    // is the same as close(): the client does not connect again. Names nothing unless the client is
    // open or closing.
    [[nodiscard]] Handle handle() const noexcept;
    // The connection, for functions that only a Connection has. Null unless the client is open or
    // closing.
    [[nodiscard]] Connection* connection() const noexcept;

  private:
    std::shared_ptr<ClientState> state_;
};

}  // namespace edgews
