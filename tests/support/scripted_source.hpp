// For tests of loops: objects that do as they are told, and clocks and threads to watch.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <edgews/loop.hpp>
#include "net/loop/fd.hpp"
#include "net/loop/reactor.hpp"
#include "net/loop/registered.hpp"

#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace edgews::test {

// Milliseconds of the clock that a loop goes by, rounded down as it does.
inline std::uint64_t steady_ms() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

// Far longer than anything takes, far shorter than a wait that nothing ends.
inline constexpr std::uint64_t soon_ms = 30'000;
inline constexpr int forever_ms = 60'000;

// Returns when thread `id` (of gettid()) sleeps in the kernel.
inline void wait_until_asleep(pid_t id) {
    const std::string path = "/proc/self/task/" + std::to_string(id) + "/stat";
    for (char state = 'R'; state != 'S'; std::this_thread::yield()) {
        std::string line;
        std::getline(std::ifstream(path), line);
        state = line.at(line.rfind(')') + 2);
    }
}

// Two ends of a stream.
struct SocketPair {
    Fd near;
    Fd far;

    SocketPair() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        near = Fd(ends[0]);
        far = Fd(ends[1]);
    }
};

inline void write_byte(const Fd& fd) {
    ASSERT_EQ(::write(fd.get(), "x", 1), 1);
}

// Whether an epoll descriptor, a loop's too, has something to tell right now.
inline bool is_readable(int fd) {
    const Fd outer(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLIN;
    EXPECT_EQ(::epoll_ctl(outer.get(), EPOLL_CTL_ADD, fd, &event), 0);
    return ::epoll_wait(outer.get(), &event, 1, 0) == 1;
}

// Calls what is set, and says when it dies. Owns `fd`, if it is given one.
class ScriptedSource final : public Watched {
  public:
    ScriptedSource() = default;
    explicit ScriptedSource(Fd owned) : fd(std::move(owned)) {}
    ~ScriptedSource() override {
        if (death) death();
    }
    void on_events(std::uint32_t bits) override {
        if (events) events(bits);
    }
    void on_timer() override {
        if (timer) timer();
    }
    void on_flush() override {
        if (flush) flush();
    }

    Fd fd{};
    std::function<void(std::uint32_t)> events{};
    std::function<void()> timer{};
    std::function<void()> flush{};
    std::function<void()> death{};
};

// An object that `loop` owns from now on and watches `fd` with for reading, if there is one.
inline ScriptedSource& add_source(Loop& loop, Fd fd = {}) {
    auto* source = new ScriptedSource(std::move(fd));  // The loop deletes it.
    Reactor& reactor = Reactor::of(loop);
    if (source->fd) {
        EXPECT_EQ(reactor.add(*source, source->fd.get(), EPOLLIN | EPOLLET), 0);
    } else {
        reactor.add(*source);
    }
    return *source;
}

}  // namespace edgews::test
