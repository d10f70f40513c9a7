// A client's pings while it is open: they keep the connection alive, measure the way to the server
// and back, and find out that it has fallen silent.
//
//     start()──▶ resting ──ping_ms──▶ a ping leaves ──ping_ms──▶ the next one leaves …
//                                      ├── anything is heard ──▶ it is answered
//                                      └── pong_timeout_ms ────▶ server_is_silent()
//
// The time in which something has to be heard begins with the first ping that waits for it.
#pragma once

#include <edgews/client_options.hpp>
#include "net/loop/alarm.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace edgews {

class WebSocketConnection;

class ClientPings final {
  public:
    class Owner {
      public:
        // The owner gives the connection up.
        virtual void server_is_silent() = 0;

      protected:
        ~Owner() = default;
    };

    // All are borrowed.
    ClientPings(Reactor& reactor, const ClientOptions& options, Owner& owner);

    // The connection has opened. It is borrowed until stop().
    void start(WebSocketConnection& connection);
    // None leaves any more, and no answer is waited for. One that comes is measured.
    void stop() noexcept;
    // A pong came. It may be to a ping of the application's.
    void take_pong(std::span<const std::byte> payload) noexcept;

    // Microseconds between the last ping that was answered and its pong. Empty: none was.
    [[nodiscard]] std::optional<std::uint32_t> latency_us() const noexcept { return latency_us_; }
    // Another connection is to be opened.
    void forget_latency() noexcept { latency_us_.reset(); }

  private:
    void ping();
    void check_pong();
    [[nodiscard]] bool is_answered() const noexcept;

    Reactor& reactor_;
    const ClientOptions& options_;
    Owner& owner_;
    WebSocketConnection* connection_ = nullptr;
    Alarm next_ping_;
    Alarm pong_limit_;
    std::uint64_t pinged_us_ = 0;    // When the last ping left,
    std::uint64_t answered_us_ = 0;  // and the last one whose pong came.
    std::uint32_t pinged_ms_ = 0;    // When the first one left that waits for an answer.
    std::optional<std::uint32_t> latency_us_{};
};

}  // namespace edgews
