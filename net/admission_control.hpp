// Who may connect: limits on the number of connections, in total and per address.
#pragma once

#include <edgews/net/address.hpp>

#include <atomic>
#include <cstddef>
#include <memory>

namespace edgews {

// Counts the connections of all loops of a server. Any thread.
class AdmissionControl {
  public:
    struct Limits {
        std::size_t total_max;
        std::size_t per_address_max;  // 0: none.
    };
    explicit AdmissionControl(Limits limits);
    ~AdmissionControl();

    // Each counts one more connection: of all, of an address. False: that is more than may be, and
    // it is not counted.
    [[nodiscard]] bool enter() noexcept;
    [[nodiscard]] bool enter(const Address& address);
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
    std::unique_ptr<PerAddress> per_address_;  // Null: no such limit.
};

}  // namespace edgews
