// The reactor: one thread's edge-triggered epoll loop, with timers, a queue for
// work from other threads, and the memory that its connections share.
//
// A turn waits for events, hands them to their sources, runs what other threads
// posted and the timers that are due, sends what was written meanwhile, and then
// frees what was closed:
//
//     epoll_wait → events → carried-over reads → posted jobs → timers → flushes → deletes
//
// After every 32 sockets that were read and answered, these are written to in between. Whatever a
// flush or a delete queues is flushed in the same turn: a turn ends with nothing queued.
//
// There are two clocks. now_ms() is the time, for what the application sets. listened_ms() stands
// still while the loop does (a handler that blocks, a stopped process, a paused machine): peers are
// judged by that one, and only after all that had arrived was read. A loop that has to judge wakes
// half-way, and half-way again, to see that it was there.
//
// Sources close at once, but are deleted at the end of the turn, and events find
// them through tokens: no event, however stale, reaches a freed object.
//
// All functions belong to the loop's own thread, except those marked "Any thread".
#pragma once

#include <edgews/function.hpp>
#include "core/base/buffer.hpp"
#include "net/loop/fd.hpp"
#include "net/loop/job.hpp"
#include "net/loop/source.hpp"
#include "net/loop/timer_wheel.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

namespace edgews {

class OutputQueue;
class Slots;
struct LoopLink;  // net/loop/loop_link.hpp: for other threads.

struct LoopOptions {
    // Microseconds to spin, asking for events, before blocking. A lone ping-pong
    // otherwise spends about 20 µs asleep and waking; spinning costs a core.
    std::uint32_t busy_poll_us = 0;
    // The CPU that run() pins its thread to; -1: none. One that the process may not use, or that
    // there is not, makes run() throw std::system_error.
    int cpu = -1;
};

// An object that others keep on a loop, for as long as that exists.
struct LoopAttachment {
    virtual ~LoopAttachment() = default;
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
    [[nodiscard]] int fd() const noexcept { return epoll_.get(); }
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
        return add_timer(delay_ms, 0, make_job(std::forward<F>(function)));
    }
    template <class F>
    Token every(std::uint64_t period_ms, F&& function) {
        require_callable<std::decay_t<F>>(function, "Loop::every()");
        if (period_ms == 0) period_ms = 1;
        return add_timer(period_ms, period_ms, make_job(std::forward<F>(function)));
    }
    // Cancels a timer, or ends a coroutine that was spawned. False: it had run, or been cancelled,
    // already.
    bool cancel(Token timer) noexcept;

    // Milliseconds of a monotonic clock, read once a turn.
    [[nodiscard]] std::uint64_t now_ms() const noexcept { return now_ms_; }
    // Milliseconds in which this loop has listened to its peers: the same clock, of which a turn
    // that begins too late counts 100 ms at most.
    [[nodiscard]] std::uint64_t listened_ms() const noexcept { return listened_ms_; }
    // The number of the present turn.
    [[nodiscard]] std::uint64_t turn() const noexcept { return turn_; }
    // The loop whose turn this thread is in; null: none.
    [[nodiscard]] static Loop* current() noexcept;
    [[nodiscard]] const std::shared_ptr<LoopLink>& link() const noexcept { return link_; }

    // For event sources.

    // Registers `source` and, unless fd is -1, watches it for `events` for good.
    // 0, or the system's error number. The source's token is valid from then on.
    [[nodiscard]] int add(Source& source, int fd, std::uint32_t events) noexcept;
    // Stops and resumes watching the descriptor of a source that was added.
    void unwatch(int fd) noexcept;
    [[nodiscard]] int watch(Source& source, int fd, std::uint32_t events) noexcept;
    // The token, and with it the readiness of its descriptor, goes over to `successor`.
    void hand_over(Source& source, Source& successor) noexcept;
    // The token dies; `source` is deleted at the end of the turn. Its descriptor
    // must be closed by then, which also ends the watching.
    void retire(Source& source) noexcept;
    // Deletes a source that handed its token over, at the end of the turn.
    void discard(Source& source) noexcept;

    // Has on_timer() called once, after `delay_ms` of listened_ms(): for what a peer has to do. It
    // replaces the time that was set before.
    void schedule(Source& source, std::uint64_t delay_ms) noexcept;
    // The same after `delay_ms` of now_ms(). Requires: in a turn.
    void schedule_by_clock(Source& source, std::uint64_t delay_ms) noexcept;
    // Has on_events(EPOLLIN) called in the next turn, without waiting: for a source
    // that stopped reading before its socket was empty.
    void read_later(Source& source) noexcept;
    // Has on_flush() called at the end of this turn.
    void flush_later(Source& source) noexcept;
    // The same, before all others: for one that writes to others. It must outlive the turn.
    void flush_first(Source& source) noexcept { writers_.push_back(&source); }
    // The same, but after a few more events already.
    void flush_soon(Source& source) noexcept { answered_.push_back(&source); }

    [[nodiscard]] Slots& slots() noexcept;
    [[nodiscard]] BufferPool& pool() noexcept { return pool_; }
    // An empty queue on loan, for a socket that has something to send.
    [[nodiscard]] std::unique_ptr<OutputQueue> take_queue();
    void give_back(std::unique_ptr<OutputQueue> queue) noexcept;
    // What the connections of clients on this loop share: theirs to make. Null: there was none yet.
    [[nodiscard]] std::unique_ptr<LoopAttachment>& clients() noexcept { return clients_; }
    // Where all of this loop's sockets receive; only one at a time does.
    [[nodiscard]] std::span<std::byte> receive_space() const noexcept {
        return {receive_space_, receive_space_size};
    }

    // The same for what transports have yet to open. Taken when the first one asks.
    [[nodiscard]] std::span<std::byte> transport_space();
    // Whether a step of a transport's handshake may be taken now: each costs about as much as
    // hundreds of messages, and those who are connected do not wait for all of them. False: the
    // source stands in line, and has its on_events(EPOLLIN) called when it is its turn. Those who
    // have begun have a line of their own: nobody's work is in vain for those who came later.
    enum class Handshake : std::uint8_t { begins, goes_on };
    [[nodiscard]] bool take_handshake(Source& source, Handshake step);
    // It stands in line: it is we who let it wait.
    [[nodiscard]] bool waits_for_handshake(const Source& source) const noexcept;

    static constexpr std::size_t receive_space_size = 256 * 1024;
    // What the queues that are kept at hand take of the pool, at most.
    static constexpr std::size_t queues_size_max = 64 * (32 + 4 + 1) * 1024;

    // Counts bytes that nobody wanted, of all sources together: whether these fill another unit.
    // Whose do, has sent about as many units as he is told so, and need not remember bytes.
    static constexpr std::size_t discarded_unit = 1024 * 1024;
    [[nodiscard]] bool fills_discarded_unit(std::size_t size) noexcept {
        discarded_size_ += size;
        if (discarded_size_ < discarded_unit) return false;
        discarded_size_ -= discarded_unit;
        return true;
    }

  private:
    struct Memory;  // What the kernel writes to.
    bool post_job(std::unique_ptr<Job> job) noexcept;
    Token add_timer(std::uint64_t delay_ms, std::uint64_t period_ms, std::unique_ptr<Job> job);

    int wait_for_events(int timeout_ms) noexcept;
    [[nodiscard]] int ask_for_events(int timeout_ms) noexcept;
    [[nodiscard]] bool arm_timer() noexcept;
    [[nodiscard]] std::uint64_t next_due_ms() const noexcept;
    [[nodiscard]] bool has_waiting() const noexcept;
    [[nodiscard]] bool has_to_flush() const noexcept;
    void dispatch(int count);
    void read_unread();
    void go_on_with_handshakes();
    void read_the_rest();
    void run_timers();
    void finish_turn();
    void flush_all();
    void flush_answered();
    void flush_writers();
    void delete_retired() noexcept;
    void read_clock() noexcept;

    LoopOptions options_;
    std::shared_ptr<LoopLink> link_;
    Fd epoll_;
    Fd timer_fd_;  // Wakes the loop at armed_ms_.
    BufferPool pool_;
    std::unique_ptr<Memory> memory_;
    std::byte* receive_space_;  // In memory_.
    std::unique_ptr<std::byte[]> transport_space_;
    std::unique_ptr<LoopAttachment> clients_;
    std::deque<Token> beginning_;  // Those that wait for their turn.
    std::deque<Token> going_on_;
    std::unordered_set<Token> in_line_;  // All of them.
    unsigned handshakes_left_ = 0;       // In this turn.
    bool is_handshake_due_ = false;      // Of the source that is called.
    std::uint64_t now_ms_ = 0;
    std::uint64_t listened_ms_ = 0;
    std::uint64_t armed_ms_ = TimerWheel::never;
    std::uint64_t turn_ = 0;
    std::size_t discarded_size_ = 0;
    bool may_be_more_ = false;         // Events that the turn has not asked for yet.
    TimerWheel timers_;                // The application's: by now_ms_.
    TimerWheel peer_timers_;           // By listened_ms_.
    std::unique_ptr<Source> trimmer_;  // Of the pool, while that has much to spare.
    std::vector<Token> unread_;
    std::vector<Token> unflushed_;
    std::vector<Source*> answered_;  // Of this turn: to be flushed soon.
    std::vector<Source*> writers_;   // Of this turn: to be flushed first.
    std::vector<Token> being_read_;  // unread_ of the last turn.
    std::vector<Source*> retired_;
    std::vector<std::unique_ptr<OutputQueue>>
        warm_queues_;  // Those that keep a chunk: taken first.
    std::vector<std::unique_ptr<OutputQueue>> queues_;
    std::atomic<bool> stopping_{false};
};

}  // namespace edgews
