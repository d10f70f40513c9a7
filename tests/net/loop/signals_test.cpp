// Signals as events.
#include "tests/support/scripted_source.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <edgews/signals.hpp>

#include <ctime>
#include <optional>
#include <set>
#include <thread>
#include <vector>

namespace edgews {
namespace {

using test::forever_ms;
using test::soon_ms;
using test::steady_ms;

// Leaves the thread's mask as it was, and no signal behind that would then end the process.
class SignalsTest : public testing::Test {
  protected:
    SignalsTest() {
        sigemptyset(&used_);
        for (const int signal : {SIGUSR1, SIGUSR2, SIGTERM}) sigaddset(&used_, signal);
        ::pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
    }
    ~SignalsTest() override {
        const timespec at_once{};
        while (::sigtimedwait(&used_, nullptr, &at_once) > 0) {
        }
        ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    }

    static void send(int signal) { ASSERT_EQ(::kill(::getpid(), signal), 0); }

    Loop loop_;

  private:
    sigset_t used_;
    sigset_t mask_;
};

TEST_F(SignalsTest, one_that_arrives_is_told_to_the_handler_on_the_loop) {
    std::vector<int> seen;
    const Signals signals(loop_, {SIGUSR1, SIGUSR2}, [&](int signal) {
        EXPECT_EQ(Loop::current(), &loop_);
        seen.push_back(signal);
    });
    loop_.poll(0);
    EXPECT_TRUE(seen.empty());
    send(SIGUSR2);
    loop_.poll(0);
    loop_.poll(0);
    EXPECT_EQ(seen, std::vector{SIGUSR2});
}

TEST_F(SignalsTest, several_at_once_are_each_told_and_again_the_next_time) {
    std::multiset<int> seen;
    const Signals signals(loop_, {SIGUSR1, SIGUSR2}, [&](int signal) { seen.insert(signal); });
    for (int i = 0; i < 2; ++i) {
        send(SIGUSR1);
        send(SIGUSR2);
        loop_.poll(0);
    }
    EXPECT_EQ(seen, (std::multiset{SIGUSR1, SIGUSR1, SIGUSR2, SIGUSR2}));
}

TEST_F(SignalsTest, one_ends_a_blocked_run) {
    int seen = 0;
    const Signals signals(loop_, {SIGTERM}, [&](int signal) {
        seen = signal;
        loop_.stop();
    });
    const pid_t own_id = ::gettid();
    std::thread sender([&] {
        test::wait_until_asleep(own_id);
        send(SIGTERM);
    });
    loop_.run();
    sender.join();
    EXPECT_EQ(seen, SIGTERM);
}

TEST_F(SignalsTest, threads_started_later_do_not_take_them) {
    int seen = 0;
    const Signals signals(loop_, {SIGUSR1}, [&](int signal) { seen = signal; });
    std::thread([] {
        sigset_t mask;
        ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        EXPECT_EQ(sigismember(&mask, SIGUSR1), 1);
        send(SIGUSR1);
    }).join();
    loop_.poll(0);
    EXPECT_EQ(seen, SIGUSR1);
}

TEST_F(SignalsTest, after_their_end_nothing_is_told_and_the_signals_stay_blocked) {
    int seen_count = 0;
    {
        const Signals signals(loop_, {SIGUSR1}, [&](int) { ++seen_count; });
        send(SIGUSR1);
    }
    loop_.poll(0);
    send(SIGUSR1);  // Would end the process.
    loop_.poll(0);
    EXPECT_EQ(seen_count, 0);
}

TEST_F(SignalsTest, the_handler_may_end_them) {
    int seen_count = 0;
    std::optional<Signals> signals;
    signals.emplace(loop_, std::initializer_list<int>{SIGUSR1}, [&, guard = std::vector{1}](int) {
        signals.reset();
        seen_count += guard.at(0);  // The handler lives to its end.
    });
    send(SIGUSR1);
    loop_.poll(0);
    send(SIGUSR1);
    loop_.poll(0);
    EXPECT_EQ(seen_count, 1);
}

}  // namespace
}  // namespace edgews
