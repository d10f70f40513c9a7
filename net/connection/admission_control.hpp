// Limits on the number of connections, in total and per address, and on how often an address may
// connect.
#pragma once

#include <edgews/address.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace edgews {

// Counts the connections of all loops of a server. Any thread.
class AdmissionControl {
  public:
    struct Limits {
        std::size_t total_max;
        // As in ServerOptions.
        std::size_t per_address_max = 0;
        std::uint32_t connects_per_minute_max = 0;
        unsigned ipv6_prefix_length = 64;
    };
    // Throws std::invalid_argument, which names the option of ServerOptions.
    explicit AdmissionControl(Limits limits);
    ~AdmissionControl();

    // As whom limits take that address: of IPv6, its network.
    [[nodiscard]] Address group_of(const Address& address) const noexcept {
        return address.network(limits_.ipv6_prefix_length);
    }
    // Each counts one more connection: of all, of an address. False: that is more than may be, and
    // it is not counted.
    [[nodiscard]] bool enter() noexcept;
    [[nodiscard]] bool enter(const Address& address);
    // Counts that an address connects. False: it has done so too often. `now_ms`: Loop::now_ms().
    [[nodiscard]] bool connect(const Address& address, std::uint64_t now_ms);
    // Requires: it was counted so.
    void leave() noexcept;
    void leave(const Address& address) noexcept;
    [[nodiscard]] std::size_t count() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

  private:
    struct PerAddress;
    Limits limits_;
    std::atomic<std::size_t> count_{0};
    std::unique_ptr<PerAddress> per_address_;
};

}  // namespace edgews
