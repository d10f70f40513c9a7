#include "net/loop/reactor.hpp"

#include "net/loop/cpu.hpp"
#include "net/loop/loop_link.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <climits>
#include <new>
#include <string>
#include <system_error>

namespace edgews {

namespace {

constexpr std::size_t event_count_max = 1024;  // Per turn; 12 KiB.
constexpr std::size_t page_size = 4096;
// So many sockets are read before they are written to: the kernel's receiving code stays in the
// cache, and then its sending code (3 to 5 % of an echo's time; more of them win nothing).
constexpr std::size_t answer_count_max = 32;

// A loop that comes so much later than a timer was due has stood still, or is overloaded: that is
// no silence of its peers. Of the time since the turn before, so much counts as listened.
constexpr std::uint64_t late_ms = 100;
// Between two tries, where the system refuses to tell events.
constexpr timespec refused_wait{.tv_sec = 0, .tv_nsec = 1'000'000};

thread_local Reactor* current_reactor = nullptr;

std::uint64_t clock_us() noexcept {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(time.tv_nsec) / 1'000;
}

// What after() and every() set.
class CallbackTimer final : public Timer {
  public:
    CallbackTimer(Reactor& reactor, std::uint64_t period_ms, std::unique_ptr<Job> job) noexcept
        : reactor_(reactor), period_ms_(period_ms), job_(std::move(job)) {}
    void on_timer() override {
        if (period_ms_ == 0) {
            reactor_.retire(*this);
        } else {
            reactor_.schedule_by_clock(*this, period_ms_);
        }
        job_->run();
    }

  private:
    Reactor& reactor_;
    std::uint64_t period_ms_;
    std::unique_ptr<Job> job_;
};

// Memory that nobody has needed for this long goes back to the system, a part of it at a time.
constexpr std::uint64_t trim_round_ms = 500;
constexpr std::uint64_t trim_step_ms = 1;

class Trimmer final : public Timer {
  public:
    explicit Trimmer(Reactor& reactor) noexcept : reactor_(reactor) {}
    void on_timer() override {
        if (reactor_.pool().trim()) reactor_.schedule(*this, trim_step_ms);
    }

  private:
    Reactor& reactor_;
};

// Requires: the token is that of a Watched, as all that epoll, unread_ and unflushed_ hold.
Watched* find_watched(const Slots& slots, Token token) noexcept {
    return static_cast<Watched*>(slots.find(token));
}

}  // namespace

struct Reactor::Memory {
    alignas(page_size) std::array<std::byte, receive_space_size> receive_space;
    std::array<epoll_event, event_count_max> events;
};

Reactor::Reactor(Loop& face, LoopOptions options)
    : face_(face),
      options_(options),
      link_(std::make_shared<LoopLink>()),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      memory_(new Memory),  // Not cleared: untouched pages cost nothing.
      receive_space_(memory_->receive_space.data()),
      now_ms_(clock_us() / 1000),
      listened_ms_(now_ms_),
      timers_(now_ms_),
      peer_timers_(listened_ms_),
      trimmer_(std::make_unique<Trimmer>(*this)) {
    if (!epoll_) throw std::system_error(errno, std::system_category(), "epoll_create1");
    if (!timer_fd_) throw std::system_error(errno, std::system_category(), "timerfd_create");
    // Both wake the loop by their edges, and are never read.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = no_token;
    for (const int fd : {link_->mailbox.event_fd(), timer_fd_.get()}) {
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
            throw std::system_error(errno, std::system_category(), "epoll_ctl");
        }
    }
    answered_.reserve(answer_count_max);  // Steady traffic takes nothing from the heap.
}

Reactor::~Reactor() {
    assert(current_reactor != this);
    link_->mailbox.close();
    for (std::size_t i = 0; i < slots().count(); ++i) {
        if (Registered* object = slots().at(i)) object->let_go();
    }
    for (std::size_t i = 0; i < slots().count(); ++i) {
        if (Registered* object = slots().at(i)) retire(*object);
    }
    delete_retired();
    while (!attachments_.empty()) attachments_.pop_back();
}

Slots& Reactor::slots() noexcept {
    return link_->slots;
}

void Reactor::read_later(Watched& object) noexcept {
    unread_.push_back(object.token());
}

void Reactor::flush_later(Watched& object) noexcept {
    unflushed_.push_back(object.token());
}

Reactor* Reactor::current() noexcept {
    return current_reactor;
}

bool Reactor::is_current(const std::shared_ptr<LoopLink>& link) noexcept {
    return current_reactor != nullptr && current_reactor->link_ == link;
}

void Reactor::run() {
    const int error = options_.cpu == -1 ? 0 : pin_thread(options_.cpu);
    if (error != 0) {
        throw std::system_error(error, std::system_category(),
                                "LoopOptions::cpu " + std::to_string(options_.cpu));
    }
    while (!stopping_.load(std::memory_order_acquire)) poll(-1);
    stopping_.store(false, std::memory_order_relaxed);
}

// From the store on, run() may return on the loop's thread, and the loop be gone.
void Reactor::stop() noexcept {
    const std::shared_ptr<LoopLink> link = link_;
    stopping_.store(true, std::memory_order_release);
    link->mailbox.wake();
}

// What others have posted comes first, for a peer may speak because of it: one that has published
// by another loop, and has its answer, finds here what it published. (Not for certain: of a socket
// that was ready before, what comes while the turn lasts is read in it, too.) Only where nothing
// had been posted is what this turn's events post done in it, too: a job has one share of a turn.
void Reactor::poll(int timeout_ms) noexcept {
    assert(current_reactor != this);
    Reactor* const outer = std::exchange(current_reactor, this);
    const int count = wait_for_events(timeout_ms);
    link_->mailbox.awake();
    ++turn_;
    read_clock();
    const bool had_posted = link_->mailbox.has_posted();
    if (had_posted) link_->mailbox.run_posted();
    dispatch(count);
    read_unread();
    if (!had_posted && link_->mailbox.has_posted()) link_->mailbox.run_posted();
    run_timers();
    finish_turn();
    if (pool_.wants_trim() && !trimmer_->is_set()) schedule(*trimmer_, trim_round_ms);
    current_reactor = outer;
    // Between turns a loop counts as asleep: another loop may be waiting for it.
    if (!link_->mailbox.prepare_to_sleep()) link_->mailbox.wake();
}

int Reactor::wait_for_events(int timeout_ms) noexcept {
    const bool is_woken_in_time = timeout_ms < 0 && !has_waiting() && arm_timer();
    if (!is_woken_in_time) {
        const int due_ms = next_timeout_ms();
        if (due_ms >= 0) timeout_ms = timeout_ms < 0 ? due_ms : std::min(timeout_ms, due_ms);
    }
    if (options_.busy_poll_us > 0 && timeout_ms != 0) {
        // Spinning is part of the wait: it makes neither the caller nor a timer late.
        std::uint64_t spin_us = options_.busy_poll_us;
        if (timeout_ms > 0) {
            spin_us = std::min(spin_us, static_cast<std::uint64_t>(timeout_ms) * 1000);
        }
        const std::uint64_t begin_us = clock_us();
        int count = 0;
        do {
            count = ask_for_events(0);
        } while (count == 0 && !may_be_more_ && clock_us() - begin_us < spin_us);
        if (count != 0 || may_be_more_) return count;
        if (timeout_ms > 0) timeout_ms -= static_cast<int>(spin_us / 1000);
    }
    return ask_for_events(timeout_ms);
}

// How many events there are, and whether there may be more. Interrupted by a signal, nothing is
// known of them. Whatever else the system has against it, the loop's timers and jobs go on.
int Reactor::ask_for_events(int timeout_ms) noexcept {
    const int count =
        ::epoll_wait(epoll_.get(), memory_->events.data(), event_count_max, timeout_ms);
    may_be_more_ = count < 0 || count == static_cast<int>(event_count_max);
    if (count < 0 && errno != EINTR) ::nanosleep(&refused_wait, nullptr);
    return std::max(count, 0);
}

// Sets the descriptor that wakes the loop for its timers. A wait with a time limit of its own
// would set and cancel a timer of the kernel's each time; this one stays, and where what it was
// set for is cancelled or put off, it wakes the loop once in vain. False: the system refuses.
bool Reactor::arm_timer() noexcept {
    if (armed_ms_ <= now_ms_) armed_ms_ = TimerWheel::never;  // It went off.
    const std::uint64_t due_ms = next_due_ms();
    if (due_ms >= armed_ms_) return true;
    itimerspec time{};
    time.it_value.tv_sec = static_cast<time_t>(due_ms / 1000);
    time.it_value.tv_nsec = static_cast<long>(due_ms % 1000) * 1'000'000;
    if (::timerfd_settime(timer_fd_.get(), TFD_TIMER_ABSTIME, &time, nullptr) != 0) return false;
    armed_ms_ = due_ms;
    return true;
}

// By now_ms(): of what a peer has to do, half of the time that is left. Who looks at the clock only
// at its end has no way to tell a standstill before from a peer that was silent all along.
std::uint64_t Reactor::next_due_ms() const noexcept {
    const std::uint64_t peers_ms = peer_timers_.next_due_ms();
    const std::uint64_t own_ms = timers_.next_due_ms();
    if (peers_ms == TimerWheel::never) return own_ms;
    const std::uint64_t left_ms = peers_ms - std::min(peers_ms, listened_ms_);
    return std::min(own_ms, now_ms_ + (left_ms > 2 * late_ms ? left_ms / 2 : left_ms));
}

void Reactor::dispatch(int count) {
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = memory_->events[static_cast<std::size_t>(i)];
        // The mailbox's wake-ups have no token, closed objects' events a dead one.
        if (Watched* object = find_watched(slots(), event.data.u64))
            object->on_events(event.events);
        if (answered_.size() >= answer_count_max) flush_answered();
    }
    flush_answered();
}

// They live: what is closed is deleted at the end of the turn.
void Reactor::flush_answered() {
    for (std::size_t i = 0; i < answered_.size(); ++i) answered_[i]->on_flush();
    answered_.clear();
}

void Reactor::read_unread() {
    being_read_.swap(unread_);
    // An edge may have left a second token of an object: it gets one turn's share, not two.
    std::sort(being_read_.begin(), being_read_.end());
    being_read_.erase(std::unique(being_read_.begin(), being_read_.end()), being_read_.end());
    for (const Token token : being_read_) {
        if (Watched* object = find_watched(slots(), token)) object->on_events(EPOLLIN);
        if (answered_.size() >= answer_count_max) flush_answered();
    }
    flush_answered();
    being_read_.clear();
}

// What has arrived comes before the timers, which might take it for missing. Of all that is ready
// now each round brings another part: who was told of stands behind all others in the system's
// line.
void Reactor::read_the_rest() {
    std::size_t rounds = slots().count() / event_count_max + 2;
    while (may_be_more_ && rounds-- > 0) dispatch(ask_for_events(0));
}

void Reactor::run_timers() {
    if (may_be_more_ && next_due_ms() <= now_ms_) read_the_rest();
    while (TimerNode* node = peer_timers_.pop_expired(listened_ms_)) {
        static_cast<Timer*>(node)->on_timer();
    }
    while (TimerNode* node = timers_.pop_expired(now_ms_)) static_cast<Timer*>(node)->on_timer();
}

// Flushes may call handlers, and what is deleted the application's destructors: what these send is
// flushed, and what they close is deleted, before the turn ends.
void Reactor::finish_turn() {
    do {
        flush_all();
        delete_retired();
    } while (has_to_flush() || !retired_.empty());
}

void Reactor::flush_all() {
    std::size_t i = 0;
    while (has_to_flush()) {
        flush_answered();
        let_writers_write();
        // These may be joined by others, and write to those before.
        if (i < unflushed_.size()) {
            if (Watched* object = find_watched(slots(), unflushed_[i++])) object->on_flush();
        }
        if (i == unflushed_.size()) {
            unflushed_.clear();
            i = 0;
        }
    }
}

void Reactor::let_writers_write() {
    while (!writers_.empty()) {
        Writer* const writer = writers_.back();
        writers_.pop_back();
        writer->on_turn_end();
    }
}

void Reactor::delete_retired() noexcept {
    for (std::size_t i = 0; i < retired_.size(); ++i) delete retired_[i];
    retired_.clear();
}

// A loop that comes long after next_due_ms() has stood still: it would have been woken for that.
void Reactor::read_clock() noexcept {
    const std::uint64_t now_ms = clock_us() / 1000;
    std::uint64_t passed_ms = now_ms - now_ms_;
    if (passed_ms > late_ms && next_due_ms() < now_ms - late_ms) {
        passed_ms = late_ms;
        may_be_more_ = true;  // While it stood still.
    }
    listened_ms_ += passed_ms;
    now_ms_ = now_ms;
}

bool Reactor::has_to_flush() const noexcept {
    return !answered_.empty() || !writers_.empty() || !unflushed_.empty();
}

// Flushes wait here when something was written outside a turn.
bool Reactor::has_waiting() const noexcept {
    return !unread_.empty() || has_to_flush();
}

int Reactor::next_timeout_ms() const noexcept {
    if (has_waiting()) return 0;
    const std::uint64_t due_ms = next_due_ms();
    if (due_ms == TimerWheel::never) return -1;
    const std::uint64_t now_ms = clock_us() / 1000;
    return due_ms <= now_ms ? 0
                            : static_cast<int>(std::min<std::uint64_t>(due_ms - now_ms, INT_MAX));
}

// The job may have run by the time that the mailbox is left, and ended the loop.
bool Reactor::post(std::unique_ptr<Job> job) noexcept {
    const std::shared_ptr<LoopLink> link = link_;
    return link->mailbox.post(std::move(job));
}

Token Reactor::after(std::uint64_t delay_ms, std::unique_ptr<Job> job) {
    return add_timer(delay_ms, 0, std::move(job));
}

Token Reactor::every(std::uint64_t period_ms, std::unique_ptr<Job> job) {
    period_ms = std::max<std::uint64_t>(period_ms, 1);
    return add_timer(period_ms, period_ms, std::move(job));
}

Token Reactor::add_timer(std::uint64_t delay_ms, std::uint64_t period_ms,
                         std::unique_ptr<Job> job) {
    auto timer = std::make_unique<CallbackTimer>(*this, period_ms, std::move(job));
    add(*timer);
    // From this moment: the turn, or the last one, may have begun long ago.
    timers_.schedule(*timer, clock_us() / 1000 + std::max<std::uint64_t>(delay_ms, 1));
    return timer.release()->token();  // The slots own it now.
}

bool Reactor::cancel(Token timer) noexcept {
    Registered* const object = slots().find(timer);
    if (object == nullptr) return false;
    retire(*object);
    return true;
}

void Reactor::add(Registered& object) noexcept {
    object.token_ = slots().insert(object);
}

int Reactor::add(Watched& object, int fd, std::uint32_t events) noexcept {
    add(object);
    const int error = watch(object, fd, events);
    if (error != 0) slots().erase(std::exchange(object.token_, no_token));
    return error;
}

int Reactor::watch(Watched& object, int fd, std::uint32_t events) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.u64 = object.token_;
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

void Reactor::unwatch(int fd) noexcept {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Reactor::hand_over(Watched& object, Watched& successor) noexcept {
    slots().replace(object.token_, successor);
    successor.token_ = std::exchange(object.token_, no_token);
    TimerWheel::cancel(object);
    retired_.push_back(&object);
}

void Reactor::retire(Registered& object) noexcept {
    slots().erase(object.token_);
    object.cancel_timer();
    retired_.push_back(&object);
}

void Reactor::schedule_by_clock(Timer& timer, std::uint64_t delay_ms) noexcept {
    timers_.schedule(timer, now_ms_ + delay_ms);
}

void Reactor::schedule(Timer& timer, std::uint64_t delay_ms) noexcept {
    // Outside a turn the time of the last one may be long ago.
    const std::uint64_t passed_ms = current_reactor == this ? 0 : clock_us() / 1000 - now_ms_;
    peer_timers_.schedule(timer, listened_ms_ + passed_ms + delay_ms);
}

}  // namespace edgews
