// Nodes of a backplane for tests, and the hub that they meet at: a STOMP broker of this library's,
// which can go and come back.
//
//     BackplaneHub hub;
//     Node a(hub.url());
//     Node b(hub.url());
//     TestClient listener = b.listen("news");
//     a.server->publish("news", "hello");
//     listener.expect_text("hello");
#pragma once

#include <edgews/backplane.hpp>
#include <edgews/stomp_broker.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/test_server.hpp"

namespace edgews::test {

class BackplaneHub {
  public:
    BackplaneHub() { start(); }
    // On the same port each time.
    void start() {
        broker_.emplace();
        server_.emplace(ServerOptions{.loops = 1});
        const Error error =
            broker_->listen(*server_->operator->(), {.host = "127.0.0.1", .port = port_});
        if (error) throw std::runtime_error(error.message);
        port_ = server_->port();
        (*server_)->start();
    }
    void stop() {
        server_.reset();
        broker_.reset();
    }
    [[nodiscard]] std::string url() const { return "stomp://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] StompBroker& broker() { return *broker_; }

  private:
    std::optional<StompBroker> broker_{};
    std::optional<TestServer> server_{};
    std::uint16_t port_ = 0;
};

inline std::string describe(const TopicGap& gap) {
    if (gap.position.epoch != 0) {
        return "gap " + std::string(gap.topic) + " at " + std::to_string(gap.position.offset);
    }
    return "gap " + std::string(gap.topic) + " " + std::to_string(gap.first) + "-" +
           std::to_string(gap.last);
}

// All of its topics are carried but those that begin with "local". Connections to /TOPIC are
// subscribed to that, those to /TOPIC?from=EPOCH:OFFSET at that place, of which they are told
// "recovered EPOCH:OFFSET" or "not recovered EPOCH:OFFSET"; what they say is published there,
// "TOPIC=…" elsewhere; both are answered by nothing.
class Node {
  public:
    // Connected to the hub, which must be there.
    explicit Node(std::string url, BackplaneOptions options = {}, ServerOptions of_server = {})
        : backplane(with(std::move(url), std::move(options)),
                    {.gap = [this](const TopicGap& gap) { notes.add(describe(gap)); },
                     .upstream =
                         [this](bool is_available, std::string_view, std::string_view) {
                             upstream.add(is_available ? "available" : "away");
                         }}),
          server(std::move(of_server)) {
        server->backplane(backplane);
        server->ws<Place>(
            "/:topic",
            {.upgrade =
                 [this](const Request& request, Upgrade& upgrade) {
                     const std::string topic = *request.parameter("topic");
                     backplane.prepare(topic,
                                       [deferred = upgrade.defer()](bool) { deferred.accept(); });
                     upgrade.data<Place>() = {topic, request.query("from").value_or("")};
                 },
             .open = [this](Connection& c) { open(c); },
             .message =
                 [](Connection& c, Message m) {
                     const std::size_t middle = m.text().find('=');
                     if (middle == std::string_view::npos || !m.is_text()) {
                         c.publish(c.data<Place>().topic, m);
                     } else {
                         c.publish(m.text().substr(0, middle), m.text().substr(middle + 1));
                     }
                 }});
        server.start();
        (void)upstream.wait_for(1);
    }
    // Subscribed, here and upstream.
    [[nodiscard]] TestClient listen(const std::string& topic) { return server.open("/" + topic); }
    void await(BackplaneCounter counter, std::uint64_t value) {
        server.wait_until([&] { return backplane.stats()[counter] == value; });
    }
    [[nodiscard]] std::uint64_t operator[](BackplaneCounter counter) const {
        return backplane.stats()[counter];
    }

    Notes notes{};     // Gaps, in order.
    Notes upstream{};  // "available", "away".
    Backplane backplane;
    TestServer server;

  private:
    struct Place {
        std::string topic{};
        std::string from{};
    };
    void open(Connection& c) {
        const auto& [topic, from] = c.data<Place>();
        if (from.empty()) {
            c.subscribe(topic);
            return;
        }
        const std::size_t colon = from.find(':');
        const TopicPosition position{.epoch = std::stoull(from.substr(0, colon)),
                                     .offset = std::stoull(from.substr(colon + 1))};
        backplane.subscribe(c, topic, position, [](Connection& own, const TopicRecovery& result) {
            own.send((result.is_recovered ? "recovered " : "not recovered ") +
                     std::to_string(result.position.epoch) + ":" +
                     std::to_string(result.position.offset));
        });
    }
    static BackplaneOptions with(std::string url, BackplaneOptions options) {
        options.upstreams = {std::move(url)};
        if (options.prefixes.empty()) options.prefixes = {"news", "a", "b", "/"};
        options.reconnect.delay_max_ms = 50;
        return options;
    }
};

}  // namespace edgews::test
