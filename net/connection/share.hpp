// A connection's share of its loop's turn.
#pragma once

#include "net/loop/reactor.hpp"

#include <cstddef>
#include <cstdint>

namespace edgews {

// What one connection may have its loop do in one turn, before others get theirs: counted in bytes,
// or what is worth as many, for small frames, what compresses well and what goes to many cost more
// than their bytes say.
class Share {
  public:
    static constexpr std::size_t size_max = 4 * Reactor::receive_space_size;
    static constexpr std::size_t event_cost = 512;
    static constexpr std::size_t delivery_cost = 256;

    // `delivery_count`: Topics::delivery_count(), as it is now.
    void begin(std::uint64_t delivery_count) noexcept {
        spent_ = 0;
        delivery_count_ = delivery_count;
    }
    void spend(std::size_t cost) noexcept { spent_ += cost; }
    [[nodiscard]] bool is_used_up(std::uint64_t delivery_count) const noexcept {
        return spent_ + (delivery_count - delivery_count_) * delivery_cost >= size_max;
    }

  private:
    std::size_t spent_ = 0;
    std::uint64_t delivery_count_ = 0;
};

}  // namespace edgews
