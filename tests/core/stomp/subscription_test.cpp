// What a subscription knows of its deliveries, beside a plain table of them.
#include <gtest/gtest.h>

#include "core/stomp/accounts.hpp"
#include "core/stomp/content.hpp"
#include "core/stomp/outbox.hpp"
#include "core/stomp/queue.hpp"
#include "core/stomp/subscription.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace edgews::stomp {
namespace {

constexpr std::uint32_t settled = UINT32_MAX;

// A subscription to a queue, and what there should be of it.
class Modelled {
  public:
    explicit Modelled(AckMode mode)
        : mode_(mode),
          subscription_(outbox_, 1,
                        {.id = "1",
                         .destination = "/queue/a",
                         .ack_mode = mode,
                         .prefetch_count = 1'000'000}) {
        subscription_.queue = &queue_;
    }
    ~Modelled() {
        std::vector<std::uint64_t> rest;
        subscription_.settle_all([&](const Delivery& d) { rest.push_back(d.position); });
        EXPECT_EQ(rest, taken_by([](std::uint64_t, std::uint32_t by) { return by != settled; }));
        EXPECT_EQ(subscription_.unsettled_count(), 0U);
    }

    // Each message's position in its queue is its sequence.
    void deliver() {
        subscription_.give(
            {.content = contents_.make({.destination = "/queue/a"}), .position = by_.size() + 1});
        EXPECT_EQ(subscription_.take().sequence, by_.size() + 1);
        by_.emplace(by_.size() + 1, 0);
    }
    void settle(std::uint64_t sequence) {
        const auto expected = take(first_meant(sequence), sequence, 0, settled);
        std::vector<std::uint64_t> got;
        subscription_.settle(sequence, [&](const Delivery& d) { got.push_back(d.position); });
        EXPECT_EQ(got, expected);
    }
    void reserve(std::uint64_t sequence, std::uint32_t transaction) {
        const auto expected = take(first_meant(sequence), sequence, 0, transaction);
        const std::uint64_t first = subscription_.reserve(sequence, transaction);
        EXPECT_LE(first, expected.front());
        reserved_.push_back({{first, sequence}, transaction});
    }
    // Of what was reserved last, or before.
    void end_transaction(std::size_t back, bool is_commit) {
        const auto [range, transaction] = reserved_[reserved_.size() - 1 - back];
        reserved_.erase(reserved_.end() - 1 - static_cast<std::ptrdiff_t>(back));
        const auto expected = take(range.first, range.last, transaction, is_commit ? settled : 0);
        std::vector<std::uint64_t> got;
        if (is_commit) {
            subscription_.settle_reserved(range, transaction,
                                          [&](const Delivery& d) { got.push_back(d.position); });
            EXPECT_EQ(got, expected);
        } else {
            subscription_.release(range, transaction);
        }
    }

    // Those that an ACK may name are the open ones, and no others.
    void check() const {
        for (std::uint64_t sequence = 0; sequence <= by_.size() + 2; ++sequence) {
            const auto found = by_.find(sequence);
            const bool is_open = found != by_.end() && found->second == 0;
            ASSERT_EQ(subscription_.is_open(sequence), is_open) << sequence;
        }
        ASSERT_EQ(subscription_.is_open(UINT64_MAX), false);
        const auto unsettled = static_cast<std::size_t>(std::count_if(
            by_.begin(), by_.end(), [](const auto& entry) { return entry.second != settled; }));
        ASSERT_EQ(subscription_.unsettled_count(), unsettled);
    }
    [[nodiscard]] std::vector<std::uint64_t> open() const {
        return taken_by([](std::uint64_t, std::uint32_t by) { return by == 0; });
    }
    [[nodiscard]] std::size_t reserved_count() const { return reserved_.size(); }

  private:
    template <class F>
    [[nodiscard]] std::vector<std::uint64_t> taken_by(F&& is_meant) const {
        std::vector<std::uint64_t> sequences;
        for (const auto& [sequence, by] : by_) {
            if (is_meant(sequence, by)) sequences.push_back(sequence);
        }
        return sequences;
    }
    [[nodiscard]] std::uint64_t first_meant(std::uint64_t sequence) const {
        return mode_ == AckMode::client ? 1 : sequence;
    }
    // Those of the range that `from` has become `to`'s.
    std::vector<std::uint64_t> take(std::uint64_t first, std::uint64_t last, std::uint32_t from,
                                    std::uint32_t to) {
        std::vector<std::uint64_t> taken;
        for (auto& [sequence, by] : by_) {
            if (sequence < first || sequence > last || by != from) continue;
            by = to;
            taken.push_back(sequence);
        }
        return taken;
    }

    struct Reserved {
        Subscription::Range range;
        std::uint32_t transaction;
    };
    AckMode mode_;
    ContentPool contents_{"m"};
    Accounts accounts_{{SIZE_MAX, 10, 10, 10, SIZE_MAX, SIZE_MAX}, false};
    Queue queue_{"/queue/a", accounts_, nullptr};
    Outbox outbox_;
    Subscription subscription_;
    std::map<std::uint64_t, std::uint32_t> by_;  // Who has a say in each; 0: it is open.
    std::vector<Reserved> reserved_;
};

class StompSubscription : public testing::TestWithParam<AckMode> {};

TEST_P(StompSubscription, its_deliveries_are_those_of_a_plain_table) {
    for (unsigned seed = 0; seed < 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        Modelled modelled(GetParam());
        const std::size_t deliver_percent = 20 + random() % 50;
        for (std::uint32_t step = 1; step <= 400; ++step) {
            const std::vector<std::uint64_t> open = modelled.open();
            const std::uint64_t any = open.empty() ? 0 : open[random() % open.size()];
            if (random() % 100 < deliver_percent || open.empty()) {
                modelled.deliver();
            } else if (random() % 4 != 0) {
                modelled.settle(any);
            } else if (random() % 2 != 0) {
                modelled.reserve(any, step);
            } else if (modelled.reserved_count() > 0) {
                modelled.end_transaction(random() % modelled.reserved_count(), random() % 2 == 0);
            }
            if (step % 8 == 0) modelled.check();
            if (HasFatalFailure()) return;
        }
    }
}

// Down to none, to one, and beyond.
TEST_P(StompSubscription, what_is_settled_or_never_came_is_not_open) {
    Modelled modelled(GetParam());
    modelled.check();
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
        modelled.deliver();
        modelled.check();
        modelled.settle(sequence);
        modelled.check();
    }
}

// One stays, and many behind it are settled: those are forgotten now and then.
TEST_P(StompSubscription, one_that_stays_is_known_however_many_came_after_it) {
    if (GetParam() == AckMode::client) return;  // There the later ones settle it.
    Modelled modelled(GetParam());
    modelled.deliver();
    modelled.deliver();
    for (std::uint64_t sequence = 3; sequence <= 300; ++sequence) {
        modelled.deliver();
        modelled.settle(sequence);
        if (sequence % 7 == 0) modelled.check();
    }
    modelled.settle(2);
    modelled.check();
    modelled.settle(1);
    modelled.check();
}

INSTANTIATE_TEST_SUITE_P(InEachMode, StompSubscription,
                         testing::Values(AckMode::client, AckMode::client_individual));

}  // namespace
}  // namespace edgews::stomp
