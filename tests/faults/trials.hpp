// Tries in processes of their own, for one may end its process, or not end at all.
#pragma once

#include "run.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace edgews::sim::test {

// How a process ended.
struct Ended {
    bool is_well = false;  // With status 0.
    int signal = 0;        // That ended it; SIGALRM: it took too long.
    std::string said{};    // On standard error.
};

// Runs `work` in a child of this process. Requires: this thread is of no world.
[[nodiscard]] Ended run_in_child(const std::function<void()>& work, unsigned seconds);

// What came of one fault.
struct Trial {
    int error = 0;
    std::uint64_t index = 0;
    Outcome outcome = Outcome::nothing;
    bool was_running = false;
    int detail = 0;
    int refusal_code = 0;
    std::size_t live_count = 0;
    std::string said{};  // The refusal, the promise that broke, or the last words.
};

// One error of a call: at each time that a history makes it, or from `first` on at every so
// many-th.
struct TriedError {
    int error = 0;
    std::uint64_t first = 0;
    std::uint64_t stride = 1;
};
// Each of `errors` of `call`, once in a run.
[[nodiscard]] std::vector<Trial> try_call(const History& history, Call call,
                                          std::span<const TriedError> errors);
// A block of memory is refused, at those times.
[[nodiscard]] std::vector<Trial> try_memory(const History& history, Asker asker,
                                            const TriedError& times);

}  // namespace edgews::sim::test
