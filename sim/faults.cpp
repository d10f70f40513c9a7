#include "sim/faults.hpp"

#include <array>

namespace edgews::sim {

const char* name_of(Call call) noexcept {
    static constexpr std::array<const char*, call_count> names{"accept",
                                                               "bind",
                                                               "chmod",
                                                               "close",
                                                               "connect",
                                                               "epoll_create",
                                                               "epoll_ctl",
                                                               "epoll_wait",
                                                               "eventfd",
                                                               "fcntl",
                                                               "getaddrinfo",
                                                               "getpeername",
                                                               "getrandom",
                                                               "getrlimit",
                                                               "getsockname",
                                                               "getsockopt",
                                                               "ioctl",
                                                               "listen",
                                                               "madvise",
                                                               "mmap",
                                                               "munmap",
                                                               "open",
                                                               "poll",
                                                               "read",
                                                               "recv",
                                                               "sched_getaffinity",
                                                               "send",
                                                               "setaffinity",
                                                               "setsockopt",
                                                               "shutdown",
                                                               "sigmask",
                                                               "signalfd",
                                                               "socket",
                                                               "stat",
                                                               "sysconf",
                                                               "thread",
                                                               "thread_attributes",
                                                               "timerfd_create",
                                                               "timerfd_settime",
                                                               "unlink",
                                                               "write"};
    return names[static_cast<std::size_t>(call)];
}

Faults Faults::drawn(Choices& choices) {
    static constexpr std::array<std::size_t, 5> buffers{262'144, 65'536, 16'384, 4'608, 2'304};
    static constexpr std::array<std::size_t, 5> segments{65'536, 16'384, 1'460, 100, 7};
    static constexpr std::array<std::uint64_t, 5> latencies{100'000, 2'000, 1'000'000, 10'000'000,
                                                            40'000'000};
    static constexpr std::array<std::uint64_t, 4> gaps{10'000, 500, 100'000, 1'000'000};
    Faults faults;
    if (choices.once_in(3)) faults.interrupted = 20;
    if (choices.once_in(4)) faults.accept_error = 10;
    if (choices.once_in(6)) faults.refused = 50;
    if (choices.once_in(4)) faults.short_send = 5;
    if (choices.once_in(6)) faults.urgent = 20;
    if (choices.once_in(2)) faults.thread_switch = 3;
    if (choices.once_in(2)) faults.reorder = 5;
    if (choices.once_in(8)) {
        faults.standstill = 200;
        faults.standstill_ns_max = 3'000'000'000;
    }
    faults.latency_ns_max = choices.one_of(latencies);
    faults.gap_ns_max = choices.one_of(gaps);
    faults.segment_size_max = choices.one_of(segments);
    faults.send_buffer_most = choices.one_of(buffers);
    faults.send_buffer_least = choices.once_in(2) ? 2'304 : faults.send_buffer_most;
    faults.receive_buffer_most = choices.one_of(buffers);
    faults.receive_buffer_least = choices.once_in(2) ? 2'304 : faults.receive_buffer_most;
    if (choices.once_in(10)) faults.descriptors_max = 12 + choices.below(30);
    if (choices.once_in(3)) faults.call_ns_max = 20'000;
    return faults;
}

}  // namespace edgews::sim
