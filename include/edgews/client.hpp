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
// It behaves as the WHATWG standard (WebSockets, section 3) has it: the same states, the same
// events in the same order, error before close, close when TCP has ended, 1006 where no close frame
// came.
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

// Belongs to its loop's thread; for other threads there are handle() and Loop::post().
class Client {
  public:
    // Begins to connect; all that happens is told later, to the handlers. `loop` must outlive the
    // client.
    Client(Loop& loop, std::string url, ClientHandlers handlers = {}, ClientOptions options = {});
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    // No handler is called any more. An open connection is closed with 1001, by the loop.
    ~Client();

    [[nodiscard]] ReadyState ready_state() const noexcept;
    // As Connection has them; `closed` unless it is open.
    SendResult send(Message message);
    SendResult send(Message message, Compress how);
    SendResult send(const PreparedMessage& message);
    SendResult send_fragment(Message piece, Fragment which);
    SendResult ping(std::span<const std::byte> payload = {});
    // Starts the closing handshake; still connecting, gives up, which ends as any failure does, and
    // waiting to connect again, stops that; in the close handler, keeps it closed. The close
    // handler follows when the server has ended TCP, or after ClientOptions::close_timeout_ms.
    // False: a code or reason that cannot be sent, or it is closing or closed already. Of codes, a
    // browser takes 1000 and 3000 to 4999; here it is all that may be on the wire (RFC 6455,
    // section 7.4), and 1005 for a frame without one.
    bool close(std::uint16_t code = close_code::normal, std::string_view reason = {});
    // Drops the connection without a goodbye; the close handler follows. It is not opened again.
    void terminate();
    // Connects once more, now. Requires: closed.
    void reconnect();

    // Bytes accepted by send() that the system has not taken yet, with their frame headers. Of a
    // connection that ended: what never left.
    [[nodiscard]] std::size_t buffered_amount() const noexcept;
    // What the server chose; empty: none.
    [[nodiscard]] std::string_view protocol() const noexcept;
    // The value of its Sec-WebSocket-Extensions; empty: none.
    [[nodiscard]] std::string_view extensions() const noexcept;
    // The one it connects to: after redirections, the last.
    [[nodiscard]] std::string_view url() const noexcept;
    // Microseconds from the last answered ping of ClientOptions::ping_ms to its pong; empty: none
    // was answered yet.
    [[nodiscard]] std::optional<std::uint32_t> latency_us() const noexcept;
    // Of the server or the proxy. Family none: not connected.
    [[nodiscard]] const Address& remote_address() const noexcept;
    [[nodiscard]] Loop& loop() const noexcept;
    // For other threads: the present connection, until it closes. To close it so is as good as
    // close(): it is not opened again. Names none unless open or closing.
    [[nodiscard]] Handle handle() const noexcept;
    // Null unless open or closing: for what only a Connection can do.
    [[nodiscard]] Connection* connection() const noexcept;

  private:
    std::shared_ptr<ClientState> state_;
};

}  // namespace edgews
