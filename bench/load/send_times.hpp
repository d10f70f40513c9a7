// When each message that is on its way was sent. They come back in order, so the times of a
// connection form a ring.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "clock.hpp"
#include "options.hpp"

namespace load {

class SendTimes {
  public:
    explicit SendTimes(const Options& options)
        : in_flight_(options.in_flight),
          times_(std::size_t{options.connections} * options.in_flight, now_ns()),
          oldest_(options.connections) {}

    // The time of a connection's oldest message, in whose place one is sent now.
    std::uint64_t exchange_oldest(std::size_t connection, std::uint64_t now) noexcept {
        unsigned& oldest = oldest_[connection];
        const std::uint64_t sent = std::exchange(times_[connection * in_flight_ + oldest], now);
        oldest = oldest + 1 == in_flight_ ? 0 : oldest + 1;
        return sent;
    }

  private:
    unsigned in_flight_;
    std::vector<std::uint64_t> times_;
    std::vector<unsigned> oldest_;
};

}  // namespace load
