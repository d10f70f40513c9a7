#include "core/stomp/outbox.hpp"

#include <cassert>

namespace edgews::stomp {

Outbox::~Outbox() {
    assert(by_number_.empty());
}

Subscription* Outbox::find(std::string_view id) const noexcept {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

Subscription* Outbox::find(std::uint64_t number) const noexcept {
    const auto found = by_number_.find(number);
    return found == by_number_.end() ? nullptr : found->second.get();
}

Subscription& Outbox::add(std::uint64_t number, SubscriptionSetup setup) {
    auto subscription = std::make_unique<Subscription>(*this, number, std::move(setup));
    by_id_.emplace(HashedView(subscription->setup().id), subscription.get());
    return *(by_number_[number] = std::move(subscription));
}

void Outbox::remove(Subscription& subscription) noexcept {
    ready.remove(subscription);
    by_id_.erase(HashedView(subscription.setup().id));
    by_number_.erase(subscription.number());
}

}  // namespace edgews::stomp
