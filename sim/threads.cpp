#include "sim/threads.hpp"

#include "sim/busy.hpp"
#include "sim/kernel.hpp"
#include "sim/process_signals.hpp"
#include "sim/real.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace edgews::sim {

namespace {

thread_local Kernel* own_kernel = nullptr;

[[noreturn]] void die_of_deadlock(std::size_t count) {
    std::fprintf(stderr,
                 "edgews::sim: all %zu threads wait, and nothing is to come: no event, no timer\n",
                 count);
    std::abort();
}

std::uint64_t real_mask() noexcept {
    sigset_t set{};
    real().pthread_sigmask(SIG_BLOCK, nullptr, &set);
    return bits_of(set);
}

}  // namespace

Kernel* current_kernel() noexcept {
    return own_kernel;
}

void set_current_kernel(Kernel* kernel) noexcept {
    own_kernel = kernel;
}

Threads::Threads(Kernel& kernel) : kernel_(kernel) {
    running_ = threads_.emplace_back(std::make_unique<Thread>()).get();
    running_->id = ::pthread_self();
    running_->signals.blocked = real_mask();
    ::sem_init(&running_->baton, 0, 0);
}

Threads::~Threads() {
    for (const auto& thread : threads_) ::sem_destroy(&thread->baton);
}

int Threads::create(pthread_t* id, const pthread_attr_t* attributes, void* (*function)(void*),
                    void* argument) {
    auto thread = std::make_unique<Thread>();
    thread->function = function;
    thread->argument = argument;
    thread->owner = this;
    thread->signals.blocked = running_->signals.blocked;
    ::sem_init(&thread->baton, 0, 0);
    const int error = real().pthread_create(&thread->id, attributes, begin, thread.get());
    if (error != 0) {
        ::sem_destroy(&thread->baton);
        return error;
    }
    *id = thread->id;
    threads_.push_back(std::move(thread));
    return 0;
}

// libc calls it when all that the thread has of its own (thread_local, pthread_key_create()) was
// destroyed once: that may make calls. Others of its kind may come behind it: it lets them.
void Threads::leave(void* argument) {
    constexpr unsigned round_count = PTHREAD_DESTRUCTOR_ITERATIONS - 1;
    Thread& thread = *static_cast<Thread*>(argument);
    if (++thread.leave_count < round_count) {
        ::pthread_setspecific(leaving_key(), argument);
        return;
    }
    const Busy busy;
    thread.owner->end(thread);
    set_current_kernel(nullptr);
}

pthread_key_t Threads::leaving_key() {
    static const pthread_key_t key = [] {
        pthread_key_t made{};
        ::pthread_key_create(&made, leave);
        return made;
    }();
    return key;
}

void* Threads::begin(void* argument) {
    Thread& thread = *static_cast<Thread*>(argument);
    while (real().sem_wait(&thread.baton) != 0) {
    }
    set_current_kernel(&thread.owner->kernel_);
    thread.signals.blocked = real_mask();  // Its attributes may have another.
    ::pthread_setspecific(leaving_key(), argument);
    return thread.function(thread.argument);
}

// The last thing that a thread does with the world.
void Threads::end(Thread& thread) {
    const auto place = std::find_if(threads_.begin(), threads_.end(),
                                    [&](const auto& one) { return one.get() == &thread; });
    std::unique_ptr<Thread> ended = std::move(*place);
    threads_.erase(place);
    wake_all(this);  // Those who await an end look again.
    Thread& next = choose_next();
    running_ = &next;
    ::sem_destroy(&ended->baton);
    ended.reset();  // While nobody else goes on: nothing is left of it when the world ends.
    real().sem_post(&next.baton);
}

ThreadSignals* Threads::signals_of(pthread_t thread) const noexcept {
    const auto found = std::find_if(threads_.begin(), threads_.end(), [&](const auto& one) {
        return ::pthread_equal(one->id, thread) != 0;
    });
    return found != threads_.end() ? &(*found)->signals : nullptr;
}

bool Threads::all_block(std::uint64_t bits) const noexcept {
    return bits != 0 && std::all_of(threads_.begin(), threads_.end(), [&](const auto& thread) {
               return (thread->signals.blocked & bits) != 0;
           });
}

bool Threads::has(pthread_t thread) const noexcept {
    return std::any_of(threads_.begin(), threads_.end(),
                       [&](const auto& one) { return ::pthread_equal(one->id, thread) != 0; });
}

bool Threads::await_end(pthread_t thread, std::uint64_t deadline_ns) {
    while (has(thread)) {
        if (!wait(this, deadline_ns) && has(thread)) return false;
    }
    return true;
}

void Threads::await_all() {
    while (threads_.size() > 1) wait(this, UINT64_MAX);
}

bool Threads::wait(const void* what, std::uint64_t deadline_ns) {
    const Busy busy;
    Thread& self = *running_;
    self.awaits = what;
    self.deadline_ns = deadline_ns;
    self.is_waiting = true;
    self.was_woken = false;
    yield();
    self.deadline_ns = UINT64_MAX;
    return self.was_woken;
}

void Threads::sleep_until(std::uint64_t time_ns) {
    wait(nullptr, time_ns);
}

void Threads::wake_one(const void* what) {
    std::vector<Thread*> waiting;
    for (const auto& thread : threads_) {
        if (thread->is_waiting && thread->awaits == what) waiting.push_back(thread.get());
    }
    if (waiting.empty()) return;
    Thread& one = *kernel_.choices().one_of(waiting);
    one.is_waiting = false;
    one.was_woken = true;
}

void Threads::wake_all(const void* what) {
    for (const auto& thread : threads_) {
        if (!thread->is_waiting || thread->awaits != what) continue;
        thread->is_waiting = false;
        thread->was_woken = true;
    }
}

bool Threads::is_waited_for(const void* what) const noexcept {
    return std::any_of(threads_.begin(), threads_.end(), [&](const auto& thread) {
        return thread->is_waiting && thread->awaits == what;
    });
}

void Threads::maybe_switch() {
    if (threads_.size() < 2 || kernel_.is_in_task()) return;
    if (kernel_.choices().once_in(kernel_.faults().thread_switch)) yield();
}

void Threads::yield() {
    Thread& self = *running_;
    hand_over(self, choose_next());
}

std::vector<Threads::Thread*> Threads::runnable() {
    std::vector<Thread*> threads;
    for (const auto& thread : threads_) {
        if (thread->deadline_ns <= kernel_.now_ns()) thread->is_waiting = false;
        if (!thread->is_waiting) threads.push_back(thread.get());
    }
    return threads;
}

// When nobody can go on, time passes until somebody can.
Threads::Thread& Threads::choose_next() {
    for (;;) {
        const std::vector<Thread*> able = runnable();
        if (!able.empty()) return *kernel_.choices().one_of(able);
        pass_time();
    }
}

void Threads::pass_time() {
    std::uint64_t next_ns = kernel_.next_task_ns();
    for (const auto& thread : threads_) next_ns = std::min(next_ns, thread->deadline_ns);
    if (next_ns == UINT64_MAX) die_of_deadlock(threads_.size());
    kernel_.advance_to(next_ns);
}

void Threads::hand_over(Thread& from, Thread& to) {
    if (&from == &to) return;
    running_ = &to;
    real().sem_post(&to.baton);
    while (real().sem_wait(&from.baton) != 0) {
    }
}

}  // namespace edgews::sim
