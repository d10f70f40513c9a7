// Signals of a world: whoever waits for one that is blocked has it, and nobody's handler is called.
#include "both_kernels.hpp"

#include <edgews/edgews.hpp>
#include <edgews/signals.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

namespace edgews::sim::test {
namespace {

constexpr std::uint64_t second = 1'000'000'000;

// This thread, and those that it starts, block them meanwhile.
class Blocked {
  public:
    Blocked(std::initializer_list<int> signals) {
        ::sigemptyset(&set_);
        for (const int signal : signals) ::sigaddset(&set_, signal);
        ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
    }
    Blocked(const Blocked&) = delete;
    Blocked& operator=(const Blocked&) = delete;
    ~Blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    [[nodiscard]] const sigset_t& set() const noexcept { return set_; }

  private:
    sigset_t set_{};
    sigset_t before_{};
};

// ---- In a world ------------------------------------------------------------

TEST(WorldsSignals, stop_a_server_as_they_do_in_life) {
    World world({.seed = 1});
    const Blocked blocked({SIGTERM});
    int told = 0;
    Server server({.loops = 2});
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    Loop loop;
    const Signals stop(loop, {SIGTERM}, [&](int signal) {
        told = signal;
        server.shutdown(0);
        loop.stop();
    });
    server.start();
    world.after(5 * second, [&] { world.raise(SIGTERM); });
    loop.run();
    EXPECT_EQ(told, SIGTERM);
    EXPECT_EQ((world.now_ns() - Kernel::begin_ns) / second, 5U);
}

TEST(WorldsSignals, are_waited_for) {
    World world({.seed = 1});
    const Blocked blocked({SIGUSR1, SIGUSR2});
    std::thread sender([] {
        ::sleep(10);
        EXPECT_EQ(::kill(::getpid(), SIGUSR2), 0);
    });
    const timespec limit{.tv_sec = 4, .tv_nsec = 0};
    EXPECT_EQ(::sigtimedwait(&blocked.set(), nullptr, &limit), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ((world.now_ns() - Kernel::begin_ns) / second, 4U);
    int signal = 0;
    EXPECT_EQ(::sigwait(&blocked.set(), &signal), 0);
    EXPECT_EQ(signal, SIGUSR2);
    EXPECT_EQ((world.now_ns() - Kernel::begin_ns) / second, 10U);
    sender.join();
}

TEST(WorldsSignals, that_are_ignored_are_nothing) {
    World world({.seed = 1});
    const auto before = ::signal(SIGUSR1, SIG_IGN);
    world.raise(SIGUSR1);
    EXPECT_EQ(::raise(SIGUSR1), 0);
    EXPECT_EQ(::raise(SIGCHLD), 0);  // Of which the system does nothing by itself.
    ::signal(SIGUSR1, before);
}

TEST(WorldsSignalsDeathTest, whose_handlers_would_be_called_say_so) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    World world({.seed = 1});
    const char* const unblocked = " of SIGUSR1 is not simulated, unless it is blocked";
    EXPECT_DEATH(world.raise(SIGUSR1), std::string("World::raise\\(\\)") + unblocked);
    EXPECT_DEATH(::raise(SIGUSR1), std::string("raise\\(\\)") + unblocked);
    EXPECT_DEATH(::kill(::getpid(), SIGUSR1), std::string("kill\\(\\)") + unblocked);
    EXPECT_DEATH(::pthread_kill(::pthread_self(), SIGUSR1),
                 std::string("pthread_kill\\(\\)") + unblocked);
    EXPECT_DEATH(
        {
            const Blocked blocked({SIGUSR1});
            ::raise(SIGUSR1);
        },
        std::string("the unblocking") + unblocked);
}

TEST(WorldsSignalsDeathTest, a_write_to_who_is_gone_is_one) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    World world({.seed = 1});
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    ::close(ends[0]);
    ::signal(SIGPIPE, SIG_DFL);
    EXPECT_DEATH((void)::write(ends[1], "x", 1), "a write to who is gone of SIGPIPE");
    ::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(::write(ends[1], "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
    ::close(ends[1]);
}

TEST(WorldsSignalsDeathTest, timers_that_signal_say_so) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    World world({.seed = 1});
    const itimerval soon{.it_interval = {}, .it_value = {.tv_sec = 1, .tv_usec = 0}};
    timer_t timer{};
    EXPECT_DEATH(::alarm(1), "alarm\\(\\) is not simulated");
    EXPECT_DEATH(::setitimer(ITIMER_REAL, &soon, nullptr), "setitimer\\(\\) is not simulated");
    EXPECT_DEATH(::timer_create(CLOCK_REALTIME, nullptr, &timer), "timer_create\\(\\) is not sim");
    EXPECT_DEATH(::pause(), "pause\\(\\) is not simulated");
}

// ---- As the system has them ------------------------------------------------

// Those that a descriptor of them tells, and who sent them.
std::string signals_in(int fd, std::size_t count) {
    std::array<signalfd_siginfo, 4> infos{};
    const ssize_t size = ::read(fd, infos.data(), count * sizeof infos[0]);
    if (size < 0) return outcome(size);
    std::string text = std::to_string(static_cast<std::size_t>(size) / sizeof infos[0]);
    for (std::size_t i = 0; i < static_cast<std::size_t>(size) / sizeof infos[0]; ++i) {
        text += ':' + std::to_string(infos[i].ssi_signo) + ',' + std::to_string(infos[i].ssi_code) +
                (infos[i].ssi_pid == static_cast<std::uint32_t>(::getpid()) ? "" : " of another");
    }
    return text;
}

std::string pending() {
    sigset_t set;
    ::sigpending(&set);
    std::string text = "pending";
    for (int signal = 1; signal < 32; ++signal) {
        if (::sigismember(&set, signal) == 1) text += ' ' + std::to_string(signal);
    }
    return text;
}

std::string events_of(int set) {
    epoll_event event{};
    const int count = ::epoll_wait(set, &event, 1, 0);
    return count == 1 ? "event " + std::to_string(event.events) : outcome(count);
}

std::string play_signals() {
    const Blocked blocked({SIGUSR1, SIGUSR2, SIGTERM});
    Told told;
    const int fd = ::signalfd(-1, &blocked.set(), SFD_NONBLOCK | SFD_CLOEXEC);
    const int set = ::epoll_create1(0);
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = 1}};
    told << outcome(::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event)) << events_of(set);
    told << signals_in(fd, 4) << outcome(::kill(::getpid(), SIGUSR2)) << events_of(set);
    told << outcome(::kill(::getpid(), SIGUSR2)) << events_of(set);
    told << outcome(::raise(SIGTERM)) << events_of(set) << events_of(set) << pending();
    told << outcome(::pthread_kill(::pthread_self(), SIGUSR1)) << signals_in(fd, 1) << pending();
    told << events_of(set) << signals_in(fd, 4) << signals_in(fd, 4) << pending();
    char byte = ' ';
    told << outcome(::read(fd, &byte, 1)) << outcome(::write(fd, &byte, 1));
    told << outcome(::kill(::getpid(), 0)) << outcome(::kill(::getpid(), 65));
    told << outcome_of_error(::pthread_kill(::pthread_self(), 65));
    told << outcome(::close(set)) << outcome(::close(fd));
    return told.text();
}

std::string play_wanted() {
    const Blocked blocked({SIGUSR1, SIGUSR2});
    sigset_t some;
    ::sigemptyset(&some);
    ::sigaddset(&some, SIGUSR1);
    ::sigaddset(&some, SIGKILL);
    Told told;
    const int fd = ::signalfd(-1, &some, SFD_NONBLOCK);
    told << outcome(::kill(::getpid(), SIGUSR2)) << signals_in(fd, 1);
    told << outcome(::signalfd(fd, &blocked.set(), 0) == fd ? 0 : -1) << signals_in(fd, 1);
    told << outcome(::signalfd(-1, &some, 1)) << outcome(::signalfd(fd + 100, &some, 0));
    const int set = ::epoll_create1(0);
    told << outcome(::signalfd(set, &some, 0)) << outcome(::close(set)) << outcome(::close(fd));
    siginfo_t info{};
    const timespec none{};
    told << outcome(::raise(SIGUSR1)) << outcome(::sigtimedwait(&some, &info, &none) - SIGUSR1);
    told << outcome(info.si_signo) << outcome(info.si_code == SI_TKILL ? 0 : 1);
    told << outcome(::sigtimedwait(&some, &info, &none)) << pending();
    const timespec wrong{.tv_sec = 0, .tv_nsec = -1};
    told << outcome(::sigtimedwait(&some, &info, &wrong));
    return told.text();
}

// What is sent to a thread is its own: no other one sees it.
std::string play_threads() {
    const Blocked blocked({SIGUSR1});
    Told told;
    const int fd = ::signalfd(-1, &blocked.set(), SFD_NONBLOCK);
    told << outcome(::raise(SIGUSR1));
    pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
    std::thread([&] {
        told << outcome(::poll(&one, 1, 0)) << signals_in(fd, 1) << pending();
    }).join();
    told << outcome(::poll(&one, 1, 0)) << signals_in(fd, 1);
    told << outcome(::kill(::getpid(), SIGUSR1));
    std::thread([&] { told << signals_in(fd, 1); }).join();
    told << outcome(::close(fd));
    return told.text();
}

TEST(SignalCalls, come_to_the_same_in_both_kernels) {
    expect_same({"signals are told by a descriptor", play_signals});
    expect_same({"those that are wanted, and no others", play_wanted});
    expect_same({"a thread's signals are its own", play_threads});
}

}  // namespace
}  // namespace edgews::sim::test
