#include "net/connection/admission.hpp"

#include "net/server/shard.hpp"

namespace edgews {

Admission::Admission(Shard& shard, const Address& address) : shard_(&shard), address_(address) {
    is_refused_ = shard.is_over_memory() || !shard.admissions().enter();
    enter_address(true);
    if (is_refused_) {
        shard_ = nullptr;
    } else {
        shard.enter();
    }
}

Admission::~Admission() {
    if (shard_ == nullptr) return;
    leave_address();
    if (!is_refused_) shard_->admissions().leave();
    shard_->leave();
}

void Admission::move_to(const Address& address, bool as_new) {
    const bool is_same = address.has_ip_of(address_);
    if (!is_same) leave_address();
    address_ = address;
    if (!is_same) enter_address(as_new);
}

Address Admission::limited_as() const noexcept {
    const bool is_unix = address_.family() == Address::Family::unix_socket;
    if (shard_ == nullptr || is_unix || is_trusted()) return {};
    return shard_->admissions().group_of(address_);
}

bool Admission::is_trusted() const noexcept {
    return shard_->trusted_proxies().contains(address_);
}

void Admission::enter_address(bool as_new) {
    if (is_refused_ || is_trusted()) return;
    AdmissionControl& admissions = shard_->admissions();
    const bool may_connect = !as_new || admissions.connect(address_, shard_->loop().now_ms());
    is_address_counted_ = may_connect && admissions.enter(address_);
    if (is_address_counted_) return;
    is_refused_ = true;
    admissions.leave();  // Who is refused keeps nobody else out.
}

void Admission::leave_address() noexcept {
    if (is_address_counted_) shard_->admissions().leave(address_);
    is_address_counted_ = false;
}

}  // namespace edgews
