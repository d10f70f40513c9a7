// The two kernels that play scripts: the real one, and the simulated one.
#pragma once

#include "script.hpp"

#include <string>
#include <vector>

namespace edgews::sim::test {

using Outcomes = std::vector<std::string>;

[[nodiscard]] Outcomes play_real(const Script& script);
// In a world without latency, as the real loopback is.
[[nodiscard]] Outcomes play_simulated(const Script& script);
// On a network of the seed's: late, in pieces, each step waited for until all has arrived.
[[nodiscard]] Outcomes play_on_rough_network(const Script& script, std::uint64_t seed);

// The steps with what they came to, where one of them came to another thing in the other kernel;
// empty: none did.
[[nodiscard]] std::string difference(const Script& script);
// Without steps that the difference does not need. Requires: there is one.
[[nodiscard]] Script shrunk(Script script);

}  // namespace edgews::sim::test
