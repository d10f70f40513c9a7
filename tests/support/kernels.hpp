// What the tables of kernels have in common.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <span>

namespace edgews::test {

// The portable kernel comes first, and tests and benchmarks can tell all of them by their names.
template <class Kernel>
void expect_portable_first_and_distinct_names(std::span<const Kernel> kernels) {
    ASSERT_FALSE(kernels.empty());
    EXPECT_STREQ(kernels.front().name, "portable");
    for (std::size_t i = 1; i < kernels.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) EXPECT_STRNE(kernels[i].name, kernels[j].name);
    }
}

}  // namespace edgews::test
