// The parts that the streams of one loop share: queues and memory to send and to receive with, and
// the line of those that wait for a transport's handshake.
//
// It is made with the loop's first stream. It belongs to the loop's thread.
#pragma once

#include "core/websocket/output_queue.hpp"
#include "net/loop/reactor.hpp"
#include "net/stream/handshake_line.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace edgews {

class StreamsOnLoop final : public Attachment {
  public:
    explicit StreamsOnLoop(Reactor& reactor);
    [[nodiscard]] static StreamsOnLoop& of(Reactor& reactor) {
        return reactor.attached<StreamsOnLoop>();
    }

    [[nodiscard]] Reactor& reactor() const noexcept { return reactor_; }
    [[nodiscard]] HandshakeLine& handshakes() const noexcept { return handshakes_; }

    // An empty queue on loan, for a socket that has something to send.
    [[nodiscard]] std::unique_ptr<OutputQueue> take_queue();
    void give_back(std::unique_ptr<OutputQueue> queue) noexcept;
    // Bytes that the queues which are kept at hand take of the reactor's pool, at most.
    static constexpr std::size_t queues_size_max = 64 * (32 + 4 + 1) * 1024;

    // Where transports receive what they have yet to open: as Reactor::receive_space(), and taken
    // when the first one asks.
    [[nodiscard]] std::span<std::byte> transport_space();

    // Counts bytes that nobody wanted, of all streams together: whether these fill another unit.
    // Whose do, has sent about as many units as he is told so, and need not remember bytes.
    static constexpr std::size_t discarded_unit = 1024 * 1024;
    [[nodiscard]] bool fills_discarded_unit(std::size_t size) noexcept;

  private:
    using Queues = std::vector<std::unique_ptr<OutputQueue>>;

    Reactor& reactor_;
    HandshakeLine& handshakes_;  // The reactor owns it.
    Queues warm_queues_;         // Those that keep a chunk: taken first.
    Queues queues_;
    std::unique_ptr<std::byte[]> transport_space_;
    std::size_t discarded_size_ = 0;
};

}  // namespace edgews
