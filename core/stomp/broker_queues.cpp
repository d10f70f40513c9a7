// What the broker does with queues.
#include <edgews/core/stomp/broker.hpp>

#include <cassert>

namespace edgews::stomp {

const Queue* Broker::find_queue(std::string_view key) const noexcept {
    const auto found = queues_.find(key);
    return found == queues_.end() ? nullptr : found->second.get();
}

// Null: it would be one too many.
Queue* Broker::queue_of(std::string_view key) {
    const HashedView name(key);
    const auto found = queues_.find(name);
    if (found != queues_.end()) return found->second.get();
    if (queues_.size() >= options_.destination_count_max) return nullptr;
    auto queue = std::make_unique<Queue>(std::string(key), queues_size_);
    return (queues_[HashedName(name)] = std::move(queue)).get();
}

Broker::Sent Broker::send_to_queue(std::string_view key, const Content& content, Outbox* producer) {
    Queue* const queue = queue_of(key);
    if (queue == nullptr) return Sent::too_many_destinations;
    if (!make_room(*queue, content.size())) {
        if (options_.queue.when_full != WhenFull::block || producer == nullptr) return Sent::full;
        block(*producer, *queue);
        return Sent::blocked;
    }
    note_expiry(content);
    queue->push(content);
    dispatch(*queue);
    return Sent::done;
}

// Replies to somebody who is not there any more are for nobody.
Broker::Sent Broker::send_to_temporary(std::string_view key, const Content& content) {
    const auto found = queues_.find(key);
    if (found == queues_.end()) {
        ++counters_.dropped;
        return Sent::done;
    }
    Queue& queue = *found->second;
    if (!make_room(queue, content.size())) return Sent::full;
    note_expiry(content);
    queue.push(content);
    dispatch(queue);
    return Sent::done;
}

// Whether one more message may be pushed.
bool Broker::make_room(Queue& queue, std::size_t size) {
    if (options_.queue.when_full == WhenFull::drop_oldest) {
        while (!has_room(queue, 1, size) && queue.waiting_count() > 0) {
            static_cast<void>(queue.take_oldest());
            ++counters_.dropped;
        }
    }
    return has_room(queue, 1, size);
}

bool Broker::has_room(const Queue& queue, std::size_t count, std::size_t size) const noexcept {
    return queue.has_room(options_.queue, count, size) &&
           queues_size_ + size <= options_.queues_size_max;
}

Broker::Sent Broker::check_room(std::span<const Sending> sendings, Outbox* producer) {
    struct Demand {
        std::size_t count = 0;
        std::size_t size = 0;
    };
    NameViewTable<Demand> demands;
    for (const Sending& sending : sendings) {
        const DestinationKind kind = kind_of(sending.key);
        if (kind != DestinationKind::queue && kind != DestinationKind::temp_queue) continue;
        Demand& demand = demands[HashedView(sending.key)];
        ++demand.count;
        demand.size += sending.content.size();
    }
    const QueueLimits& limits = options_.queue;
    std::size_t new_count = 0;
    std::size_t total_size = 0;
    std::size_t none_size = 0;
    const Queue none({}, none_size);
    for (const auto& [key, demand] : demands) {
        const bool is_temporary = kind_of(key.text()) == DestinationKind::temp_queue;
        const auto found = queues_.find(key);
        const bool is_new = found == queues_.end();
        if (is_new && is_temporary) continue;  // It will be dropped.
        if (is_new) ++new_count;
        const Queue& queue = is_new ? none : *found->second;
        total_size += demand.size;
        if (queues_size_ + total_size > options_.queues_size_max) return Sent::full;
        if (queue.has_room(limits, demand.count, demand.size)) continue;
        switch (limits.when_full) {
            case WhenFull::drop_oldest:
                // Each makes room for itself, but none of the same transaction goes for it.
                if (queue.could_have_room(limits, demand.count, demand.size)) continue;
                return Sent::full;
            case WhenFull::block:
                // What would not even fit an empty queue waits for nothing.
                if (producer == nullptr || is_temporary || is_new ||
                    !none.has_room(limits, demand.count, demand.size)) {
                    return Sent::full;
                }
                block(*producer, *found->second);
                return Sent::blocked;
            case WhenFull::refuse: return Sent::full;
        }
    }
    const bool is_too_many = queues_.size() + new_count > options_.destination_count_max;
    return new_count > 0 && is_too_many ? Sent::too_many_destinations : Sent::done;
}

void Broker::block(Outbox& producer, Queue& queue) noexcept {
    assert(producer.blocked_on == nullptr);
    producer.blocked_on = &queue;
    producer.may_try_again = false;
    queue.blocked.push_back(producer);
}

void Broker::unblock(Queue& queue) noexcept {
    if (!has_room(queue, 1, 0)) return;
    while (Outbox* const producer = queue.blocked.pop_front()) {
        producer->blocked_on = nullptr;
        producer->may_try_again = true;
        attend_to(*producer);
    }
}

void Broker::dispatch(Queue& queue) {
    while (Subscription* const consumer = queue.dispatch_one()) note_ready(*consumer);
}

// Gives back what it had. To be followed by after_leaving().
Queue& Broker::leave_queue(Subscription& subscription) {
    Queue& queue = *subscription.queue;
    queue.remove(subscription);
    subscription.settle_all(
        [&](Delivery delivery) { finish(queue, std::move(delivery), Verdict::requeue); });
    while (subscription.waiting_count() > 0) {
        note_expiry(subscription.next().content);
        queue.give_back(subscription.take_back());
    }
    return queue;
}

void Broker::after_leaving(Queue& queue) {
    const bool is_temporary = kind_of(queue.name()) == DestinationKind::temp_queue;
    if (is_temporary && queue.consumer_count() == 0) {
        while (queue.waiting_count() > 0) {
            static_cast<void>(queue.take_oldest());
            ++counters_.dropped;
        }
    }
    dispatch(queue);
    unblock(queue);
    remove_if_unused(queue);
}

void Broker::remove_if_unused(Queue& queue) noexcept {
    if (!queue.is_unused()) return;
    queues_.erase(queues_.find(queue.name()));
}

Fault Broker::check(const Outbox& outbox, DeliveryId id) noexcept {
    const Subscription* const subscription = outbox.find(id.subscription);
    if (subscription == nullptr) return Fault::delivery_unknown;
    const bool may = !subscription->is_acknowledged() || subscription->is_open(id.sequence);
    return may ? Fault::none : Fault::delivery_unknown;
}

void Broker::settle(Outbox& outbox, Settling settling) {
    Subscription& subscription = *outbox.find(settling.id.subscription);
    if (!subscription.is_acknowledged()) return;
    Queue* const queue = subscription.queue;
    subscription.settle(settling.id.sequence, [&](Delivery delivery) {
        if (queue != nullptr) finish(*queue, std::move(delivery), settling.verdict);
    });
    after_settling(subscription);
}

void Broker::reserve(Outbox& outbox, Settling& settling, std::uint32_t transaction) noexcept {
    Subscription& subscription = *outbox.find(settling.id.subscription);
    if (!subscription.is_acknowledged()) return;
    settling.first = subscription.reserve(settling.id.sequence, transaction);
}

void Broker::release(Outbox& outbox, const Settling& settling, std::uint32_t transaction) noexcept {
    Subscription* const subscription = outbox.find(settling.id.subscription);
    if (subscription == nullptr || !subscription->is_acknowledged()) return;
    subscription->release({settling.first, settling.id.sequence}, transaction);
}

void Broker::settle_reserved(Outbox& outbox, Settling settling, std::uint32_t transaction) {
    Subscription& subscription = *outbox.find(settling.id.subscription);
    if (!subscription.is_acknowledged()) return;
    Queue* const queue = subscription.queue;
    subscription.settle_reserved({settling.first, settling.id.sequence}, transaction,
                                 [&](Delivery delivery) {
                                     if (queue == nullptr) return;
                                     finish(*queue, std::move(delivery), settling.verdict);
                                 });
    after_settling(subscription);
}

// A consumer is done with a message of the queue.
void Broker::finish(Queue& queue, Delivery delivery, Verdict verdict) {
    if (verdict == Verdict::requeue) {
        ++delivery.attempts;
        const std::uint32_t max = options_.delivery_count_max;
        note_expiry(delivery.content);
        if (max == 0 || delivery.attempts < max) return queue.give_back(std::move(delivery));
        verdict = Verdict::dead_letter;
    }
    queue.settled(delivery.content);
    if (verdict == Verdict::accepted) {
        ++queue.consumed_total;
    } else if (queue.name() == options_.dead_letter_queue) {
        ++counters_.dropped;
    } else {
        bury(delivery.content);
    }
}

void Broker::bury(const Content& content) {
    Queue* const grave =
        options_.dead_letter_queue.empty() ? nullptr : queue_of(options_.dead_letter_queue);
    if (grave == nullptr) {
        ++counters_.dropped;
        return;
    }
    while (!has_room(*grave, 1, content.size()) && grave->waiting_count() > 0) {
        static_cast<void>(grave->take_oldest());
        ++counters_.dropped;
    }
    if (!has_room(*grave, 1, content.size())) {  // Consumers have them all.
        ++counters_.dropped;
        return;
    }
    ++counters_.dead_lettered;
    note_expiry(content);
    grave->push(content);
    dispatch(*grave);
}

void Broker::drop_expired() {
    has_expiring_ = false;
    std::vector<Queue*> emptied;
    for (const auto& [name, queue] : queues_) {
        while (queue->take_expired(now_ms_).content) ++counters_.expired;
        has_expiring_ = has_expiring_ || queue->waiting_count() > 0;
        unblock(*queue);
        if (queue->is_unused()) emptied.push_back(queue.get());
    }
    for (Queue* const queue : emptied) remove_if_unused(*queue);
}

}  // namespace edgews::stomp
