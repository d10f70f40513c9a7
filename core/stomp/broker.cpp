#include <edgews/core/stomp/broker.hpp>

#include <algorithm>
#include <cassert>

namespace edgews::stomp {
namespace {

constexpr std::string_view queue_prefix = "/queue/";
constexpr std::string_view temporary_prefix = "/temp-queue/";
// How much more than BrokerOptions::backlog_size_max may wait while the connection takes some.
constexpr std::size_t taking_factor = 8;

}  // namespace

Fault fault_of(Broker::Sent sent) noexcept {
    switch (sent) {
        case Broker::Sent::done:
        case Broker::Sent::blocked: return Fault::none;
        case Broker::Sent::full: return Fault::queue_full;
        case Broker::Sent::too_many_destinations: return Fault::too_many_destinations;
    }
    return Fault::none;
}

Broker::~Broker() {
    assert(attention_.is_empty());
    assert(yielding_.is_empty());
}

void Broker::set_time(std::uint64_t now_ms) {
    constexpr std::uint64_t sweep_every_ms = 500;
    now_ms_ = now_ms;
    // A clock that was set back has it sweep at once.
    if (!has_expiring_ || (now_ms >= swept_ms_ && now_ms - swept_ms_ < sweep_every_ms)) return;
    swept_ms_ = now_ms;
    drop_expired();
}

void Broker::leave(Outbox& outbox) noexcept {
    std::vector<Queue*> left;
    if (Queue* const queue = std::exchange(outbox.blocked_on, nullptr)) {
        queue->blocked.remove(outbox);
        left.push_back(queue);
    }
    while (outbox.subscription_count() > 0) {
        Subscription& subscription = outbox.any();
        if (subscription.queue == nullptr) {
            leave_topic(subscription);
        } else {
            left.push_back(&leave_queue(subscription));
        }
        outbox.remove(subscription);
    }
    // When all is back: several of its subscriptions may have had a queue's messages by turns.
    std::sort(left.begin(), left.end());
    left.erase(std::unique(left.begin(), left.end()), left.end());
    for (Queue* const queue : left) after_leaving(*queue);
    yielding_.remove(outbox);
    attention_.remove(outbox);
}

void Broker::end(Outbox& outbox, Fault fault, std::string_view reason) {
    if (outbox.fault != Fault::none) return;
    outbox.fault = fault;
    outbox.reason = reason;
    attend_to(outbox);
}

std::string Broker::subscription_key(const Outbox& outbox, std::string_view destination) {
    std::string key;
    switch (kind_of(destination)) {
        case DestinationKind::temp_queue:
            key = temporary_prefix;
            key += outbox.session_id;
            key += destination.substr(temporary_prefix.size() - 1);
            break;
        case DestinationKind::user:
            key = user_destination(outbox.user.empty() ? outbox.session_id : outbox.user,
                                   destination.substr(std::string_view("/user").size()));
            break;
        case DestinationKind::unknown:
        case DestinationKind::topic:
        case DestinationKind::queue:
        case DestinationKind::application: key = destination; break;
    }
    return key;
}

Fault Broker::subscribe(Outbox& outbox, SubscriptionSetup setup) {
    if (outbox.subscription_count() >= options_.subscription_count_max) {
        return Fault::too_many_subscriptions;
    }
    setup.key = subscription_key(outbox, setup.destination);
    setup.is_pattern = is_pattern(setup.key);
    const std::uint32_t prefetch_max = std::max(options_.prefetch_count, 1U);
    setup.prefetch_count =
        setup.prefetch_count == 0 ? prefetch_max : std::min(setup.prefetch_count, prefetch_max);
    const DestinationKind kind = kind_of(setup.destination);
    if (kind == DestinationKind::topic || kind == DestinationKind::user) {
        const bool is_full = topics_.count() >= options_.destination_count_max;
        if (is_full && !topics_.has(setup.key)) return Fault::too_many_destinations;
        if (setup.is_pattern && ++outbox.pattern_count > options_.pattern_count_max) {
            --outbox.pattern_count;
            return Fault::too_many_subscriptions;
        }
        Subscription& subscription = outbox.add(++last_number_, std::move(setup));
        topics_.add(subscription.setup().key, subscription);
        return Fault::none;
    }
    Queue* const queue = queue_of(setup.key);
    if (queue == nullptr) return Fault::too_many_destinations;
    queue->add(outbox.add(++last_number_, std::move(setup)));
    dispatch(*queue);
    return Fault::none;
}

void Broker::unsubscribe(Subscription& subscription) {
    if (subscription.queue == nullptr) {
        leave_topic(subscription);
        return subscription.outbox().remove(subscription);
    }
    Queue& queue = leave_queue(subscription);
    subscription.outbox().remove(subscription);
    after_leaving(queue);
}

Broker::Sent Broker::send(std::string_view key, const Content& content, Outbox* producer) {
    Sent sent = Sent::done;
    if (key.starts_with(queue_prefix)) {
        sent = send_to_queue(key, content, producer);
    } else if (key.starts_with(temporary_prefix)) {
        sent = send_to_temporary(key, content);
    } else if (publish(key, content) && producer != nullptr) {
        yield(*producer);
    }
    if (sent == Sent::done) ++counters_.received;
    return sent;
}

Broker::Sent Broker::send_all(std::span<const Sending> sendings, Outbox* producer) {
    const Sent room = check_room(sendings, producer);
    if (room != Sent::done) return room;
    for (const Sending& sending : sendings) {
        const bool may_yield = producer != nullptr && !producer->has_to_wait();
        const Sent sent = send(sending.key, sending.content, may_yield ? producer : nullptr);
        assert(sent == Sent::done);
        static_cast<void>(sent);
    }
    return Sent::done;
}

// True: it went to a crowded subscriber.
bool Broker::publish(std::string_view key, const Content& content) {
    bool is_crowded = false;
    found_.clear();
    topics_.find(key, found_);
    for (Subscription* const subscription : found_) {
        offer(*subscription, content);
        is_crowded = is_crowded || subscription->outbox().is_crowded;
    }
    return is_crowded;
}

void Broker::offer(Subscription& subscription, const Content& content) {
    Outbox& outbox = subscription.outbox();
    if (outbox.fault != Fault::none || !may_wait(subscription, content.size())) return;
    Delivery delivery{.content = content, .is_covered = subscription.covers_one_more()};
    note_waiting(outbox, delivery);
    subscription.give(std::move(delivery));
    note_ready(subscription);
}

// Whether one more topic message may wait for the subscription's client. What is only held up by
// its ACKs has a limit of its own: no producer waits for these.
bool Broker::may_wait(Subscription& subscription, std::size_t size) {
    Outbox& outbox = subscription.outbox();
    const bool is_covered = subscription.covers_one_more();
    const std::size_t& waiting = is_covered ? outbox.waiting_size : outbox.uncovered_size;
    const std::size_t factor = is_covered && outbox.is_taking ? taking_factor : 1;
    const std::size_t max = options_.backlog_size_max * factor;
    const auto fits = [&] { return waiting == 0 || waiting + size <= max; };
    if (fits()) return true;
    switch (options_.when_slow) {
        case WhenSlow::disconnect: end(outbox, Fault::too_slow); return false;
        case WhenSlow::drop_oldest:
            while (!fits() && subscription.waiting_count() > 0) {
                forget_waiting(outbox, subscription.take_back());
                ++counters_.dropped;
            }
            if (!subscription.has_ready()) outbox.ready.remove(subscription);
            break;
        case WhenSlow::drop_newest: break;
    }
    if (!fits()) ++counters_.dropped;
    return fits();
}

void Broker::note_waiting(Outbox& outbox, const Delivery& delivery) noexcept {
    (delivery.is_covered ? outbox.waiting_size : outbox.uncovered_size) += delivery.content.size();
    look_for_crowd(outbox);
}

void Broker::forget_waiting(Outbox& outbox, const Delivery& delivery) noexcept {
    (delivery.is_covered ? outbox.waiting_size : outbox.uncovered_size) -= delivery.content.size();
    look_for_crowd(outbox);
}

// A subscriber whose connection takes messages is not slow; only its loop has not come to it yet.
// Producers may be faster than that, and then they wait.
void Broker::look_for_crowd(Outbox& outbox) noexcept {
    const std::size_t max = options_.backlog_size_max;
    const bool was_crowded = outbox.is_crowded;
    outbox.is_crowded = outbox.is_taking && outbox.waiting_size > (was_crowded ? max / 4 : max / 2);
    if (!was_crowded || outbox.is_crowded) return;
    while (Outbox* const producer = yielding_.pop_front()) {
        producer->may_try_again = true;
        attend_to(*producer);
    }
}

void Broker::set_taking(Outbox& outbox, bool is_taking) noexcept {
    outbox.is_taking = is_taking;
    look_for_crowd(outbox);
}

void Broker::yield(Outbox& producer) noexcept {
    producer.may_try_again = false;
    yielding_.push_back(producer);
}

void Broker::leave_topic(Subscription& subscription) noexcept {
    Outbox& outbox = subscription.outbox();
    while (subscription.waiting_count() > 0) {
        forget_waiting(outbox, subscription.take_back());
    }
    subscription.settle_all([](const Delivery&) {});
    topics_.remove(subscription.setup().key, subscription);
    if (subscription.setup().is_pattern) --outbox.pattern_count;
}

bool Broker::collect(Outbox& outbox, std::size_t size_max, std::vector<Outgoing>& out) {
    std::size_t size = 0;
    while (Subscription* const subscription = outbox.ready.pop_front()) {
        Queue* const queue = subscription->queue;
        const std::size_t next_size = subscription->next().content.size();
        if (queue == nullptr) forget_waiting(outbox, subscription->next());
        if (has_expired(subscription->next().content)) {
            const Delivery gone = subscription->take_back();
            if (queue != nullptr) queue->settled(gone.content);
            ++counters_.expired;
        } else {
            Subscription::Taken taken = subscription->take();
            const bool is_redelivered = taken.delivery.attempts > 0;
            ++counters_.delivered;
            if (is_redelivered) ++counters_.redelivered;
            if (queue != nullptr && !subscription->is_acknowledged()) {
                queue->settled(taken.delivery.content);
                ++queue->consumed_total;
            }
            size += next_size;
            out.push_back({.content = std::move(taken.delivery.content),
                           .subscription = subscription,
                           .id = {subscription->number(), taken.sequence},
                           .is_redelivered = is_redelivered});
        }
        if (queue != nullptr) after_settling(*subscription);
        if (subscription->has_ready() && !subscription->ready.is_linked) {
            outbox.ready.push_back(*subscription);
        }
        if (size >= size_max) break;
    }
    return !outbox.ready.is_empty();
}

void Broker::withhold(Outbox& outbox, DeliveryId id) {
    --counters_.delivered;
    ++counters_.withheld;
    Subscription* const subscription = outbox.find(id.subscription);
    if (subscription == nullptr || !subscription->is_acknowledged()) return;
    subscription->settle_reserved({.first = id.sequence, .last = id.sequence}, 0,
                                  [](const Delivery&) {});
    after_settling(*subscription);
}

// It may be given more, or be sent more, than before.
void Broker::after_settling(Subscription& subscription) {
    if (Queue* const queue = subscription.queue) {
        queue->reconsider(subscription);
        dispatch(*queue);
        unblock(*queue);
    }
    note_ready(subscription);
}

void Broker::note_ready(Subscription& subscription) noexcept {
    if (!subscription.has_ready()) return;
    Outbox& outbox = subscription.outbox();
    if (!subscription.ready.is_linked) outbox.ready.push_back(subscription);
    attend_to(outbox);
}

void Broker::attend_to(Outbox& outbox) noexcept {
    if (!outbox.attention.is_linked) attention_.push_back(outbox);
}

}  // namespace edgews::stomp
