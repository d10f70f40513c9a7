// libc's functions of descriptors, chance and memory; see calls.hpp.
#include <edgews/sim/calls.hpp>
#include <edgews/sim/clocks.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <linux/sockios.h>

#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <memory>
#include <span>

namespace edgews::sim {

void link_file_calls() noexcept {}

namespace {

template <class Kind, class... Arguments>
int add_file(Kernel& kernel, Call call, Arguments... arguments) {
    if (const int error = kernel.enter(call); error != 0) return returned_int(failed(error));
    return returned_int(kernel.add(std::make_shared<Kind>(kernel, arguments...)));
}

Result transfer(Kernel& kernel, int fd, Call call, void* bytes, std::size_t size) {
    const std::shared_ptr<File> file = kernel.find(fd);
    if (file == nullptr) return failed(EBADF);
    if (const int error = kernel.enter(call); error != 0) return failed(error);
    return call == Call::read ? file->read(bytes, size) : file->write(bytes, size);
}

Result control_file(Kernel& kernel, int fd, int command) {
    if (kernel.find(fd) == nullptr) return failed(EBADF);
    if (const int error = kernel.enter(Call::fcntl, command); error != 0) return failed(error);
    switch (command) {
        case F_DUPFD:
        case F_DUPFD_CLOEXEC: return kernel.duplicate(fd);
        case F_GETFL: return {.value = O_RDWR | O_NONBLOCK};
        case F_GETFD: return {.value = FD_CLOEXEC};
        default: return {};
    }
}

Result control_epoll(Kernel& kernel, int epoll_fd, int operation, int fd, epoll_event* event) {
    const int error = kernel.enter(Call::epoll_ctl, operation);
    const std::shared_ptr<File> file = kernel.find(fd);
    if (file == nullptr || kernel.find(epoll_fd) == nullptr) return failed(EBADF);
    if (error != 0 && operation != EPOLL_CTL_DEL) return failed(error);
    const auto epoll = kernel.find_as<Epoll>(epoll_fd);
    if (epoll == nullptr) return failed(file->can_be_watched() ? EINVAL : EPERM);
    return epoll->control(operation, fd, file.get(), event);
}

Result control_device(Kernel& kernel, int fd, unsigned long request, void* argument) {
    if (const int error = kernel.enter(Call::ioctl); error != 0) return failed(error);
    if (kernel.find(fd) == nullptr) return failed(EBADF);
    if (request == FIONBIO) return {};
    const auto socket = kernel.find_as<Socket>(fd);
    if (socket == nullptr) return failed(kernel.find_as<Epoll>(fd) != nullptr ? EINVAL : ENOTTY);
    if (request != SIOCOUTQ && request != SIOCINQ) return failed(EINVAL);
    const bool is_told = socket->state() != Socket::State::listening ||
                         (socket->family() == AF_UNIX && request == SIOCOUTQ);
    if (!is_told) return failed(EINVAL);
    const std::size_t size = request == SIOCOUTQ ? socket->unsent_size() : socket->unread_size();
    const int told = static_cast<int>(size);
    std::memcpy(argument, &told, sizeof told);
    return {};
}

}  // namespace

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

// ---- Descriptors -----------------------------------------------------------

int close(int fd) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_close, fd));
    const int error = kernel->enter(Call::close);
    kernel->tell("close %d", fd);
    const Result result = kernel->close(fd);
    return returned_int(error != 0 ? failed(error) : result);
}

ssize_t read(int fd, void* to, size_t size) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_read, fd, to, size);
    return returned(transfer(*kernel, fd, Call::read, to, size));
}

ssize_t write(int fd, const void* from, size_t size) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_write, fd, from, size);
    return returned(transfer(*kernel, fd, Call::write, const_cast<void*>(from), size));
}

int open(const char* path, int flags, ...) {
    const Busy busy;
    va_list more;
    va_start(more, flags);
    const unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, unsigned) : 0;
    va_end(more);
    Kernel* const kernel = current_kernel();
    if (kernel != nullptr) {
        if (std::strcmp(path, "/dev/null") == 0) return add_file<NullFile>(*kernel, Call::open);
        const auto text = kernel->texts().find(path);
        if (text != kernel->texts().end()) {
            return add_file<TextFile>(*kernel, Call::open, text->second);
        }
        if (const int error = kernel->enter(Call::open); error != 0) {
            return returned_int(failed(error));
        }
    }
    return static_cast<int>(system_call(SYS_openat, AT_FDCWD, path, flags, mode));
}

int fcntl(int fd, int command, ...) {
    const Busy busy;
    va_list more;
    va_start(more, command);
    const long argument = va_arg(more, long);
    va_end(more);
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_fcntl, fd, command, argument));
    return returned_int(control_file(*kernel, fd, command));
}

int ioctl(int fd, unsigned long request, ...) noexcept {
    const Busy busy;
    va_list more;
    va_start(more, request);
    void* const argument = va_arg(more, void*);
    va_end(more);
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_ioctl, fd, request, argument));
    return returned_int(control_device(*kernel, fd, request, argument));
}

// ---- What a loop waits by --------------------------------------------------

int epoll_create1(int flags) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_epoll_create1, flags));
    return add_file<Epoll>(*kernel, Call::epoll_create);
}

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

int eventfd(unsigned count, int flags) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_eventfd2, count, flags));
    return add_file<EventFile>(*kernel, Call::eventfd, std::uint64_t{count},
                               (flags & EFD_SEMAPHORE) != 0);
}

int signalfd(int fd, const sigset_t* mask, int flags) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    constexpr std::size_t mask_size = 8;  // The system's own.
    if (kernel == nullptr) {
        return static_cast<int>(system_call(SYS_signalfd4, fd, mask, mask_size, flags));
    }
    return add_file<QuietFile>(*kernel, Call::signalfd);
}

// ---- Chance and memory -----------------------------------------------------

ssize_t getrandom(void* to, size_t size, unsigned flags) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return system_call(SYS_getrandom, to, size, flags);
    if (const int error = kernel->enter(Call::getrandom); error != 0) {
        return returned(failed(error));
    }
    kernel->fill_random({static_cast<std::byte*>(to), size});
    return static_cast<ssize_t>(size);
}

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel != nullptr) {
        if (const int error = kernel->enter(Call::mmap); error != 0) {
            errno = error;
            return MAP_FAILED;
        }
    }
    return real().mmap(address, size, protection, flags, fd, offset);
}

// ---- The files of Unix sockets ---------------------------------------------

int stat(const char* path, struct stat* status) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    const int error = kernel != nullptr ? kernel->enter(Call::stat) : 0;
    if (error != 0) return returned_int(failed(error));
    if (kernel == nullptr || !kernel->network().has_file(path)) {
        return static_cast<int>(system_call(SYS_newfstatat, AT_FDCWD, path, status, 0));
    }
    std::memset(status, 0, sizeof *status);
    status->st_mode = S_IFSOCK | 0777;
    return 0;
}

int chmod(const char* path, mode_t mode) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    const int error = kernel != nullptr ? kernel->enter(Call::chmod) : 0;
    if (error != 0) return returned_int(failed(error));
    if (kernel != nullptr && kernel->network().has_file(path)) return 0;
    return static_cast<int>(system_call(SYS_fchmodat, AT_FDCWD, path, mode));
}

int unlink(const char* path) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    const int error = kernel != nullptr ? kernel->enter(Call::unlink) : 0;
    if (error != 0) return returned_int(failed(error));
    if (kernel != nullptr && kernel->network().remove_file(path)) return 0;
    return static_cast<int>(system_call(SYS_unlinkat, AT_FDCWD, path, 0));
}

}  // extern "C"
