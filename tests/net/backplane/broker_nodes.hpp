// Nodes with brokers whose topics are carried, for tests: see hub.hpp.
//
//     BackplaneHub hub;
//     BrokerNode a(hub.url()), b(hub.url());
//     StompPeer joe = a.connect();
#pragma once

#include <edgews/backplane.hpp>
#include <edgews/stomp_broker.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "hub.hpp"
#include "tests/net/stomp/stomp_server.hpp"

namespace edgews::test {

struct BrokerSetup {
    BackplaneOptions backplane{};  // Its prefix is "/topic/news", unless it says others.
    StompOptions options{};
    StompHooks hooks{};
    unsigned loops = 1;
    std::uint16_t port = 0;
};

// Its server has a route, too, which is subscribed to the topic "/topic/news".
class BrokerNode {
  public:
    // Connected to the hub, if that is there.
    explicit BrokerNode(std::string url, BrokerSetup setup = {}, bool is_connected = true)
        : backplane(with(std::move(url), std::move(setup.backplane)),
                    {.gap = [this](const TopicGap& gap) { hear(gap); },
                     .upstream =
                         [this](bool is_available, std::string_view, std::string_view) {
                             upstream.add(is_available ? "available" : "away");
                         }}),
          broker(std::move(setup.options), std::move(setup.hooks)),
          server({.loops = setup.loops}) {
        broker.backplane(backplane);
        broker.attach(*server.operator->(), "/ws");
        server->ws("/news", {.open = [](Connection& c) { c.subscribe("/topic/news"); }});
        const Error error =
            broker.listen(*server.operator->(), {.host = "127.0.0.1", .port = setup.port});
        if (error) throw std::runtime_error(error.message);
        server.start();
        if (is_connected) (void)upstream.wait_for(1);
    }

    StompPeer connect(std::string_view lines = "") {
        StompPeer peer(server.connect(), Over::tcp);
        peer.connect(lines);
        return peer;
    }
    [[nodiscard]] TestClient open_route() {
        const std::string& address = server->listening_on(1);
        const std::string port = address.substr(address.rfind(':') + 1);
        return TestClient::opened(static_cast<std::uint16_t>(std::stoul(port)), "/news");
    }
    void await(BackplaneCounter counter, std::uint64_t value) {
        server.wait_until([&] { return backplane.stats()[counter] == value; });
    }
    [[nodiscard]] std::uint64_t operator[](BackplaneCounter counter) const {
        return backplane.stats()[counter];
    }

    Notes notes{};     // Gaps, in order.
    Notes upstream{};  // "available", "away".
    Function<void(const TopicGap&)> on_gap{};
    Backplane backplane;
    StompBroker broker;
    TestServer server;

  private:
    void hear(const TopicGap& gap) {
        notes.add(describe(gap));
        if (on_gap) on_gap(gap);
    }
    static BackplaneOptions with(std::string url, BackplaneOptions options) {
        options.upstreams = {std::move(url)};
        if (options.prefixes.empty()) options.prefixes = {"/topic/news"};
        options.reconnect.delay_max_ms = 50;
        return options;
    }
};

}  // namespace edgews::test
