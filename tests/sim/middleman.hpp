// A machine between clients and a server that passes on what either says, and now and then breaks
// a connection: at any byte, in one way or another.
#pragma once

#include <edgews/sim.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace edgews::sim::test {

struct MiddlemanOptions {
    // Of connections; and of those that it passes on every second is spared.
    std::uint32_t break_count_max = 0;
    bool may_fall_mute = false;
    bool may_alter = false;  // Bytes, where somebody would tell.
};

class Middleman {
  public:
    // Connects to that port of 127.0.0.1 for each that connects to its own.
    Middleman(World& world, std::uint16_t server_port, const MiddlemanOptions& options);
    Middleman(const Middleman&) = delete;
    Middleman& operator=(const Middleman&) = delete;
    ~Middleman();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    // Breaks no more. What has fallen mute stays so.
    void calm_down();

    // What it does at some byte of one direction.
    enum class Break : std::uint8_t { ends, resets, falls_mute, alters };

  private:
    class End;
    void accept_all();
    void pass_on(std::shared_ptr<Socket> child);
    [[nodiscard]] Break drawn_break();

    World& world_;
    std::uint16_t server_port_;
    MiddlemanOptions options_;
    std::shared_ptr<TcpSocket> socket_;
    std::uint16_t port_ = 0;
    std::vector<std::unique_ptr<End>> ends_{};
    // Its events outlive it, and then do nothing.
    std::shared_ptr<bool> is_there_ = std::make_shared<bool>(true);
};

}  // namespace edgews::sim::test
