// A client for scripts and tests. Each call waits until it is done.
//
//     edgews::BlockingClient client("ws://localhost:9001/echo");
//     if (!client) return complain(client.error().error.message);
//     client.send("hello");
//     while (const auto message = client.receive(2s)) std::cout << message->text() << '\n';
//     if (!client.is_closed()) return complain("nothing came for two seconds");
//
// Nothing happens between the calls: the next one answers a ping of the server's.
#pragma once

#include <edgews/client.hpp>
#include <edgews/loop.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace edgews {

// One thread at a time.
class BlockingClient {
  public:
    using Duration = std::chrono::milliseconds;
    static constexpr Duration for_ever = Duration::max();

    // Connects within the options' time limits. ClientOptions::reconnect is not used.
    explicit BlockingClient(std::string url, ClientOptions options = {});
    // An open connection is closed with 1001, without waiting for the server.
    ~BlockingClient();
    BlockingClient(const BlockingClient&) = delete;
    BlockingClient& operator=(const BlockingClient&) = delete;

    // True: it is open.
    [[nodiscard]] explicit operator bool() const noexcept {
        return client_->ready_state() == ReadyState::open;
    }
    // Sends a message, and waits until the system has taken it: `sent`. `closed`: the connection
    // ended before. `dropped`: fragments of another message are being sent, or there is no memory.
    SendResult send(Message message);

    struct Received {
        Message::Kind kind = Message::Kind::text;
        std::string data{};

        [[nodiscard]] const std::string& text() const noexcept { return data; }
    };
    // Returns the next message. Empty: none came in time, or the connection has ended, which
    // is_closed() tells.
    [[nodiscard]] std::optional<Received> receive(Duration limit = for_ever);
    // Closes, and waits for the server, for ClientOptions::close_timeout_ms at most. Messages that
    // were not received by then are lost, as the standard requires, except one that was read ahead.
    // False: the code or the reason cannot be sent, or it is closed already.
    bool close(std::uint16_t code = close_code::normal, std::string_view reason = {});

    [[nodiscard]] bool is_closed() const noexcept {
        return client_->ready_state() == ReadyState::closed;
    }
    // The error by which it could not be opened, or failed.
    [[nodiscard]] const ClientError& error() const noexcept { return error_; }
    // The end. Requires: is_closed().
    [[nodiscard]] const CloseEvent& close_event() const noexcept { return close_event_; }
    // The client behind it, for functions that this class does not have.
    [[nodiscard]] Client& client() noexcept { return *client_; }

  private:
    template <class F>
    void turn_until(F is_so, Duration limit = for_ever);
    [[nodiscard]] ClientHandlers handlers();

    Loop loop_{};
    std::deque<Received> messages_{};
    ClientError error_{};
    std::string reason_{};
    CloseEvent close_event_{};
    std::optional<Client> client_{};
};

}  // namespace edgews
