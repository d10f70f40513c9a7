// Those who come to a server in a history: outside the engine, and clients of its own.
#pragma once

#include "visit.hpp"

#include "sim/websocket_peer.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {

// Says each sentence when the one before has come back, and then goodbye.
class EchoGuest {
  public:
    EchoGuest(Visit& visit, std::string name, std::vector<std::string> sentences);
    void come(std::uint16_t port);

  private:
    void say_next();

    Guest& guest_;
    WebSocketPeer peer_;
    std::vector<std::string> sentences_;
    std::size_t next_ = 0;
};

// Waits for so many messages, and then for the server's goodbye.
class TopicGuest {
  public:
    TopicGuest(Visit& visit, std::string name, std::size_t message_count);
    void come(std::uint16_t port);

  private:
    Guest& guest_;
    WebSocketPeer peer_;
    std::size_t left_;
};

// Is one too many, and sent away; unless somebody was lost whose place it gets, and then it leaves.
class SurplusGuest {
  public:
    SurplusGuest(Visit& visit, std::string name);
    void come(std::uint16_t port);

  private:
    Guest& guest_;
    WebSocketPeer peer_;
};

// Reads nothing for a while, then a little, then nothing, then all: so many messages.
class SlowGuest {
  public:
    SlowGuest(Visit& visit, std::string name, std::size_t message_count);
    void come(std::uint16_t port);

  private:
    void read_after(std::uint64_t milliseconds);

    World& world_;
    Guest& guest_;
    WebSocketPeer peer_;
    std::size_t left_;
};

// Takes so many milliseconds for the second half of a message, waits for the echo, and leaves.
class SlowSpeaker {
  public:
    SlowSpeaker(Visit& visit, std::string name, std::uint64_t pause_ms);
    void come(std::uint16_t port);

  private:
    Guest& guest_;
    WebSocketPeer peer_;
};

// Asks for a page, and when it is there once more.
class PageGuest final : public Peer {
  public:
    PageGuest(Visit& visit, std::string name);
    void come(std::uint16_t port);

  private:
    void on_open() override { ask(); }
    void on_bytes(std::string_view bytes) override;
    void on_end() override;
    void ask();

    Guest& guest_;
    std::string input_{};
    unsigned answer_count_ = 0;
};

// A client of the engine's: it says each sentence when the one before has come back, over as many
// connections as it takes, and then goodbye. It belongs to its loop's thread, and to nobody else.
class ClientGuest {
  public:
    ClientGuest(Visit& visit, std::string name, std::vector<std::string> sentences);
    void connect(Loop& loop, const std::string& url, ClientOptions options);
    void destroy() { client_.reset(); }
    // It has said goodbye, or will never be able to.
    std::function<void()> done{};

  private:
    void say_next(Client& client);
    void on_message(Client& client, Message message);
    void on_close(const CloseEvent& event);

    Guest& guest_;
    std::vector<std::string> sentences_;
    std::size_t next_ = 0;
    std::optional<Client> client_{};
};

// Turns `loop` until the guest is done; one that cannot be has 2 seconds.
void run_client(Loop& loop, ClientGuest& guest, const std::string& url, ClientOptions options);

}  // namespace edgews::sim::test
