// The system's own functions, behind those that the simulation puts in their place.
#pragma once

#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/types.h>
#include <time.h>

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace edgews::sim {

struct RealFunctions {
    int (*pthread_attr_init)(pthread_attr_t*);
    int (*pthread_sigmask)(int, const sigset_t*, sigset_t*);
    int (*pthread_kill)(pthread_t, int);
    int (*sigqueue)(pid_t, int, sigval);
    int (*sigtimedwait)(const sigset_t*, siginfo_t*, const timespec*);
    int (*pause)();
    unsigned (*alarm)(unsigned);
    int (*timer_create)(clockid_t, sigevent*, timer_t*);
    int (*pthread_setaffinity_np)(pthread_t, std::size_t, const cpu_set_t*);
    int (*sched_getaffinity)(pid_t, std::size_t, cpu_set_t*);
    int (*pthread_create)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    int (*pthread_join)(pthread_t, void**);
    int (*pthread_tryjoin_np)(pthread_t, void**);
    int (*pthread_clockjoin_np)(pthread_t, void**, clockid_t, const timespec*);
    int (*pthread_cancel)(pthread_t);
    int (*pthread_once)(pthread_once_t*, void (*)());
    int (*pthread_barrier_wait)(pthread_barrier_t*);
    int (*pthread_spin_lock)(pthread_spinlock_t*);
    int (*pthread_mutex_clocklock)(pthread_mutex_t*, clockid_t, const timespec*);
    int (*pthread_rwlock_clockrdlock)(pthread_rwlock_t*, clockid_t, const timespec*);
    int (*pthread_rwlock_clockwrlock)(pthread_rwlock_t*, clockid_t, const timespec*);
    int (*sem_wait)(sem_t*);
    int (*sem_trywait)(sem_t*);
    int (*sem_clockwait)(sem_t*, clockid_t, const timespec*);
    int (*sem_post)(sem_t*);
    int (*pthread_mutex_lock)(pthread_mutex_t*);
    int (*pthread_mutex_trylock)(pthread_mutex_t*);
    int (*pthread_mutex_unlock)(pthread_mutex_t*);
    int (*pthread_cond_wait)(pthread_cond_t*, pthread_mutex_t*);
    int (*pthread_cond_timedwait)(pthread_cond_t*, pthread_mutex_t*, const timespec*);
    int (*pthread_cond_clockwait)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*);
    int (*pthread_cond_signal)(pthread_cond_t*);
    int (*pthread_cond_broadcast)(pthread_cond_t*);
    int (*pthread_rwlock_rdlock)(pthread_rwlock_t*);
    int (*pthread_rwlock_tryrdlock)(pthread_rwlock_t*);
    int (*pthread_rwlock_wrlock)(pthread_rwlock_t*);
    int (*pthread_rwlock_trywrlock)(pthread_rwlock_t*);
    int (*pthread_rwlock_unlock)(pthread_rwlock_t*);
    int (*getentropy)(void*, std::size_t);
    std::uint32_t (*arc4random)();
    void (*arc4random_buf)(void*, std::size_t);
    std::uint32_t (*arc4random_uniform)(std::uint32_t);
    FILE* (*fdopen)(int, const char*);
    int (*vdprintf)(int, const char*, va_list);
    hostent* (*gethostbyname)(const char*);
    int (*getaddrinfo)(const char*, const char*, const addrinfo*, addrinfo**);
    int (*clock_gettime)(clockid_t, timespec*);
    void* (*mmap)(void*, std::size_t, int, int, int, off_t);
};
[[nodiscard]] const RealFunctions& real() noexcept;

}  // namespace edgews::sim
