// A kernel that is not there: descriptors, a clock that is told, and what happens in between.
//
// One thread of the world runs at a time (sim/threads.hpp). Time passes in system calls, by a
// little, and where all threads wait, by as much as it takes. What the network does at some time
// is a task; tasks run when their time has come, at the next system call, on whichever thread makes
// it: "data arrived while we were in there". A task is the network's, and calls nothing of the
// application's that makes system calls.
#pragma once

#include "sim/choices.hpp"
#include "sim/faults.hpp"
#include "sim/file.hpp"
#include "sim/names.hpp"
#include "sim/network.hpp"
#include "sim/process_signals.hpp"
#include "sim/threads.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <poll.h>

namespace edgews::sim {

class Kernel {
  public:
    // Descriptors from here on are simulated; the others are the system's.
    static constexpr int first_fd = 1'000'000;
    // The clock at the world's beginning.
    static constexpr std::uint64_t begin_ns = 1'000'000'000'000;
    // What CLOCK_REALTIME adds to it: it is 2026.
    static constexpr std::uint64_t epoch_ns = 1'790'000'000'000'000'000;

    Kernel(Choices& choices, std::uint64_t now_ns) noexcept
        : choices_(choices), now_ns_(now_ns), network_(*this), signals_(*this), threads_(*this) {}
    ~Kernel();

    [[nodiscard]] Choices& choices() noexcept { return choices_; }
    [[nodiscard]] Faults& faults() noexcept { return faults_; }
    [[nodiscard]] Network& network() noexcept { return network_; }
    [[nodiscard]] Threads& threads() noexcept { return threads_; }
    [[nodiscard]] ProcessSignals& signals() noexcept { return signals_; }
    [[nodiscard]] Names& names() noexcept { return names_; }
    // What files say that can be opened here, by their paths; all others are the system's.
    [[nodiscard]] std::map<std::string, std::string>& texts() noexcept { return texts_; }

    // A system call begins: time passes, what is due happens, and another thread may go on. An
    // error number when it is to fail at once; 0: it is not.
    [[nodiscard]] int enter(Call call, int detail = 0);
    // So many of them were made.
    [[nodiscard]] std::uint64_t calls(Call call) const noexcept {
        return counts_[static_cast<std::size_t>(call)];
    }
    void plan(PlannedFault fault) noexcept { planned_ = fault; }
    // The planned fault came to pass.
    [[nodiscard]] bool has_failed_as_planned() const noexcept { return has_failed_; }
    // What of its call that was (sim/faults.hpp).
    [[nodiscard]] int failed_detail() const noexcept { return failed_detail_; }

    [[nodiscard]] std::uint64_t now_ns() const noexcept { return now_ns_; }
    // The same, as a program reads it: which takes a moment.
    [[nodiscard]] std::uint64_t read_clock();
    void at_time(std::uint64_t time_ns, std::function<void()> task);
    void after(std::uint64_t delay_ns, std::function<void()> task) {
        at_time(now_ns_ + delay_ns, std::move(task));
    }
    // When the next task is due; UINT64_MAX: there is none.
    [[nodiscard]] std::uint64_t next_task_ns() const noexcept {
        return tasks_.empty() ? UINT64_MAX : tasks_.top().time_ns;
    }
    // Runs what is due at `time_ns`, which becomes the time unless it is later already.
    void advance_to(std::uint64_t time_ns);
    // A task runs now: nothing of the application's goes on meanwhile.
    [[nodiscard]] bool is_in_task() const noexcept { return is_running_tasks_; }
    // Bytes for getrandom(): the same in every run of the world.
    void fill_random(std::span<std::byte> bytes) noexcept;
    // 0 to `most`.
    [[nodiscard]] std::uint64_t drawn_ns(std::uint64_t most);

    // The lowest number that is free. EMFILE: it is not below `descriptors_max`, counted from
    // `first_fd`. `flags`: O_NONBLOCK of the file, and O_CLOEXEC of its descriptor.
    [[nodiscard]] Result add(std::shared_ptr<File> file, int flags);
    // 0, or EMFILE: no other descriptor is to be had.
    [[nodiscard]] int lack_of_descriptors() const noexcept;
    // The lowest from `least` on (F_DUPFD). One file has both.
    [[nodiscard]] Result duplicate(int fd, int least, int flags);
    // `target`, which is closed if it is open (dup2()). Requires: they differ.
    [[nodiscard]] Result duplicate_to(int fd, int target, int flags);
    [[nodiscard]] Result close(int fd);
    [[nodiscard]] bool closes_on_exec(int fd) const noexcept;
    void set_closes_on_exec(int fd, bool closes) noexcept;
    // Null: no such descriptor. Whoever holds it keeps the file open: another thread may close the
    // descriptor while a call is on its way (Linux's fget()).
    [[nodiscard]] std::shared_ptr<File> find(int fd) const noexcept;
    template <class Kind>
    [[nodiscard]] std::shared_ptr<Kind> find_as(int fd) const noexcept {
        return std::dynamic_pointer_cast<Kind>(find(fd));
    }
    [[nodiscard]] std::size_t descriptor_count() const noexcept { return open_count_; }
    // The ports of those whose bytes have arrived at a connection here, and were not received.
    [[nodiscard]] std::vector<std::uint16_t> unread_ports() const;

    // `span_ns`: how long it waits at most.
    [[nodiscard]] Result epoll_wait(int fd, epoll_event* events, int count_max,
                                    std::uint64_t span_ns);
    // Those of poll(2), for the system's own descriptors, too.
    [[nodiscard]] Result poll(std::span<pollfd> files, std::uint64_t deadline_ns);
    void wake_pollers();
    // Until something has happened to a file, whichever. False: the time has come.
    [[nodiscard]] bool wait_for_files(std::uint64_t deadline_ns);
    // A thread waits for its events.
    [[nodiscard]] bool is_waited_for(const Epoll& epoll) const noexcept;
    void wake_waiters(const Epoll& epoll);

    // Tells what happens there, a line each; null: nowhere.
    void trace_to(std::FILE* file) noexcept { trace_ = file; }
    [[gnu::format(printf, 2, 3)]] void tell(const char* format, ...) const noexcept;

    // Goes into the history's hash.
    void note(std::uint64_t value) noexcept { hash_ = (hash_ ^ value) * 0x100000001B3; }
    [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }

  private:
    struct Task {
        std::uint64_t time_ns;
        std::uint64_t order;  // Of those at the same time.
        std::function<void()> run;
        bool operator<(const Task& other) const noexcept {
            return time_ns != other.time_ns ? time_ns > other.time_ns : order > other.order;
        }
    };
    [[nodiscard]] bool may_be_interrupted(Call call) const noexcept;
    [[nodiscard]] int drawn_error(Call call);
    void stand_still();
    [[nodiscard]] int lowest_free(int least) const noexcept;
    void place(std::shared_ptr<File> open, int index, int flags);
    [[nodiscard]] int look_at(std::span<pollfd> files) const;

    Choices& choices_;
    Faults faults_{};
    std::uint64_t now_ns_;
    std::uint64_t task_count_ = 0;
    std::priority_queue<Task> tasks_{};
    bool is_running_tasks_ = false;
    std::array<std::uint64_t, call_count> counts_{};
    PlannedFault planned_{};
    bool has_failed_ = false;
    int failed_detail_ = 0;
    // By fd - first_fd. These, their duplicates and what find() gave share one count, beside that
    // of the file itself: when it comes to nothing, the file is closed.
    std::vector<std::shared_ptr<File>> files_{};
    std::set<int> free_{};  // Of them.
    std::set<int> closed_on_exec_{};
    std::size_t open_count_ = 0;
    std::size_t poller_count_ = 0;  // Threads that wait in poll().
    std::uint64_t hash_ = 0xCBF29CE484222325;
    Choices random_{std::uint64_t{1}};
    std::FILE* trace_ = nullptr;
    Names names_{};
    std::map<std::string, std::string> texts_{};
    Network network_;
    ProcessSignals signals_;
    Threads threads_;
};

// Of this thread: null where it is not of a world.
[[nodiscard]] Kernel* current_kernel() noexcept;

}  // namespace edgews::sim
