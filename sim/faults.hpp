// The faults of a simulated world, and how often they happen.
#pragma once

#include "sim/choices.hpp"

#include <cstddef>
#include <cstdint>

namespace edgews::sim {

// The system calls that are simulated, as far as they can fail or are counted.
enum class Call : std::uint8_t {
    accept,
    bind,
    chmod,
    close,
    connect,
    epoll_create,
    epoll_ctl,
    epoll_wait,
    eventfd,
    fcntl,
    getaddrinfo,
    getpeername,
    getrandom,
    getrlimit,
    getsockname,
    getsockopt,
    ioctl,
    listen,
    madvise,
    mmap,
    munmap,
    open,
    poll,
    read,
    recv,
    sched_getaffinity,
    send,
    setaffinity,
    setsockopt,
    shutdown,
    sigmask,
    signalfd,
    socket,
    stat,
    sysconf,
    thread,
    thread_attributes,
    timerfd_create,
    timerfd_settime,
    unlink,
    write,
};
inline constexpr std::size_t call_count = static_cast<std::size_t>(Call::write) + 1;
[[nodiscard]] const char* name_of(Call call) noexcept;

// What of a call it is: epoll_ctl()'s operation, fcntl()'s command, option_detail() of a socket's
// option. 0 of all others.
[[nodiscard]] constexpr int option_detail(int level, int name) noexcept {
    return level << 16 | name;
}

// Rates are "once in so many times"; 0: never. Sizes are bytes, times nanoseconds; each is drawn
// anew where it is needed, from 0 or the least on. The defaults are a calm, quick network.
struct Faults {
    // A call is interrupted by a signal (EINTR).
    std::uint32_t interrupted = 0;
    // accept4() brings one of the errors that Linux documents for it.
    std::uint32_t accept_error = 0;
    // A call that makes something says that there is no memory, or no room for it: socket(),
    // epoll_ctl(), timerfd_settime(), a new thread. Not mmap(): the engine's pools end the process
    // without memory, and a PlannedFault is how to see that.
    std::uint32_t refused = 0;
    // The system takes less than a socket has room for.
    std::uint32_t short_send = 0;
    // A segment of TCP brings an urgent byte with it, which nobody sent (MSG_OOB).
    std::uint32_t urgent = 0;
    // Another thread goes on at a system call.
    std::uint32_t thread_switch = 0;
    // Events are told in another order.
    std::uint32_t reorder = 0;
    // The process stands still at a wait (a laptop that sleeps, SIGSTOP), for as long as this.
    std::uint32_t standstill = 0;
    std::uint64_t standstill_ns_max = 0;

    // Of what a connection's two directions are like.
    std::uint64_t latency_ns_max = 100'000;
    std::uint64_t gap_ns_max = 10'000;  // Between two segments.
    std::size_t segment_size_max = 65'536;
    std::size_t send_buffer_least = 65'536;
    std::size_t send_buffer_most = 2'621'440;
    std::size_t receive_buffer_least = 131'072;
    std::size_t receive_buffer_most = 6'291'456;
    // So many descriptors there are, counted from the first (RLIMIT_NOFILE).
    std::size_t descriptors_max = 20'000;
    // What a system call takes.
    std::uint32_t call_ns_max = 1'000;
    // A name's addresses are known after so long.
    std::uint64_t lookup_ns_max = 1'000'000;

    // A mix of faults and sizes of its own for each seed (swarm testing): many are absent, so that
    // those that are there come through.
    [[nodiscard]] static Faults drawn(Choices& choices);
};

// That call fails, once: the `index`-th, counted from 0 as the world began.
struct PlannedFault {
    Call call = Call::recv;
    std::uint64_t index = 0;
    // An errno, or of getaddrinfo() an EAI_… (which are negative); 0: none is planned. EAGAIN of a
    // socket's call is true for a moment, and an edge tells its end; close() closes nevertheless.
    int error = 0;
};

}  // namespace edgews::sim
