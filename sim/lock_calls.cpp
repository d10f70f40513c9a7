// libc's functions of locks: mutexes, those of readers and writers, semaphores, and what is done
// once; see calls.hpp. Threads of a world are one at a time: who finds a lock held waits as they
// do.
#include "sim/calls.hpp"
#include "sim/clocks.hpp"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

namespace edgews::sim {

void link_lock_calls() noexcept {}

namespace {

template <class Lock>
using TryLock = int (*)(Lock*);
template <class Lock>
using TimedLock = int (*)(Lock*, clockid_t, const timespec*);

// Until it is this thread's, or that moment has come.
template <class Lock>
int lock_in(Kernel& kernel, Lock* lock, TryLock<Lock> try_lock, std::uint64_t deadline_ns) {
    int error = try_lock(lock);
    bool may_wait = true;
    while (error == EBUSY && may_wait) {
        may_wait = kernel.threads().wait(lock, deadline_ns);
        error = try_lock(lock);
    }
    return error == EBUSY ? ETIMEDOUT : error;
}

// Alone a thread waits for nobody, as long as it need not hear that it waits for ever.
template <class Lock>
int lock(Lock* lock, TryLock<Lock> try_lock, TryLock<Lock> really) {
    const Busy busy;
    Kernel* const kernel = shared_kernel();
    return kernel == nullptr ? really(lock) : lock_in(*kernel, lock, try_lock, never_ns);
}

template <class Lock>
int lock_until(Kernel& kernel, Lock* lock, TryLock<Lock> try_lock, clockid_t clock,
               const timespec& time) {
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) return EINVAL;
    const int error = try_lock(lock);
    if (error != EBUSY) return error;
    if (time.tv_nsec < 0 || time.tv_nsec >= 1'000'000'000) return EINVAL;
    return lock_in(kernel, lock, try_lock, moment_by(clock, time));
}

template <class Lock>
int lock_until(Lock* lock, TryLock<Lock> try_lock, TimedLock<Lock> really, clockid_t clock,
               const timespec& time) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    return kernel == nullptr ? really(lock, clock, &time)
                             : lock_until(*kernel, lock, try_lock, clock, time);
}

void unlocked(const void* lock) {
    if (Kernel* const kernel = shared_kernel()) {
        kernel->threads().wake_all(lock);
        kernel->threads().maybe_switch();
    }
}

// In place of sem_trywait(): an error's number.
int try_take(sem_t* semaphore) {
    if (real().sem_trywait(semaphore) == 0) return 0;
    return errno == EAGAIN ? EBUSY : errno;
}

int take_until(Kernel& kernel, sem_t* semaphore, clockid_t clock, const timespec& time) {
    return lock_until<sem_t>(kernel, semaphore, try_take, clock, time);
}

int returned_error(int error) {
    return error != 0 ? returned_int(failed(error)) : 0;
}

// It wakes those who wait for what is done once, whether it is, or was left by an exception.
class Once {
  public:
    Once(Kernel& kernel, const pthread_once_t* once) noexcept : kernel_(kernel), once_(once) {}
    Once(const Once&) = delete;
    Once& operator=(const Once&) = delete;
    ~Once() { kernel_.threads().wake_all(once_); }

  private:
    Kernel& kernel_;
    const pthread_once_t* once_;
};

}  // namespace

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

// ---- Mutexes ---------------------------------------------------------------

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    return lock(mutex, real().pthread_mutex_trylock, real().pthread_mutex_lock);
}

int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock,
                            const timespec* time) noexcept {
    return lock_until(mutex, real().pthread_mutex_trylock, real().pthread_mutex_clocklock, clock,
                      *time);
}

int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* time) noexcept {
    return pthread_mutex_clocklock(mutex, CLOCK_REALTIME, time);
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
    const Busy busy;
    const int error = real().pthread_mutex_unlock(mutex);
    unlocked(mutex);
    return error;
}

// The system's would wait for ever: the one that holds it does not run.
int pthread_spin_lock(pthread_spinlock_t* spinning) noexcept {
    const Busy busy;
    if (current_kernel() == nullptr) return real().pthread_spin_lock(spinning);
    while (pthread_spin_trylock(spinning) != 0) sched_yield();
    return 0;
}

// ---- Readers and writers ---------------------------------------------------

int pthread_rwlock_rdlock(pthread_rwlock_t* shared) noexcept {
    return lock(shared, real().pthread_rwlock_tryrdlock, real().pthread_rwlock_rdlock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t* shared) noexcept {
    return lock(shared, real().pthread_rwlock_trywrlock, real().pthread_rwlock_wrlock);
}

int pthread_rwlock_clockrdlock(pthread_rwlock_t* shared, clockid_t clock,
                               const timespec* time) noexcept {
    return lock_until(shared, real().pthread_rwlock_tryrdlock, real().pthread_rwlock_clockrdlock,
                      clock, *time);
}

int pthread_rwlock_clockwrlock(pthread_rwlock_t* shared, clockid_t clock,
                               const timespec* time) noexcept {
    return lock_until(shared, real().pthread_rwlock_trywrlock, real().pthread_rwlock_clockwrlock,
                      clock, *time);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t* shared, const timespec* time) noexcept {
    return pthread_rwlock_clockrdlock(shared, CLOCK_REALTIME, time);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t* shared, const timespec* time) noexcept {
    return pthread_rwlock_clockwrlock(shared, CLOCK_REALTIME, time);
}

// Others go on only where they wait for it: how often OpenSSL locks its caches depends on what the
// process has done before, and no history may depend on that.
int pthread_rwlock_unlock(pthread_rwlock_t* shared) noexcept {
    const Busy busy;
    const int error = real().pthread_rwlock_unlock(shared);
    Kernel* const kernel = shared_kernel();
    if (kernel != nullptr && kernel->threads().is_waited_for(shared)) unlocked(shared);
    return error;
}

// ---- Semaphores ------------------------------------------------------------

int sem_wait(sem_t* semaphore) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().sem_wait(semaphore);
    return returned_error(lock_in<sem_t>(*kernel, semaphore, try_take, never_ns));
}

int sem_clockwait(sem_t* semaphore, clockid_t clock, const timespec* time) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().sem_clockwait(semaphore, clock, time);
    return returned_error(take_until(*kernel, semaphore, clock, *time));
}

int sem_timedwait(sem_t* semaphore, const timespec* time) {
    return sem_clockwait(semaphore, CLOCK_REALTIME, time);
}

int sem_post(sem_t* semaphore) noexcept {
    const Busy busy;
    const int result = real().sem_post(semaphore);
    unlocked(semaphore);
    return result;
}

// ---- Once ------------------------------------------------------------------

// libc's own marks: in progress, and done.
int pthread_once(pthread_once_t* once, void (*function)()) {
    constexpr int in_progress = 1;
    constexpr int done = 2;
    Kernel* const kernel = shared_kernel();
    if (kernel == nullptr) return real().pthread_once(once, function);
    while ((*once & done) == 0 && (*once & in_progress) != 0) {
        kernel->threads().wait(once, never_ns);
    }
    const Once waking(*kernel, once);
    return real().pthread_once(once, function);
}

}  // extern "C"
