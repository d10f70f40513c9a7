// Packets that wait for a client that polls, or until its WebSocket is there. They count as what
// peers make the server hold (ServerOptions::memory_max).
#pragma once

#include "core/engineio/dialect.hpp"
#include "core/engineio/payload.hpp"
#include "net/engineio/shared_packet.hpp"

#include <cstddef>
#include <string>
#include <string_view>
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

    // Takes packets out, the oldest first, as long as they fit. `open`: a packet as text that goes
    // in front of them. Empty: none does.
    [[nodiscard]] Payload take_payload(std::size_t size_max, Dialect dialect,
                                       std::string_view open = {});
    // Takes all of them out.
    [[nodiscard]] std::vector<SharedPacket> take_all() noexcept;
    // The same, to that connection. Where there is no room for one, it is closed.
    void send_to(Connection& connection, Dialect dialect);

  private:
    template <class Writer>
    void write_to(Writer writer, std::string_view open);
    void shrink(std::size_t size) noexcept;

    BufferPool* pool_;  // Null: it has left its loop.
    std::vector<SharedPacket> packets_{};
    std::size_t size_ = 0;
};

}  // namespace engineio

}  // namespace edgews
