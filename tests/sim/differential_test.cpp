// The simulated kernel beside the real one: the same scripts, played by the same code, come to the
// same. EDGEWS_SIM_SCRIPTS=count plays more of them, EDGEWS_SIM_FIRST=seed others.
#include "script_kernels.hpp"

#include <gtest/gtest.h>

#include "sim/choices.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace edgews::sim::test {
namespace {

constexpr std::uint64_t script_count = 1'200;
constexpr int told_max = 8;

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
    const char* const value = std::getenv(variable);
    return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

Script drawn_from(std::uint64_t seed) {
    Choices choices(seed);
    return drawn_script(choices);
}

TEST(Differential, random_scripts_come_to_the_same_in_both_kernels) {
    const std::uint64_t first = number_of("EDGEWS_SIM_FIRST", 1);
    const std::uint64_t count = number_of("EDGEWS_SIM_SCRIPTS", script_count);
    int told = 0;
    for (std::uint64_t seed = first; seed < first + count && told < told_max; ++seed) {
        const Script script = drawn_from(seed);
        if (difference(script).empty()) continue;
        ++told;
        ADD_FAILURE() << "seed " << seed << ":\n" << difference(shrunk(script));
    }
}

// Waits are for all that has come: how often it came, and in how many pieces, is the network's. So
// is how much a socket takes before it is full.
TEST(Differential, what_comes_late_and_in_pieces_comes_to_the_same) {
    int told = 0;
    for (std::uint64_t seed = 1; seed <= script_count && told < told_max; ++seed) {
        Script script = drawn_from(seed);
        std::erase_if(script, [](const Step& step) { return step.op == Op::fill; });
        const Outcomes calm = play_simulated(script);
        const Outcomes rough = play_on_rough_network(script, seed);
        const auto at = std::mismatch(calm.begin(), calm.end(), rough.begin());
        if (at.first == calm.end()) continue;
        ++told;
        const Step& step = script[static_cast<std::size_t>(at.first - calm.begin())];
        ADD_FAILURE() << "seed " << seed << ", " << describe(step) << ": " << *at.first << ", but "
                      << *at.second;
    }
}

TEST(Differential, a_script_can_be_read_as_it_is_told) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const Script script = drawn_from(seed);
        std::string told;
        for (const Step& step : script) told += describe(step) + '\n';
        std::string told_again;
        for (const Step& step : script_of(told)) told_again += describe(step) + '\n';
        EXPECT_EQ(told, told_again);
    }
}

}  // namespace
}  // namespace edgews::sim::test
