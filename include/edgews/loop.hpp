// A loop: one thread on which connections, clients, timers and coroutines run.
//
// A server has one for each core (Server::loop()). A program that is only a client makes its own:
//
//     edgews::Loop loop;
//     edgews::Client client(loop, "ws://127.0.0.1:9001/echo", handlers);
//     loop.run();
//
// All functions belong to the loop's own thread, except those marked "Any thread".
#pragma once

#include <edgews/function.hpp>

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace edgews {

// The engine's side of a loop, and the part of it that other threads hold on to.
class Reactor;
struct LoopLink;

// Names a timer, or a coroutine that was spawned, for as long as it is there, and never another
// one: a token is not used twice.
using Token = std::uint64_t;
inline constexpr Token no_token = 0;

struct LoopOptions {
    // Microseconds to spin, asking for events, before blocking. A lone ping-pong
    // otherwise spends about 20 µs asleep and waking; spinning costs a core.
    std::uint32_t busy_poll_us = 0;
    // The CPU that run() pins its thread to; -1: none. One that the process may not use, or that
    // there is not, makes run() throw std::system_error.
    int cpu = -1;
};

class Loop {
  public:
    // Throws std::system_error when the system refuses (no descriptors left).
    explicit Loop(LoopOptions options = {});
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    // Closes all connections that are left, and ends timers and coroutines. Requires: it is not
    // called within a turn.
    ~Loop();

    // Runs turns until stop(). Throws std::system_error: see LoopOptions::cpu.
    void run();
    // Runs one turn. It waits at most `timeout_ms` milliseconds for something to do; -1: without
    // limit; 0: not at all. It is for programs that have a loop of their own.
    void poll(int timeout_ms) noexcept;
    // A descriptor that is readable (level-triggered) when poll(0) has something to do. It nests
    // the loop in another one. Timers and reads that were carried over do not make it readable, so
    // wait no longer than next_timeout_ms().
    [[nodiscard]] int fd() const noexcept;
    // Milliseconds until poll() has something to do by itself. -1: nothing is set.
    [[nodiscard]] int next_timeout_ms() const noexcept;
    // Any thread. run() returns after the present turn, or at once when called next; the loop may
    // be destroyed then, though this has not returned yet.
    void stop() noexcept;

    // Any thread. Runs `function` on the loop's thread, in a later turn or later in this one; in
    // the order posted by one thread. It must not throw, and may end the loop. False: the loop is
    // gone. An empty function is refused here, by std::invalid_argument, as in all that follows.
    template <class F>
    bool post(F&& function) {
        require_callable<std::decay_t<F>>(function, "Loop::post()");
        return post_job(make_job(std::forward<F>(function)));
    }

    // Runs `function` once after `delay_ms`, or every `period_ms`; at least 1 ms.
    // It must not throw. The token cancels it; after its one run, and after cancel(), it names
    // nothing.
    template <class F>
    Token after(std::uint64_t delay_ms, F&& function) {
        require_callable<std::decay_t<F>>(function, "Loop::after()");
        return add_timer(delay_ms, make_job(std::forward<F>(function)));
    }
    template <class F>
    Token every(std::uint64_t period_ms, F&& function) {
        require_callable<std::decay_t<F>>(function, "Loop::every()");
        return add_periodic_timer(period_ms, make_job(std::forward<F>(function)));
    }
    // Cancels a timer, or ends a coroutine that was spawned. False: it had run, or been cancelled,
    // already.
    bool cancel(Token timer) noexcept;

    // Milliseconds of a monotonic clock, read once a turn.
    [[nodiscard]] std::uint64_t now_ms() const noexcept;
    // The loop whose turn this thread is in; null: none.
    [[nodiscard]] static Loop* current() noexcept;

  private:
    friend class Reactor;
    bool post_job(std::unique_ptr<Job> job) noexcept;
    Token add_timer(std::uint64_t delay_ms, std::unique_ptr<Job> job);
    Token add_periodic_timer(std::uint64_t period_ms, std::unique_ptr<Job> job);

    Reactor* const reactor_;  // Owned. It is there until ~Loop() ends.
};

}  // namespace edgews
