// SUBSCRIBE and UNSUBSCRIBE (1.2, SUBSCRIBE; UNSUBSCRIBE): E of the checklist.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::stomp::test {
namespace {

constexpr std::array<std::string_view, 3> versions{"1.0", "1.1", "1.2"};

using Texts = std::vector<std::string>;

// No topic and no queue has anyone.
void expect_no_subscriber(Peers& peers) {
    EXPECT_EQ(peers.broker().topics().count(), 0U);
    peers.broker().visit_queues([](const Queue& queue) { ADD_FAILURE() << queue.name(); });
}

TEST(StompChecklist, E1_SUBSCRIBE_needs_a_destination) {
    for (const std::string_view version : versions) {
        Peers peers;
        const Got got = peers.connect(version).expect_refused("SUBSCRIBE\nid:1\nreceipt:r\n\n",
                                                              Fault::destination_missing);
        EXPECT_EQ(got.header("receipt-id"), "r");
    }
}

TEST(StompChecklist, E2_SUBSCRIBE_needs_an_id_but_in_1_0) {
    for (const std::string_view version : {"1.1", "1.2"}) {
        for (const std::string_view name : {"/topic/a", "/queue/a"}) {
            Peers peers;
            peers.connect(version).expect_refused(
                "SUBSCRIBE\ndestination:" + std::string(name) + "\n\n", Fault::id_missing);
            expect_no_subscriber(peers);
        }
    }
    Peers peers;
    Peer& peer = peers.connect("1.0");
    peer.say("SUBSCRIBE\ndestination:/queue/a\nreceipt:r\n\n");
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r");
}

TEST(StompChecklist, E3_an_id_in_use_is_refused) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
        const Got got = peer.expect_refused("SUBSCRIBE\nid:1\ndestination:/queue/b\nreceipt:r\n\n",
                                            Fault::subscription_exists);
        EXPECT_EQ(got.header("receipt-id"), "r");
        expect_no_subscriber(peers);
    }
}

TEST(StompChecklist, E3_an_id_is_free_elsewhere_and_after_UNSUBSCRIBE) {
    Peers peers;
    Peer& peer = peers.connect();
    Peer& other = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
    other.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
    peer.say("UNSUBSCRIBE\nid:1\n\n");
    peer.say("SUBSCRIBE\nid:1\ndestination:/topic/b\n\n");
    peer.say("SEND\ndestination:/topic/a\n\na");
    peer.say("SEND\ndestination:/topic/b\n\nb");
    EXPECT_EQ(peer.take_bodies(), Texts{"b"});
    EXPECT_EQ(other.take_bodies(), Texts{"a"});
}

TEST(StompChecklist, E3_in_1_0_a_destination_without_id_is_taken_once) {
    Peers peers;
    Peer& peer = peers.connect("1.0");
    peer.say("SUBSCRIBE\ndestination:/topic/a\n\n");
    peer.say("SUBSCRIBE\nid:/topic/a\ndestination:/topic/a\n\n");
    EXPECT_TRUE(peer.has_nothing());
    peer.expect_refused("SUBSCRIBE\ndestination:/topic/a\n\n", Fault::subscription_exists);
}

TEST(StompChecklist, E4_the_ack_modes_are_three_and_in_1_0_two) {
    for (const std::string_view version : versions) {
        for (const std::string_view mode : {"auto", "client", "client-individual"}) {
            if (version == "1.0" && mode == "client-individual") continue;
            Peers peers;
            Peer& peer = peers.connect(version);
            peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nreceipt:r\nack:" + std::string(mode) +
                     "\n\n");
            EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r");
        }
        for (const std::string_view mode : {"", "none", "Auto", "CLIENT", "client individual"}) {
            Peers peers;
            peers.connect(version).expect_refused(
                "SUBSCRIBE\nid:1\ndestination:/queue/a\nack:" + std::string(mode) + "\n\n",
                Fault::ack_mode_invalid);
            expect_no_subscriber(peers);
        }
    }
    Peers peers;
    peers.connect("1.0").expect_refused(
        "SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client-individual\n\n",
        Fault::ack_mode_invalid);
}

TEST(StompChecklist, E4_the_mode_is_auto_if_none_is_named) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n");
    peer.say("SEND\ndestination:/queue/a\n\nx");
    EXPECT_EQ(peer.take("MESSAGE").header("ack"), "(none)");
    EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 0U);
}

TEST(StompChecklist, E5_a_subscription_that_cannot_be_ends_the_session) {
    const std::array<std::pair<std::string, Fault>, 13> rows{{
        {"destination:", Fault::destination_invalid},
        {"destination:a", Fault::destination_invalid},
        {"destination:/queue/", Fault::destination_invalid},
        {"destination:/queue/a\\nb", Fault::destination_invalid},
        {"destination:/app/a", Fault::destination_not_for_subscribe},
        {"destination:/app//queue/a", Fault::destination_not_for_subscribe},
        {"destination:/queue/*", Fault::destination_not_for_subscribe},
        {"destination:/user/joe/queue/a", Fault::destination_not_for_subscribe},
        {"destination:/user/queue/*", Fault::destination_not_for_subscribe},
        {"destination:/temp-queue/session-1/a", Fault::destination_not_for_subscribe},
        {"destination:/topic/#.a", Fault::wildcard_not_last},
        {"destination:/topic/" + std::string(1024, 'x'), Fault::destination_too_long},
        {"destination:/queue/a\nprefetch-count:many", Fault::prefetch_count_malformed},
    }};
    for (const auto& [headers, fault] : rows) {
        Peers peers;
        const Got got = peers.connect().expect_refused(
            "SUBSCRIBE\nid:1\nreceipt:r\n" + headers + "\n\n", fault);
        EXPECT_EQ(got.header("receipt-id"), "r");
        expect_no_subscriber(peers);
    }
}

TEST(StompChecklist, E6_an_automatic_message_is_consumed_when_it_is_sent) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& first = peers.connect(version);
        first.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:auto\n\n");
        peers.connect().say("SEND\ndestination:/queue/a\n\nx");
        EXPECT_EQ(first.take_bodies(), Texts{"x"});
        first.vanish();
        Peer& second = peers.connect(version);
        second.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n");
        EXPECT_TRUE(second.has_nothing());
    }
}

// Names a MESSAGE as an ACK of this version does.
std::string name_of(const Got& got, std::string_view version) {
    if (version == "1.2") return "id:" + got.header("ack") + '\n';
    const std::string id = "message-id:" + got.header("message-id") + '\n';
    return version == "1.0" ? id : id + "subscription:" + got.header("subscription") + '\n';
}

TEST(StompChecklist, E7_ACK_in_mode_client_is_cumulative_within_its_subscription) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
        peer.say("SUBSCRIBE\nid:2\ndestination:/queue/b\nack:client\n\n");
        Peer& sender = peers.connect();
        std::vector<Got> of_a;
        for (int i = 0; i < 4; ++i) {
            sender.say("SEND\ndestination:/queue/b\n\nb");
            static_cast<void>(peer.take("MESSAGE"));
            sender.say("SEND\ndestination:/queue/a\n\na");
            of_a.push_back(peer.take("MESSAGE"));
        }
        peer.say("ACK\n" + name_of(of_a[2], version) + '\n');
        EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 1U);
        EXPECT_EQ(peers.broker().find_queue("/queue/b")->count(), 4U);
        // What it settled is settled.
        peer.expect_refused("ACK\n" + name_of(of_a[0], version) + '\n', Fault::delivery_unknown);
    }
}

TEST(StompChecklist, E8_ACK_in_mode_client_individual_settles_one) {
    for (const std::string_view version : {"1.1", "1.2"}) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client-individual\n\n");
        Peer& sender = peers.connect();
        std::vector<Got> got;
        for (int i = 0; i < 4; ++i) {
            sender.say("SEND\ndestination:/queue/a\n\n" + std::to_string(i));
            got.push_back(peer.take("MESSAGE"));
        }
        peer.say("ACK\n" + name_of(got[2], version) + '\n');
        EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 3U);
        peer.say("NACK\nrequeue:false\n" + name_of(got[3], version) + '\n');
        EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 2U);
        peer.say("ACK\n" + name_of(got[0], version) + '\n');
        peer.vanish();
        Peer& next = peers.connect();
        next.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n");
        EXPECT_EQ(next.take_bodies(), Texts{"1"});
    }
}

TEST(StompChecklist, E9_what_a_lost_consumer_did_not_acknowledge_goes_to_another) {
    for (const bool is_polite : {false, true}) {
        Peers peers;
        Peer& first = peers.connect();
        first.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
        Peer& second = peers.connect();
        Peer& sender = peers.connect();
        for (int i = 0; i < 3; ++i)
            sender.say("SEND\ndestination:/queue/a\n\n" + std::to_string(i));
        second.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n");
        EXPECT_EQ(first.take_bodies(), (Texts{"0", "1", "2"}));
        EXPECT_TRUE(second.has_nothing());
        if (is_polite) {
            first.say("UNSUBSCRIBE\nid:1\n\n");
        } else {
            first.vanish();
        }
        EXPECT_EQ(second.take_bodies(), (Texts{"0", "1", "2"}));
    }
}

TEST(StompChecklist, E10_after_UNSUBSCRIBE_nothing_comes_for_that_id) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
        peer.say("SUBSCRIBE\nid:2\ndestination:/queue/a\n\n");
        peer.is_stuck = true;
        Peer& sender = peers.connect();
        for (const std::string name : {"/topic/a", "/queue/a"}) {
            sender.say("SEND\ndestination:" + name + "\n\nbefore");
        }
        peer.say("UNSUBSCRIBE\nid:1\nreceipt:r1\n\n");
        peer.say("UNSUBSCRIBE\nid:2\nreceipt:r2\n\n");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r1");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r2");
        for (const std::string name : {"/topic/a", "/queue/a"}) {
            sender.say("SEND\ndestination:" + name + "\n\nafter");
        }
        peer.unstick();
        EXPECT_TRUE(peer.has_nothing());
        EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 2U);
        EXPECT_EQ(peers.broker().topics().count(), 0U);
    }
}

TEST(StompChecklist, E11_UNSUBSCRIBE_needs_the_id_of_a_live_subscription) {
    for (const std::string_view version : versions) {
        for (const auto& [headers, fault] : {std::pair<std::string, Fault>{"", Fault::id_missing},
                                             {"id:2\n", Fault::subscription_unknown},
                                             {"id:\n", Fault::subscription_unknown},
                                             {"ID:1\n", Fault::id_missing}}) {
            Peers peers;
            Peer& peer = peers.connect(version);
            peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
            const Got got = peer.expect_refused("UNSUBSCRIBE\nreceipt:r\n" + headers + '\n', fault);
            EXPECT_EQ(got.header("receipt-id"), "r");
        }
    }
    for (const std::string_view version : {"1.1", "1.2"}) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
        peer.expect_refused("UNSUBSCRIBE\ndestination:/topic/a\n\n", Fault::id_missing);
    }
    Peers peers;
    Peer& peer = peers.connect();
    peers.connect().say("SUBSCRIBE\nid:9\ndestination:/topic/a\n\n");
    peer.expect_refused("UNSUBSCRIBE\nid:9\n\n", Fault::subscription_unknown);
}

TEST(StompChecklist, E12_in_1_0_UNSUBSCRIBE_names_destination_or_id) {
    Peers peers;
    Peer& peer = peers.connect("1.0");
    peer.say("SUBSCRIBE\ndestination:/topic/a\n\n");
    peer.say("SUBSCRIBE\nid:7\ndestination:/topic/b\n\n");
    peer.say("UNSUBSCRIBE\ndestination: /topic/a\nreceipt:1\n\n");
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "1");
    peer.say("UNSUBSCRIBE\nid:7\nreceipt:2\n\n");
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "2");
    expect_no_subscriber(peers);
    peer.say("SUBSCRIBE\nid:7\ndestination:/topic/b\n\n");
    // It has an id: that is its name.
    peer.expect_refused("UNSUBSCRIBE\ndestination:/topic/b\n\n", Fault::subscription_unknown);
}

TEST(StompChecklist, E13_there_are_no_selectors_and_prefetch_count_is_ours) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.say(
        "SUBSCRIBE\nid:1\ndestination:/queue/a\nselector:a = 1\nack:client\n"
        "prefetch-count:1\n\n");
    peer.say("SEND\ndestination:/queue/a\na:2\n\nx");
    peer.say("SEND\ndestination:/queue/a\na:2\n\ny");
    const Got got = peer.take("MESSAGE");
    EXPECT_EQ(got.body, "x");
    EXPECT_TRUE(peer.has_nothing());
    peer.say("ACK\nid:" + got.header("ack") + "\n\n");
    EXPECT_EQ(peer.take_bodies(), Texts{"y"});
}

}  // namespace
}  // namespace edgews::stomp::test
