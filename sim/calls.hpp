// The functions of libc that the simulation puts in place of the system's.
//
// They are defined here with libc's own names, so that a program that links libedgews-sim.a in
// front of libc calls them: the engine is the same, to the byte. On a thread that is of no world,
// and of descriptors that are not simulated, they do what the system does.
#pragma once

#include "sim/busy.hpp"
#include "sim/kernel.hpp"
#include "sim/real.hpp"
#include "sim/socket.hpp"
#include "sim/system_call.hpp"

#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

namespace edgews::sim {

// The world of this thread, when the descriptor is one of its own; else null.
[[nodiscard]] inline Kernel* kernel_of(int fd) noexcept {
    return fd >= Kernel::first_fd ? current_kernel() : nullptr;
}

// The same, when it has other threads: alone a thread waits for nobody.
[[nodiscard]] inline Kernel* shared_kernel() noexcept {
    Kernel* const kernel = current_kernel();
    return kernel != nullptr && kernel->threads().count() > 1 ? kernel : nullptr;
}

// What the system has open: it knows no descriptor of a world's, and a world none of its.
[[nodiscard]] inline bool is_of_the_system(int fd) noexcept {
    return fd < Kernel::first_fd && system_call(SYS_fcntl, fd, F_GETFD, 0) >= 0;
}

// As libc's functions return it.
inline ssize_t returned(const Result& result) noexcept {
    if (result.error != 0) errno = result.error;
    return result.value;
}
inline int returned_int(const Result& result) noexcept {
    return static_cast<int>(returned(result));
}

// A call on a socket begins. `error`: why it ends here.
struct EnteredSocket {
    std::shared_ptr<Socket> socket{};
    int error = 0;
};
[[nodiscard]] EnteredSocket enter_socket(Kernel& kernel, int fd, Call call, int detail = 0);

inline ssize_t told(const Kernel& kernel, const char* call, int fd, const Result& result) noexcept {
    kernel.tell("%s %d: %zd (errno %d)", call, fd, result.value, result.error);
    return returned(result);
}

// What `call` comes to, as often as it is made: where it says EAGAIN and may wait, it is made again
// when something has happened.
template <class Function>
Result wait_until_done(Kernel& kernel, bool may_wait, std::uint64_t deadline_ns, Function call) {
    Result result = call();
    while (result.error == EAGAIN && may_wait && kernel.wait_for_files(deadline_ns))
        result = call();
    return result;
}

// Each has its file linked in, whatever the order of libraries.
void link_c_thread_calls() noexcept;
void link_chance_calls() noexcept;
void link_descriptor_calls() noexcept;
void link_file_calls() noexcept;
void link_fortified_calls() noexcept;
void link_futex_calls() noexcept;
void link_lock_calls() noexcept;
void link_message_calls() noexcept;
void link_process_calls() noexcept;
void link_refused_calls() noexcept;
void link_signal_calls() noexcept;
void link_socket_calls() noexcept;
void link_thread_calls() noexcept;
void link_time_calls() noexcept;
void link_wait_calls() noexcept;

}  // namespace edgews::sim
