// A hub and relays to it, in one process, over TCP, for tests.
//
//     Hub hub;
//     RelayNode one(hub.url()), other(hub.url());
//     StompPeer joe = one.connect();
#pragma once

#include <edgews/stomp_broker.hpp>
#include <edgews/stomp_relay.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "stomp_server.hpp"

namespace edgews::test {

// Whatever speaks STOMP on its server's first port.
class StompNode {
  public:
    StompNode(std::unique_ptr<StompBroker> made, unsigned loops, std::uint16_t port = 0)
        : loops_(loops),
          broker_(std::move(made)),
          server_(std::make_unique<TestServer>(ServerOptions{.loops = loops})) {
        listen(port);
    }

    [[nodiscard]] std::string url() const {
        return "stomp://127.0.0.1:" + std::to_string(server_->port());
    }
    StompPeer connect(std::string_view lines = "") {
        StompPeer peer(server_->connect(), Over::tcp);
        peer.connect(lines);
        return peer;
    }
    [[nodiscard]] StompBroker& broker() noexcept { return *broker_; }
    [[nodiscard]] TestServer& server() noexcept { return *server_; }
    // Its loops end; then there are others, of another server.
    void begin_anew() {
        server_ = std::make_unique<TestServer>(ServerOptions{.loops = loops_});
        listen(0);
    }

  private:
    void listen(std::uint16_t port) {
        const Error error =
            broker_->listen(*server_->operator->(), {.host = "127.0.0.1", .port = port});
        if (error) throw std::runtime_error(error.message);
        (*server_)->start();
    }

    unsigned loops_;
    std::unique_ptr<StompBroker> broker_;
    std::unique_ptr<TestServer> server_;
};

// A broker to relay to, which can end and come again in the same place, with nothing in it.
class Hub {
  public:
    explicit Hub(StompOptions options = {}, StompHooks hooks = {})
        : options_(std::move(options)), hooks_(std::move(hooks)) {
        begin();
    }

    [[nodiscard]] std::string url() const { return "stomp://127.0.0.1:" + std::to_string(port_); }
    void begin() {
        node_.emplace(std::make_unique<StompBroker>(options_, hooks_), 1U, port_);
        port_ = node_->server().port();
    }
    void end() { node_.reset(); }
    StompPeer connect() { return node_->connect(); }
    [[nodiscard]] StompBroker& broker() { return node_->broker(); }
    // Sessions, of whatever name, that subscribed to that topic, or consume from that queue.
    [[nodiscard]] std::size_t consumers(std::string_view name) {
        for (const StompDestination& destination : broker().destinations()) {
            if (destination.name == name) return destination.consumers;
        }
        return 0;
    }

  private:
    StompOptions options_;
    StompHooks hooks_;
    std::uint16_t port_ = 0;
    std::optional<StompNode> node_{};
};

struct RelaySetup {
    StompRelayOptions relay{};
    StompOptions options{};
    StompHooks hooks{};
    StompRelayHooks relay_hooks{};
    unsigned loops = 1;
};

class RelayNode {
  public:
    explicit RelayNode(const std::string& url, RelaySetup setup = {})
        : node_(make(url, setup), setup.loops) {
        wait_until([&](const StompRelayStats& s) { return s.upstreams.size() == setup.loops; });
    }

    StompPeer connect(std::string_view lines = "") { return node_.connect(lines); }
    [[nodiscard]] StompRelay& relay() { return static_cast<StompRelay&>(node_.broker()); }
    [[nodiscard]] StompNode& node() noexcept { return node_; }
    // Turns the loops until the counters are so.
    template <class F>
    void wait_until(F is_so) {
        node_.server().wait_until([&] { return is_so(relay().relay_stats()); });
    }

  private:
    static std::unique_ptr<StompRelay> make(const std::string& url, RelaySetup& setup) {
        if (setup.relay.upstream.brokers.empty()) setup.relay.upstream.brokers = {url};
        return std::make_unique<StompRelay>(std::move(setup.relay), std::move(setup.options),
                                            std::move(setup.hooks), std::move(setup.relay_hooks));
    }

    StompNode node_;
};

// Of the next frame, a MESSAGE.
inline std::string body_of(StompPeer& peer) {
    return peer.hear("MESSAGE").body;
}

// A RECEIPT of that id.
inline void expect_receipt(StompPeer& peer, const std::string& id) {
    EXPECT_TRUE(peer.hear("RECEIPT").has("receipt-id:" + id));
}

// Returns when the upstream broker has it.
inline void send_confirmed(StompPeer& peer, const std::string& destination, const std::string& body,
                           const std::string& lines = "") {
    peer.send(destination, body, lines + "receipt:sent\n");
    expect_receipt(peer, "sent");
}

// What acknowledges a message.
inline std::string ack_of(const StompReply& message) {
    return message.header("ack");
}

}  // namespace edgews::test
