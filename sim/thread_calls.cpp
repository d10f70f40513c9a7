// libc's functions of threads, and of what they tell each other by; see calls.hpp.
#include "sim/calls.hpp"
#include "sim/clocks.hpp"
#include "sim/refusal.hpp"

#include <dlfcn.h>
#include <pthread.h>

namespace edgews::sim {

void link_thread_calls() noexcept {}

namespace {

template <class Function>
void look_up(Function& function, const char* name) noexcept {
    function = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

RealFunctions look_up_all() noexcept {
    RealFunctions found{};
    look_up(found.pthread_attr_init, "pthread_attr_init");
    look_up(found.pthread_sigmask, "pthread_sigmask");
    look_up(found.pthread_setaffinity_np, "pthread_setaffinity_np");
    look_up(found.sched_getaffinity, "sched_getaffinity");
    look_up(found.pthread_create, "pthread_create");
    look_up(found.pthread_join, "pthread_join");
    look_up(found.pthread_mutex_lock, "pthread_mutex_lock");
    look_up(found.pthread_mutex_trylock, "pthread_mutex_trylock");
    look_up(found.pthread_mutex_unlock, "pthread_mutex_unlock");
    look_up(found.pthread_cond_wait, "pthread_cond_wait");
    look_up(found.pthread_cond_timedwait, "pthread_cond_timedwait");
    look_up(found.pthread_cond_clockwait, "pthread_cond_clockwait");
    look_up(found.pthread_cond_signal, "pthread_cond_signal");
    look_up(found.pthread_cond_broadcast, "pthread_cond_broadcast");
    look_up(found.pthread_rwlock_rdlock, "pthread_rwlock_rdlock");
    look_up(found.pthread_rwlock_tryrdlock, "pthread_rwlock_tryrdlock");
    look_up(found.pthread_rwlock_wrlock, "pthread_rwlock_wrlock");
    look_up(found.pthread_rwlock_trywrlock, "pthread_rwlock_trywrlock");
    look_up(found.pthread_rwlock_unlock, "pthread_rwlock_unlock");
    look_up(found.pthread_tryjoin_np, "pthread_tryjoin_np");
    look_up(found.pthread_clockjoin_np, "pthread_clockjoin_np");
    look_up(found.pthread_cancel, "pthread_cancel");
    look_up(found.pthread_once, "pthread_once");
    look_up(found.pthread_barrier_wait, "pthread_barrier_wait");
    look_up(found.pthread_spin_lock, "pthread_spin_lock");
    look_up(found.pthread_mutex_clocklock, "pthread_mutex_clocklock");
    look_up(found.pthread_rwlock_clockrdlock, "pthread_rwlock_clockrdlock");
    look_up(found.pthread_rwlock_clockwrlock, "pthread_rwlock_clockwrlock");
    look_up(found.sem_wait, "sem_wait");
    look_up(found.sem_trywait, "sem_trywait");
    look_up(found.sem_clockwait, "sem_clockwait");
    look_up(found.sem_post, "sem_post");
    look_up(found.pthread_kill, "pthread_kill");
    look_up(found.sigqueue, "sigqueue");
    look_up(found.sigtimedwait, "sigtimedwait");
    look_up(found.pause, "pause");
    look_up(found.alarm, "alarm");
    look_up(found.timer_create, "timer_create");
    look_up(found.getentropy, "getentropy");
    look_up(found.arc4random, "arc4random");
    look_up(found.arc4random_buf, "arc4random_buf");
    look_up(found.arc4random_uniform, "arc4random_uniform");
    look_up(found.fdopen, "fdopen");
    look_up(found.vdprintf, "vdprintf");
    look_up(found.gethostbyname, "gethostbyname");
    look_up(found.getaddrinfo, "getaddrinfo");
    look_up(found.clock_gettime, "clock_gettime");
    look_up(found.mmap, "mmap");
    return found;
}

// No other thread goes on between the two: nobody's signal is missed.
int wait_in(Kernel& kernel, pthread_cond_t* condition, pthread_mutex_t* mutex,
            std::uint64_t deadline_ns) {
    real().pthread_mutex_unlock(mutex);
    kernel.threads().wake_all(mutex);
    const bool was_woken = kernel.threads().wait(condition, deadline_ns);
    if (const int error = pthread_mutex_lock(mutex); error != 0) return error;
    return was_woken ? 0 : ETIMEDOUT;
}

// Of pthread_condattr_setclock(): libc remembers it as one bit of a count.
clockid_t clock_of(const pthread_cond_t& condition) noexcept {
    constexpr unsigned monotonic = 2;
    return (condition.__data.__wrefs & monotonic) != 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

}  // namespace

const RealFunctions& real() noexcept {
    static const RealFunctions functions = look_up_all();
    return functions;
}

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*),
                   void* argument) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().pthread_create(thread, attributes, function, argument);
    if (const int error = kernel->enter(Call::thread); error != 0) return error;
    return kernel->threads().create(thread, attributes, function, argument);
}

// Who is joined has left the world: what is left of it takes no time there.
int pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock, const timespec* time) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    const bool is_own = pthread_equal(thread, pthread_self()) != 0;
    if (kernel == nullptr || is_own) {
        return time == nullptr ? real().pthread_join(thread, result)
                               : real().pthread_clockjoin_np(thread, result, clock, time);
    }
    const std::uint64_t deadline_ns = time == nullptr ? never_ns : moment_by(clock, *time);
    if (!kernel->threads().await_end(thread, deadline_ns)) return ETIMEDOUT;
    return real().pthread_join(thread, result);
}

int pthread_timedjoin_np(pthread_t thread, void** result, const timespec* time) {
    return pthread_clockjoin_np(thread, result, CLOCK_REALTIME, time);
}

int pthread_join(pthread_t thread, void** result) {
    return pthread_clockjoin_np(thread, result, CLOCK_REALTIME, nullptr);
}

int pthread_tryjoin_np(pthread_t thread, void** result) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().pthread_tryjoin_np(thread, result);
    if (kernel->threads().has(thread)) return EBUSY;
    return real().pthread_join(thread, result);
}

// Only between waits a thread of a world could end so, and it does not wait as the system has it.
int pthread_cancel(pthread_t thread) {
    if (current_kernel() != nullptr) refuse("pthread_cancel()", "a thread ends by itself");
    return real().pthread_cancel(thread);
}

int pthread_barrier_wait(pthread_barrier_t* barrier) noexcept {
    if (current_kernel() != nullptr) refuse("pthread_barrier_wait()", "but std::barrier is");
    return real().pthread_barrier_wait(barrier);
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().pthread_cond_wait(condition, mutex);
    return wait_in(*kernel, condition, mutex, UINT64_MAX);
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* time) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().pthread_cond_clockwait(condition, mutex, clock, time);
    return wait_in(*kernel, condition, mutex, moment_by(clock, *time));
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* time) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().pthread_cond_timedwait(condition, mutex, time);
    return wait_in(*kernel, condition, mutex, moment_by(clock_of(*condition), *time));
}

int pthread_cond_signal(pthread_cond_t* condition) noexcept {
    const Busy busy;
    if (Kernel* const kernel = current_kernel()) kernel->threads().wake_one(condition);
    return real().pthread_cond_signal(condition);
}

int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
    const Busy busy;
    if (Kernel* const kernel = current_kernel()) kernel->threads().wake_all(condition);
    return real().pthread_cond_broadcast(condition);
}

}  // extern "C"
