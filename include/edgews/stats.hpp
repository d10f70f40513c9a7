// The counters of a server.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace edgews {

enum class Counter : std::uint8_t {
    connections_accepted,  // TCP connections
    connections_refused,   // over a limit, for want of descriptors or of a PROXY header
    connections_open,      // now, those still in the handshake included
    websockets_opened,
    websockets_open,  // now
    handshakes_refused,
    http_requests,      // plain ones that were answered
    messages_received,  // streamed ones when they end
    messages_sent,      // frames to one connection each, control frames not counted
    messages_dropped,   // for a full backlog
    bytes_received,     // of TCP payload, all in all
    bytes_sent,
    protocol_faults,   // connections closed because the peer broke a rule
    handler_failures,  // exceptions that left a handler
};
inline constexpr std::size_t counter_count =
    static_cast<std::size_t>(Counter::handler_failures) + 1;

// "edgews_connections_open", the name of the metric; of counters with "_total".
[[nodiscard]] const char* metric_name(Counter counter) noexcept;

// A server's counters at one moment, all loops together.
struct Stats {
    std::array<std::uint64_t, counter_count> values{};

    [[nodiscard]] std::uint64_t operator[](Counter counter) const noexcept {
        return values[static_cast<std::size_t>(counter)];
    }
    // Prometheus' text exposition format, for a route such as /metrics.
    [[nodiscard]] std::string prometheus() const;
};

// One loop's counters: written by it alone, read by anyone.
class Counters {
  public:
    void add(Counter counter, std::uint64_t amount = 1) noexcept {
        auto& value = values_[static_cast<std::size_t>(counter)];
        value.store(value.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    void subtract(Counter counter) noexcept { add(counter, UINT64_MAX); }  // Wraps to -1.
    void add_to(Stats& stats) const noexcept {
        for (std::size_t i = 0; i < counter_count; ++i) {
            stats.values[i] += values_[i].load(std::memory_order_relaxed);
        }
    }

  private:
    std::array<std::atomic<std::uint64_t>, counter_count> values_{};
};

}  // namespace edgews
