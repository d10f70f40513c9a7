// libc's functions that wait for descriptors; see calls.hpp.
#include <edgews/sim/calls.hpp>
#include <edgews/sim/clocks.hpp>

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <memory>
#include <span>

namespace edgews::sim {

void link_wait_calls() noexcept {}

namespace {

Result control_epoll(Kernel& kernel, int epoll_fd, int operation, int fd, epoll_event* event) {
    const int error = kernel.enter(Call::epoll_ctl, operation);
    const std::shared_ptr<File> file = kernel.find(fd);
    if (file == nullptr || kernel.find(epoll_fd) == nullptr) return failed(EBADF);
    if (error != 0 && operation != EPOLL_CTL_DEL) return failed(error);
    const auto epoll = kernel.find_as<Epoll>(epoll_fd);
    if (epoll == nullptr) return failed(file->can_be_watched() ? EINVAL : EPERM);
    return epoll->control(operation, fd, file.get(), event);
}

}  // namespace

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

int epoll_ctl(int epoll_fd, int operation, int fd, epoll_event* event) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(epoll_fd);
    if (kernel == nullptr) {
        return static_cast<int>(system_call(SYS_epoll_ctl, epoll_fd, operation, fd, event));
    }
    return returned_int(control_epoll(*kernel, epoll_fd, operation, fd, event));
}

int epoll_wait(int epoll_fd, epoll_event* events, int count_max, int timeout_ms) {
    const Busy busy;
    Kernel* const kernel = kernel_of(epoll_fd);
    if (kernel == nullptr) {
        return static_cast<int>(
            system_call(SYS_epoll_pwait, epoll_fd, events, count_max, timeout_ms, nullptr, 8));
    }
    if (const int error = kernel->enter(Call::epoll_wait); error != 0) {
        return returned_int(failed(error));
    }
    return returned_int(kernel->epoll_wait(epoll_fd, events, count_max, timeout_ms));
}

int epoll_pwait(int epoll_fd, epoll_event* events, int count_max, int timeout_ms,
                const sigset_t* mask) {
    if (kernel_of(epoll_fd) == nullptr) {
        return static_cast<int>(
            system_call(SYS_epoll_pwait, epoll_fd, events, count_max, timeout_ms, mask, 8));
    }
    return epoll_wait(epoll_fd, events, count_max, timeout_ms);
}

int poll(pollfd* files, nfds_t count, int timeout_ms) {
    const timespec limit{.tv_sec = timeout_ms / 1'000, .tv_nsec = timeout_ms % 1'000 * 1'000'000L};
    return ppoll(files, count, timeout_ms < 0 ? nullptr : &limit, nullptr);
}

int ppoll(pollfd* files, nfds_t count, const timespec* limit, const sigset_t* mask) {
    Kernel* const kernel = current_kernel();
    const std::span<pollfd> all(files, count);
    const bool is_simulated = std::all_of(all.begin(), all.end(), [](const pollfd& one) {
        return one.fd < 0 || one.fd >= Kernel::first_fd;
    });
    if (kernel == nullptr || !is_simulated) {
        timespec left = limit != nullptr ? *limit : timespec{};
        return static_cast<int>(system_call(
            SYS_ppoll, files, count, limit != nullptr ? &left : nullptr, mask, std::size_t{8}));
    }
    if (const int error = kernel->enter(Call::poll); error != 0) {
        return returned_int(failed(error));
    }
    const std::uint64_t deadline_ns =
        limit == nullptr ? never_ns : after_span(kernel->now_ns(), nanoseconds(*limit));
    return returned_int(kernel->poll(all, deadline_ns));
}

}  // extern "C"
