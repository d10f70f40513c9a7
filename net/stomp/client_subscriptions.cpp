#include "net/stomp/client_subscriptions.hpp"

#include <algorithm>

namespace edgews::stomp {

KeptHeaders::KeptHeaders(std::span<const Header> headers) {
    for (const Header& header : headers) headers_.emplace_back(header.name, header.value);
}

std::vector<Header> KeptHeaders::views() const {
    std::vector<Header> views;
    views.reserve(headers_.size());
    for (const auto& [name, value] : headers_) views.push_back({name, value});
    return views;
}

ClientSubscription& ClientSubscriptions::add(std::string_view destination, MessageHandler handler,
                                             const SubscribeOptions& options) {
    auto made = std::make_unique<ClientSubscription>(
        ClientSubscription{.number = ++last_number_,
                           .destination = std::string(destination),
                           .ack = options.ack,
                           .headers = KeptHeaders(options.headers),
                           .handler = std::move(handler),
                           .confirmed = options.confirmed});
    return *(by_number_[last_number_] = std::move(made));
}

ClientSubscription* ClientSubscriptions::find(SubscriptionNumber number) const noexcept {
    const auto found = by_number_.find(number);
    return found == by_number_.end() ? nullptr : found->second.get();
}

bool ClientSubscriptions::remove(SubscriptionNumber number) {
    const auto found = by_number_.find(number);
    if (found == by_number_.end()) return false;
    removed_.push_back(std::move(found->second));
    by_number_.erase(found);
    return true;
}

std::vector<SubscriptionNumber> ClientSubscriptions::numbers() const {
    std::vector<SubscriptionNumber> numbers;
    numbers.reserve(by_number_.size());
    for (const auto& [number, subscription] : by_number_) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

}  // namespace edgews::stomp
