// No tests: what those that ask both kernels have in common.
#include "both_kernels.hpp"

#include "sim/world.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace edgews::sim::test {

std::string outcome(ssize_t result) {
    return result < 0 ? outcome_of_error(errno) : std::to_string(result);
}

std::string outcome_of_error(int error) {
    return error == 0 ? "0" : ::strerrorname_np(error);
}

void expect_same(const Probe& probe) {
    SCOPED_TRACE(probe.promise);
    constexpr std::array calm{std::byte{0}};
    const std::string real = probe.play();
    World world({.recorded = calm});
    const std::string simulated = probe.play();
    EXPECT_EQ(simulated, real);
    EXPECT_EQ(world.descriptor_count(), 0U);
}

}  // namespace edgews::sim::test
