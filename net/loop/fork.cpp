#include "net/loop/fork.hpp"

#include <pthread.h>

namespace edgews {

constinit std::atomic<bool> has_forked{false};

namespace {

// Before the child is there.
void note_fork() noexcept {
    has_forked.store(true, std::memory_order_relaxed);
}

// The child has none of its own, and the sockets are not its to end.
void begin_anew() noexcept {
    has_forked.store(false, std::memory_order_relaxed);
}

[[maybe_unused]] const int watching = ::pthread_atfork(note_fork, nullptr, begin_anew);

}  // namespace

}  // namespace edgews
