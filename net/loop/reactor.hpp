// The engine's side of a Loop: one thread's edge-triggered epoll, with timers, a queue for work
// from other threads, and memory that its sockets share. It knows descriptors and time, and nothing
// of what is said on a socket.
//
// A turn waits for events, runs what other threads posted, hands the events to their objects, runs
// the timers that are due, sends what was written meanwhile, and then frees what was closed:
//
//     epoll_wait → posted jobs → events → carried-over reads → timers → flushes → deletes
//
// After every 32 sockets that were read and answered, these are written to in between. Whatever a
// flush or a delete queues is flushed in the same turn: a turn ends with nothing queued.
//
// There are two clocks. now_ms() is the time, for what the application sets. listened_ms() stands
// still while the loop does (a handler that blocks, a stopped process, a paused machine): peers are
// judged by that one, and only after all that had arrived was read. A loop that has to judge wakes
// half-way, and half-way again, to see that it was there.
//
// Objects close at once, but are deleted at the end of the turn, and events find them through
// tokens: no event, however stale, reaches a freed object.
//
// All functions belong to the loop's own thread, except those marked "Any thread".
#pragma once

#include <edgews/function.hpp>
#include <edgews/loop.hpp>
#include "core/base/buffer.hpp"
#include "net/loop/fd.hpp"
#include "net/loop/registered.hpp"
#include "net/loop/timer_wheel.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace edgews {

class Slots;

class Reactor {
  public:
    // `face` is the Loop that this belongs to. Throws std::system_error when the system refuses.
    Reactor(Loop& face, LoopOptions options);
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;
    ~Reactor();

    [[nodiscard]] static Reactor& of(Loop& loop) noexcept { return *loop.reactor_; }
    [[nodiscard]] Loop& loop() const noexcept { return face_; }
    // The reactor whose turn this thread is in; null: none.
    [[nodiscard]] static Reactor* current() noexcept;
    // This thread is in a turn of that loop. Null: no.
    [[nodiscard]] static bool is_current(const std::shared_ptr<LoopLink>& link) noexcept;

    // As Loop has them.

    void run();
    void poll(int timeout_ms) noexcept;
    [[nodiscard]] int fd() const noexcept { return epoll_.get(); }
    [[nodiscard]] int next_timeout_ms() const noexcept;
    void stop() noexcept;
    bool post(std::unique_ptr<Job> job) noexcept;
    Token after(std::uint64_t delay_ms, std::unique_ptr<Job> job);
    Token every(std::uint64_t period_ms, std::unique_ptr<Job> job);
    bool cancel(Token timer) noexcept;
    [[nodiscard]] std::uint64_t now_ms() const noexcept { return now_ms_; }

    // Milliseconds in which this loop has listened to its peers: as now_ms(), of which a turn that
    // begins too late counts 100 ms at most.
    [[nodiscard]] std::uint64_t listened_ms() const noexcept { return listened_ms_; }
    // The number of the present turn.
    [[nodiscard]] std::uint64_t turn() const noexcept { return turn_; }
    [[nodiscard]] const std::shared_ptr<LoopLink>& link() const noexcept { return link_; }
    [[nodiscard]] Slots& slots() noexcept;

    // Registers `object`, which has a token from then on.
    void add(Registered& object) noexcept;
    // The same, and watches `fd` for `events` for good. 0, or the system's error number: then
    // there is no token.
    [[nodiscard]] int add(Watched& object, int fd, std::uint32_t events) noexcept;
    // Stops and resumes watching the descriptor of an object that was added.
    void unwatch(int fd) noexcept;
    [[nodiscard]] int watch(Watched& object, int fd, std::uint32_t events) noexcept;
    // The token, and with it the readiness of its descriptor, goes over to `successor`.
    // `object` loses its timer, and is deleted at the end of the turn.
    void hand_over(Watched& object, Watched& successor) noexcept;
    // The token dies, and the timer; `object` is deleted at the end of the turn. Its descriptor
    // must be closed by then, which also ends the watching.
    void retire(Registered& object) noexcept;

    // Has on_timer() called once, after `delay_ms` of listened_ms(): for what a peer has to do. It
    // replaces the time that was set before.
    void schedule(Timer& timer, std::uint64_t delay_ms) noexcept;
    // The same after `delay_ms` of now_ms(). Requires: in a turn.
    void schedule_by_clock(Timer& timer, std::uint64_t delay_ms) noexcept;
    // Has on_events(EPOLLIN) called in the next turn, without waiting: for an object that stopped
    // reading before its socket was empty.
    void read_later(Watched& object) noexcept;
    // Has on_flush() called at the end of this turn.
    void flush_later(Watched& object) noexcept;
    // The same, but after a few more events already.
    void flush_soon(Watched& object) noexcept { answered_.push_back(&object); }
    // Has on_turn_end() called before these. It must outlive the turn.
    void write_first(Writer& writer) noexcept { writers_.push_back(&writer); }

    [[nodiscard]] BufferPool& pool() noexcept { return pool_; }
    // Where all of this loop's sockets receive; only one at a time does.
    [[nodiscard]] std::span<std::byte> receive_space() const noexcept {
        return {receive_space_, receive_space_size};
    }
    static constexpr std::size_t receive_space_size = 256 * 1024;

    // The T that is kept on this loop, and goes with it. It is made of the reactor when it is asked
    // for first, and destroyed after all objects, and after those that were made behind it.
    template <class T>
    [[nodiscard]] T& attached() {
        for (const auto& each : attachments_) {
            if (T* const known = dynamic_cast<T*>(each.get())) return *known;
        }
        auto made = std::make_unique<T>(*this);  // Which may attach others before itself.
        T& attachment = *made;
        attachments_.push_back(std::move(made));
        return attachment;
    }

  private:
    struct Memory;  // What the kernel writes to.
    Token add_timer(std::uint64_t delay_ms, std::uint64_t period_ms, std::unique_ptr<Job> job);

    int wait_for_events(int timeout_ms) noexcept;
    [[nodiscard]] int ask_for_events(int timeout_ms) noexcept;
    [[nodiscard]] bool arm_timer() noexcept;
    [[nodiscard]] std::uint64_t next_due_ms() const noexcept;
    [[nodiscard]] bool has_waiting() const noexcept;
    [[nodiscard]] bool has_to_flush() const noexcept;
    void dispatch(int count);
    void read_unread();
    void read_the_rest();
    void run_timers();
    void finish_turn();
    void flush_all();
    void flush_answered();
    void let_writers_write();
    void delete_retired() noexcept;
    void read_clock() noexcept;

    Loop& face_;
    LoopOptions options_;
    std::shared_ptr<LoopLink> link_;
    Fd epoll_;
    Fd timer_fd_;  // Wakes the loop at armed_ms_.
    BufferPool pool_;
    std::unique_ptr<Memory> memory_;
    std::byte* receive_space_;  // In memory_.
    std::uint64_t now_ms_ = 0;
    std::uint64_t listened_ms_ = 0;
    std::uint64_t armed_ms_ = TimerWheel::never;
    std::uint64_t turn_ = 0;
    bool may_be_more_ = false;        // Events that the turn has not asked for yet.
    TimerWheel timers_;               // The application's: by now_ms_.
    TimerWheel peer_timers_;          // By listened_ms_.
    std::unique_ptr<Timer> trimmer_;  // Of the pool, while that has much to spare.
    std::vector<std::unique_ptr<Attachment>> attachments_;
    std::vector<Token> unread_;
    std::vector<Token> being_read_;  // unread_ of the last turn.
    std::vector<Token> unflushed_;
    std::vector<Watched*> answered_;  // Of this turn: to be flushed soon.
    std::vector<Writer*> writers_;    // Of this turn.
    std::vector<Registered*> retired_;
    std::atomic<bool> stopping_{false};
};

}  // namespace edgews
