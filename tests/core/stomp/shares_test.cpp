// What one client takes, others do not lack; and one budget of memory for all.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Texts = std::vector<std::string>;

void send(Peer& peer, const std::string& destination, std::string_view body = "",
          std::string_view headers = "") {
    peer.say("SEND\ndestination:" + destination + '\n' + std::string(headers) + '\n' +
             std::string(body));
}

void subscribe(Peer& peer, const std::string& destination, std::string_view headers = "") {
    peer.say("SUBSCRIBE\nid:" + destination + "\ndestination:" + destination + '\n' +
             std::string(headers) + '\n');
}

// A client says frame(0), frame(1), … until it is refused; how many it could say.
template <class F>
std::size_t count_until_refused(Peer& peer, Fault fault, F&& frame) {
    std::size_t count = 0;
    while (!peer.session().is_over() && count < 100'000) peer.say(frame(count++));
    EXPECT_EQ(peer.session().fault(), fault) << describe(peer.session().fault());
    return count - 1;
}

bool gets_a_receipt(Peer& peer, const std::string& frame) {
    peer.say(frame);
    return !peer.has_nothing() && peer.take_any().command == "RECEIPT";
}

std::size_t memory_of(Peers& peers) {
    return peers.broker().accounts().total(Common::memory);
}

// Nothing is on any account.
void expect_nothing_held(Peers& peers) {
    for (const Common what : {Common::memory, Common::queues, Common::topics, Common::shapes,
                              Common::queued, Common::backlog}) {
        EXPECT_EQ(peers.broker().accounts().total(what), 0U) << static_cast<int>(what);
    }
    EXPECT_EQ(peers.broker().accounts().user_count(), 0U);
}

TEST(StompShares, one_client_leaves_queues_and_topics_to_the_others) {
    for (const bool is_send : {false, true}) {
        for (const std::string kind : {"/queue/", "/topic/"}) {
            if (is_send && kind == "/topic/") continue;
            Peers peers({.destination_count_max = 3'000});
            Peer& greedy = peers.connect();
            const std::string command = is_send ? "SEND\n" : "SUBSCRIBE\n";
            const std::size_t count =
                count_until_refused(greedy, Fault::too_many_destinations, [&](std::size_t i) {
                    const std::string number = std::to_string(i);
                    return command + "id:" + number + "\ndestination:" + kind + number + "\n\n";
                });
            EXPECT_EQ(count, 1'000U);
            // From the same place, from another, and by name.
            EXPECT_TRUE(gets_a_receipt(
                peers.connect(), command + "id:1\nreceipt:r\ndestination:" + kind + "mine\n\n"));
            Peer& named = peers.connect("1.2", "joe");
            for (int i = 0; i < 300; ++i) {
                EXPECT_TRUE(gets_a_receipt(named, command + "id:" + std::to_string(i) +
                                                      "\nreceipt:r\ndestination:" + kind + "joe" +
                                                      std::to_string(i) + "\n\n"));
            }
        }
    }
}

TEST(StompShares, one_client_that_fills_queues_leaves_memory_to_the_others) {
    constexpr std::size_t max = 8 * 1024 * 1024;
    Peers peers({.memory_max = max});
    const std::string body(10'000, 'x');
    // It comes again and again: what it left behind is still its own.
    for (int i = 0; i < 5; ++i) {
        Peer& greedy = peers.connect("1.2", "greedy");
        const std::string to = "/queue/" + std::to_string(i);
        const std::size_t count = count_until_refused(greedy, Fault::memory_full, [&](std::size_t) {
            return "SEND\ndestination:" + to + "\n\n" + body;
        });
        if (i == 0) {
            EXPECT_NEAR(static_cast<double>(count), max / 3.0 / 10'300, 10);
        }
        EXPECT_LE(memory_of(peers), max / 2 + 64 * 1024);
        Peer& other = peers.connect("1.2", "other" + std::to_string(i));
        EXPECT_TRUE(gets_a_receipt(other, "SEND\nreceipt:r\ndestination:/queue/other\n\n" + body));
    }
    // What is consumed may be sent again.
    Peer& consumer = peers.connect();
    for (int i = 0; i < 5; ++i) subscribe(consumer, "/queue/" + std::to_string(i));
    Peer& again = peers.connect("1.2", "greedy");
    EXPECT_TRUE(gets_a_receipt(again, "SEND\nreceipt:r\ndestination:/queue/1\n\n" + body));
    static_cast<void>(consumer.take_bodies());
    subscribe(consumer, "/queue/other");
    consumer.vanish();
    again.vanish();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(peers.broker().find_queue("/queue/other"), nullptr);
}

TEST(StompShares, the_refusal_names_the_option) {
    Peers peers({.memory_max = 1'000'000});
    Peer& greedy = peers.connect();
    static_cast<void>(count_until_refused(greedy, Fault::memory_full, [&](std::size_t) {
        return "SEND\ndestination:/queue/a\n\n" + std::string(10'000, 'x');
    }));
    EXPECT_NE(greedy.take_error(Fault::memory_full).body.find("memory_max is 1000000"),
              std::string::npos);
}

TEST(StompShares, open_transactions_are_counted_for_all) {
    constexpr std::size_t max = 8 * 1024 * 1024;
    Peers peers({.memory_max = max});
    const std::string body(10'000, 'x');
    std::vector<Peer*> greedy;
    for (int i = 0; i < 5; ++i) {
        greedy.push_back(&peers.connect("1.2", "greedy"));
        greedy.back()->say("BEGIN\ntransaction:t\n\n");
        for (int j = 0; j < 250 && !greedy.back()->session().is_over(); ++j) {
            send(*greedy.back(), j % 2 == 0 ? "/queue/a" : "/app/a", body, "transaction:t\n");
        }
    }
    EXPECT_LE(memory_of(peers), max / 2 + 64 * 1024);
    EXPECT_EQ(greedy.back()->session().fault(), Fault::memory_full);
    // Who is over has given it back already, and the others do when they end it.
    EXPECT_FALSE(greedy.front()->session().is_over());
    greedy.front()->say("ABORT\ntransaction:t\n\n");
    for (Peer* const peer : greedy) peer->vanish();
    expect_nothing_held(peers);
}

TEST(StompShares, COMMIT_turns_what_a_transaction_holds_into_what_its_queues_hold) {
    constexpr std::size_t max = 900'000;
    Peers peers({.memory_max = max});
    Peer& peer = peers.connect();
    peer.say("BEGIN\ntransaction:t\n\n");
    for (int i = 0; i < 25; ++i) {
        send(peer, "/queue/a", std::string(10'000, 'x'), "transaction:t\n");
    }
    peer.say("COMMIT\ntransaction:t\nreceipt:r\n\n");  // Both at once would be too much.
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r");
    EXPECT_EQ(peer.session().outbox().transactions_size, 0U);
    EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 25U);
    Peer& consumer = peers.connect();
    subscribe(consumer, "/queue/a");
    consumer.vanish();
    peer.vanish();
    expect_nothing_held(peers);
}

TEST(StompShares, BEGIN_and_SUBSCRIBE_are_refused_when_no_memory_is_left) {
    Peers peers({.memory_max = 100'000, .has_shares = false});
    Peer& greedy = peers.connect();
    static_cast<void>(count_until_refused(greedy, Fault::memory_full, [&](std::size_t) {
        return "SEND\ndestination:/queue/a\n\nx";
    }));
    Peer& peer = peers.connect();
    peer.expect_refused("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n", Fault::memory_full);
    peers.connect().expect_refused("BEGIN\ntransaction:" + std::string(1'000, 't') + "\n\n",
                                   Fault::memory_full);
    peers.connect().expect_refused("SEND\ndestination:/topic/a\n\n" + std::string(1'000, 'x'),
                                   Fault::memory_full);
}

TEST(StompShares, the_subscriptions_of_a_session_take_so_much_memory) {
    Peers peers({.subscriptions_size_max = 100'000});
    Peer& peer = peers.connect();
    const std::size_t count =
        count_until_refused(peer, Fault::too_many_subscriptions, [](std::size_t i) {
            return "SUBSCRIBE\nid:" + std::to_string(i) + "\ndestination:/topic/" +
                   std::string(900, 'x') + "\n\n";
        });
    EXPECT_GT(count, 20U);
    EXPECT_LT(count, 60U);
    const Got error = peer.take_error(Fault::too_many_subscriptions);
    EXPECT_NE(error.body.find("subscriptions_size_max is 100000"), std::string::npos);
    expect_nothing_held(peers);
}

TEST(StompShares, all_is_given_back_by_whoever_leaves) {
    Peers peers;
    Peer& one = peers.connect("1.2", "joe");
    Peer& two = peers.connect("1.2", "joe");
    for (Peer* const peer : {&one, &two}) {
        for (const std::string name : {"/topic/a", "/topic/a.*", "/topic/#", "/queue/a", "/queue/b",
                                       "/temp-queue/r", "/user/queue/a"}) {
            subscribe(*peer, name, "ack:client\n");
        }
    }
    one.is_stuck = true;
    for (int i = 0; i < 10; ++i) {
        for (const std::string to :
             {"/topic/a", "/topic/a.b", "/queue/a", "/user/joe/queue/a", "/temp-queue/r"}) {
            send(two, to, "x");
        }
    }
    two.say("BEGIN\ntransaction:t\n\n");
    send(two, "/queue/a", "x", "transaction:t\n");
    EXPECT_GT(memory_of(peers), 5'000U);
    two.vanish();
    one.vanish();
    // What waits in queues is all that is left, on the account of who sent it.
    EXPECT_EQ(peers.broker().queue_count(), 1U);
    EXPECT_EQ(peers.broker().accounts().user_count(), 1U);
    EXPECT_EQ(peers.broker().accounts().total(Common::topics), 0U);
    EXPECT_EQ(peers.broker().accounts().total(Common::backlog), 0U);
    Peer& last = peers.connect();
    subscribe(last, "/queue/a");
    EXPECT_EQ(last.take_bodies().size(), 10U);
    last.vanish();
    expect_nothing_held(peers);
}

TEST(StompShares, a_topics_message_takes_memory_once_however_many_it_waits_for) {
    Peers peers;
    std::vector<Peer*> stuck;
    for (int i = 0; i < 20; ++i) {
        stuck.push_back(&peers.connect());
        subscribe(*stuck.back(), "/topic/a");
        stuck.back()->is_stuck = true;
    }
    const std::size_t before = memory_of(peers);
    Peer& sender = peers.connect();
    send(sender, "/topic/a", std::string(10'000, 'x'));
    sender.vanish();
    EXPECT_GT(memory_of(peers), before + 10'000);
    EXPECT_LT(memory_of(peers), before + 11'000);
    for (Peer* const peer : stuck) peer->vanish();
    expect_nothing_held(peers);
}

TEST(StompShares, who_takes_nothing_may_hold_up_a_share_of_memory_and_nobody_else_is_slow) {
    Peers peers({.backlog_size_max = 500'000, .memory_max = 4'000'000});
    Peer& sender = peers.connect("1.2", "sender");
    // Each has a topic of its own, of which it reads nothing.
    std::vector<Peer*> stuck;
    for (int i = 0; i < 10; ++i) {
        stuck.push_back(&peers.connect("1.2", "stuck"));
        subscribe(*stuck.back(), "/topic/" + std::to_string(i));
        stuck.back()->is_stuck = true;
    }
    Peer& healthy = peers.connect("1.2", "healthy");
    subscribe(healthy, "/topic/#");
    for (int round = 0; round < 45; ++round) {
        for (int i = 0; i < 10; ++i) {
            send(sender, "/topic/" + std::to_string(i), std::string(10'000, 'x'));
        }
    }
    EXPECT_EQ(healthy.take_bodies().size(), 450U);
    EXPECT_FALSE(sender.session().is_over());
    EXPECT_LE(memory_of(peers), 2'200'000U);
    const auto is_over = [](Peer* peer) { return peer->session().is_over(); };
    EXPECT_GT(std::count_if(stuck.begin(), stuck.end(), is_over), 0);
    for (Peer* const peer : stuck) peer->vanish();
}

// As if it had sent each of them alone.
TEST(StompShares, what_a_transaction_sends_is_on_the_account_of_its_session) {
    const auto held_after = [](std::initializer_list<const char*> frames) {
        Peers peers;
        Peer& sender = peers.connect();
        for (const char* const frame : frames) sender.say(frame);
        return sender.session().outbox().account->held(Common::memory);
    };
    const std::size_t alone = held_after({"SEND\ndestination:/queue/a\n\nhello"});
    EXPECT_GT(alone, 0U);
    EXPECT_EQ(held_after({"BEGIN\ntransaction:t\n\n",
                          "SEND\ndestination:/queue/a\ntransaction:t\n\nhello",
                          "COMMIT\ntransaction:t\n\n"}),
              alone);
}

TEST(StompShares, replies_are_on_the_account_of_who_does_not_read_them) {
    Peers peers({.memory_max = 2'000'000});
    Peer& asker = peers.connect("1.2", "asker");
    asker.is_stuck = true;
    for (int i = 0; i < 3; ++i) subscribe(asker, "/temp-queue/" + std::to_string(i));
    Peer& answerer = peers.connect("1.2", "answerer");
    for (int i = 0; i < 300; ++i) {
        send(answerer, "/temp-queue/session-1/" + std::to_string(i % 3), std::string(10'000, 'x'));
    }
    EXPECT_FALSE(answerer.session().is_over());
    EXPECT_GT(peers.broker().counters().dropped, 200U);
    EXPECT_LE(memory_of(peers), 1'000'000U);
    EXPECT_EQ(answerer.session().outbox().account->held(Common::memory), 0U);
}

TEST(StompShares, a_reply_of_the_application_is_on_its_clients_account) {
    Peers peers({.destination_count_max = 300});
    Peer& peer = peers.connect();
    ContentPool contents("a");
    int count = 0;
    for (int i = 0; i < 300; ++i) {
        const std::string key = "/queue/" + std::to_string(i);
        const Broker::Sent sent = peers.broker().send_for(peer.session().outbox(), key,
                                                          contents.make({.destination = key}));
        if (sent == Broker::Sent::done) ++count;
    }
    EXPECT_EQ(count, 100);
    Peer& consumer = peers.connect();
    for (int i = 0; i < 100; ++i) subscribe(consumer, "/queue/" + std::to_string(i));
    EXPECT_EQ(consumer.count(), 100U);
}

}  // namespace
}  // namespace edgews::stomp::test
