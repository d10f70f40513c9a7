// A relay to a broker that the test plays, frame by frame.
//
//     PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
//     Consumer joe = consume();            // With a connection of its own.
//     const StompReply message = deliver(joe, "m1");
#pragma once

#include <edgews/loop.hpp>
#include <edgews/stomp_relay.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "relay_nodes.hpp"
#include "tests/support/played_broker.hpp"

namespace edgews::test {

using stomp::UpstreamKind;

inline std::string id_of(const std::string& frame) {
    return PlayedSession::line(frame, "id");
}

// "SUBSCRIBE 3 /topic/a": what a frame is, its id, and its destination.
inline std::string short_of(const std::string& frame) {
    std::string text = frame.substr(0, frame.find('\n'));
    for (const char* const name : {"id", "destination"}) {
        const std::string value = PlayedSession::line(frame, name);
        if (value != "-") text += ' ' + value;
    }
    return text;
}

class PlayedUpstream : public testing::Test {
  protected:
    // The relay's loop runs in a thread, and the broker's where the test is.
    RelayNode& start(UpstreamKind kind = UpstreamKind::edgews, stomp::ClientOptions upstream = {},
                     StompOptions options = {}) {
        if (upstream.brokers.empty()) upstream.brokers = {broker.url()};
        upstream.heart_beat = {};
        upstream.reconnect = {.enabled = true, .delay_ms = 1, .delay_max_ms = 1};
        node.emplace(broker.url(), RelaySetup{.relay = {.upstream = std::move(upstream),
                                                        .kept_ms = 20'000,
                                                        .kind = kind,
                                                        .prefixes = prefixes,
                                                        .linger_ms = linger_ms},
                                              .options = std::move(options),
                                              .hooks = hooks,
                                              .relay_hooks = relay_hooks});
        return *node;
    }
    // The same, and its shared connection is there.
    PlayedSession start_connected(UpstreamKind kind = UpstreamKind::edgews,
                                  stomp::ClientOptions upstream = {}) {
        start(kind, std::move(upstream));
        PlayedSession shared = broker.connect();
        node->wait_until([](const StompRelayStats& s) { return s.upstreams[0].is_available; });
        return shared;
    }
    // A client that consumes from a queue, by a connection of its own.
    struct Consumer {
        StompPeer peer;
        PlayedSession own;
        std::string number{};     // Of its subscription upstream,
        std::string subscribe{};  // and how it was made.
    };
    Consumer consume(const std::string& lines = "ack:client-individual\n",
                     const std::string& destination = "/queue/a") {
        StompPeer peer = node->connect();
        peer.say("SUBSCRIBE\nid:1\ndestination:" + destination + "\nreceipt:there\n" + lines +
                 "\n");
        PlayedSession own = broker.connect();
        const std::string subscribe = own.confirm();
        expect_receipt(peer, "there");
        return {std::move(peer), std::move(own), id_of(subscribe), subscribe};
    }
    static StompReply deliver(Consumer& consumer, const std::string& name) {
        consumer.own.deliver(consumer.number, name, "ack:" + name + "\n");
        return consumer.peer.hear("MESSAGE");
    }

    Loop loop{};
    PlayedBroker broker{loop, Over::tcp};
    std::vector<std::string> prefixes{"/topic/", "/queue/"};
    std::uint32_t linger_ms = 10'000;
    StompHooks hooks{};
    StompRelayHooks relay_hooks{};
    std::optional<RelayNode> node{};
};

}  // namespace edgews::test
