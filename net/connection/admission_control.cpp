#include "net/connection/admission_control.hpp"

#include "net/connection/address_rates.hpp"

#include <map>
#include <mutex>
#include <stdexcept>

namespace edgews {

struct AdmissionControl::PerAddress {
    explicit PerAddress(const Limits& limits) : connects(limits.connects_per_minute_max) {}

    std::mutex mutex;                       // Guards what follows:
    std::map<Address, std::size_t> counts;  // of those who are connected.
    AddressRates connects;
};

AdmissionControl::AdmissionControl(Limits limits)
    : limits_(limits), per_address_(std::make_unique<PerAddress>(limits)) {
    if (limits.ipv6_prefix_length < 1 || limits.ipv6_prefix_length > 128) {
        throw std::invalid_argument("ServerOptions::ipv6_prefix_length must be 1 to 128");
    }
}

AdmissionControl::~AdmissionControl() = default;

bool AdmissionControl::enter() noexcept {
    if (count_.fetch_add(1, std::memory_order_relaxed) < limits_.total_max) return true;
    leave();
    return false;
}

void AdmissionControl::leave() noexcept {
    count_.fetch_sub(1, std::memory_order_relaxed);
}

bool AdmissionControl::enter(const Address& address) {
    if (limits_.per_address_max == 0) return true;
    const std::lock_guard lock(per_address_->mutex);
    const auto of_address = per_address_->counts.try_emplace(group_of(address), 0).first;
    if (of_address->second == limits_.per_address_max) return false;
    ++of_address->second;
    return true;
}

bool AdmissionControl::connect(const Address& address, std::uint64_t now_ms) {
    return per_address_->connects.take(group_of(address), now_ms);
}

void AdmissionControl::leave(const Address& address) noexcept {
    if (limits_.per_address_max == 0) return;
    const std::lock_guard lock(per_address_->mutex);
    const auto found = per_address_->counts.find(group_of(address));
    if (--found->second == 0) per_address_->counts.erase(found);
}

}  // namespace edgews
