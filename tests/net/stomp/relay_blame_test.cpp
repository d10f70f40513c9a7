// Who is to blame for an ERROR on the shared connection, of an upstream broker that the test plays.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "played_upstream.hpp"

namespace edgews::test {
namespace {

class StompRelayBlame : public PlayedUpstream {
  protected:
    // Its RECEIPT is "r".
    StompPeer subscribe(const std::string& name, const std::string& lines = "") {
        StompPeer peer = node->connect();
        peer.say("SUBSCRIBE\nid:1\ndestination:/topic/" + name + "\nreceipt:r\n" + lines + "\n");
        return peer;
    }
    // Those peers', which wait for each other now: the first is probed.
    PlayedSession start_probing(std::vector<StompPeer>& peers,
                                const std::vector<std::string>& names) {
        PlayedSession shared = start_connected();
        peers.push_back(subscribe("known"));
        shared.confirm();
        expect_receipt(peers[0], "r");
        for (const std::string& name : names) {
            peers.push_back(subscribe(name));
            shared.hear();
        }
        shared.say("ERROR\nmessage:something\n\n");
        shared = broker.connect();
        EXPECT_EQ(topic_of(shared.confirm()), "/topic/known");
        return shared;
    }
    static std::string topic_of(const std::string& subscribe) {
        return PlayedSession::line(subscribe, "destination");
    }
};

// RabbitMQ's does not say what it is about.
TEST_F(StompRelayBlame, after_an_error_those_who_may_be_to_blame_are_tried_alone) {
    PlayedSession shared = start_connected();
    StompPeer known = node->connect();
    known.say("SUBSCRIBE\nid:1\ndestination:/topic/known\nreceipt:r\ngap:true\n\n");
    shared.confirm();
    expect_receipt(known, "r");
    std::vector<StompPeer> peers;
    for (const char* const name : {"good", "bad", "fine"}) {
        peers.push_back(node->connect());
        peers.back().say("SUBSCRIBE\nid:1\ndestination:/topic/" + std::string(name) +
                         "\nreceipt:r\n\n");
        shared.hear();
    }
    shared.say("ERROR\nmessage:access refused\n\n");
    PlayedSession second = broker.connect();
    EXPECT_EQ(PlayedSession::line(second.confirm(), "destination"), "/topic/known");
    EXPECT_TRUE(known.hear("MESSAGE").has("gap:true"));
    std::vector<std::string> tried;
    std::optional<PlayedSession> present(std::move(second));
    for (int i = 0; i < 3; ++i) {
        std::string probe = present->hear();
        tried.push_back(PlayedSession::line(probe, "destination"));
        if (i == 0) {
            // Whoever comes now is not to blame either.
            peers.push_back(node->connect());
            peers.back().say("SUBSCRIBE\nid:1\ndestination:/topic/late\nreceipt:r\n\n");
        }
        present->raw.expect_silence();  // One at a time.
        if (tried.back() != "/topic/bad") {
            present->say("RECEIPT\nreceipt-id:" + PlayedSession::line(probe, "receipt") + "\n\n");
            continue;
        }
        present->say("ERROR\nmessage:access refused\n\n");
        present.emplace(broker.connect());
        const std::size_t made = tried.size();  // Those that were confirmed, and the known one.
        for (std::size_t j = 0; j < made; ++j) present->confirm();
    }
    EXPECT_EQ(PlayedSession::line(present->confirm(), "destination"), "/topic/late");
    EXPECT_EQ(tried.size(), 3U);
    for (const std::size_t i : {0U, 2U, 3U}) expect_receipt(peers[i], "r");
    EXPECT_NE(peers[1].expect_error("upstream broker refused", 0).body.find("access refused"),
              std::string::npos);
}

// Nor does it cost anybody a connection to ask again.
TEST_F(StompRelayBlame, what_was_refused_is_refused_at_once_for_a_while) {
    PlayedSession shared = start_connected();
    std::vector<std::string> bodies;
    for (int i = 0; i < 3; ++i) {
        StompPeer joe = node->connect();
        joe.say("SUBSCRIBE\nid:1\ndestination:/topic/bad\nreceipt:r\n\n");
        for (int tries = i == 0 ? 2 : 0; tries > 0; --tries) {
            EXPECT_EQ(PlayedSession::line(shared.hear(), "destination"), "/topic/bad");
            shared.say("ERROR\nmessage:access refused\n\n");
            shared = broker.connect();
        }
        bodies.push_back(joe.expect_error("upstream broker refused", 0).body);
        EXPECT_NE(bodies.back().find("access refused"), std::string::npos) << bodies.back();
        EXPECT_EQ(bodies.back(), bodies.front());
    }
    shared.raw.expect_silence();
    StompPeer ann = node->connect();
    ann.say("SUBSCRIBE\nid:1\ndestination:/topic/good\nreceipt:r\n\n");
    shared.confirm();
    expect_receipt(ann, "r");
}

// Whoever the others are.
TEST_F(StompRelayBlame, who_asks_for_ever_new_names_does_it_at_its_own_expense) {
    hooks.authenticate = [](const StompClient&, const stomp::Frame& connect) {
        return StompAccess{.user = std::string(connect.find("login").value_or(""))};
    };
    PlayedSession shared = start_connected();
    const auto subscribe_as = [&](const std::string& login, const std::string& name) {
        StompPeer peer = node->connect(login);
        peer.say("SUBSCRIBE\nid:1\nreceipt:r\ndestination:/topic/" + name + "\n\n");
        return peer;
    };
    const std::string ann = "login:ann\n";
    for (const std::string user : {"joe", ""}) {
        SCOPED_TRACE(user);
        const std::string login = user.empty() ? "" : "login:" + user + '\n';
        for (int i = 0; i < 2; ++i) {
            StompPeer peer = subscribe_as(login, "bad" + std::to_string(i) + user);
            for (int tries = 2; tries > 0; --tries) {
                shared.hear();
                shared.say("ERROR\nmessage:access refused\n\n");
                shared = broker.connect();
                if (user.empty()) {
                    EXPECT_EQ(topic_of(shared.confirm()), "/topic/newsjoe");
                }
            }
            peer.expect_error("upstream broker refused", 0);
        }
        StompPeer joe = subscribe_as(login, "bad");
        PlayedSession own = broker.connect();
        EXPECT_EQ(topic_of(own.hear()), "/topic/bad");
        own.say("ERROR\nmessage:access refused\n\n");
        joe.expect_error("upstream broker refused", 0);
        subscribe_as(login, "bad1" + user).expect_error("upstream broker refused", 0);
        StompPeer again = subscribe_as(login, "good");
        own = broker.connect();
        const std::string number = id_of(own.confirm());
        expect_receipt(again, "r");
        own.deliver(number, "hello", "ack:a\n");
        EXPECT_EQ(body_of(again), "hello");
        StompPeer other = subscribe_as(ann, "news" + user);
        shared.confirm();
        expect_receipt(other, "r");
    }
}

// A broker that only was too slow may do it now.
TEST_F(StompRelayBlame, what_was_not_answered_in_time_is_asked_again) {
    PlayedSession shared = start_connected(UpstreamKind::edgews, {.receipt_timeout_ms = 50});
    for (int i = 0; i < 2; ++i) {
        StompPeer joe = node->connect();
        joe.say("SUBSCRIBE\nid:1\ndestination:/topic/slow\nreceipt:r\n\n");
        EXPECT_EQ(PlayedSession::line(shared.hear(), "destination"), "/topic/slow");
        joe.hear("ERROR");
        EXPECT_EQ(short_of(shared.hear()).substr(0, 11), "UNSUBSCRIBE");
    }
}

// It was not it that the ERROR was about, which came behind others that were subscribed to again.
TEST_F(StompRelayBlame, who_was_probed_when_the_connection_was_lost_is_probed_again) {
    std::vector<StompPeer> peers;
    PlayedSession shared = start_probing(peers, {"one", "two"});
    EXPECT_EQ(topic_of(shared.hear()), "/topic/one");
    shared.raw.reset();
    shared = broker.connect();
    EXPECT_EQ(topic_of(shared.hear()), "/topic/known");
    shared.raw.expect_silence();
    shared.say("ERROR\nmessage:something else\n\n");
    shared = broker.connect();
    for (const char* const name : {"two", "one", "known"}) {
        EXPECT_EQ(topic_of(shared.confirm()), "/topic/" + std::string(name));
    }
    for (const std::size_t i : {1U, 2U}) expect_receipt(peers[i], "r");
}

// A name at which the broker just goes does not keep others from theirs.
TEST_F(StompRelayBlame, who_was_probed_at_a_loss_comes_after_the_others) {
    std::vector<StompPeer> peers;
    PlayedSession shared = start_probing(peers, {"bad", "good"});
    EXPECT_EQ(topic_of(shared.hear()), "/topic/bad");
    shared.raw.reset();
    shared = broker.connect();
    shared.confirm();
    EXPECT_EQ(topic_of(shared.confirm()), "/topic/good");
    expect_receipt(peers[2], "r");
    EXPECT_EQ(topic_of(shared.hear()), "/topic/bad");
    shared.raw.reset();
    shared = broker.connect();
    for (int i = 0; i < 2; ++i) shared.confirm();
    EXPECT_EQ(topic_of(shared.confirm()), "/topic/bad");
    expect_receipt(peers[1], "r");
}

TEST_F(StompRelayBlame, an_error_that_names_a_send_is_no_subscriptions) {
    std::vector<StompPeer> peers;
    PlayedSession shared = start_probing(peers, {"one"});
    EXPECT_EQ(topic_of(shared.hear()), "/topic/one");
    StompPeer ann = node->connect();
    ann.send("/topic/a", "x", "receipt:s\n");
    const std::string receipt = PlayedSession::line(shared.hear(), "receipt");
    shared.say("ERROR\nmessage:not yours\nreceipt-id:" + receipt + "\n\n");
    ann.expect_error("upstream broker refused", 0);
    shared = broker.connect();
    for (const char* const name : {"known", "one"}) {
        EXPECT_EQ(topic_of(shared.confirm()), "/topic/" + std::string(name));
    }
    expect_receipt(peers[1], "r");
}

// ---- Whose clients are gone --------------------------------------------------------------------

TEST_F(StompRelayBlame, whom_nobody_has_any_more_is_not_probed) {
    linger_ms = 0;
    std::vector<StompPeer> peers;
    PlayedSession shared = start_probing(peers, {"one", "two", "three"});
    const std::string one = shared.hear();
    EXPECT_EQ(topic_of(one), "/topic/one");
    peers[2].client().reset();
    node->node().server().wait_for(Counter::connections_open, 3);
    peers[0].say("UNSUBSCRIBE\nid:1\n\n");
    EXPECT_EQ(short_of(shared.hear()).substr(0, 11),
              "UNSUBSCRIBE");  // Unused ones were looked for.
    shared.say("RECEIPT\nreceipt-id:" + PlayedSession::line(one, "receipt") + "\n\n");
    EXPECT_EQ(topic_of(shared.confirm()), "/topic/three");
    for (const std::size_t i : {1U, 3U}) expect_receipt(peers[i], "r");
}

TEST_F(StompRelayBlame, the_next_is_probed_when_the_clients_of_the_first_are_gone) {
    linger_ms = 0;
    std::vector<StompPeer> peers;
    PlayedSession shared = start_probing(peers, {"one", "two"});
    const std::string one = shared.hear();
    EXPECT_EQ(topic_of(one), "/topic/one");
    peers[1].client().reset();
    EXPECT_EQ(short_of(shared.hear()), "UNSUBSCRIBE " + id_of(one));
    EXPECT_EQ(topic_of(shared.confirm()), "/topic/two");
    expect_receipt(peers[2], "r");
    StompPeer late = subscribe("late");
    EXPECT_EQ(topic_of(shared.confirm()), "/topic/late");
    expect_receipt(late, "r");
}

}  // namespace
}  // namespace edgews::test
