// The system's calls, past libc: whose own syscall() the simulation puts another one in place of
// (sim/futex_calls.cpp).
#pragma once

#include <cerrno>
#include <type_traits>

#include <sys/syscall.h>

namespace edgews::sim {

// As the system answers: an error is its number, negative. May be called before anything else is
// there, a sanitizer's memory among it.
[[gnu::no_sanitize_address]] inline long raw_system_call(long number, long first, long second,
                                                         long third, long fourth, long fifth,
                                                         long sixth) noexcept {
#if defined(__x86_64__)
    register long in_r10 asm("r10") = fourth;
    register long in_r8 asm("r8") = fifth;
    register long in_r9 asm("r9") = sixth;
    long result = number;
    asm volatile("syscall"
                 : "+a"(result)
                 : "D"(first), "S"(second), "d"(third), "r"(in_r10), "r"(in_r8), "r"(in_r9)
                 : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long in_x8 asm("x8") = number;
    register long in_x0 asm("x0") = first;
    register long in_x1 asm("x1") = second;
    register long in_x2 asm("x2") = third;
    register long in_x3 asm("x3") = fourth;
    register long in_x4 asm("x4") = fifth;
    register long in_x5 asm("x5") = sixth;
    asm volatile("svc 0"
                 : "+r"(in_x0)
                 : "r"(in_x8), "r"(in_x1), "r"(in_x2), "r"(in_x3), "r"(in_x4), "r"(in_x5)
                 : "memory");
    return in_x0;
#else
#error "the simulated kernel runs on x86-64 and AArch64"
#endif
}

template <class Argument>
[[gnu::no_sanitize_address]] long as_long(Argument argument) noexcept {
    if constexpr (std::is_pointer_v<Argument>) {
        return reinterpret_cast<long>(argument);
    } else if constexpr (std::is_null_pointer_v<Argument>) {
        return 0;
    } else {
        return static_cast<long>(argument);
    }
}

// As libc's: -1, and errno.
template <class... Arguments>
[[gnu::no_sanitize_address]] long system_call(long number, Arguments... arguments) noexcept {
    constexpr long errors = 4'095;  // So many of the highest results are one.
    long all[6] = {};
    long* next = all;
    ((*next++ = as_long(arguments)), ...);
    const long result = raw_system_call(number, all[0], all[1], all[2], all[3], all[4], all[5]);
    if (static_cast<unsigned long>(result) < -static_cast<unsigned long>(errors)) return result;
    errno = static_cast<int>(-result);
    return -1;
}

}  // namespace edgews::sim
