// A listening socket on a loop.
#pragma once

#include <edgews/event.hpp>
#include "net/loop/fd.hpp"
#include "net/loop/registered.hpp"

#include <cstdint>
#include <memory>

namespace edgews {

class Shard;
class StreamProtocol;
class TransportFactory;

// How a listener accepts.
struct ListenerSetup {
    bool is_shared = false;       // Other loops listen on the same socket.
    bool proxy_protocol = false;  // See ListenOptions.
    bool is_loopback = false;     // It listens on a loopback address.
    std::shared_ptr<const TransportFactory> tls{};
    std::shared_ptr<const StreamProtocol> protocol{};  // Null: HTTP.
};

// Level-triggered: what one batch leaves, the next turn finds. Survives the want of descriptors and
// memory: the first by a spare descriptor that lets it answer 503, the second by a pause.
class Listener final : public Watched {
  public:
    Listener(Shard& shard, Fd fd, const ListenerSetup& setup);
    ~Listener() override;
    // Registers with the shard's loop. 0, or the system's error number.
    [[nodiscard]] int start() noexcept;
    // Closes the socket and retires.
    void stop() noexcept;

    void on_events(std::uint32_t events) override;
    void on_timer() override;

  private:
    [[nodiscard]] bool accept_one();
    [[nodiscard]] bool survive(int error);
    [[nodiscard]] bool refuse_one(int error);
    void pause(int error) noexcept;
    void look_away() noexcept;
    void report(EventLevel level, int error) const noexcept;

    Shard& shard_;
    Fd fd_;
    Fd spare_;
    ListenerSetup setup_;
    int batch_ = 1;                // Accepted in one turn, at most.
    std::uint64_t last_turn_ = 0;  // In which there was someone to accept.
};

}  // namespace edgews
