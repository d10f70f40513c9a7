// ACK and NACK (1.2, ACK; NACK): F of the checklist.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Texts = std::vector<std::string>;

// A consumer of /queue/a that has messages "0", "1", … and acknowledged none.
struct Consumer {
    Consumer(std::string_view of_version, std::string_view mode, int count = 3)
        : version(of_version), peer(peers.connect(of_version)), sender(peers.connect()) {
        peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:" + std::string(mode) + "\n\n");
        for (int i = 0; i < count; ++i) {
            sender.say("SEND\ndestination:/queue/a\n\n" + std::to_string(i));
            got.push_back(peer.take("MESSAGE"));
        }
    }

    // The headers of an ACK of a message.
    [[nodiscard]] std::string name(std::size_t index) const {
        if (version == "1.2") return "id:" + got[index].header("ack") + '\n';
        const std::string id = "message-id:" + got[index].header("message-id") + '\n';
        return version == "1.0" ? id : id + "subscription:1\n";
    }
    [[nodiscard]] std::size_t count() { return count_of("/queue/a"); }
    [[nodiscard]] std::size_t count_of(std::string_view name_of_queue) {
        const Queue* const queue = peers.broker().find_queue(name_of_queue);
        return queue == nullptr ? 0 : queue->count();
    }

    std::string version;
    Peers peers;
    Peer& peer;
    Peer& sender;
    std::vector<Got> got;
};

TEST(StompChecklist, F1_in_1_2_the_id_is_that_of_the_ack_header) {
    for (const std::string command : {"ACK", "NACK"}) {
        Consumer consumer("1.2", "client");
        const Got& first = consumer.got.front();
        const Got got = consumer.peer.expect_refused(
            command + "\nreceipt:r\nmessage-id:" + first.header("message-id") +
                "\nsubscription:1\nack:" + first.header("ack") + "\n\n",
            Fault::id_missing);
        EXPECT_EQ(got.header("receipt-id"), "r");
        EXPECT_EQ(consumer.count(), 3U);
    }
    Consumer consumer("1.2", "client");
    consumer.peer.say("ACK\nreceipt:r\n" + consumer.name(0) + '\n');
    EXPECT_EQ(consumer.peer.take("RECEIPT").header("receipt-id"), "r");
    EXPECT_EQ(consumer.count(), 2U);
}

TEST(StompChecklist, F2_in_1_1_message_id_and_subscription_are_required) {
    for (const std::string command : {"ACK", "NACK"}) {
        Consumer one("1.1", "client");
        const std::string id = "message-id:" + one.got[0].header("message-id") + '\n';
        one.peer.expect_refused(command + '\n' + id + '\n', Fault::subscription_missing);
        EXPECT_EQ(one.count(), 3U);
        Consumer two("1.1", "client");
        two.peer.expect_refused(command + "\nsubscription:1\n\n", Fault::message_id_missing);
        Consumer three("1.1", "client");
        three.peer.expect_refused(command + "\nsubscription:2\n" + id + '\n',
                                  Fault::delivery_unknown);
        EXPECT_EQ(three.count(), 3U);
    }
    Consumer consumer("1.1", "client");
    consumer.peer.say("ACK\nreceipt:r\n" + consumer.name(1) + '\n');
    EXPECT_EQ(consumer.peer.take("RECEIPT").header("receipt-id"), "r");
    EXPECT_EQ(consumer.count(), 1U);
}

TEST(StompChecklist, F3_in_1_0_message_id_is_enough) {
    Consumer consumer("1.0", "client");
    consumer.peer.say("ACK\n" + consumer.name(0) + '\n');
    EXPECT_EQ(consumer.count(), 2U);
    consumer.peer.say("ACK\nsubscription:1\n" + consumer.name(1) + '\n');
    EXPECT_EQ(consumer.count(), 1U);
    consumer.peer.expect_refused("ACK\nsubscription:1\n\n", Fault::message_id_missing);
}

TEST(StompChecklist, F4_1_0_has_no_NACK) {
    Consumer consumer("1.0", "client");
    consumer.peer.expect_refused("NACK\n" + consumer.name(0) + '\n', Fault::nack_not_in_1_0);
    EXPECT_EQ(consumer.count(), 3U);
}

TEST(StompChecklist, F5_an_unknown_or_settled_id_is_refused) {
    for (const std::string version : {"1.0", "1.1", "1.2"}) {
        Consumer settled(version, "client");
        settled.peer.say("ACK\n" + settled.name(1) + '\n');
        const Got got = settled.peer.expect_refused("ACK\nreceipt:r\n" + settled.name(1) + '\n',
                                                    Fault::delivery_unknown);
        EXPECT_EQ(got.header("receipt-id"), "r");
        for (const std::string id :
             {"", "x", "1", "1-", "-1", "1-1-1", "0-0", "999-1", "1-18446744073709551615",
              "1-99999999999999999999", "4294967297-1", "x.y"}) {
            Consumer unknown(version, "client");
            unknown.peer.expect_refused(
                (version == "1.2" ? "ACK\nid:" : "ACK\nmessage-id:") + id + "\nsubscription:1\n\n",
                Fault::delivery_unknown);
            EXPECT_EQ(unknown.count(), 3U);
        }
        for (const std::string end : {"0", "x", " ", "-"}) {
            Consumer longer(version, "client");
            std::string name = longer.name(0);
            name.insert(name.find('\n'), end == " " && version == "1.0" ? "\v" : end);
            longer.peer.expect_refused("ACK\n" + name + '\n', Fault::delivery_unknown);
            EXPECT_EQ(longer.count(), 3U);
        }
    }
}

// 1.2 says "matching": another spelling of the same number does not.
TEST(StompChecklist, F5_an_id_has_one_spelling) {
    Consumer consumer("1.2", "client");
    const std::string ack = consumer.got[0].header("ack");
    const std::size_t dash = ack.find('-');
    const std::string padded = ack.substr(0, dash + 1) + '0' + ack.substr(dash + 1);
    consumer.peer.expect_refused("ACK\nid:" + padded + "\n\n", Fault::delivery_unknown);
    EXPECT_EQ(consumer.count(), 3U);
}

TEST(StompChecklist, F6_NACK_gives_back_one_or_all_before_it) {
    for (const std::string version : {"1.1", "1.2"}) {
        Consumer individual(version, "client-individual");
        individual.peer.say("NACK\n" + individual.name(1) + '\n');
        const Got again = individual.peer.take("MESSAGE");
        EXPECT_EQ(again.body, "1");
        EXPECT_EQ(again.header("redelivered"), "true");
        EXPECT_TRUE(individual.peer.has_nothing());
        Consumer cumulative(version, "client");
        cumulative.peer.say("NACK\n" + cumulative.name(1) + '\n');
        EXPECT_EQ(cumulative.peer.take_bodies(), (Texts{"0", "1"}));
        EXPECT_EQ(cumulative.count(), 3U);
    }
}

TEST(StompChecklist, F6_NACK_without_requeue_goes_to_the_dead_letters) {
    for (const auto& [version, no] : {std::pair("1.1", "false"), std::pair("1.2", "False")}) {
        Consumer consumer(version, "client-individual");
        consumer.peer.say(std::string("NACK\nrequeue:") + no + '\n' + consumer.name(1) + '\n');
        EXPECT_TRUE(consumer.peer.has_nothing());
        EXPECT_EQ(consumer.count(), 2U);
        EXPECT_EQ(consumer.count_of("/queue/dead-letters"), 1U);
        consumer.peer.say("SUBSCRIBE\nid:d\ndestination:/queue/dead-letters\n\n");
        const Got dead = consumer.peer.take("MESSAGE");
        EXPECT_EQ(dead.body, "1");
        EXPECT_EQ(dead.header("destination"), "/queue/a");
    }
}

TEST(StompChecklist, F7_in_a_transaction_it_takes_effect_at_COMMIT) {
    for (const std::string version : {"1.0", "1.1", "1.2"}) {
        Consumer consumer(version, "client");
        consumer.peer.say("BEGIN\ntransaction:t\n\n");
        consumer.peer.say("ACK\ntransaction:t\n" + consumer.name(1) + '\n');
        EXPECT_EQ(consumer.count(), 3U);
        consumer.peer.say("COMMIT\ntransaction:t\n\n");
        EXPECT_EQ(consumer.count(), 1U);
        EXPECT_TRUE(consumer.peer.has_nothing());
    }
    Consumer consumer("1.2", "client-individual");
    consumer.peer.say("BEGIN\ntransaction:t\n\n");
    consumer.peer.say("NACK\ntransaction:t\n" + consumer.name(1) + '\n');
    EXPECT_TRUE(consumer.peer.has_nothing());
    consumer.peer.say("COMMIT\ntransaction:t\n\n");
    EXPECT_EQ(consumer.peer.take_bodies(), Texts{"1"});
}

TEST(StompChecklist, F7_ABORT_makes_it_unsettled_again) {
    for (const std::string version : {"1.0", "1.1", "1.2"}) {
        Consumer consumer(version, "client");
        consumer.peer.say("BEGIN\ntransaction:t\n\n");
        consumer.peer.say("ACK\ntransaction:t\n" + consumer.name(2) + '\n');
        consumer.peer.say("ABORT\ntransaction:t\n\n");
        EXPECT_EQ(consumer.count(), 3U);
        consumer.peer.say("ACK\n" + consumer.name(1) + '\n');
        EXPECT_EQ(consumer.count(), 1U);
        consumer.peer.vanish();
        Peer& next = consumer.peers.connect();
        next.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n");
        EXPECT_EQ(next.take_bodies(), Texts{"2"});
    }
}

TEST(StompChecklist, F7_what_a_transaction_has_cannot_be_settled_beside_it) {
    Consumer consumer("1.2", "client-individual");
    consumer.peer.say("BEGIN\ntransaction:t\n\n");
    consumer.peer.say("ACK\ntransaction:t\n" + consumer.name(0) + '\n');
    consumer.peer.expect_refused("NACK\n" + consumer.name(0) + '\n', Fault::delivery_unknown);
    EXPECT_EQ(consumer.count(), 3U);
}

TEST(StompChecklist, F8_ACK_of_an_automatic_subscription_does_nothing) {
    for (const std::string version : {"1.0", "1.1", "1.2"}) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
        peer.say("SUBSCRIBE\nid:2\ndestination:/queue/b\n\n");
        peer.say("SEND\ndestination:/queue/a\n\na");
        peer.say("SEND\ndestination:/queue/b\n\nb");
        // Its number is one more than that of the first.
        const std::string id = peer.take("MESSAGE").header(version == "1.2" ? "ack" : "message-id");
        std::string of_b = id;
        of_b[of_b.rfind('-') - 1] = '2';
        const std::string name =
            version == "1.2" ? "id:" + of_b + "\n" : "message-id:" + of_b + "\nsubscription:2\n";
        EXPECT_EQ(peer.take("MESSAGE").body, "b");
        peer.say("ACK\nreceipt:r\n" + name + '\n');
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r");
        peer.say("BEGIN\ntransaction:t\n\n");
        peer.say("ACK\ntransaction:t\n" + name + '\n');
        peer.say("COMMIT\ntransaction:t\n\n");
        EXPECT_TRUE(peer.has_nothing());
        EXPECT_FALSE(peer.session().is_over());
        EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 1U);
    }
}

// The largest number that an id can have is as good as any.
TEST(StompChecklist, F8_ACK_of_an_automatic_subscription_ends_for_any_number) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
    peer.say("BEGIN\ntransaction:t\n\n");
    peer.say("ACK\nid:1-18446744073709551615\n\n");
    peer.say("NACK\nid:1-18446744073709551615\ntransaction:t\n\n");
    peer.say("ABORT\ntransaction:t\nreceipt:r\n\n");
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r");
}

TEST(StompChecklist, F9_nobody_settles_what_another_connection_or_subscription_has) {
    for (const std::string version : {"1.0", "1.1", "1.2"}) {
        Consumer one(version, "client");
        Peer& other = one.peers.connect(version);
        other.say("SUBSCRIBE\nid:1\ndestination:/queue/b\nack:client\n\n");
        for (int i = 0; i < 3; ++i) one.sender.say("SEND\ndestination:/queue/b\n\nx");
        ASSERT_EQ(other.take_bodies().size(), 3U);
        other.expect_refused("ACK\n" + one.name(1) + '\n', Fault::delivery_unknown);
        EXPECT_EQ(one.count(), 3U);
        EXPECT_EQ(one.count_of("/queue/b"), 3U);
    }
    Consumer one("1.1", "client");
    one.peer.say("SUBSCRIBE\nid:2\ndestination:/queue/b\nack:client\n\n");
    one.peer.expect_refused(
        "ACK\nsubscription:2\nmessage-id:" + one.got[0].header("message-id") + "\n\n",
        Fault::delivery_unknown);
    EXPECT_EQ(one.count(), 3U);
}

TEST(StompChecklist, F5_when_all_is_settled_there_is_nothing_to_acknowledge) {
    for (const std::string version : {"1.0", "1.1", "1.2"}) {
        for (std::size_t again = 0; again < 3; ++again) {
            Consumer consumer(version, "client");
            consumer.peer.say("ACK\n" + consumer.name(2) + '\n');
            EXPECT_EQ(consumer.count(), 0U);
            consumer.peer.expect_refused("ACK\n" + consumer.name(again) + '\n',
                                         Fault::delivery_unknown);
        }
    }
}

TEST(StompChecklist, F5_nothing_may_be_around_an_id) {
    for (const std::string version : {"1.0", "1.1", "1.2"}) {
        for (const bool is_before : {false, true}) {
            Consumer consumer(version, "client");
            std::string name = consumer.name(0);
            name.insert(is_before ? name.find(':') + 1 : name.find('\n'), "x.");
            consumer.peer.expect_refused("ACK\n" + name + '\n', Fault::delivery_unknown);
            EXPECT_EQ(consumer.count(), 3U);
        }
    }
}

// A number is never used twice, so that a late ACK hits nothing else.
TEST(StompChecklist, F9_a_late_ACK_does_not_hit_a_new_subscription_of_the_same_id) {
    for (const std::string version : {"1.0", "1.1", "1.2"}) {
        Consumer consumer(version, "client");
        consumer.peer.say("UNSUBSCRIBE\nid:1\n\n");
        consumer.peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
        ASSERT_EQ(consumer.peer.take_bodies().size(), 3U);
        consumer.peer.expect_refused("ACK\n" + consumer.name(0) + '\n', Fault::delivery_unknown);
        EXPECT_EQ(consumer.count(), 3U);
    }
}

}  // namespace
}  // namespace edgews::stomp::test
