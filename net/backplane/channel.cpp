#include "net/backplane/channel.hpp"

#include <algorithm>
#include <functional>

namespace edgews {

Channel* Channels::find(const HashedView& topic) const noexcept {
    const auto found = by_topic_.find(topic);
    return found == by_topic_.end() ? nullptr : found->second;
}

Channel* Channels::find(ChannelNumber number) const noexcept {
    const auto found = by_number_.find(number);
    return found == by_number_.end() ? nullptr : found->second.get();
}

Channel& Channels::add(const HashedView& topic, ChannelNumber number) {
    auto made = std::make_unique<Channel>();
    Channel& channel = *made;
    channel.topic = HashedName(topic);
    channel.number = number;
    by_topic_.emplace(channel.topic, &channel);
    by_number_.emplace(number, std::move(made));
    return channel;
}

void Channels::remove(const Channel& channel) noexcept {
    by_topic_.erase(by_topic_.find(channel.topic));
    by_number_.erase(channel.number);
}

void Channels::linger(Channel& channel, std::uint64_t until_ms) {
    channel.lingers_until_ms = until_ms;
    ends_.push_back({channel.number, until_ms});
    std::push_heap(ends_.begin(), ends_.end(), std::greater<>());
}

// Null: it has gone, or somebody was interested since.
Channel* Channels::lingering(const End& end) const noexcept {
    Channel* const channel = find(end.number);
    return channel != nullptr && channel->lingers_until_ms == end.until_ms ? channel : nullptr;
}

std::uint64_t Channels::next_end_ms() const noexcept {
    return ends_.empty() ? 0 : ends_.front().until_ms;
}

Channel* Channels::take_ended(std::uint64_t now_ms) noexcept {
    while (!ends_.empty() && ends_.front().until_ms <= now_ms) {
        Channel* const channel = lingering(ends_.front());
        std::pop_heap(ends_.begin(), ends_.end(), std::greater<>());
        ends_.pop_back();
        if (channel != nullptr) return channel;
    }
    return nullptr;
}

}  // namespace edgews
