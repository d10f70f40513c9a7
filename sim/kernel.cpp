#include "sim/kernel.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstdarg>
#include <utility>

namespace edgews::sim {

// What is still open is closed while all that it needs is there.
Kernel::~Kernel() {
    files_.clear();
}

// ---- Time ------------------------------------------------------------------

int Kernel::enter(Call call, int detail) {
    const std::uint64_t index = counts_[static_cast<std::size_t>(call)]++;
    if (is_running_tasks_) return 0;
    advance_to(now_ns_ + 100 + drawn_ns(faults_.call_ns_max));
    if (planned_.error != 0 && planned_.call == call && planned_.index == index) {
        has_failed_ = true;
        failed_detail_ = detail;
        tell("%s fails as planned: %d", name_of(call), planned_.error);
        return planned_.error;
    }
    threads_.maybe_switch();
    return drawn_error(call);
}

bool Kernel::may_be_interrupted(Call call) const noexcept {
    static constexpr std::array calls{Call::accept, Call::epoll_wait, Call::getrandom,
                                      Call::poll,   Call::recv,       Call::send};
    return std::find(calls.begin(), calls.end(), call) != calls.end();
}

int Kernel::drawn_error(Call call) {
    if (may_be_interrupted(call) && choices_.once_in(faults_.interrupted)) return EINTR;
    if (faults_.refused == 0) return 0;
    switch (call) {
        case Call::socket: return choices_.once_in(faults_.refused) ? ENOBUFS : 0;
        case Call::epoll_ctl: return choices_.once_in(faults_.refused) ? ENOSPC : 0;
        case Call::timerfd_settime: return choices_.once_in(faults_.refused) ? ENOMEM : 0;
        case Call::thread: return choices_.once_in(faults_.refused) ? EAGAIN : 0;
        default: return 0;
    }
}

std::uint64_t Kernel::drawn_ns(std::uint64_t most) {
    if (most == 0) return 0;
    if (most < UINT32_MAX) return choices_.below(static_cast<std::uint32_t>(most) + 1);
    return choices_.below(static_cast<std::uint32_t>(most / 1'000'000) + 1) * 1'000'000ULL;
}

std::uint64_t Kernel::read_clock() {
    advance_to(now_ns_ + 20);
    return now_ns_;
}

void Kernel::at_time(std::uint64_t time_ns, std::function<void()> task) {
    tasks_.push({std::max(time_ns, now_ns_), task_count_++, std::move(task)});
}

// What a task makes due at once comes behind it; a task that makes system calls (a peer's) does not
// run others.
void Kernel::advance_to(std::uint64_t time_ns) {
    if (is_running_tasks_) return;
    is_running_tasks_ = true;
    while (!tasks_.empty() && tasks_.top().time_ns <= time_ns) {
        Task task = std::move(const_cast<Task&>(tasks_.top()));  // It leaves the queue next.
        tasks_.pop();
        now_ns_ = std::max(now_ns_, task.time_ns);
        task.run();
    }
    now_ns_ = std::max(now_ns_, time_ns);
    is_running_tasks_ = false;
}

void Kernel::tell(const char* format, ...) const noexcept {
    if (trace_ == nullptr) return;
    std::fprintf(trace_, "%14.6f ms  ", static_cast<double>(now_ns_ - begin_ns) / 1e6);
    va_list more;
    va_start(more, format);
    std::vfprintf(trace_, format, more);
    va_end(more);
    std::fputc('\n', trace_);
}

void Kernel::fill_random(std::span<std::byte> bytes) noexcept {
    tell("random %zu", bytes.size());
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_.below(256));
}

// ---- Descriptors -----------------------------------------------------------

int Kernel::lowest_free(int least) const noexcept {
    const auto found = free_.lower_bound(least);
    return found != free_.end() ? *found : std::max(static_cast<int>(files_.size()), least);
}

int Kernel::lack_of_descriptors() const noexcept {
    return static_cast<std::size_t>(lowest_free(0)) >= faults_.descriptors_max ? EMFILE : 0;
}

Result Kernel::add(std::shared_ptr<File> file, int flags) {
    if (const int error = lack_of_descriptors(); error != 0) return failed(error);
    const int index = lowest_free(0);
    file->set_blocking((flags & O_NONBLOCK) == 0);
    File* const opened = file.get();
    place({opened,
           [held = std::move(file)](File*) {
               held->forget_watchers();
               held->closed();
           }},
          index, flags);
    return {.value = first_fd + index};
}

void Kernel::place(std::shared_ptr<File> open, int index, int flags) {
    while (static_cast<int>(files_.size()) <= index) {
        free_.insert(static_cast<int>(files_.size()));
        files_.emplace_back();
    }
    free_.erase(index);
    ++open_count_;
    files_[static_cast<std::size_t>(index)] = std::move(open);
    set_closes_on_exec(first_fd + index, (flags & O_CLOEXEC) != 0);
}

// Numbers below those of a world are none of it: all that it has are higher.
Result Kernel::duplicate(int fd, int least, int flags) {
    std::shared_ptr<File> open = find(fd);
    if (open == nullptr) return failed(EBADF);
    const int index_least = std::max(least - first_fd, 0);
    const auto limit = static_cast<std::int64_t>(faults_.descriptors_max);
    if (least < 0 || index_least >= limit) return failed(EINVAL);
    const int index = lowest_free(index_least);
    if (index >= limit) return failed(EMFILE);
    place(std::move(open), index, flags);
    return {.value = first_fd + index};
}

Result Kernel::duplicate_to(int fd, int target, int flags) {
    const std::int64_t index = std::int64_t{target} - first_fd;
    if (index < 0 || index >= static_cast<std::int64_t>(faults_.descriptors_max)) {
        return failed(EBADF);
    }
    std::shared_ptr<File> open = find(fd);
    if (open == nullptr) return failed(EBADF);
    (void)close(target);
    place(std::move(open), static_cast<int>(index), flags);
    return {.value = target};
}

Result Kernel::close(int fd) {
    if (find(fd) == nullptr) return failed(EBADF);
    const int index = fd - first_fd;
    free_.insert(index);
    --open_count_;
    files_[static_cast<std::size_t>(index)].reset();
    return {};
}

bool Kernel::closes_on_exec(int fd) const noexcept {
    return closed_on_exec_.contains(fd);
}

void Kernel::set_closes_on_exec(int fd, bool closes) noexcept {
    closes ? static_cast<void>(closed_on_exec_.insert(fd))
           : static_cast<void>(closed_on_exec_.erase(fd));
}

std::shared_ptr<File> Kernel::find(int fd) const noexcept {
    const auto index = static_cast<std::size_t>(fd - first_fd);
    return fd >= first_fd && index < files_.size() ? files_[index] : nullptr;
}

std::vector<std::uint16_t> Kernel::unread_ports() const {
    std::vector<std::uint16_t> ports;
    for (const auto& file : files_) {
        auto* const socket = dynamic_cast<TcpSocket*>(file.get());
        if (socket != nullptr && socket->unread_size() > 0) {
            ports.push_back(socket->remote().port());
        }
    }
    return ports;
}

// ---- Waiting ---------------------------------------------------------------

void Kernel::stand_still() {
    if (!choices_.once_in(faults_.standstill)) return;
    advance_to(now_ns_ + drawn_ns(faults_.standstill_ns_max));
    network_.note_event();  // Until now nobody could do anything.
}

Result Kernel::epoll_wait(int fd, epoll_event* events, int count_max, std::uint64_t span_ns) {
    const std::shared_ptr<Epoll> epoll = find_as<Epoll>(fd);
    if (epoll == nullptr) return failed(find(fd) == nullptr ? EBADF : EINVAL);
    if (count_max <= 0) return failed(EINVAL);
    stand_still();
    tell("wait %d for %lld us", fd, static_cast<long long>(span_ns) / 1'000);
    const std::uint64_t deadline_ns = now_ns_ + std::min(span_ns, UINT64_MAX - now_ns_);
    for (;;) {
        const int count = epoll->collect(events, count_max);
        if (count > 0 || span_ns == 0) return {.value = count};
        if (threads_.wait(epoll.get(), deadline_ns)) continue;
        return {.value = epoll->collect(events, count_max)};
    }
}

// Any wake-up has them all look again. What it began with stays open until it returns.
Result Kernel::poll(std::span<pollfd> files, std::uint64_t deadline_ns) {
    std::vector<std::shared_ptr<File>> held;
    for (const pollfd& one : files) held.push_back(find(one.fd));
    for (;;) {
        const int count = look_at(files);
        if (count > 0 || deadline_ns <= now_ns_) return {.value = count};
        if (!wait_for_files(deadline_ns)) return {.value = look_at(files)};
    }
}

bool Kernel::wait_for_files(std::uint64_t deadline_ns) {
    ++poller_count_;
    const bool was_woken = threads_.wait(&poller_count_, deadline_ns);
    --poller_count_;
    return was_woken;
}

int Kernel::look_at(std::span<pollfd> files) const {
    int count = 0;
    for (pollfd& one : files) {
        one.revents = 0;
        if (one.fd < 0) continue;
        if (const std::shared_ptr<File> file = find(one.fd)) {
            // Their bits are those of epoll.
            const auto wanted = static_cast<unsigned short>(one.events) | POLLERR | POLLHUP;
            one.revents = static_cast<short>(file->ready() & static_cast<unsigned>(wanted));
        } else {
            one.revents = POLLNVAL;
        }
        count += one.revents != 0 ? 1 : 0;
    }
    return count;
}

void Kernel::wake_pollers() {
    if (poller_count_ > 0) threads_.wake_all(&poller_count_);
}

bool Kernel::is_waited_for(const Epoll& epoll) const noexcept {
    return threads_.is_waited_for(&epoll);
}

void Kernel::wake_waiters(const Epoll& epoll) {
    threads_.wake_all(&epoll);
}

}  // namespace edgews::sim
