// Work from other threads to a loop: a lock-free queue of many producers and one
// consumer, with an eventfd that is written only when the consumer sleeps.
//
// Producers push onto a list of which the consumer takes all at once and turns
// round, so jobs run in the order in which one thread posted them.
#pragma once

#include <edgews/function.hpp>
#include "net/loop/fd.hpp"

#include <atomic>
#include <memory>

namespace edgews {

class Mailbox {
  public:
    // Throws std::system_error when there is no descriptor left.
    Mailbox();
    ~Mailbox();

    // Any thread. False: the consumer is gone, the job was destroyed unrun.
    bool post(std::unique_ptr<Job> job) noexcept;
    // Any thread. Makes a sleeping consumer turn once.
    void wake() noexcept;

    // The consumer's side.
    [[nodiscard]] bool has_posted() const noexcept {
        return newest_.load(std::memory_order_relaxed) != nullptr;
    }
    // Runs what has been posted so far; what these jobs post waits for the next call.
    void run_posted();
    // From here on posting wakes through the eventfd. False: something is
    // waiting already, don't sleep.
    bool prepare_to_sleep() noexcept;
    void awake() noexcept { sleeping_.store(false, std::memory_order_relaxed); }
    // The end: no further job is taken, and those waiting are destroyed unrun.
    void close() noexcept;
    // Readable, edge-triggered, at each wake-up. It is never read.
    [[nodiscard]] int event_fd() const noexcept { return event_fd_.get(); }

  private:
    // Stands in place of the list once the mailbox is closed; nobody looks inside.
    [[nodiscard]] Job* closed_mark() noexcept { return reinterpret_cast<Job*>(this); }

    std::atomic<Job*> newest_{nullptr};
    std::atomic<bool> sleeping_{true};
    Fd event_fd_;
};

}  // namespace edgews
