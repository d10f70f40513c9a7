#include <edgews/net/admission_control.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <mutex>

namespace edgews {

struct AdmissionControl::PerAddress {
    std::mutex mutex;
    std::map<std::array<std::uint8_t, 16>, std::size_t> counts;
};

AdmissionControl::AdmissionControl(Limits limits)
    : limits_(limits), per_address_(limits.per_address_max > 0 ? new PerAddress : nullptr) {}

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
    if (!per_address_) return true;
    const std::lock_guard lock(per_address_->mutex);
    std::size_t& of_address = per_address_->counts[address.bytes()];
    if (of_address == limits_.per_address_max) return false;
    ++of_address;
    return true;
}

void AdmissionControl::leave(const Address& address) noexcept {
    if (!per_address_) return;
    const std::lock_guard lock(per_address_->mutex);
    const auto found = per_address_->counts.find(address.bytes());
    if (--found->second == 0) per_address_->counts.erase(found);
}

}  // namespace edgews
