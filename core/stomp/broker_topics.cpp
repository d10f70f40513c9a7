// The broker's half for topics: what waits for subscribers, and who of them is slow.
//
// A burst is not slowness: whoever reads it has it in a while. So more than backlog_size_max may
// wait for a session, until that has been so for slow_after_ms, or one of the larger limits is
// reached. What a message costs of this is a few comparisons: sessions for which too much waits are
// in a list by since when, and its front is all that is looked at.
#include "core/stomp/broker.hpp"
#include "core/stomp/carried_message.hpp"

#include <algorithm>

namespace edgews::stomp {
namespace {

// Bytes of memory of a message's place with each subscription that it waits for: rings are half
// full at least, while they grow.
constexpr std::size_t place_size = 2 * sizeof(Delivery);
// Bytes that those who are judged in one go have waiting, but for the last of them: each message
// has to be let go of.
constexpr std::size_t judged_size_max = 4 * 1024 * 1024;

Broker::Sent sent_of(TopicCarrier::Room room) noexcept {
    switch (room) {
        case TopicCarrier::Room::yes: return Broker::Sent::done;
        case TopicCarrier::Room::none: return Broker::Sent::not_carried;
        case TopicCarrier::Room::too_large: return Broker::Sent::too_large_to_carry;
    }
    return Broker::Sent::done;
}

}  // namespace

// True: it went to a crowded subscriber, which `producer` had better wait for. Nobody waits for
// himself to read: who writes first and reads then would do neither.
bool Broker::publish(std::string_view key, const Content& content, const Outbox* producer) {
    bool may_be_crowded = false;
    found_.clear();
    topics_.find(key, found_);
    for (Subscription* const subscription : found_) {
        offer(*subscription, {.content = content});
        may_be_crowded = may_be_crowded || subscription->outbox().is_crowded;
    }
    // When all have it: of several subscriptions one may have been the end of its session.
    return may_be_crowded && std::ranges::any_of(found_, [&](const Subscription* subscription) {
               const Outbox& outbox = subscription->outbox();
               return outbox.is_crowded && (outbox.is_taking || &outbox != producer);
           });
}

// What comes back from the other nodes is received then.
Broker::Sent Broker::send_to_topic(std::string_view key, const Content& content, Outbox* producer,
                                   Reach reach) {
    TopicCarrier::Taken taken;
    if (is_carried(key)) taken = carrier_->publish(key, content, reach);
    if (taken.is_here) {
        ++counters_.received;
        if (publish(key, content, producer) && producer != nullptr) yield(*producer);
    }
    return sent_of(taken.room);
}

void Broker::add_load(TopicCarrier::Load& load, std::string_view key,
                      const Content& content) const {
    if (!is_carried(key)) return;
    const std::size_t size = carried_size(content);
    load.total += size;
    load.largest = std::max(load.largest, size);
}

Broker::Sent Broker::check_carrier(const TopicCarrier::Load& load) const {
    return load.total == 0 ? Sent::done : sent_of(carrier_->room_for(load));
}

void Broker::offer(Subscription& subscription, Delivery delivery) {
    Outbox& outbox = subscription.outbox();
    if (outbox.fault != Fault::none) return;
    // Whoever gives it a relayed one has asked for it, and for no more than it takes.
    const bool may =
        subscription.setup().is_relayed || may_wait(subscription, delivery.content.size());
    if (!may) return;
    delivery.is_covered = subscription.covers_one_more();
    note_waiting(subscription, delivery);
    subscription.give(std::move(delivery));
    note_ready(subscription);
}

// Whether one more topic message may wait for the subscription's client. What is only held up by
// its ACKs has a limit of its own.
bool Broker::may_wait(Subscription& subscription, std::size_t size) {
    Outbox& outbox = subscription.outbox();
    const bool is_covered = subscription.covers_one_more();
    const bool holds_it_up = !is_covered || !outbox.is_taking;
    const std::size_t& waiting = is_covered ? outbox.waiting_size : outbox.uncovered_size;
    const auto fits = [&] {
        return waiting == 0 || (waiting + size <= backlog_size_max(outbox, holds_it_up) &&
                                (!holds_it_up || may_hold_up(outbox, size)));
    };
    if (fits()) return true;
    call_slow(outbox);
    if (outbox.fault != Fault::none) return false;
    if (options_.when_slow == WhenSlow::drop_oldest) {
        while (!fits() && subscription.waiting_count() > 0) {
            forget_waiting(subscription, subscription.drop_oldest());
            ++counters_.dropped;
        }
        if (!subscription.has_ready()) outbox.ready.remove(subscription);
        if (fits()) return true;
    }
    subscription.drop_newest();
    ++counters_.dropped;
    return false;
}

// Bytes that may wait for it at present.
std::size_t Broker::backlog_size_max(const Outbox& outbox, bool holds_it_up) const noexcept {
    const bool has_time = options_.slow_after_ms > 0 || !holds_it_up;
    const bool is_short = backlogs_size_ > options_.backlogs_size_max;
    return has_time && !outbox.is_slow && !is_short ? options_.backlog_size_cap
                                                    : options_.backlog_size_max;
}

// Shares count each copy that is held up, which is much more than what it costs. So nobody is asked
// for his as long as all together takes little.
bool Broker::may_hold_up(const Outbox& outbox, std::size_t size) const noexcept {
    return backlogs_size_ <= options_.backlogs_size_max / 2 ||
           accounts_.may_hold_up(*outbox.account, size);
}

// Of memory a message takes its own once, wherever it waits, but each who holds it up has it in his
// backlog. What an upstream broker gave is no backlog: it is as much as it was asked for, and who
// takes his time over a queue is not slow.
void Broker::note_waiting(const Subscription& subscription, const Delivery& delivery) noexcept {
    const std::size_t size = delivery.content.size();
    const std::size_t taken = delivery.content.add_waiting() ? size : 0;
    accounts_.take(nullptr, Common::memory, taken);
    Outbox& outbox = subscription.outbox();
    if (subscription.setup().is_relayed) {
        outbox.relayed_size += size;
        return;
    }
    (delivery.is_covered ? outbox.waiting_size : outbox.uncovered_size) += size;
    backlogs_size_ += place_size + taken;
    if (is_held_up(outbox, delivery)) accounts_.take(outbox.account, Common::backlog, size);
    weigh(outbox);
}

void Broker::forget_waiting(const Subscription& subscription, const Delivery& delivery) noexcept {
    const std::size_t size = delivery.content.size();
    const std::size_t given = delivery.content.remove_waiting() ? size : 0;
    accounts_.give_back(nullptr, Common::memory, given);
    Outbox& outbox = subscription.outbox();
    if (subscription.setup().is_relayed) {
        outbox.relayed_size -= size;
        return;
    }
    (delivery.is_covered ? outbox.waiting_size : outbox.uncovered_size) -= size;
    backlogs_size_ -= place_size + given;
    if (is_held_up(outbox, delivery)) accounts_.give_back(outbox.account, Common::backlog, size);
    weigh(outbox);
}

void Broker::set_taking(Outbox& outbox, bool is_taking) noexcept {
    if (outbox.is_taking && !is_taking) {
        accounts_.take(outbox.account, Common::backlog, outbox.waiting_size);
    } else if (!outbox.is_taking && is_taking) {
        accounts_.give_back(outbox.account, Common::backlog, outbox.waiting_size);
    }
    outbox.is_taking = is_taking;
    weigh(outbox);
}

// A subscriber whose connection takes messages is not slow; only its loop has not come to it yet.
// Producers may be faster than that, and then they wait; with WhenSlow::block for any other, too.
void Broker::weigh_anew(Outbox& outbox) noexcept {
    const std::size_t max = options_.backlog_size_max;
    const std::size_t size = outbox.backlog_size();
    const bool is_blocking = options_.when_slow == WhenSlow::block;
    const bool was_crowded = outbox.is_crowded;
    const std::size_t of_those_who_take = outbox.is_taking ? outbox.waiting_size : 0;
    outbox.is_crowded =
        (is_blocking ? size : of_those_who_take) > (was_crowded ? max / 4 : max / 2);
    if (size <= max / 2) outbox.is_slow = false;
    set_over(outbox, !outbox.is_slow && (is_blocking ? outbox.is_crowded : size > max));
    outbox.is_noted = outbox.is_crowded || outbox.is_slow || outbox.over.is_linked;
    if (!was_crowded || outbox.is_crowded) return;
    while (Outbox* const producer = yielding_.pop_front()) {
        producer->may_try_again = true;
        attend_to(*producer);
    }
}

void Broker::set_over(Outbox& outbox, bool is_over) noexcept {
    if (outbox.watch == nullptr || outbox.over.is_linked == is_over) return;
    outbox.over_since_ms = Outbox::not_told;
    if (is_over) {
        outbox.watch->over.push_back(outbox);
    } else {
        outbox.watch->over.remove(outbox);
    }
}

bool Broker::judge(Watch& watch, std::uint64_t listened_ms) {
    // They came since the last time, and when exactly nobody has told: no later than now.
    for (Outbox* outbox = watch.over.back();
         outbox != nullptr && outbox->over_since_ms == Outbox::not_told;
         outbox = outbox->over.previous) {
        outbox->over_since_ms = listened_ms;
    }
    const std::uint64_t limit_ms = std::max<std::uint64_t>(options_.slow_after_ms, 1);
    std::size_t size = 0;
    while (Outbox* const outbox = watch.over.front()) {
        if (listened_ms - outbox->over_since_ms < limit_ms) return false;
        if (size > judged_size_max) return true;
        size += outbox->waiting_size + outbox->uncovered_size;
        const bool is_blocking = options_.when_slow == WhenSlow::block;
        const std::size_t max = options_.backlog_size_max;
        if (outbox->held_up_size() > (is_blocking ? max / 4 : max)) {
            call_slow(*outbox);
            continue;
        }
        // Its connection takes what it is given, and we do not give it.
        watch.over.remove(*outbox);
        watch.over.push_back(*outbox);
        outbox->over_since_ms = listened_ms;
    }
    return false;
}

void Broker::call_slow(Outbox& outbox) {
    switch (options_.when_slow) {
        case WhenSlow::disconnect:
        case WhenSlow::block: return end(outbox, Fault::too_slow);
        case WhenSlow::drop_oldest:
        case WhenSlow::drop_newest: outbox.is_slow = outbox.is_noted = true; break;
    }
    set_over(outbox, false);
}

void Broker::yield(Outbox& producer) noexcept {
    producer.may_try_again = false;
    yielding_.push_back(producer);
}

void Broker::drop_backlog(Outbox& outbox) noexcept {
    outbox.visit([&](Subscription& subscription) {
        // What is another broker's goes back to it, in its order, when the session leaves.
        if (subscription.queue != nullptr || subscription.setup().is_relayed) return;
        drop_waiting(subscription);
        outbox.ready.remove(subscription);
    });
}

void Broker::drop_waiting(Subscription& subscription) noexcept {
    while (subscription.waiting_count() > 0) {
        const Delivery dropped = subscription.take_back();
        forget_waiting(subscription, dropped);
        if (subscription.setup().is_relayed) {
            note_settled(subscription, dropped, Verdict::requeue);
        }
    }
}

void Broker::leave_topic(Subscription& subscription) noexcept {
    const bool is_relayed = subscription.setup().is_relayed;
    subscription.settle_all([&](const Delivery& delivery) {
        if (is_relayed) note_settled(subscription, delivery, Verdict::requeue);
    });
    drop_waiting(subscription);
    if (is_relayed) return;
    const std::string& key = subscription.setup().key;
    topics_.remove(key, subscription);
    if (subscription.setup().is_pattern) --subscription.outbox().pattern_count;
    if (is_carried(key) && !topics_.has(key)) carrier_->topic_ends(key);
}

}  // namespace edgews::stomp
