#include "core/stomp/broker.hpp"

#include <algorithm>
#include <cassert>

namespace edgews::stomp {
namespace {

constexpr std::string_view queue_prefix = "/queue/";
constexpr std::string_view temporary_prefix = "/temp-queue/";

BrokerOptions as_they_count(BrokerOptions options) {
    options.backlog_size_cap = std::max(options.backlog_size_cap, options.backlog_size_max);
    options.backlogs_size_max = std::min(options.backlogs_size_max, options.memory_max / 2);
    return options;
}

}  // namespace

Fault fault_of(Broker::Sent sent) noexcept {
    switch (sent) {
        case Broker::Sent::done:
        case Broker::Sent::blocked: return Fault::none;
        case Broker::Sent::full: return Fault::queue_full;
        case Broker::Sent::too_many_destinations: return Fault::too_many_destinations;
        case Broker::Sent::no_memory: return Fault::memory_full;
        case Broker::Sent::too_large_to_carry: return Fault::upstream_refused;
        case Broker::Sent::not_carried: return Fault::upstream_unavailable;
    }
    return Fault::none;
}

Broker::Broker(BrokerOptions options, std::uint64_t last_number)
    : options_(as_they_count(std::move(options))),
      last_number_(last_number),
      accounts_(
          {options_.memory_max, options_.destination_count_max, options_.destination_count_max,
           options_.pattern_shape_count_max, options_.queues_size_max, SIZE_MAX},
          options_.has_shares) {}

Broker::~Broker() {
    assert(attention_.is_empty());
    assert(yielding_.is_empty());
    while (expiring_.pop_front() != nullptr) {
    }
    while (unused_.pop_front() != nullptr) {
    }
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
        remove(subscription);
    }
    // When all is back: several of its subscriptions may have had a queue's messages by turns. By
    // name: by address, the same history would not be the same again.
    std::sort(left.begin(), left.end(),
              [](const Queue* a, const Queue* b) { return a->name() < b->name(); });
    left.erase(std::unique(left.begin(), left.end()), left.end());
    for (Queue* const queue : left) after_leaving(*queue);
    yielding_.remove(outbox);
    attention_.remove(outbox);
    give_back_of_transaction(outbox, outbox.transactions_size);
    if (Account* const account = std::exchange(outbox.account, nullptr)) accounts_.close(*account);
}

void Broker::end(Outbox& outbox, Fault fault, std::string_view reason) {
    if (outbox.fault != Fault::none) return;
    outbox.fault = fault;
    outbox.reason = reason;
    drop_backlog(outbox);  // None of that is sent any more, and others may need the memory.
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
        case DestinationKind::application:
        case DestinationKind::exchange:
        case DestinationKind::amq_queue: key = destination; break;
    }
    return key;
}

// Who has no name is taken for all who come from where it does.
Account& Broker::account_of(Outbox& outbox) {
    if (outbox.account == nullptr) {
        const bool is_anonymous = outbox.user.empty();
        outbox.account = &accounts_.open((is_anonymous ? "from " : "user ") +
                                         (is_anonymous ? outbox.origin : outbox.user));
    }
    return *outbox.account;
}

Fault Broker::subscribe(Outbox& outbox, SubscriptionSetup setup) {
    setup.key = subscription_key(outbox, setup.destination);
    setup.is_pattern = is_pattern(setup.key);
    setup.brings_others = brings_others(setup.key);
    const std::uint32_t prefetch_max = std::max(options_.prefetch_count, 1U);
    setup.prefetch_count =
        setup.prefetch_count == 0 ? prefetch_max : std::min(setup.prefetch_count, prefetch_max);
    std::size_t size = Subscription::size_of(setup);
    if (outbox.subscription_count() >= options_.subscription_count_max ||
        outbox.subscriptions_size + size > options_.subscriptions_size_max) {
        return Fault::too_many_subscriptions;
    }

    Account& account = account_of(outbox);
    const DestinationKind kind = kind_of(setup.destination);
    const bool is_topic = kind == DestinationKind::topic || kind == DestinationKind::user ||
                          kind == DestinationKind::exchange;
    bool is_first = false;  // Of the topic.
    Queue* queue = nullptr;
    if (setup.is_relayed) {
        // It is filed nowhere.
    } else if (is_topic) {
        const Fault fault = check_topic(outbox, setup.key);
        if (fault != Fault::none) return fault;
        is_first = !topics_.has(setup.key);
        if (is_first) size += TopicTable::size_of(setup.key);
    } else {
        queue = queue_named(setup.key);
        const bool may_be = queue != nullptr || is_grave(setup.key) || may_make_queues(&account, 1);
        if (!may_be) return Fault::too_many_destinations;
        if (queue == nullptr) size += Queue::size_of(setup.key);
    }
    if (!accounts_.may_take(&account, Common::memory, size)) return Fault::memory_full;

    Subscription& subscription = add(outbox, std::move(setup));
    const std::string& key = subscription.setup().key;
    if (subscription.setup().is_relayed) return Fault::none;
    if (is_topic) {
        topics_.add(key, subscription);
        if (is_pattern(key)) ++outbox.pattern_count;
        if (is_first && is_carried(key)) carrier_->topic_begins(key);
        return Fault::none;
    }
    if (queue == nullptr) queue = &make_queue(key, &account);
    queue->add(subscription);
    note_use(*queue);
    dispatch(*queue);
    return Fault::none;
}

Fault Broker::check_topic(const Outbox& outbox, std::string_view key) const {
    const bool is_new = !topics_.has(key);
    if (is_new && !accounts_.may_take(outbox.account, Common::topics, 1)) {
        return Fault::too_many_destinations;
    }
    if (!is_pattern(key)) return Fault::none;
    if (carrier_ != nullptr && carrier_->covers_carried(key)) return Fault::pattern_not_carried;
    if (outbox.pattern_count >= options_.pattern_count_max) return Fault::too_many_subscriptions;
    const bool may_be = !is_new || topics_.has_shape_of(key) ||
                        accounts_.may_take(outbox.account, Common::shapes, 1);
    return may_be ? Fault::none : Fault::too_many_shapes;
}

Subscription& Broker::add(Outbox& outbox, SubscriptionSetup setup) {
    const std::size_t size = Subscription::size_of(setup);
    outbox.subscriptions_size += size;
    accounts_.take(outbox.account, Common::memory, size);
    return outbox.add(++last_number_, std::move(setup));
}

void Broker::remove(Subscription& subscription) noexcept {
    Outbox& outbox = subscription.outbox();
    const std::size_t size = Subscription::size_of(subscription.setup());
    outbox.subscriptions_size -= size;
    accounts_.give_back(outbox.account, Common::memory, size);
    outbox.remove(subscription);
}

void Broker::unsubscribe(Subscription& subscription) {
    if (subscription.queue == nullptr) {
        leave_topic(subscription);
        return remove(subscription);
    }
    Queue& queue = leave_queue(subscription);
    remove(subscription);
    after_leaving(queue);
}

bool Broker::take_for_transaction(Outbox& outbox, std::size_t size) {
    Account& account = account_of(outbox);
    if (!accounts_.may_take(&account, Common::memory, size)) return false;
    take_again_for_transaction(outbox, size);
    return true;
}

void Broker::take_again_for_transaction(Outbox& outbox, std::size_t size) noexcept {
    accounts_.take(outbox.account, Common::memory, size);
    outbox.transactions_size += size;
}

void Broker::give_back_of_transaction(Outbox& outbox, std::size_t size) noexcept {
    if (size == 0) return;
    outbox.transactions_size -= size;
    accounts_.give_back(outbox.account, Common::memory, size);
}

Broker::Sent Broker::send(std::string_view key, const Content& content, Outbox* producer,
                          Reach reach) {
    if (reach == Reach::everywhere && carrier_ != nullptr) {
        TopicCarrier::Load load;
        add_load(load, key, content);
        if (const Sent room = check_carrier(load); room != Sent::done) return room;
    }
    return send_as(producer == nullptr ? nullptr : &account_of(*producer), key, content, producer,
                   reach);
}

Broker::Sent Broker::send_for(Outbox& session, std::string_view key, const Content& content) {
    return send_as(&account_of(session), key, content, nullptr, Reach::here);
}

Broker::Sent Broker::send_as(Account* account, std::string_view key, const Content& content,
                             Outbox* producer, Reach reach) {
    Sent sent = Sent::done;
    if (key.starts_with(queue_prefix)) {
        sent = send_to_queue(account, key, content, producer);
    } else if (key.starts_with(temporary_prefix)) {
        sent = send_to_temporary(account, key, content);
    } else if (content.size() > accounts_.left(Common::memory)) {
        sent = Sent::no_memory;
    } else {
        return send_to_topic(key, content, producer, reach);
    }
    if (sent == Sent::done) ++counters_.received;
    return sent;
}

Broker::Sent Broker::send_all(std::span<const Sending> sendings, Outbox* producer, Reach reach) {
    Account* const account = producer == nullptr ? nullptr : &account_of(*producer);
    const Sent room = check_room(sendings, account, producer);
    if (room != Sent::done) return room;
    if (reach == Reach::everywhere && carrier_ != nullptr) {
        TopicCarrier::Load load;
        for (const Sending& sending : sendings) add_load(load, sending.key, sending.content);
        if (const Sent carried = check_carrier(load); carried != Sent::done) return carried;
    }
    for (const Sending& sending : sendings) {
        const bool may_yield = producer != nullptr && !producer->has_to_wait();
        const Sent sent =
            send_as(account, sending.key, sending.content, may_yield ? producer : nullptr, reach);
        assert(sent == Sent::done || reach == Reach::here);
        static_cast<void>(sent);
    }
    return Sent::done;
}

bool Broker::collect(Outbox& outbox, std::size_t size_max, std::vector<Outgoing>& out) {
    std::size_t size = 0;
    while (Subscription* const subscription = outbox.ready.pop_front()) {
        Queue* const queue = subscription->queue;
        const std::size_t next_size = subscription->next().content.size();
        if (queue == nullptr) forget_waiting(*subscription, subscription->next());
        if (has_expired(subscription->next().content)) {
            const Delivery gone = subscription->take_back();
            if (queue != nullptr) queue->settled(gone);
            if (subscription->setup().is_relayed) {
                note_settled(*subscription, gone, Verdict::accepted);
            }
            ++counters_.expired;
        } else {
            Subscription::Taken taken = subscription->take();
            const bool is_redelivered = taken.delivery.attempts > 0;
            ++counters_.delivered;
            if (is_redelivered) ++counters_.redelivered;
            if (queue != nullptr && !subscription->is_acknowledged()) {
                queue->settled(taken.delivery);
                ++queue->consumed_total;
            }
            if (subscription->setup().is_relayed && !subscription->is_acknowledged()) {
                note_settled(*subscription, taken.delivery, Verdict::accepted);
            }
            size += next_size;
            out.push_back({.content = std::move(taken.delivery.content),
                           .subscription = subscription,
                           .id = {subscription->number(), taken.sequence},
                           .dropped_count = taken.dropped_count,
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

void Broker::withhold(Outbox& outbox, DeliveryId id, std::size_t dropped_count) {
    --counters_.delivered;
    ++counters_.withheld;
    Subscription* const subscription = outbox.find(id.subscription);
    if (subscription == nullptr) return;
    subscription->tell_again(dropped_count);
    if (!subscription->is_acknowledged()) return;
    subscription->settle_reserved({.first = id.sequence, .last = id.sequence}, 0,
                                  [&](const Delivery& delivery) {
                                      if (!subscription->setup().is_relayed) return;
                                      note_settled(*subscription, delivery, Verdict::accepted);
                                  });
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
