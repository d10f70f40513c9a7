// libc's functions of time: clocks, sleeps and timers; see calls.hpp.
#include "sim/calls.hpp"
#include "sim/clocks.hpp"

#include <sched.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <time.h>

#include <memory>

namespace edgews::sim {

void link_time_calls() noexcept {}

namespace {

// 0, or an error number.
int read_clock(Kernel& kernel, clockid_t clock, timespec& time) {
    const std::optional<std::uint64_t> offset = offset_of(clock);
    if (!offset) return EINVAL;
    time = timespec_of(kernel.read_clock() + *offset);
    return 0;
}

// Nobody's signal ends it before its time: nothing is left of it.
int sleep_for(Kernel& kernel, const timespec& span) {
    if (!is_valid(span)) return EINVAL;
    kernel.threads().sleep_until(after_span(kernel.now_ns(), nanoseconds(span)));
    return 0;
}

bool can_sleep_by(clockid_t clock) noexcept {
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
           clock == CLOCK_TAI;
}

int sleep_by(Kernel& kernel, clockid_t clock, int flags, const timespec& time) {
    if (!can_sleep_by(clock)) return offset_of(clock) ? ENOTSUP : EINVAL;
    if ((flags & TIMER_ABSTIME) == 0) return sleep_for(kernel, time);
    if (!is_valid(time)) return EINVAL;
    kernel.threads().sleep_until(moment_by(clock, time));
    return 0;
}

// ---- Timers ----------------------------------------------------------------

bool can_time_by(clockid_t clock) noexcept {
    return clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME ||
           clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

itimerspec time_of(const TimerFile::Setting& setting) noexcept {
    return {.it_interval = timespec_of(setting.interval_ns),
            .it_value = timespec_of(setting.due_ns)};
}

// The one that the descriptor names, or why none.
Result find_timer(Kernel& kernel, int fd, std::shared_ptr<TimerFile>& timer) {
    timer = kernel.find_as<TimerFile>(fd);
    if (timer != nullptr) return {};
    return failed(kernel.find(fd) == nullptr ? EBADF : EINVAL);
}

Result make_timer(Kernel& kernel, clockid_t clock, int flags) {
    if (const int error = kernel.enter(Call::timerfd_create); error != 0) return failed(error);
    if (!can_time_by(clock)) return failed(EINVAL);
    if ((flags & ~(TFD_NONBLOCK | TFD_CLOEXEC)) != 0) return failed(EINVAL);
    return kernel.add(std::make_shared<TimerFile>(kernel, clock), flags);
}

Result set_timer(Kernel& kernel, int fd, int flags, const itimerspec* time, itimerspec* old) {
    if (time == nullptr) return failed(EFAULT);
    const bool is_known = (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) == 0;
    if (!is_known || !is_valid(time->it_value) || !is_valid(time->it_interval)) {
        return failed(EINVAL);
    }
    std::shared_ptr<TimerFile> timer;
    if (const Result found = find_timer(kernel, fd, timer); found.error != 0) return found;
    if (const int error = kernel.enter(Call::timerfd_settime); error != 0) return failed(error);
    if (old != nullptr) *old = time_of(timer->left());
    TimerFile::Setting setting{.due_ns = nanoseconds(time->it_value),
                               .interval_ns = nanoseconds(time->it_interval)};
    const bool is_relative = setting.due_ns != 0 && (flags & TFD_TIMER_ABSTIME) == 0;
    if (is_relative) setting.due_ns = after_span(timer->now_ns(), setting.due_ns);
    timer->set(setting);
    return {};
}

}  // namespace

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

// ---- Clocks ----------------------------------------------------------------

int clock_gettime(clockid_t clock, timespec* time) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().clock_gettime(clock, time);
    const int error = read_clock(*kernel, clock, *time);
    return error != 0 ? returned_int(failed(error)) : 0;
}

int gettimeofday(timeval* time, void* zone) noexcept {
    timespec now{};
    const int result = clock_gettime(CLOCK_REALTIME, &now);
    *time = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1'000};
    if (zone != nullptr) *static_cast<struct timezone*>(zone) = {};
    return result;
}

time_t time(time_t* to) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (to != nullptr) *to = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(timespec* time, int base) noexcept {
    if (base != TIME_UTC) return 0;
    return clock_gettime(CLOCK_REALTIME, time) == 0 ? base : 0;
}

clock_t clock() noexcept {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * CLOCKS_PER_SEC + now.tv_nsec / (1'000'000'000 / CLOCKS_PER_SEC);
}

// ---- Sleeps ----------------------------------------------------------------

int nanosleep(const timespec* span, timespec* left) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_nanosleep, span, left));
    const int error = sleep_for(*kernel, *span);
    return error != 0 ? returned_int(failed(error)) : 0;
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* time, timespec* left) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (clock == CLOCK_THREAD_CPUTIME_ID) return EINVAL;  // libc's own, and no other is like it.
    if (kernel == nullptr) {
        return static_cast<int>(-raw_system_call(SYS_clock_nanosleep, clock, flags, as_long(time),
                                                 as_long(left), 0, 0));
    }
    return sleep_by(*kernel, clock, flags, *time);
}

unsigned sleep(unsigned seconds) {
    const timespec span{.tv_sec = seconds, .tv_nsec = 0};
    timespec left{};
    return nanosleep(&span, &left) == 0 ? 0 : static_cast<unsigned>(left.tv_sec);
}

int usleep(useconds_t microseconds) {
    const timespec span{.tv_sec = microseconds / 1'000'000,
                        .tv_nsec = microseconds % 1'000'000 * 1'000L};
    return nanosleep(&span, nullptr);
}

// Who waits for another one by asking again and again lets it go on: a moment passes.
int sched_yield() noexcept {
    constexpr std::uint64_t moment_ns = 1'000;
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_sched_yield));
    kernel->threads().sleep_until(kernel->now_ns() + moment_ns);
    return 0;
}

// ---- Timers ----------------------------------------------------------------

int timerfd_create(clockid_t clock, int flags) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_timerfd_create, clock, flags));
    return returned_int(make_timer(*kernel, clock, flags));
}

int timerfd_settime(int fd, int flags, const itimerspec* time, itimerspec* old) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) {
        return static_cast<int>(system_call(SYS_timerfd_settime, fd, flags, time, old));
    }
    return returned_int(set_timer(*kernel, fd, flags, time, old));
}

int timerfd_gettime(int fd, itimerspec* time) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_timerfd_gettime, fd, time));
    std::shared_ptr<TimerFile> timer;
    const Result found = find_timer(*kernel, fd, timer);
    if (found.error == 0) *time = time_of(timer->left());
    return returned_int(found);
}

}  // extern "C"
