// libc's functions of signals; see calls.hpp. Their handlers are the system's matter, and are not
// called in a world.
#include "sim/calls.hpp"
#include "sim/clocks.hpp"
#include "sim/refusal.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <memory>
#include <optional>

namespace edgews::sim {

void link_signal_calls() noexcept {}

namespace {

constexpr std::size_t set_size = 8;  // The system's own.

bool is_signal(int signal) noexcept {
    return signal >= 1 && signal <= 64;
}

// What it is told to the world, too; 0, or an error number.
int set_mask(int how, const sigset_t* set, sigset_t* old) {
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().pthread_sigmask(how, set, old);
    const Busy busy;
    if (const int error = kernel->enter(Call::sigmask); error != 0) return error;
    if (const int error = real().pthread_sigmask(how, set, old); error != 0) return error;
    sigset_t now{};
    real().pthread_sigmask(SIG_BLOCK, nullptr, &now);
    kernel->signals().block(bits_of(now));
    return 0;
}

int open_signals(Kernel& kernel, int fd, SignalBits wanted, int flags) {
    if ((flags & ~(SFD_NONBLOCK | SFD_CLOEXEC)) != 0) return returned_int(failed(EINVAL));
    if (const int error = kernel.enter(Call::signalfd); error != 0) {
        return returned_int(failed(error));
    }
    if (fd == -1) {
        return returned_int(kernel.add(std::make_shared<SignalFile>(kernel, wanted), flags));
    }
    const auto file = kernel.find_as<SignalFile>(fd);
    if (file == nullptr) {
        return returned_int(failed(kernel.find(fd) == nullptr ? EBADF : EINVAL));
    }
    file->set_wanted(wanted);
    return fd;
}

int wait_for_signal(Kernel& kernel, const sigset_t& set, siginfo_t* info, const timespec* limit) {
    if (limit != nullptr && !is_valid(*limit)) return returned_int(failed(EINVAL));
    const std::uint64_t deadline_ns =
        limit == nullptr ? never_ns : after_span(kernel.now_ns(), nanoseconds(*limit));
    const std::optional<ProcessSignals::Taken> taken =
        kernel.signals().wait_for(bits_of(set), deadline_ns);
    if (!taken) return returned_int(failed(EAGAIN));
    if (info != nullptr) {
        *info = {};
        info->si_signo = taken->signal;
        info->si_code = SI_USER;  // libc makes no difference to a thread's.
        info->si_pid = ::getpid();
        info->si_uid = ::getuid();
    }
    return taken->signal;
}

}  // namespace

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

// ---- Who blocks them -------------------------------------------------------

int pthread_sigmask(int how, const sigset_t* set, sigset_t* old) noexcept {
    return set_mask(how, set, old);
}

int sigprocmask(int how, const sigset_t* set, sigset_t* old) noexcept {
    const int error = set_mask(how, set, old);
    return error != 0 ? returned_int(failed(error)) : 0;
}

int sigpending(sigset_t* set) noexcept {
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return static_cast<int>(system_call(SYS_rt_sigpending, set, set_size));
    *set = set_of(kernel->signals().pending() & kernel->signals().blocked());
    return 0;
}

// ---- Who sends them --------------------------------------------------------

int kill(pid_t process, int signal) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr || process != ::getpid() || !is_signal(signal)) {
        return static_cast<int>(system_call(SYS_kill, process, signal));
    }
    kernel->signals().raise(signal, "kill()");
    return 0;
}

int pthread_kill(pthread_t thread, int signal) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    const bool is_here = kernel != nullptr && kernel->threads().has(thread);
    if (!is_here || !is_signal(signal)) return real().pthread_kill(thread, signal);
    kernel->signals().raise_to(thread, signal, "pthread_kill()");
    return 0;
}

int raise(int signal) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr || !is_signal(signal)) {
        const int error = real().pthread_kill(pthread_self(), signal);
        return error != 0 ? returned_int(failed(error)) : 0;
    }
    kernel->signals().raise_to(pthread_self(), signal, "raise()");
    return 0;
}

int sigqueue(pid_t process, int signal, const sigval value) noexcept {
    if (current_kernel() != nullptr) refuse("sigqueue()", "but kill() is");
    return real().sigqueue(process, signal, value);
}

// Their signals would come in the system's own time.
unsigned alarm(unsigned seconds) noexcept {
    if (current_kernel() != nullptr && seconds > 0) refuse("alarm()", "but timerfd_create() is");
    return real().alarm(seconds);
}

int setitimer(__itimer_which_t which, const itimerval* time, itimerval* old) noexcept {
    if (current_kernel() != nullptr) refuse("setitimer()", "but timerfd_create() is");
    return static_cast<int>(system_call(SYS_setitimer, which, time, old));
}

int timer_create(clockid_t clock, sigevent* event, timer_t* timer) noexcept {
    if (current_kernel() != nullptr) refuse("timer_create()", "but timerfd_create() is");
    return real().timer_create(clock, event, timer);
}

// ---- Who waits for them ----------------------------------------------------

int signalfd(int fd, const sigset_t* mask, int flags) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) {
        return static_cast<int>(system_call(SYS_signalfd4, fd, mask, set_size, flags));
    }
    return open_signals(*kernel, fd, bits_of(*mask), flags);
}

int sigtimedwait(const sigset_t* set, siginfo_t* info, const timespec* limit) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().sigtimedwait(set, info, limit);
    return wait_for_signal(*kernel, *set, info, limit);
}

int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
    return sigtimedwait(set, info, nullptr);
}

int sigwait(const sigset_t* set, int* signal) {
    int result = -1;
    do {
        result = sigtimedwait(set, nullptr, nullptr);
    } while (result < 0 && errno == EINTR);
    if (result < 0) return errno;
    *signal = result;
    return 0;
}

int sigsuspend(const sigset_t* set) {
    if (current_kernel() != nullptr) refuse("sigsuspend()", "but sigwait() is");
    return static_cast<int>(system_call(SYS_rt_sigsuspend, set, set_size));
}

int pause() {
    if (current_kernel() != nullptr) refuse("pause()", "but sigwait() is");
    return real().pause();
}

}  // extern "C"
