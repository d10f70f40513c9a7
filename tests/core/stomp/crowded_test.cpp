// Producers that have to wait: for subscribers, and for room in a queue.
#include "core/stomp/broker.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "peers.hpp"

namespace edgews::stomp::test {
namespace {

class CrowdedTest : public testing::Test {
  protected:
    CrowdedTest() {
        subscriber_.session_id = "session-1";
        EXPECT_EQ(broker_.subscribe(subscriber_, {.id = "1", .destination = "/topic/a"}),
                  Fault::none);
        broker_.set_taking(subscriber_, true);
    }
    ~CrowdedTest() override {
        broker_.leave(subscriber_);
        broker_.leave(producer_);
    }
    void send() {
        const std::string body(1'000, 'x');
        const Content content =
            contents_.make({.destination = "/topic/a", .body = std::as_bytes(std::span(body))});
        EXPECT_EQ(broker_.send("/topic/a", content, &producer_), Broker::Sent::done);
    }
    // Until the producer has to wait, or so often.
    int send_until_waiting(int count_max) {
        int count = 0;
        while (count < count_max && !producer_.has_to_wait()) {
            send();
            ++count;
        }
        return count;
    }
    void collect_all() {
        std::vector<Outgoing> out;
        while (broker_.collect(subscriber_, 1, out)) {
        }
    }

    ContentPool contents_{"m"};
    Broker broker_{{.backlog_size_max = 100'000, .backlog_size_cap = 800'000}};
    Outbox subscriber_;
    Outbox producer_;
};

TEST_F(CrowdedTest, a_producer_waits_for_a_subscriber_that_takes_what_it_gets) {
    const int count = send_until_waiting(1'000);
    EXPECT_GT(count, 20);
    EXPECT_LT(count, 50);  // Half of the backlog.
    EXPECT_FALSE(producer_.may_try_again);
    std::vector<Outgoing> out;
    EXPECT_TRUE(broker_.collect(subscriber_, 1, out));
    EXPECT_TRUE(producer_.has_to_wait());  // It is still crowded: a little room is none.
    collect_all();
    EXPECT_FALSE(producer_.has_to_wait());
    EXPECT_TRUE(producer_.may_try_again);
    EXPECT_EQ(send_until_waiting(1'000), count);
    EXPECT_EQ(subscriber_.fault, Fault::none);
}

TEST_F(CrowdedTest, nobody_waits_for_one_that_takes_nothing) {
    broker_.set_taking(subscriber_, false);
    EXPECT_EQ(send_until_waiting(60), 60);
    EXPECT_EQ(subscriber_.fault, Fault::none);
    EXPECT_EQ(send_until_waiting(1'000), 1'000);
    EXPECT_EQ(subscriber_.fault, Fault::too_slow);
}

TEST_F(CrowdedTest, a_wait_ends_when_the_subscriber_takes_nothing_more) {
    static_cast<void>(send_until_waiting(1'000));
    broker_.set_taking(subscriber_, false);
    EXPECT_FALSE(producer_.has_to_wait());
    EXPECT_TRUE(producer_.may_try_again);
}

TEST_F(CrowdedTest, a_wait_ends_when_the_subscriber_leaves) {
    static_cast<void>(send_until_waiting(1'000));
    broker_.leave(subscriber_);
    EXPECT_FALSE(producer_.has_to_wait());
    EXPECT_TRUE(producer_.may_try_again);
}

TEST_F(CrowdedTest, one_that_waits_may_leave) {
    static_cast<void>(send_until_waiting(1'000));
    broker_.leave(producer_);
    EXPECT_FALSE(producer_.has_to_wait());
}

// Who cannot wait: the application.
TEST_F(CrowdedTest, what_is_more_than_the_cap_is_too_much_for_anyone) {
    const Content content = contents_.make({.destination = "/topic/a"});
    const std::size_t fitting = 800'000 / content.size();
    for (std::size_t i = 0; i < fitting; ++i) {
        EXPECT_EQ(broker_.send("/topic/a", content, nullptr), Broker::Sent::done);
    }
    EXPECT_EQ(subscriber_.fault, Fault::none);
    EXPECT_EQ(broker_.send("/topic/a", content, nullptr), Broker::Sent::done);
    EXPECT_EQ(subscriber_.fault, Fault::too_slow);
}

TEST_F(CrowdedTest, a_transaction_waits_when_all_of_it_is_sent) {
    const std::string body(1'000, 'x');
    const Content content =
        contents_.make({.destination = "/topic/a", .body = std::as_bytes(std::span(body))});
    const std::vector<Sending> sendings(100, {.content = content, .key = "/topic/a"});
    EXPECT_EQ(broker_.send_all(sendings, &producer_), Broker::Sent::done);
    EXPECT_TRUE(producer_.has_to_wait());
    std::vector<Outgoing> out;
    while (broker_.collect(subscriber_, 1, out)) {
    }
    EXPECT_EQ(out.size(), 100U);
    EXPECT_TRUE(producer_.may_try_again);
}

// By then the frame that it came in is long gone.
TEST(BlockedProducer, may_be_refused_after_all) {
    Peers peers({.queue = {.message_count_max = 1, .when_full = WhenFull::block},
                 .destination_count_max = 1});
    Peer& producer = peers.connect();
    producer.say("SEND\ndestination:/queue/a\n\nfirst");
    producer.say("SEND\ndestination:/queue/a\nreceipt:1\n\nsecond");
    Peer& consumer = peers.connect();
    consumer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
    const std::string ack = consumer.take("MESSAGE").header("ack");
    EXPECT_TRUE(producer.is_blocked());
    const std::string nul(1, '\0');
    consumer.say("ACK\nid:" + ack + "\n\n" + nul + "UNSUBSCRIBE\nid:1\n\n" + nul +
                 "SEND\ndestination:/queue/b\n\nx");
    EXPECT_EQ(producer.take("ERROR").header("message"), describe(Fault::too_many_destinations));
}

// It could not be sent what waits, however fast it reads: its ACKs are missing.
TEST_F(CrowdedTest, nobody_waits_for_one_that_does_not_acknowledge) {
    broker_.leave(subscriber_);
    EXPECT_EQ(broker_.subscribe(subscriber_, {.id = "1",
                                              .destination = "/topic/a",
                                              .ack_mode = AckMode::client,
                                              .prefetch_count = 1}),
              Fault::none);
    EXPECT_EQ(send_until_waiting(60), 60);
    EXPECT_EQ(subscriber_.fault, Fault::none);
    send_until_waiting(1'000);
    EXPECT_FALSE(producer_.has_to_wait());
    EXPECT_EQ(subscriber_.fault, Fault::too_slow);
}

}  // namespace
}  // namespace edgews::stomp::test
