// The topics of a node whose histories its upstream keeps: where the node is in each, how it comes
// back to that after it was away, and how connections do.
#include "net/backplane/node.hpp"

#include <utility>

namespace edgews {

using backplane::Envelope;
using backplane::Follower;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) noexcept {
    return std::as_bytes(std::span(text));
}

TopicPosition position_of(const Follower::Place& place) noexcept {
    return {.epoch = place.epoch, .offset = place.offset};
}

// Empty: it is none.
PreparedMessage message_of(std::string_view text) {
    const Envelope envelope = backplane::parse_envelope(bytes_of(text));
    if (envelope.fault != backplane::EnvelopeFault::none || !envelope.is_message()) return {};
    const bool is_text = envelope.kind == Envelope::Kind::text;
    return PreparedMessage(
        Message(is_text ? Message::Kind::text : Message::Kind::binary, envelope.payload));
}

}  // namespace

void BackplaneNode::backbone_read(ReadingNumber number, const HistoryReading* reading) {
    if (const auto found = fillings_.find(number); found != fillings_.end()) {
        Channel* const channel = channels_.find(found->second);
        fillings_.erase(found);
        if (channel != nullptr) take_filling(*channel, reading);
    } else if (Recoveries::Item* const item = recoveries_.find(number)) {
        take_recovery(*item, reading);
    }
}

// ---- The node ----------------------------------------------------------------------------------

void BackplaneNode::backbone_received(ChannelNumber number, TopicPosition position,
                                      std::span<const std::byte> bytes) {
    Channel* const channel = channels_.find(number);
    if (channel == nullptr) return;
    if (!channel->follower) return count(BackplaneCounter::malformed);
    switch (channel->follower->take({.epoch = position.epoch, .offset = position.offset})) {
        case Follower::Verdict::next:
            tell_place(*channel, {.epoch = position.epoch, .offset = position.offset - 1});
            return take_kept(*channel, bytes);
        case Follower::Verdict::passed: return;
        case Follower::Verdict::missed: return fill(*channel);
    }
}

// It was lost, and is known again.
void BackplaneNode::tell_place(Channel& channel, const TopicPosition& position) {
    if (!std::exchange(channel.has_lost_place, false)) return;
    tell_gap(channel, {.topic = channel.topic.text(), .position = position});
}

// The follower has come to it. Subscribers who count and do not get it have to be told.
void BackplaneNode::take_kept(Channel& channel, std::span<const std::byte> bytes) {
    const Envelope envelope = backplane::parse_envelope(bytes);
    if (envelope.fault != backplane::EnvelopeFault::none || !envelope.is_message()) {
        count(BackplaneCounter::malformed);
    } else if (take_message(channel, envelope)) {
        return;
    }
    tell_gap(channel,
             {.topic = channel.topic.text(), .position = position_of(channel.follower->place())});
}

void BackplaneNode::fill(Channel& channel) {
    const std::string_view topic = channel.topic.text();
    const Backbone::Wish wish{.from = position_of(channel.follower->place()), .wants_rest = true};
    channel.follower->begin_filling();
    const ReadingNumber number =
        backbone_->read(backbone_->channel_of(topic), *history_of(topic), wish);
    if (number != 0) fillings_[number] = channel.number;
}

// After a reconnection: the node's own come first, so that it is not behind a connection that asks.
void BackplaneNode::fill_all() {
    fillings_.clear();
    channels_.for_each([&](Channel& channel) {
        if (channel.follower && channel.follower->is_known()) fill(channel);
    });
    recoveries_.for_each([&](Recoveries::Item& item) { ask_for(item); });
}

// What is not whole lacks messages behind the place, or is of an epoch in which it means nothing. A
// new epoch has another name for each place, even if all is there.
void BackplaneNode::take_filling(Channel& channel, const HistoryReading* reading) {
    Follower& follower = *channel.follower;
    const std::string_view topic = channel.topic.text();
    if (reading == nullptr) {
        follower.forget();
        channel.has_lost_place = true;
        tell_gap(channel, {.topic = topic});
    } else {
        const std::uint64_t epoch = reading->position.epoch;
        std::uint64_t offset = reading->position.offset - reading->messages.size();
        const bool is_seamless = reading->is_whole && follower.place().epoch == epoch;
        follower.arrive({.epoch = epoch, .offset = offset});
        if (!is_seamless) {
            tell_gap(channel, {.topic = topic, .position = position_of(follower.place())});
        }
        for (const std::string_view message : reading->messages) {
            follower.arrive({.epoch = epoch, .offset = ++offset});
            take_kept(channel, bytes_of(message));
        }
    }
    if (channel.is_confirmed_when_filled) return backbone_confirmed(channel.number);
    ask_about(channel);
}

// ---- Connections -------------------------------------------------------------------------------

void BackplaneNode::recover_upstream(std::unique_ptr<Recovered> recovered) {
    ask_for(recoveries_.add(std::move(recovered), home_->now_ms() + options_.queue_ms));
    if (recovery_timer_ == no_token) {
        later(recovery_timer_, options_.queue_ms, [this] { give_up_recoveries(); });
    }
}

// The channel is heard before it is read: what is not in the one comes by the other.
void BackplaneNode::ask_for(Recoveries::Item& item) {
    const HashedView topic(item.recovered->topic);
    Channel& channel = hear(topic);
    if (channel.loop_count == 0) linger(channel);
    item.channel = channel.number;
    item.reading = backbone_->read(backbone_->channel_of(topic.text()), *history_of(topic.text()),
                                   {.from = item.recovered->recovering->from});
}

// It is told when the node is where the answer ends: then what follows comes to both.
void BackplaneNode::take_recovery(Recoveries::Item& item, const HistoryReading* reading) {
    if (reading == nullptr) return answer(recoveries_.take(item));
    const TopicPosition last = reading->position;
    Channel* const channel = channels_.find(item.channel);
    if (channel == nullptr || channel->follower->is_filling()) return ask_for(item);
    const Follower::Place place{.epoch = last.epoch, .offset = last.offset};
    if (!channel->follower->is_known()) {
        channel->follower->arrive(place);
        tell_place(*channel, last);
    }
    if (channel->follower->place() != place) {
        fill(*channel);
        return ask_for(item);
    }
    if (channel->loop_count == 0) linger(*channel);
    std::unique_ptr<Recovered> recovered = recoveries_.take(item);
    TopicRecovery& recovery = recovered->recovery;
    recovery = {.is_recovered = reading->is_whole, .position = last};
    if (reading->is_whole) recovery.position.offset -= reading->messages.size();
    for (const std::string_view text : reading->messages) {
        recovered->missed.push_back(message_of(text));
        if (recovered->missed.back()) continue;
        recovered->missed.clear();
        recovery = {.is_recovered = false, .position = last};
        break;
    }
    answer(std::move(recovered));
}

void BackplaneNode::give_up_recoveries() {
    const std::uint64_t now_ms = home_->now_ms();
    Recoveries::Item* first = recoveries_.first();
    for (; first != nullptr && first->until_ms <= now_ms; first = recoveries_.first()) {
        answer(recoveries_.take(*first));
    }
    if (first == nullptr) return;
    later(recovery_timer_, first->until_ms - now_ms, [this] { give_up_recoveries(); });
}

}  // namespace edgews
