#include "net/connection/address_rates.hpp"

#include <algorithm>
#include <utility>

namespace edgews {

namespace {

constexpr std::uint64_t minute_us = 60'000'000;

}  // namespace

AddressRates::AddressRates(std::uint32_t per_minute_max) noexcept
    : token_us_(per_minute_max == 0 ? 0 : std::max<std::uint64_t>(minute_us / per_minute_max, 1)) {}

bool AddressRates::take(const Address& address, std::uint64_t now_ms) {
    if (token_us_ == 0) return true;
    const std::uint64_t now_us = now_ms * 1000;
    const std::lock_guard lock(mutex_);
    const std::uint64_t full_us = full_at_us(address);
    if (is_empty(full_us, now_us)) return false;
    forget(now_us);
    young_[address] = std::max(full_us, now_us) + token_us_;
    return true;
}

bool AddressRates::has(const Address& address, std::uint64_t now_ms) const {
    if (token_us_ == 0) return true;
    const std::lock_guard lock(mutex_);
    return !is_empty(full_at_us(address), now_ms * 1000);
}

std::size_t AddressRates::size() const {
    const std::lock_guard lock(mutex_);
    return young_.size() + old_.size();
}

std::uint64_t AddressRates::full_at_us(const Address& address) const noexcept {
    for (const FullAt* known : {&young_, &old_}) {
        const auto found = known->find(address);
        if (found != known->end()) return found->second;
    }
    return 0;
}

bool AddressRates::is_empty(std::uint64_t full_at_us, std::uint64_t now_us) const noexcept {
    return full_at_us + token_us_ > now_us + minute_us;
}

// After a minute each bucket that was left alone is full.
void AddressRates::forget(std::uint64_t now_us) {
    const bool is_late = now_us >= changed_us_ + minute_us;
    if (!is_late && young_.size() < size_max / 2) return;
    old_ = std::exchange(young_, {});
    changed_us_ = now_us;
}

}  // namespace edgews
