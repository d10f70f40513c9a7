// Work from other threads: nothing lost, nothing run twice, in each thread's order.
#include <sys/epoll.h>

#include <gtest/gtest.h>

#include "net/loop/mailbox.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace edgews {
namespace {

// The consumer sleeps by an edge-triggered epoll, as a loop does. Long enough that a
// wake-up that was lost fails the test, and does not hang it.
class Sleeper {
  public:
    explicit Sleeper(const Mailbox& mailbox) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        EXPECT_EQ(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, mailbox.event_fd(), &event), 0);
    }

    // False: nothing woke it.
    [[nodiscard]] bool sleep(int timeout_ms = 60'000) {
        epoll_event event{};
        return ::epoll_wait(epoll_.get(), &event, 1, timeout_ms) == 1;
    }

  private:
    Fd epoll_;
};

// Counts those that are alive, on any thread.
class Counted {
  public:
    explicit Counted(std::atomic<int>& alive) : alive_(&alive) { ++alive; }
    Counted(Counted&& other) noexcept : alive_(std::exchange(other.alive_, nullptr)) {}
    Counted& operator=(Counted&&) = delete;
    ~Counted() {
        if (alive_ != nullptr) --*alive_;
    }

  private:
    std::atomic<int>* alive_;
};

TEST(Mailbox, tasks_run_once_in_the_order_posted) {
    Mailbox mailbox;
    std::vector<int> ran;
    for (int i = 0; i < 5; ++i)
        EXPECT_TRUE(mailbox.post(make_job([&ran, i] { ran.push_back(i); })));
    EXPECT_TRUE(ran.empty());
    mailbox.run_posted();
    EXPECT_EQ(ran, (std::vector{0, 1, 2, 3, 4}));
    mailbox.run_posted();
    EXPECT_EQ(ran.size(), 5U);
}

TEST(Mailbox, callables_may_be_move_only_and_die_when_they_have_run) {
    Mailbox mailbox;
    std::atomic<int> alive = 0;
    int sum = 0;
    mailbox.post(make_job(
        [&sum, number = std::make_unique<int>(7), counted = Counted(alive)] { sum += *number; }));
    EXPECT_EQ(alive, 1);
    mailbox.run_posted();
    EXPECT_EQ(sum, 7);
    EXPECT_EQ(alive, 0);
}

TEST(Mailbox, a_named_callable_is_copied_and_may_change_its_own_state) {
    Mailbox mailbox;
    int sum = 0;
    auto count = [&sum, n = 1]() mutable { sum += n++; };
    mailbox.post(make_job(count));
    mailbox.post(make_job(count));
    mailbox.run_posted();
    EXPECT_EQ(sum, 2);
}

TEST(Mailbox, what_a_task_posts_waits_for_the_next_call) {
    Mailbox mailbox;
    int depth = 0;
    mailbox.post(make_job([&] {
        ++depth;
        mailbox.post(make_job([&] { ++depth; }));
    }));
    mailbox.run_posted();
    EXPECT_EQ(depth, 1);
    mailbox.run_posted();
    EXPECT_EQ(depth, 2);
}

TEST(Mailbox, posting_wakes_a_sleeper_once_and_nobody_who_is_awake) {
    Mailbox mailbox;
    Sleeper sleeper(mailbox);
    ASSERT_TRUE(mailbox.prepare_to_sleep());
    EXPECT_FALSE(sleeper.sleep(0));
    mailbox.post(make_job([] {}));
    mailbox.post(make_job([] {}));
    EXPECT_TRUE(sleeper.sleep(0));
    EXPECT_FALSE(sleeper.sleep(0));

    mailbox.awake();
    mailbox.run_posted();
    mailbox.post(make_job([] {}));
    EXPECT_FALSE(sleeper.sleep(0));
    EXPECT_FALSE(mailbox.prepare_to_sleep());  // It waits already.
    mailbox.run_posted();
    EXPECT_TRUE(mailbox.prepare_to_sleep());
}

TEST(Mailbox, wake_wakes_each_time_though_the_descriptor_is_never_read) {
    Mailbox mailbox;
    Sleeper sleeper(mailbox);
    for (int i = 0; i < 3; ++i) {
        mailbox.wake();
        EXPECT_TRUE(sleeper.sleep(0));
        EXPECT_FALSE(sleeper.sleep(0));
    }
}

TEST(Mailbox, four_producers_keep_their_order_and_no_wake_up_is_lost) {
    constexpr std::size_t producer_count = 4;
    constexpr int task_count = 100'000;
    Mailbox mailbox;
    Sleeper sleeper(mailbox);
    std::vector<int> next(producer_count, 0);
    int out_of_order_count = 0;
    int left = producer_count * task_count;

    std::vector<std::thread> producers;
    for (std::size_t producer = 0; producer < producer_count; ++producer) {
        producers.emplace_back([&, producer] {
            for (int i = 0; i < task_count; ++i) {
                mailbox.post(make_job([&, producer, i] {
                    if (next[producer] != i) ++out_of_order_count;
                    next[producer] = i + 1;
                    --left;
                }));
                // Lets the consumer catch up and fall asleep now and then.
                if (i % 64 == 0) std::this_thread::yield();
            }
        });
    }
    bool is_lost = false;
    while (left > 0 && !is_lost) {
        if (mailbox.prepare_to_sleep()) is_lost = !sleeper.sleep();
        mailbox.awake();
        mailbox.run_posted();
    }
    for (std::thread& producer : producers) producer.join();
    EXPECT_FALSE(is_lost);
    EXPECT_EQ(left, 0);
    EXPECT_EQ(out_of_order_count, 0);
    mailbox.run_posted();
    EXPECT_EQ(next, std::vector<int>(producer_count, task_count));
}

// The producer posts in the very moment in which the consumer falls asleep.
TEST(Mailbox, a_post_that_meets_falling_asleep_is_never_missed) {
    constexpr int round_count = 50'000;
    Mailbox mailbox;
    Sleeper sleeper(mailbox);
    std::atomic<int> round = 0;
    std::atomic<bool> is_lost = false;
    int ran_count = 0;
    std::thread producer([&] {
        for (int i = 1; i <= round_count; ++i) {
            auto task = make_job([&] { ++ran_count; });
            for (int spin_count = 0; round < i && !is_lost; ++spin_count) {
                if (spin_count > 1000) std::this_thread::yield();  // There may be one CPU only.
            }
            for (int pause = 0; pause < i % 32; ++pause) (void)round.load();
            mailbox.post(std::move(task));
        }
    });
    for (int i = 1; i <= round_count && !is_lost; ++i) {
        mailbox.awake();
        round = i;
        while (ran_count < i && !is_lost) {
            if (mailbox.prepare_to_sleep()) is_lost = !sleeper.sleep();
            mailbox.awake();
            mailbox.run_posted();
        }
    }
    producer.join();
    EXPECT_FALSE(is_lost);
    EXPECT_EQ(ran_count, round_count);
}

TEST(Mailbox, closing_destroys_what_waits_and_refuses_what_comes) {
    Mailbox mailbox;
    std::atomic<int> alive = 0;
    bool has_run = false;
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(mailbox.post(make_job([&, counted = Counted(alive)] { has_run = true; })));
    }
    EXPECT_EQ(alive, 3);
    mailbox.close();
    EXPECT_EQ(alive, 0);
    EXPECT_FALSE(mailbox.post(make_job([&, counted = Counted(alive)] { has_run = true; })));
    EXPECT_EQ(alive, 0);
    mailbox.close();
    EXPECT_FALSE(has_run);
}

TEST(Mailbox, a_task_whose_end_posts_another_is_refused_while_closing) {
    Mailbox mailbox;
    std::atomic<int> alive = 0;
    int refused_count = 0;
    const auto post_at_end = [&](void*) {
        if (!mailbox.post(make_job([counted = Counted(alive)] {}))) ++refused_count;
    };
    mailbox.post(make_job([end = std::shared_ptr<void>(nullptr, post_at_end)] {}));
    mailbox.close();
    EXPECT_EQ(refused_count, 1);
    EXPECT_EQ(alive, 0);
}

TEST(Mailbox, a_mailbox_that_dies_destroys_what_waits) {
    std::atomic<int> alive = 0;
    {
        Mailbox mailbox;
        mailbox.post(make_job([counted = Counted(alive)] {}));
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
}

TEST(Mailbox, while_it_closes_each_task_is_run_destroyed_or_refused) {
    constexpr int task_count = 2000;
    for (int round = 0; round < 20; ++round) {
        Mailbox mailbox;
        std::atomic<int> alive = 0;
        std::atomic<int> accepted_count = 0;
        std::atomic<bool> is_over = false;
        std::vector<std::thread> producers;
        for (int producer = 0; producer < 3; ++producer) {
            producers.emplace_back([&] {
                for (int i = 0; i < task_count || !is_over; ++i) {
                    if (mailbox.post(make_job([counted = Counted(alive)] {}))) ++accepted_count;
                }
            });
        }
        while (accepted_count < 100) mailbox.run_posted();
        mailbox.close();
        is_over = true;
        for (std::thread& producer : producers) producer.join();
        // The mailbox lives on: a task that had slipped in would, too.
        EXPECT_EQ(alive, 0);
    }
}

}  // namespace
}  // namespace edgews
