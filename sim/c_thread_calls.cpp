// C's threads (<threads.h>): libc makes them of functions of its own, which are in fact those of
// POSIX; see calls.hpp. In a world and outside it they are made of those of thread_calls.cpp and
// lock_calls.cpp.
#include "sim/calls.hpp"

#include <sched.h>
#include <threads.h>

#include <bit>
#include <cstdint>
#include <memory>

namespace edgews::sim {

void link_c_thread_calls() noexcept {}

namespace {

static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t));
static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t));
static_assert(sizeof(once_flag) == sizeof(pthread_once_t));

pthread_mutex_t* posix(mtx_t* mutex) noexcept {
    return reinterpret_cast<pthread_mutex_t*>(mutex);
}

pthread_cond_t* posix(cnd_t* condition) noexcept {
    return reinterpret_cast<pthread_cond_t*>(condition);
}

int result_of(int error) noexcept {
    switch (error) {
        case 0: return thrd_success;
        case ENOMEM: return thrd_nomem;
        case ETIMEDOUT: return thrd_timedout;
        case EBUSY: return thrd_busy;
        default: return thrd_error;
    }
}

struct Start {
    thrd_start_t function;
    void* argument;
};

// A result is a number, where POSIX has a pointer.
void* pointer_of(int result) noexcept {
    return std::bit_cast<void*>(static_cast<std::intptr_t>(result));
}

void* begin(void* argument) {
    const std::unique_ptr<Start> start(static_cast<Start*>(argument));
    return pointer_of(start->function(start->argument));
}

}  // namespace

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
    auto start = std::make_unique<Start>(Start{.function = function, .argument = argument});
    const int error = pthread_create(thread, nullptr, begin, start.get());
    if (error == 0) (void)start.release();  // The thread's.
    return result_of(error);
}

int thrd_join(thrd_t thread, int* result) {
    void* pointer = nullptr;
    const int error = pthread_join(thread, &pointer);
    if (result != nullptr) *result = static_cast<int>(std::bit_cast<std::intptr_t>(pointer));
    return result_of(error);
}

void thrd_exit(int result) {
    pthread_exit(pointer_of(result));
}

int thrd_sleep(const timespec* span, timespec* left) {
    if (nanosleep(span, left) == 0) return 0;
    return errno == EINTR ? -1 : -2;
}

void thrd_yield() {
    sched_yield();
}

int mtx_lock(mtx_t* mutex) {
    return result_of(pthread_mutex_lock(posix(mutex)));
}

int mtx_timedlock(mtx_t* mutex, const timespec* time) {
    return result_of(pthread_mutex_timedlock(posix(mutex), time));
}

int mtx_unlock(mtx_t* mutex) {
    return result_of(pthread_mutex_unlock(posix(mutex)));
}

int cnd_wait(cnd_t* condition, mtx_t* mutex) {
    return result_of(pthread_cond_wait(posix(condition), posix(mutex)));
}

int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* time) {
    return result_of(pthread_cond_timedwait(posix(condition), posix(mutex), time));
}

int cnd_signal(cnd_t* condition) {
    return result_of(pthread_cond_signal(posix(condition)));
}

int cnd_broadcast(cnd_t* condition) {
    return result_of(pthread_cond_broadcast(posix(condition)));
}

void call_once(once_flag* flag, void (*function)()) {
    pthread_once(reinterpret_cast<pthread_once_t*>(flag), function);
}

}  // extern "C"
