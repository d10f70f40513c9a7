// Plays one history, from a seed or from recorded choices.
#pragma once

#include "scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace edgews::sim::test {

struct Played {
    const char* scenario = "";
    Record record{};
    std::uint64_t hash = 0;
    std::uint64_t virtual_ns = 0;
    std::vector<std::byte> choices{};  // To play it again, or a part of it.
};

// `trace`: where all that happens is told; null: nowhere. `only`: another scenario is not played,
// and has an empty name. Empty: any.
[[nodiscard]] Played play(const WorldOptions& options, const std::string& only = {},
                          std::FILE* trace = nullptr);
// Those of the history that is being played; also when it ends the process.
[[nodiscard]] std::span<const std::byte> choices_so_far() noexcept;

// A history that fails, made smaller as long as it does; each try is a process of its own.
// Requires: it fails.
[[nodiscard]] std::vector<std::byte> shrink(std::vector<std::byte> choices, unsigned seconds);

}  // namespace edgews::sim::test
