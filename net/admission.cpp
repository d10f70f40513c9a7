#include <edgews/net/admission.hpp>

#include <edgews/net/shard.hpp>

namespace edgews {

Admission::Admission(Shard& shard, const Address& address) : shard_(&shard), address_(address) {
    shard.enter();
    is_refused_ = shard.is_over_memory() || !shard.admissions().enter();
    enter_address();
}

Admission::~Admission() {
    if (shard_ == nullptr) return;
    leave_address();
    if (!is_refused_) shard_->admissions().leave();
    shard_->leave();
}

void Admission::move_to(const Address& address) {
    const bool is_same = address.has_ip_of(address_);
    if (!is_same) leave_address();
    address_ = address;
    if (!is_same) enter_address();
}

void Admission::enter_address() {
    if (is_refused_ || shard_->trusted_proxies().contains(address_)) return;
    is_address_counted_ = shard_->admissions().enter(address_);
    if (is_address_counted_) return;
    is_refused_ = true;
    shard_->admissions().leave();  // Who is refused keeps nobody else out.
}

void Admission::leave_address() noexcept {
    if (is_address_counted_) shard_->admissions().leave(address_);
    is_address_counted_ = false;
}

}  // namespace edgews
