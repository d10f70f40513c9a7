#include "net/loop/mailbox.hpp"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace edgews {

namespace {

// The list comes newest first; jobs run oldest first.
Job* reversed(Job* newest, Job* Job::*next) noexcept {
    Job* oldest = nullptr;
    while (newest != nullptr) {
        Job* older = newest->*next;
        newest->*next = oldest;
        oldest = newest;
        newest = older;
    }
    return oldest;
}

}  // namespace

Mailbox::Mailbox() : event_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (!event_fd_) throw std::system_error(errno, std::system_category(), "eventfd");
}

Mailbox::~Mailbox() {
    close();
}

bool Mailbox::post(std::unique_ptr<Job> job) noexcept {
    Job* newest = newest_.load(std::memory_order_relaxed);
    do {
        if (newest == closed_mark()) return false;
        job->next_ = newest;
    } while (!newest_.compare_exchange_weak(newest, job.get(), std::memory_order_seq_cst,
                                            std::memory_order_relaxed));
    (void)job.release();  // The consumer's, who may have deleted it already.
    // Pairs with prepare_to_sleep(): both sides write first and look second, so
    // one of the two sees the other.
    if (sleeping_.load(std::memory_order_seq_cst) &&
        sleeping_.exchange(false, std::memory_order_relaxed)) {
        wake();
    }
    return true;
}

void Mailbox::wake() noexcept {
    const std::uint64_t one = 1;
    // Can only fail when the counter is near 2^64: then it is readable anyway.
    [[maybe_unused]] const auto written = ::write(event_fd_.get(), &one, sizeof one);
}

void Mailbox::run_posted() {
    Job* oldest = reversed(newest_.exchange(nullptr, std::memory_order_acquire), &Job::next_);
    while (oldest != nullptr) {
        const std::unique_ptr<Job> job(oldest);
        oldest = job->next_;
        job->run();
    }
}

bool Mailbox::prepare_to_sleep() noexcept {
    sleeping_.store(true, std::memory_order_seq_cst);
    return newest_.load(std::memory_order_seq_cst) == nullptr;
}

// One exchange, so that no job slips in behind it: each is destroyed here, or refused.
void Mailbox::close() noexcept {
    Job* job = newest_.exchange(closed_mark(), std::memory_order_acquire);
    while (job != nullptr && job != closed_mark()) {
        const std::unique_ptr<Job> owner(job);
        job = owner->next_;
    }
}

}  // namespace edgews
