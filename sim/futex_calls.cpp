// libc's syscall(), as far as threads wait by it: std::atomic::wait(), futures, latches, barriers,
// semaphores and the initialization of local statics do (futex(2)); see calls.hpp.
#include "sim/calls.hpp"
#include "sim/clocks.hpp"
#include "sim/refusal.hpp"

#include <linux/futex.h>

#include <bit>
#include <cstdarg>

namespace edgews::sim {

void link_futex_calls() noexcept {}

namespace {

// A span for the one, a moment for the other.
std::uint64_t deadline_of(const Kernel& kernel, int operation, const timespec* time) {
    if (time == nullptr) return never_ns;
    if ((operation & FUTEX_CMD_MASK) == FUTEX_WAIT) {
        return after_span(kernel.now_ns(), nanoseconds(*time));
    }
    const bool is_date = (operation & FUTEX_CLOCK_REALTIME) != 0;
    return moment_by(is_date ? CLOCK_REALTIME : CLOCK_MONOTONIC, *time);
}

// No other thread goes on between the look and the wait.
Result wait_for_change(Kernel& kernel, const int* word, int value, std::uint64_t deadline_ns) {
    if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value) return failed(EAGAIN);
    return kernel.threads().wait(word, deadline_ns) ? Result{} : failed(ETIMEDOUT);
}

Result wake(Kernel& kernel, const int* word, int count_max) {
    ssize_t count = 0;
    while (count < count_max && kernel.threads().is_waited_for(word)) {
        kernel.threads().wake_one(word);
        ++count;
    }
    kernel.threads().maybe_switch();
    return {.value = count};
}

Result futex(Kernel& kernel, const int* word, int operation, int value, const timespec* time) {
    switch (operation & FUTEX_CMD_MASK) {
        case FUTEX_WAIT:
        case FUTEX_WAIT_BITSET:
            if (time != nullptr && !is_valid(*time)) return failed(EINVAL);
            return wait_for_change(kernel, word, value, deadline_of(kernel, operation, time));
        // Whoever is woken for nothing looks again.
        case FUTEX_WAKE:
        case FUTEX_WAKE_BITSET: return wake(kernel, word, value);
        default: refuse("futex()", "but to wait and to wake");
    }
}

}  // namespace

}  // namespace edgews::sim

using namespace edgews::sim;

// It reads six arguments, where there may be fewer: what stands in their place goes nowhere.
extern "C" [[gnu::no_sanitize_address]] long syscall(long number, ...) noexcept {
    va_list more;
    va_start(more, number);
    long all[6];
    for (long& one : all) one = va_arg(more, long);
    va_end(more);
    Kernel* const kernel = current_kernel();
    if (number != SYS_futex || kernel == nullptr) {
        return system_call(number, all[0], all[1], all[2], all[3], all[4], all[5]);
    }
    const Busy busy;
    return returned(futex(*kernel, std::bit_cast<const int*>(all[0]), static_cast<int>(all[1]),
                          static_cast<int>(all[2]), std::bit_cast<const timespec*>(all[3])));
}
