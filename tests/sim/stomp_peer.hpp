// A STOMP client's connection outside a simulated world, over TCP or WebSocket.
#pragma once

#include "stomp_frame.hpp"

#include "sim/websocket_peer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace edgews::sim::test {

class StompPeer {
  public:
    StompPeer(World& world, bool is_over_websocket, const Pace& pace);
    ~StompPeer();

    // What happens to it; called as the world's events are.
    std::function<void(const StompFrame&)> frame{};
    std::function<void()> gone{};

    // Any bytes; over WebSocket in messages that are cut where chance has it.
    void send(std::string_view bytes);
    // It says no more: by FIN, or a close frame.
    void end();
    [[nodiscard]] Peer& peer() const noexcept;
    [[nodiscard]] const WebSocketPeer* websocket() const noexcept { return websocket_.get(); }
    // What it sends has to be UTF-8.
    [[nodiscard]] bool is_text() const noexcept { return is_text_; }
    // The longest time in which it heard nothing, since it asked.
    [[nodiscard]] std::uint64_t take_longest_silence_ns() noexcept;
    // The rule that the server broke, of STOMP or WebSocket; empty: none.
    [[nodiscard]] std::string fault() const;

  private:
    class Line;
    // Returns how many frames and heart-beats these were.
    std::size_t take(std::string_view bytes);
    void require(bool holds, const char* rule) {
        if (!holds && fault_.empty()) fault_ = rule;
    }

    World& world_;
    std::unique_ptr<Line> line_{};  // One of these two.
    std::unique_ptr<WebSocketPeer> websocket_{};
    bool is_text_ = false;
    Bytes input_{};
    std::string last_command_{};
    std::uint64_t heard_ns_ = 0;
    std::uint64_t longest_silence_ns_ = 0;
    std::string fault_{};
};

}  // namespace edgews::sim::test
