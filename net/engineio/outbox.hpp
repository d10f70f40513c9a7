// Packets that wait for a client that polls, or until its WebSocket is there. They count as what
// peers make the server hold (ServerOptions::memory_max).
#pragma once

#include "core/engineio/payload.hpp"
#include "net/engineio/shared_packet.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace edgews {

class BufferPool;
class Connection;

namespace engineio {

class Outbox {
  public:
    static constexpr std::size_t packet_cost = 64;  // Bytes of each, beside what it says.

    // `pool`: of its loop, until leave_loop().
    explicit Outbox(BufferPool& pool) noexcept : pool_(&pool) {}
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;
    ~Outbox() { leave_loop(); }

    void add(SharedPacket packet);
    // The loop's pool may go: nothing is counted there any more.
    void leave_loop() noexcept;
    [[nodiscard]] bool is_empty() const noexcept { return packets_.empty(); }
    // Bytes, of each packet its cost included.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] static std::size_t cost_of(const SharedPacket& packet) noexcept {
        return packet.prepared().payload_size() + packet_cost;
    }

    // Takes packets out, the oldest first, as long as they fit.
    void write_to(PayloadWriter& writer);
    // The same of a payload of their own.
    [[nodiscard]] std::string take_payload(std::size_t size_max);
    // Takes all of them out. Where there is no room for one, the connection is closed.
    void send_to(Connection& connection);

  private:
    void shrink(std::size_t size) noexcept;

    BufferPool* pool_;  // Null: it has left its loop.
    std::vector<SharedPacket> packets_{};
    std::size_t size_ = 0;
};

}  // namespace engineio

}  // namespace edgews
