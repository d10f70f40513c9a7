// What comes of each error that Linux documents for each system call that the engine makes.
#pragma once

#include "run.hpp"

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace edgews::sim::test {

class Outcomes {
  public:
    constexpr Outcomes(std::initializer_list<Outcome> outcomes) noexcept {
        for (const Outcome one : outcomes) bits_ |= bit(one);
    }
    [[nodiscard]] constexpr bool has(Outcome outcome) const noexcept {
        return (bits_ & bit(outcome)) != 0;
    }

  private:
    [[nodiscard]] static constexpr unsigned bit(Outcome outcome) noexcept {
        return 1U << static_cast<unsigned>(outcome);
    }
    unsigned bits_ = 0;
};

struct Row {
    Call call;
    int detail = 0;  // Of the call (sim/faults.hpp); 0: any that has no row of its own before.
    // As the manual has them; the first stands for all when there is little time.
    std::vector<int> errors;
    // What may come of it, and does: while something is set up, and later. Empty: it is not called
    // then.
    Outcomes in_set_up;
    Outcomes running;
    // How a refusal, or the last words of the process, begin.
    std::string_view words{};
    // What a refusal may tell in place of the call's error: what that leads to. 0: nothing.
    int told_error = 0;
};

[[nodiscard]] std::span<const Row> table();
// Null: there is none.
[[nodiscard]] const Row* find_row(Call call, int detail, int error);

// What the engine calls and cannot be refused, or where it could not go on; with the reason.
struct Unfailing {
    Call call;
    std::string_view why;
};
[[nodiscard]] std::span<const Unfailing> unfailing();

}  // namespace edgews::sim::test
