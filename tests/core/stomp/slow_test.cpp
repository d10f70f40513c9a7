// Which subscribers of topics are slow: by time, by size, and by what waits for all.
#include "slow_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

// ---- When it is ------------------------------------------------------------

TEST_F(StompSlow, a_burst_is_not_slowness_for_who_reads_it_in_time) {
    for (const WhenSlow when_slow :
         {WhenSlow::disconnect, WhenSlow::drop_oldest, WhenSlow::drop_newest, WhenSlow::block}) {
        start(options_for(when_slow));
        publish(0, 100);
        at(1'000);
        at(5'999);
        EXPECT_FALSE(slow().session().is_over());
        slow().unstick();
        at(100'000);
        EXPECT_EQ(take_numbers(slow()), numbers(0, 100));
        EXPECT_FALSE(slow().session().is_over());
        EXPECT_EQ(peers_->broker().counters().dropped, 0U);
    }
}

// Which it is from when the broker was told the time next: it went over at some time before.
TEST_F(StompSlow, it_is_when_too_much_has_waited_for_so_long) {
    start(options_for(WhenSlow::disconnect));
    send(sender(), 0, 20);
    at(1'000);
    at(5'999);
    EXPECT_FALSE(slow().session().is_over());
    at(6'000);
    static_cast<void>(slow().take_error(Fault::too_slow));
    EXPECT_FALSE(sender().session().is_over());
}

TEST_F(StompSlow, what_the_limit_allows_may_wait_for_ever) {
    start(options_for(WhenSlow::disconnect));
    while (waiting() + waiting() / 8 <= backlog) send(sender(), 0, 1);
    for (std::uint64_t now_ms = 0; now_ms < 100'000; now_ms += 1'000) at(now_ms);
    EXPECT_FALSE(slow().session().is_over());
    // And nothing of that counts when more comes.
    send(sender(), 0, 10);
    at(100'000);
    at(104'999);
    EXPECT_FALSE(slow().session().is_over());
    at(105'000);
    EXPECT_TRUE(slow().session().is_over());
}

TEST_F(StompSlow, who_has_read_down_to_the_limit_in_between_has_all_of_its_time_again) {
    start(options_for(WhenSlow::disconnect));
    send(sender(), 0, 20);
    at(1'000);
    at(5'000);
    take_some(10);
    EXPECT_GT(waiting(), backlog);  // That is not enough.
    at(5'999);
    take_some(5);
    EXPECT_LE(waiting(), backlog);
    send(sender(), 0, 20);
    at(6'000);
    at(10'999);
    EXPECT_FALSE(slow().session().is_over());
    take_some(10);
    at(11'000);
    EXPECT_TRUE(slow().session().is_over());
}

TEST_F(StompSlow, it_is_at_once_when_more_than_the_cap_would_wait) {
    start(options_for(WhenSlow::disconnect));
    int count = 0;
    while (!slow().session().is_over() && count < 1'000) {
        EXPECT_LE(waiting(), cap);
        send(sender(), count, count + 1);
        ++count;
    }
    EXPECT_NEAR(count, cap / 1'220, 20);
    static_cast<void>(slow().take_error(Fault::too_slow));
}

TEST_F(StompSlow, a_cap_below_the_limit_is_the_limit) {
    BrokerOptions options = options_for(WhenSlow::disconnect);
    options.backlog_size_cap = 1;
    start(options);
    send(sender(), 0, 7);
    EXPECT_FALSE(slow().session().is_over());
    send(sender(), 7, 9);
    EXPECT_TRUE(slow().session().is_over());
}

// It has its own limit, and its own share of the time.
TEST_F(StompSlow, who_lacks_acknowledgements_is_as_who_lacks_room) {
    start(options_for(WhenSlow::disconnect));
    Peer& other = peers_->connect();
    subscribe(other, "/topic/a", "ack:client\nprefetch-count:1\n");
    slow().unstick();
    send(sender(), 0, 20);
    EXPECT_EQ(other.count(), 1U);
    at(1'000);
    at(5'999);
    // In time: it acknowledges each.
    for (int i = 0; i < 20; ++i) {
        other.say("ACK\nid:" + other.take("MESSAGE").header("ack") + "\n\n");
    }
    EXPECT_TRUE(other.has_nothing());
    send(sender(), 0, 20);
    at(7'000);
    at(12'000);
    EXPECT_EQ(other.take_any().command, "MESSAGE");
    static_cast<void>(other.take_error(Fault::too_slow));
}

// Its loop has not come to it, or does not get on: that is not the client's fault.
TEST_F(StompSlow, whose_connection_takes_what_it_is_given_is_not) {
    start(options_for(WhenSlow::disconnect));
    peers_->broker().set_taking(slow().session().outbox(), true);
    publish(0, 20);
    EXPECT_GT(waiting(), backlog);
    for (std::uint64_t now_ms = 0; now_ms <= 60'000; now_ms += 1'000) at(now_ms);
    // What it does not take from here on is its own fault.
    peers_->broker().set_taking(slow().session().outbox(), false);
    at(61'000);
    EXPECT_FALSE(slow().session().is_over());
    at(66'000);
    EXPECT_TRUE(slow().session().is_over());
}

// Nor is it where there is no time for a burst: it takes what comes.
TEST_F(StompSlow, without_time_for_bursts_only_who_takes_nothing_is_held_to_the_limit) {
    BrokerOptions options = options_for(WhenSlow::disconnect);
    options.slow_after_ms = 0;
    start(options);
    peers_->broker().set_taking(slow().session().outbox(), true);
    publish(0, 100);
    EXPECT_FALSE(slow().session().is_over());
    peers_->broker().set_taking(slow().session().outbox(), false);
    publish(100, 101);
    EXPECT_TRUE(slow().session().is_over());
}

// Each thread has listened for so long as it has, whatever others have.
TEST_F(StompSlow, it_is_by_the_time_of_its_own_thread) {
    start(options_for(WhenSlow::disconnect));
    Watch standing_still;
    Peer& other = listener(*peers_, "1.2");
    other.is_stuck = true;
    other.session().outbox().watch = &standing_still;
    EXPECT_FALSE(peers_->broker().judge(standing_still, 500));
    send(sender(), 0, 20);
    at(1'000);
    at(60'000);
    EXPECT_TRUE(slow().session().is_over());
    EXPECT_FALSE(peers_->broker().judge(standing_still, 600));
    EXPECT_FALSE(peers_->broker().judge(standing_still, 5'599));
    peers_->serve();
    EXPECT_FALSE(other.session().is_over());
    EXPECT_FALSE(peers_->broker().judge(standing_still, 5'600));
    peers_->serve();
    EXPECT_TRUE(other.session().is_over());
    other.vanish();
}

TEST_F(StompSlow, some_leave_before_they_are_judged) {
    start(options_for(WhenSlow::disconnect));
    Peer& leaves = listener(*peers_, "1.2");
    leaves.is_stuck = true;
    Peer& forgets = listener(*peers_, "1.2");
    forgets.is_stuck = true;
    Peer& is_ended = listener(*peers_, "1.2");
    is_ended.is_stuck = true;
    send(sender(), 0, 20);
    at(1'000);
    leaves.vanish();
    forgets.say("UNSUBSCRIBE\nid:1\n\n");
    peers_->broker().end(is_ended.session().outbox(), Fault::closed_by_server);
    at(6'000);
    EXPECT_TRUE(slow().session().is_over());
    EXPECT_FALSE(forgets.session().is_over());
    static_cast<void>(is_ended.take_error(Fault::closed_by_server));
}

// So that nobody has to wait for the lock meanwhile.
TEST_F(StompSlow, of_many_some_are_judged_at_a_time) {
    start(options_for(WhenSlow::disconnect));
    Watch watch;
    constexpr int count = 100;
    std::vector<Peer*> many;
    for (int i = 0; i < count; ++i) {
        many.push_back(&listener(*peers_, "1.2"));
        many.back()->is_stuck = true;
        many.back()->session().outbox().watch = &watch;
    }
    for (int i = 0; i < 15; ++i) {
        sender().say("SEND\ndestination:/topic/a\n\n" + std::string(10'000, 'x'));
    }
    EXPECT_FALSE(peers_->broker().judge(watch, 0));
    int judged = 0;
    for (bool is_more = true; is_more;) {
        is_more = peers_->broker().judge(watch, 5'000);
        peers_->serve();
        int over = 0;
        for (Peer* const peer : many) over += peer->session().is_over() ? 1 : 0;
        EXPECT_LE(over - judged, 4'200'000 / 150'000 + 1);
        EXPECT_TRUE(over > judged || !is_more);
        judged = over;
    }
    EXPECT_EQ(judged, count);
    for (Peer* const peer : many) peer->vanish();
}

// ---- What waits for all -----------------------------------------------------

// Where memory is short there is no time for bursts; but who ends leaves room for the others.
TEST_F(StompSlow,
       too_much_for_all_ends_one_after_the_other_and_only_those_who_are_over_their_limit) {
    BrokerOptions options = options_for(WhenSlow::disconnect);
    options.backlogs_size_max = 100'000;
    start(options);
    std::vector<Peer*> stuck;
    for (int i = 0; i < 20; ++i) {
        stuck.push_back(&peers_->connect());
        stuck.back()->is_stuck = true;
        subscribe(*stuck.back(), "/topic/" + std::to_string(i % 10));
    }
    Peer& modest = peers_->connect();
    modest.is_stuck = true;
    subscribe(modest, "/topic/modest");
    send(sender(), 0, 5, "/topic/modest");
    const auto count_over = [&] {
        return std::ranges::count_if(stuck, [](Peer* peer) { return peer->session().is_over(); });
    };
    // 60,000, twice: each message waits for two.
    for (int i = 0; i < 5; ++i) send(sender(), 0, 10, "/topic/" + std::to_string(i));
    EXPECT_EQ(count_over(), 0);
    for (int i = 5; i < 10; ++i) send(sender(), 0, 10, "/topic/" + std::to_string(i));
    EXPECT_GT(count_over(), 0);
    EXPECT_LT(count_over(), 10);
    EXPECT_LE(peers_->broker().accounts().total(Common::memory), 160'000U);
    modest.unstick();
    EXPECT_EQ(modest.count(), 5U);
    EXPECT_FALSE(sender().session().is_over());
}

// However large it is said to be: SENDs would be refused before anybody is slow.
TEST_F(StompSlow, what_waits_for_all_is_at_most_half_of_what_there_is) {
    BrokerOptions options = options_for(WhenSlow::disconnect);
    options.memory_max = 200'000;
    options.has_shares = false;
    start(options);
    send(sender(), 0, 400);
    EXPECT_TRUE(slow().session().is_over());
    EXPECT_FALSE(sender().session().is_over());
}

// Places cost memory, too, and copies do not: all of one user have the burst.
TEST_F(StompSlow, a_burst_for_a_crowd_of_one_user_costs_what_one_costs_and_places) {
    BrokerOptions options = options_for(WhenSlow::disconnect);
    options.memory_max = 4'000'000;
    options.backlogs_size_max = 1'000'000;
    start(options);
    std::vector<Peer*> crowd;
    for (int i = 0; i < 50; ++i) {
        crowd.push_back(&listener(*peers_, "1.2"));
        crowd.back()->is_stuck = true;
    }
    send(sender(), 0, 100);  // 122,000 once, 6,000,000 in copies.
    for (Peer* const peer : crowd) {
        EXPECT_FALSE(peer->session().is_over());
        peer->unstick();
        EXPECT_EQ(peer->count(), 100U);
        peer->is_stuck = true;
    }
    Peers many({.backlog_size_max = 2'000, .backlogs_size_max = 100'000, .memory_max = 4'000'000});
    Peer& sender = many.connect();
    std::vector<Peer*> listeners;
    for (int i = 0; i < 100; ++i) {
        listeners.push_back(&listener(many, "1.2"));
        listeners.back()->is_stuck = true;
    }
    send(sender, 0, 30);  // 36,000, and 192,000 of places.
    EXPECT_TRUE(std::ranges::any_of(listeners, [](Peer* p) { return p->session().is_over(); }));
    EXPECT_TRUE(std::ranges::any_of(listeners, [](Peer* p) { return !p->session().is_over(); }));
}

// ---- What an upstream broker gives -------------------------------------------

// Another broker's queue: it gives no more than it was asked for, as one of ours does.
class StompRelayedConsumer : public testing::Test {
  protected:
    explicit StompRelayedConsumer(WhenSlow when_slow = WhenSlow::disconnect)
        : broker_(options_for(when_slow)) {
        consumer_.watch = &watch_;
        EXPECT_EQ(broker_.subscribe(consumer_, {.id = "1",
                                                .destination = "/queue/a",
                                                .ack_mode = AckMode::client,
                                                .is_relayed = true}),
                  Fault::none);
        EXPECT_EQ(broker_.subscribe(consumer_, {.id = "2", .destination = "/topic/a"}),
                  Fault::none);
    }
    ~StompRelayedConsumer() override {
        broker_.leave(consumer_);
        broker_.leave(producer_);
    }
    Content content(const std::string& destination) {
        const std::string body = body_of(0);
        return contents_.make({.destination = destination, .body = std::as_bytes(std::span(body))});
    }
    void give(std::uint64_t count) {
        for (std::uint64_t i = 1; i <= count; ++i) {
            broker_.give(*consumer_.find(std::string_view("1")),
                         {.content = content("/queue/a"), .position = i});
        }
    }

    ContentPool contents_{"m"};
    Watch watch_;
    Broker broker_;
    Outbox consumer_;
    Outbox producer_;
};

class StompRelayedBlocking : public StompRelayedConsumer {
  protected:
    StompRelayedBlocking() : StompRelayedConsumer(WhenSlow::block) {}
};

TEST_F(StompRelayedConsumer, who_takes_its_time_over_a_queue_is_not_slow) {
    give(200);
    // It is counted, for whoever asks for more.
    EXPECT_GT(broker_.accounts().total(Common::memory), cap);
    EXPECT_GT(consumer_.relayed_size, cap);
    EXPECT_EQ(consumer_.backlog_size(), 0U);
    static_cast<void>(broker_.judge(watch_, 0));
    static_cast<void>(broker_.judge(watch_, 100'000));
    EXPECT_EQ(consumer_.fault, Fault::none);
    // Nor does it leave less room for what comes of topics.
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(broker_.send("/topic/a", content("/topic/a"), nullptr), Broker::Sent::done);
    }
    EXPECT_EQ(consumer_.fault, Fault::none);
}

TEST_F(StompRelayedBlocking, nobody_waits_for_who_takes_its_time_over_a_queue) {
    give(10);
    EXPECT_EQ(broker_.send("/topic/a", content("/topic/a"), &producer_), Broker::Sent::done);
    EXPECT_EQ(consumer_.fault, Fault::none);
    EXPECT_FALSE(producer_.has_to_wait());
}

// In their order: those that were sent are the older ones.
TEST_F(StompRelayedConsumer, what_it_had_goes_back_when_it_was_ended) {
    give(3);
    std::vector<Outgoing> out;
    EXPECT_TRUE(broker_.collect(consumer_, 1, out));
    broker_.end(consumer_, Fault::closed_by_server);
    broker_.leave(consumer_);
    std::string positions;
    for (const Outbox::Settled& one : consumer_.settled) {
        EXPECT_EQ(one.verdict, Verdict::requeue);
        positions += std::to_string(one.position) + ' ';
    }
    EXPECT_EQ(positions, "1 2 3 ");
    EXPECT_EQ(consumer_.relayed_size, 0U);
    EXPECT_EQ(broker_.accounts().total(Common::memory), 0U);
    EXPECT_EQ(broker_.accounts().total(Common::backlog), 0U);
}

}  // namespace
}  // namespace edgews::stomp::test
