// A queue under everything that consumers and producers do to it, at random, beside a model of it
// that is a list of numbers:
//
// - No message is lost, and none is with two consumers at once.
// - What is delivered again came back, and says so; what is settled never comes again.
// - Whoever reads what is left reads it in the order in which it came.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

class RandomRun {
  public:
    explicit RandomRun(std::uint32_t seed) : random_(seed), peers_(options()) {
        for (int i = 0; i < 3; ++i) senders_.push_back(&peers_.connect());
    }

    void step() {
        switch (below(12)) {
            case 0: return add_consumer();
            case 1: return leave();
            case 2: return toggle();
            case 3:
            case 4:
            case 5: return settle();
            default: return send();
        }
    }

    void check() {
        for (Consumer& consumer : consumers_) receive(consumer);
        const Queue* const queue = peers_.broker().find_queue("/queue/a");
        EXPECT_EQ(queue == nullptr ? 0 : queue->count(), left_.size());
    }

    // All consumers go, and one more reads what they left.
    void finish() {
        while (!consumers_.empty()) leave();
        Peer& last = peers_.connect();
        last.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n");
        std::vector<int> numbers;
        while (!last.has_nothing()) {
            const Got got = last.take("MESSAGE");
            numbers.push_back(std::stoi(got.body));
            EXPECT_EQ(got.header("redelivered"),
                      delivered_.count(numbers.back()) != 0 ? "true" : "false");
        }
        EXPECT_EQ(numbers, (std::vector<int>(left_.begin(), left_.end())));
    }

  private:
    enum class Mode { automatic, client, client_individual };
    struct Held {
        int number;
        std::string name;  // The headers of its ACK.
    };
    struct Consumer {
        Peer* peer;
        Mode mode;
        bool is_1_2;
        std::vector<Held> held;
    };

    static BrokerOptions options() {
        BrokerOptions options;
        options.delivery_count_max = 0;
        return options;
    }

    std::size_t below(std::size_t count) { return random_() % count; }

    void send() {
        senders_[below(senders_.size())]->say("SEND\ndestination:/queue/a\n\n" +
                                              std::to_string(++last_));
        left_.insert(last_);
    }

    void add_consumer() {
        if (consumers_.size() >= 5) return;
        Consumer consumer{};
        consumer.mode = static_cast<Mode>(below(3));
        consumer.is_1_2 = below(2) == 0;
        consumer.peer = &peers_.connect(consumer.is_1_2 ? "1.2" : "1.1");
        const std::string_view modes[] = {"auto", "client", "client-individual"};
        consumer.peer->is_stuck = below(4) == 0;
        consumer.peer->say("SUBSCRIBE\nid:1\ndestination:/queue/a\nprefetch-count:" +
                           std::to_string(1 + below(8)) + "\nack:" +
                           std::string(modes[static_cast<std::size_t>(consumer.mode)]) + "\n\n");
        consumers_.push_back(consumer);
    }

    void leave() {
        if (consumers_.empty()) return;
        const std::size_t index = below(consumers_.size());
        Consumer consumer = consumers_[index];
        consumers_.erase(consumers_.begin() + static_cast<std::ptrdiff_t>(index));
        receive(consumer);
        for (const Held& held : consumer.held) held_.erase(held.number);
        switch (below(3)) {
            case 0: consumer.peer->vanish(); break;
            case 1: consumer.peer->say("UNSUBSCRIBE\nid:1\n\n"); break;
            default: consumer.peer->say("DISCONNECT\n\n");
        }
    }

    void toggle() {
        if (consumers_.empty()) return;
        Peer& peer = *consumers_[below(consumers_.size())].peer;
        if (peer.is_stuck) return peer.unstick();
        peer.is_stuck = true;
    }

    void settle() {
        if (consumers_.empty()) return;
        Consumer& consumer = consumers_[below(consumers_.size())];
        receive(consumer);
        if (consumer.held.empty()) return;
        const std::size_t index = below(consumer.held.size());
        const std::string name = consumer.held[index].name;
        const bool is_nack = below(3) == 0;
        const std::size_t first = consumer.mode == Mode::client ? 0 : index;
        const auto begin = consumer.held.begin();
        for (std::size_t i = first; i <= index; ++i) {
            const int number = consumer.held[i].number;
            held_.erase(number);
            if (!is_nack) left_.erase(number);
        }
        consumer.held.erase(begin + static_cast<std::ptrdiff_t>(first),
                            begin + static_cast<std::ptrdiff_t>(index) + 1);
        say_settling(*consumer.peer, (is_nack ? "NACK\n" : "ACK\n") + name);
    }

    // Alone, or in a transaction, perhaps at the second try.
    void say_settling(Peer& peer, const std::string& frame) {
        if (below(2) == 0) return peer.say(frame + '\n');
        peer.say("BEGIN\ntransaction:t\n\n");
        peer.say(frame + "transaction:t\n\n");
        if (below(2) == 0) {
            peer.say("ABORT\ntransaction:t\n\n");
            return peer.say(frame + '\n');
        }
        peer.say("COMMIT\ntransaction:t\n\n");
    }

    void receive(Consumer& consumer) {
        while (!consumer.peer->has_nothing()) {
            const Got got = consumer.peer->take("MESSAGE");
            const int number = std::stoi(got.body);
            EXPECT_EQ(left_.count(number), 1U) << number << " is settled";
            EXPECT_EQ(held_.count(number), 0U) << number << " is with another";
            const bool is_again = !delivered_.insert(number).second;
            EXPECT_EQ(got.header("redelivered"), is_again ? "true" : "false") << number;
            if (consumer.mode == Mode::automatic) {
                left_.erase(number);
                continue;
            }
            held_.insert(number);
            consumer.held.push_back(
                {number, consumer.is_1_2
                             ? "id:" + got.header("ack") + '\n'
                             : "message-id:" + got.header("message-id") + "\nsubscription:1\n"});
        }
    }

    std::mt19937 random_;
    Peers peers_;
    std::vector<Peer*> senders_;
    std::vector<Consumer> consumers_;
    int last_ = 0;
    std::set<int> left_;       // Sent, and not settled.
    std::set<int> held_;       // Of those, with a consumer.
    std::set<int> delivered_;  // Ever.
};

TEST(StompQueueModel, no_message_is_lost_none_comes_twice_and_order_is_kept) {
    for (std::uint32_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomRun run(seed);
        for (int i = 0; i < 300 && !::testing::Test::HasFailure(); ++i) {
            run.step();
            run.check();
        }
        run.finish();
        if (::testing::Test::HasFailure()) return;
    }
}

}  // namespace
}  // namespace edgews::stomp::test
