// Plays a history in which one thing fails, and says what came of it.
#pragma once

#include "heap.hpp"
#include "histories.hpp"

#include <edgews/sim.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace edgews::sim::test {

// What may come of it. Whatever it is, nobody else is disturbed, all ends, and nothing is left.
enum class Outcome : std::uint8_t {
    nothing,    // All are served, and no connection ends that was not to end.
    refused,    // A function that sets up says so; once more, or all anew, it works.
    one_ends,   // One connection, or a client's try, ends, and is told so.
    dies,       // The process ends, with a message.
    undefined,  // Something else: see Ran::fault.
};
[[nodiscard]] const char* name_of(Outcome outcome) noexcept;
inline constexpr std::array all_outcomes{Outcome::nothing, Outcome::refused, Outcome::one_ends,
                                         Outcome::dies, Outcome::undefined};

struct Ran {
    Outcome outcome = Outcome::nothing;
    bool has_failed = false;   // As it was planned; else nothing is left to fail.
    bool was_running = false;  // That came after set-up.
    int detail = 0;            // What of its call it was.
    std::vector<Error> refusals{};
    std::string fault{};         // Of an undefined outcome: the promise that broke.
    std::uint64_t times = 0;     // So often was asked for what was to fail.
    std::size_t live_count = 0;  // Of blocks of memory that are left, where those are counted.
};

// Both tell `is_set_up`, which may be null, when set-up is over: for whoever sees the process end.
[[nodiscard]] Ran run(const History& history, const PlannedFault& planned, bool* is_set_up);
// The same, in which the `index`-th block of memory that somebody asks for is refused.
[[nodiscard]] Ran run_out_of_memory(const History& history, Asker asker, std::uint64_t index,
                                    bool* is_set_up);

}  // namespace edgews::sim::test
