// A histogram of any 64-bit values in constant space, in the manner of HdrHistogram.
//
// Values below 256 have a bucket each. Above, every power of two is cut into 128 buckets of
// equal width, so that a bucket is never wider than 1/128 of the values in it:
//
//     | 0 … 255, one by one | 256 … 511, by 2 | 512 … 1023, by 4 | …
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace load {

class Histogram {
  public:
    void record(std::uint64_t value) noexcept {
        ++counts_[index_of(value)];
        ++count_;
        max_ = std::max(max_, value);
    }

    // The least value that a share of `quantile` (0 to 1) of all do not exceed: never too small,
    // and less than 1 % too large. 0 when nothing was recorded.
    [[nodiscard]] std::uint64_t value_at(double quantile) const noexcept {
        const auto wanted =
            std::max(std::uint64_t{1},
                     static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_))));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen >= wanted) return std::min(last_value_of(i), max_);
        }
        return max_;
    }
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] std::uint64_t max() const noexcept { return max_; }

  private:
    static constexpr unsigned buckets_per_power_bits = 7;
    static constexpr std::size_t buckets_per_power = 1U << buckets_per_power_bits;

    // How often the value must be halved to be below 256.
    static unsigned shift_of(std::uint64_t value) noexcept {
        const auto width = static_cast<unsigned>(std::bit_width(value));
        return width > buckets_per_power_bits + 1 ? width - (buckets_per_power_bits + 1) : 0;
    }
    static std::size_t index_of(std::uint64_t value) noexcept {
        const unsigned shift = shift_of(value);
        return shift * buckets_per_power + static_cast<std::size_t>(value >> shift);
    }
    static std::uint64_t last_value_of(std::size_t index) noexcept {
        if (index < 2 * buckets_per_power) return index;
        const std::size_t shift = index / buckets_per_power - 1;
        const std::uint64_t first = index - shift * buckets_per_power;
        return (first << shift) + ((std::uint64_t{1} << shift) - 1);
    }

    std::vector<std::uint64_t> counts_ =
        std::vector<std::uint64_t>((64 - buckets_per_power_bits + 1) * buckets_per_power);
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace load
