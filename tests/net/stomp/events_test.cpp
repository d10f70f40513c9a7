// What a STOMP broker, a relay and a STOMP client tell their on_event hooks.
#include <edgews/event.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "relay_nodes.hpp"
#include "stomp_server.hpp"
#include "tests/support/stomp_client_fixture.hpp"
#include "tests/support/told_events.hpp"

namespace edgews::test {
namespace {

using stomp::Frame;

StompHooks picky() {
    return {.authenticate =
                [](const StompClient&, const Frame& connect) {
                    const auto login = connect.find("login");
                    if (login == "throw") throw std::runtime_error("no database");
                    if (login == "refuse") throw StompRefusal("not today");
                    return StompAccess{.is_granted = login != "mallory"};
                },
            .authorise =
                [](const StompClient&, StompAction, stomp::Destination destination) {
                    return destination.text() != "/topic/secret";
                },
            .disconnected =
                [](const StompClient&, stomp::Fault fault) {
                    if (fault == stomp::Fault::none) throw std::runtime_error("no log");
                }};
}

struct Said {
    const char* name;
    const char* connect;
    const char* frame;  // Behind CONNECT. "": there is none.
    List told;
};

const Said sessions[] = {
    {"a login that is refused",
     "login:mallory\n",
     "",
     {"notice access_refused 1008: Access was refused."}},
    {"a hook that refuses", "login:refuse\n", "", {"notice access_refused 1011: not today"}},
    {"a hook that throws", "login:throw\n", "", {"error handler_failed 1011: no database"}},
    {"a destination that is refused",
     "",
     "SEND\ndestination:/topic/secret\n\n",
     {"notice access_refused 1008: Access was refused."}},
    {"an unknown command",
     "",
     "BREW\n\n",
     {"notice protocol_error 1002: This command is unknown."}},
    {"a long body",
     "",
     "SEND\ndestination:/topic/a\ncontent-length:2000000\n\n",
     {"notice protocol_error 1009: The body is larger than the limit."}},
    {"a subscription too many",
     "",
     "SUBSCRIBE\nid:1\ndestination:/topic/a\n\n",
     {"warning limit_reached 1008: The session has as many subscriptions as the limit."}},
    {"a hook that throws at the end",
     "",
     "DISCONNECT\nreceipt:1\n\n",
     {"error handler_failed 0: no log"}},
};

TEST(StompEvents, each_end_of_a_session_that_is_not_its_own_wish_is_told_once) {
    for (const Over over : both) {
        for (const Said& row : sessions) {
            SCOPED_TRACE(std::string(name_of(over)) + ": " + row.name);
            ToldEvents events;
            {
                StompOptions options{.broker = {.subscription_count_max = 0}};
                options.on_event = events.hook();
                StompServer server(std::move(options), picky());
                StompPeer peer = server.open(over);
                peer.say("CONNECT\naccept-version:1.2\nhost:x\n" + std::string(row.connect) + "\n");
                if (*row.frame != '\0') {
                    (void)peer.hear("CONNECTED");
                    peer.say(row.frame);
                }
                (void)events.wait_for(row.told.size());
            }
            EXPECT_EQ(events.all(), row.told);
            EXPECT_EQ(events.peers(), List{over == Over::tcp ? "unix" : "127.0.0.1"});
        }
    }
}

TEST(StompEvents, who_says_nothing_in_time_is_told) {
    ToldEvents events;
    StompOptions options{.connect_timeout_ms = 10};
    options.on_event = events.hook();
    StompServer server(std::move(options));
    StompPeer peer = server.open(Over::tcp);
    EXPECT_EQ(events.wait_for(1),
              List{"notice protocol_error 1002: The first frame must be CONNECT."});
}

// It is the server's matter.
TEST(StompEvents, who_reads_no_receipts_is_told_to_the_server) {
    ToldEvents events;
    ServerOptions server_options;
    server_options.on_event = events.hook();
    StompServer server({.output_size_max = 100'000}, {}, std::move(server_options));
    StompPeer peer = server.connect(Over::tcp);
    const std::string frame =
        "SEND\ndestination:/topic/a\nreceipt:" + std::string(900, 'r') + "\n\n" + '\0';
    const std::string much = [&] {
        std::string frames;
        for (int i = 0; i < 1'000; ++i) frames += frame;
        return frames;
    }();
    try {
        for (int i = 0; i < 1'000; ++i) peer.client().send(much);
        ADD_FAILURE() << "it was never dropped";
    } catch (const std::runtime_error&) {
        // As it has to be.
    }
    EXPECT_EQ(events.wait_for(1), List{"warning consumer_slow 0: StompOptions::output_size_max"});
}

TEST(StompEvents, a_relay_tells_of_its_upstream_broker) {
    ToldEvents events;
    Hub hub;
    const std::string url = hub.url();
    {
        RelaySetup setup{.options = {.on_event = events.hook()}};
        RelayNode relay(url, std::move(setup));
        EXPECT_EQ(events.wait_for(1), List{"info upstream_found 0: " + url});
        hub.end();
        const List told = events.wait_for(2);
        EXPECT_TRUE(told[1].starts_with("error upstream_lost 0: " + url + ": ")) << told[1];
        hub.begin();
        relay.wait_until([](const StompRelayStats& s) { return s.upstreams[0].connects == 2; });
    }
    EXPECT_EQ(events.all().back(), "info upstream_found 0: " + url);
}

class StompClientEvents : public StompClientFixture {
  protected:
    [[nodiscard]] stomp::ClientOptions telling(const PlayedBroker& broker, bool reconnects) {
        stomp::ClientOptions options{.brokers = {broker.url()},
                                     .reconnect = {.enabled = reconnects, .delay_ms = 1}};
        options.connection.on_event = [this](const EngineEvent& event) {
            const bool is_again = event.kind == EventKind::reconnecting;
            told.push_back(is_again ? "again: " + std::string(event.text) : to_string(event));
        };
        return options;
    }
    List told{};
};

TEST_F(StompClientEvents, a_broker_that_goes_and_the_next_try_are_told_once) {
    for (const Over over : both) {
        told.clear();
        forget();
        const PlayedBroker broker(loop, over);
        PlayedSession session = open(broker, telling(broker, true), noting());
        session.raw.close();
        ASSERT_TRUE(until([&] { return told.size() >= 2; }));
        EXPECT_TRUE(told[0].starts_with("warning connect_failed 0: " + broker.url())) << told[0];
        EXPECT_EQ(told[1], "again: " + broker.url());
    }
}

TEST_F(StompClientEvents, handlers_that_throw_are_told) {
    for (const Over over : both) {
        told.clear();
        const PlayedBroker broker(loop, over);
        stomp::ClientHandlers handlers{
            .connected = [](stomp::Client&) { throw std::runtime_error("no such queue"); }};
        start(telling(broker, false), std::move(handlers));
        PlayedSession session = broker.connect();
        ASSERT_TRUE(until([&] { return told.size() >= 2; }));
        EXPECT_EQ(told[0], "error handler_failed 0: no such queue");
        EXPECT_TRUE(told[1].ends_with("a handler threw: no such queue")) << told[1];
        EXPECT_EQ(told.size(), 2U);
    }
}

}  // namespace
}  // namespace edgews::test
