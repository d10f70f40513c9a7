#include "sim/process_signals.hpp"

#include "sim/kernel.hpp"
#include "sim/refusal.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

namespace edgews::sim {

namespace {

constexpr SignalBits bit_of(int signal) noexcept {
    return SignalBits{1} << (signal - 1);
}

constexpr SignalBits unblockable = bit_of(SIGKILL) | bit_of(SIGSTOP);
// Those of a fault come first (Linux's SYNCHRONOUS_MASK).
constexpr SignalBits faults = bit_of(SIGSEGV) | bit_of(SIGBUS) | bit_of(SIGILL) | bit_of(SIGTRAP) |
                              bit_of(SIGFPE) | bit_of(SIGSYS);
// The system does nothing of them unless it is asked to.
constexpr SignalBits harmless =
    bit_of(SIGCHLD) | bit_of(SIGCONT) | bit_of(SIGURG) | bit_of(SIGWINCH);

int first_of(SignalBits bits) noexcept {
    return std::countr_zero((bits & faults) != 0 ? bits & faults : bits) + 1;
}

[[noreturn]] void refuse_delivery(int signal, const char* call) {
    const std::string what = std::string(call) + " of SIG" + ::sigabbrev_np(signal);
    refuse(what.c_str(), "unless it is blocked, for a signalfd or sigwait(), or ignored");
}

}  // namespace

SignalBits bits_of(const sigset_t& set) noexcept {
    SignalBits bits = 0;
    std::memcpy(&bits, &set, sizeof bits);
    return bits;
}

sigset_t set_of(SignalBits bits) noexcept {
    sigset_t set;
    ::sigemptyset(&set);
    std::memcpy(&set, &bits, sizeof bits);
    return set;
}

bool ProcessSignals::is_ignored(int signal) noexcept {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0) return false;
    if ((action.sa_flags & SA_SIGINFO) != 0) return false;
    const bool is_harmless = (bit_of(signal) & harmless) != 0;
    return action.sa_handler == SIG_IGN || (action.sa_handler == SIG_DFL && is_harmless);
}

// One that pends already is the same, and wakes nobody.
void ProcessSignals::pend(SignalBits& pending, int signal) {
    if ((pending & bit_of(signal)) != 0) return;
    pending |= bit_of(signal);
    kernel_.tell("signal %d", signal);
    kernel_.note(static_cast<std::uint64_t>(signal));
    for (SignalFile* const file : files_) file->wake(0);
    kernel_.threads().wake_all(this);
}

void ProcessSignals::raise(int signal, const char* call) {
    if (kernel_.threads().all_block(bit_of(signal) & ~unblockable)) return pend(pending_, signal);
    if (!is_ignored(signal)) refuse_delivery(signal, call);
}

void ProcessSignals::raise_to(pthread_t thread, int signal, const char* call) {
    ThreadSignals* const signals = kernel_.threads().signals_of(thread);
    if (signals == nullptr) return;
    if ((signals->blocked & bit_of(signal) & ~unblockable) != 0) {
        return pend(signals->pending, signal);
    }
    if (!is_ignored(signal)) refuse_delivery(signal, call);
}

void ProcessSignals::block(SignalBits blocked) {
    ThreadSignals& own = kernel_.threads().own_signals();
    own.blocked = blocked & ~unblockable;
    for (SignalBits* const pending : {&own.pending, &pending_}) {
        while ((*pending & ~own.blocked) != 0) {
            const int signal = first_of(*pending & ~own.blocked);
            if (!is_ignored(signal)) refuse_delivery(signal, "the unblocking");
            *pending &= ~bit_of(signal);
        }
    }
}

SignalBits ProcessSignals::blocked() const noexcept {
    return kernel_.threads().own_signals().blocked;
}

SignalBits ProcessSignals::pending() const noexcept {
    return kernel_.threads().own_signals().pending | pending_;
}

std::optional<ProcessSignals::Taken> ProcessSignals::take(SignalBits wanted) noexcept {
    SignalBits& own = kernel_.threads().own_signals().pending;
    for (SignalBits* const pending : {&own, &pending_}) {
        if ((*pending & wanted) == 0) continue;
        const int signal = first_of(*pending & wanted);
        *pending &= ~bit_of(signal);
        return Taken{.signal = signal, .code = pending == &own ? SI_TKILL : SI_USER};
    }
    return std::nullopt;
}

std::optional<ProcessSignals::Taken> ProcessSignals::wait_for(SignalBits wanted,
                                                              std::uint64_t deadline_ns) {
    for (;;) {
        if (const std::optional<Taken> taken = take(wanted)) return taken;
        if (!kernel_.threads().wait(this, deadline_ns)) return take(wanted);
    }
}

// ---- signalfd() ------------------------------------------------------------

SignalFile::SignalFile(Kernel& kernel, SignalBits wanted)
    : File(kernel), wanted_(wanted & ~unblockable) {
    kernel.signals().files_.push_back(this);
}

SignalFile::~SignalFile() {
    std::erase(kernel().signals().files_, this);
}

void SignalFile::set_wanted(SignalBits wanted) {
    wanted_ = wanted & ~unblockable;
    wake(0);
}

std::uint32_t SignalFile::ready() {
    return (kernel().signals().pending() & wanted_) != 0 ? static_cast<std::uint32_t>(EPOLLIN) : 0;
}

// As many as there is room for.
Result SignalFile::read(void* to, std::size_t size) {
    if (size < sizeof(signalfd_siginfo)) return failed(EINVAL);
    std::size_t count = 0;
    while ((count + 1) * sizeof(signalfd_siginfo) <= size) {
        const std::optional<ProcessSignals::Taken> taken = kernel().signals().take(wanted_);
        if (!taken) break;
        signalfd_siginfo info{};
        info.ssi_signo = static_cast<std::uint32_t>(taken->signal);
        info.ssi_code = taken->code;
        info.ssi_pid = static_cast<std::uint32_t>(::getpid());
        info.ssi_uid = ::getuid();
        std::memcpy(static_cast<char*>(to) + count * sizeof info, &info, sizeof info);
        ++count;
    }
    if (count == 0) return failed(EAGAIN);
    return {.value = static_cast<ssize_t>(count * sizeof(signalfd_siginfo))};
}

}  // namespace edgews::sim
