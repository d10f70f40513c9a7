#include "sim/choices.hpp"

#include <cassert>

namespace edgews::sim {

namespace {

// Bytes that hold any answer to a question with so many.
std::size_t width_of(std::uint32_t count) noexcept {
    if (count <= 0x100) return 1;
    return count <= 0x10000 ? 2 : 4;
}

}  // namespace

std::uint32_t Choices::below(std::uint32_t count) {
    assert(count > 0);
    if (count == 1) return 0;
    const std::size_t width = width_of(count);
    const std::uint32_t answer = next(width) % count;
    for (std::size_t i = 0; i < width; ++i) {
        taken_.push_back(static_cast<std::byte>(answer >> (8 * i)));
    }
    return answer;
}

// From the place that taken() has reached, or from the generator.
std::uint32_t Choices::next(std::size_t width) noexcept {
    if (!is_replayed_) {
        state_ += 0x9E3779B97F4A7C15;
        std::uint64_t value = state_;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return static_cast<std::uint32_t>((value ^ (value >> 31)) >> 32);
    }
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width && taken_.size() + i < recorded_.size(); ++i) {
        value |= std::to_integer<std::uint32_t>(recorded_[taken_.size() + i]) << (8 * i);
    }
    return value;
}

}  // namespace edgews::sim
