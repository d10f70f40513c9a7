// The options of a relay and its hooks, and what becomes of it when an upstream connection is lost.
#include <edgews/stomp_relay.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "relay_nodes.hpp"

namespace edgews::test {
namespace {

class StompRelayOf : public testing::Test {
  protected:
    Hub hub{};
};

TEST_F(StompRelayOf, only_what_has_a_prefix_goes_up) {
    RelayNode node(hub.url(), {.relay = {.prefixes = {"/topic/up/"}}});
    StompPeer joe = node.connect();
    joe.subscribe("/topic/down");
    joe.subscribe("/queue/down");
    joe.send("/topic/down", "1");
    EXPECT_EQ(body_of(joe), "1");
    joe.send("/queue/down", "2");
    EXPECT_EQ(body_of(joe), "2");
    EXPECT_EQ(hub.broker().stats().counters.received, 0U);
    joe.subscribe("/topic/up/a");
    joe.send("/topic/up/a", "3");
    EXPECT_EQ(body_of(joe), "3");
    EXPECT_EQ(hub.broker().stats().counters.received, 1U);
}

TEST_F(StompRelayOf, one_more_connection_than_may_be_is_refused) {
    RelayNode node(hub.url(), {.relay = {.own_connection_count_max = 2}});
    StompPeer first = node.connect();
    first.subscribe("/queue/a");
    first.subscribe("/queue/b");  // The same connection.
    StompPeer second = node.connect();
    second.subscribe("/topic/a", "selector:x\n");
    StompPeer third = node.connect();
    third.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\nreceipt:r\n\n");
    EXPECT_TRUE(
        third.expect_error("as many upstream connections as the limit", 0).has("receipt-id:r"));
    StompPeer fourth = node.connect();
    fourth.say("BEGIN\ntransaction:t\n\n");
    fourth.send("/topic/a", "x", "transaction:t\n");
    fourth.say("COMMIT\ntransaction:t\n\n");
    fourth.expect_error("as many upstream connections as the limit", 0);
    second.client().close();
    node.wait_until([](const StompRelayStats& stats) { return stats.own_connections == 1; });
    node.connect().subscribe("/queue/a");
}

TEST_F(StompRelayOf, nothing_goes_up_that_a_hook_forbids) {
    StompHooks hooks{
        .authorise = [](const StompClient&, StompAction, const stomp::Destination& destination) {
            return !destination.text().ends_with("secret");
        }};
    RelayNode node(hub.url(), {.hooks = hooks});
    for (const std::string_view frame :
         {"SEND\ndestination:/topic/secret\n\n", "SUBSCRIBE\nid:1\ndestination:/topic/secret\n\n",
          "SUBSCRIBE\nid:1\ndestination:/queue/secret\nack:client\n\n"}) {
        StompPeer joe = node.connect();
        joe.say(frame);
        joe.hear("ERROR");
    }
    StompPeer joe = node.connect();
    joe.say("BEGIN\ntransaction:t\n\n");
    joe.send("/queue/secret", "x", "transaction:t\n");
    joe.hear("ERROR");
    EXPECT_EQ(hub.broker().stats().destinations, 0U);
    EXPECT_EQ(hub.broker().stats().counters.received, 0U);
    EXPECT_EQ(node.relay().relay_stats().own_connections, 0U);
}

// By a connection of the session's own as well as by the shared one.
TEST_F(StompRelayOf, a_pattern_brings_nothing_that_a_hook_forbids) {
    StompHooks hooks{.authorise = [](const StompClient&, StompAction action,
                                     const stomp::Destination& destination) {
        return action == StompAction::send || !destination.text().ends_with("secret");
    }};
    for (const std::string lines : {"", "ack:client-individual\n", "selector:x\n"}) {
        SCOPED_TRACE(lines);
        RelayNode node(hub.url(), {.relay = {.prefetch_count = 2}, .hooks = hooks});
        StompPeer joe = node.connect();
        joe.subscribe("/topic/*", lines);
        for (int i = 0; i < 10; ++i) send_confirmed(joe, "/topic/secret", "no");
        joe.send("/topic/known", "yes");
        EXPECT_EQ(body_of(joe), "yes");
        EXPECT_EQ(node.relay().stats().counters.withheld, 10U);
    }
}

TEST(StompRelayHooks, an_own_connection_logs_in_as_the_hook_says_and_never_as_the_client) {
    Notes notes;
    Hub hub({}, {.authenticate = [&](const StompClient&, const stomp::Frame& connect) {
                notes.add(std::string(connect.find("login").value_or("-")) + ' ' +
                          std::string(connect.find("passcode").value_or("-")));
                return StompAccess{.user = "somebody"};
            }});
    RelayNode node(
        hub.url(),
        {.relay = {.upstream = {.brokers = {hub.url()}, .login = "relay", .passcode = "r"}},
         .hooks = {.authenticate =
                       [](const StompClient&, const stomp::Frame& connect) {
                           return StompAccess{.user = std::string(*connect.find("login"))};
                       }},
         .relay_hooks = {.upstream_login = [](const StompClient& client) {
             if (client.user != "joe") return StompUpstreamLogin{};
             return StompUpstreamLogin{.login = "upstream-joe", .passcode = "p"};
         }}});
    EXPECT_EQ(notes.wait_for(1)[0], "relay r");
    node.connect("login:joe\npasscode:secret\n").subscribe("/queue/a");
    EXPECT_EQ(notes.wait_for(2)[1], "upstream-joe p");
    node.connect("login:ann\npasscode:secret\n").subscribe("/queue/a", "login:ann\n");
    EXPECT_EQ(notes.wait_for(3)[2], "relay r");
}

TEST(StompRelayHooks, a_hook_that_throws_ends_its_session_and_counts_no_connection) {
    Hub hub;
    RelayNode node(hub.url(), {.relay = {.own_connection_count_max = 1},
                               .relay_hooks = {.upstream_login = [](const StompClient& client) {
                                   if (client.user == "") throw StompRefusal("not you");
                                   return StompUpstreamLogin{};
                               }}});
    for (int i = 0; i < 3; ++i) {
        StompPeer joe = node.connect();
        joe.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
        EXPECT_EQ(joe.hear("ERROR").body.substr(0, 7), "not you");
    }
    EXPECT_EQ(node.relay().relay_stats().own_connections, 0U);
}

TEST(StompRelayHooks, what_the_upstream_broker_refuses_is_its_subscribers_alone) {
    Hub hub({}, {.authorise = [](const StompClient&, StompAction action,
                                 const stomp::Destination& destination) {
                return action == StompAction::send || !destination.text().ends_with("secret");
            }});
    RelayNode node(hub.url(),
                   {.relay = {.upstream = {.reconnect = {.enabled = true, .delay_ms = 1}}}});
    StompPeer ann = node.connect();
    ann.subscribe("/topic/a", "gap:true\n");
    StompPeer joe = node.connect();
    joe.say("SUBSCRIBE\nid:1\ndestination:/topic/secret\nreceipt:r\n\n");
    joe.expect_error("upstream broker refused", 0);
    // Who is to blame was named, and for nobody else it was more than one loss.
    EXPECT_TRUE(ann.hear("MESSAGE").has("gap:true"));
    StompPeer sue = node.connect();
    sue.say("SUBSCRIBE\nid:1\ndestination:/queue/secret\nreceipt:r\n\n");
    sue.expect_error("upstream broker refused", 0);
    ann.subscribe("/topic/b");
    ann.send("/topic/b", "still there");
    EXPECT_EQ(body_of(ann), "still there");
    EXPECT_EQ(node.relay().relay_stats().upstreams[0].connects, 2U);
}

// ---- Losses ------------------------------------------------------------------------------------

TEST(StompRelayLoss, clients_stay_and_a_gap_is_told_to_who_wants_to_know) {
    Hub hub;
    Notes notes;
    StompRelayHooks hooks{
        .upstream =
            [&](bool is_available, std::string_view address, std::string_view) {
                if (is_available) notes.add("up " + std::string(address));
            },
        .gap =
            [&](std::string_view destination, std::size_t count) {
                notes.add("gap " + std::string(destination) + ' ' + std::to_string(count));
            }};
    RelayNode node(
        hub.url(),
        {.relay = {.upstream = {.reconnect = {.enabled = true, .delay_ms = 1, .delay_max_ms = 20}}},
         .relay_hooks = hooks});
    StompPeer joe = node.connect();
    joe.subscribe("/topic/a", "gap:true\n");
    StompPeer ann = node.connect();
    ann.subscribe("/topic/a");
    for (int i = 0; i < 3; ++i) {
        hub.end();
        hub.begin();
        const StompReply gap = joe.hear("MESSAGE");
        EXPECT_TRUE(gap.has("gap:true"));
        EXPECT_TRUE(gap.has("destination:/topic/a"));
        EXPECT_EQ(gap.body, "");
        EXPECT_EQ(hub.broker().send("/topic/a", "x"), stomp::Fault::none);
        EXPECT_EQ(body_of(joe), "x");
        EXPECT_EQ(body_of(ann), "x");
    }
    const List all = notes.wait_for(7);
    EXPECT_EQ(all[0], "up " + hub.url());
    EXPECT_EQ(all[1], "up " + hub.url());
    EXPECT_EQ(all[2], "gap /topic/a 2");
    EXPECT_EQ(node.relay().relay_stats().gaps, 3U);
}

TEST(StompRelayLoss, who_has_a_connection_of_its_own_ends_with_it) {
    Hub hub;
    RelayNode node(
        hub.url(),
        {.relay = {
             .upstream = {.reconnect = {.enabled = true, .delay_ms = 1, .delay_max_ms = 20}}}});
    StompPeer joe = node.connect();
    joe.subscribe("/queue/a", "ack:client\n");
    hub.end();
    joe.expect_error("upstream broker is not available", 0);
    EXPECT_EQ(node.relay().relay_stats().own_connections, 0U);
}

TEST(StompRelayLoss, a_send_while_there_is_none_waits_for_the_next) {
    Hub hub;
    RelayNode node(
        hub.url(),
        {.relay = {.upstream = {.brokers = {hub.url()},
                                .reconnect = {.enabled = true, .delay_ms = 1, .delay_max_ms = 20}},
                   .kept_ms = 20'000}});
    StompPeer joe = node.connect();
    joe.subscribe("/topic/a");
    hub.end();
    node.wait_until([](const StompRelayStats& stats) { return !stats.upstreams[0].is_available; });
    for (int i = 0; i < 10; ++i) joe.send("/topic/a", std::to_string(i), "receipt:r\n");
    hub.begin();
    int receipts = 0;
    int messages = 0;
    while (receipts < 10 || messages < 10) {
        const StompReply reply = joe.hear_any();
        if (reply.command == "RECEIPT") {
            ++receipts;
        } else {
            EXPECT_EQ(reply.body, std::to_string(messages++));
        }
    }
}

// The broker outlives its servers, and its subscriptions begin anew.
TEST(StompRelayLoss, another_server_has_loops_of_its_own) {
    Hub hub;
    RelayNode node(hub.url(), {.loops = 2});
    StompPeer joe = node.connect();
    for (int i = 0; i < 8; ++i) joe.subscribe("/topic/" + std::to_string(i));
    joe.subscribe("/queue/a");
    node.node().begin_anew();
    StompPeer ann = node.connect();
    for (int i = 0; i < 8; ++i) {
        const std::string name = "/topic/" + std::to_string(i);
        ann.subscribe(name);
        ann.send(name, name);
        EXPECT_EQ(body_of(ann), name);
    }
    EXPECT_EQ(node.relay().relay_stats().own_connections, 0U);
    EXPECT_EQ(node.relay().relay_stats().upstreams.size(), 2U);
}

// ---- Users -------------------------------------------------------------------------------------

class StompRelayUsers : public testing::Test {
  protected:
    static RelaySetup with_users() {
        return {.relay = {.relays_users = true},
                .hooks = {.authenticate = [](const StompClient&, const stomp::Frame& connect) {
                    return StompAccess{.user = std::string(connect.find("login").value_or(""))};
                }}};
    }
    Hub hub{};
    RelayNode one{hub.url(), with_users()};
    RelayNode other{hub.url(), with_users()};
};

TEST_F(StompRelayUsers, a_message_reaches_a_users_sessions_on_all_nodes) {
    StompPeer here = one.connect("login:joe/x\n");
    StompPeer there = other.connect("login:joe/x\n");
    StompPeer nobodys = other.connect("login:joe\n");
    for (StompPeer* const peer : {&here, &there, &nobodys}) {
        peer->subscribe("/user/queue/a", "ack:client\n");
    }
    EXPECT_EQ(hub.broker().stats().destinations, 2U);
    StompPeer ann = other.connect("login:ann\n");
    ann.send("/user/joe%2fx/queue/a", "hello", "receipt:r\n");
    expect_receipt(ann, "r");
    EXPECT_EQ(one.relay().send("/user/joe%2Fx/queue/a", "from the application"),
              stomp::Fault::none);
    for (StompPeer* const peer : {&here, &there}) {
        const StompReply message = peer->hear("MESSAGE");
        EXPECT_EQ(message.body, "hello");
        EXPECT_TRUE(message.has("destination:/user/queue/a"));
        EXPECT_EQ(body_of(*peer), "from the application");
    }
    ann.send("/user/joe/queue/a", "yours");
    EXPECT_EQ(body_of(nobodys), "yours");
}

TEST_F(StompRelayUsers, a_transaction_reaches_users_too) {
    StompPeer joe = one.connect("login:joe\n");
    joe.subscribe("/user/queue/a");
    StompPeer ann = other.connect();
    ann.say("BEGIN\ntransaction:t\n\n");
    ann.send("/user/joe/queue/a", "hello", "transaction:t\n");
    ann.say("COMMIT\ntransaction:t\n\n");
    EXPECT_EQ(body_of(joe), "hello");
}

TEST_F(StompRelayUsers, who_has_no_name_is_called_by_its_session) {
    StompPeer joe = one.connect();
    joe.subscribe("/user/queue/a");
    StompPeer ann = other.connect();
    ann.send("/user/" + joe.session_id + "/queue/a", "hello");
    EXPECT_EQ(body_of(joe), "hello");
}

// By which others' messages would be heard, or said.
TEST_F(StompRelayUsers, what_is_between_relays_is_no_clients) {
    StompPeer joe = one.connect("login:joe\n");
    joe.subscribe("/user/queue/a");
    const std::string topic = hub.broker().destinations().at(0).name;
    EXPECT_TRUE(topic.starts_with("/topic/edgews.user."));
    for (const std::string& frame :
         {"SUBSCRIBE\nid:1\ndestination:" + topic + "\n\n",
          std::string("SUBSCRIBE\nid:1\ndestination:/topic/edgews.user.*\n\n"),
          "SEND\ndestination:" + topic + "\n\n"}) {
        StompPeer eve = other.connect();
        eve.say(frame);
        eve.hear("ERROR");
    }
    std::vector<StompPeer> listeners;
    for (const char* const lines : {"", "ack:client-individual\n"}) {
        for (const char* const pattern : {"/topic/#", "/topic/*.user.*"}) {
            listeners.push_back(other.connect());
            listeners.back().subscribe(pattern, lines);
        }
    }
    other.connect().send("/user/joe/queue/a", "hello");
    EXPECT_EQ(body_of(joe), "hello");
    other.connect().send("/topic/a.user.b", "for all");
    for (StompPeer& eve : listeners) EXPECT_EQ(body_of(eve), "for all");
}

TEST(StompRelayOptions, what_cannot_be_used_is_refused) {
    EXPECT_THROW(StompRelay({}), std::invalid_argument);
    EXPECT_THROW(StompRelay({.upstream = {.brokers = {"http://x"}}}), std::invalid_argument);
    const stomp::ClientOptions upstream{.brokers = {"stomp://x"}};
    EXPECT_THROW(StompRelay({.upstream = upstream, .prefetch_count = 0}), std::invalid_argument);
    EXPECT_THROW(StompRelay({.upstream = upstream, .prefixes = {"/app/"}}), std::invalid_argument);
    EXPECT_THROW(StompRelay({.upstream = upstream, .prefixes = {"/topic"}}), std::invalid_argument);
    for (const char* const prefix : {"/exchange/", "/amq/queue/"}) {
        EXPECT_THROW(StompRelay({.upstream = upstream, .prefixes = {prefix}}),
                     std::invalid_argument);
        const StompRelay rabbit(
            {.upstream = upstream, .kind = stomp::UpstreamKind::rabbitmq, .prefixes = {prefix}});
        EXPECT_EQ(rabbit.relay_stats().upstreams.size(), 0U);
    }
    StompRelay fine({.upstream = upstream, .prefixes = {"/topic/up/"}});
    EXPECT_EQ(fine.relay_stats().upstreams.size(), 0U);
    EXPECT_EQ(fine.send("/topic/up/a", "x"), stomp::Fault::upstream_unavailable);
}

}  // namespace
}  // namespace edgews::test
