// What RabbitMQ alone has, and which of it is shared, with an upstream broker that the test plays.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "played_upstream.hpp"

namespace edgews::test {
namespace {

class StompRelayExchanges : public PlayedUpstream {
  protected:
    StompRelayExchanges() { prefixes = {"/topic/", "/queue/", "/exchange/", "/amq/queue/"}; }

    void expect_refused(const std::string& destination, std::string_view message) {
        for (const char* const command : {"SUBSCRIBE\nid:1\n", "SEND\n"}) {
            SCOPED_TRACE(command + destination);
            StompPeer joe = node->connect();
            joe.say(command + ("destination:" + destination) + "\n\n");
            joe.expect_error(message, 0);
        }
    }
};

TEST_F(StompRelayExchanges, a_subscription_to_an_exchange_is_shared) {
    PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
    std::vector<StompPeer> peers;
    for (const char* const key : {"/eur.*", "/eur.*", "/usd.#.x"}) {
        peers.push_back(node->connect());
        peers.back().say("SUBSCRIBE\nid:1\nreceipt:r\ndestination:/exchange/pri%2Fces" +
                         std::string(key) + "\n\n");
        if (peers.size() != 2) shared.confirm();
        expect_receipt(peers.back(), "r");
    }
    // What it brings has names of its own.
    shared.say(
        "MESSAGE\nsubscription:1\nmessage-id:1\ndestination:/exchange/pri%2Fces/eur.%C3%A9%20%2F\n"
        "\nhello");
    for (const std::size_t i : {0U, 1U}) {
        const StompReply message = peers[i].hear("MESSAGE");
        EXPECT_EQ(message.body, "hello");
        EXPECT_TRUE(message.has("destination:/exchange/pri%2Fces/eur.\xC3\xA9 %2F"))
            << message.head;
    }
    EXPECT_EQ(node->relay().relay_stats().upstreams[0].subscriptions, 2U);
    EXPECT_EQ(node->relay().relay_stats().own_connections, 0U);
}

TEST_F(StompRelayExchanges, a_queue_that_is_there_has_a_connection_of_its_own) {
    const PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
    Consumer joe = consume("ack:client\n", "/amq/queue/in%2Fbox#.*");
    EXPECT_EQ(short_of(joe.subscribe), "SUBSCRIBE 1 /amq/queue/in%2Fbox#.*");
    EXPECT_TRUE(deliver(joe, "m1").has("destination:/amq/queue/in%2Fbox#.*"));
}

TEST_F(StompRelayExchanges, an_exchange_that_may_not_be_there_is_nobody_elses_risk) {
    struct Row {
        std::string destination;
        std::string prefix;
        bool is_shared;
    };
    for (const Row& row : {Row{"/exchange/prices/eur", "/exchange/", false},
                           Row{"/exchange/prices", "/exchange/prices", false},
                           Row{"/exchange/prices/eur", "/exchange/pri", false},
                           Row{"/exchange/prices/eur", "/exchange/prices/", true},
                           Row{"/exchange/prices/eur", "/exchange/prices/e", true},
                           Row{"/exchange/amq.direct/eur", "/exchange/", true},
                           Row{"/exchange/amq.fanout", "/exchange/", true},
                           Row{"/exchange/amq.rabbitmq.log/info", "/exchange/", false},
                           Row{"/amq/queue/inbox", "/amq/queue/", true}}) {
        SCOPED_TRACE(row.destination + " by " + row.prefix);
        prefixes = {row.prefix};
        PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
        StompPeer joe = node->connect();
        joe.send(row.destination, "x", "receipt:r\n");
        if (row.is_shared) {
            EXPECT_EQ(short_of(shared.confirm()), "SEND " + row.destination);
        } else {
            PlayedSession own = broker.connect();
            EXPECT_EQ(short_of(own.hear()), "BEGIN");
            EXPECT_EQ(short_of(own.confirm()), "SEND " + row.destination);
            EXPECT_EQ(short_of(own.confirm()), "COMMIT");
        }
        expect_receipt(joe, "r");
        node.reset();
    }
}

TEST_F(StompRelayExchanges, a_name_that_there_cannot_be_is_an_error_here) {
    const PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
    for (const char* const name : {"/exchange/a/b/c", "/exchange/a/", "/exchange//a",
                                   "/exchange/a%2fb", "/amq/queue/a/b", "/amq/queue/a%2f"}) {
        expect_refused(name, "can have no such destination");
    }
    for (const char* const name :
         {"/exchange/", "/exchange", "/amq/queue/", "/amq/queue", "/amq/x"}) {
        expect_refused(name, "destination");
    }
}

TEST_F(StompRelayExchanges, without_a_prefix_there_are_none) {
    prefixes = {"/topic/", "/queue/"};
    for (const UpstreamKind kind :
         {UpstreamKind::edgews, UpstreamKind::rabbitmq, UpstreamKind::activemq}) {
        const PlayedSession shared = start_connected(kind);
        for (const std::string name : {"/exchange/a/b", "/amq/queue/a"}) {
            expect_refused(name, "destination");
            EXPECT_EQ(node->relay().send(name, "x"), stomp::Fault::destination_invalid);
        }
        node.reset();
    }
}

TEST_F(StompRelayExchanges, what_is_between_relays_is_no_clients_by_whatever_name) {
    PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
    expect_refused("/exchange/amq.topic/edgews.user.0123", "Access was refused");
    StompPeer joe = node->connect();
    joe.say("SUBSCRIBE\nid:1\nreceipt:r\ndestination:/exchange/amq.topic/#\n\n");
    shared.confirm();
    expect_receipt(joe, "r");
    for (const char* const key : {"edgews.user.0123", "a"}) {
        shared.say("MESSAGE\nsubscription:1\nmessage-id:1\ndestination:/topic/" + std::string(key) +
                   "\n\n" + key);
    }
    EXPECT_EQ(body_of(joe), "a");
}

TEST_F(StompRelayExchanges, the_application_sends_to_them_too) {
    PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
    EXPECT_EQ(node->relay().send("/exchange/prices/eur", "x"), stomp::Fault::none);
    EXPECT_EQ(short_of(shared.hear()), "SEND /exchange/prices/eur");
}

// What an exchange brings may be what its subscriber could not have subscribed to.
TEST_F(StompRelayExchanges, a_hook_is_asked_about_what_an_exchange_brings) {
    hooks.authorise = [](const StompClient&, StompAction, const stomp::Destination& destination) {
        return destination.text() != "/exchange/prices/secret";
    };
    start(UpstreamKind::rabbitmq);
    PlayedSession shared = broker.connect();
    StompPeer joe = node->connect();
    joe.say("SUBSCRIBE\nid:1\nreceipt:r\ndestination:/exchange/prices\n\n");
    shared.confirm();
    expect_receipt(joe, "r");
    for (const char* const key : {"secret", "eur"}) {
        shared.say("MESSAGE\nsubscription:1\nmessage-id:1\ndestination:/exchange/prices/" +
                   std::string(key) + "\n\n" + key);
    }
    EXPECT_EQ(body_of(joe), "eur");
}

// RabbitMQ would consume from that queue, whatever the destination, and send to that exchange what
// is refused or expires; of the queue that a SEND makes, too.
TEST_F(StompRelayExchanges, no_header_names_another_queue_or_exchange) {
    const PlayedSession shared = start_connected(UpstreamKind::rabbitmq);
    for (const char* const line : {"x-queue-name:orders\n", "x-dead-letter-exchange:amq.topic\n",
                                   "x-dead-letter-routing-key:secret\n"}) {
        for (const char* const command : {"SUBSCRIBE\nid:1\n", "SEND\n"}) {
            SCOPED_TRACE(std::string(command) + line);
            StompPeer joe = node->connect();
            joe.say(command + ("destination:/queue/a\n" + std::string(line)) + "\n");
            joe.expect_error("Access was refused", 0);
        }
        StompPeer jim = node->connect();
        jim.say("BEGIN\ntransaction:t\n\n");
        jim.send("/queue/a", "x", "transaction:t\n" + std::string(line));
        jim.expect_error("Access was refused", 0);
    }
    EXPECT_EQ(node->relay().relay_stats().own_connections, 0U);
    const Consumer joe = consume("ack:client-individual\nx-message-ttl:5\n");
    EXPECT_EQ(PlayedSession::line(joe.subscribe, "x-message-ttl"), "5");
}

}  // namespace
}  // namespace edgews::test
