// The load generator's histogram: what it says is never too small, and less than 1 % too large.
#include "bench/load/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace load {
namespace {

TEST(Histogram, says_zero_when_nothing_was_recorded) {
    const Histogram histogram;
    EXPECT_EQ(histogram.value_at(0.5), 0U);
    EXPECT_EQ(histogram.max(), 0U);
}

TEST(Histogram, is_exact_below_256) {
    for (std::uint64_t value = 0; value < 256; ++value) {
        Histogram histogram;
        histogram.record(value);
        histogram.record(100'000);
        EXPECT_EQ(histogram.value_at(0.5), value);
    }
}

TEST(Histogram, is_within_one_percent_at_every_power_of_two_and_beside_it) {
    for (unsigned bit = 8; bit < 64; ++bit) {
        const std::uint64_t power = std::uint64_t{1} << bit;
        for (const std::uint64_t value : {power - 1, power, power + 1, power + power / 2 - 1}) {
            Histogram histogram;
            histogram.record(value);
            histogram.record(std::numeric_limits<std::uint64_t>::max());
            const std::uint64_t found = histogram.value_at(0.5);
            EXPECT_GE(found, value);
            EXPECT_LE(found - value, value / 128) << value;
        }
    }
}

TEST(Histogram, never_says_more_than_the_largest_value) {
    Histogram histogram;
    histogram.record(1'000'001);
    EXPECT_EQ(histogram.value_at(0.5), 1'000'001U);
    EXPECT_EQ(histogram.value_at(1), 1'000'001U);
}

TEST(Histogram, has_the_quantiles_of_sorted_values) {
    std::mt19937_64 random(1);
    std::lognormal_distribution<double> latencies(11, 2);
    std::vector<std::uint64_t> values(100'000);
    Histogram histogram;
    for (std::uint64_t& value : values) {
        value = static_cast<std::uint64_t>(latencies(random));
        histogram.record(value);
    }
    std::sort(values.begin(), values.end());
    EXPECT_EQ(histogram.count(), values.size());
    EXPECT_EQ(histogram.max(), values.back());
    for (const double quantile : {0.0001, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
        const double rank = std::ceil(quantile * static_cast<double>(values.size()));
        const std::uint64_t exact = values[static_cast<std::size_t>(rank) - 1];
        EXPECT_GE(histogram.value_at(quantile), exact) << quantile;
        EXPECT_LE(histogram.value_at(quantile) - exact, exact / 128) << quantile;
    }
}

}  // namespace
}  // namespace load
