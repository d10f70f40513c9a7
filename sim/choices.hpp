// The source of every chance in a simulated world: a seed, or the choices of an earlier run.
//
// All that may happen in one way or another is asked here, in order, and remembered as bytes: the
// same seed gives the same history, and the bytes alone give it again. 0 is the calmest answer to
// each question, and where the bytes end every answer is 0: a shorter history is a simpler one,
// which is what shrinking and libFuzzer make use of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace edgews::sim {

class Choices {
  public:
    // From a generator (SplitMix64).
    explicit Choices(std::uint64_t seed) noexcept : state_(seed) {}
    // Those that taken() returned, or any bytes.
    explicit Choices(std::span<const std::byte> recorded)
        : is_replayed_(true), recorded_(recorded.begin(), recorded.end()) {}

    // 0 to count - 1. Requires: count > 0.
    [[nodiscard]] std::uint32_t below(std::uint32_t count);
    // Least to most.
    [[nodiscard]] std::uint32_t between(std::uint32_t least, std::uint32_t most) {
        return least + below(most - least + 1);
    }
    // True once in `count` times, on average; 0: never.
    [[nodiscard]] bool once_in(std::uint32_t count) {
        return count > 0 && below(count) + 1 == count;
    }
    // One of them; the first is the calmest. Requires: there is one.
    template <class Range>
    [[nodiscard]] const auto& one_of(const Range& range) {
        return std::data(range)[below(static_cast<std::uint32_t>(std::size(range)))];
    }

    // All that were made so far: for Choices(recorded).
    [[nodiscard]] std::span<const std::byte> taken() const noexcept { return taken_; }

  private:
    [[nodiscard]] std::uint32_t next(std::size_t width) noexcept;

    bool is_replayed_ = false;
    std::uint64_t state_ = 0;
    std::vector<std::byte> recorded_{};
    std::vector<std::byte> taken_{};
};

}  // namespace edgews::sim
