// libc's functions that make descriptors, and say what they are; see calls.hpp.
#include <edgews/sim/calls.hpp>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

#include <linux/sockios.h>

#include <cstdarg>
#include <cstring>
#include <memory>

namespace edgews::sim {

void link_descriptor_calls() noexcept {}

namespace {

template <class Kind, class... Arguments>
int add_file(Kernel& kernel, Call call, Arguments... arguments) {
    if (const int error = kernel.enter(call); error != 0) return returned_int(failed(error));
    return returned_int(kernel.add(std::make_shared<Kind>(kernel, arguments...)));
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

int close(int fd) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_close, fd));
    const int error = kernel->enter(Call::close);
    kernel->tell("close %d", fd);
    const Result result = kernel->close(fd);
    return returned_int(error != 0 ? failed(error) : result);
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

int epoll_create1(int flags) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_epoll_create1, flags));
    return add_file<Epoll>(*kernel, Call::epoll_create);
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

}  // extern "C"
