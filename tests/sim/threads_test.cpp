// What threads of a simulated world wait for, and until when.
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace edgews::sim {
namespace {

using namespace std::chrono_literals;

TEST(Threads, do_not_wait_for_a_date_that_has_passed) {
    World world({.seed = 1});
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    for (const auto date : {std::chrono::system_clock::time_point{},  // In 1970.
                            std::chrono::system_clock::now() - 1ns}) {
        EXPECT_EQ(never.wait_until(lock, date), std::cv_status::timeout);
    }
    EXPECT_EQ(never.wait_until(lock, std::chrono::steady_clock::time_point{}),
              std::cv_status::timeout);
    EXPECT_LT(world.now_ns() - Kernel::begin_ns, 1'000'000U);
}

TEST(Threads, wait_until_a_date_that_comes) {
    World world({.seed = 1});
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    const auto date = std::chrono::system_clock::now() + 24h;
    EXPECT_EQ(never.wait_until(lock, date), std::cv_status::timeout);
    EXPECT_GE(std::chrono::system_clock::now(), date);
}

TEST(Threads, that_wait_to_the_end_of_time_are_woken) {
    World world({.seed = 1});
    std::mutex mutex;
    std::condition_variable told;
    bool is_told = false;
    std::thread teller([&] {
        std::this_thread::sleep_for(1h);
        const std::lock_guard lock(mutex);
        is_told = true;
        told.notify_one();
    });
    {
        std::unique_lock lock(mutex);
        EXPECT_TRUE(told.wait_until(lock, std::chrono::system_clock::time_point::max(),
                                    [&] { return is_told; }));
    }
    teller.join();
    EXPECT_GE(world.now_ns() - Kernel::begin_ns, 3'600'000'000'000U);
}

}  // namespace
}  // namespace edgews::sim
