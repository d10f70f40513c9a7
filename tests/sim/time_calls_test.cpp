// Clocks, sleeps and timers: a world's time is its own, and what the calls say is what the system
// says.
#include "both_kernels.hpp"

#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <ctime>
#include <thread>

namespace edgews::sim::test {
namespace {

constexpr std::array calm{std::byte{0}};
constexpr std::uint64_t second = 1'000'000'000;

std::uint64_t now_by(clockid_t clock) {
    timespec now{};
    EXPECT_EQ(::clock_gettime(clock, &now), 0);
    return static_cast<std::uint64_t>(now.tv_sec) * second +
           static_cast<std::uint64_t>(now.tv_nsec);
}

// ---- Clocks ----------------------------------------------------------------

TEST(WorldsClocks, all_go_as_the_worlds_time_goes) {
    World world({.recorded = calm});
    for (const clockid_t clock :
         {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
          CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
          CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM, CLOCK_TAI}) {
        const std::uint64_t begin_ns = now_by(clock);
        world.run_for(10'000'000);
        const std::uint64_t passed_ns = now_by(clock) - begin_ns;
        EXPECT_GE(passed_ns, 10'000 * second) << clock;
        EXPECT_LT(passed_ns, 10'001 * second) << clock;
    }
}

TEST(WorldsClocks, tell_one_date) {
    World world({.recorded = calm});
    const time_t now = ::time(nullptr);
    EXPECT_EQ(static_cast<std::uint64_t>(now), (Kernel::begin_ns + Kernel::epoch_ns) / second);
    timeval of_day{};
    EXPECT_EQ(::gettimeofday(&of_day, nullptr), 0);
    EXPECT_EQ(of_day.tv_sec, now);
    timespec of_c{};
    EXPECT_EQ(std::timespec_get(&of_c, TIME_UTC), TIME_UTC);
    EXPECT_EQ(of_c.tv_sec, now);
    EXPECT_EQ(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()), now);
    world.run_for(100'000);
    EXPECT_EQ(::time(nullptr), now + 100);
    EXPECT_EQ(::gettimeofday(&of_day, nullptr), 0);
    EXPECT_EQ(of_day.tv_sec, now + 100);
}

TEST(WorldsClocks, tell_the_same_in_two_worlds) {
    const auto play = [] {
        World world({.seed = 7});
        (void)std::clock();
        ::usleep(10);
        return std::array{now_by(CLOCK_MONOTONIC), now_by(CLOCK_PROCESS_CPUTIME_ID),
                          static_cast<std::uint64_t>(std::clock())};
    };
    EXPECT_EQ(play(), play());
}

// ---- Sleeps ----------------------------------------------------------------

struct Sleep {
    const char* name;
    void (*sleep)();
    std::uint64_t seconds;
};

void sleep_by_clock(clockid_t clock, int flags, time_t seconds) {
    timespec time{.tv_sec = seconds, .tv_nsec = 0};
    if (flags == TIMER_ABSTIME) time.tv_sec += static_cast<time_t>(now_by(clock) / second) + 1;
    EXPECT_EQ(::clock_nanosleep(clock, flags, &time, nullptr), 0);
}

constexpr std::array sleeps{
    Sleep{"sleep", [] { EXPECT_EQ(::sleep(100'000), 0U); }, 100'000},
    Sleep{"usleep", [] { EXPECT_EQ(::usleep(900'000'000), 0); }, 900},
    Sleep{"nanosleep",
          [] {
              const timespec span{.tv_sec = 86'400, .tv_nsec = 1};
              EXPECT_EQ(::nanosleep(&span, nullptr), 0);
          },
          86'400},
    Sleep{"clock_nanosleep", [] { sleep_by_clock(CLOCK_MONOTONIC, 0, 500); }, 500},
    Sleep{"clock_nanosleep_until", [] { sleep_by_clock(CLOCK_MONOTONIC, TIMER_ABSTIME, 500); },
          500},
    Sleep{"clock_nanosleep_until_a_date",
          [] { sleep_by_clock(CLOCK_REALTIME, TIMER_ABSTIME, 500); }, 500},
    Sleep{"sleep_for", [] { std::this_thread::sleep_for(std::chrono::hours(1)); }, 3'600},
    Sleep{"sleep_until",
          [] {
              std::this_thread::sleep_until(std::chrono::system_clock::now() +
                                            std::chrono::hours(1));
          },
          3'600},
    Sleep{"poll_of_nothing", [] { EXPECT_EQ(::poll(nullptr, 0, 5'000'000), 0); }, 5'000},
};

TEST(WorldsSleeps, take_the_worlds_time) {
    const std::uint64_t begin_ns = now_by(CLOCK_MONOTONIC);
    {
        World world({.recorded = calm});
        for (const Sleep& one : sleeps) {
            const std::uint64_t before_ns = world.now_ns();
            one.sleep();
            const std::uint64_t passed_ns = world.now_ns() - before_ns;
            EXPECT_GE(passed_ns, one.seconds * second) << one.name;
            EXPECT_LE(passed_ns, (one.seconds + 1) * second) << one.name;
        }
    }
    EXPECT_LT(now_by(CLOCK_MONOTONIC) - begin_ns, 60 * second);
}

TEST(WorldsSleeps, until_a_moment_that_has_passed_take_none) {
    World world({.recorded = calm});
    const timespec past{.tv_sec = 1, .tv_nsec = 0};
    for (const clockid_t clock : {CLOCK_MONOTONIC, CLOCK_REALTIME}) {
        EXPECT_EQ(::clock_nanosleep(clock, TIMER_ABSTIME, &past, nullptr), 0);
    }
    EXPECT_LT(world.now_ns() - Kernel::begin_ns, 1'000U);
}

TEST(WorldsSleeps, let_others_go_on) {
    World world({.recorded = calm});
    bool is_done = false;
    std::thread other([&] {
        ::usleep(100);
        is_done = true;
    });
    while (!is_done) std::this_thread::yield();
    other.join();
    EXPECT_LT(world.now_ns() - Kernel::begin_ns, 200'000U);
}

// ---- Timers ----------------------------------------------------------------

std::string read_count(int fd) {
    std::uint64_t count = 0;
    const ssize_t size = ::read(fd, &count, sizeof count);
    return size < 0 ? outcome(size) : std::to_string(count);
}

// In tens of seconds, rounded: what passes meanwhile is less.
std::string described(const itimerspec& time) {
    return std::to_string((time.it_value.tv_sec + 5) / 10) + " then " +
           std::to_string((time.it_interval.tv_sec + 5) / 10);
}

std::string remaining(int fd) {
    itimerspec time{};
    const int result = ::timerfd_gettime(fd, &time);
    return result != 0 ? outcome(result) : described(time);
}

constexpr time_t period = 100;

// It went off 250 seconds ago, and each hundred seconds since.
std::string play_interval(clockid_t clock) {
    const int fd = ::timerfd_create(clock, TFD_NONBLOCK | TFD_CLOEXEC);
    Told told;
    told << read_count(fd) << remaining(fd);
    itimerspec time{};
    time.it_value.tv_sec = static_cast<time_t>(now_by(clock) / second) - period * 5 / 2;
    time.it_interval.tv_sec = period;
    told << outcome(::timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, nullptr));
    pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
    told << outcome(::poll(&one, 1, 10'000));
    told << read_count(fd) << read_count(fd) << remaining(fd);
    itimerspec old{};
    time.it_value.tv_sec = period * 3;
    time.it_interval.tv_sec = 0;
    told << outcome(::timerfd_settime(fd, 0, &time, &old)) << described(old);
    told << remaining(fd) << read_count(fd);
    time.it_value.tv_sec = 0;
    time.it_interval.tv_sec = period;
    told << outcome(::timerfd_settime(fd, 0, &time, &old)) << described(old);
    told << remaining(fd);
    ::close(fd);
    return told.text();
}

std::string play_misuse() {
    const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    itimerspec time{};
    Told told;
    told << outcome(::timerfd_settime(fd, 0x100, &time, nullptr));
    time.it_value.tv_nsec = second;
    told << outcome(::timerfd_settime(fd, 0, &time, nullptr));
    time.it_value.tv_nsec = 0;
    time.it_interval.tv_nsec = -1;
    told << outcome(::timerfd_settime(fd, 0, &time, nullptr));
    char small = ' ';
    told << outcome(::read(fd, &small, 1)) << outcome(::write(fd, &small, 1));
    ::close(fd);
    time = {};
    told << outcome(::timerfd_settime(fd, 0, &time, nullptr)) << remaining(fd);
    told << outcome(::timerfd_create(CLOCK_THREAD_CPUTIME_ID, 0));
    told << outcome(::timerfd_create(CLOCK_MONOTONIC, 0x100));
    return told.text();
}

std::string play_sleep_misuse() {
    Told told;
    for (const timespec span :
         {timespec{.tv_sec = -1, .tv_nsec = 0}, timespec{.tv_sec = 0, .tv_nsec = -1},
          timespec{.tv_sec = 0, .tv_nsec = second}}) {
        told << outcome(::nanosleep(&span, nullptr));
        told << outcome_of_error(::clock_nanosleep(CLOCK_REALTIME, 0, &span, nullptr));
        told << outcome_of_error(::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &span, nullptr));
    }
    const timespec none{};
    for (const clockid_t clock : {CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW,
                                  CLOCK_REALTIME_COARSE, CLOCK_BOOTTIME, CLOCK_TAI, 99}) {
        told << outcome_of_error(::clock_nanosleep(clock, 0, &none, nullptr));
    }
    timespec now{};
    told << outcome(::clock_gettime(99, &now));
    return told.text();
}

TEST(TimeCalls, come_to_the_same_in_both_kernels) {
    expect_same({"intervals are counted when they are read",
                 [] { return play_interval(CLOCK_MONOTONIC); }});
    expect_same({"so are those by dates", [] { return play_interval(CLOCK_REALTIME); }});
    expect_same({"timers refuse what makes no sense", play_misuse});
    expect_same({"sleeps refuse what makes no sense", play_sleep_misuse});
}

// A timer that goes off again and again makes one edge until it is read (Linux's
// timerfd_tmrproc()).
TEST(TimeCalls, an_interval_is_no_edge_until_it_is_read) {
    World world({.recorded = calm});
    const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    itimerspec time{};
    time.it_value.tv_sec = time.it_interval.tv_sec = 10;
    EXPECT_EQ(::timerfd_settime(fd, 0, &time, nullptr), 0);
    world.run_for(35'000);
    EXPECT_EQ(world.kernel().next_task_ns(), UINT64_MAX);
    EXPECT_EQ(read_count(fd), "3");
    pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&one, 1, -1), 1);
    EXPECT_EQ(read_count(fd), "1");
    EXPECT_EQ((world.now_ns() - Kernel::begin_ns) / second, 40U);
    EXPECT_EQ(::close(fd), 0);
}

}  // namespace
}  // namespace edgews::sim::test
