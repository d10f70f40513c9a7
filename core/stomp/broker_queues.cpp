// The broker's half for queues: SEND, SUBSCRIBE, ACK and NACK.
#include "core/stomp/broker.hpp"

#include <cassert>
#include <memory>
#include <utility>

namespace edgews::stomp {

const Queue* Broker::find_queue(std::string_view key) const noexcept {
    const auto found = queues_.find(key);
    return found == queues_.end() ? nullptr : found->second.get();
}

Queue* Broker::queue_named(std::string_view key) noexcept {
    const auto found = queues_.find(key);
    return found == queues_.end() ? nullptr : found->second.get();
}

// The dead letters' own is on nobody's account.
Queue& Broker::make_queue(std::string_view key, Account* account) {
    auto made =
        std::make_unique<Queue>(std::string(key), accounts_, is_grave(key) ? nullptr : account);
    Queue& queue = *made;
    queues_.emplace(HashedName(HashedView(key)), std::move(made));
    queues_by_name_.emplace(queue.name(), &queue);
    note_use(queue);
    return queue;
}

Broker::Sent Broker::send_to_queue(Account* account, std::string_view key, const Content& content,
                                   Outbox* producer) {
    Queue* queue = queue_named(key);
    if (queue == nullptr) {
        if (!is_grave(key) && !may_make_queues(account, 1)) return Sent::too_many_destinations;
        const std::size_t size = Queue::size_of(key) + Queue::size_of(content);
        if (!accounts_.may_take(account, Common::memory, size)) return Sent::no_memory;
        queue = &make_queue(key, account);
    }
    if (const Sent room = make_room(*queue, account, content); room != Sent::done) {
        const bool may_wait = options_.queue.when_full == WhenFull::block && producer != nullptr;
        if (!may_wait || queue->count() == 0) return room;
        block(*producer, *queue);
        return Sent::blocked;
    }
    note_expiry(*queue, content);
    queue->push(content, account);
    note_use(*queue);
    dispatch(*queue);
    return Sent::done;
}

// Replies to somebody who is not there any more are for nobody, and so are those to somebody who
// has not read the others, on whose account they are: who answers is not to blame. Only the
// application is told.
Broker::Sent Broker::send_to_temporary(const Account* account, std::string_view key,
                                       const Content& content) {
    Queue* const queue = queue_named(key);
    const Sent room = queue == nullptr ? Sent::full : make_room(*queue, queue->account(), content);
    if (room != Sent::done) {
        if (queue != nullptr && account == nullptr) return room;
        ++counters_.dropped;
        return Sent::done;
    }
    note_expiry(*queue, content);
    queue->push(content, queue->account());
    dispatch(*queue);
    return Sent::done;
}

void Broker::drop_oldest(Queue& queue) noexcept {
    static_cast<void>(queue.take_oldest());
    ++counters_.dropped;
    if (is_grave(queue.name())) ++counters_.dead_letters_lost;
}

// Whether one more message may be pushed: done. Where memory is short, nobody else's is dropped.
Broker::Sent Broker::make_room(Queue& queue, Account* account, const Content& content) {
    const bool may_drop = options_.queue.when_full == WhenFull::drop_oldest;
    const auto has_room = [&] {
        return queue.has_room(options_.queue, 1, content.size()) &&
               content.size() <= accounts_.left(Common::queued);
    };
    while (may_drop && !has_room() && queue.waiting_count() > 0) drop_oldest(queue);
    if (!has_room()) return Sent::full;

    const auto has_memory = [&] {
        return accounts_.may_take(account, Common::memory, Queue::size_of(content));
    };
    while (may_drop && !has_memory() && queue.waiting_count() > 0 &&
           Accounts::have_one_user(queue.oldest().account, account)) {
        drop_oldest(queue);
    }
    return has_memory() ? Sent::done : Sent::no_memory;
}

Broker::Sent Broker::check_room(std::span<const Sending> sendings, const Account* account,
                                Outbox* producer) {
    NameViewTable<Demand> demands;
    std::size_t memory = 0;
    std::size_t queued = 0;
    for (const Sending& sending : sendings) {
        const DestinationKind kind = kind_of(sending.key);
        const bool is_temporary = kind == DestinationKind::temp_queue;
        if (!is_temporary) memory += Queue::size_of(sending.content);
        if (kind != DestinationKind::queue && !is_temporary) continue;
        Demand& demand = demands[HashedView(sending.key)];
        ++demand.count;
        demand.size += sending.content.size();
        queued += sending.content.size();
    }
    if (queued > accounts_.left(Common::queued)) return Sent::full;
    std::size_t new_count = 0;
    for (const auto& [name, demand] : demands) {
        const std::string_view key = name.text();
        const bool is_temporary = kind_of(key) == DestinationKind::temp_queue;
        Queue* const queue = queue_named(key);
        if (queue == nullptr && is_temporary) continue;  // It will be dropped.
        if (queue == nullptr) {
            if (!is_grave(key)) ++new_count;
            memory += Queue::size_of(key);
        }
        const Sent room = check_room(queue, demand, is_temporary ? nullptr : producer);
        if (room != Sent::done) return room;
    }
    if (new_count > 0 && !may_make_queues(account, new_count)) return Sent::too_many_destinations;
    const bool has_memory = accounts_.may_take(account, Common::memory, memory);
    return has_memory ? Sent::done : Sent::no_memory;
}

// `queue`: null, if it is still to be made. `producer`: null, if nobody can wait.
Broker::Sent Broker::check_room(Queue* queue, const Demand& demand, Outbox* producer) noexcept {
    const QueueLimits& limits = options_.queue;
    const bool could_be = Queue::would_have_room(limits, demand.count, demand.size);
    if (queue == nullptr) return could_be ? Sent::done : Sent::full;
    if (queue->has_room(limits, demand.count, demand.size)) return Sent::done;
    switch (limits.when_full) {
        case WhenFull::drop_oldest:
            // Each makes room for itself, but none of the same transaction goes for it.
            return queue->could_have_room(limits, demand.count, demand.size) ? Sent::done
                                                                             : Sent::full;
        case WhenFull::block:
            // What would not even fit an empty queue waits for nothing.
            if (producer == nullptr || !could_be) return Sent::full;
            block(*producer, *queue);
            return Sent::blocked;
        case WhenFull::refuse: break;
    }
    return Sent::full;
}

void Broker::block(Outbox& producer, Queue& queue) noexcept {
    assert(producer.blocked_on == nullptr);
    producer.blocked_on = &queue;
    producer.may_try_again = false;
    queue.blocked.push_back(producer);
}

void Broker::unblock(Queue& queue) noexcept {
    if (!queue.has_room(options_.queue, 1, 0)) return;
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
        note_expiry(queue, subscription.next().content);
        queue.give_back(subscription.take_back());
    }
    return queue;
}

void Broker::after_leaving(Queue& queue) {
    const bool is_temporary = kind_of(queue.name()) == DestinationKind::temp_queue;
    if (is_temporary && queue.consumer_count() == 0) {
        while (queue.waiting_count() > 0) drop_oldest(queue);
    }
    note_use(queue);
    dispatch(queue);
    unblock(queue);
    remove_if_unused(queue);
}

void Broker::remove_if_unused(Queue& queue) noexcept {
    if (!queue.is_unused()) return;
    if (queue.expiring.is_linked) --expiring_count_;
    expiring_.remove(queue);
    unused_.remove(queue);
    queues_by_name_.erase(queue.name());
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
        if (queue != nullptr) return finish(*queue, std::move(delivery), settling.verdict);
        if (subscription.setup().is_relayed) note_settled(subscription, delivery, settling.verdict);
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
                                 });  // A relayed one was settled upstream, with its transaction.
    after_settling(subscription);
}

// A consumer is done with a message of the queue.
void Broker::finish(Queue& queue, Delivery delivery, Verdict verdict) {
    const bool is_dead = is_grave(queue.name());
    if (verdict == Verdict::requeue) {
        ++delivery.attempts;
        const std::uint32_t max = options_.delivery_count_max;
        note_expiry(queue, delivery.content);
        // Whoever looks at dead letters, however often, does not do away with them.
        if (max == 0 || delivery.attempts < max || is_dead) {
            return queue.give_back(std::move(delivery));
        }
        verdict = Verdict::dead_letter;
    }
    if (verdict == Verdict::accepted) {
        ++queue.consumed_total;
    } else if (is_dead) {
        lose_dead_letter();
    } else {
        bury(delivery);
    }
    queue.settled(delivery);  // Last: that may be the end of its account.
}

void Broker::lose_dead_letter() noexcept {
    ++counters_.dropped;
    ++counters_.dead_letters_lost;
}

// It only moves, so it needs no more memory than it has.
void Broker::bury(const Delivery& delivery) {
    const std::string& key = options_.dead_letter_queue;
    if (key.empty()) return lose_dead_letter();
    Queue* const found = queue_named(key);
    Queue& grave = found == nullptr ? make_queue(key, nullptr) : *found;
    const std::size_t size = delivery.content.size();
    const auto has_room = [&] { return grave.has_room(options_.queue, 1, size); };
    while (!has_room() && grave.waiting_count() > 0) drop_oldest(grave);
    if (!has_room()) return lose_dead_letter();  // Consumers have them all.
    ++counters_.dead_lettered;
    note_expiry(grave, delivery.content);
    grave.push(delivery.content, delivery.account);
    dispatch(grave);
}

void Broker::note_expiry(Queue& queue, const Content& content) noexcept {
    if (content.expires_ms() == 0 || queue.expiring.is_linked) return;
    expiring_.push_back(queue);
    ++expiring_count_;
}

// Those that nobody consumes, by when they were used last: the others are not among them.
void Broker::note_use(Queue& queue) noexcept {
    if (options_.unused_queue_timeout_ms == 0 || is_grave(queue.name())) return;
    queue.used_ms = now_ms_;
    unused_.remove(queue);
    if (queue.consumer_count() == 0) unused_.push_back(queue);
}

void Broker::set_time(std::uint64_t now_ms) {
    constexpr std::uint64_t sweep_every_ms = 500;
    constexpr std::size_t queue_count_max = 256;     // In one go,
    constexpr std::size_t message_count_max = 1024;  // and what they may lose.
    now_ms_ = now_ms;
    if (to_sweep_ == 0) {
        // A clock that was set back has it sweep at once.
        const bool is_soon = now_ms >= swept_ms_ && now_ms - swept_ms_ < sweep_every_ms;
        if (is_soon && !has_unused_) return;
        swept_ms_ = now_ms;
        to_sweep_ = expiring_count_;
    }
    std::size_t left = message_count_max;
    for (std::size_t i = 0; i < queue_count_max && to_sweep_ > 0 && left > 0; ++i) {
        Queue* const queue = expiring_.pop_front();
        --to_sweep_;
        if (queue == nullptr) continue;  // Some went meanwhile.
        --expiring_count_;
        drop_expired(*queue, left);
        if (left == 0) ++to_sweep_;  // It may not be done.
    }
    drop_unused(left);
}

// As many as `left` says, which it counts down.
void Broker::drop_expired(Queue& queue, std::size_t& left) {
    while (left > 0 && queue.take_expired(now_ms_).content) {
        ++counters_.expired;
        --left;
    }
    if (queue.waiting_count() > 0) {
        expiring_.push_back(queue);
        ++expiring_count_;
    }
    unblock(queue);
    remove_if_unused(queue);
}

void Broker::drop_unused(std::size_t& left) {
    const std::uint64_t timeout_ms = options_.unused_queue_timeout_ms;
    has_unused_ = false;
    while (Queue* const queue = unused_.front()) {
        if (now_ms_ < queue->used_ms || now_ms_ - queue->used_ms < timeout_ms) return;
        while (queue->waiting_count() > 0) {
            has_unused_ = left == 0;
            if (has_unused_) return;
            --left;
            static_cast<void>(queue->take_oldest());
            ++counters_.expired;
        }
        unused_.remove(*queue);
        unblock(*queue);
        remove_if_unused(*queue);
    }
}

}  // namespace edgews::stomp
