// libc's functions of threads; see calls.hpp. Those of a world are one at a time: a mutex that is
// held makes the next one wait as the world's threads do.
#include <edgews/sim/calls.hpp>
#include <edgews/sim/clocks.hpp>

#include <dlfcn.h>
#include <pthread.h>

#include <algorithm>

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
    look_up(found.getaddrinfo, "getaddrinfo");
    look_up(found.clock_gettime, "clock_gettime");
    look_up(found.mmap, "mmap");
    return found;
}

// The world of this thread, when it has others: alone it waits for nobody.
Kernel* shared_kernel() noexcept {
    Kernel* const kernel = current_kernel();
    return kernel != nullptr && kernel->threads().count() > 1 ? kernel : nullptr;
}

template <class Lock>
int lock_in(Kernel& kernel, Lock* lock, int (*try_lock)(Lock*)) {
    int error = try_lock(lock);
    while (error == EBUSY) {
        kernel.threads().wait(lock, UINT64_MAX);
        error = try_lock(lock);
    }
    return error;
}

// No other thread goes on between the two: nobody's signal is missed.
int wait_in(Kernel& kernel, pthread_cond_t* condition, pthread_mutex_t* mutex,
            std::uint64_t deadline_ns) {
    real().pthread_mutex_unlock(mutex);
    kernel.threads().wake_all(mutex);
    const bool was_woken = kernel.threads().wait(condition, deadline_ns);
    const int error = lock_in(kernel, mutex, real().pthread_mutex_trylock);
    if (error != 0) return error;
    return was_woken ? 0 : ETIMEDOUT;
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

int pthread_join(pthread_t thread, void** result) {
    const Busy busy;
    if (Kernel* const kernel = current_kernel()) kernel->threads().await_end(thread);
    return real().pthread_join(thread, result);
}

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    const Busy busy;
    Kernel* const kernel = shared_kernel();
    if (kernel == nullptr) return real().pthread_mutex_lock(mutex);
    return lock_in(*kernel, mutex, real().pthread_mutex_trylock);
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
    const Busy busy;
    const int error = real().pthread_mutex_unlock(mutex);
    if (Kernel* const kernel = shared_kernel()) {
        kernel->threads().wake_all(mutex);
        kernel->threads().maybe_switch();
    }
    return error;
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
    return wait_in(*kernel, condition, mutex, moment_by(CLOCK_REALTIME, *time));
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

int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
    const Busy busy;
    Kernel* const kernel = shared_kernel();
    if (kernel == nullptr) return real().pthread_rwlock_rdlock(lock);
    return lock_in(*kernel, lock, real().pthread_rwlock_tryrdlock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
    const Busy busy;
    Kernel* const kernel = shared_kernel();
    if (kernel == nullptr) return real().pthread_rwlock_wrlock(lock);
    return lock_in(*kernel, lock, real().pthread_rwlock_trywrlock);
}

int pthread_rwlock_unlock(pthread_rwlock_t* lock) noexcept {
    const Busy busy;
    const int error = real().pthread_rwlock_unlock(lock);
    if (Kernel* const kernel = shared_kernel()) kernel->threads().wake_all(lock);
    return error;
}

}  // extern "C"
