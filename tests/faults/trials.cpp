#include "trials.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string_view>

namespace edgews::sim::test {

namespace {

constexpr std::size_t trial_count_max = 16'384;
constexpr unsigned patience_s = 20;  // With one trial.

// What a child leaves for its parent, in memory that both have.
struct SharedTrial {
    std::size_t error_index;
    std::uint64_t index;
    Outcome outcome;
    bool was_running;
    int detail;
    int refusal_code;
    std::size_t live_count;
    std::array<char, 160> said;
};
struct Board {
    std::size_t error_index;  // Of the trial that goes on.
    std::uint64_t index;
    bool is_set_up;
    std::uint64_t time_count;  // So often is the call made; UINT64_MAX: nobody knows yet.
    std::size_t count;         // Trials that have ended.
    std::array<SharedTrial, trial_count_max> trials;
};

std::string read_all(int file) {
    std::string text(static_cast<std::size_t>(std::max<off_t>(::lseek(file, 0, SEEK_END), 0)), 0);
    const ssize_t size = ::pread(file, text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return text;
}

void note(Board& board, const Ran& ran) {
    SharedTrial& trial = board.trials[board.count];
    trial = {.error_index = board.error_index,
             .index = board.index,
             .outcome = ran.outcome,
             .was_running = ran.was_running,
             .detail = ran.detail,
             .refusal_code = 0,
             .live_count = ran.live_count,
             .said = {}};
    std::string said = ran.fault;
    if (!ran.refusals.empty()) {
        trial.refusal_code = ran.refusals.front().code.value();
        if (said.empty()) said = ran.refusals.front().message;
    }
    std::snprintf(trial.said.data(), trial.said.size(), "%s", said.c_str());
    ++board.count;
}

struct Plan {
    std::span<const TriedError> errors;
    std::function<Ran(const TriedError& tried, std::uint64_t index, bool* is_set_up)> run;
};

// False: there was nothing left to fail.
bool try_one(Board& board, const Plan& plan) {
    board.is_set_up = false;
    ::alarm(patience_s);
    Ran ran = plan.run(plan.errors[board.error_index], board.index, &board.is_set_up);
    if (!ran.has_failed && board.time_count == UINT64_MAX) {
        board.time_count = ran.times;
        return false;
    }
    if (!ran.has_failed) {
        ran.outcome = Outcome::undefined;
        ran.fault = "up to where it fails the history is not the same each time";
    }
    if (board.count == trial_count_max) std::abort();
    note(board, ran);
    return true;
}

// Of a few times, none is left out.
std::uint64_t step_of(const Board& board, const TriedError& tried) {
    return board.time_count <= tried.stride ? 1 : tried.stride;
}

// What the language says of it does not say whether it was for want of memory: of an exception that
// comes up to where none may pass, its handler knows no more than that there is one.
[[noreturn]] void tell_why() noexcept {
    const bool has_exception = std::current_exception() || std::uncaught_exceptions() > 0;
    std::fputs(has_exception && Heap::has_refused() ? "std::terminate(): no memory\n"
                                                    : "std::terminate()\n",
               stderr);
    std::abort();
}

// From where the board stands on.
void try_rest(Board& board, const Plan& plan) {
    while (board.error_index < plan.errors.size()) {
        const TriedError& tried = plan.errors[board.error_index];
        while (board.index < board.time_count && try_one(board, plan)) {
            board.index += step_of(board, tried);
        }
        if (++board.error_index == plan.errors.size() || board.time_count == 0) return;
        const TriedError& next = plan.errors[board.error_index];
        board.index = step_of(board, next) == 1 ? 0 : next.first % board.time_count;
    }
}

void collect(const Board& board, const Plan& plan, std::vector<Trial>& trials) {
    for (std::size_t i = 0; i < board.count; ++i) {
        const SharedTrial& one = board.trials[i];
        trials.push_back({.error = plan.errors[one.error_index].error,
                          .index = one.index,
                          .outcome = one.outcome,
                          .was_running = one.was_running,
                          .detail = one.detail,
                          .refusal_code = one.refusal_code,
                          .live_count = one.live_count,
                          .said = one.said.data()});
    }
}

// In children that go on behind each trial that ended the one before.
std::vector<Trial> try_all(const Plan& plan) {
    void* const memory =
        ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* const board = static_cast<Board*>(memory);
    board->time_count = UINT64_MAX;
    board->index = plan.errors.front().first;
    std::vector<Trial> trials;
    for (;;) {
        board->count = 0;
        const Ended ended = run_in_child(
            [&] {
                std::set_terminate(tell_why);
                try_rest(*board, plan);
            },
            patience_s);
        collect(*board, plan, trials);
        if (ended.is_well) break;
        const TriedError& tried = plan.errors[board->error_index];
        trials.push_back({.error = tried.error,
                          .index = board->index,
                          .outcome = ended.signal == SIGABRT ? Outcome::dies : Outcome::undefined,
                          .was_running = board->is_set_up,
                          .said = ended.said});
        board->index += step_of(*board, tried);
    }
    ::munmap(memory, sizeof(Board));
    return trials;
}

}  // namespace

Ended run_in_child(const std::function<void()>& work, unsigned seconds) {
    const int words = ::memfd_create("words", MFD_CLOEXEC);
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(words, 2);
        ::alarm(seconds);
        work();
        std::fflush(nullptr);
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    Ended ended{.is_well = WIFEXITED(status) && WEXITSTATUS(status) == 0,
                .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                .said = read_all(words)};
    ::close(words);
    return ended;
}

std::vector<Trial> try_call(const History& history, Call call, std::span<const TriedError> errors) {
    return try_all({.errors = errors, .run = [&](const auto& tried, auto index, bool* is_set_up) {
                        const PlannedFault planned{
                            .call = call, .index = index, .error = tried.error};
                        return run(history, planned, is_set_up);
                    }});
}

std::vector<Trial> try_memory(const History& history, Asker asker, const TriedError& times) {
    return try_all({.errors = {&times, 1}, .run = [&](const auto&, auto index, bool* is_set_up) {
                        return run_out_of_memory(history, asker, index, is_set_up);
                    }});
}

}  // namespace edgews::sim::test
