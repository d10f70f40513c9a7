// A client of Socket.IO outside a simulated world: it polls, goes on by WebSocket or begins with
// one, loses its connections and comes back as who it was. Written apart from the engine's parsers,
// and as npm's client does it.
#pragma once

#include "http_peer.hpp"
#include "scenario.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {

// Who says things, each numbered from 0: the world's thread and the loops to all, and a socket to
// itself.
inline constexpr std::size_t speaker_count = 4;
inline constexpr std::size_t alone = 3;

struct SocketIoHouse {
    std::uint16_t port = 0;
    std::array<int, speaker_count> said{};
    std::array<int, 8> said_alone{};  // By the index of the guest.
    // Connections are let in, and no session ends by itself.
    bool is_calm = true;
};

class SocketIoGuest {
  public:
    SocketIoGuest(World& world, Record& record, SocketIoHouse& house, std::size_t index,
                  const Pace& pace)
        : world_(world), record_(record), house_(house), index_(index), pace_(pace) {}

    // It comes, and some more times.
    void come(std::uint64_t delay_ns, std::uint32_t life_count);
    // It has something to do by itself.
    [[nodiscard]] bool is_busy() const noexcept { return plan_count_ > 0; }
    // It was let in, nothing has gone wrong since, and if it tried a WebSocket, it has that.
    [[nodiscard]] bool is_well() const noexcept;
    // Asked when nothing happens any more: tries again, if it is not well.
    void look_after();
    // All that was said has come.
    void judge();
    // What comes from now on does not count.
    void leave() noexcept { ++life_; }

  private:
    enum class Transport : std::uint8_t { polling, websocket, upgrade };
    enum class Loss : std::uint8_t { reset, end, silence };

    void plan(std::uint64_t delay_ns_max, std::function<void()> act);
    void begin();
    void misbehave();
    void lose(Loss loss);
    void ask(std::string_view method, std::string_view body,
             std::function<void(const std::string&)> answered);
    void poll();
    void post();
    void open_web();
    void take_web(std::string_view packet);
    void change_over();
    void send(std::string packet);
    void take_payload(std::string_view payload);
    void take(std::string_view packet);
    void take_connected(std::string_view packet);
    void take_event(std::string_view packet);
    [[nodiscard]] std::string claim() const;

    World& world_;
    Record& record_;
    SocketIoHouse& house_;
    const std::size_t index_;
    const Pace pace_;
    std::uint32_t lives_left_ = 0;
    std::uint32_t plan_count_ = 0;
    std::uint32_t life_ = 0;

    // Of this life.
    Transport transport_ = Transport::polling;
    std::string session_id_{};
    std::string outgoing_{};  // For the next POST, or until it has its WebSocket.
    bool is_polling_ = false;
    bool is_posting_ = false;
    bool is_changing_ = false;  // It begins no request any more.
    bool is_connected_ = false;
    bool has_web_ = false;  // And says all there.
    WebSocketPeer* web_ = nullptr;
    bool is_broken_ = false;
    std::vector<HttpPeer*> asked_{};  // And not answered.

    // Of all.
    std::string private_id_{};
    std::string offset_{};
    std::array<int, speaker_count> next_{-1, -1, -1, -1};  // -1: it has heard nothing yet.
    bool has_heard_end_ = false;
    std::vector<std::unique_ptr<HttpPeer>> peers_{};
    std::vector<std::unique_ptr<WebSocketPeer>> webs_{};
};

}  // namespace edgews::sim::test
