// libc's functions that make descriptors, and say what they are; see calls.hpp.
#include "sim/calls.hpp"
#include "sim/pipe.hpp"
#include "sim/refusal.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include <linux/sockios.h>

#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <memory>

namespace edgews::sim {

void link_descriptor_calls() noexcept {}

namespace {

template <class Kind, class... Arguments>
int add_file(Kernel& kernel, Call call, int flags, Arguments... arguments) {
    if (const int error = kernel.enter(call); error != 0) return returned_int(failed(error));
    return returned_int(kernel.add(std::make_shared<Kind>(kernel, arguments...), flags));
}

Result control_file(Kernel& kernel, int fd, int command, long argument) {
    const std::shared_ptr<File> file = kernel.find(fd);
    if (file == nullptr) return failed(EBADF);
    if (const int error = kernel.enter(Call::fcntl, command); error != 0) return failed(error);
    const int number = static_cast<int>(argument);
    switch (command) {
        case F_DUPFD: return kernel.duplicate(fd, number, 0);
        case F_DUPFD_CLOEXEC: return kernel.duplicate(fd, number, O_CLOEXEC);
        case F_GETFL:
            return {.value = file->access_mode() | (file->is_blocking() ? 0 : O_NONBLOCK)};
        case F_SETFL: file->set_blocking((number & O_NONBLOCK) == 0); return {};
        case F_GETFD: return {.value = kernel.closes_on_exec(fd) ? FD_CLOEXEC : 0};
        case F_SETFD: kernel.set_closes_on_exec(fd, (number & FD_CLOEXEC) != 0); return {};
        default: refuse("fcntl()", "but to duplicate, and for O_NONBLOCK and FD_CLOEXEC");
    }
}

// The reading end first.
Result make_pipe(Kernel& kernel, int* ends, int flags) {
    if ((flags & ~(O_NONBLOCK | O_CLOEXEC)) != 0) return failed(EINVAL);
    const auto reader = std::make_shared<PipeEnd>(kernel, PipeEnd::Side::reads);
    const auto writer = std::make_shared<PipeEnd>(kernel, PipeEnd::Side::writes);
    PipeEnd::join(reader, writer);
    const Result first = kernel.add(reader, flags);
    if (first.error != 0) return first;
    const Result second = kernel.add(writer, flags);
    if (second.error != 0) {
        (void)kernel.close(static_cast<int>(first.value));
        return second;
    }
    ends[0] = static_cast<int>(first.value);
    ends[1] = static_cast<int>(second.value);
    return {};
}

bool is_chance(const char* path) noexcept {
    return std::strcmp(path, "/dev/urandom") == 0 || std::strcmp(path, "/dev/random") == 0;
}

// dup2() and dup3().
Result duplicate_to(Kernel& kernel, int fd, int target, int flags) {
    if (const int error = kernel.enter(Call::fcntl, F_DUPFD); error != 0) return failed(error);
    if (is_of_the_system(fd) || is_of_the_system(target)) {
        refuse("dup2()", "between a world's descriptors and the system's");
    }
    return kernel.duplicate_to(fd, target, flags);
}

Result control_device(Kernel& kernel, int fd, unsigned long request, void* argument) {
    if (const int error = kernel.enter(Call::ioctl); error != 0) return failed(error);
    const std::shared_ptr<File> file = kernel.find(fd);
    if (file == nullptr) return failed(EBADF);
    if (request == FIONBIO) {
        file->set_blocking(*static_cast<const int*>(argument) == 0);
        return {};
    }
    if (const auto* const pipe = dynamic_cast<PipeEnd*>(file.get())) {
        if (request != FIONREAD) return failed(ENOTTY);
        *static_cast<int*>(argument) = static_cast<int>(pipe->unread_size());
        return {};
    }
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

int close(int fd) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_close, fd));
    const int error = kernel->enter(Call::close);
    kernel->tell("close %d", fd);
    const Result result = kernel->close(fd);
    return returned_int(error != 0 ? failed(error) : result);
}

int dup(int fd) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_dup, fd));
    if (kernel->find(fd) == nullptr) return returned_int(failed(EBADF));
    if (const int error = kernel->enter(Call::fcntl, F_DUPFD); error != 0) {
        return returned_int(failed(error));
    }
    return returned_int(kernel->duplicate(fd, 0, 0));
}

int dup2(int fd, int target) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(std::max(fd, target));
    if (kernel == nullptr) {
        return fd == target ? (system_call(SYS_fcntl, fd, F_GETFD, 0) < 0 ? -1 : fd)
                            : static_cast<int>(system_call(SYS_dup3, fd, target, 0));
    }
    if (fd == target) return kernel->find(fd) == nullptr ? returned_int(failed(EBADF)) : fd;
    return returned_int(duplicate_to(*kernel, fd, target, 0));
}

int dup3(int fd, int target, int flags) noexcept {
    const Busy busy;
    Kernel* const kernel = kernel_of(std::max(fd, target));
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_dup3, fd, target, flags));
    if (fd == target || (flags & ~O_CLOEXEC) != 0) return returned_int(failed(EINVAL));
    return returned_int(duplicate_to(*kernel, fd, target, flags));
}

int open(const char* path, int flags, ...) {
    const Busy busy;
    va_list more;
    va_start(more, flags);
    const unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, unsigned) : 0;
    va_end(more);
    Kernel* const kernel = current_kernel();
    if (kernel != nullptr) {
        if (std::strcmp(path, "/dev/null") == 0)
            return add_file<NullFile>(*kernel, Call::open, flags);
        if (is_chance(path)) return add_file<RandomFile>(*kernel, Call::open, flags);
        const auto text = kernel->texts().find(path);
        if (text != kernel->texts().end()) {
            return add_file<TextFile>(*kernel, Call::open, flags, text->second);
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
    return returned_int(control_file(*kernel, fd, command, argument));
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

int epoll_create1(int flags) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_epoll_create1, flags));
    if ((flags & ~EPOLL_CLOEXEC) != 0) return returned_int(failed(EINVAL));
    return add_file<Epoll>(*kernel, Call::epoll_create, flags);
}

int epoll_create(int size) noexcept {
    if (size <= 0) return returned_int(failed(EINVAL));
    return epoll_create1(0);
}

int pipe2(int* ends, int flags) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_pipe2, ends, flags));
    return returned_int(make_pipe(*kernel, ends, flags));
}

int pipe(int* ends) noexcept {
    return pipe2(ends, 0);
}

int eventfd(unsigned count, int flags) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_eventfd2, count, flags));
    if ((flags & ~(EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE)) != 0) {
        return returned_int(failed(EINVAL));
    }
    return add_file<EventFile>(*kernel, Call::eventfd, flags, std::uint64_t{count},
                               (flags & EFD_SEMAPHORE) != 0);
}

// libc makes them of read() and write(), which are its own there.
int eventfd_read(int fd, eventfd_t* count) {
    return read(fd, count, sizeof *count) == sizeof *count ? 0 : -1;
}

int eventfd_write(int fd, eventfd_t count) {
    return write(fd, &count, sizeof count) == sizeof count ? 0 : -1;
}

}  // extern "C"
