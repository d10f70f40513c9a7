// The way of a client's bytes to its server and back, for protocols that do not care what carries
// them: a socket of their own (net/client/tcp_carrier.hpp), perhaps with TLS, or a WebSocket.
#pragma once

#include <edgews/address.hpp>
#include <edgews/client_options.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace edgews {

class Carrier {
  public:
    // Who is told, never from within the carrier's own functions. Any of these may destroy the
    // carrier.
    class Owner {
      public:
        virtual void carrier_opened() = 0;
        virtual void carrier_received(std::span<const std::byte> bytes) = 0;
        // The peer has taken what waited, or some of it.
        virtual void carrier_drained() = 0;
        // It could not be opened, or has ended. The last that is told.
        virtual void carrier_lost(ClientError error) = 0;

      protected:
        ~Owner() = default;
    };

    Carrier() = default;
    Carrier(const Carrier&) = delete;
    Carrier& operator=(const Carrier&) = delete;
    // Ends it at once, unless finish() was called.
    virtual ~Carrier() = default;

    // Over a WebSocket it is one message. Requires: it was opened.
    virtual void send(std::string_view bytes) = 0;
    // Sends what waits, and then ends; the owner is told nothing any more.
    virtual void finish() = 0;
    virtual void pause() = 0;
    virtual void resume() = 0;
    // Sends as much as the system takes. Without this it does so at the end of the turn.
    virtual void flush() = 0;
    // Bytes that wait, and that the peer's system has not acknowledged. A system call.
    [[nodiscard]] virtual std::size_t untaken_size() const noexcept = 0;
    // What it is doing.
    [[nodiscard]] virtual ClientStage stage() const noexcept = 0;
    // Bytes that the system has not taken yet, or that did not leave before the end.
    [[nodiscard]] virtual std::size_t unsent_size() const noexcept = 0;
    [[nodiscard]] virtual const Address& peer() const noexcept = 0;
};

}  // namespace edgews
