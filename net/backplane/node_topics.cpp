// What a node hears at its upstream, and in which topics somebody here is interested.
#include "net/backplane/node.hpp"
#include "net/connection/websocket_connection.hpp"
#include "net/loop/slots.hpp"

#include <algorithm>
#include <utility>

namespace edgews {

namespace {

// Topics that are heard without a subscriber, before a broker's are heard no longer than they have
// one: its clients choose their names.
constexpr std::size_t lingering_count_max = 1'000;

// Milliseconds after a question in which others may ask the same.
constexpr std::uint64_t answer_delay_ms = 50;

}  // namespace

using backplane::Envelope;

// ---- Interest ----------------------------------------------------------------------------------

void BackplaneNode::count_channels() noexcept {
    set(BackplaneCounter::subscriptions, channels_.count());
    set(BackplaneCounter::unconfirmed, unconfirmed_count_);
}

Channel& BackplaneNode::hear(const HashedView& topic) {
    if (Channel* const channel = channels_.find(topic)) return *channel;
    Channel& channel =
        channels_.add(topic, backbone_->subscribe(backbone_->channel_of(topic.text())));
    channel.is_said_whole = backbone_->says_whole(topic.text());
    if (const backplane::Publication* const before = publications_.find(topic)) {
        channel.run_before = before->run;
        channel.sequence_before = before->sequence;
    }
    if (history_upstream(topic.text()) != nullptr) {
        channel.follower.emplace();
    } else if (const TopicHistory* const history = history_of(topic.text())) {
        channel.history.emplace(backplane::HistoryLimits{.count_max = history->message_count_max,
                                                         .size_max = history->size_max,
                                                         .ttl_ms = history->ttl_ms},
                                random_number());
    }
    ++unconfirmed_count_;
    count_channels();
    return channel;
}

void BackplaneNode::gain(const HashedView& topic) {
    Channel& channel = hear(topic);
    ++channel.loop_count;
    if (std::exchange(channel.lingers_until_ms, 0) != 0) --lingering_count_;
    if (phase_ == Phase::away && !channel.was_confirmed) channel.was_blind = true;
}

void BackplaneNode::lose(const HashedView& topic) {
    Channel* const channel = channels_.find(topic);
    if (channel != nullptr && --channel->loop_count == 0) linger(*channel);
}

void BackplaneNode::linger(Channel& channel) {
    std::uint32_t linger_ms = options_.linger_ms;
    if (channel.history) {
        linger_ms = std::max(linger_ms, history_of(channel.topic.text())->ttl_ms);
    } else if (channel.follower) {
        linger_ms = std::max(linger_ms, options_.queue_ms);  // So long may somebody wait for it.
    }
    if (channel.lingers_until_ms == 0) ++lingering_count_;
    const bool are_many = lingering_count_ > lingering_count_max;
    if (are_many && is_of_broker(channel.topic.text())) linger_ms = 0;
    channels_.linger(channel, home_->now_ms() + linger_ms);
    const std::uint64_t next_ms = channels_.next_end_ms();
    later(linger_timer_, next_ms - std::min(next_ms, home_->now_ms()), [this] { end_lingering(); });
}

void BackplaneNode::end_lingering() {
    const std::uint64_t now_ms = home_->now_ms();
    while (Channel* const channel = channels_.take_ended(now_ms)) {
        backbone_->unsubscribe(channel->number);
        answer_waiting(*channel, false);
        if (!channel->is_confirmed) --unconfirmed_count_;
        --lingering_count_;
        channels_.remove(*channel);
    }
    count_channels();
    const std::uint64_t next_ms = channels_.next_end_ms();
    if (next_ms > 0) later(linger_timer_, next_ms - now_ms, [this] { end_lingering(); });
}

void BackplaneNode::prepare_now(const HashedView& topic, Function<void(bool)> done) {
    if (!carries_route(topic.text()) && !is_of_broker(topic.text())) return done(true);
    Channel& channel = hear(topic);
    if (channel.loop_count == 0) linger(channel);
    if (channel.is_confirmed || phase_ == Phase::away) return done(channel.is_confirmed);
    channel.waiting.push_back(std::move(done));
    if (channel.waiting.size() > 1) return;
    channel.waiting_until_ms = home_->now_ms() + options_.queue_ms;
    home_->after(options_.queue_ms, make_job([this, number = channel.number] {
                     Channel* const late = home_ == nullptr ? nullptr : channels_.find(number);
                     // Others may have come since, who have a time of their own.
                     if (late == nullptr || home_->now_ms() < late->waiting_until_ms) return;
                     answer_waiting(*late, false);
                 }));
}

// Who is told that it is not heard yet may subscribe nevertheless.
void BackplaneNode::answer_waiting(Channel& channel, bool is_heard) {
    if (!is_heard && !channel.waiting.empty() && !channel.was_confirmed) channel.was_blind = true;
    for (const auto& done : std::exchange(channel.waiting, {})) done(is_heard);
}

void BackplaneNode::unconfirm_all() {
    unconfirmed_count_ = channels_.count();
    channels_.for_each([&](Channel& channel) {
        channel.is_confirmed = false;
        channel.is_confirmed_when_filled = false;
        answer_waiting(channel, false);
    });
    count_channels();
}

void BackplaneNode::backbone_confirmed(ChannelNumber number) {
    Channel* const channel = channels_.find(number);
    if (channel == nullptr) return;
    // What comes until then may be missed, if the history is not whole.
    channel->is_confirmed_when_filled = channel->follower && channel->follower->is_filling();
    if (channel->is_confirmed_when_filled || std::exchange(channel->is_confirmed, true)) return;
    --unconfirmed_count_;
    count_channels();
    if (!std::exchange(channel->was_confirmed, true)) {
        channel->publishers.heard_since(home_->now_ms());
        if (channel->was_blind && channel->loop_count > 0)
            tell_gap(*channel, {.topic = channel->topic.text()});
    }
    ask_about(*channel);
    answer_waiting(*channel, true);
}

void BackplaneNode::backbone_refused(ChannelNumber number) {
    Channel* const channel = channels_.find(number);
    if (channel != nullptr) answer_waiting(*channel, false);
}

// ---- What comes --------------------------------------------------------------------------------

void BackplaneNode::backbone_received(ChannelNumber number, std::span<const std::byte> bytes) {
    const Envelope envelope = backplane::parse_envelope(bytes);
    const bool is_question = envelope.kind == Envelope::Kind::ask;
    if (envelope.fault != backplane::EnvelopeFault::none || is_question != (number == control_)) {
        return count(BackplaneCounter::malformed);
    }
    if (is_question) return take_question(envelope);
    Channel* const channel = channels_.find(number);
    if (channel == nullptr) return;
    // Another topic may have the same channel.
    const bool is_said = channel->is_said_whole && envelope.name.empty();
    if (!is_said && envelope.name != channel->topic.text()) return;
    // A mark may be in front of what is read. All are asked for theirs again.
    if (channel->follower && channel->follower->is_filling()) return;
    take_message(*channel, envelope);
}

void BackplaneNode::take_question(const Envelope& envelope) {
    if (envelope.node == id_) return;
    count(BackplaneCounter::asks);
    backplane::TopicReader topics(envelope.payload);
    bool is_known = false;
    while (const auto topic = topics.next()) {
        is_known |= publications_.ask(HashedView(*topic));
    }
    if (is_known) mark_soon(answer_delay_ms);
}

bool BackplaneNode::take_message(Channel& channel, const Envelope& envelope) {
    const bool is_own = envelope.node == id_;
    if (is_own && envelope.is_message()) count(BackplaneCounter::echoes);
    if (is_own && options_.mode == BackplaneMode::local_first && !channel.follower) return false;
    const auto verdict = channel.publishers.take(envelope, home_->now_ms());
    if (verdict.missing) {
        count(BackplaneCounter::gaps);
        count(BackplaneCounter::missing, verdict.missing->count());
        const std::string node = backplane::to_string(envelope.node);
        tell_gap(channel, {.topic = channel.topic.text(),
                           .node = node,
                           .first = verdict.missing->first,
                           .last = verdict.missing->last});
    }
    if (!envelope.is_message()) return false;
    if (!verdict.is_new) {
        count(BackplaneCounter::duplicates);
        return false;
    }
    if (is_own && !channel.follower && was_before(channel, envelope)) return false;
    if (is_of_broker(channel.topic.text())) {
        take_brokers(channel, envelope);
        return true;
    }
    const bool is_text = envelope.kind == Envelope::Kind::text;
    const PreparedMessage message(
        Message(is_text ? Message::Kind::text : Message::Kind::binary, envelope.payload));
    if (!message) {  // A text that is not UTF-8.
        count(BackplaneCounter::malformed);
        return false;
    }
    if (!is_own) count(BackplaneCounter::received);
    deliver(channel, message, is_own ? take_own(channel, envelope) : Excepted{});
    return true;
}

// Of a message of its own: it was published before the node heard the topic.
bool BackplaneNode::was_before(const Channel& channel, const Envelope& envelope) noexcept {
    if (envelope.run != channel.run_before) return envelope.run < channel.run_before;
    return envelope.sequence <= channel.sequence_before;
}

void BackplaneNode::deliver(Channel& channel, const PreparedMessage& message,
                            const Excepted& except) {
    if (channel.history) channel.history->add(message, home_->now_ms());
    deliveries_.add(channel.topic.text(), message, except);
}

// Those in front of it did not come back.
Excepted BackplaneNode::take_own(Channel& channel, const Envelope& envelope) {
    auto& own = channel.own;
    while (!own.empty()) {
        const Channel::Own first = own.front();
        if (first.run > envelope.run) break;
        if (first.run == envelope.run && first.sequence > envelope.sequence) break;
        own.pop_front();
        if (first.run == envelope.run && first.sequence == envelope.sequence) return first.except;
    }
    return {};
}

// In front of what follows, and behind what came before, on all loops.
void BackplaneNode::tell_gap(Channel& channel, const TopicGap& gap) {
    if (channel.history) channel.history->break_off();
    deliveries_.flush();
    TopicGap told = gap;
    if (is_of_broker(gap.topic)) {
        told.topic = topic_of(gap.topic);
        if (receiver_ != nullptr) receiver_->missed(told.topic, told.count());
    }
    if (hooks_.gap) hooks_.gap(told);
}

// ---- Histories ---------------------------------------------------------------------------------

// What the connection gets: on its loop, behind all that was delivered there before, and in front
// of all that will be.
void BackplaneNode::recover(const HashedView& topic, std::unique_ptr<Recovering> recovering) {
    auto recovered = std::make_unique<Recovered>(
        Recovered{.topic = std::string(topic.text()), .recovering = std::move(recovering)});
    if (history_of(topic.text()) != nullptr && carries_route(topic.text())) {
        if (history_upstream(topic.text()) != nullptr)
            return recover_upstream(std::move(recovered));
        Channel& channel = hear(topic);
        if (channel.loop_count == 0) linger(channel);
        backplane::History& history = *channel.history;
        const TopicPosition from = recovered->recovering->from;
        auto missed = history.since(from.epoch, from.offset, home_->now_ms());
        recovered->recovery = {
            .is_recovered = missed.has_value(),
            .position = missed ? from : TopicPosition{history.epoch(), history.offset()}};
        if (missed) recovered->missed = std::move(*missed);
    }
    answer(std::move(recovered));
}

void BackplaneNode::answer(std::unique_ptr<Recovered> recovered) {
    deliveries_.flush();
    Reactor* const reactor = recovered->recovering->reactor;
    if (reactor == home_) return recovered->run();
    reactor->post(make_job([recovered = std::move(recovered)] { recovered->run(); }));
}

}  // namespace edgews
