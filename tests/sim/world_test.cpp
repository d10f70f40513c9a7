// What a world is to those who write histories: its time, its threads, and how it ends.
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace edgews::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::array calm{std::byte{0}};
constexpr std::uint64_t ms = 1'000'000;

std::uint64_t passed_ms(const World& world) {
    return (world.now_ns() - Kernel::begin_ns) / ms;
}

// ---- Time ------------------------------------------------------------------

TEST(World, has_a_time_that_jumps) {
    const auto before = std::chrono::steady_clock::now();
    {
        World world({.recorded = calm});
        world.run_for(86'400'000);
        EXPECT_EQ(passed_ms(world), 86'400'000U);
        std::this_thread::sleep_for(24h);
        EXPECT_EQ(passed_ms(world), 172'800'000U);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - before, 1min);
}

TEST(World, begins_when_it_is_told_to) {
    World world({.recorded = calm, .now_ns = 5'000'000'000});
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    EXPECT_EQ(std::chrono::duration_cast<std::chrono::seconds>(since).count(), 5);
}

TEST(World, has_time_pass_in_its_calls_only) {
    World world({.recorded = calm});
    volatile unsigned sum = 0;
    for (unsigned i = 0; i < 1'000'000; ++i) sum = sum + i;
    EXPECT_EQ(world.now_ns(), Kernel::begin_ns);
    ::close(-1);  // It is none of the world's.
    EXPECT_EQ(world.now_ns(), Kernel::begin_ns);
    ::close(::eventfd(0, 0));
    EXPECT_GT(world.now_ns(), Kernel::begin_ns);
}

TEST(World, has_events_happen_in_order) {
    World world({.recorded = calm});
    std::vector<std::uint64_t> happened;
    const auto note = [&] { happened.push_back(passed_ms(world)); };
    world.after(30 * ms, note);
    world.after(10 * ms, [&] {
        note();
        world.after(5 * ms, note);
    });
    world.after(10 * ms, note);
    world.run_for(20);
    EXPECT_EQ(happened, (std::vector<std::uint64_t>{10, 10, 15}));
    world.run_for(20);
    EXPECT_EQ(happened.back(), 30U);
}

TEST(World, is_quiet_when_nothing_has_happened_on_the_network) {
    World world({.recorded = calm});
    Server server({.loops = 1});
    server.ws("/", {.message = [](Connection& c, edgews::Message m) { c.send(m); }});
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    EXPECT_TRUE(world.run_until_quiet(200, 1'000));
    EXPECT_EQ(passed_ms(world), 200U);
    WebSocketPeer peer(world, {.path = "/"});
    std::uint64_t heard_ms = 0;
    peer.message = [&](WebSocketPeer&, std::string_view, bool) { heard_ms = passed_ms(world); };
    peer.connect(server.port());
    world.after(150 * ms, [&] { peer.send_text("late"); });
    EXPECT_TRUE(world.run_until_quiet(200, 1'000));
    EXPECT_GE(heard_ms, 350U);
    EXPECT_GE(passed_ms(world), 550U);
    // The one that never rests.
    std::function<void()> talk = [&] {
        peer.send_text("more");
        world.after(50 * ms, talk);
    };
    talk();
    const std::uint64_t before_ms = passed_ms(world);
    EXPECT_FALSE(world.run_until_quiet(200, 1'000));
    EXPECT_EQ(passed_ms(world), before_ms + 1'000);
    server.shutdown(0);
}

// ---- Histories -------------------------------------------------------------

struct History {
    std::uint64_t hash = 0;
    std::uint64_t now_ns = 0;
    std::vector<std::byte> taken{};
    std::string order{};

    bool operator==(const History&) const = default;
};

// Threads that contend for a lock, a counter and the clock: who comes first is the seed's.
History play(const WorldOptions& options) {
    World world(options);
    world.faults().thread_switch = 2;
    History history;
    std::mutex mutex;
    std::vector<std::thread> threads;
    for (char name = 'a'; name < 'e'; ++name) {
        threads.emplace_back([&, name] {
            for (int i = 0; i < 5; ++i) {
                ::close(::eventfd(0, 0));
                const std::lock_guard lock(mutex);
                history.order += name;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    history.hash = world.hash();
    history.now_ns = world.now_ns();
    history.taken.assign(world.choices().taken().begin(), world.choices().taken().end());
    return history;
}

TEST(World, is_the_same_again_of_the_same_seed) {
    std::vector<std::string> orders;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const History history = play({.seed = seed});
        EXPECT_EQ(play({.seed = seed}), history);
        EXPECT_EQ(play({.recorded = history.taken}), history);
        orders.push_back(history.order);
    }
    std::sort(orders.begin(), orders.end());
    EXPECT_EQ(std::unique(orders.begin(), orders.end()), orders.end());  // No two are alike.
}

History serve(std::uint64_t seed) {
    World world({.seed = seed});
    Server server({.loops = 2});
    server.ws("/", {.message = [](Connection& c, edgews::Message m) { c.send(m); }});
    EXPECT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    world.draw_faults();
    WebSocketPeer peer(world, {.path = "/"});
    peer.connect(server.port());
    for (int i = 0; i < 5; ++i) peer.send_text("hello");
    world.run_until_quiet(200, 60'000);
    server.shutdown(1'000);
    History history{.hash = world.hash(), .now_ns = world.now_ns()};
    history.taken.assign(world.choices().taken().begin(), world.choices().taken().end());
    return history;
}

TEST(World, leaves_nothing_to_the_next_one) {
    const History first = serve(1);
    const History other = serve(2);
    EXPECT_NE(first.hash, other.hash);
    EXPECT_EQ(serve(1), first);
    EXPECT_EQ(serve(2), other);
}

TEST(World, is_one_of_its_threads_alone) {
    const int before = ::eventfd(0, 0);
    {
        World world({.recorded = calm});
        const int fd = ::eventfd(0, 0);
        EXPECT_GE(fd, Kernel::first_fd);
        std::thread([] { ::close(::eventfd(0, 0)); }).join();
        ::close(fd);
    }
    const int after = ::eventfd(0, 0);
    EXPECT_LT(before, Kernel::first_fd);
    EXPECT_LT(after, Kernel::first_fd);
    ::close(before);
    ::close(after);
}

// ---- How it ends -----------------------------------------------------------

TEST(World, waits_for_its_threads) {
    bool is_done = false;
    {
        World world({.recorded = calm});
        std::thread([&] {
            std::this_thread::sleep_for(10s);
            is_done = true;
        }).detach();
    }
    EXPECT_TRUE(is_done);
}

TEST(World, tells_of_descriptors_that_are_left) {
    World world({.recorded = calm});
    const int counter = ::eventfd(0, 0);
    const int set = ::epoll_create1(0);
    EXPECT_EQ(world.descriptor_count(), 2U);
    ::close(set);
    EXPECT_EQ(world.descriptor_count(), 1U);
    EXPECT_EQ(::close(set), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(world.descriptor_count(), 1U);
    ::close(counter);
    EXPECT_EQ(world.descriptor_count(), 0U);
}

TEST(WorldDeathTest, says_so_when_all_wait_for_each_other) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto wait_for_nobody = [] {
        World world({.recorded = calm});
        std::mutex mutex;
        std::condition_variable never;
        std::unique_lock lock(mutex);
        never.wait(lock);
    };
    EXPECT_DEATH(wait_for_nobody(), "all 1 threads wait, and nothing is to come");
    const auto lock_crosswise = [] {
        World world({.recorded = calm});
        std::mutex first;
        std::mutex second;
        std::thread other([&] {
            const std::lock_guard lock(first);
            std::this_thread::sleep_for(1s);
            const std::lock_guard another(second);
        });
        const std::lock_guard lock(second);
        std::this_thread::sleep_for(1s);
        const std::lock_guard another(first);
        other.join();
    };
    EXPECT_DEATH(lock_crosswise(), "all 2 threads wait, and nothing is to come");
}

}  // namespace
}  // namespace edgews::sim
