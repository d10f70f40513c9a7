// Clients of a STOMP broker in a history, over TCP and over WebSocket.
#pragma once

#include "visit.hpp"

#include "sim/peer.hpp"
#include "sim/websocket_peer.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace edgews::sim::test {

// What such a client says and waits for: it subscribes to a topic of its own and to the news, sends
// to its own, waits for both messages, and takes its leave.
class StompTalk {
  public:
    StompTalk(Guest& guest, std::string topic, std::function<void(std::string_view)> send);
    void begin();
    void take(std::string_view bytes);
    // The connection is over.
    void end(bool is_orderly);

  private:
    void take_frame(std::string_view frame);
    void say(std::string_view frame);

    Guest& guest_;
    std::string topic_;
    std::function<void(std::string_view)> send_;
    std::string input_{};
    bool has_own_ = false;
    bool has_news_ = false;
};

class StompTcpGuest final : public Peer {
  public:
    StompTcpGuest(Visit& visit, std::string name, std::string topic);
    void come(const Address& address);

  private:
    void on_open() override { talk_.begin(); }
    void on_bytes(std::string_view bytes) override { talk_.take(bytes); }
    void on_end() override { talk_.end(!was_reset()); }

    StompTalk talk_;
};

class StompWebSocketGuest {
  public:
    StompWebSocketGuest(Visit& visit, std::string name, std::string topic);
    void come(const Address& address);

  private:
    WebSocketPeer peer_;
    StompTalk talk_;
};

}  // namespace edgews::sim::test
