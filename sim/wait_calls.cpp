// libc's functions that wait for descriptors; see calls.hpp.
#include "sim/calls.hpp"
#include "sim/clocks.hpp"
#include "sim/refusal.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include <algorithm>
#include <memory>
#include <span>

namespace edgews::sim {

void link_wait_calls() noexcept {}

namespace {

constexpr std::size_t signal_set_size = 8;  // The system's own.

Result control_epoll(Kernel& kernel, int epoll_fd, int operation, int fd, epoll_event* event) {
    if (is_of_the_system(fd))
        refuse("epoll_ctl()", "for a set of a world and a file of the system");
    const int error = kernel.enter(Call::epoll_ctl, operation);
    const std::shared_ptr<File> file = kernel.find(fd);
    if (file == nullptr || kernel.find(epoll_fd) == nullptr) return failed(EBADF);
    if (error != 0 && operation != EPOLL_CTL_DEL) return failed(error);
    const auto epoll = kernel.find_as<Epoll>(epoll_fd);
    if (epoll == nullptr) return failed(file->can_be_watched() ? EINVAL : EPERM);
    return epoll->control(operation, fd, file.get(), event);
}

Result wait_for_set(Kernel& kernel, int epoll_fd, epoll_event* events, int count_max,
                    std::uint64_t span_ns) {
    if (const int error = kernel.enter(Call::epoll_wait); error != 0) return failed(error);
    return kernel.epoll_wait(epoll_fd, events, count_max, span_ns);
}

std::uint64_t span_of(int timeout_ms) noexcept {
    return timeout_ms < 0 ? never_ns : static_cast<std::uint64_t>(timeout_ms) * 1'000'000;
}

std::uint64_t span_of(const timespec* limit) noexcept {
    return limit == nullptr ? never_ns : nanoseconds(*limit);
}

// The mask of a wait, while it is there.
class MaskMeanwhile {
  public:
    MaskMeanwhile(Kernel& kernel, const sigset_t* mask)
        : kernel_(kernel), before_(kernel.signals().blocked()) {
        if (mask != nullptr) kernel.signals().block(bits_of(*mask));
    }
    MaskMeanwhile(const MaskMeanwhile&) = delete;
    MaskMeanwhile& operator=(const MaskMeanwhile&) = delete;
    ~MaskMeanwhile() { kernel_.signals().block(before_); }

  private:
    Kernel& kernel_;
    SignalBits before_;
};

// Both kernels' descriptors nobody can wait for at a time.
bool are_simulated(std::span<const pollfd> files) {
    const auto is_of_a_world = [](const pollfd& one) { return one.fd >= Kernel::first_fd; };
    const auto is_of_none = [](const pollfd& one) { return !is_of_the_system(one.fd); };
    if (std::none_of(files.begin(), files.end(), is_of_a_world)) {
        return std::all_of(files.begin(), files.end(), is_of_none);
    }
    if (!std::all_of(files.begin(), files.end(), is_of_none)) {
        refuse("poll()", "for descriptors of a world and of the system at a time");
    }
    return true;
}

bool has_any(int count, const fd_set* read, const fd_set* write, const fd_set* except) noexcept {
    return count > 0 && (read != nullptr || write != nullptr || except != nullptr);
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
        return static_cast<int>(system_call(SYS_epoll_pwait, epoll_fd, events, count_max,
                                            timeout_ms, nullptr, signal_set_size));
    }
    return returned_int(wait_for_set(*kernel, epoll_fd, events, count_max, span_of(timeout_ms)));
}

int epoll_pwait(int epoll_fd, epoll_event* events, int count_max, int timeout_ms,
                const sigset_t* mask) {
    const Busy busy;
    Kernel* const kernel = kernel_of(epoll_fd);
    if (kernel == nullptr) {
        return static_cast<int>(system_call(SYS_epoll_pwait, epoll_fd, events, count_max,
                                            timeout_ms, mask, signal_set_size));
    }
    const MaskMeanwhile masked(*kernel, mask);
    return returned_int(wait_for_set(*kernel, epoll_fd, events, count_max, span_of(timeout_ms)));
}

int epoll_pwait2(int epoll_fd, epoll_event* events, int count_max, const timespec* limit,
                 const sigset_t* mask) {
    const Busy busy;
    Kernel* const kernel = kernel_of(epoll_fd);
    if (kernel == nullptr) {
        return static_cast<int>(system_call(SYS_epoll_pwait2, epoll_fd, events, count_max, limit,
                                            mask, signal_set_size));
    }
    if (limit != nullptr && !is_valid(*limit)) return returned_int(failed(EINVAL));
    const MaskMeanwhile masked(*kernel, mask);
    return returned_int(wait_for_set(*kernel, epoll_fd, events, count_max, span_of(limit)));
}

int poll(pollfd* files, nfds_t count, int timeout_ms) {
    const timespec limit{.tv_sec = timeout_ms / 1'000, .tv_nsec = timeout_ms % 1'000 * 1'000'000L};
    return ppoll(files, count, timeout_ms < 0 ? nullptr : &limit, nullptr);
}

int ppoll(pollfd* files, nfds_t count, const timespec* limit, const sigset_t* mask) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    const std::span<pollfd> all(files, count);
    if (kernel == nullptr || !are_simulated(all)) {
        timespec left = limit != nullptr ? *limit : timespec{};
        return static_cast<int>(system_call(
            SYS_ppoll, files, count, limit != nullptr ? &left : nullptr, mask, signal_set_size));
    }
    if (limit != nullptr && !is_valid(*limit)) return returned_int(failed(EINVAL));
    if (const int error = kernel->enter(Call::poll); error != 0) {
        return returned_int(failed(error));
    }
    const MaskMeanwhile masked(*kernel, mask);
    return returned_int(kernel->poll(all, after_span(kernel->now_ns(), span_of(limit))));
}

// Without descriptors they sleep. A world's do not fit into a set: FD_SET() writes beyond it.
int pselect(int count, fd_set* read, fd_set* write, fd_set* except, const timespec* limit,
            const sigset_t* mask) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel != nullptr && !has_any(count, read, write, except)) {
        return ppoll(nullptr, 0, limit, mask);
    }
    if (kernel != nullptr && count > Kernel::first_fd) {
        refuse("select()", "for descriptors of a world: poll() is");
    }
    timespec left = limit != nullptr ? *limit : timespec{};
    const struct {
        const sigset_t* set;
        std::size_t size;
    } signals{.set = mask, .size = signal_set_size};
    return static_cast<int>(system_call(SYS_pselect6, count, read, write, except,
                                        limit != nullptr ? &left : nullptr, &signals));
}

int select(int count, fd_set* read, fd_set* write, fd_set* except, timeval* limit) {
    if (limit == nullptr) return pselect(count, read, write, except, nullptr, nullptr);
    const timespec span{.tv_sec = limit->tv_sec, .tv_nsec = limit->tv_usec * 1'000L};
    return pselect(count, read, write, except, &span, nullptr);
}

}  // extern "C"
