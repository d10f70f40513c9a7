// What threads of a world wait for each other by, and what of that the system answers.
#include "both_kernels.hpp"

#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <pthread.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace edgews::sim::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t second = 1'000'000'000;

std::uint64_t passed_s(const World& world) {
    return (world.now_ns() - Kernel::begin_ns) / second;
}

timespec in(clockid_t clock, time_t seconds) {
    timespec time{};
    EXPECT_EQ(::clock_gettime(clock, &time), 0);
    time.tv_sec += seconds;
    return time;
}

// In histories in which others go on wherever they can.
template <class Play>
void play_often(Play play) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        World world({.seed = seed});
        world.faults().thread_switch = 2;
        play(world);
        world.await_threads();
        EXPECT_EQ(world.descriptor_count(), 0U);
        if (testing::Test::HasFailure()) return;
    }
}

// Something that lets another thread go on.
void make_a_call() {
    ::close(::eventfd(0, 0));
}

// ---- Until a moment --------------------------------------------------------

TEST(Locks, are_waited_for_until_a_moment) {
    World world({.seed = 1});
    std::timed_mutex mutex;
    std::shared_timed_mutex shared;
    mutex.lock();
    shared.lock();
    std::thread([&] {
        EXPECT_FALSE(mutex.try_lock_for(10s));
        EXPECT_EQ(passed_s(world), 10U);
        EXPECT_FALSE(mutex.try_lock_until(std::chrono::system_clock::now() + 10s));
        EXPECT_EQ(passed_s(world), 20U);
        EXPECT_FALSE(shared.try_lock_for(10s));
        EXPECT_EQ(passed_s(world), 30U);
        EXPECT_FALSE(shared.try_lock_shared_until(std::chrono::system_clock::now() + 10s));
        EXPECT_EQ(passed_s(world), 40U);
    }).join();
    std::thread waiting([&] {
        EXPECT_TRUE(mutex.try_lock_for(10s));
        EXPECT_TRUE(shared.try_lock_shared_for(10s));
    });
    world.run_for(5'000);
    mutex.unlock();
    shared.unlock();
    waiting.join();
    EXPECT_EQ(passed_s(world), 45U);
}

TEST(Locks, that_their_own_thread_holds_are_waited_for_alone_too) {
    World world({.seed = 1});
    std::timed_mutex mutex;
    mutex.lock();
    timespec time = in(CLOCK_MONOTONIC, 5);
    EXPECT_EQ(::pthread_mutex_clocklock(mutex.native_handle(), CLOCK_MONOTONIC, &time), ETIMEDOUT);
    time = in(CLOCK_REALTIME, 5);
    EXPECT_EQ(::pthread_mutex_timedlock(mutex.native_handle(), &time), ETIMEDOUT);
    EXPECT_EQ(passed_s(world), 10U);
    mutex.unlock();
}

void wait_by(clockid_t clock, time_t seconds) {
    pthread_condattr_t attributes;
    ::pthread_condattr_init(&attributes);
    EXPECT_EQ(::pthread_condattr_setclock(&attributes, clock), 0);
    pthread_cond_t condition;
    ::pthread_cond_init(&condition, &attributes);
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    ::pthread_mutex_lock(&mutex);
    const timespec time = in(clock, seconds);
    EXPECT_EQ(::pthread_cond_timedwait(&condition, &mutex, &time), ETIMEDOUT);
    ::pthread_mutex_unlock(&mutex);
    ::pthread_cond_destroy(&condition);
}

TEST(Locks, a_condition_waits_by_the_clock_that_it_was_given) {
    World world({.seed = 1});
    wait_by(CLOCK_MONOTONIC, 30);
    EXPECT_EQ(passed_s(world), 30U);
    wait_by(CLOCK_REALTIME, 30);
    EXPECT_EQ(passed_s(world), 60U);
}

TEST(Locks, semaphores_are_waited_for) {
    World world({.seed = 1});
    sem_t semaphore;
    ::sem_init(&semaphore, 0, 1);
    EXPECT_EQ(::sem_wait(&semaphore), 0);
    EXPECT_EQ(::sem_trywait(&semaphore), -1);
    timespec time = in(CLOCK_REALTIME, 10);
    EXPECT_EQ(::sem_timedwait(&semaphore, &time), -1);
    EXPECT_EQ(errno, ETIMEDOUT);
    time = in(CLOCK_MONOTONIC, 10);
    EXPECT_EQ(::sem_clockwait(&semaphore, CLOCK_MONOTONIC, &time), -1);
    EXPECT_EQ(passed_s(world), 20U);
    std::thread poster([&] {
        ::sleep(10);
        ::sem_post(&semaphore);
    });
    EXPECT_EQ(::sem_wait(&semaphore), 0);
    EXPECT_EQ(passed_s(world), 30U);
    poster.join();
    ::sem_destroy(&semaphore);
}

TEST(Locks, a_join_ends_at_its_moment) {
    World world({.seed = 1});
    pthread_t thread{};
    const auto sleep = [](void*) -> void* {
        ::sleep(20);
        return nullptr;
    };
    ASSERT_EQ(::pthread_create(&thread, nullptr, sleep, nullptr), 0);
    EXPECT_EQ(::pthread_tryjoin_np(thread, nullptr), EBUSY);
    timespec time = in(CLOCK_REALTIME, 5);
    EXPECT_EQ(::pthread_timedjoin_np(thread, nullptr, &time), ETIMEDOUT);
    time = in(CLOCK_MONOTONIC, 5);
    EXPECT_EQ(::pthread_clockjoin_np(thread, nullptr, CLOCK_MONOTONIC, &time), ETIMEDOUT);
    EXPECT_EQ(passed_s(world), 10U);
    time = in(CLOCK_MONOTONIC, 50);
    EXPECT_EQ(::pthread_clockjoin_np(thread, nullptr, CLOCK_MONOTONIC, &time), 0);
    EXPECT_EQ(passed_s(world), 20U);
}

// ---- Without asking a lock (futex(2)) --------------------------------------

TEST(Futexes, a_future_is_waited_for) {
    play_often([](World& world) {
        std::promise<int> promise;
        std::thread teller([&] {
            ::sleep(10);
            promise.set_value(7);
        });
        std::future<int> told = promise.get_future();
        EXPECT_EQ(told.wait_for(5s), std::future_status::timeout);
        EXPECT_EQ(told.wait_until(std::chrono::system_clock::now() + 1s),
                  std::future_status::timeout);
        EXPECT_EQ(told.get(), 7);
        EXPECT_EQ(passed_s(world), 10U);
        teller.join();
    });
}

TEST(Futexes, an_atomic_is_waited_for) {
    play_often([](World& world) {
        std::atomic<int> word = 0;
        std::atomic<std::uint64_t> wide = 0;
        std::thread teller([&] {
            ::sleep(10);
            word = 1;
            word.notify_one();
            wide.wait(0);
        });
        word.wait(0);
        EXPECT_EQ(passed_s(world), 10U);
        wide = 1;
        wide.notify_all();
        teller.join();
    });
}

TEST(Futexes, latches_barriers_and_semaphores_are_waited_for) {
    play_often([](World& world) {
        std::latch all_there(4);
        std::barrier rounds(4);
        std::counting_semaphore<> two(2);
        int in_there = 0;
        std::vector<std::thread> threads;
        for (unsigned i = 1; i <= 4; ++i) {
            threads.emplace_back([&, i] {
                ::sleep(i);
                all_there.arrive_and_wait();
                EXPECT_EQ(passed_s(world), 4U);
                two.acquire();
                EXPECT_LE(++in_there, 2);
                make_a_call();
                --in_there;
                two.release();
                rounds.arrive_and_wait();
                rounds.arrive_and_wait();
            });
        }
        for (std::thread& thread : threads) thread.join();
        EXPECT_TRUE(two.try_acquire());
        EXPECT_TRUE(two.try_acquire());
        EXPECT_FALSE(two.try_acquire_for(5s));
    });
}

// ---- Once ------------------------------------------------------------------

TEST(Once, what_one_thread_begins_the_others_wait_for) {
    play_often([](World&) {
        std::once_flag flag;
        int count = 0;
        bool is_done = false;
        const auto call = [&] {
            std::call_once(flag, [&] {
                ++count;
                make_a_call();
                ::sleep(1);
                is_done = true;
            });
            EXPECT_TRUE(is_done);
        };
        std::thread first(call);
        std::thread second_one(call);
        first.join();
        second_one.join();
        EXPECT_EQ(count, 1);
    });
}

TEST(Once, what_fails_is_begun_by_the_next_one) {
    play_often([](World&) {
        pthread_once_t once = PTHREAD_ONCE_INIT;
        static thread_local bool is_to_fail = false;
        static int done_count = 0;
        done_count = 0;
        const auto call = [&](bool fails) {
            is_to_fail = fails;
            try {
                ::pthread_once(&once, [] {
                    ::sleep(1);
                    if (is_to_fail) throw std::runtime_error("no");
                    ++done_count;
                });
            } catch (const std::runtime_error&) {
            }
        };
        std::thread first([&] { call(true); });
        std::thread second_one([&] { call(false); });
        first.join();
        second_one.join();
        EXPECT_EQ(done_count, 1);
    });
}

template <std::size_t number>
int local_static() {
    static const int value = [] {
        ::sleep(1);
        return 7;
    }();
    return value;
}

// Each can be made once in a process only.
TEST(Once, a_local_static_is_made_while_others_wait) {
    World world({.seed = 1});
    std::thread first([] { EXPECT_EQ(local_static<0>(), 7); });
    std::thread second_one([] { EXPECT_EQ(local_static<0>(), 7); });
    EXPECT_EQ(local_static<0>(), 7);
    EXPECT_EQ(passed_s(world), 1U);
    first.join();
    second_one.join();
}

TEST(Locks, who_spins_lets_the_holder_go_on) {
    play_often([](World&) {
        pthread_spinlock_t spinning{};
        ::pthread_spin_init(&spinning, PTHREAD_PROCESS_PRIVATE);
        int in_there = 0;
        const auto work = [&] {
            ::pthread_spin_lock(&spinning);
            EXPECT_EQ(++in_there, 1);
            make_a_call();
            --in_there;
            ::pthread_spin_unlock(&spinning);
        };
        std::thread other(work);
        work();
        other.join();
    });
}

// ---- A thread's end --------------------------------------------------------

struct Counter {
    int fd = ::eventfd(0, 0);
    Counter() = default;
    Counter(const Counter&) = delete;
    Counter& operator=(const Counter&) = delete;
    ~Counter() { ::close(fd); }
};

TEST(ThreadsEnd, what_a_thread_has_of_its_own_ends_in_the_world) {
    play_often([](World& world) {
        std::thread other([] {
            thread_local const Counter counter;
            EXPECT_GE(counter.fd, Kernel::first_fd);
        });
        other.join();
        EXPECT_EQ(world.descriptor_count(), 0U);
    });
}

TEST(ThreadsEnd, a_thread_may_end_in_its_midst) {
    play_often([](World&) {
        std::thread other([] { ::pthread_exit(nullptr); });
        other.join();
    });
}

// ---- What they refuse ------------------------------------------------------

std::string play_misuse() {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    sem_t semaphore;
    ::sem_init(&semaphore, 0, 0);
    timespec time{.tv_sec = 0, .tv_nsec = 1'000'000'000};
    Told told;
    told << outcome_of_error(::pthread_mutex_timedlock(&mutex, &time));
    told << outcome_of_error(::pthread_mutex_timedlock(&mutex, &time));
    told << outcome_of_error(::pthread_mutex_clocklock(&mutex, CLOCK_BOOTTIME, &time));
    told << outcome(::sem_timedwait(&semaphore, &time));
    time.tv_nsec = 0;
    told << outcome_of_error(::pthread_mutex_timedlock(&mutex, &time));
    told << outcome(::sem_timedwait(&semaphore, &time));
    told << outcome(::sem_clockwait(&semaphore, CLOCK_TAI, &time));
    told << outcome(::sem_post(&semaphore)) << outcome(::sem_timedwait(&semaphore, &time));
    ::sem_destroy(&semaphore);
    ::pthread_mutex_unlock(&mutex);
    told << outcome_of_error(::pthread_join(::pthread_self(), nullptr));
    return told.text();
}

TEST(LockCalls, come_to_the_same_in_both_kernels) {
    expect_same({"locks refuse what makes no sense", play_misuse});
}

// By exec(): the engine remembers a fork() of the process for good.
TEST(LockCallsDeathTest, what_is_not_simulated_says_so) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    World world({.seed = 1});
    EXPECT_DEATH(::pthread_cancel(::pthread_self()), "pthread_cancel\\(\\) is not simulated");
    pthread_barrier_t barrier;
    ::pthread_barrier_init(&barrier, nullptr, 2);
    EXPECT_DEATH(::pthread_barrier_wait(&barrier), "pthread_barrier_wait\\(\\) is not simulated");
    ::pthread_barrier_destroy(&barrier);
}

}  // namespace
}  // namespace edgews::sim::test
