// What the two processes of a soak tell each other.
#pragma once

#include "net/loop/fd.hpp"

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

#include "gauge.hpp"

namespace soak {

// Where a server listens.
struct Ports {
    std::uint16_t plain = 0;
    std::uint16_t tls = 0;
    std::uint16_t proxied = 0;  // Behind a PROXY header.
    std::uint16_t stomp = 0;
    std::uint16_t relay = 0;  // STOMP, too, of which another broker has the topics and queues.
    pid_t pid = 0;            // Names its Unix socket.

    [[nodiscard]] std::string unix_path() const {
        return "@edgews-soak-" + std::to_string(pid) + "-" + std::to_string(plain);
    }
};

// The server's process to the clients'.
struct Order {
    enum class Kind : std::uint8_t {
        churn,
        calm,  // All leave, and nobody comes.
        end,
    };
    Kind kind = Kind::churn;
    Ports lasting{};  // The server that is there all the time,
    Ports passing{};  // and one that comes and goes; port 0: there is none.
};

// The answer, once a second.
struct Report {
    Usage usage{};
    std::uint64_t live = 0;           // Clients that are at it.
    std::uint64_t begun_total = 0;    // All that there were.
    std::uint64_t wrong_total = 0;    // Answers that were not what they should be.
    std::uint64_t idle_personas = 0;  // Kinds of clients of which none got what it came for.
};

// One end of a pair of sockets; each message arrives whole, or not at all.
class Channel {
  public:
    explicit Channel(edgews::Fd fd) noexcept : fd_(std::move(fd)) {}

    template <class T>
    void send(const T& message) const noexcept {
        static_cast<void>(::send(fd_.get(), &message, sizeof message, MSG_NOSIGNAL));
    }
    enum class Result : std::uint8_t { received, nothing, over };
    // Does not wait.
    template <class T>
    [[nodiscard]] Result receive(T& message) const noexcept {
        const auto size = ::recv(fd_.get(), &message, sizeof message, MSG_DONTWAIT);
        if (size == sizeof message) return Result::received;
        return size < 0 ? Result::nothing : Result::over;
    }

  private:
    edgews::Fd fd_;
};

}  // namespace soak
