// The signals of a simulated process: who blocks them, and which are pending.
//
// A signal that is blocked waits for a signalfd or sigwait(). One that is ignored is nothing. What
// a handler would do, or the end of the process, is not simulated: that is said, and ends it.
#pragma once

#include "sim/file.hpp"

#include <pthread.h>
#include <signal.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace edgews::sim {

class SignalFile;

// A set of them: signal n is bit n - 1, as the system has it.
using SignalBits = std::uint64_t;
[[nodiscard]] SignalBits bits_of(const sigset_t& set) noexcept;
[[nodiscard]] sigset_t set_of(SignalBits bits) noexcept;

class ProcessSignals {
  public:
    explicit ProcessSignals(Kernel& kernel) noexcept : kernel_(kernel) {}

    // One that was sent to the process, to be taken by any thread, or to a thread of the world.
    // `call`: what sent it.
    void raise(int signal, const char* call);
    void raise_to(pthread_t thread, int signal, const char* call);
    // The calling thread blocks these from here on. What pends and is not among them comes now.
    void block(SignalBits blocked);
    [[nodiscard]] SignalBits blocked() const noexcept;
    // Of the calling thread, and of the process.
    [[nodiscard]] SignalBits pending() const noexcept;
    // One of them that pends, which pends no more.
    struct Taken {
        int signal = 0;
        int code = 0;  // Of siginfo_t.
    };
    [[nodiscard]] std::optional<Taken> take(SignalBits wanted) noexcept;
    // None: the time has come.
    [[nodiscard]] std::optional<Taken> wait_for(SignalBits wanted, std::uint64_t deadline_ns);

  private:
    friend class SignalFile;

    [[nodiscard]] static bool is_ignored(int signal) noexcept;
    void pend(SignalBits& pending, int signal);

    Kernel& kernel_;
    SignalBits pending_ = 0;  // Of the process.
    std::vector<SignalFile*> files_{};
};

// signalfd(): what it says is of the thread that asks.
class SignalFile final : public File {
  public:
    SignalFile(Kernel& kernel, SignalBits wanted);
    ~SignalFile() override;

    void set_wanted(SignalBits wanted);
    [[nodiscard]] std::uint32_t ready() override;
    Result read(void* to, std::size_t size) override;

  private:
    SignalBits wanted_;
};

}  // namespace edgews::sim
