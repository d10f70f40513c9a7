// C's threads are a world's as all others are.
#include "both_kernels.hpp"

#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <threads.h>
#include <time.h>

namespace edgews::sim::test {
namespace {

struct Shared {
    mtx_t mutex{};
    cnd_t condition{};
    once_flag flag = ONCE_FLAG_INIT;
    int turn = 0;

    Shared() {
        ::mtx_init(&mutex, mtx_timed);
        ::cnd_init(&condition);
    }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() {
        ::cnd_destroy(&condition);
        ::mtx_destroy(&mutex);
    }
};

int sleep_then_tell(void* argument) {
    auto& shared = *static_cast<Shared*>(argument);
    ::call_once(&shared.flag, [] {
        const timespec moment{.tv_sec = 0, .tv_nsec = 1'000'000};
        ::thrd_sleep(&moment, nullptr);
    });
    ::thrd_yield();
    ::mtx_lock(&shared.mutex);
    ++shared.turn;
    ::cnd_broadcast(&shared.condition);
    ::cnd_signal(&shared.condition);
    ::mtx_unlock(&shared.mutex);
    return 7;
}

std::string play() {
    Shared shared;
    Told told;
    thrd_t first{};
    thrd_t other{};
    told << outcome(::thrd_create(&first, sleep_then_tell, &shared));
    told << outcome(::thrd_create(&other, sleep_then_tell, &shared));
    told << outcome(::mtx_lock(&shared.mutex));
    while (shared.turn < 2) (void)::cnd_wait(&shared.condition, &shared.mutex);
    const timespec past{.tv_sec = 1, .tv_nsec = 0};
    told << outcome(::cnd_timedwait(&shared.condition, &shared.mutex, &past) == thrd_timedout);
    thrd_t locker{};
    const auto lock = [](void* argument) {
        const timespec before{.tv_sec = 1, .tv_nsec = 0};
        ::thrd_exit(::mtx_timedlock(static_cast<mtx_t*>(argument), &before));
        return -1;
    };
    told << outcome(::thrd_create(&locker, lock, &shared.mutex));
    int result = 0;
    told << outcome(::thrd_join(locker, &result)) << outcome(result == thrd_timedout);
    told << outcome(::mtx_unlock(&shared.mutex));
    told << outcome(::thrd_join(first, &result)) << outcome(result);
    told << outcome(::thrd_join(other, nullptr));
    const timespec wrong{.tv_sec = 0, .tv_nsec = -1};
    told << outcome(::thrd_sleep(&wrong, nullptr) < -1);
    return told.text();
}

TEST(CThreadCalls, come_to_the_same_in_both_kernels) {
    expect_same({"threads that wait for each other", play});
}

TEST(CThreadCalls, wait_in_the_worlds_time) {
    World world({.seed = 1});
    thrd_t thread{};
    const auto sleep = [](void*) {
        const timespec day{.tv_sec = 86'400, .tv_nsec = 0};
        return ::thrd_sleep(&day, nullptr);
    };
    EXPECT_EQ(::thrd_create(&thread, sleep, nullptr), thrd_success);
    EXPECT_EQ(::thrd_join(thread, nullptr), thrd_success);
    EXPECT_EQ((world.now_ns() - Kernel::begin_ns) / 1'000'000'000, 86'400U);
}

}  // namespace
}  // namespace edgews::sim::test
