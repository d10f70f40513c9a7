#include <edgews/net/admission.hpp>

#include <edgews/net/shard.hpp>

namespace edgews {

Admission::Admission(Shard& shard, const Address& address)
    : shard_(&shard), address_(address), is_refused_(!shard.enter(address)) {}

Admission::~Admission() {
    if (shard_ != nullptr) shard_->leave(*this);
}

}  // namespace edgews
